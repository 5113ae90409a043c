"""The composition root: settings → a running service. The only place that reads the real clock.

What is built is built here, in one straight line, and torn down in the opposite order. An exception that reaches this
far ends the process with its reason; feeds, pages and channels that fail never get here (DESIGN §2).
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger

from alerts.channels.console import ConsoleChannel
from alerts.channels.email import EmailChannel, EmailConfig
from alerts.channels.slack import SlackChannel, SlackConfig
from alerts.channels.slack_webhook import SlackWebhookChannel, SlackWebhookConfig
from alerts.compose import render
from alerts.dispatch import Dispatcher, Drained
from alerts.records import Alert, Channel, Delivery, Outcome, Source, Target
from alerts.retry import RetryPolicy
from monitor import archive, feeds
from monitor.faults import Faults
from monitor.fetch import Fetched, Fetcher, FetchFailure, NotModified
from monitor.intake import Mailing, take_in
from monitor.jobs import Bells, Periods, schedule
from monitor.loops import Poller, PollLimits, Pulse, forever, keep_house
from monitor.read import PAGES, Reader, ReadLimits
from monitor.records import Feed, MonitorError, Watch
from monitor.settings import (
    ChannelSettings,
    ConsoleSettings,
    EmailSettings,
    Settings,
    SlackSettings,
    SlackWebhookSettings,
)
from monitor.store import feeds as stored_feeds
from monitor.store import meta, open_store
from monitor.store.events import Memo
from monitor.store.lock import RunLock
from monitor.store.outbox import StoreOutbox
from monitor.store.threads import StoreThread
from monitor.workers import WorkerFailure, Workers

# What is under way when the service is told to stop gets this long; systemd and people wait 5 s in all.
GRACE = timedelta(seconds=3)
# A loop that has not come round for this long is stuck: the longest turn is a page deadline after a host's queue.
PATIENCE = timedelta(minutes=15)
# Outcomes of a poll that are no failure.
FINE = frozenset({"read", "not modified"})


def utcnow() -> datetime:
    """Now, as aware UTC."""
    return datetime.now(UTC)


def user_agent(contact: str | None) -> str:
    """Who asks, and how to reach them (reference: polling 21)."""
    return f"Parley/{version('parley')} (+{contact or 'feed monitor; the operator gave no contact'})"


def logger(level: str) -> FilteringBoundLogger:
    """One line per decision on stderr, key=value."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event"), drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through the standard library's logging; only their warnings concern an operator.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    log: FilteringBoundLogger = structlog.get_logger()
    return log


def channel(name: str, settings: ChannelSettings) -> Channel:
    """The channel that an operator's settings describe."""
    match settings:
        case ConsoleSettings():
            return ConsoleChannel(name, sys.stdout)
        case EmailSettings():
            password = settings.password.get_secret_value() if settings.password else None
            return EmailChannel(
                name,
                EmailConfig(
                    settings.host,
                    settings.port,
                    settings.sender.rsplit("<", 1)[-1].rstrip("> "),
                    settings.security,
                    settings.username,
                    password,
                    settings.ca_file,
                ),
            )
        case SlackSettings():
            token = settings.token.get_secret_value()
            config = SlackConfig(token, cafile=settings.ca_file)
            return SlackChannel(name, replace(config, base_url=settings.base_url) if settings.base_url else config)
        case SlackWebhookSettings():
            return SlackWebhookChannel(
                name, SlackWebhookConfig(settings.url.get_secret_value(), cafile=settings.ca_file)
            )


class FeedBook:
    """The configured feeds, read again when config/feeds.yaml changes; a faulty edit keeps what was there."""

    def __init__(self, settings: Settings, first: Sequence[Feed], log: FilteringBoundLogger) -> None:
        self._settings, self._log = settings, log
        self._files = (settings.home / feeds.FEEDS, settings.home / feeds.FAMILIES)
        self._stamp = self._stamps()
        self._feeds = self._by_url(first)

    def now(self) -> Mapping[str, Feed]:
        return self._feeds

    def changed(self) -> bool:
        """Whether the file was edited since the last look, and what it says now is in force."""
        stamp = self._stamps()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        loaded = feeds.load(*self._files)
        if not isinstance(loaded, tuple):
            for fault in loaded:
                self._log.error("feeds not taken up", fault=str(fault))
            return False
        self._feeds = self._by_url(loaded)
        self._log.info("feeds taken up", feeds=len(self._feeds))
        return True

    def _by_url(self, loaded: Sequence[Feed]) -> dict[str, Feed]:
        usual = self._settings.polling.interval
        default = None if usual == type(self._settings.polling)().interval else usual
        return {feed.url: replace(feed, interval=feed.interval or default) for feed in loaded}

    def _stamps(self) -> tuple[tuple[int, int] | None, ...]:
        stamps: list[tuple[int, int] | None] = []
        for file in self._files:
            try:
                stat = file.stat()
                stamps.append((stat.st_mtime_ns, stat.st_size))
            except OSError:
                stamps.append(None)
        return tuple(stamps)


