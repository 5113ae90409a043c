"""The service at work: loops woken by ticks until a signal, or one turn of them."""

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from alerts.dispatch import Drained
from monitor.app.assembly import Service, assemble
from monitor.app.clock import REAL, Clocks, utcnow
from monitor.app.hangup import on_hangup
from monitor.app.lifeline import Lifeline
from monitor.app.log import logger
from monitor.app.observed import observed
from monitor.app.reloading import Reloads
from monitor.app.scrape import Scrape
from monitor.app.stopping import Stop
from monitor.app.systemd import Manager
from monitor.app.watchman import Watchman
from monitor.health import told as in_words
from monitor.house import keep_house
from monitor.jobs import Periods, follow, keep_time, schedule
from monitor.loops import forever
from monitor.records import Feed, MonitorError, Watch
from monitor.settings import Settings
from monitor.store import journal, meta

T = TypeVar("T")
# How long a silence is downtime: longer than a restart or an upgrade.
DOWNTIME = timedelta(minutes=15)
# The longest a start may take: a large store is brought up to date, and copied before. And what an end takes beside the
# grace: workers and the store's last transaction.
LONGEST_START, END = timedelta(hours=1), timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Once:
    """What one `parley run --once` did."""

    polled: Counter[str]
    read: Counter[str]
    delivered: Drained


async def serve(settings: Settings, watches: Sequence[Watch], first: Sequence[Feed], clocks: Clocks = REAL) -> None:
    """Run until SIGINT, SIGTERM or the end of the terminal; SIGHUP reloads. Raises the first exception of any loop or
    job."""
    manager, stop, hung_up = Manager.of(os.environ), Stop(), asyncio.Event()
    ended = partial(stop.ask, "the end of the terminal")
    hangups = on_hangup(asyncio.get_running_loop(), reload=hung_up.set, stop=ended)
    log = logger(settings.log_level, settings.log_format)
    with hangups, ExitStack() as ends, stop.signals():
        async with AsyncExitStack() as stack:
            with manager.patient(LONGEST_START):
                manager.status("starting")
                service = await _unless(stop, assemble(stack, settings, watches, first, log, clocks, reloads=True))
                if service is not None:
                    await _note_downtime(service)
                    await _live(service)
            if service is None:
                manager.stopping("stopping before the start was over")
                log.info("stopping", because=stop.by, waits_for="nothing: the start is broken off")
            else:
                service.store.endure(service.clocks.now, log)
                log.info("service started", feeds=len(service.book.now()), watches=[w.id for w in watches])
                await _work(service, manager, stop, hung_up, ends, await observed(stack, service))
        log.info("service stopped")


