"""One article, whatever its feeds call it: canonical addresses, and one article for one text."""

from datetime import timedelta

import pytest

from monitor.store import alerts

from .conftest import TEXT, TITLE, Desk, Press, page

KEPT = "http://courier.example/2031/05/talks-end"
SAID = f"<link rel='canonical' href='{KEPT}'>"


async def test_tracking_parameters_and_other_faces_of_a_site_lead_to_one_article(desk: Desk, press: Press):
    spellings = (
        f"{KEPT}?utm_source=rss&utm_medium=feed",
        "http://www.courier.example/2031/05/talks-end",
        "http://amp.courier.example/2031/05/talks-end/amp",
    )
    for n, url in enumerate(spellings):
        press.prints(url, page(head=SAID))
        desk.shows(desk.feed(f"feed{n}.example", family="courier"), url)
    counts = await desk.read()
    assert (counts["read"], counts["known"], counts["alerts"]) == (1, 2, 1)
    assert len(desk.versions(KEPT)) == 1
    assert desk.alerts()[0].source.url == KEPT
    assert [desk.versions(url) for url in spellings] == [(), (), ()]


async def test_a_redirect_leads_to_the_address_that_an_article_is_kept_under(desk: Desk, press: Press):
    asked = "http://courier.example/go/81624"
    press.prints(asked, status=301, Location=KEPT)
    press.prints(KEPT, page())
    desk.shows(desk.feed(), asked)
    await desk.read()
    assert desk.alerts()[0].source.url == KEPT


@pytest.fixture
async def kept(desk: Desk, press: Press):
    """An article that rang, kept under another address than its feed's."""
    asked = f"{KEPT}?from=rss"
    press.prints(asked, page(head=SAID))
    feed = desk.feed()
    entry = desk.shows(feed, asked)
    await desk.read()
    assert desk.alerts()[0].source.url == KEPT
    return feed, entry


async def test_an_edit_of_an_article_kept_under_its_canonical_address_corrects(desk: Desk, press: Press, kept):
    feed, entry = kept
    press.prints(entry.url, page(TITLE.replace("Istanbul", "Ankara"), TEXT.replace("Istanbul", "Ankara"), head=SAID))
    desk.now += timedelta(minutes=30)
    desk.dates_anew(feed, entry, title=TITLE.replace("Istanbul", "Ankara"))
    await desk.read()
    assert desk.reasons() == ["new", "corrected"]
    assert len(desk.versions(KEPT)) == 2


async def test_an_edit_that_no_longer_names_its_canonical_address_is_of_the_same_article(
    desk: Desk, press: Press, kept
):
    feed, entry = kept
    press.prints(entry.url, page(TITLE.replace("Istanbul", "Ankara"), TEXT.replace("Istanbul", "Ankara")))
    desk.now += timedelta(minutes=30)
    desk.dates_anew(feed, entry, title=TITLE.replace("Istanbul", "Ankara"))
    await desk.read()
    assert desk.reasons() == ["new", "corrected"]
    assert len(desk.versions(KEPT)) == 2


async def test_an_article_kept_under_its_canonical_address_is_withdrawn_with_its_page(desk: Desk, press: Press, kept):
    feed, entry = kept
    press.prints(entry.url, "gone", 404)
    desk.now += timedelta(minutes=30)
    desk.dates_anew(feed, entry)
    await desk.read()
    assert desk.reasons() == ["new", "corrected"]
    assert [article.text for article in desk.versions(KEPT)][1:] == [""]
    assert desk.outcome(entry.url)[0] == "status 404"


async def test_the_address_that_a_feed_gives_is_known_to_have_rung(desk: Desk, press: Press, kept):
    _, entry = kept
    with desk.store.read() as tx:
        assert alerts.alerted(tx, [entry.url, "http://courier.example/other"]) == {entry.url}
        assert alerts.alerted(tx, [KEPT]) == {KEPT}


