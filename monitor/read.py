"""One article of the service, end to end: entry → page → text → claims, then taken in.

Pages are fetched and read side by side, but taken in by order of publication (DESIGN §2). Whatever a page does, the
reader goes on: what cannot be had is tried again or set aside with its reason, which `parley feeds` and `parley
explain` show.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from structlog.typing import FilteringBoundLogger

from extractors.language import identify
from extractors.records import Article, Entry, Reading
from monitor.fetch import Fetcher, FetchFailure, NotModified
from monitor.hosts import Hosts
from monitor.intake import Mailing, Taken, take_in, withdraw
from monitor.records import Feed, MonitorError, Watch
from monitor.store import entries
from monitor.store.entries import PendingEntry
from monitor.store.events import Memo
from monitor.store.threads import StoreThread
from monitor.workers import WorkerFailure, Workers

# Waits between tries of a page that could not be had, then it is set aside: a newsroom's outage is over within a day.
RETRIES = (timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6))
PASSING = frozenset({"dns", "refused", "timeout", "protocol"})
# These say that the host, and not only the page, does not answer.
SILENT = frozenset({"dns", "refused", "timeout"})
# What a page says that was read before and has its article no more. A page that was never read is only set aside.
GONE = frozenset({"status 404", "status 410", "no text"})
PAGES = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What one page may cost: bytes after decompression, seconds of fetching, and pages on their way at once."""

    page_bytes: int = 5_000_000
    page_deadline: timedelta = timedelta(seconds=30)
    abreast: int = 8
    batch: int = 200


@dataclass(frozen=True, slots=True)
class SetAside:
    """Why an entry gave no article. `again` is the wait before the next try, None when there is none."""

    outcome: str
    detail: str
    again: timedelta | None = None


