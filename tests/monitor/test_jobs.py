"""The scheduler's jobs: they ring, and a job that fails is told."""

import asyncio
import time
from datetime import datetime, timedelta, tzinfo

import apscheduler.schedulers.base
import pytest
from apscheduler.events import EVENT_JOB_MISSED

from monitor.app import utcnow
from monitor.jobs import Bells, Periods, follow, keep_time, schedule


def ignore(error: BaseException) -> None:
    raise AssertionError from error


async def test_every_bell_rings_by_itself() -> None:
    often = timedelta(milliseconds=20)
    bells = Bells()
    scheduler = schedule(bells, Periods(often, often, often, often, often), ignore)
    scheduler.start()
    try:
        for bell in (bells.poll, bells.read, bells.deliver, bells.keep_house, bells.watch):
            await asyncio.wait_for(bell.wait(), 5)
    finally:
        scheduler.shutdown(wait=False)


async def test_a_run_that_a_busy_loop_delays_by_more_than_a_second_is_not_dropped() -> None:
    bells, day, missed = Bells(), timedelta(days=1), []
    scheduler = schedule(bells, Periods(timedelta(milliseconds=200), day, day, day, day), ignore)
    scheduler.add_listener(missed.append, EVENT_JOB_MISSED)
    scheduler.start()
    try:
        time.sleep(1.6)  # noqa: ASYNC251 - the loop is to be busy
        await asyncio.wait_for(bells.poll.wait(), 5)
    finally:
        scheduler.shutdown(wait=False)
    assert missed == []


async def test_a_clock_that_is_set_back_stops_no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    back = timedelta(0)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp((utcnow() - back).timestamp(), tz)

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Clock)
    bells, often, rings = Bells(), timedelta(milliseconds=50), 0
    scheduler = schedule(bells, Periods(often, often, often, often, often), ignore)
    scheduler.start()
    keeping = asyncio.create_task(keep_time(scheduler, lambda: utcnow() - back, timedelta(milliseconds=20)))
    try:
        await asyncio.wait_for(bells.poll.wait(), 5)
        back = timedelta(hours=2)
        for _ in range(5):
            for bell in (bells.poll, bells.watch):
                bell.clear()
                await asyncio.wait_for(bell.wait(), 5)
        # As often as before, and not at each look.
        began = time.monotonic()
        while time.monotonic() - began < 1:
            bells.poll.clear()
            await asyncio.wait_for(bells.poll.wait(), 5)
            rings += 1
        assert rings <= 21
    finally:
        keeping.cancel()
        scheduler.shutdown(wait=False)


async def test_an_error_inside_a_job_is_told_even_when_it_is_a_system_exit() -> None:
    told: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
    day = timedelta(days=1)
    mishaps: list[str] = []
    scheduler = schedule(Bells(), Periods(day, day, day, day, day), told.set_result, mishaps.append)

    async def fail() -> None:
        raise SystemExit("out of ideas")

    scheduler.add_job(fail)
    scheduler.start()
    try:
        assert str(await asyncio.wait_for(told, 5)) == "out of ideas"
        assert mishaps == ["failed"]
    finally:
        scheduler.shutdown(wait=False)


async def test_periods_are_followed_while_it_runs_and_one_that_stays_keeps_its_moment() -> None:
    day = timedelta(days=1)
    bells = Bells()
    scheduler = schedule(bells, Periods(day, day, day, day, day), ignore)
    scheduler.start()
    try:
        moment = scheduler.get_job("read").next_run_time
        follow(scheduler, Periods(timedelta(milliseconds=20), day, day, day, day))
        await asyncio.wait_for(bells.poll.wait(), 5)
        assert scheduler.get_job("read").next_run_time == moment
    finally:
        scheduler.shutdown(wait=False)
