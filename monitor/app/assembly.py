"""Settings → the parts of a service, built in one straight line and torn down in the opposite order."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from alerts.dispatch import Dispatcher
from alerts.records import Alert, Channel
from alerts.retry import RetryPolicy
from alerts.rules import Mailing
from extractors.records import Article, Reading
from monitor import archive, feeds
from monitor.app.clock import REAL, Clocks
from monitor.app.feedbook import FeedBook
from monitor.app.heart import Heart
from monitor.app.web import fetcher_of, user_agent
from monitor.archive.recording import ArchiveError, Recorder
from monitor.faults import Faults
from monitor.fetch import Fetched
from monitor.intake import take_in
from monitor.jobs import Bells
from monitor.loops import Pulse
from monitor.mailing import release
from monitor.metrics import Meter
from monitor.notify import notify
from monitor.poller import Poller, PollLimits
from monitor.read import Reader, ReadLimits
from monitor.records import Feed, MonitorError, Watch
from monitor.robots import Robots
from monitor.settings import Settings
from monitor.store import feeds as stored_feeds
from monitor.store import meta, open_store
from monitor.store.events import Memo
from monitor.store.lock import RunLock
from monitor.store.outbox import StoreOutbox
from monitor.store.soundness import look_at_start
from monitor.store.threads import StoreThread
from monitor.traces import trace_of
from monitor.trouble import hearers
from monitor.workers import Patience, WorkerFailure, Workers

# A loop that hangs for so long is told to people; by then a service manager should have started the service anew.
STUCK = timedelta(minutes=15)


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
    recorder: Recorder | None
    pulse: Pulse
    heart: Heart
    workers: Workers
    lock: RunLock
    meter: Meter
    clocks: Clocks = REAL
    bells: Bells = field(default_factory=Bells)
    wrote: timedelta | None = None
    """When the store last took a sign of life, by the steady clock."""

    def notified(self) -> tuple[str, ...]:
        """Who hears of trouble."""
        own = self.settings
        return tuple(own.mailing.recipients) if own.notices.to is None else own.notices.to

    async def poll(self) -> None:
        """Take up changed feeds and set off for those that are due."""
        # Off the loop: 10,000 feeds take 3.5 s to read (measured).
        if await asyncio.to_thread(self.book.changed):
            await self.sync()
        await self.poller.set_off()

    async def read(self, beat: Callable[[], None] = lambda: None) -> Counter[str]:
        """Read what the polls brought, waking the delivery at every article that alerts; `beat` tells of progress."""
        return await self.reader.drain(beat)

    async def notify(self) -> None:
        """Tell the operator of sources that have been bad for long, and of those that are well again."""
        now, configured, own = self.clocks.now(), self.book.now(), self.settings
        down = [name for name, health in self.dispatcher.channels().items() if health.state != "closed"]
        targets = {name: each.target for name, each in own.mailing.recipients.items()}
        to, _ = hearers(self.notified(), targets, down)
        told = await self.store.run(
            lambda tx: notify(tx, configured, to=to, after=own.notices.after, mailing=own.mailing, now=now)
        )
        for notice in told:
            self.log.warning(
                "notice",
                trace=trace_of(notice.id, notice.decided),
                title=notice.title,
                alert_id=notice.id,
                recipients=list(to),
                sources=[fact.value for fact in notice.facts],
            )
        if told:
            self.bells.deliver.set()

    async def sync(self) -> None:
        now = self.clocks.now()
        configured = tuple(self.book.now().values())
        await self.store.run(lambda tx: stored_feeds.sync(tx, configured, now))


async def assemble(
    stack: AsyncExitStack,
    settings: Settings,
    watches: Sequence[Watch],
    first: Sequence[Feed],
    log: FilteringBoundLogger,
    clocks: Clocks = REAL,
) -> Service:
    """Open and build everything; `stack` closes it in the opposite order. Raises MonitorError with the reason."""
    utcnow, steady = clocks.now, clocks.steady
    store = open_store(settings.store_url.get_secret_value())
    stack.callback(store.close)
    lock = stack.enter_context(RunLock(store, now=utcnow(), version=version("parley")))
    look_at_start(store, crashed=lock.crashed)
    meter = Meter(version("parley"))
    meter.reloaded(utcnow(), taken=True)
    meter.channels(settings.channels)
    # Closed when the store's thread has ended, which may still write to it.
    archives = stack.enter_context(ExitStack())
    thread = StoreThread(store)
    stack.callback(thread.close)
    workers = Workers(
        [watch.names for watch in watches],
        count=settings.workers.count,
        memory=settings.workers.memory,
        patience=Patience(
            settings.workers.feed_timeout, settings.workers.page_timeout, settings.workers.claims_timeout
        ),
        # What a page made its libraries say may hold its text.
        said=lambda line: log.debug("worker said", line=line),
    )
    stack.push_async_callback(workers.close)
    book = FeedBook(settings, first, log)
    families = feeds.load_families(settings.home / feeds.FAMILIES)
    if isinstance(families, Faults):
        raise MonitorError(str(families))
    begun = await begin(watches, thread, workers, families, log, utcnow())
    channels: dict[str, Channel] = {}
    for name, each in settings.channels.items():
        channels[name] = each.channel(name, utcnow)
        stack.push_async_callback(channels[name].close)
    recorder = await _recorder(settings, thread, begun, log)
    if recorder is not None:
        archives.callback(recorder.close)
        thread.follow(recorder)
    digest = partial(_digest_told, log)
    outbox = StoreOutbox(thread, lambda tx, now: release(tx, settings.mailing, now, digest))
    policy = RetryPolicy(give_up_after=settings.give_up_after)
    fetcher = fetcher_of(settings)
    began = {watch.id: watch.rings.began or utcnow() for watch in begun}
    bells = Bells()
    # Whoever waits for the store is not stuck, and a restart would forget what it has to write down.
    pulse = Pulse(("poll", "read", "deliver"), STUCK, steady, excused=lambda: thread.stalled is not None)
    reader = Reader(
        fetcher=fetcher,
        workers=workers,
        store=thread,
        watches=begun,
        mailing=settings.mailing,
        feeds=book.now,
        memo=Memo(),
        alerted=bells.deliver.set,
        clock=utcnow,
        log=log,
        robots=Robots(fetcher, utcnow) if settings.polling.robots else None,
        recorder=recorder,
        at_work=partial(pulse.work, "read"),
        limits=ReadLimits(settings.polling.page_bytes, settings.polling.page_deadline, settings.polling.pages_abreast),
        meter=meter,
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
        news=bells.read.set,
        clock=utcnow,
        log=log,
        limits=PollLimits(
            abreast=settings.polling.feeds_abreast,
            feed_bytes=settings.polling.feed_bytes,
            feed_deadline=settings.polling.feed_deadline,
        ),
        recorder=_Careful(recorder, thread, log) if recorder else None,
        at_work=partial(pulse.work, "poll"),
        polled=meter.polled,
    )
    stack.push_async_callback(poller.close)
    sending = partial(pulse.beat, "deliver")
    kinds = {name: each.kind for name, each in settings.channels.items()}
    dispatcher = Dispatcher(
        outbox, channels, utcnow, policy, log, grace=settings.grace, progress=sending, kinds=kinds,
        at_work=partial(pulse.doing, "deliver"), attempted=meter.attempted,
    )  # fmt: skip
    heart = Heart(settings.heartbeat, user_agent(settings.contact), steady, log)
    stack.push_async_callback(heart.close)
    service = Service(
        settings,
        log,
        book,
        thread,
        outbox,
        dispatcher,
        poller,
        reader,
        recorder,
        pulse,
        heart,
        workers,
        lock,
        meter,
        clocks,
        bells,
    )
    await service.sync()
    return service


def _digest_told(log: FilteringBoundLogger, alert: Alert, recipient: str, members: Sequence[str]) -> None:
    log.info(
        "alert",
        trace=trace_of(alert.id, alert.decided),
        alert_id=alert.id,
        event_id=alert.event_id,
        reason=alert.reason,
        recipients=[recipient],
        of=list(members),
    )


@dataclass(frozen=True, slots=True)
class _Careful:
    """The archive as polls write to it: one that cannot be written is told in the log, and costs no news."""

    recorder: Recorder
    store: StoreThread
    log: FilteringBoundLogger

    def feed(self, answer: Fetched, *, feed_url: str, now: datetime) -> None:
        try:
            self.recorder.feed(answer, feed_url=feed_url, now=now)
        except ArchiveError as error:
            if self.store.stalled is None:
                self.log.error("not archived", error=str(error))


async def _recorder(
    settings: Settings, store: StoreThread, watches: Sequence[Watch], log: FilteringBoundLogger
) -> Recorder | None:
    """The archive's, unless the operator keeps none; it tells first when each watch began."""
    if not settings.keep.archive:
        return None
    committed = await store.query(lambda tx: meta.get(tx, meta.ARCHIVED))
    recorder = Recorder(settings.archive, program=f"Parley {version('parley')}", committed=committed)
    try:
        for watch in watches:
            assert watch.rings.began is not None
            recorder.began(watch.id, watch.rings.began, [story.name for story in watch.baseline])
    except ArchiveError as error:
        # Like every record that cannot be written: an archive must cost no alert.
        log.error("not archived", error=str(error))
    return recorder


