"""One article of the service, end to end: entry → page → text → claims, then taken in.

Pages are fetched and read side by side; those of one feed are taken in by order of publication (DESIGN §2), and no feed
waits for another. Whatever a page does, the reader goes on: where it cannot be had for good, or stands behind a wall,
the feed's own words are read; what gives nothing is set aside with its reason, which `parley feeds` and `parley
explain` show. Pages of alerted articles are looked at again for edits.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal, Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from structlog.typing import FilteringBoundLogger

from extractors.language import identify
from extractors.links import canonical
from extractors.records import Article, Entry, Reading
from monitor.fetch import Fetched, Fetcher, FetchFailure, NotModified
from monitor.hosts import Hosts
from monitor.intake import Mailing, Taken, take_in, withdraw
from monitor.records import Feed, MonitorError, Watch
from monitor.robots import Robots
from monitor.store import articles, entries, events, feeds, looks
from monitor.store.entries import PendingEntry
from monitor.store.events import Memo
from monitor.store.looks import Look
from monitor.store.threads import StoreThread
from monitor.workers import WorkerFailure, Workers

# Waits between tries of a page that could not be had, then it is set aside: a newsroom's outage is over within a day.
RETRIES = (timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6))
PASSING = frozenset({"dns", "refused", "timeout", "protocol"})
# These say that the host, and not only the page, does not answer.
SILENT = frozenset({"dns", "refused", "timeout"})
# What a page says that was read before and has its article no more. A page that was never read is only set aside.
GONE = frozenset({"status 404", "status 410", "no text"})
# What a feed says of an article beyond its title is worth reading from this length on: the shortest news flash of the
# labelled corpus has 61 characters.
WORDS = 60
# How long an event is hot behind its last day, and if its day is not known; and the longest that a plan heats a feed.
HOT_AFTER, HOT_UNDATED, HOT_LONGEST = timedelta(days=2), timedelta(days=3), timedelta(days=14)
LIVE = frozenset({"planned", "agreed", "underway"})
Source = Literal["page", "summary"]
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


@dataclass(frozen=True, slots=True)
class Ready:
    """An article with what was read in it, to be taken in. `source` is what its text was read from: its page, or what
    its feed says, then `because` says why. `fetched` is the page's answer, if there was one."""

    article: Article
    reading: Reading
    source: Source
    fetched: Fetched | None = None
    because: str = ""


Got = Ready | SetAside | PutBack


