"""The article of one entry: its page asked for, read and judged, or else the words of its feed.

Where the page cannot be had for good, may not be asked for or stands behind a wall, the feed's own words are read.
Whatever a page does comes back as a value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from structlog.typing import FilteringBoundLogger

from extractors.article import ExtractedPage
from extractors.language import identify
from extractors.links import canonical
from extractors.records import Article, Entry, Reading
from monitor.fetch import Fetched, Fetcher, FetchFailure, NotModified
from monitor.hosts import Hosts
from monitor.records import Feed
from monitor.robots import Robots
from monitor.store import articles
from monitor.store.articles import ReadFrom
from monitor.store.entries import PendingEntry
from monitor.store.threads import StoreThread
from monitor.workers import WorkerFailure, Workers

# Waits between tries of a page that could not be had, then it is set aside: a newsroom's outage is over within a day.
RETRIES = (timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6))
# How often what ended its process is given another.
PATIENT = 2
PASSING = frozenset({"dns", "refused", "timeout", "protocol"})
# These say that the host, and not only the page, does not answer.
SILENT = frozenset({"dns", "refused", "timeout"})
# What a page says that was read before and has its article no more. A page that was never read is only set aside.
GONE = frozenset({"status 404", "status 410", "no text"})
# What a feed says of an article beyond its title is worth reading from this length on: the shortest news flash of the
# labelled corpus has 61 characters.
WORDS = 60
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
    its feed says, then `because` says why. `fetched` is the page's answer, if there was one. `names` is the digest of
    the names that it was read by."""

    article: Article
    reading: Reading
    source: ReadFrom
    fetched: Fetched | None = None
    because: str = ""
    names: str = ""


Got = Ready | SetAside | PutBack


