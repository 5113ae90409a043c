"""What is read when the page of an article cannot be: the words of its feed, or nothing."""

from datetime import timedelta

import pytest

from monitor.read import ReadLimits
from monitor.workers import Patience, Workers

from .conftest import TEXT, TITLE, WORDS, Desk, Press, page

URL = "http://courier.example/news/talks"
CHALLENGE = "<html><head><title>Just a moment...</title></head><body><p>Checking your browser</p></body></html>"
CONSENT = (
    "<html lang='en'><head><title>Before you continue</title></head><body><main><p>We value your privacy. With your "
    "consent, we and our partners use cookies to measure audiences and to show personalised advertising.</p>"
    "<p>You may agree, reject all, or read our privacy policy to learn more about it all.</p></main></body></html>"
)
STUB = page(text="Two delegations met again by the sea, our reporter writes. Subscribe to continue reading.")


def blocked(press: Press, how: str) -> None:
    bodies = {"challenge page": CHALLENGE, "consent page": CONSENT, "paywall": STUB, "too_big": page() + "x" * 60_000}
    if how.startswith("status"):
        press.prints(URL, "No.", int(how.split()[1]))
    elif how == "robots":
        press.prints(URL, page())
        press.prints("http://courier.example/robots.txt", "User-agent: *\nDisallow: /news/")
    else:
        press.prints(URL, bodies[how])


WAYS = ("challenge page", "consent page", "paywall", "status 403", "status 451", "robots", "too_big")


@pytest.mark.parametrize("how", WAYS)
async def test_where_a_page_is_closed_the_words_of_its_feed_are_read_and_ring(desk: Desk, press: Press, how: str):
    desk.open(limits=ReadLimits(page_bytes=50_000))
    blocked(press, how)
    feed = desk.feed()
    desk.shows(feed, URL, summary=WORDS)
    counts = await desk.read()
    assert (counts["read"], counts["read from the feed"], counts["alerts"]) == (1, 1, 1)
    assert desk.reasons() == ["new"]
    outcome, detail = desk.outcome(URL)
    assert outcome == "read"
    assert detail.endswith(f"; the feed's own words were read: {how}")
    assert [article.text for article in desk.versions(URL)] == [WORDS]


@pytest.mark.parametrize(
    ("how", "summary"),
    [
        ("challenge page", ""),
        ("consent page", TITLE),
        ("status 403", f"{TITLE} Read on"),
        ("robots", "Neither said when or where."),
        ("too_big", ""),
    ],
)
async def test_a_closed_page_whose_feed_says_next_to_nothing_is_set_aside(
    desk: Desk, press: Press, how: str, summary: str
):
    desk.open(limits=ReadLimits(page_bytes=50_000))
    blocked(press, how)
    desk.shows(desk.feed(), URL, summary=summary)
    counts = await desk.read()
    assert (counts["set aside"], counts["read"]) == (1, 0)
    outcome, detail = desk.outcome(URL)
    assert outcome == how
    assert URL in detail
    assert desk.alerts() == []


async def test_the_beginning_of_a_paid_article_is_read_when_its_feed_says_less(desk: Desk, press: Press):
    press.prints(URL, page(text=f"{WORDS} Subscribe to continue reading."))
    desk.shows(desk.feed(), URL, summary="A fifth round has ended in Istanbul, we hear.")
    await desk.read()
    assert desk.outcome(URL)[0] == "read"
    assert "the feed's own words" not in desk.outcome(URL)[1]
    assert desk.reasons() == ["new"]


async def test_where_a_page_takes_the_extractor_too_long_the_words_of_its_feed_are_read(
    desk: Desk, press: Press, watch
):
    quick = Workers([watch.names], count=1, patience=Patience(page=timedelta(milliseconds=200)))
    desk.open(workers=quick)
    press.prints(URL, page(text="\n".join(["A word and another one. "] * 60_000)))
    desk.shows(desk.feed(), URL, summary=WORDS)
    await desk.read()
    await quick.close()
    assert desk.outcome(URL) == ("read", "1 claims, 1 alerts; the feed's own words were read: extractor timeout")
    assert desk.reasons() == ["new"]


@pytest.mark.parametrize("status", [404, 410])
async def test_an_article_that_is_not_there_is_set_aside_whatever_its_feed_says(desk: Desk, press: Press, status: int):
    press.prints(URL, "gone", status)
    desk.shows(desk.feed(), URL, summary=WORDS)
    assert (await desk.read())["set aside"] == 1
    assert desk.outcome(URL)[0] == f"status {status}"
    assert desk.alerts() == []
    assert desk.versions(URL) == ()


@pytest.mark.parametrize("how", WAYS)
async def test_what_was_read_from_its_page_is_not_replaced_by_less_when_the_page_is_closed(
    desk: Desk, press: Press, how: str
):
    feed = desk.feed()
    press.prints(URL, page())
    entry = desk.shows(feed, URL, summary="Nothing was said in Ankara, where nobody met, says a report of the courier.")
    await desk.read()
    desk.now += timedelta(minutes=10)
    # After a restart, else the site's robots.txt would still be known.
    desk.open(limits=ReadLimits(page_bytes=50_000))
    blocked(press, how)
    desk.dates_anew(feed, entry, summary=entry.summary * 3)
    counts = await desk.read()
    assert (counts["set aside"], counts["read"]) == (1, 0)
    assert desk.outcome(URL)[0] == how
    assert [article.text for article in desk.versions(URL)] == [f"{TITLE}\n{TEXT}"]
    assert desk.reasons() == ["new"]


