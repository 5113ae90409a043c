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
from monitor.notify import notify
from monitor.poller import Poller
from monitor.read import Reader
from monitor.records import Feed, Watch
from monitor.robots import Robots
from monitor.settings import Settings
from monitor.store import feeds as stored_feeds
from monitor.store import open_store
from monitor.store.events import Memo
from monitor.store.lock import RunLock
from monitor.store.outbox import StoreOutbox
from monitor.store.reloads import Reloaded
from monitor.store.threads import StoreThread
from monitor.trouble import hearers
from monitor.workers import Workers

# What is under way when the service is told to stop gets this long; systemd and people wait 5 s in all.
GRACE = timedelta(seconds=2)
# A loop that has not come round for this long is stuck: the longest turn is a page deadline after a host's queue.
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
    robots: Robots
    pulse: Pulse
    reloaded: Reloaded
    bells: Bells = field(default_factory=Bells)
    leaving: "set[asyncio.Task[None]]" = field(default_factory=set)

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
        self.poller.use(**given.polling(self.log, self.clocks.now))
        self.outbox.use(given.release)
        retired = self.dispatcher.use(given.channels, given.kinds(), RetryPolicy(give_up_after=own.give_up_after))
        for channel in retired:
            self._leaves(partial(self._end_channel, channel))
        if before.heart is not given.heart:
            self._leaves(before.heart.close)
        if (recorder := before.recorder) is not None and recorder is not given.recorder:
            # Behind the last transaction that may write to it.
            self._leaves(lambda: self.store.call(lambda _: recorder.close()))
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
            self.log.warning("notice", title=notice.title, sources=[fact.value for fact in notice.facts])
        if told:
            self.bells.deliver.set()

    async def sync(self) -> None:
        now = self.clocks.now()
        # Taken up in the store's thread: a reload meanwhile has the last word on which feeds there are.
        await self.store.run(lambda tx: stored_feeds.sync(tx, tuple(self.book.now().values()), now))

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
    stack.enter_context(RunLock(store, now=utcnow(), reloads=reloads))
    # Closed when the store's thread has ended, which may still write to it.
    archives = await stack.enter_async_context(AsyncExitStack())
    thread = StoreThread(store)
    stack.callback(thread.close)
    workers = Workers([watch.names for watch in watches], **processes(settings))
    stack.push_async_callback(workers.close)
    lasting = Lasting(thread, workers, log, clocks)
    given = await prepare(settings, watches, first, lasting)
    outbox = StoreOutbox(thread, given.release)
    bells = Bells()
    robots = Robots(given.fetcher, utcnow)
    reader = Reader(
        workers=workers,
        store=thread,
        memo=Memo(),
        alerted=bells.deliver.set,
        clock=utcnow,
        log=log,
        **given.reading(robots),
    )
    poller = Poller(
        workers=workers, store=thread, news=bells.read.set, clock=utcnow, log=log, **given.polling(log, utcnow)
    )
    pulse = Pulse(("poll", "read", "deliver"), STUCK, steady)
    sending = partial(pulse.beat, "deliver")
    policy = RetryPolicy(give_up_after=settings.give_up_after)
    dispatcher = Dispatcher(
        outbox, given.channels, utcnow, policy, log, grace=GRACE, progress=sending, kinds=given.kinds()
    )
    start = Reloaded(utcnow(), True)
    service = Service(lasting, given, outbox, dispatcher, poller, reader, robots, pulse, start, bells)
    archives.callback(service.end_archive)
    stack.push_async_callback(service.close)
    return service
