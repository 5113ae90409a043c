"""Settings → the parts of a service, built in one straight line and torn down in the opposite order.

What lasts is built once; what a configuration decides (`monitor.app.given`) is handed to it, and may be again.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib.metadata import version

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from alerts.dispatch import Dispatcher
from alerts.records import Channel
from alerts.retry import RetryPolicy
from monitor.app.clock import REAL, Clocks
from monitor.app.feedbook import FeedBook
from monitor.app.given import Given, Lasting, prepare, processes
from monitor.app.heart import Heart
from monitor.archive.recording import Recorder
from monitor.jobs import Bells
from monitor.loops import Pulse
from monitor.metrics import Meter
from monitor.notify import notify
from monitor.poller import Poller
from monitor.read import Reader
from monitor.records import Feed, Watch
from monitor.reread import Rereader
from monitor.robots import Robots
from monitor.settings import Settings
from monitor.store import feeds as stored_feeds
from monitor.store import open_store, rereads
from monitor.store.events import Memo
from monitor.store.lock import RunLock
from monitor.store.outbox import StoreOutbox
from monitor.store.reloads import Reloaded
from monitor.store.soundness import look_at_start
from monitor.store.threads import StoreThread
from monitor.traces import trace_of
from monitor.trouble import hearers
from monitor.workers import Workers

# A loop that hangs for so long is told to people; by then a service manager should have started the service anew.
STUCK = timedelta(minutes=15)


@dataclass(slots=True)
class Service:
    """The parts of a running service, built by `assemble`. `given` is the configuration in force.

    `reloaded` is what the last reload came to, or the start. `leaving` are parts that were taken out of use and are
    closed when the last of their work has ended.
    """

    lasting: Lasting
    given: Given
    outbox: StoreOutbox
    dispatcher: Dispatcher
    poller: Poller
    reader: Reader
    rereader: Rereader
    robots: Robots
    pulse: Pulse
    reloaded: Reloaded
    lock: RunLock
    meter: Meter
    bells: Bells = field(default_factory=Bells)
    leaving: "set[asyncio.Task[None]]" = field(default_factory=set)
    wrote: timedelta | None = None
    """When the store last took a sign of life, by the steady clock."""

    @property
    def settings(self) -> Settings:
        return self.given.settings

    @property
    def book(self) -> FeedBook:
        return self.given.book

    @property
    def heart(self) -> Heart:
        return self.given.heart

    @property
    def recorder(self) -> Recorder | None:
        return self.given.recorder

    @property
    def workers(self) -> Workers:
        return self.lasting.workers

    @property
    def store(self) -> StoreThread:
        return self.lasting.store

    @property
    def log(self) -> FilteringBoundLogger:
        return self.lasting.log

    @property
    def clocks(self) -> Clocks:
        return self.lasting.clocks

    def notified(self) -> tuple[str, ...]:
        """Who hears of trouble."""
        return self.given.notified()

    def use(self, given: Given) -> None:
        """Put another configuration in force, in one step: no loop has a turn in between.

        A transaction in the store's thread goes by what it finds at its beginning, in one record (`Reader`, `Poller`).
        """
        before, self.given, own = self.given, given, given.settings
        workers = self.lasting.workers
        workers.use([watch.names for watch in given.watches])
        workers.resize(**processes(own))
        given.fetcher.hand_over(own.polling.host_gap)
        self.robots.use(given.fetcher)
        self.reader.use(**given.reading(self.robots))
        self.poller.use(**given.polling(self.lasting))
        self.rereader.use(given.watches, given.book.now, given.wish)
        was = before.settings.mailing.recipients
        others = [name for name, each in own.mailing.recipients.items() if was.get(name, each) != each]
        self.outbox.use(given.releasing(self.log), others)
        policy = RetryPolicy(give_up_after=own.give_up_after)
        retired = self.dispatcher.use(given.channels, given.kinds(), policy, grace=own.grace)
        self.meter.channels(own.channels)
        for channel in retired:
            self._leaves(partial(self._end_channel, channel))
        if before.heart is not given.heart:
            self._leaves(before.heart.close)
        if (recorder := before.recorder) is not None and recorder is not given.recorder:
            # Behind the last transaction that may write to it.
            self._leaves(partial(self._end_recorder, recorder))
        if given.recorder is not None and given.recorder is not before.recorder:
            self.store.follow(given.recorder)
        for bell in (self.bells.poll, self.bells.read, self.bells.deliver, self.bells.watch):
            bell.set()

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
        """Have the store follow the feeds in force. A reload meanwhile has the last word on which those are."""
        now = self.clocks.now()

        def work(tx: Connection) -> FeedBook:
            book = self.book
            stored_feeds.sync(tx, tuple(book.now().values()), now)
            return book

        # Between a reload's transaction and its `use` the feeds of before are still in force here: those that it
        # brought would be put to sleep, and nothing would wake them.
        while await self.store.run(work) is not self.book:
            pass

    async def close(self) -> None:
        """Close what the configuration in force has open, and what is leaving, as it stands."""
        for task in self.leaving:
            task.cancel()
        await asyncio.gather(*self.leaving, return_exceptions=True)
        await self.heart.close()
        await self.poller.close()
        for channel in self.given.channels.values():
            await channel.close()

    def end_archive(self) -> None:
        """End the archive's file; the store's thread may write to it no more."""
        if self.recorder is not None:
            self.recorder.close()

    def _leaves(self, close: Callable[[], Awaitable[None]]) -> None:
        async def end() -> None:
            try:
                await close()
            except Exception as error:  # noqa: BLE001 - what is no longer used must not end what is
                self.log.error("not closed", what=repr(close), error=type(error).__name__)

        task = asyncio.create_task(end(), name="leaving")
        self.leaving.add(task)
        task.add_done_callback(self.leaving.discard)

    async def _end_recorder(self, recorder: Recorder) -> None:
        def end(_: object) -> None:
            self.store.leave(recorder)
            recorder.close()

        await self.store.call(end)

    async def _end_channel(self, channel: Channel) -> None:
        try:
            await self.dispatcher.left(channel)
        finally:
            await channel.close()


async def assemble(
    stack: AsyncExitStack,
    settings: Settings,
    watches: Sequence[Watch],
    first: Sequence[Feed],
    log: FilteringBoundLogger,
    clocks: Clocks = REAL,
    *,
    reloads: bool = False,
) -> Service:
    """Open and build everything; `stack` closes it in the opposite order. Raises MonitorError with the reason.

    `reloads`: the process takes a SIGHUP for a reload, which those who look for it may know.
    """
    utcnow, steady = clocks.now, clocks.steady
    store = open_store(settings.store_url.get_secret_value())
    stack.callback(store.close)
    with store.read() as tx:
        # Whoever asks from the lock on asks for watches that a reload brings.
        wish = rereads.course(tx)
    lock = stack.enter_context(RunLock(store, now=utcnow(), version=version("parley"), reloads=reloads))
    look_at_start(store, crashed=lock.crashed)
    meter = Meter(version("parley"))
    meter.reloaded(utcnow(), taken=True)
    meter.channels(settings.channels)
    # Closed when the store's thread has ended, which may still write to it.
    archives = await stack.enter_async_context(AsyncExitStack())
    thread = StoreThread(store)
    stack.callback(thread.close)
    # What a page made its libraries say may hold its text.
    workers = Workers(
        [watch.names for watch in watches], **processes(settings), said=lambda line: log.debug("worker said", line=line)
    )
    stack.push_async_callback(workers.close)
    lasting = Lasting(thread, workers, log, clocks)
    given = await prepare(settings, watches, first, lasting, wish=None if wish is None else wish.asked)
    if given.recorder is not None:
        thread.follow(given.recorder)
    outbox = StoreOutbox(thread, given.releasing(log))
    bells = Bells()
    # Whoever waits for the store is not stuck, and a restart would forget what it has to write down.
    pulse = Pulse(("poll", "read", "deliver"), STUCK, steady, excused=lambda: thread.stalled is not None)
    robots = Robots(given.fetcher, utcnow)
    memo = Memo()
    reader = Reader(
        workers=workers,
        store=thread,
        memo=memo,
        alerted=bells.deliver.set,
        clock=utcnow,
        log=log,
        at_work=partial(pulse.work, "read"),
        meter=meter,
        **given.reading(robots),
    )
    poller = Poller(
        workers=workers,
        store=thread,
        news=bells.read.set,
        clock=utcnow,
        log=log,
        at_work=partial(pulse.work, "poll"),
        polled=meter.polled,
        **given.polling(lasting),
    )
    sending = partial(pulse.beat, "deliver")
    policy = RetryPolicy(give_up_after=settings.give_up_after)
    dispatcher = Dispatcher(
        outbox, given.channels, utcnow, policy, log, grace=settings.grace, progress=sending, kinds=given.kinds(),
        at_work=partial(pulse.doing, "deliver"), attempted=meter.attempted,
    )  # fmt: skip
    start = Reloaded(utcnow(), True)
    rereader = Rereader(store=thread, workers=workers, memo=memo, clock=utcnow, log=log)
    service = Service(
        lasting, given, outbox, dispatcher, poller, reader, rereader, robots, pulse, start, lock, meter, bells
    )
    rereader.use(given.watches, given.book.now, given.wish)
    archives.callback(service.end_archive)
    stack.push_async_callback(service.close)
    return service
