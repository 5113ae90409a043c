"""The real poller, fetcher, parser and store before a hostile server, with a clock that the self-test moves."""

import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

from alerts.records import Alert
from alerts.rules import Mailing
from monitor.addresses import Opened
from monitor.fetch import Fetcher
from monitor.notify import notify
from monitor.poller import Poller, PollLimits
from monitor.records import Feed, FeedState
from monitor.selftest.site import START, Asked, Paper, Site
from monitor.store import feeds, open_store
from monitor.store.threads import StoreThread
from monitor.workers import Workers

HERE = Opened(networks=(ip_network("127.0.0.0/8"),))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# After how long in trouble the operator is told of a source (the setting's default).
NOTICE = DAY
# How often it is looked for what the operator is to be told; each time is a transaction.
_LOOK = 3 * HOUR


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one line: a sentence with figures."""

    passed: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Tools:
    """What is put to the test: who asks, by what means, and who parses. `requests` gathers all that were made.

    `blank` is an empty store, of which each rig has a copy: migrations take more time than most lines.
    """

    user_agent: str
    workers: Workers
    blank: Path
    tls: ssl.SSLContext
    fetcher: Callable[..., Fetcher] = Fetcher
    requests: list[Asked] = field(default_factory=list)


@asynccontextmanager
async def equipped(user_agent: str, fetcher: Callable[..., Fetcher] = Fetcher) -> AsyncIterator[Tools]:
    """The tools for as long as the block lasts."""
    with TemporaryDirectory() as folder:
        blank = Path(folder) / "blank.db"
        open_store(f"sqlite:///{blank}").close()
        workers = Workers(count=1)
        try:
            yield Tools(user_agent, workers, blank, ssl.create_default_context(), fetcher)
        finally:
            await workers.close()


class Rig:
    """A site, a store and a poller between them. `now` is virtual; `gap` and `deadline` are real.

    `said` are the lines of the log, `notices` what the operator was told. The store is a copy of the blank one at
    `file`, by default in a folder that goes with the rig.
    """

    def __init__(
        self,
        tools: Tools,
        *,
        gap: timedelta = timedelta(0),
        deadline: timedelta = timedelta(seconds=10),
        file: Path | None = None,
    ) -> None:
        self._tools, self._gap, self._file = tools, gap, file
        self._limits = PollLimits(feed_deadline=deadline)
        self._stack = AsyncExitStack()
        self.now, self._looked = START, START
        self.site = Site(lambda: self.now)
        self.feeds: dict[str, Feed] = {}
        self.said: list[dict[str, Any]] = []
        self.notices: list[Alert] = []

    async def __aenter__(self) -> "Rig":
        async with self._stack:
            await self._stack.enter_async_context(self.site)
            if self._file is None:
                self._file = Path(self._stack.enter_context(TemporaryDirectory())) / "parley.db"
            copyfile(self._tools.blank, self._file)
            self._start()
            # Nothing of it is left open when a part cannot be made.
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tools.requests.extend(self.site.requests)
        await self._stack.aclose()

    def _start(self) -> None:
        store = open_store(f"sqlite:///{self._file}")
        self._stack.callback(store.close)
        self.store = StoreThread(store)
        self._stack.callback(self.store.close)
        self.fetcher = self._tools.fetcher(
            user_agent=self._tools.user_agent, clock=lambda: self.now, gap=self._gap, tls=self._tools.tls, opened=HERE
        )
        self.poller = Poller(
            fetcher=self.fetcher,
            workers=self._tools.workers,
            store=self.store,
            configured=lambda: self.feeds,
            began=lambda _: START,
            max_age=timedelta(hours=72),
            news=lambda: None,
            clock=lambda: self.now,
            log=_logger(self.said),
            limits=self._limits,
        )
        self._stack.push_async_callback(self.poller.close)

    async def restart(self) -> None:
        """Another process on the same file: nothing of this one's memory is left, and it was not asked to end."""
        self._start()
        await self._sync()

    async def add(self, path: str, paper: Paper, **more: Any) -> Feed:
        """A paper at this path, and a feed that is due now. `more` are fields of the Feed."""
        self.site.papers[path.partition("?")[0]] = paper
        feed = Feed(self.site.base + path, "courier.example", "courier", **more)
        self.feeds[feed.url] = feed
        await self._sync()
        return feed

    async def _sync(self) -> None:
        configured = tuple(self.feeds.values())
        await self.store.run(lambda tx: feeds.sync(tx, configured, self.now))

    async def state(self, feed: Feed) -> FeedState:
        """What the store remembers of a feed."""
        found = await self.store.query(lambda tx: feeds.get(tx, feed.url))
        assert found is not None
        return found

    async def turn(self, times: int = 1) -> None:
        """Go on to the next moment at which a feed is due, and poll what is due then."""
        for _ in range(times):
            due = await self.store.query(feeds.next_due)
            assert due is not None
            self.now = max(self.now, due)
            await self._tick()

    async def run(self, span: timedelta) -> None:
        """Let virtual time pass: turns at every moment at which something is due, and some in between."""
        until, step = self.now + span, max(10 * MINUTE, span / 20)
        await self._tick()
        while self.now < until:
            due = await self.store.query(feeds.next_due)
            self.now = min(until, self.now + step, max(due, self.now + timedelta(seconds=1)) if due else until)
            await self._tick()

    async def _tick(self) -> None:
        await self.poller.drain()
        if self.now - self._looked < _LOOK:
            return
        self._looked = self.now
        told = await self.store.run(
            lambda tx: notify(tx, self.feeds, to=(), after=NOTICE, mailing=Mailing(), now=self.now)
        )
        self.notices += told

    def told(self, feed: Feed) -> str:
        """All that the log says of a feed, in one text."""
        return "\n".join(
            " ".join(str(part) for part in each.values()) for each in self.said if each["feed"] == feed.url
        )


def waits(asked: Sequence[Asked]) -> list[timedelta]:
    """The virtual time between each request and the next."""
    return [later.at - earlier.at for earlier, later in pairwise(asked)]


def unfounded(asked: Sequence[Asked]) -> Iterator[tuple[str, str]]:
    """Validators that were sent for one address, and are not those that its last answer gave: header and value."""
    etag: str | None = None
    modified: str | None = None
    for each in asked:
        for name, held in (("if-none-match", etag), ("if-modified-since", modified)):
            if name in each.headers and each.headers[name] != held:
                yield name, each.headers[name]
        if each.status == 200:
            etag, modified = each.etag, each.modified
        elif each.status == 304:
            etag, modified = each.etag or etag, each.modified or modified


def words(span: timedelta) -> str:
    """A span to the second: `60 min 12 s`, `25 h 3 min`."""
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{span.total_seconds():.2f} s" if seconds < 10 else f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds // 60 % 60} min"


def _logger(lines: list[dict[str, Any]]) -> FilteringBoundLogger:
    def take(_logger: object, method: str, line: EventDict) -> EventDict:
        lines.append({"feed": None, "level": method, **line})
        raise structlog.DropEvent

    made: FilteringBoundLogger = structlog.wrap_logger(
        None, processors=[take], wrapper_class=structlog.make_filtering_bound_logger(logging.INFO)
    )
    return made
