"""A poller that is given other settings while it is at work."""

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from monitor import poller
from monitor.fetch import Fetcher
from monitor.keep import keep
from monitor.poller import PollLimits
from monitor.store import feeds

from .conftest import START, Bench

HOUR = timedelta(hours=1)


def change(bench: Bench, **more: Any) -> None:
    assert bench.poller is not None
    given = {
        "fetcher": Fetcher(user_agent="Parley/1", clock=lambda: bench.now, gap=timedelta(0), proxy="http://127.0.0.1:9"),
        "configured": lambda: bench.feeds,
        "began": lambda _: START,
        "max_age": timedelta(hours=72),
        "limits": PollLimits(),
        "recorder": None,
    }  # fmt: skip
    bench.poller.use(**(given | more))


async def test_a_poll_under_way_ends_as_it_began_and_is_next_due_by_the_new_interval(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = bench.add("/slow", interval=24 * HOUR)
    bench.stand.shows["/slow"] = [1]
    asked, free = asyncio.Event(), asyncio.Event()
    answer = bench.stand.answer

    async def slow(request: web.Request) -> web.StreamResponse:
        asked.set()
        await free.wait()
        return await answer(request)

    monkeypatch.setattr(bench.stand, "answer", slow)
    turn = asyncio.create_task(bench.poll())
    await asked.wait()
    bench.feeds = {feed.url: replace(feed, interval=2 * HOUR)}
    change(bench)
    assert bench.poller is not None
    await bench.poller.set_off()
    free.set()
    await turn
    assert bench.stand.asked("/slow") == 1
    assert bench.poller.counts["read"] == 1
    assert bench.state(feed).next_at - bench.now <= 2 * HOUR + timedelta(minutes=5)


async def test_a_transaction_that_has_begun_keeps_all_its_feeds_by_the_old(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in "ab":
        bench.add(f"/{path}")
        bench.stand.shows[f"/{path}"] = [1]
    loop, seen = asyncio.get_running_loop(), []

    def swap(done: threading.Event) -> None:
        change(bench, max_age=timedelta(hours=1), configured=dict)
        done.set()

    def interrupted(*given: Any, **more: Any) -> Any:
        if not seen:
            done = threading.Event()
            loop.call_soon_threadsafe(swap, done)  # the store's thread is within the transaction
            assert done.wait(5)
        seen.append(more["max_age"])
        return keep(*given, **more)

    monkeypatch.setattr(poller, "keep", interrupted)
    polling = bench.poller
    assert polling is not None
    asked = [(feed, bench.state(feed)) for feed in bench.feeds.values()]
    batch = [(feed, state, await polling._ask(feed, state)) for feed, state in asked]
    await bench.thread.run(partial(polling._take_all, batch))
    assert seen == [timedelta(hours=72)] * 2


async def test_a_feed_that_is_given_the_address_it_moved_to_while_it_is_polled_costs_nobody_anything(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, other = bench.add("/old"), bench.add("/other")
    bench.stand.shows |= {"/old": [1], "/other": [2], "/new": [1, 3]}
    await bench.poll()
    renamed = bench.stand.base + "/new"
    bench.hold(old, address=renamed)
    bench.now += 24 * HOUR
    asked, free = asyncio.Event(), asyncio.Event()
    answer = bench.stand.answer

    async def slow(request: web.Request) -> web.StreamResponse:
        asked.set()
        await free.wait()
        return await answer(request)

    monkeypatch.setattr(bench.stand, "answer", slow)
    turn = asyncio.create_task(bench.poll())
    await asked.wait()
    bench.feeds = {renamed: replace(old, url=renamed), other.url: other}
    await bench.thread.run(lambda tx: feeds.sync(tx, tuple(bench.feeds.values()), bench.now))
    free.set()
    await turn
    await bench.poll()
    assert bench.poller is not None
    state = bench.state(bench.feeds[renamed])
    assert (state.known, state.habits.address, state.entries_seen) == (True, None, 2)
    assert bench.poller.counts == {"read": 3, "not modified": 1, "new": 3}


async def test_a_feed_whose_row_was_renamed_before_its_rest_is_noted_costs_nobody_anything(bench: Bench) -> None:
    feed = bench.add("/old")
    state = bench.state(feed)
    moved = replace(feed, url=bench.stand.base + "/new")
    bench.hold(feed, address=moved.url)
    await bench.thread.run(lambda tx: feeds.sync(tx, [moved], bench.now))
    await bench.thread.run(partial(poller._rest, replace(state, next_at=bench.now + HOUR)))
    assert bench.state(moved).next_at == START
