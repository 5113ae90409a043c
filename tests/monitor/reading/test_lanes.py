"""Feeds do not wait for one another, nor for pages that are looked at again, however long one turn of the reader is."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from aiohttp import web

from extractors.records import Entry
from monitor import read, taking
from monitor.store import entries, looks
from monitor.store import tables as t

from .conftest import TEXT, TITLE, Answer, Desk, Press, page

HOUR = timedelta(hours=1)
SLOW, QUICK, LATER = (f"http://{host}.example/news/talks" for host in ("slow", "quick", "later"))
EDITED = page(TITLE.replace("Istanbul", "Ankara"), TEXT.replace("Istanbul", "Ankara"))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "_MEANWHILE", 0.05)


def held(answer: Answer, free: asyncio.Event) -> Answer:
    async def slow(request: web.Request) -> web.StreamResponse:
        await free.wait()
        return await answer(request)

    return slow


async def until(done: Callable[[], bool]) -> None:
    for _ in range(500):
        if done():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to pass within five seconds")


def rain(press: Press, url: str) -> str:
    return press.prints(url, page("Rain", f"It will rain all week, says the office that knows of such things: {url}."))


async def test_what_comes_in_while_a_slow_host_is_waited_for_is_read_in_the_same_turn(desk: Desk, press: Press):
    for url in (SLOW, QUICK, LATER):
        rain(press, url)
    free = asyncio.Event()
    press.answers[SLOW] = held(press.answers[SLOW], free)
    desk.shows(desk.feed("slow.example"), SLOW, title="Rain", ago=HOUR)
    desk.shows(desk.feed("quick.example"), QUICK, title="Rain")
    turn = asyncio.create_task(desk.read())
    await until(lambda: desk.outcome(QUICK)[0] == "read")
    desk.shows(desk.feed("later.example"), LATER, title="Rain")
    await until(lambda: desk.outcome(LATER)[0] == "read")
    assert desk.outcome(SLOW)[0] == "new"
    assert not turn.done()
    free.set()
    assert (await turn)["read"] == 3


async def test_entries_of_a_feed_that_waits_come_after_the_earlier_ones_of_that_feed(desk: Desk, press: Press):
    for url in (SLOW, LATER):
        rain(press, url)
    free = asyncio.Event()
    press.answers[SLOW] = held(press.answers[SLOW], free)
    feed = desk.feed()
    desk.shows(feed, SLOW, title="Rain", ago=HOUR)
    turn = asyncio.create_task(desk.read())
    await until(lambda: press.asked(SLOW) == 1)
    desk.shows(feed, LATER, title="Rain")
    await asyncio.sleep(0.2)
    assert press.asked(LATER) == 0
    free.set()
    assert (await turn)["read"] == 2


async def test_a_page_that_hangs_when_it_is_looked_at_again_keeps_no_news_waiting(desk: Desk, press: Press):
    press.prints(SLOW, page())
    desk.shows(desk.feed("slow.example"), SLOW)
    await desk.read()
    assert desk.reasons() == ["new"]
    free = asyncio.Event()
    press.answers[SLOW] = held(press.answers[SLOW], free)
    turn = asyncio.create_task(desk.read(after=HOUR))
    await until(lambda: press.asked(SLOW) == 2)
    rain(press, QUICK)
    desk.shows(desk.feed("quick.example"), QUICK, title="Rain")
    await until(lambda: desk.outcome(QUICK)[0] == "read")
    free.set()
    assert (await turn)["looked at again"] == 1


async def test_pages_are_looked_at_side_by_side(desk: Desk, press: Press):
    urls = [rain(press, f"http://paper{n}.example/rain") for n in range(4)]
    for n, url in enumerate(urls):
        desk.shows(desk.feed(f"paper{n}.example"), url, title="Rain")
    await desk.read()
    with desk.store.write() as tx:
        for pk in tx.execute(sa.select(t.entry.c.pk)).scalars().all():
            looks.begin(tx, pk, desk.now, etag=None, last_modified=None)
    free = asyncio.Event()
    for url in urls:
        press.answers[url] = held(press.answers[url], free)
    turn = asyncio.create_task(desk.read(after=HOUR))
    await until(lambda: all(press.asked(url) == 2 for url in urls))
    free.set()
    assert (await turn)["looked at again"] == 4


async def test_a_turn_that_is_given_up_leaves_nothing_under_way(desk: Desk, press: Press):
    rain(press, SLOW)
    free = asyncio.Event()
    press.answers[SLOW] = held(press.answers[SLOW], free)
    desk.shows(desk.feed("slow.example"), SLOW, title="Rain")
    before = asyncio.all_tasks()
    turn = asyncio.create_task(desk.reader.drain())
    await until(lambda: press.asked(SLOW) == 1)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    free.set()
    await until(lambda: asyncio.all_tasks() <= before | {task for task in asyncio.all_tasks() if task.done()})
    assert desk.outcome(SLOW)[0] == "new"
    assert (await desk.read())["read"] == 1


async def test_a_fault_of_ours_in_a_look_is_over_with_that_look(
    desk: Desk, press: Press, monkeypatch: pytest.MonkeyPatch
):
    press.prints(SLOW, page())
    desk.shows(desk.feed(), SLOW)
    await desk.read()
    before = desk.outcome(SLOW)
    press.prints(SLOW, EDITED)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(taking, "take_in", broken)
        await desk.read(after=HOUR)
    assert desk.reasons() == ["new"]
    assert desk.outcome(SLOW) == before
    assert (await desk.read())["looked at again"] == 0
    await desk.read(after=5 * HOUR)
    assert desk.reasons() == ["new", "corrected"]


async def test_a_page_without_a_date_is_no_newer_for_being_looked_at_again(desk: Desk, press: Press):
    press.prints(SLOW, page())
    feed, entry = desk.feed(), Entry(SLOW, SLOW, TITLE)
    with desk.store.write() as tx:
        entries.add(tx, feed.url, [entry], status="new", now=desk.now)
    await desk.read()
    (first,) = desk.versions(SLOW)
    press.prints(SLOW, EDITED)
    await desk.read(after=HOUR)
    _, second = desk.versions(SLOW)
    assert first.published == second.published == desk.now - HOUR
    assert replace(second, seen=None).text != first.text


async def test_a_reader_that_waits_for_a_slow_page_comes_round_all_the_same(desk: Desk, press: Press):
    rain(press, SLOW)
    free = asyncio.Event()
    press.answers[SLOW] = held(press.answers[SLOW], free)
    desk.shows(desk.feed("slow.example"), SLOW, title="Rain")
    beats: list[int] = []
    turn = asyncio.create_task(desk.reader.drain(lambda: beats.append(1)))
    await until(lambda: len(beats) > 5)
    assert desk.outcome(SLOW)[0] == "new"
    free.set()
    assert (await turn)["read"] == 1
