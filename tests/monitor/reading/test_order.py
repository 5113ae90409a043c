"""In which order articles are taken in, who is told of it, and which feeds are hurried."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from extractors.records import Article, Entry
from monitor.fetch import Fetched
from monitor.records import MonitorError
from monitor.store import feeds

from .conftest import START, TEXT, TITLE, WORDS, Answer, Desk, Press, page

RAIN = "It will rain in the north all week, and in the south on Sunday, say those who know. No. {0} of many."
HOUR = timedelta(hours=1)


@dataclass
class Shelf:
    """A recorder that remembers what it was told, and may be out of order."""

    broken: bool = False
    told: list[tuple[str, ...]] = field(default_factory=list)
    bodies: list[bytes | None] = field(default_factory=list)

    @property
    def last(self) -> str:
        return f"record {len(self.told)}"

    def article(
        self,
        article: Article,
        *,
        fetched: Fetched | None,
        entry: Entry,
        feed_url: str,
        watches: Sequence[str],
        family: str,
        source: str,
        now: datetime,
    ) -> None:
        if self.broken:
            raise MonitorError("no space left")
        assert now.tzinfo is not None
        self.told.append((article.url, entry.url, feed_url, *watches, family, source))
        self.bodies.append(fetched.body if fetched else None)

    def withdrawn(self, url: str, because: str, *, watches: Sequence[str], family: str, now: datetime) -> None:
        assert now.tzinfo is not None
        self.told.append((url, because, *watches, family))


def held(answer: Answer, until: asyncio.Event) -> Answer:
    """An answer that waits."""

    async def slow(request: web.Request) -> web.StreamResponse:
        await until.wait()
        return await answer(request)

    return slow


def rain(press: Press, url: str, number: int = 0) -> str:
    return press.prints(url, page("Rain", RAIN.format(number)))


async def until(done: Callable[[], bool]) -> None:
    for _ in range(500):
        if done():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to pass within five seconds")


async def test_a_slow_host_keeps_no_other_feeds_later_article_waiting(desk: Desk, press: Press):
    slow, quick = "http://slow.example/a", "http://quick.example/b"
    for url in (slow, quick):
        rain(press, url)
    free = asyncio.Event()
    press.answers[slow] = held(press.answers[slow], free)
    desk.shows(desk.feed("slow.example"), slow, title="Rain", ago=HOUR)
    desk.shows(desk.feed("quick.example"), quick, title="Rain")
    reading = asyncio.create_task(desk.read())
    await until(lambda: desk.outcome(quick)[0] != "new")
    assert desk.outcome(slow)[0] == "new"
    free.set()
    await reading
    assert desk.outcome(slow)[0] == "read"


async def test_within_a_feed_the_order_of_publication_holds_though_the_earlier_page_is_slower(desk: Desk, press: Press):
    shelf = Shelf()
    desk.open(recorder=shelf)
    feed = desk.feed()
    # Two hosts: within one, pages are asked for one after the other anyway.
    first, second = "http://slow.example/a", "http://quick.example/b"
    for number, url in enumerate((first, second)):
        rain(press, url, number)
    free = asyncio.Event()
    press.answers[first] = held(press.answers[first], free)
    desk.shows(feed, second, title="Rain")
    desk.shows(feed, first, title="Rain", ago=HOUR)
    reading = asyncio.create_task(desk.read())
    await until(lambda: press.asked(second) == 1)
    await asyncio.sleep(0.05)
    assert desk.outcome(second)[0] == "new"
    free.set()
    await reading
    assert [told[0] for told in shelf.told] == [first, second]


async def test_a_recorder_is_told_of_what_is_taken_in_and_of_nothing_that_was_known(desk: Desk, press: Press):
    shelf = Shelf()
    desk.open(recorder=shelf)
    first, copy, closed, lost = (f"http://courier.example/{name}" for name in ("first", "copy", "closed", "lost"))
    for url in (first, copy):
        press.prints(url, page())
    press.prints(closed, "No.", 403)
    feed = desk.feed()
    for minutes, (url, summary) in enumerate([(first, ""), (copy, ""), (closed, WORDS), (lost, "")]):
        desk.shows(feed, url, summary=summary, ago=timedelta(minutes=9 - minutes))
    await desk.read()
    assert shelf.told == [
        (first, first, feed.url, "ru-ua", "courier", "page"),
        (closed, closed, feed.url, "ru-ua", "courier", "summary"),
    ]
    assert shelf.bodies == [page().encode(), None]
    for url in (first, copy):
        press.prints(url, "gone", 404)
    await desk.read(after=HOUR)
    assert shelf.told[2:] == [(first, "status 404", "ru-ua", "courier")]


async def test_an_article_that_cannot_be_recorded_rings_all_the_same(desk: Desk, press: Press):
    desk.open(recorder=Shelf(broken=True))
    url = press.prints("http://courier.example/first", page())
    desk.shows(desk.feed(), url)
    await desk.read()
    assert desk.outcome(url)[0] == "read"
    assert desk.reasons() == ["new"]


@pytest.mark.parametrize("how", ["known", "read again"])
async def test_an_article_that_is_known_rings_nobody_again(desk: Desk, press: Press, how: str):
    url = press.prints("http://courier.example/first", page())
    feed = desk.feed()
    entry = desk.shows(feed, url)
    await desk.read()
    desk.now += HOUR / 2
    if how == "known":
        desk.shows(desk.feed("brief.example", family="courier"), f"{url}?utm_source=brief")
        press.prints(f"{url}?utm_source=brief", page())
    else:
        desk.dates_anew(feed, entry)
    counts = await desk.read()
    assert (counts["known"], counts["read"]) == (1, 0)
    assert desk.reasons() == ["new"]


async def test_a_feed_hears_only_the_watches_that_are_its_own(desk: Desk, press: Press):
    url = press.prints("http://courier.example/first", page())
    desk.shows(desk.feed(watches=("another",)), url)
    await desk.read()
    assert desk.outcome(url)[0] == "read"
    assert desk.alerts() == []


PLAN = (
    "Russia and Ukraine to hold talks in Istanbul on {day}",
    "Russia and Ukraine will hold a round of talks in Istanbul on {day}, both delegations said on Saturday. "
    "Rustem Umerov will lead the Ukrainian side in Istanbul and Vladimir Medinsky the Russian one.",
)


def plan(press: Press, ahead: int) -> tuple[str, str]:
    day = f"{START + timedelta(days=ahead):%-d %B %Y}"
    title, text = (part.format(day=day) for part in PLAN)
    return press.prints("http://courier.example/plan", page(title, text)), title


def waits(desk: Desk, floor: timedelta) -> object:
    """The feed is next due in ten hours, and may be asked again after `floor`."""
    feed = desk.feed()
    with desk.store.write() as tx:
        state = feeds.get(tx, feed.url)
        assert state is not None
        feeds.save(tx, replace(state, next_at=START + 10 * HOUR, floor_at=START + floor))
    return feed


@pytest.mark.parametrize(("floor", "due"), [(HOUR, HOUR), (-HOUR, timedelta(0))])
async def test_a_feed_that_tells_of_a_plan_is_asked_at_its_floor_until_two_days_behind_its_date(
    desk: Desk, press: Press, floor: timedelta, due: timedelta
):
    feed = waits(desk, floor)
    url, title = plan(press, ahead=5)
    desk.shows(feed, url, title=title)
    await desk.read()
    assert desk.reasons() == ["new"]
    state = desk.state(feed)
    assert state.next_at == START + due
    assert state.hot_until == datetime(2031, 5, 24, tzinfo=UTC)


async def test_a_plan_for_a_day_far_off_hurries_its_feed_for_two_weeks(desk: Desk, press: Press):
    feed = waits(desk, HOUR)
    url, title = plan(press, ahead=40)
    desk.shows(feed, url, title=title)
    await desk.read()
    assert desk.state(feed).hot_until == START + timedelta(days=14)


async def test_a_feed_that_tells_of_what_is_over_is_not_hurried(desk: Desk, press: Press):
    feed = waits(desk, HOUR)
    url = press.prints("http://courier.example/first", page())
    desk.shows(feed, url)
    await desk.read()
    assert desk.reasons() == ["new"]
    assert (desk.state(feed).next_at, desk.state(feed).hot_until) == (START + 10 * HOUR, None)


async def test_a_plan_that_was_carried_out_hurries_no_further_feed(desk: Desk, press: Press):
    feed = waits(desk, HOUR)
    url, title = plan(press, ahead=0)
    desk.shows(feed, url, title=title, ago=HOUR)
    await desk.read()
    other = desk.feed("herald.example")
    url = press.prints("http://herald.example/first", page(TITLE, f"{TEXT} They dined."))
    desk.shows(other, url)
    await desk.read()
    assert desk.reasons() == ["new", "advanced"]
    assert desk.state(other).hot_until is None