class Recorder(Protocol):
    """Keeps what is taken in, within the transaction that takes it in."""

    def article(
        self,
        article: Article,
        *,
        fetched: Fetched | None,
        entry: Entry,
        feed_url: str,
        watches: Sequence[str],
        family: str,
        source: Source,
        now: datetime,
    ) -> None:
        """One article, with the answer that it was read from."""

    def withdrawn(self, url: str, because: str, *, watches: Sequence[str], family: str, now: datetime) -> None:
        """One article that was withdrawn."""


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
        self._robots, self._recorder = robots, recorder
        self._fetcher, self._workers, self._store = fetcher, workers, store
        self._watches, self._mailing, self._feeds = watches, mailing, feeds
        self._memo, self._alerted = memo, alerted
        self._clock, self._log, self._limits = clock, log, limits
        self._hosts = Hosts()

    async def drain(self) -> Counter[str]:
        """Read all entries that are due, then look again at the pages that are; the count of each outcome.

        Also counts `alerts`.
        """
        counts: Counter[str] = Counter()
        while True:
            now = self._clock()
            batch = await self._store.query(partial(entries.pending, now=now, limit=self._limits.batch))
            if not batch:
                break
            await self._read_batch(batch, counts)
        for look in await self._store.query(partial(looks.due, now=self._clock(), limit=self._limits.batch)):
            await self._look_again(look, counts)
        return counts

    async def _read_batch(self, batch: Sequence[PendingEntry], counts: Counter[str]) -> None:
        abreast = asyncio.Semaphore(self._limits.abreast)
        turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

        async def one(item: PendingEntry) -> Got:
            host = urlsplit(item.entry.url).netloc
            # The host's turn comes first: pages that wait for one slow host must not fill all the places.
            async with turns[host], abreast:
                until = self._hosts.closed_until(host, self._clock())
                return PutBack(until) if until else await self._article(item, host)

        tasks = [(item, asyncio.create_task(one(item))) for item in batch]

        async def settle(feed_url: str) -> None:
            for item, task in tasks:
                if item.feed_url == feed_url:
                    await self._settle(item, await task, counts)

        settled = [asyncio.create_task(settle(feed_url)) for feed_url in dict.fromkeys(i.feed_url for i, _ in tasks)]
        try:
            await asyncio.gather(*settled)
        finally:
            for task in (*settled, *(task for _, task in tasks)):
                task.cancel()
            await asyncio.gather(*settled, *(task for _, task in tasks), return_exceptions=True)

    async def _article(self, item: PendingEntry, host: str) -> Got:
        feed = self._feeds().get(item.feed_url)
        if feed is not None and not feed.pages:
            return await self._words(item, feed, "its feed is read without pages", SetAside("no text", item.entry.url))
        got = await self._page(item, feed, host)
        if not isinstance(got, SetAside) or got.again is not None or got.outcome in GONE - {"no text"}:
            return got
        # What was read from a page once is not replaced by less, nor is what was withdrawn brought back.
        if await self._store.query(lambda tx: articles.current(tx, articles.address(tx, item.entry.url))) is not None:
            return got
        return await self._words(item, feed, got.outcome, got)

    async def _words(self, item: PendingEntry, feed: Feed | None, because: str, instead: SetAside) -> Got:
        """The article as its feed tells it; `instead` when that is next to nothing."""
        entry = item.entry
        # Many feeds repeat the title as the summary.
        beyond = entry.summary.removeprefix(entry.title).strip()
        if len(beyond) < WORDS and (feed is None or feed.pages or not entry.title):
            return instead
        article = self._made(entry, feed, entry.url, entry.title, entry.summary or entry.title, None, None)
        return await self._read(article, "summary", because=because)

    async def _page(
        self,
        item: PendingEntry,
        feed: Feed | None,
        host: str,
        etag: str | None = None,
        last_modified: str | None = None,
    ) -> Got:
        entry = item.entry
        if (refused := await self._permitted(item)) is not None:
            return refused
        fetched = await self._fetcher.get(
            entry.url,
            etag=etag,
            last_modified=last_modified,
            cap=self._limits.page_bytes,
            deadline=self._limits.page_deadline,
            accept=PAGES,
        )
        if isinstance(fetched, FetchFailure) and fetched.kind in SILENT:
            if until := self._hosts.was_silent(host, self._clock()):
                self._log.warning("host left alone", host=host, because=fetched.kind, until=until.isoformat())
        else:
            self._hosts.answered(host)
        if isinstance(fetched, NotModified):
            asked = "with" if etag or last_modified else "without"
            return SetAside("not modified", f"{entry.url} answered 304 to a request {asked} validators")
        if isinstance(fetched, FetchFailure):
            return _failed(item, fetched)
        page = await self._workers.extract(fetched.body, fetched.final_url, fetched.charset)
        if isinstance(page, WorkerFailure):
            return SetAside(f"extractor {page.kind}", f"{entry.url}: {page.detail}")
        if page.problem is not None:
            return SetAside(page.problem, f"{entry.url}: the page has no article that could be read")
        if page.stub and len(entry.summary) > len(page.text):
            return SetAside("paywall", f"{entry.url}: the page gives less of its article than its feed does")
        address = canonical(entry.url, fetched.final_url, page.link)
        article = self._made(entry, feed, address, page.title, page.text, page.language, page.published)
        return await self._read(article, "page", fetched)

    async def _permitted(self, item: PendingEntry) -> SetAside | None:
        """Why the page may not be asked for, or not yet."""
        permission = "yes" if self._robots is None else await self._robots.allowed(item.entry.url)
        if permission == "yes":
            return None
        if permission == "no":
            return SetAside("robots", f"{item.entry.url} is closed to programs by its site's robots.txt")
        again = RETRIES[item.attempts] if item.attempts < len(RETRIES) else None
        return SetAside("robots", f"{item.entry.url}: its site's robots.txt could not be had", again)

    def _made(
        self,
        entry: Entry,
        feed: Feed | None,
        address: str,
        title: str | None,
        text: str,
        language: str | None,
        published: datetime | None,
    ) -> Article:
        seen = self._clock()
        return Article(
            url=address,
            outlet=feed.outlet if feed else urlsplit(entry.url).netloc,
            title=entry.title or title,
            text=text,
            language=identify(f"{title or ''} {text}", _hint(entry, feed, language)),
            # What appears between two polls without a date was published when it was first seen, as near as can be
            # known.
            published=entry.published or published or seen,
            seen=seen,
        )

    async def _read(
        self, article: Article, source: Source, fetched: Fetched | None = None, because: str = ""
    ) -> Ready | SetAside:
        reading = await self._workers.read(article)
        if isinstance(reading, WorkerFailure):
            return SetAside(f"reader {reading.kind}", f"{article.url}: {reading.detail}")
        return Ready(article, reading, source, fetched, because)

    async def _look_again(self, look: Look, counts: Counter[str]) -> None:
        """Look for edits of a page that was alerted on. Whatever comes of it, its entry stays as it was settled."""
        host, now = urlsplit(look.entry.url).netloc, self._clock()
        if self._hosts.closed_until(host, now) is not None:
            return
        item = PendingEntry(look.entry_pk, look.feed_url, look.entry, attempts=len(RETRIES))
        feed = self._feeds().get(look.feed_url)
        got = await self._page(item, feed, host, look.etag, look.last_modified)
        fresh = got.fetched if isinstance(got, Ready) else None
        etag, last_modified = (fresh.etag, fresh.last_modified) if fresh else (None, None)

        def write(tx: Connection) -> Taken:
            looks.done(tx, look.entry_pk, now, etag=etag, last_modified=last_modified)
            if isinstance(got, Ready):
                return self._take(tx, item, got, now)
            if isinstance(got, SetAside) and got.outcome in GONE:
                return self._withdraw(tx, item, got, now)
            return Taken(known=True)

        counts["looked at again"] += 1
        outcome = got.outcome if isinstance(got, SetAside) else "read" if isinstance(got, Ready) else "put back"
        self._log.debug("page looked at again", url=look.entry.url, outcome=outcome)
        self._tell(await self._store.run(write), look.entry.url, counts)

    async def _settle(self, item: PendingEntry, got: Got, counts: Counter[str]) -> None:
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
        taken = await self._written(item, lambda tx: self._take_and_settle(tx, item, got, now), counts, now)
        if taken is None:
            return
        counts["known" if taken.known else "read"] += 1
        if got.source == "summary":
            counts["read from the feed"] += 1
            self._log.info("feed's words read", url=got.article.url, because=got.because)
        self._log.debug("article read", url=got.article.url, claims=len(got.reading.claims), unread=got.reading.unread)
        self._tell(taken, got.article.url, counts)

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

    def _take_and_settle(self, tx: Connection, item: PendingEntry, ready: Ready, now: datetime) -> Taken:
        taken, reading = self._take(tx, item, ready, now), ready.reading
        outcome = "known" if taken.known else f"unread: {reading.unread}" if reading.unread else "read"
        told = f"the same text as {taken.same}" if taken.same else ""
        told = told or f"{len(reading.claims)} claims, {len(taken.alerts)} alerts"
        why = f"; the feed's own words were read: {ready.because}" if ready.source == "summary" else ""
        entries.settle(tx, item.pk, outcome, told + why, now)
        return taken

    def _take(self, tx: Connection, item: PendingEntry, ready: Ready, now: datetime) -> Taken:
        """Take an article in under the address that it is kept at, and note what follows from it."""
        entry, feed = item.entry, self._feeds().get(item.feed_url)
        kept = articles.address(tx, entry.url)
        article = replace(ready.article, url=kept) if kept != entry.url else ready.article
        if article.url not in (entry.url, kept):
            if articles.current(tx, entry.url) is None:
                articles.known_as(tx, entry.url, article.url, now)
            else:
                # It was kept under the feed's address before its page named another one.
                article = replace(article, url=entry.url)
        family = feed.family if feed else article.outlet
        watches = self._watches_of(item)
        taken = take_in(
            tx,
            article,
            ready.reading,
            watches=watches,
            family=family,
            mailing=self._mailing,
            now=now,
            memo=self._memo,
        )
        if not taken.known:
            self._record(
                lambda kept: kept.article(
                    article,
                    fetched=ready.fetched,
                    entry=entry,
                    feed_url=item.feed_url,
                    watches=[watch.id for watch in watches],
                    family=family,
                    source=ready.source,
                    now=now,
                )
            )
        if taken.alerts and (feed is None or feed.pages):
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

    def _set_aside(self, tx: Connection, item: PendingEntry, why: SetAside, now: datetime) -> Taken:
        entries.settle(tx, item.pk, why.outcome, why.detail, now)
        return self._withdraw(tx, item, why, now) if why.outcome in GONE else Taken(known=True)

    def _withdraw(self, tx: Connection, item: PendingEntry, why: SetAside, now: datetime) -> Taken:
        kept = articles.address(tx, item.entry.url)
        withdrawn = withdraw(
            tx,
            kept,
            watches=self._watches,  # the page is gone for all that heard of it, by whichever feed
            mailing=self._mailing,
            now=now,
            because=why.outcome,
            memo=self._memo,
        )
        if not withdrawn.known:
            feed = self._feeds().get(item.feed_url)
            family = feed.family if feed else urlsplit(kept).netloc
            names = [watch.id for watch in self._watches]
            self._record(lambda into: into.withdrawn(kept, why.outcome, watches=names, family=family, now=now))
        return withdrawn

    def _record(self, write: Callable[[Recorder], None]) -> None:
        """Keep it in the archive, if there is one. An archive that cannot be written must cost no alert."""
        if self._recorder is None:
            return
        try:
            write(self._recorder)
        except MonitorError as error:
            self._log.error("not archived", error=str(error))

    def _watches_of(self, item: PendingEntry) -> list[Watch]:
        feed = self._feeds().get(item.feed_url)
        wanted = feed.watches if feed else ()
        return [watch for watch in self._watches if not wanted or watch.id in wanted]


def _failed(item: PendingEntry, failure: FetchFailure) -> SetAside:
    status, detail = failure.status or 0, f"{item.entry.url}: {failure.kind}: {failure.detail}"
    passing = failure.kind in PASSING or status in (408, 429) or status >= 500
    if passing and item.attempts < len(RETRIES):
        wait = RETRIES[item.attempts]
        return SetAside(failure.kind, detail, max(wait, failure.retry_after or wait))
    return SetAside(failure.kind if failure.kind != "status" else f"status {status}", detail)


def _hint(entry: Entry, feed: Feed | None, page: str | None) -> str | None:
    language = entry.language or (feed.language if feed else None) or page
    return language.split("-")[0].lower() if language else None
