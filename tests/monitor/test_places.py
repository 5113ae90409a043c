"""Room for so many at once, changed while some wait; turns at hosts, handed over."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch import Fetcher
from monitor.turns import Places, Turns

WIDTHS = st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(1, 5))), max_size=12)


@given(first=st.integers(1, 5), steps=WIDTHS)
def test_whatever_it_is_changed_to_everybody_gets_in_and_no_more_than_there_are_places(
    first: int, steps: list[tuple[int, int | None]]
) -> None:
    asyncio.run(_all_get_in(first, steps))


async def _all_get_in(first: int, steps: list[tuple[int, int | None]]) -> None:
    places, width, inside, left = Places(first), first, 0, asyncio.Event()
    tasks: list[asyncio.Task[None]] = []
    most: list[int] = []

    async def visit() -> None:
        nonlocal inside
        async with places.one():
            inside += 1
            await left.wait()
            inside -= 1

    for visitors, wider in steps:
        tasks += [asyncio.create_task(visit()) for _ in range(visitors)]
        for _ in range(5):
            await asyncio.sleep(0)
        if wider is not None:
            # Those inside stay: at most so many more come in now.
            most.append(inside + (wider if wider != width else 0))
            places.use(wider)
            width = wider
        assert inside <= max([first, *most])
    left.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks)
    assert inside == 0
    async with asyncio.timeout(5), places.one():
        pass


async def test_who_waits_in_a_narrow_room_gets_in_by_the_wider_one_though_nobody_leaves() -> None:
    places, free, inside = Places(1), asyncio.Event(), []

    async def visit(name: str) -> None:
        async with places.one():
            inside.append(name)
            await free.wait()

    tasks = [asyncio.create_task(visit(name)) for name in "abc"]
    await asyncio.sleep(0.01)
    assert inside == ["a"]
    places.use(2)
    await asyncio.sleep(0.01)
    assert inside == ["a", "b", "c"]
    free.set()
    await asyncio.gather(*tasks)


async def test_a_gap_that_is_changed_counts_from_the_last_start() -> None:
    turns = Turns(timedelta(0))
    async with turns.of("courier.example"):
        began = time.monotonic()
    turns.use(timedelta(seconds=0.2))
    async with turns.of("courier.example"):
        assert time.monotonic() - began >= 0.19


async def test_a_fetcher_that_comes_after_another_keeps_its_manners() -> None:
    def clock() -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    first = Fetcher(user_agent="Parley/0", clock=clock, gap=timedelta(seconds=0.2))
    second = Fetcher(user_agent="Parley/1", clock=clock, gap=timedelta(0), before=first)
    first.slow_down("127.0.0.1", timedelta(seconds=0.4))
    asks = {"cap": 9, "deadline": timedelta(seconds=1), "accept": "*/*"}
    began = time.monotonic()
    await first.get("http://127.0.0.1:9/", **asks)
    await second.get("http://127.0.0.1:9/", **asks)
    assert time.monotonic() - began >= 0.39
    began = time.monotonic()
    for _ in range(2):
        await second.get("http://[::1]:9/", **asks)
    assert time.monotonic() - began >= 0.19
    second.hand_over(timedelta(0))
    began = time.monotonic()
    for _ in range(2):
        await first.get("http://[::1]:9/", **asks)
    assert time.monotonic() - began < 0.19