async def test_what_was_read_from_the_feed_is_read_from_it_again_when_the_feed_mends_it(desk: Desk, press: Press):
    feed = desk.feed()
    press.prints(URL, "No.", 403)
    entry = desk.shows(feed, URL, summary=WORDS)
    await desk.read()
    desk.now += timedelta(minutes=10)
    desk.dates_anew(feed, entry, title=TITLE.replace("Istanbul", "Ankara"), summary=WORDS.replace("Istanbul", "Ankara"))
    await desk.read()
    assert desk.reasons() == ["new", "corrected"]


async def test_what_was_read_from_the_feed_is_not_withdrawn_because_its_page_has_no_text(desk: Desk, press: Press):
    feed = desk.feed()
    press.prints(URL, "<html><head><title>Talks</title></head><body><div id='app'></div></body></html>")
    entry = desk.shows(feed, URL, summary=WORDS)
    await desk.read()
    assert desk.outcome(URL)[1].endswith("no text")
    await desk.read(after=timedelta(hours=1))
    assert desk.counts["looked at again"] == 1
    desk.dates_anew(feed, entry)
    await desk.read()
    assert desk.reasons() == ["new"]


async def test_a_feed_without_pages_never_asks_for_one(desk: Desk, press: Press):
    press.prints(URL, page())
    desk.shows(desk.feed(pages=False), URL, summary=WORDS)
    await desk.read()
    for _ in range(30):
        await desk.read(after=timedelta(hours=1))
    assert press.requests == []
    assert desk.outcome(URL)[1].endswith("the feed's own words were read: its feed is read without pages")
    assert desk.reasons() == ["new"]


async def test_a_feed_without_pages_is_read_by_its_titles_alone_if_need_be(desk: Desk, press: Press):
    desk.shows(desk.feed(pages=False), URL)
    await desk.read()
    assert desk.outcome(URL)[0] == "read"
    assert desk.reasons() == ["new"]
    assert press.requests == []


async def test_the_words_of_one_feed_do_not_replace_what_another_feed_led_to(desk: Desk, press: Press):
    press.prints(URL, page())
    desk.shows(desk.feed(), URL, summary=WORDS)
    await desk.read()
    brief = desk.feed("brief.example", family="courier", pages=False)
    desk.shows(brief, URL, title="Talks", summary="They met in Ankara, a reader of the courier says on his own page.")
    counts = await desk.read()
    assert (counts["known"], counts["alerts"]) == (1, 0)
    assert [article.text for article in desk.versions(URL)] == [f"{TITLE}\n{TEXT}"]


async def test_a_page_that_can_be_had_at_last_is_a_version_of_what_its_feed_said(desk: Desk, press: Press):
    feed = desk.feed()
    press.prints(URL, "No.", 403)
    desk.shows(feed, URL, summary=WORDS)
    await desk.read()
    press.prints(URL, page())
    await desk.read(after=timedelta(hours=1))
    assert [article.text for article in desk.versions(URL)] == [WORDS, f"{TITLE}\n{TEXT}"]
    assert desk.reasons() == ["new"]


async def test_entries_without_a_link_are_articles_of_their_own(desk: Desk, press: Press):
    feed = desk.feed()
    for name, summary in (
        ("g 1", WORDS),
        ("g2", "Rain fell in the north all week, say those who know the weather there."),
    ):
        desk.shows(feed, "", id=name, title=f"Report {name}", summary=summary)
        await desk.read()
        assert desk.counts["read"] == 1
    assert desk.reasons() == ["new"]
    assert desk.alerts()[0].source.url == f"{feed.url}#g%201"
    assert [article.text for article in desk.versions(f"{feed.url}#g%201")] == [WORDS]
    assert (await desk.read(after=timedelta(hours=1)))["looked at again"] == 0
    assert press.requests == []


async def test_the_words_are_read_in_the_end_of_a_page_that_always_fails(desk: Desk, press: Press):
    press.prints(URL, "sorry", 503)
    desk.shows(desk.feed(), URL, summary=WORDS)
    tried = [(await desk.read(after=wait))["read"] for wait in map(_minutes, (0, 2, 15, 60, 360))]
    assert tried == [0, 0, 0, 0, 1]
    assert press.asked(URL) == 5
    assert desk.outcome(URL)[1].endswith("the feed's own words were read: status 503")


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


async def test_an_article_that_a_busy_machine_did_not_read_in_time_is_read_later(desk: Desk, press: Press, watch):
    busy = Workers([watch.names], count=1, patience=Patience(claims=timedelta(milliseconds=1)))
    desk.open(workers=busy)
    press.prints(URL, page(text=WORDS))
    desk.shows(desk.feed(), URL)
    await desk.read()
    await busy.close()
    assert desk.outcome(URL)[0] == "new"
    assert desk.counts["tried again later"] == 1
    free = Workers([watch.names], count=1)
    desk.open(workers=free)
    await desk.read(after=timedelta(minutes=1))
    assert desk.reasons() == []
    await desk.read(after=timedelta(minutes=1))
    await free.close()
    assert desk.outcome(URL)[0] == "read"
    assert desk.reasons() == ["new"]


async def test_an_article_that_ends_its_process_three_times_is_set_aside(desk: Desk, press: Press, watch):
    busy = Workers([watch.names], count=1, patience=Patience(claims=timedelta(milliseconds=1)))
    desk.open(workers=busy)
    press.prints(URL, page(text=WORDS))
    desk.shows(desk.feed(), URL)
    for wait in (timedelta(0), timedelta(minutes=2), timedelta(minutes=15)):
        assert desk.outcome(URL)[0] == "new"
        await desk.read(after=wait)
    await busy.close()
    assert desk.outcome(URL)[0] == "reader timeout"
