"""Entries of the service, settled one by one: their articles got, taken in, and looked at again.

Pages are fetched and read side by side; those of one feed are taken in by order of publication (DESIGN §2), and no feed
waits for another. Whatever a page does, the reader goes on; what gives nothing is set aside with its reason, which
`parley feeds` and `parley explain` show. Pages of alerted articles are looked at again for edits.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from structlog.typing import FilteringBoundLogger

from alerts.rules import Mailing
from monitor.fetch import Fetcher
from monitor.intake import Taken
from monitor.loops import queued
from monitor.pages import GONE, PAGES, RETRIES, Got, Pages, PutBack, ReadLimits, Ready, SetAside
from monitor.records import Feed, MonitorError, Watch
from monitor.robots import Robots
from monitor.store import articles, entries, looks
from monitor.store.entries import PendingEntry
from monitor.store.events import Memo
from monitor.store.looks import Look
from monitor.store.threads import StoreThread, as_time_goes
from monitor.taking import OUTDATED, By, Recorder, Taking
from monitor.traces import trace_of
from monitor.turns import Places
from monitor.workers import Workers

__all__ = ["PAGES", "ReadLimits", "Reader", "Ready", "Recorder"]

# How soon entries that come in while other lanes wait are taken up, in seconds, and how many lanes there are at most.
_MEANWHILE = 1.0
_LANES = 500


class Meter(Protocol):
    """Counts what becomes of entries."""

    def article(self, result: str) -> None:
        """One entry was settled so, or is to be tried again."""

    def taken(self, taken: Taken) -> None:
        """What one article led to."""


class _Uncounted:
    def article(self, result: str) -> None: ...

    def taken(self, taken: Taken) -> None: ...


_UNCOUNTED = _Uncounted()


class Reader:
    """Takes new entries from the store, oldest publication first, and takes their articles in.

    Each page is got and settled within `at_work` of its address, for a watch over those that do not end.
    """

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        workers: Workers,
        store: StoreThread,
        watches: Sequence[Watch],
        mailing: Mailing,
        feeds: Callable[[], Mapping[str, Feed]],
        memo: Memo,
        alerted: Callable[[], None],
        clock: Callable[[], datetime],
        log: FilteringBoundLogger,
        limits: ReadLimits,
        robots: Robots | None = None,
        recorder: Recorder | None = None,
        meter: Meter = _UNCOUNTED,
        at_work: Callable[[str], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._at_work, self._meter = at_work, meter
        self._store, self._workers, self._alerted = store, workers, alerted
        self._clock, self._log, self._limits = clock, log, limits
        self._by = By(tuple(watches), mailing, feeds, recorder, workers.digest)
        self._taking = Taking(store, memo, log)
        self._abreast = Places(limits.abreast)
        self._pages = Pages(
            fetcher=fetcher,
            workers=workers,
            store=store,
            feeds=feeds,
            clock=clock,
            log=log,
            limits=limits,
            robots=robots,
        )

    def use(
        self,
        *,
        fetcher: Fetcher,
        robots: Robots | None,
        watches: Sequence[Watch],
        mailing: Mailing,
        feeds: Callable[[], Mapping[str, Feed]],
        recorder: Recorder | None,
        limits: ReadLimits,
    ) -> None:
        """Get pages and take articles in by these from now on; `Workers.use` was given the names of `watches`.

        Pages under way are got to their end. What was read by other names is read again before it is taken in.
        """
        self._by = By(tuple(watches), mailing, feeds, recorder, self._workers.digest)
        self._limits = limits
        self._abreast.use(limits.abreast)
        self._pages.use(fetcher, robots, feeds, limits)

    async def drain(self, beat: Callable[[], None] = lambda: None) -> Counter[str]:
        """Read all entries that are due and look again at the pages that are; the count of each outcome, and `alerts`.

        Each feed has a lane of its own, and so has each look: what comes in while one of them waits for a slow host is
        read meanwhile. Looks begin when no entry waits for a lane. `beat` is called about once a second: a turn lasts
        while there is something to read.
        """
        counts: Counter[str] = Counter()
        turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

        async def one(item: PendingEntry, look: Look | None) -> Got:
            # The host's turn comes first: pages that wait for one slow host must not fill all the places.
            turn = turns[urlsplit(item.entry.url).netloc]
            with self._at_work(item.address):
                async with queued(turn, "waits for its host"), self._abreast.one():
                    return await get(item, look)

        async def get(item: PendingEntry, look: Look | None) -> Got:
            if look is None:
                return await self._pages.article(item)
            return await self._pages.again(item, etag=look.etag, last_modified=look.last_modified)

        async def feed_lane(items: Sequence[PendingEntry]) -> None:
            tasks = [asyncio.create_task(one(item, None)) for item in items]
            try:
                for item, task in zip(items, tasks, strict=True):
                    got = await task
                    with self._at_work(item.address):
                        await self._settle(item, got, counts)
            finally:
                await _end(tasks)

        async def look_lane(look: Look) -> None:
            trace = trace_of(f"look {look.entry.url}", self._clock())
            item = PendingEntry(look.entry_pk, look.feed_url, look.entry, attempts=len(RETRIES), trace=trace)
            got = await one(item, look)
            with self._at_work(item.address):
                await self._looked(item, got, counts)

        lanes: dict[str | int, asyncio.Task[None]] = {}
        looked: set[int] = set()
        try:
            while True:
                beat()
                if len(lanes) < _LANES:
                    await self._set_off(lanes, looked, feed_lane, look_lane)
                if not lanes:
                    return counts
                await asyncio.wait(lanes.values(), timeout=_MEANWHILE, return_when=asyncio.FIRST_COMPLETED)
                for key, task in list(lanes.items()):
                    if task.done():
                        del lanes[key]
                        task.result()
        finally:
            await _end(lanes.values())

    async def _set_off(
        self,
        lanes: dict[str | int, asyncio.Task[None]],
        looked: set[int],
        feed_lane: Callable[[Sequence[PendingEntry]], Coroutine[None, None, None]],
        look_lane: Callable[[Look], Coroutine[None, None, None]],
    ) -> None:
        """A lane for each feed that has entries to be read and none yet; if there is none, for pages to look at.

        None while the store takes nothing: what is read then would only pile up in memory.
        """
        if self._store.stalled is not None:
            return
        now, busy = self._clock(), [key for key in lanes if isinstance(key, str)]
        batch = await self._store.query(partial(entries.pending, now=now, limit=self._limits.batch, without=busy))
        for feed_url in dict.fromkeys(item.feed_url for item in batch):
            mine = [item for item in batch if item.feed_url == feed_url]
            lanes[feed_url] = asyncio.create_task(feed_lane(mine))
        if batch:
            return
        for look in await self._store.query(partial(self._due, now=now)):
            # What was put back, because its host is left alone, stays due: it is for a later turn.
            if look.entry_pk not in looked:
                looked.add(look.entry_pk)
                lanes[look.entry_pk] = asyncio.create_task(look_lane(look))

    def _due(self, tx: Connection, now: datetime) -> list[Look]:
        """Pages to be looked at. An entry without a date has that of its article: what is edited is no newer for it."""
        found = []
        for look in looks.due(tx, now, self._limits.batch):
            row = articles.current(tx, articles.address(tx, look.entry.url))
            published = look.entry.published or (row.article.published if row else None)
            found.append(replace(look, entry=replace(look.entry, published=published)))
        return found

    async def _looked(self, item: PendingEntry, got: Got, counts: Counter[str]) -> None:
        """What a page says when it is looked at for edits. Whatever that is, its entry stays as it was settled."""
        if isinstance(got, PutBack):
            return
        now = self._clock()
        fresh = got.fetched if isinstance(got, Ready) else None
        validators = (fresh.etag, fresh.last_modified) if fresh else None
        moment = as_time_goes(now)

        def write(tx: Connection) -> Taken:
            by, at = self._by, moment()
            if isinstance(got, Ready) and got.names != by.names:
                return OUTDATED
            looks.done(tx, item.pk, at, validators=validators)
            if isinstance(got, Ready):
                return self._taking.take(tx, by, item, got, at)
            return self._taking.withdraw(tx, by, item, got, at) if got.outcome in GONE else Taken(known=True)

        taken = await self._written(item, write, counts, lambda tx, _: looks.done(tx, item.pk, now))
        if taken is OUTDATED and isinstance(got, Ready):
            await self._looked(item, await self._pages.read_again(item, got), counts)
            return
        self._count(counts, "looked at again")
        if taken is None:
            return
        log, outcome = self._log.bind(trace=item.trace), got.outcome if isinstance(got, SetAside) else "read"
        report = log.debug if taken.known else log.info
        report("page looked at again", url=item.entry.url, outcome=outcome)
        self._tell(taken, item, item.entry.url, counts)

    async def _settle(self, item: PendingEntry, got: Got, counts: Counter[str]) -> None:
        now, log = self._clock(), self._log.bind(trace=item.trace)
        # Quiet hours and caps are those of when it is taken in.
        moment = as_time_goes(now)

        def fault(tx: Connection, reason: str) -> None:
            entries.settle(tx, item.pk, "fault of parley", reason, now)

        if isinstance(got, PutBack):
            await self._store.run(lambda tx: entries.put_back(tx, item.pk, got.until))
            self._count(counts, "tried again later")
            log.debug("page put back", url=item.entry.url, until=got.until.isoformat())
            return
        if isinstance(got, SetAside):
            gone = Taken(known=True)
            if got.again is not None:
                at = now + got.again
                await self._store.run(lambda tx: entries.retry(tx, item.pk, at, got.detail))
            else:
                written = await self._written(
                    item, lambda tx: self._taking.set_aside(tx, self._by, item, got, moment()), counts, fault
                )
                if written is None:
                    return
                gone = written
            self._count(counts, "tried again later" if got.again else "set aside")
            # What is tried again is lost only when the last try fails too.
            report = log.info if got.again else log.warning
            again = None if got.again is None else str(got.again)
            report("page set aside", url=item.entry.url, outcome=got.outcome, detail=got.detail, again=again)
            if got.again is None:
                self._tell(gone, item, item.entry.url, counts)
            return
        taken = await self._written(
            item, lambda tx: self._taking.settle(tx, self._by, item, got, moment()), counts, fault
        )
        if taken is None:
            return
        if taken is OUTDATED:
            await self._settle(item, await self._pages.read_again(item, got), counts)
            return
        self._count(counts, "known" if taken.known else "read")
        if got.source == "summary":
            counts["read from the feed"] += 1
        log.debug(
            "article read",
            url=got.article.url,
            source=got.source,
            because=got.because or None,
            claims=len(got.reading.claims),
            unread=got.reading.unread,
            known=taken.known or None,
        )
        self._tell(taken, item, got.article.url, counts)

    async def _written(
        self,
        item: PendingEntry,
        write: Callable[[Connection], Taken],
        counts: Counter[str],
        fault: Callable[[Connection, str], None],
    ) -> Taken | None:
        """What one write transaction came to; None for a fault of ours, which `fault` then writes down."""
        try:
            return await self._store.run(write)
        except (SQLAlchemyError, MonitorError):
            raise
        except Exception as error:  # noqa: BLE001 - one article must not end the service
            # Nothing of it was written. A fault of ours in one article must not keep all later ones from being read,
            # nor end the service anew after every restart; it is logged with its trace, counted, and shown by
            # `parley feeds`.
            self._log.exception("article failed", trace=item.trace, url=item.entry.url, error=repr(error))
            reason = f"{type(error).__name__}: {error}"
            await self._store.run(lambda tx: fault(tx, reason))
            counts["set aside"] += 1
            self._meter.article("fault of parley")
            return None

    def _count(self, counts: Counter[str], result: str) -> None:
        counts[result] += 1
        self._meter.article(result)

    def _tell(self, taken: Taken, item: PendingEntry, url: str, counts: Counter[str]) -> None:
        """Count, log and wake the delivery for what an article led to."""
        log = self._log.bind(trace=item.trace)
        counts["alerts"] += len(taken.alerts)
        self._meter.taken(taken)
        if taken.deliveries:
            self._alerted()
        for decision in taken.revised:
            log.info(
                "version",
                url=url,
                event_id=decision.change.event.id,
                moves=list(decision.change.moves),
                alerts=[alert.reason for alert in decision.alerts] or None,
                silence=decision.silence.rule if decision.silence else None,
            )
        for judged in taken.judged:
            log.info(
                "decision",
                url=url,
                watch=judged.watch,
                kind=judged.claim.kind,
                status=judged.claim.status,
                role=judged.claim.role,
                verdict=judged.trace.verdict,
                event_id=judged.trace.event_id,
                alerts=[a.reason for d in judged.decisions for a in d.alerts] or None,
                silence=[d.silence.rule for d in judged.decisions if d.silence] or None,
            )
        for alert in taken.alerts:
            log.info(
                "alert",
                alert_id=alert.id,
                event_id=alert.event_id,
                reason=alert.reason,
                url=url,
                recipients=list(taken.hearing.get(alert.id, ())),
            )


async def _end(tasks: Collection["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
