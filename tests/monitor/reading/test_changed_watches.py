"""A reader that is given other watches while it works: each article is read and taken in by the one or the other."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from alerts.rules import Mailing
from monitor import taking
from monitor.faults import Faults
from monitor.fetch import Fetcher
from monitor.intake import take_in
from monitor.pages import ReadLimits
from monitor.records import Feed, Watch
from monitor.watches import load_watch
from monitor.workers import Workers

from .conftest import SEEDS, TITLE, Desk, Press, page

URL, NEXT = "http://courier.example/news/talks", "http://courier.example/news/later"
HERE = Path(__file__).parents[2] / "watches"
CAUCASUS = (
    "Armenia and Azerbaijan will hold a round of talks in Almaty on 20 May 2031, both foreign ministries said. "
    "Ararat Mirzoyan will lead the Armenian side in Almaty and Jeyhun Bayramov the Azerbaijani one."
)
PLAN = "Armenia and Azerbaijan to hold talks in Almaty on 20 May 2031"


@pytest.fixture(scope="module")
def other() -> Watch:
    loaded = load_watch(HERE / "am-az.yaml", SEEDS / "topics")
    assert not isinstance(loaded, Faults)
    return loaded


@pytest.fixture
def change(desk: Desk) -> Iterator[Callable[..., None]]:
    """Give the desk's reader other watches, as a reload does."""

    def use(*watches: Watch, feeds: Mapping[str, Feed] | None = None, recorder: Any = None) -> None:
        desk.workers.use([watch.names for watch in watches])
        desk.reader.use(
            fetcher=desk.wire,
            robots=None,
            watches=watches,
            mailing=Mailing(),
            feeds=lambda: desk.feeds if feeds is None else feeds,
            recorder=recorder,
            limits=ReadLimits(),
        )

    yield use
    desk.workers.use([desk.watch.names])


class Kept:
    """An archive that keeps who an article was taken in for."""

    def __init__(self) -> None:
        self.articles: list[tuple[list[str], str]] = []
        self.last = "20310517-1-1"

    def article(self, *_: object, watches: list[str], family: str, **more: object) -> None:
        self.articles.append((watches, family))

    def withdrawn(self, *_: object, **more: object) -> None:
        raise AssertionError


async def test_an_article_that_was_read_by_the_old_names_is_read_by_the_new_before_it_is_taken_in(
    desk: Desk, press: Press, other: Watch, change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    press.prints(URL, page(PLAN, CAUCASUS))
    desk.shows(desk.feed(), URL, title=PLAN)
    by: list[str] = []
    real = Workers.read

    async def reading(self: Workers, article: Any, names: Any = None) -> Any:
        by.append(self.digest)
        got = await real(self, article, names)
        if len(by) == 1:
            change(desk.watch, other)  # read, and not yet taken in
        return got

    monkeypatch.setattr(Workers, "read", reading)
    assert (await desk.read())["read"] == 1
    assert len(set(by)) == len(by) == 2
    assert [alert.watch for alert in desk.alerts()] == ["am-az"]
    assert press.asked(URL) == 1


async def test_what_the_next_articles_say_of_a_new_watch_rings(
    desk: Desk, press: Press, other: Watch, change: Any
) -> None:
    for url in (URL, NEXT):
        press.prints(url, page(PLAN, CAUCASUS))
    desk.shows(desk.feed(), URL, title=PLAN)
    await desk.read()
    assert desk.alerts() == []
    change(desk.watch, other)
    desk.shows(desk.feed("herald.example"), NEXT, title=PLAN)
    await desk.read(after=timedelta(minutes=1))
    assert [alert.watch for alert in desk.alerts()] == ["am-az"]


async def test_a_transaction_that_has_begun_goes_by_the_old_to_its_end(
    desk: Desk, press: Press, other: Watch, change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = Kept(), Kept()
    press.prints(URL, page())
    feed = desk.feed(family="old")
    desk.shows(feed, URL)
    change(desk.watch, feeds=dict(desk.feeds), recorder=before)
    loop = asyncio.get_running_loop()

    def swap(done: threading.Event) -> None:
        change(desk.watch, other, feeds={feed.url: replace(feed, family="new")}, recorder=after)
        done.set()

    def interrupted(*given: Any, **more: Any) -> Any:
        done = threading.Event()
        loop.call_soon_threadsafe(swap, done)  # the store's thread is within the transaction
        assert done.wait(5)
        return take_in(*given, **more)

    monkeypatch.setattr(taking, "take_in", interrupted)
    assert (await desk.read())["read"] == 1
    assert before.articles == [(["ru-ua"], "old")]
    assert after.articles == []


async def test_a_page_that_is_being_fetched_is_neither_cut_nor_asked_for_again(
    desk: Desk, press: Press, other: Watch, change: Any
) -> None:
    asked, free = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        asked.set()
        await free.wait()
        return web.Response(text=page(), content_type="text/html")

    press.at(URL, slow)
    desk.shows(desk.feed(), URL, title=TITLE)
    turn = asyncio.create_task(desk.read())
    await asked.wait()
    desk.wire = Fetcher(user_agent="Parley/1", clock=lambda: desk.now, proxy="http://127.0.0.1:9", before=desk.wire)
    change(desk.watch, other)
    free.set()
    assert (await turn)["read"] == 1
    assert press.asked(URL) == 1
    assert desk.reasons() == ["new"]
