"""Entries of the service, settled one by one: their articles got, taken in, and looked at again.

Pages are fetched and read side by side; those of one feed are taken in by order of publication (DESIGN §2), and no feed
waits for another. Whatever a page does, the reader goes on; what gives nothing is set aside with its reason, which
`parley feeds` and `parley explain` show. Pages of alerted articles are looked at again for edits.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from structlog.typing import FilteringBoundLogger

from alerts.rules import Mailing
from extractors.records import Article, Entry
from monitor.fetch import Fetched, Fetcher
from monitor.intake import Taken, is_akin, take_in, text_digest, withdraw
from monitor.pages import GONE, PAGES, RETRIES, Got, Pages, PutBack, ReadLimits, Ready, SetAside
from monitor.records import Feed, MonitorError, Watch
from monitor.robots import Robots
from monitor.store import aliases, articles, entries, events, feeds, looks, meta
from monitor.store.articles import ReadFrom
from monitor.store.entries import PendingEntry
from monitor.store.events import Memo
from monitor.store.looks import Look
from monitor.store.threads import StoreThread
from monitor.turns import Places
from monitor.workers import Workers

__all__ = ["PAGES", "ReadLimits", "Reader", "Ready", "Recorder"]

# How long an event is hot behind its last day, and if its day is not known; and the longest that a plan heats a feed.
HOT_AFTER, HOT_UNDATED, HOT_LONGEST = timedelta(days=2), timedelta(days=3), timedelta(days=14)
LIVE = frozenset({"planned", "agreed", "underway"})
# How soon entries that come in while other lanes wait are taken up, in seconds, and how many lanes there are at most.
_MEANWHILE = 1.0
_LANES = 500


class Recorder(Protocol):
    """Keeps what is taken in, within the transaction that takes it in."""

    @property
    def last(self) -> str:
        """The name of what was written last."""

    def article(
        self,
        article: Article,
        *,
        fetched: Fetched | None,
        entry: Entry,
        feed_url: str,
        watches: Sequence[str],
        family: str,
        source: ReadFrom,
        now: datetime,
    ) -> None:
        """One article, with the answer that it was read from."""

    def withdrawn(self, url: str, because: str, *, watches: Sequence[str], family: str, now: datetime) -> None:
        """One article that was withdrawn."""


@dataclass(frozen=True, slots=True)
class _By:
    """What articles are taken in by. A transaction takes this once: never half of it from before a change (`use`).

    `names` is the digest of the names of `watches`: what was read by others is read again first.
    """

    watches: Sequence[Watch]
    mailing: Mailing
    feeds: Callable[[], Mapping[str, Feed]]
    recorder: Recorder | None
    names: str

    def of_feed(self, url: str) -> list[Watch]:
        """The watches that a feed is read for."""
        feed = self.feeds().get(url)
        wanted = feed.watches if feed else ()
        return [watch for watch in self.watches if not wanted or watch.id in wanted]


_OUTDATED = Taken(known=True)
"""Instead of what a reading led to: it was made by other names than those in use, and nothing was written."""


class Reader:
    """Takes new entries from the store, oldest publication first, and takes their articles in."""

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
    ) -> None:
        self._store, self._workers, self._memo, self._alerted = store, workers, memo, alerted
        self._clock, self._log, self._limits = clock, log, limits
        self._by = _By(tuple(watches), mailing, feeds, recorder, workers.digest)
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
        self._by = _By(tuple(watches), mailing, feeds, recorder, self._workers.digest)
        self._limits = limits
        self._abreast.use(limits.abreast)
        self._pages.use(fetcher, robots, feeds, limits)

    async def drain(self, beat: Callable[[], None] = lambda: None) -> Counter[str]:
        """Read all entries that are due and look again at the pages that are; the count of each outcome, and `alerts`.

        Each feed has a lane of its own, and so has each look: what comes in while one of them waits for a slow host is
        read meanwhile. Looks begin when no entry waits for a lane. `beat` is called with each entry that is settled: a
        turn lasts while there is something to read.
        """
        counts: Counter[str] = Counter()
        turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

        async def one(item: PendingEntry, look: Look | None) -> Got:
            # The host's turn comes first: pages that wait for one slow host must not fill all the places.
            async with turns[urlsplit(item.entry.url).netloc], self._abreast.one():
                if look is None:
                    return await self._pages.article(item)
                return await self._pages.again(item, etag=look.etag, last_modified=look.last_modified)

        async def feed_lane(items: Sequence[PendingEntry]) -> None:
            tasks = [asyncio.create_task(one(item, None)) for item in items]
            try:
                for item, task in zip(items, tasks, strict=True):
                    await self._settle(item, await task, counts)
                    beat()
            finally:
                await _end(tasks)

        async def look_lane(look: Look) -> None:
            item = PendingEntry(look.entry_pk, look.feed_url, look.entry, attempts=len(RETRIES))
            await self._looked(item, await one(item, look), counts)
            beat()

        lanes: dict[str | int, asyncio.Task[None]] = {}
        looked: set[int] = set()
        try:
            while True:
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
        """A lane for each feed that has entries to be read and none yet; if there is none, for pages to look at."""
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

        def write(tx: Connection) -> Taken:
            by = self._by
            if isinstance(got, Ready) and got.names != by.names:
                return _OUTDATED
            looks.done(tx, item.pk, now, validators=validators)
            if isinstance(got, Ready):
                return self._take(tx, by, item, got, now)
            return self._withdraw(tx, by, item, got, now) if got.outcome in GONE else Taken(known=True)

        taken = await self._written(item, write, counts, lambda tx, _: looks.done(tx, item.pk, now))
        if taken is _OUTDATED and isinstance(got, Ready):
            await self._looked(item, await self._pages.read_again(item, got), counts)
            return
        counts["looked at again"] += 1
        outcome = got.outcome if isinstance(got, SetAside) else "read"
        self._log.debug("page looked at again", url=item.entry.url, outcome=outcome)
        if taken is not None:
            self._tell(taken, item.entry.url, counts)

    async def _settle(self, item: PendingEntry, got: Got, counts: Counter[str]) -> None:
        now = self._clock()

        def fault(tx: Connection, reason: str) -> None:
            entries.settle(tx, item.pk, "fault of parley", reason, now)

        if isinstance(got, PutBack):
            await self._store.run(lambda tx: entries.put_back(tx, item.pk, got.until))
            counts["tried again later"] += 1
            self._log.debug("page put back", url=item.entry.url, until=got.until.isoformat())
            return
        if isinstance(got, SetAside):
            if got.again is not None:
                at = now + got.again
                await self._store.run(lambda tx: entries.retry(tx, item.pk, at, got.detail))
            else:
                gone = await self._written(
                    item, lambda tx: self._set_aside(tx, self._by, item, got, now), counts, fault
                )
                if gone is None:
                    return
                self._tell(gone, item.entry.url, counts)
            counts["tried again later" if got.again else "set aside"] += 1
            self._log.warning(
                "page set aside", url=item.entry.url, outcome=got.outcome, detail=got.detail, again=got.again
            )
            return
        taken = await self._written(item, lambda tx: self._take_and_settle(tx, self._by, item, got, now), counts, fault)
        if taken is None:
            return
        if taken is _OUTDATED:
            await self._settle(item, await self._pages.read_again(item, got), counts)
            return
        counts["known" if taken.known else "read"] += 1
        if got.source == "summary":
            counts["read from the feed"] += 1
            self._log.info("feed's words read", url=got.article.url, because=got.because)
        self._log.debug("article read", url=got.article.url, claims=len(got.reading.claims), unread=got.reading.unread)
        self._tell(taken, got.article.url, counts)

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
            self._log.exception("article failed", url=item.entry.url, error=repr(error))
            reason = f"{type(error).__name__}: {error}"
            await self._store.run(lambda tx: fault(tx, reason))
            counts["set aside"] += 1
            return None

    def _tell(self, taken: Taken, url: str, counts: Counter[str]) -> None:
        """Count, log and wake the delivery for what an article led to."""
        counts["alerts"] += len(taken.alerts)
        if taken.deliveries:
            self._alerted()
        for decision in taken.revised:
            self._log.info(
                "version",
                url=url,
                event_id=decision.change.event.id,
                moves=list(decision.change.moves),
                alerts=[alert.reason for alert in decision.alerts] or None,
                silence=decision.silence.rule if decision.silence else None,
            )
        for judged in taken.judged:
            self._log.info(
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

    def _take_and_settle(self, tx: Connection, by: _By, item: PendingEntry, ready: Ready, now: datetime) -> Taken:
        if ready.names != by.names:
            return _OUTDATED
        taken, reading = self._take(tx, by, item, ready, now), ready.reading
        outcome = "known" if taken.known else f"unread: {reading.unread}" if reading.unread else "read"
        told = f"the same text as {taken.same}" if taken.same else ""
        told = told or f"{len(reading.claims)} claims, {len(taken.alerts)} alerts"
        why = f"; the feed's own words were read: {ready.because}" if ready.source == "summary" else ""
        entries.settle(tx, item.pk, outcome, told + why, now)
        return taken

    def _take(self, tx: Connection, by: _By, item: PendingEntry, ready: Ready, now: datetime) -> Taken:
        """Take an article in under the address that it is kept at, and note what follows from it."""
        entry, feed = item.entry, by.feeds().get(item.feed_url)
        article = replace(ready.article, url=_kept_at(tx, item.address, ready.article))
        digest = text_digest(article)
        if aliases.lags(tx, item.address, digest):
            return Taken(known=True)
        family = feed.family if feed else article.outlet
        watches = by.of_feed(item.feed_url)
        row = articles.current(tx, article.url)
        if ready.source == "summary" and row is not None and row.read_from == "page":
            # Another feed's entry, or this one's earlier turn, had the page itself.
            return Taken(known=True)
        taken = take_in(
            tx,
            article,
            ready.reading,
            watches=watches,
            family=family,
            mailing=by.mailing,
            now=now,
            memo=self._memo,
            read_from=ready.source,
        )
        if taken.same:
            aliases.joined(tx, item.address, taken.same, digest, now)
        else:
            aliases.told(tx, item.address, article.url, digest, now)
        if not taken.known:
            self._record(
                tx,
                by.recorder,
                lambda into: into.article(
                    article,
                    fetched=ready.fetched,
                    entry=entry,
                    feed_url=item.feed_url,
                    watches=[watch.id for watch in watches],
                    family=family,
                    source=ready.source,
                    now=now,
                ),
            )
        if taken.alerts and entry.url and (feed is None or feed.pages):
            page = ready.fetched
            etag, last_modified = (page.etag, page.last_modified) if page else (None, None)
            looks.begin(tx, item.pk, now, etag=etag, last_modified=last_modified)
        if until := self._hot_until(tx, taken, now):
            feeds.hurry(tx, item.feed_url, until, now)
        return taken

    def _hot_until(self, tx: Connection, taken: Taken, now: datetime) -> datetime | None:
        """How long a feed that tells of a planned or live event is asked at its floor."""
        told = dict.fromkeys(judged.trace.event_id for judged in taken.judged if judged.trace.event_id)
        untils = []
        for event in (events.get(tx, event_id) for event_id in told):
            if event is not None and event.status in LIVE:
                day = event.date.end if event.date else None
                end = datetime(day.year, day.month, day.day, tzinfo=UTC) + HOT_AFTER if day else now + HOT_UNDATED
                untils.append(min(end, now + HOT_LONGEST))
        return max((until for until in untils if until > now), default=None)

    def _set_aside(self, tx: Connection, by: _By, item: PendingEntry, why: SetAside, now: datetime) -> Taken:
        entries.settle(tx, item.pk, why.outcome, why.detail, now)
        return self._withdraw(tx, by, item, why, now) if why.outcome in GONE else Taken(known=True)

    def _withdraw(self, tx: Connection, by: _By, item: PendingEntry, why: SetAside, now: datetime) -> Taken:
        kept = articles.address(tx, item.address)
        row = articles.current(tx, kept)
        if why.outcome == "no text" and row is not None and row.read_from == "summary":
            # Its page never had a text that could be read.
            return Taken(known=True)
        aliases.told(tx, item.address, kept, aliases.GONE, now)
        # What is gone from one of its addresses may stand at another: that has the last word.
        if entries.ask_again(tx, aliases.elsewhere(tx, item.address), now):
            return Taken(known=True)
        withdrawn = withdraw(
            tx,
            kept,
            watches=by.watches,  # the page is gone for all that heard of it, by whichever feed
            mailing=by.mailing,
            now=now,
            because=why.outcome,
            memo=self._memo,
        )
        if not withdrawn.known:
            feed = by.feeds().get(item.feed_url)
            family = feed.family if feed else urlsplit(kept).netloc
            told = [watch.id for watch in by.watches]
            self._record(
                tx,
                by.recorder,
                lambda into: into.withdrawn(kept, why.outcome, watches=told, family=family, now=now),
            )
        return withdrawn

    def _record(self, tx: Connection, recorder: Recorder | None, write: Callable[[Recorder], None]) -> None:
        """Keep it in the archive, if there is one. An archive that cannot be written must cost no alert."""
        if recorder is None:
            return
        try:
            write(recorder)
            # What a kill leaves in the archive beyond this was never taken in.
            meta.put(tx, meta.ARCHIVED, recorder.last)
        except MonitorError as error:
            self._log.error("not archived", error=str(error))


def _kept_at(tx: Connection, asked: str, article: Article) -> str:
    """The address under which the article found at `asked` is kept, or is to be."""
    kept = articles.address(tx, asked)
    # What was kept under the feed's address before its page named another one stays there.
    if kept != asked or article.url == asked or articles.current(tx, asked) is not None:
        return kept
    named = articles.address(tx, article.url)
    row = articles.current(tx, named)
    # Two languages of one article may both call the first one's address theirs: as versions of one article they would
    # take each other's news back.
    return named if row is None or is_akin(row, article) else asked


async def _end(tasks: Collection["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