async def begin(
    watches: Sequence[Watch],
    store: StoreThread,
    workers: Workers,
    families: Mapping[str, str],
    log: FilteringBoundLogger,
    now: datetime,
) -> tuple[Watch, ...]:
    """The watches with the moment they began. One that starts for the first time reads its baseline stories first."""
    return tuple([await _begin(watch, store, workers, families, log, now) for watch in watches])


async def _begin(
    watch: Watch,
    store: StoreThread,
    workers: Workers,
    families: Mapping[str, str],
    log: FilteringBoundLogger,
    now: datetime,
) -> Watch:
    # Feeds date to the second: an article of the very second in which the watch begins is not from before it.
    now = now.replace(microsecond=0)
    moment = await store.query(lambda tx: meta.watch_began(tx, watch.id))
    if moment is None:
        told = archive.load(watch.baseline)
        for problem in told.problems:
            log.error("baseline story not read", watch=watch.id, problem=problem)
        read: list[tuple[Article, Reading]] = []
        for saved in told.articles:
            article = replace(saved.article, seen=now)
            reading = await workers.read(article)
            if isinstance(reading, WorkerFailure):
                raise MonitorError(f"{saved.where}: the baseline story could not be read: {reading.detail}")
            read.append((article, reading))
        moment = await store.run(lambda tx: _take_baseline(tx, watch, read, families, now))
        log.info("watch begins", watch=watch.id, baseline=len(told.articles))
    return replace(watch, rings=replace(watch.rings, began=moment))


def _take_baseline(
    tx: Connection,
    watch: Watch,
    read: Sequence[tuple[Article, Reading]],
    families: Mapping[str, str],
    now: datetime,
) -> datetime:
    """The watch begins and knows its stories, or neither: half of them, after a crash, would be taken for all."""
    for article, reading in read:
        family = feeds.family_of(article.outlet, families)
        take_in(tx, article, reading, watches=(watch,), family=family, mailing=Mailing(), now=now, baseline=True)
    return meta.begin_watch(tx, watch.id, now)
