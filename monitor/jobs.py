"""The few jobs of the scheduler: each only rings a bell that wakes a loop; due times are in the database.

No job per feed, no work inside a job (DESIGN §2). A job that fails all the same ends the process: APScheduler 3 would
log the error, swallow even SystemExit, and go on as if nothing had happened.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    SchedulerEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler


@dataclass(frozen=True, slots=True)
class Bells:
    """What the jobs ring, and what others ring when they know better: a read alert wakes the delivery at once."""

    poll: asyncio.Event = field(default_factory=asyncio.Event)
    read: asyncio.Event = field(default_factory=asyncio.Event)
    deliver: asyncio.Event = field(default_factory=asyncio.Event)
    keep_house: asyncio.Event = field(default_factory=asyncio.Event)
    watch: asyncio.Event = field(default_factory=asyncio.Event)
    reread: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Periods:
    """How often each bell rings by itself."""

    poll: timedelta = timedelta(seconds=1)
    read: timedelta = timedelta(seconds=15)
    deliver: timedelta = timedelta(seconds=5)
    keep_house: timedelta = timedelta(hours=1)
    watch: timedelta = timedelta(seconds=30)


MISHAPS = {EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "overlapped", EVENT_JOB_ERROR: "failed"}
"""What may go wrong with a tick."""


def schedule(
    bells: Bells,
    periods: Periods,
    fail: Callable[[BaseException], None],
    mishap: Callable[[str], None] = lambda *_: None,
) -> AsyncIOScheduler:
    """A scheduler, not yet started, that rings the bells; `fail` is told the exception of a job that failed, and
    `mishap` of every tick that was missed, overlapped another or failed."""
    # misfire_grace_time: its default of one second drops a run that a busy loop delays (agronholm/apscheduler#292).
    scheduler = AsyncIOScheduler(job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1})

    def report(event: JobExecutionEvent) -> None:
        fail(event.exception)

    def count(event: SchedulerEvent) -> None:
        mishap(MISHAPS[event.code])

    scheduler.add_listener(report, EVENT_JOB_ERROR)
    scheduler.add_listener(count, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
    for name in ("poll", "read", "deliver", "keep_house", "watch"):
        scheduler.add_job(
            _ring, "interval", args=[getattr(bells, name)], seconds=getattr(periods, name).total_seconds(), id=name
        )
    return scheduler


def follow(scheduler: AsyncIOScheduler, periods: Periods) -> None:
    """Ring so often from now on; what rings as often as before keeps its moment."""
    for job in scheduler.get_jobs():
        wanted = getattr(periods, job.id)
        if job.trigger.interval != wanted:
            job.reschedule("interval", seconds=wanted.total_seconds())


async def keep_time(
    scheduler: AsyncIOScheduler, clock: Callable[[], datetime], look: timedelta = timedelta(seconds=1)
) -> None:
    """Ring on when the clock was set back, until cancelled: the scheduler would wait until it has caught up. `clock` is
    the one that it goes by, aware UTC."""
    while True:
        await asyncio.sleep(look.total_seconds())
        for job in scheduler.get_jobs():
            now = clock()
            if job.next_run_time - now > 2 * job.trigger.interval:
                job.modify(next_run_time=now)


async def _ring(bell: asyncio.Event) -> None:
    """A coroutine, so that the bell rings on the event loop and not in the scheduler's thread pool."""
    bell.set()
