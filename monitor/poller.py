"""Polling the feeds that are due, and storing what they brought: many abreast, their outcomes in few transactions.

A feed that shows nothing of what it showed before may have dropped news in between: that gap is noted, and filled from
the outlet's news sitemap where the operator named one. Once a day the sitemap tells how complete the feed is.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from extractors.records import Entry
from monitor.changes import absent
from monitor.fetch import Fetcher, FetchFailure
from monitor.keep import Kept, Recorder, keep
from monitor.loops import step
from monitor.plain import bare
from monitor.poll import FINE, Answer, Arrival, Polled, ask, conclude
from monitor.records import Feed, FeedState
from monitor.schedule import LONGEST, NEVER, rested
from monitor.store import entries, feeds, journal
from monitor.store.journal import Line
from monitor.store.threads import StoreThread
from monitor.turns import Places
from monitor.workers import Workers

# A transaction holds the outcomes of so many polls at most: a reader in the same store waits no longer than that.
_TOGETHER = 64
# How often a feed is compared with its sitemap, and how long a newsroom may take to list an article in both.
_CHECK = timedelta(hours=24)
_SETTLED = timedelta(hours=1)
# A news sitemap lists two days (Google's rules for them).
_LISTED = timedelta(hours=48)
_SUMMARY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class PollLimits:
    """`abreast` feeds on their way at once, at most `batch` a turn; a feed's bytes after decompression and its time."""

    abreast: int = 16
    batch: int = 500
    feed_bytes: int = 15_000_000
    feed_deadline: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _By:
    """What feeds are polled by. A transaction takes this once: never half of it from before a change (`use`)."""

    fetcher: Fetcher
    configured: Callable[[], Mapping[str, Feed]]
    began: Callable[[Feed], datetime]
    max_age: timedelta
    limits: PollLimits
    recorder: Recorder | None