@dataclass(slots=True)
class Service:
    """The parts of a running service, built by `assemble`."""

    settings: Settings
    log: FilteringBoundLogger
    book: FeedBook
    store: StoreThread
    outbox: StoreOutbox
    dispatcher: Dispatcher
    poller: Poller
    reader: Reader
    bells: Bells = field(default_factory=Bells)

    async def poll(self) -> Counter[str]:
        """Take up changed feeds, poll those that are due, and wake the reader if there is news."""
        if self.book.changed():
            await self.sync()
        counts = await self.poller.drain()
        if counts["new"]:
            self.bells.read.set()
        return counts

    async def read(self) -> Counter[str]:
        """Read what the polls brought, waking the delivery at every article that alerts."""
        return await self.reader.drain()

    async def sync(self) -> None:
        now = utcnow()
        configured = tuple(self.book.now().values())
        await self.store.run(lambda tx: stored_feeds.sync(tx, configured, now))


@dataclass(frozen=True, slots=True)
class Once:
    """What one `parley run --once` did."""

    polled: Counter[str]
    read: Counter[str]
    delivered: Drained


async def assemble(
    stack: AsyncExitStack,
    settings: Settings,
    watches: Sequence[Watch],
    first: Sequence[Feed],
    log: FilteringBoundLogger,
) -> Service:
    """Open and build everything; `stack` closes it in the opposite order. Raises MonitorError with the reason."""
    store = open_store(settings.store_url.get_secret_value())
    stack.callback(store.close)
    stack.enter_context(RunLock(store, now=utcnow()))
    thread = StoreThread(store)
    stack.callback(thread.close)
    workers = Workers(
        [watch.names for watch in watches],
        count=settings.workers.count,
        memory=settings.workers.memory,
        patience=settings.workers.page_timeout,
    )
    stack.push_async_callback(workers.close)
    book = FeedBook(settings, first, log)
    mailing = Mailing(settings.routes, settings.targets, settings.senders, settings.domain)
    families = feeds.load_families(settings.home / feeds.FAMILIES)
    if isinstance(families, Faults):
        raise MonitorError(str(families))
    begun = await begin(watches, thread, workers, families, log)
    channels: dict[str, Channel] = {}
    for name, each in settings.channels.items():
        channels[name] = channel(name, each)
        stack.push_async_callback(channels[name].close)
    outbox = StoreOutbox(thread)
    policy = RetryPolicy(give_up_after=settings.give_up_after)
    fetcher = Fetcher(user_agent=user_agent(settings.contact), clock=utcnow, gap=settings.polling.host_gap)
    began = {watch.id: watch.rings.began or utcnow() for watch in begun}
    bells = Bells()
    reader = Reader(
        fetcher=fetcher,
        workers=workers,
        store=thread,
        watches=begun,
        mailing=mailing,
        feeds=book.now,
        memo=Memo(),
        alerted=bells.deliver.set,
        clock=utcnow,
        log=log,
        limits=ReadLimits(settings.polling.page_bytes, settings.polling.page_deadline, settings.polling.pages_abreast),
    )
    poller = Poller(
        fetcher=fetcher,
        workers=workers,
        store=thread,
        configured=book.now,
        began=lambda feed: min(
            (at for watch, at in began.items() if not feed.watches or watch in feed.watches), default=utcnow()
        ),
        max_age=max(watch.rings.max_age for watch in begun),
        clock=utcnow,
        log=log,
        limits=PollLimits(
            abreast=settings.polling.feeds_abreast,
            feed_bytes=settings.polling.feed_bytes,
            feed_deadline=settings.polling.feed_deadline,
        ),
    )
    dispatcher = Dispatcher(outbox, channels, utcnow, policy, log, grace=GRACE)
    service = Service(settings, log, book, thread, outbox, dispatcher, poller, reader, bells)
    await service.sync()
    return service


async def begin(
    watches: Sequence[Watch],
    store: StoreThread,
    workers: Workers,
    families: Mapping[str, str],
    log: FilteringBoundLogger,
) -> tuple[Watch, ...]:
    """The watches with the moment they began. One that starts for the first time reads its baseline stories first."""
    return tuple([await _begin(watch, store, workers, families, log) for watch in watches])