@dataclass(frozen=True, slots=True)
class PutBack:
    """An entry that was not asked for: its host is left alone until `until`. That is no try."""

    until: datetime


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
    ) -> None:
        self._fetcher, self._workers, self._store = fetcher, workers, store
        self._watches, self._mailing, self._feeds = watches, mailing, feeds
        self._memo, self._alerted = memo, alerted
        self._clock, self._log, self._limits = clock, log, limits
        self._hosts = Hosts()

    async def drain(self) -> Counter[str]:
        """Read all entries that are due; the count of each outcome. Also counts `alerts`."""
        counts: Counter[str] = Counter()
        while True:
            now = self._clock()
            batch = await self._store.query(partial(entries.pending, now=now, limit=self._limits.batch))
            if not batch:
                return counts
            await self._read_batch(batch, counts)

    async def _read_batch(self, batch: Sequence[PendingEntry], counts: Counter[str]) -> None:
        abreast = asyncio.Semaphore(self._limits.abreast)
        turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

        async def one(item: PendingEntry) -> tuple[Article, Reading] | SetAside | PutBack:
            host = urlsplit(item.entry.url).netloc
            # The host's turn comes first: pages that wait for one slow host must not fill all the places.
            async with turns[host], abreast:
                until = self._hosts.closed_until(host, self._clock())
                return PutBack(until) if until else await self._article(item, host)

        tasks = [asyncio.create_task(one(item)) for item in batch]
        try:
            for item, task in zip(batch, tasks, strict=True):
                await self._settle(item, await task, counts)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _article(self, item: PendingEntry, host: str) -> tuple[Article, Reading] | SetAside:
        entry, feed = item.entry, self._feeds().get(item.feed_url)
        fetched = await self._fetcher.get(
            entry.url, cap=self._limits.page_bytes, deadline=self._limits.page_deadline, accept=PAGES
        )
        if isinstance(fetched, FetchFailure) and fetched.kind in SILENT:
            if until := self._hosts.was_silent(host, self._clock()):
                self._log.warning("host left alone", host=host, because=fetched.kind, until=until.isoformat())
        else:
            self._hosts.answered(host)
        if isinstance(fetched, NotModified):
            return SetAside("not modified", "a page asked for without validators answered 304")
        if isinstance(fetched, FetchFailure):
            detail = f"{entry.url}: {fetched.kind}: {fetched.detail}"
            passing = fetched.kind in PASSING or (fetched.status or 0) in (408, 429) or (fetched.status or 0) >= 500
            if passing and item.attempts < len(RETRIES):
                wait = RETRIES[item.attempts]
                return SetAside(fetched.kind, detail, max(wait, fetched.retry_after or wait))
            return SetAside(fetched.kind if fetched.kind != "status" else f"status {fetched.status}", detail)
        page = await self._workers.extract(fetched.body, entry.url, fetched.charset)
        if isinstance(page, WorkerFailure):
            return SetAside(f"extractor {page.kind}", f"{entry.url}: {page.detail}")
        if page.problem is not None:
            return SetAside(page.problem, f"{entry.url}: the page has no article that could be read")
        article = Article(
            url=entry.url,
            outlet=feed.outlet if feed else urlsplit(entry.url).netloc,
            title=entry.title or page.title,
            text=page.text,
            language=identify(f"{page.title or ''} {page.text}", _hint(entry, feed)),
            published=entry.published or page.published,
            seen=self._clock(),
        )
        # What appears between two polls without a date was published when it was first seen, as near as can be known.
        article = replace(article, published=article.published or article.seen)
        reading = await self._workers.read(article)
        if isinstance(reading, WorkerFailure):
            return SetAside(f"reader {reading.kind}", f"{entry.url}: {reading.detail}")
        return article, reading

    async def _settle(
        self, item: PendingEntry, got: tuple[Article, Reading] | SetAside | PutBack, counts: Counter[str]
    ) -> None:
        now = self._clock()
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
                gone = await self._written(item, lambda tx: self._set_aside(tx, item, got, now), counts, now)
                if gone is None:
                    return
                self._tell(gone, item.entry.url, counts)
            counts["tried again later" if got.again else "set aside"] += 1
            self._log.warning(
                "page set aside", url=item.entry.url, outcome=got.outcome, detail=got.detail, again=got.again
            )
            return
        article, reading = got
        feed = self._feeds().get(item.feed_url)
        family = feed.family if feed else article.outlet
        taken = await self._written(item, lambda tx: self._take(tx, item, article, reading, family, now), counts, now)
        if taken is None:
            return
        counts["known" if taken.known else "read"] += 1
        self._log.debug("article read", url=article.url, claims=len(reading.claims), unread=reading.unread)
        self._tell(taken, article.url, counts)

    async def _written(
        self, item: PendingEntry, write: Callable[[Connection], Taken], counts: Counter[str], now: datetime
    ) -> Taken | None:
        """What one write transaction came to; None for a fault of ours, which then is the entry's outcome."""
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
            await self._store.run(lambda tx: entries.settle(tx, item.pk, "fault of parley", reason, now))
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

    def _take(
        self, tx: Connection, item: PendingEntry, article: Article, reading: Reading, family: str, now: datetime
    ) -> Taken:
        watches = self._watches_of(item)
        taken = take_in(
            tx, article, reading, watches=watches, family=family, mailing=self._mailing, now=now, memo=self._memo
        )
        outcome = "known" if taken.known else f"unread: {reading.unread}" if reading.unread else "read"
        entries.settle(tx, item.pk, outcome, f"{len(reading.claims)} claims, {len(taken.alerts)} alerts", now)
        return taken

    def _set_aside(self, tx: Connection, item: PendingEntry, why: SetAside, now: datetime) -> Taken:
        entries.settle(tx, item.pk, why.outcome, why.detail, now)
        if why.outcome not in GONE:
            return Taken(known=True)
        return withdraw(
            tx,
            item.entry.url,
            watches=self._watches,  # the page is gone for all that heard of it, by whichever feed
            mailing=self._mailing,
            now=now,
            because=why.outcome,
            memo=self._memo,
        )

    def _watches_of(self, item: PendingEntry) -> list[Watch]:
        feed = self._feeds().get(item.feed_url)
        wanted = feed.watches if feed else ()
        return [watch for watch in self._watches if not wanted or watch.id in wanted]


def _hint(entry: Entry, feed: Feed | None) -> str | None:
    language = entry.language or (feed.language if feed else None)
    return language.split("-")[0].lower() if language else None