async def test_an_article_known_by_its_feeds_address_stays_there_when_its_page_names_another(desk: Desk, press: Press):
    asked = "http://courier.example/m/talks-end"
    press.prints(asked, page())
    feed = desk.feed()
    entry = desk.shows(feed, asked)
    await desk.read()
    press.prints(asked, page(TITLE.replace("Istanbul", "Ankara"), TEXT.replace("Istanbul", "Ankara"), head=SAID))
    desk.now += timedelta(minutes=30)
    desk.dates_anew(feed, entry, title=TITLE.replace("Istanbul", "Ankara"))
    await desk.read()
    assert desk.reasons() == ["new", "corrected"]
    assert len(desk.versions(asked)) == 2
    assert desk.versions(KEPT) == ()


@pytest.mark.parametrize("said", ["http://courier.example/", "http://other.example/2031/05/talks-end"])
async def test_a_canonical_address_that_is_a_front_page_or_of_another_site_is_not_believed(
    desk: Desk, press: Press, said: str
):
    press.prints(KEPT, page(head=f"<link rel='canonical' href='{said}'>"))
    desk.shows(desk.feed(), KEPT)
    await desk.read()
    assert desk.alerts()[0].source.url == KEPT
    assert desk.versions(said) == ()


SPORT, WORLD = "http://courier.example/sport/talks-in-istanbul", "http://courier.example/world/a-fifth-round"


async def test_one_text_under_two_addresses_of_one_family_is_one_article(desk: Desk, press: Press):
    feed = desk.feed()
    for url in (SPORT, WORLD):
        press.prints(url, page())
    desk.shows(feed, SPORT, ago=timedelta(minutes=9))
    desk.shows(feed, WORLD)
    counts = await desk.read()
    assert (counts["read"], counts["known"], counts["alerts"]) == (1, 1, 1)
    assert desk.outcome(WORLD) == ("known", f"the same text as {SPORT}")
    assert desk.versions(WORLD) == ()


async def test_one_text_in_two_families_is_two_articles(desk: Desk, press: Press):
    other = "http://herald.example/talks"
    for url in (SPORT, other):
        press.prints(url, page())
    desk.shows(desk.feed(), SPORT)
    desk.shows(desk.feed("herald.example"), other)
    assert (await desk.read())["read"] == 2
    assert len(desk.versions(SPORT)) == len(desk.versions(other)) == 1


async def test_an_edit_of_the_first_of_two_addresses_is_a_version_of_it(desk: Desk, press: Press):
    feed = desk.feed()
    for url in (SPORT, WORLD):
        press.prints(url, page())
    first = desk.shows(feed, SPORT, ago=timedelta(minutes=9))
    desk.shows(feed, WORLD)
    await desk.read()
    press.prints(SPORT, page(TITLE.replace("Istanbul", "Ankara"), TEXT.replace("Istanbul", "Ankara")))
    desk.now += timedelta(minutes=30)
    desk.dates_anew(feed, first, title=TITLE.replace("Istanbul", "Ankara"))
    await desk.read()
    assert desk.reasons() == ["new", "corrected"]
    assert len(desk.versions(SPORT)) == 2


@pytest.mark.parametrize(
    ("text", "later"),
    [(TEXT[:99], timedelta(minutes=5)), (TEXT, timedelta(days=2))],
    ids=["a flash in a line", "two days later"],
)
async def test_what_may_well_be_said_twice_is_two_articles(desk: Desk, press: Press, text: str, later: timedelta):
    feed = desk.feed()
    for url in (SPORT, WORLD):
        press.prints(url, page("", text))
    desk.shows(feed, SPORT, title="Talks", ago=timedelta(minutes=9))
    await desk.read()
    desk.now += later
    desk.shows(feed, WORLD, title="Talks")
    assert (await desk.read())["read"] == 1
    assert len(desk.versions(WORLD)) == 1