async def _unless(stop: Stop, starting: Coroutine[Any, Any, T]) -> T | None:
    """What `starting` comes to; None when it was broken off because somebody asked to stop."""
    task, stopping = asyncio.create_task(starting, name="start"), asyncio.create_task(stop.asked.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
    return None if task.cancelled() else task.result()


async def _work(
    service: Service, manager: Manager, stop: Stop, hung_up: asyncio.Event, ends: ExitStack, scrape: Scrape
) -> None:
    """The loops, until `stop` or the first of them fails; `ends` is closed when the service has stopped."""
    bells, pulse = service.bells, service.pulse
    if manager.watchdog is not None:
        # So that what hangs is started anew within twice the watchdog's time.
        pulse.margin = manager.watchdog / 2
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    often, fail = periods(service.settings, manager.watchdog), partial(_fail, failed)
    scheduler = schedule(bells, often, fail, service.meter.mishap)
    for bell in (bells.poll, bells.read, bells.deliver, bells.keep_house, bells.reread):
        bell.set()
    poll, read = partial(pulse.beat, "poll"), partial(pulse.beat, "read")
    watchman, lifeline = Watchman(service), Lifeline(service, manager)
    reloads = Reloads(
        service, partial(_follow, scheduler, manager), bell=hung_up, reloading=manager.reloading,
        ready=partial(_reloaded, service, manager, lifeline),
    )  # fmt: skip
    await reloads.start()
    tasks: list[asyncio.Task[Any]] = [
        asyncio.create_task(forever(bells.poll, service.poll, poll), name="poll"),
        asyncio.create_task(forever(bells.read, partial(service.read, read), read), name="read"),
        asyncio.create_task(service.dispatcher.run(bells.deliver), name="deliver"),
        asyncio.create_task(_house(service), name="keep house"),
        asyncio.create_task(forever(bells.watch, watchman.turn, lambda: None), name="watch"),
        asyncio.create_task(forever(reloads.bell, reloads.turn, lambda: None), name="reload"),
        asyncio.create_task(forever(bells.reread, service.rereader.turn, lambda: None), name="read again"),
    ]
    scheduler.start()
    tasks.append(asyncio.create_task(keep_time(scheduler, utcnow), name="keep time"))
    manager.ready(lifeline.line())
    tasks.append(asyncio.create_task(lifeline.run(), name="lifeline"))
    stopping = asyncio.create_task(stop.asked.wait(), name="stop")
    try:
        awaited: list[asyncio.Future[Any]] = [*tasks, stopping, failed]
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
    finally:
        scrape.stopping = True
        scheduler.shutdown(wait=False)
        ends.enter_context(manager.patient(service.settings.grace + END))
        _tell_end(service, manager, stop.by or "a loop failed")
        # What the store does not take now is left as after a kill: waiting for room would hold up the stop.
        service.store.hasten()
        await _end([*tasks, stopping], service)
    for ended in (*tasks, failed):
        if ended.done() and not ended.cancelled() and (error := ended.exception()) is not None:
            raise error


def _follow(scheduler: AsyncIOScheduler, manager: Manager, settings: Settings) -> None:
    """What hangs on settings outside the service's parts."""
    logger(settings.log_level, settings.log_format)
    follow(scheduler, periods(settings, manager.watchdog))


def _reloaded(service: Service, manager: Manager, lifeline: Lifeline) -> None:
    outcome = service.reloaded
    lifeline.unloaded = None if outcome.ok else outcome.at
    service.meter.reloaded(outcome.at, taken=outcome.ok)
    if outcome.ok:
        service.bells.reread.set()
    manager.ready(lifeline.line())


def _tell_end(service: Service, manager: Manager, because: str) -> None:
    sending, polls = service.dispatcher.under_way(), service.poller.under_way()
    grace = in_words(service.settings.grace)
    waits = f"up to {grace} for {sending} messages that are being sent" if sending else "nothing"
    manager.stopping(f"stopping; waits for {waits}")
    service.log.info(
        "stopping", because=because, waits_for=waits, polls_given_up=polls or None, at_once="by a second signal"
    )


async def once(settings: Settings, watches: Sequence[Watch], first: Sequence[Feed]) -> Once:
    """Poll what is due, read what is new, send what can be sent, and return."""
    log = logger(settings.log_level, settings.log_format)
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
        # One that a refused reload had put aside goes on.
        service.bells.reread.set()

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
    service.wrote = service.clocks.steady()


def periods(settings: Settings, watchdog: timedelta | None = None) -> Periods:
    """How often the bells ring: the watch at least as often as trouble is to be told, and life to be shown; each loop
    often enough that one with nothing to do comes round twice within the patience of `watchdog`."""
    usual = Periods()
    waits = [usual.watch, settings.notices.channel_after, settings.notices.queue_after]
    if settings.heartbeat.url is not None:
        waits.append(settings.heartbeat.every)
    watch = max(min(waits), timedelta(seconds=1))
    if watchdog is None:
        return replace(usual, watch=watch)
    loops = {name: min(getattr(usual, name), watchdog / 4) for name in ("poll", "read", "deliver")}
    return replace(usual, watch=watch, **loops)


async def _end(tasks: Sequence["asyncio.Task[Any]"], service: Service) -> None:
    """Nothing new begins, polls and pages are given up and due again, and what is being sent has its grace."""
    for task in tasks:
        task.cancel()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout((service.settings.grace + timedelta(seconds=2)).total_seconds()):
            await asyncio.gather(*tasks, service.poller.close(), return_exceptions=True)
