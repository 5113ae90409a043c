"""The service at work: loops woken by ticks until a signal, or one turn of them."""

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from alerts.dispatch import Drained
from monitor.app.assembly import GRACE, Service, assemble
from monitor.app.clock import REAL, Clocks
from monitor.app.hangup import on_hangup
from monitor.app.log import logger
from monitor.app.reloading import Reloads
from monitor.app.watchman import Watchman
from monitor.house import keep_house
from monitor.jobs import Periods, follow, schedule
from monitor.loops import forever
from monitor.records import Feed, MonitorError, Watch
from monitor.settings import Settings
from monitor.store import journal, meta

# Outcomes of a poll that are no failure.
FINE = frozenset({"read", "not modified", "same body"})
# How long a silence is downtime: longer than a restart or an upgrade.
DOWNTIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Once:
    """What one `parley run --once` did."""

    polled: Counter[str]
    read: Counter[str]
    delivered: Drained


async def serve(settings: Settings, watches: Sequence[Watch], first: Sequence[Feed], clocks: Clocks = REAL) -> None:
    """Run until SIGINT, SIGTERM or the end of the terminal; SIGHUP reloads. Raises the first exception of any loop or
    job."""
    log = logger(settings.log_level)
    stop, hung_up = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    on_hangup(loop, reload=hung_up.set, stop=stop.set)
    async with AsyncExitStack() as stack:
        service = await assemble(stack, settings, watches, first, log, clocks, reloads=True)
        await _note_downtime(service)
        await _live(service)
        log.info("service started", feeds=len(service.book.now()), watches=[w.id for w in watches])
        failed: asyncio.Future[None] = loop.create_future()
        scheduler = schedule(service.bells, periods(settings), lambda error: _fail(failed, error))
        for bell in (service.bells.poll, service.bells.read, service.bells.deliver, service.bells.keep_house):
            bell.set()
        reloads = Reloads(service, partial(_follow, scheduler), bell=hung_up)
        await reloads.start()
        poll, read = partial(service.pulse.beat, "poll"), partial(service.pulse.beat, "read")
        watchman = Watchman(service)
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(forever(service.bells.poll, service.poll, poll), name="poll"),
            asyncio.create_task(forever(service.bells.read, partial(service.read, read), read), name="read"),
            asyncio.create_task(service.dispatcher.run(service.bells.deliver), name="deliver"),
            asyncio.create_task(_house(service), name="keep house"),
            asyncio.create_task(forever(service.bells.watch, watchman.turn, lambda: None), name="watch"),
            asyncio.create_task(forever(reloads.bell, reloads.turn, lambda: None), name="reload"),
        ]
        scheduler.start()
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            ends: list[asyncio.Future[Any]] = [*tasks, stopping, failed]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            scheduler.shutdown(wait=False)
            await _end([*tasks, stopping])
        for ended in (*tasks, failed):
            if ended.done() and not ended.cancelled() and (error := ended.exception()) is not None:
                raise error
        log.info("service stopped")


async def once(settings: Settings, watches: Sequence[Watch], first: Sequence[Feed]) -> Once:
    """Poll what is due, read what is new, send what can be sent, and return."""
    log = logger(settings.log_level)
    async with AsyncExitStack() as stack:
        service = await assemble(stack, settings, watches, first, log)
        await service.poller.drain()
        read = await service.read()
        await service.outbox.recover(service.clocks.now())
        return Once(service.poller.counts, read, await service.dispatcher.drain())


def _fail(failed: "asyncio.Future[None]", error: BaseException) -> None:
    if not failed.done():
        # A SystemExit set on a future would be raised into the event loop itself.
        failed.set_exception(error if isinstance(error, Exception) else MonitorError(f"a job ended with {error!r}"))


async def _house(service: Service) -> None:
    async def turn() -> None:
        own, recorder = service.settings, service.recorder
        writing = recorder.path if recorder else None
        await keep_house(service.store, own.keep, own.archive, service.clocks.now(), service.log, open_file=writing)
        await service.notify()

    await forever(service.bells.keep_house, turn, lambda: None)


async def _note_downtime(service: Service) -> None:
    """Write down since when the service did not run: gaps of single feeds show at their next polls."""
    now = service.clocks.now()
    last = await service.store.query(lambda tx: meta.get(tx, meta.ALIVE))
    since = datetime.fromisoformat(last) if last else now
    if now - since > DOWNTIME:
        detail = "the service did not run; feeds that hold less than this span of news may lack some of it"
        line = journal.Line(now, "downtime", None, since, now, detail)
        await service.store.run(lambda tx: journal.write(tx, line))
        service.log.warning(
            "downtime", since=since.isoformat(timespec="seconds"), until=now.isoformat(timespec="seconds")
        )


async def _live(service: Service) -> None:
    now = service.clocks.now().isoformat()
    await service.store.run(lambda tx: meta.put(tx, meta.ALIVE, now))


def periods(settings: Settings) -> Periods:
    """How often the bells ring: the watch at least as often as trouble is to be told, and life to be shown."""
    usual = Periods()
    waits = [usual.watch, settings.notices.channel_after, settings.notices.queue_after]
    if settings.heartbeat.url is not None:
        waits.append(settings.heartbeat.every)
    return replace(usual, watch=max(min(waits), timedelta(seconds=1)))


def _follow(scheduler: AsyncIOScheduler, settings: Settings) -> None:
    """What hangs on settings outside the service's parts."""
    logger(settings.log_level)
    follow(scheduler, periods(settings))


async def _end(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout((GRACE + timedelta(seconds=1)).total_seconds()):
            await asyncio.gather(*tasks, return_exceptions=True)