class Poller:
    """Polls the feeds that the store says are due and stores what they brought. `news` is called when that is new.

    `counts` are the outcomes so far, with `new` for the entries that are to be read. Each poll is done within `at_work`
    of its feed's address, for a watch over those that do not end; `polled` hears of it and how long its answer took.
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
        recorder: Recorder | None = None,
        polled: Callable[[Polled, timedelta], None] = lambda *_: None,
        at_work: Callable[[str], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._at_work, self._heard = at_work, polled
        self._workers, self._store, self._news = workers, store, news
        self._clock, self._log = clock, log
        self._by = _By(fetcher, configured, began, max_age, limits, recorder)
        self._abreast = Places(limits.abreast)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._waiting: list[tuple[Feed, FeedState, Answer, asyncio.Future[Kept | None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter()
        self._summed, self._summed_at = self.counts.copy(), clock()

    def use(
        self,
        *,
        fetcher: Fetcher,
        configured: Callable[[], Mapping[str, Feed]],
        began: Callable[[Feed], datetime],
        max_age: timedelta,
        limits: PollLimits,
        recorder: Recorder | None,
    ) -> None:
        """Poll by these from now on. Polls under way are neither cut nor asked again; they are kept by these."""
        self._by = _By(fetcher, configured, began, max_age, limits, recorder)
        self._abreast.use(limits.abreast)

    async def set_off(self) -> None:
        """Start polling every feed that is due and not under way already: a slow feed holds up no other.

        Raises what an earlier poll raised: that is a fault of the program or of the store, never of a feed.
        """
        await self._set_off(self._clock())

    async def _set_off(self, now: datetime) -> None:
        self._reap()
        self._sum_up(now)
        if self._store.stalled is not None:
            # Their answers could not be kept and would pile up in memory; what they show now they show later.
            return
        due = await self._store.query(lambda tx: feeds.due(tx, now, self._by.limits.batch + len(self._under_way)))
        known = self._by.configured()
        for state in due:
            if state.url in known and state.url not in self._under_way:
                self._under_way[state.url] = asyncio.create_task(self._poll(known[state.url], state))

    def _sum_up(self, now: datetime) -> None:
        """One line for the polls of a minute: 10,000 feeds would fill the log with news that there is none."""
        if timedelta(0) <= now - self._summed_at < _SUMMARY:
            return
        done, self._summed, self._summed_at = self.counts - self._summed, self.counts.copy(), now
        if polls := done.total() - done["new"]:
            failing = sum(number for outcome, number in done.items() if outcome not in {*FINE, "new"})
            self._log.info("feeds polled", polls=polls, failing=failing, new=done["new"])

    async def drain(self) -> None:
        """Poll every feed that is due now once, and wait for the last of them."""
        now = self._clock()
        while True:
            await self._set_off(now)
            if not self._under_way:
                return
            await asyncio.wait(self._under_way.values())

    def under_way(self) -> int:
        """How many feeds are on their way, or wait for a place."""
        return len(self._under_way)

    async def close(self) -> None:
        """Give up what is under way: those feeds are due again at the next start."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    def _reap(self) -> None:
        for url, task in list(self._under_way.items()):
            if task.done():
                del self._under_way[url]
                task.result()

    async def _poll(self, feed: Feed, state: FeedState) -> None:
        with self._at_work(bare(feed.url)):
            await self._polled(feed, state)

    async def _polled(self, feed: Feed, state: FeedState) -> None:
        async with self._abreast.one():
            if (awake := rested(state, self._clock())) is not None:
                await self._store.run(partial(_rest, replace(state, next_at=awake)))
                return
            answer = await self._ask(feed, state)
        kept = await self._keep(feed, state, answer)
        if kept is None:
            # Its state and its entries are under another address by now, or nobody wants them.
            self._log.info("poll not kept", feed=feed.url, because="the feed has been given another address meanwhile")
            return
        polled = kept.polled
        self.counts[polled.outcome] += 1
        self.counts["new"] += kept.new
        log = self._log.bind(trace=kept.trace)
        self._heard(polled, answer.took)
        # Most polls of most feeds bring nothing: they are summed up.
        moved = kept.new or kept.baseline or state.failures or state.read_at is None
        report = log.warning if not polled.ok else log.info if moved else log.debug
        report(
            "feed polled",
            feed=bare(feed.url),
            outcome=polled.outcome,
            new=kept.new,
            detail=polled.detail or None,
            next_try=None if polled.state.next_at >= NEVER else polled.state.next_at.isoformat(timespec="seconds"),
        )
        if polled.state.habits.health != state.habits.health:
            habits = polled.state.habits
            log.info("source", feed=bare(feed.url), health=habits.health, evidence=habits.evidence or None)
        new = kept.new
        if kept.gap is not None:
            since, until = kept.gap
            log.warning(
                "gap",
                feed=bare(feed.url),
                since=_minute(since),
                until=_minute(until),
                sitemap=bare(feed.sitemap or "") or None,
            )
        if feed.sitemap and polled.ok:
            new += await self._compare(feed, polled.state, kept.gap, kept.trace)
        if new:
            self._news()

    async def _ask(self, feed: Feed, state: FeedState) -> Answer:
        by = self._by
        return await ask(
            feed,
            state,
            fetcher=by.fetcher,
            workers=self._workers,
            clock=self._clock,
            cap=by.limits.feed_bytes,
            deadline=by.limits.feed_deadline,
        )

    async def _keep(self, feed: Feed, state: FeedState, answer: Answer) -> Kept | None:
        """Hand the answer to the writer: what comes in while it writes goes into its next transaction together.

        None: the store has no row for the feed any more.
        """
        done: asyncio.Future[Kept | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((feed, state, answer, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        with step("waits for what is written before", None):
            return await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            try:
                kept = await self._store.run(partial(self._take_all, [each[:3] for each in batch]))
            except Exception as error:  # noqa: BLE001 - each poll raises it in its own name
                for *_, done in batch:
                    if not done.done():
                        done.set_exception(error)
                continue
            for (*_, done), each in zip(batch, kept, strict=True):
                if not done.done():
                    done.set_result(each)

    def _take_all(self, batch: Sequence[tuple[Feed, FeedState, Answer]], tx: Connection) -> list[Kept | None]:
        by, kept = self._by, list[Kept | None]()
        configured, there = by.configured(), feeds.there(tx, [state.url for _, state, _ in batch])
        for asked, state, answer in batch:
            if asked.url not in there:
                kept.append(None)
                continue
            # As it is configured now: one that was asked under its old interval is next due by its new one.
            feed = configured.get(asked.url, asked)
            moved = not isinstance(answer.got, FetchFailure) and answer.got.moved is not None
            kept.append(
                keep(
                    tx,
                    feed,
                    state,
                    answer,
                    began=by.began(feed),
                    max_age=by.max_age,
                    elsewhere=_elsewhere(tx, feed, [each for each in kept if each], configured)
                    if moved
                    else frozenset(),
                    recorder=by.recorder,
                )
            )
        feeds.save_all(tx, [each.polled.state for each in kept if each])
        return kept

    async def _compare(self, feed: Feed, state: FeedState, gap: tuple[datetime, datetime] | None, trace: str) -> int:
        """Hold the feed against its sitemap when there is a gap or a day has passed. How many entries that fills in."""
        log = self._log.bind(trace=trace)
        now, checked = self._clock(), state.habits.checked_at
        if gap is None and checked is not None and now - checked < _CHECK:
            return 0
        # A gap is no reason to ask a server that wants to be left alone (reference: polling 12, 14).
        if state.habits.sitemap_at is not None and now < state.habits.sitemap_at:
            return 0
        assert feed.sitemap is not None
        place = replace(feed, url=feed.sitemap, sitemap=None)
        async with self._abreast.one():
            answer = await self._ask(place, FeedState(feed.sitemap, now))
        if not answer.entries:
            said = conclude(place, FeedState(feed.sitemap, now), answer, Arrival())
            log.warning("sitemap not read", feed=bare(feed.url), sitemap=bare(feed.sitemap), detail=said.detail)
            await self._store.run(lambda tx: _checked(tx, feed.url, now, said.state.floor_at))
            return 0
        fresh = None if isinstance(answer.got, FetchFailure) else answer.got.fresh_for
        again = now + min(fresh, LONGEST) if fresh else None
        filled, missed = await self._store.run(lambda tx: self._match(tx, feed, answer.entries, now, gap, again, trace))
        log.info("feed compared", feed=bare(feed.url), sitemap=bare(feed.sitemap), filled=filled, missed=missed)
        self.counts["new"] += filled
        return filled

    def _match(
        self,
        tx: Connection,
        feed: Feed,
        listed: Sequence[Entry],
        now: datetime,
        gap: tuple[datetime, datetime] | None,
        again: datetime | None,
        trace: str,
    ) -> tuple[int, int]:
        state = feeds.get(tx, feed.url)
        if state is None:
            return 0, 0
        first = state.habits.first_at or now
        span = (max(first, now - _LISTED), now - _SETTLED)
        inside = [entry for entry in listed if entry.published and span[0] <= entry.published <= span[1]]
        shown = entries.addresses(tx, feed.url, now - 2 * _LISTED)
        missed = absent(inside, shown)
        filled = 0
        if gap is not None:
            between = [e for e in listed if e.published and gap[0] - _SETTLED <= e.published <= gap[1]]
            found = absent(between, shown)
            filled = entries.add(tx, feed.url, found, status="new", now=now, trace=trace)
            detail = f"{filled} of {len(between)} entries of the sitemap were not in the feed and are read"
            journal.write(tx, Line(now, "filled", feed.url, *gap, detail))
            missed = tuple(entry for entry in missed if entry not in found)
        if missed:
            detail = f"{len(missed)} of {len(inside)} articles of its sitemap were never in the feed: {missed[0].url}"
            journal.write(tx, Line(now, "missed", feed.url, *span, detail))
        _checked(tx, feed.url, now, again, missed=len(missed), listed=len(inside))
        return filled, len(missed)


def _elsewhere(tx: Connection, feed: Feed, kept: Sequence[Kept], configured: Mapping[str, Feed]) -> set[str]:
    """Addresses that other feeds are asked at: as configured, or where they moved, some in this transaction.

    One that is never asked again keeps no other from its address: publishers move back.
    """
    states = {each.url: each for each in (*feeds.all_states(tx), *(each.polled.state for each in kept))}
    taken: set[str] = set()
    for url in configured.keys() - {feed.url}:
        state = states.get(url)
        if state is None or state.next_at < NEVER:
            taken |= {url, state.habits.address or url} if state else {url}
    return taken


def _rest(state: FeedState, tx: Connection) -> None:
    if feeds.there(tx, [state.url]):
        feeds.save(tx, state)


def _checked(
    tx: Connection, url: str, now: datetime, again: datetime | None, *, missed: int = 0, listed: int = 0
) -> None:
    state = feeds.get(tx, url)
    if state is not None:
        habits = replace(state.habits, checked_at=now, sitemap_at=again, missed=missed, listed=listed)
        feeds.save(tx, replace(state, habits=habits))


def _minute(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