async def _begin(
    watch: Watch, store: StoreThread, workers: Workers, families: Mapping[str, str], log: FilteringBoundLogger
) -> Watch:
    now = utcnow()
    moment = await store.query(lambda tx: meta.watch_began(tx, watch.id))
    if moment is None:
        told = archive.load(watch.baseline)
        for problem in told.problems:
            log.error("baseline story not read", watch=watch.id, problem=problem)
        for saved in told.articles:
            article = replace(saved.article, seen=now)
            reading = await workers.read(article)
            if isinstance(reading, WorkerFailure):
                raise MonitorError(f"{saved.where}: the baseline story could not be read: {reading.detail}")
            known = partial(
                take_in,
                article=article,
                reading=reading,
                watches=(watch,),
                family=feeds.family_of(article.outlet, families),
                mailing=Mailing(),
                now=now,
                baseline=True,
            )
            await store.run(known)
        moment = await store.run(lambda tx: meta.begin_watch(tx, watch.id, now))
        log.info("watch begins", watch=watch.id, baseline=len(told.articles))
    return replace(watch, rings=replace(watch.rings, began=moment))


async def serve(settings: Settings, watches: Sequence[Watch], first: Sequence[Feed]) -> None:
    """Run until SIGINT or SIGTERM. Raises the first exception of any loop or job."""
    log = logger(settings.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        service = await assemble(stack, settings, watches, first, log)
        log.info("service started", feeds=len(service.book.now()), watches=[w.id for w in watches])
        failed: asyncio.Future[None] = loop.create_future()
        scheduler = schedule(service.bells, Periods(), lambda error: _fail(failed, error))
        for bell in (service.bells.poll, service.bells.read, service.bells.deliver):
            bell.set()
        pulse = Pulse(("poll", "read"), PATIENCE, utcnow)
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(forever(service.bells.poll, service.poll, lambda: pulse.beat("poll")), name="poll"),
            asyncio.create_task(forever(service.bells.read, service.read, lambda: pulse.beat("read")), name="read"),
            asyncio.create_task(service.dispatcher.run(service.bells.deliver), name="deliver"),
            asyncio.create_task(_house(service), name="keep house"),
            asyncio.create_task(_watch(service, pulse), name="watch"),
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
        polled = await service.poll()
        read = await service.read()
        await service.outbox.recover(utcnow())
        return Once(polled, read, await service.dispatcher.drain())


async def page(url: str, contact: str | None) -> Fetched | FetchFailure:
    """One page, as the service would fetch it."""
    fetcher = Fetcher(user_agent=user_agent(contact), clock=utcnow)
    limits = ReadLimits()
    got = await fetcher.get(url, cap=limits.page_bytes, deadline=limits.page_deadline, accept=PAGES)
    return (
        FetchFailure("protocol", "answered 304 to a request without validators")
        if isinstance(got, NotModified)
        else got
    )


async def send_test(settings: Settings, recipients: Sequence[str]) -> list[tuple[Target, Outcome]]:
    """A test alert to each recipient by its channel, outside the outbox; what came of each."""
    now = utcnow()
    source = Source("https://example.org/test", "A test of the way to you", "parley", "parley", now, now)
    outcomes = []
    for name in recipients:
        target = settings.targets[name]
        made = f"test-{now:%Y%m%d%H%M%S}-{name}"
        alert = Alert(
            id=made,
            reason="test",
            watch="test",
            kind="test",
            status="planned",
            event_id=made,
            title="Test: alerts of Parley reach you here",
            date=None,
            place=None,
            ordinal=None,
            series=None,
            counts={},
            parties=(),
            source=source,
            quotes=(),
            articles=1,
            families=1,
            rules=("test-alert",),
            decided=now,
        )
        sender = settings.senders.get(target.channel)
        payload = render(alert, target, delivery_id=made, domain=settings.domain, sender=sender, earlier=False)
        used = channel(target.channel, settings.channels[target.channel])
        try:
            outcomes.append((target, await used.send(Delivery(made, made, made, target, payload, now))))
        finally:
            await used.close()
    return outcomes


def _fail(failed: "asyncio.Future[None]", error: BaseException) -> None:
    if not failed.done():
        # A SystemExit set on a future would be raised into the event loop itself.
        failed.set_exception(error if isinstance(error, Exception) else MonitorError(f"a job ended with {error!r}"))


async def _house(service: Service) -> None:
    async def turn() -> None:
        await keep_house(service.store, utcnow(), service.log)

    await forever(service.bells.keep_house, turn, lambda: None)


async def _watch(service: Service, pulse: Pulse) -> None:
    async def turn() -> None:
        for name, since in pulse.late():
            service.log.error("loop is stuck", loop=name, seconds=int(since.total_seconds()))

    await forever(service.bells.watch, turn, lambda: None)


async def _end(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout((GRACE + timedelta(seconds=1)).total_seconds()):
            await asyncio.gather(*tasks, return_exceptions=True)
