"""One text at several addresses: each of them is heard, none takes back what another told since."""

from datetime import timedelta

import pytest

from extractors.records import Entry
from monitor.records import Feed
from monitor.store import alerts, articles

from .conftest import TEXT, TITLE, WORDS, Desk, Press, page

HOUR = timedelta(hours=1)
SPORT, WORLD = "http://courier.example/sport/talks-in-istanbul", "http://courier.example/world/a-fifth-round"
ELSEWHERE = TITLE.replace("Istanbul", "Ankara")
EDITED = page(ELSEWHERE, TEXT.replace("Istanbul", "Ankara"))


@pytest.fixture
async def twins(desk: Desk, press: Press) -> tuple[Feed, Entry, Entry]:
    """One text that rang, at two addresses of one newsroom."""
    feed = desk.feed()
    for url in (SPORT, WORLD):
        press.prints(url, page())
    first = desk.shows(feed, SPORT, ago=timedelta(minutes=9))
    second = desk.shows(feed, WORLD)
    await desk.read()
    assert desk.reasons() == ["new"]
    desk.now += timedelta(minutes=10)
    return feed, first, second


async def test_an_edit_of_the_second_address_corrects_what_the_first_told(
    desk: Desk, press: Press, twins: tuple[Feed, Entry, Entry]
):
    feed, _, second = twins
    with desk.store.read() as tx:
        assert alerts.alerted(tx, [WORLD]) == {WORLD}
    press.prints(WORLD, EDITED)
    desk.dates_anew(feed, second, title=ELSEWHERE)
    await desk.read()
    assert desk.reasons() == ["new", "corrected"]
    assert (len(desk.versions(SPORT)), desk.versions(WORLD)) == (2, ())


async def test_an_address_that_lags_behind_takes_nothing_back(
    desk: Desk, press: Press, twins: tuple[Feed, Entry, Entry]
):
    feed, _, second = twins
    press.prints(WORLD, EDITED)
    desk.dates_anew(feed, second, title=ELSEWHERE)
    await desk.read()
    # The first address still shows the old text when it is looked at again, and then the new one.
    await desk.read(after=HOUR)
    assert (press.asked(SPORT), desk.reasons()) == (2, ["new", "corrected"])
    press.prints(SPORT, EDITED)
    await desk.read(after=5 * HOUR)
    assert press.asked(SPORT) == 3
    assert desk.reasons() == ["new", "corrected"]


async def test_what_is_gone_from_one_address_is_withdrawn_when_it_is_gone_from_the_other(
    desk: Desk, press: Press, twins: tuple[Feed, Entry, Entry]
):
    press.prints(SPORT, "gone", 404)
    await desk.read(after=HOUR)
    assert desk.reasons() == ["new"]
    assert press.asked(WORLD) == 2
    press.prints(WORLD, "gone", 410)
    await desk.read(after=5 * HOUR)
    assert desk.reasons() == ["new", "corrected"]
    assert desk.versions(SPORT)[-1].text == ""


async def test_what_comes_back_after_it_was_gone_stands_again(
    desk: Desk, press: Press, twins: tuple[Feed, Entry, Entry]
):
    feed, first, _ = twins
    for url in (SPORT, WORLD):
        press.prints(url, "gone", 404)
    await desk.read(after=HOUR)
    assert desk.reasons() == ["new", "corrected"]
    press.prints(SPORT, page())
    desk.dates_anew(feed, first)
    await desk.read()
    with desk.store.read() as tx:
        current = articles.current(tx, SPORT)
    assert current is not None
    assert current.article.text.endswith(TEXT)


async def test_two_languages_that_share_a_canonical_address_are_two_articles(desk: Desk, press: Press):
    said = "<link rel='canonical' href='http://courier.example/news/81624'>"
    english, ukrainian = "http://courier.example/en/news/81624", "http://courier.example/uk/news/81624"
    told = (
        "П'ятий раунд переговорів України та Росії завершився в Стамбулі 17 травня 2031 року. "
        "Українську делегацію очолював Рустем Умєров, російську - Володимир Мединський."
    )
    title = "У Стамбулі завершився п'ятий раунд переговорів"
    press.prints(english, page(head=said))
    press.prints(ukrainian, page(title, told, head=said).replace("lang='en'", "lang='uk'"))
    feed = desk.feed()
    desk.shows(feed, english, ago=timedelta(minutes=9))
    desk.shows(feed, ukrainian, title=title)
    assert (await desk.read())["read"] == 2
    assert len(desk.versions("http://courier.example/news/81624")) == 1
    assert [article.language for article in desk.versions(ukrainian)] == ["uk"]
    # Looking at the first again takes nothing back of the second.
    await desk.read(after=HOUR)
    assert desk.reasons() == ["new"]


async def test_an_edit_under_one_canonical_address_is_one_whatever_the_link(desk: Desk, press: Press):
    said = f"<link rel='canonical' href='{SPORT}'>"
    for n, body in enumerate((page(head=said), page(TITLE, f"{TEXT} They dined.", head=said))):
        url = press.prints(f"{SPORT}?page={n}", body)
        desk.shows(desk.feed(f"feed{n}.example", family="courier"), url, ago=timedelta(minutes=9 - n))
    await desk.read()
    assert len(desk.versions(SPORT)) == 2


@pytest.mark.parametrize("closed", [True, False])
async def test_a_link_that_leads_to_another_site_is_read_if_that_site_allows(desk: Desk, press: Press, closed: bool):
    asked, there = "http://links.example/81624", "http://courier.example/news/talks"
    press.prints(asked, status=302, Location=there)
    press.prints(there, page())
    if closed:
        press.prints("http://courier.example/robots.txt", "User-agent: *\nDisallow: /news/", Content_Type="text/plain")
    desk.shows(desk.feed(), asked, summary=WORDS)
    await desk.read()
    (article,) = desk.versions(asked) or desk.versions(there)
    assert article.text.endswith(WORDS if closed else TEXT)