class Pages:
    """Gets articles of entries. `feeds` are those configured now, by address; `robots` None: nobody is asked."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        workers: Workers,
        store: StoreThread,
        feeds: Callable[[], Mapping[str, Feed]],
        clock: Callable[[], datetime],
        log: FilteringBoundLogger,
        limits: ReadLimits,
        robots: Robots | None,
    ) -> None:
        self._fetcher, self._workers, self._store, self._feeds = fetcher, workers, store, feeds
        self._clock, self._log, self._limits, self._robots = clock, log, limits, robots
        self._hosts = Hosts()

    def use(
        self, fetcher: Fetcher, robots: Robots | None, feeds: Callable[[], Mapping[str, Feed]], limits: ReadLimits
    ) -> None:
        """Get the next pages by these. What is known of hosts stays known."""
        self._fetcher, self._robots, self._feeds, self._limits = fetcher, robots, feeds, limits

    async def article(self, item: PendingEntry) -> Got:
        """The article of an entry, from its page or else from its feed's words."""
        if until := self._hosts.closed_until(urlsplit(item.entry.url).netloc, self._clock()):
            return PutBack(until)
        feed = self._feeds().get(item.feed_url)
        if feed is not None and not feed.pages:
            return await self._words(item, feed, "its feed is read without pages", SetAside("no text", item.address))
        got = (
            await self._page(item, feed) if item.entry.url else SetAside("no link", f"{item.address} links to no page")
        )
        if not isinstance(got, SetAside) or got.outcome in GONE - {"no text"}:
            return got
        # What no extractor could read in time it may read later; what the feed says of it is there now.
        if got.again is not None and not got.outcome.startswith("extractor"):
            return got
        # What was read from a page once is not replaced by less, nor is what was withdrawn brought back.
        kept = await self._store.query(lambda tx: articles.current(tx, articles.address(tx, item.address)))
        if kept is not None and kept.read_from == "page":
            return got
        return await self._words(item, feed, got.outcome, got)

    async def again(self, item: PendingEntry, *, etag: str | None, last_modified: str | None) -> Got:
        """The page of an entry that was read before, asked for with the validators of its last answer.

        No feed says how an edited page is called now: with its text, its title is the page's own.
        """
        if until := self._hosts.closed_until(urlsplit(item.entry.url).netloc, self._clock()):
            return PutBack(until)
        feed = self._feeds().get(item.feed_url)
        if feed is not None and not feed.pages:
            return SetAside("no pages", f"{item.feed_url} is now read without pages")
        return await self._page(item, feed, etag, last_modified, again=True)

    async def read_again(self, item: PendingEntry, ready: Ready) -> Ready | SetAside:
        """The same article by the names that are in use now."""
        return await self._read(item, ready.article, ready.source, ready.fetched, ready.because)

    async def _words(self, item: PendingEntry, feed: Feed | None, because: str, instead: SetAside) -> Got:
        """The article as its feed tells it; `instead` when that is next to nothing."""
        entry = item.entry
        # Many feeds repeat the title as the summary.
        beyond = entry.summary.removeprefix(entry.title).strip()
        if len(beyond) < WORDS and (feed is None or feed.pages or not entry.title):
            return instead
        article = self._made(entry, feed, item.address, entry.title, entry.summary or entry.title, None, None)
        return await self._read(item, article, "summary", because=because)

    async def _page(
        self,
        item: PendingEntry,
        feed: Feed | None,
        etag: str | None = None,
        last_modified: str | None = None,
        *,
        again: bool = False,
    ) -> Got:
        entry, host = item.entry, urlsplit(item.entry.url).netloc
        if refused := await self._permitted(item, entry.url):
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
        # Where a link only leads to another site, that site's wish is known once it has answered.
        if urlsplit(fetched.final_url).netloc != host and (refused := await self._permitted(item, fetched.final_url)):
            return refused
        page = await self._workers.extract(fetched.body, fetched.final_url, fetched.charset)
        if isinstance(page, WorkerFailure):
            return _unread(item, "extractor", entry.url, page)
        if page.problem is not None:
            return SetAside(page.problem, f"{entry.url}: the page has no article that could be read")
        if page.stub and len(entry.summary) > len(page.text):
            return SetAside("paywall", f"{entry.url}: the page gives less of its article than its feed does")
        if again:
            entry = replace(entry, title=await self._called_now(entry, page))
        address = canonical(entry.url, fetched.final_url, page.link)
        article = self._made(entry, feed, address, page.title, page.text, page.language, page.published)
        return await self._read(item, article, "page", fetched)

    async def _called_now(self, entry: Entry, page: ExtractedPage) -> str:
        """The title of a page that no feed has told of since: as it was while its text is the same, else its own."""
        kept = await self._store.query(lambda tx: articles.current(tx, articles.address(tx, entry.url)))
        # Pages and feeds often call one article differently; that alone is no edit.
        if kept is not None and kept.article.text == page.text:
            return kept.article.title or ""
        return page.title or entry.title

    async def _permitted(self, item: PendingEntry, url: str) -> SetAside | None:
        """Why the page at `url` may not be asked for, or not yet."""
        permission = "yes" if self._robots is None else await self._robots.allowed(url)
        if permission == "yes":
            return None
        if permission == "no":
            return SetAside("robots", f"{url} is closed to programs by its site's robots.txt")
        again = RETRIES[item.attempts] if item.attempts < len(RETRIES) else None
        return SetAside("robots", f"{url}: its site's robots.txt could not be had", again)

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
        self, item: PendingEntry, article: Article, source: ReadFrom, fetched: Fetched | None = None, because: str = ""
    ) -> Ready | SetAside:
        names = self._workers.digest
        reading = await self._workers.read(article)
        if isinstance(reading, WorkerFailure):
            return _unread(item, "reader", article.url, reading)
        return Ready(article, reading, source, fetched, because, names)


def _failed(item: PendingEntry, failure: FetchFailure) -> SetAside:
    status, detail = failure.status or 0, f"{item.entry.url}: {failure.kind}: {failure.detail}"
    passing = failure.kind in PASSING or status in (408, 429) or status >= 500
    if passing and item.attempts < len(RETRIES):
        wait = RETRIES[item.attempts]
        return SetAside(failure.kind, detail, max(wait, failure.retry_after or wait))
    return SetAside(failure.kind if failure.kind != "status" else f"status {status}", detail)


def _unread(item: PendingEntry, who: str, url: str, failure: WorkerFailure) -> SetAside:
    """On a machine that is busy for a while good articles time out too: measured at five times its usual load. What
    ends its process three times is set aside."""
    passing = failure.kind in ("timeout", "crash") and item.attempts < PATIENT
    again = RETRIES[item.attempts] if passing else None
    return SetAside(f"{who} {failure.kind}", f"{url}: {failure.detail}", again)


def _hint(entry: Entry, feed: Feed | None, page: str | None) -> str | None:
    language = entry.language or (feed.language if feed else None) or page
    return language.split("-")[0].lower() if language else None
