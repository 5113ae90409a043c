"""robots.txt is honoured for pages (RFC 9309)."""

import time
from datetime import timedelta
from itertools import pairwise

import pytest

from .conftest import WORDS, Desk, Press, page

ROBOTS = "http://courier.example/robots.txt"
URL = "http://courier.example/news/talks"


def rules(press: Press, text: str = "", status: int = 200, **headers: str) -> None:
    press.prints(ROBOTS, text, status, Content_Type="text/plain", **headers)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("User-agent: *\nDisallow: /", 0),
        ("User-agent: *\nDisallow: /news/", 0),
        ("User-agent: *\nDisallow: /news/\nAllow: /news/talks", 1),
        ("User-agent: Parley\nDisallow: /news/", 0),
        ("User-agent: *\nDisallow: /\n\nUser-agent: parley\nDisallow: /private/", 1),
        ("User-agent: another\nDisallow: /", 1),
        ("User-agent: *\nDisallow:", 1),
        ("<html><body>No such page</body></html>", 1),
        ("\ufeffUser-agent: *\nDisallow: /news/", 0),
    ],
)
async def test_a_page_that_its_site_closes_to_programs_is_not_asked_for(
    desk: Desk, press: Press, text: str, asked: int
):
    rules(press, text)
    press.prints(URL, page())
    desk.shows(desk.feed(), URL)
    await desk.read()
    assert press.asked(URL) == asked
    assert desk.outcome(URL)[0] == ("read" if asked else "robots")


async def test_each_host_is_asked_for_its_rules_once_a_day(desk: Desk, press: Press):
    rules(press, "User-agent: *\nDisallow: /private/")
    feed = desk.feed()
    for hour in range(30):
        for each in range(3):
            desk.shows(feed, f"http://courier.example/news/{hour}-{each}", title="Rain")
        await desk.read(after=timedelta(hours=1))
    assert press.asked(ROBOTS) == 2
    assert len(press.requests) == 92


@pytest.mark.parametrize("status", [404, 401, 410])
async def test_a_file_that_is_not_there_closes_nothing(desk: Desk, press: Press, status: int):
    rules(press, "User-agent: *\nDisallow: /", status)
    press.prints(URL, page())
    desk.shows(desk.feed(), URL)
    assert (await desk.read())["read"] == 1


@pytest.mark.parametrize("status", [503, 429])
async def test_while_its_rules_cannot_be_had_a_page_waits(desk: Desk, press: Press, status: int):
    rules(press, "busy", status)
    press.prints(URL, page())
    desk.shows(desk.feed(), URL)
    assert (await desk.read())["tried again later"] == 1
    assert (await desk.read(after=timedelta(minutes=2)))["tried again later"] == 1
    # The rules are not asked for at each try of a page.
    assert (press.asked(ROBOTS), press.asked(URL)) == (1, 0)
    rules(press, "User-agent: *\nDisallow: /private/")
    assert (await desk.read(after=timedelta(minutes=15)))["read"] == 1
    assert desk.reasons() == ["new"]


async def test_if_its_rules_stay_out_of_reach_the_words_of_its_feed_are_read(desk: Desk, press: Press):
    rules(press, "busy", 503)
    press.prints(URL, page())
    desk.shows(desk.feed(), URL, summary=WORDS)
    hours = 0
    while not (await desk.read(after=timedelta(minutes=30)))["read"]:
        hours += 0.5
    assert 6 < hours < 12
    assert press.asked(URL) == 0
    assert desk.outcome(URL)[1].endswith("the feed's own words were read: robots")


async def test_a_delay_that_the_rules_ask_for_is_kept(desk: Desk, press: Press):
    rules(press, "User-agent: *\nCrawl-delay: 0.3")
    started: list[float] = []
    feed = desk.feed()
    for n in range(3):
        url = f"http://courier.example/news/{n}"
        press.prints(url, page("Rain"))
        desk.shows(feed, url, title="Rain")
    for url, answer in list(press.answers.items()):
        press.answers[url] = _timed(answer, started)
    await desk.read()
    gaps = [later - earlier for earlier, later in pairwise(started)]
    assert len(gaps) == 3
    assert min(gaps[1:]) >= 0.25


def _timed(answer, started):
    async def noted(request):
        started.append(time.monotonic())
        return await answer(request)

    return noted


async def test_the_rules_of_one_host_are_not_those_of_another(desk: Desk, press: Press):
    rules(press, "User-agent: *\nDisallow: /")
    other = "http://herald.example/news/talks"
    for url in (URL, other):
        press.prints(url, page())
    desk.shows(desk.feed(), URL)
    desk.shows(desk.feed("herald.example"), other)
    await desk.read()
    assert (desk.outcome(URL)[0], desk.outcome(other)[0]) == ("robots", "read")


async def test_with_robots_off_nobody_is_asked_for_rules(desk: Desk, press: Press):
    desk.open(robots=False)
    rules(press, "User-agent: *\nDisallow: /")
    press.prints(URL, page())
    desk.shows(desk.feed(), URL)
    assert (await desk.read())["read"] == 1
    assert press.asked(ROBOTS) == 0
