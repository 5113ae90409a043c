"""What the ticks wake: polling, housekeeping, the watch over the service itself. Reading and sending have their own.

A loop that raises ends the process (see `monitor.app`); a feed, page or channel that fails is a value and never does.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from monitor.changes import changed, sort_out
from monitor.fetch import Fetcher
from monitor.poll import Polled, poll
from monitor.records import Feed, FeedState
from monitor.store import alerts, articles, entries, feeds
from monitor.store.threads import StoreThread
from monitor.workers import Workers


@dataclass(frozen=True, slots=True)
class PollLimits:
    """`abreast` feeds on their way at once, at most `batch` a turn; a feed's bytes after decompression and its time."""

    abreast: int = 16
    batch: int = 500
    feed_bytes: int = 15_000_000
    feed_deadline: timedelta = timedelta(seconds=30)


class Poller:
    """Polls the feeds that the store says are due and stores what they brought. `news` is called when that is new.

    `counts` are the outcomes so far, with `new` for the entries that are to be read.
    """

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        workers: Workers,
        store: StoreThread,
        configured: Callable[[], Mapping[str, Feed]],
        began: Callable[[Feed], datetime],
        max_age: timedelta,
        news: Callable[[], None],
        clock: Callable[[], datetime],
        log: FilteringBoundLogger,
        limits: PollLimits,
    ) -> None:
        self._fetcher, self._workers, self._store = fetcher, workers, store
        self._configured, self._began, self._max_age, self._news = configured, began, max_age, news
        self._clock, self._log, self._limits = clock, log, limits
        self._abreast = asyncio.Semaphore(limits.abreast)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self.counts: Counter[str] = Counter()

    async def set_off(self) -> None:
        """Start polling every feed that is due and not under way already: a slow feed holds up no other.

        Raises what an earlier poll raised: that is a fault of the program or of the store, never of a feed.
        """
        self._reap()
        now = self._clock()
        due = await self._store.query(lambda tx: feeds.due(tx, now, self._limits.batch))
        known = self._configured()
        for state in due:
            if state.url in known and state.url not in self._under_way:
                self._under_way[state.url] = asyncio.create_task(self._poll(known[state.url], state))

    async def drain(self) -> None:
        """Poll every feed that is due once, and wait for the last of them."""
        await self.set_off()
        if self._under_way:
            await asyncio.wait(self._under_way.values())
        self._reap()

    async def close(self) -> None:
        """Give up what is under way: those feeds are due again at the next start."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    def _reap(self) -> None:
        for url, task in list(self._under_way.items()):
            if task.done():
                del self._under_way[url]
                task.result()

    async def _poll(self, feed: Feed, state: FeedState) -> None:
        async with self._abreast:
            polled = await poll(
                feed,
                state,
                fetcher=self._fetcher,
                workers=self._workers,
                clock=self._clock,
                cap=self._limits.feed_bytes,
                deadline=self._limits.feed_deadline,
            )
        new = await self._store.run(lambda tx: self._keep(tx, feed, state, polled))
        self.counts[polled.outcome] += 1
        self.counts["new"] += new
        report = self._log.info if polled.ok else self._log.warning
        report(
            "feed polled",
            feed=feed.url,
            outcome=polled.outcome,
            new=new,
            detail=polled.detail or None,
            next_try=polled.state.next_at.isoformat(timespec="seconds"),
        )
        if new:
            self._news()

    def _keep(self, tx: Connection, feed: Feed, before: FeedState, polled: Polled) -> int:
        now = self._clock()
        feeds.save(tx, polled.state)
        if not polled.entries:
            return 0
        ids = [entry.id for entry in polled.entries]
        sorted_out = sort_out(
            polled.entries,
            feeds.known_ids(tx, feed.url, ids),
            first_poll=not before.known,
            began=self._began(feed),
            max_age=self._max_age,
            now=now,
            known_urls=entries.known_urls(tx, feed.url, [entry.url for entry in polled.entries]),
        )
        told = alerts.alerted(tx, {entry.url for entry in polled.entries} - {entry.url for entry in sorted_out.new})
        edited = changed(polled.entries, entries.moments(tx, feed.url, told)) if told else ()
        entries.sighted(tx, feed.url, polled.entries, now)
        entries.add(tx, feed.url, sorted_out.baseline, status="baseline", now=now)
        new = entries.add(tx, feed.url, sorted_out.new, status="new", now=now)
        return new + entries.read_again(tx, feed.url, edited, now)


# Entries that no feed has shown for this long cannot come back as new; texts are kept for explain and corroboration.
ENTRY_LIFE = timedelta(days=30)
ARTICLE_LIFE = timedelta(days=400)


async def keep_house(store: StoreThread, now: datetime, log: FilteringBoundLogger) -> None:
    """Drop what is past its use, and fold SQLite's write-ahead log into the file."""
    dropped_entries = await store.run(lambda tx: entries.forget(tx, now - ENTRY_LIFE))
    dropped_articles = await store.run(lambda tx: articles.forget(tx, now - ARTICLE_LIFE))
    await store.call(lambda opened: opened.checkpoint())
    log.info("house kept", entries=dropped_entries, articles=dropped_articles)


class Pulse:
    """When each loop last came round; `late` names those that are stuck."""

    def __init__(self, names: Sequence[str], patience: timedelta, clock: Callable[[], datetime]) -> None:
        self._clock, self._patience = clock, patience
        self._last = dict.fromkeys(names, clock())

    def beat(self, name: str) -> None:
        self._last[name] = self._clock()

    def late(self) -> tuple[tuple[str, timedelta], ...]:
        """The loops that have not come round within the patience, and for how long, by name."""
        now = self._clock()
        return tuple((name, now - last) for name, last in sorted(self._last.items()) if now - last > self._patience)


async def forever(bell: asyncio.Event, turn: Callable[[], Awaitable[object]], beat: Callable[[], None]) -> None:
    """Take a turn whenever the bell has rung. Rings during a turn are one further turn."""
    while True:
        await bell.wait()
        bell.clear()
        await turn()
        beat()
