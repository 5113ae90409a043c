"""A poller over a real store and a real server, with a clock that the test moves."""

import inspect
import logging
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import structlog
from aiohttp import web
from structlog.typing import FilteringBoundLogger

from extractors.feed import ParsedFeed, parse_feed
from monitor.addresses import Opened
from monitor.app.web import user_agent
from monitor.fetch import Fetcher
from monitor.poller import Poller, PollLimits
from monitor.records import Feed, FeedState
from monitor.store import Store, feeds, open_store
from monitor.store.threads import StoreThread

# The servers of the tests; whatever is not open is refused.
HERE = Opened(networks=(ip_network("127.0.0.0/8"),))
START = datetime(2025, 5, 16, 12, tzinfo=UTC)
# Made once: reading the authorities takes longer than most tests.
_TLS = httpx.create_ssl_context(trust_env=False)
# What a poller tells is not read here, and a year of it would bury the failure that it belongs to.
_SILENT = structlog.make_filtering_bound_logger(logging.CRITICAL)(structlog.PrintLogger(), [], {})


class Here:
    """Parses in this process: what a parser may do to its process is tested with the workers."""

    last = ParsedFeed("")

    async def parse_feed(
        self, body: bytes, url: str, content_type: str | None, zone: str, now: datetime | None = None
    ) -> ParsedFeed:
        self.last = parse_feed(body, url, content_type, zone, now)
        return self.last


Handler = Callable[[web.Request], web.StreamResponse | Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Visit:
    """A request as it came: `at` by the virtual clock, `real` by the real one, `target` as it stood on the wire."""

    at: datetime
    real: float
    method: str
    target: str
    headers: dict[str, str]
    abreast: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass
class Newsstand:
    """A server with feeds by path; `shows` are the entries of each, `answers` win over them."""

    base: str = ""
    shows: dict[str, list[int]] = field(default_factory=dict)
    answers: dict[str, Handler] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    clock: Callable[[], datetime] = lambda: START
    inside: int = 0
    etags: bool = True

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.path, headers))
        self.inside += 1
        self.visits.append(
            Visit(self.clock(), time.monotonic(), request.method, request.raw_path, headers, self.inside)
        )
        try:
            return await self.answer(request)
        finally:
            self.inside -= 1

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.answers:
            answered = self.answers[request.path](request)
            return await answered if inspect.isawaitable(answered) else answered
        if request.path not in self.shows:
            return web.Response(status=404)
        numbers = self.shows[request.path]
        tag = f'"{request.path}-{numbers}"'
        if self.etags and request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        body = sitemap(self.base, numbers) if request.path.endswith("map") else rss(self.base, numbers)
        return web.Response(body=body, headers={"ETag": tag} if self.etags else {})

    def asked(self, path: str) -> int:
        return sum(each == path for each, _ in self.requests)

    def at(self, path: str) -> list[Visit]:
        """The requests for a path, in the order in which they came."""
        return [visit for visit in self.visits if visit.path == path]

    def waits(self, path: str) -> list[timedelta]:
        """The virtual time between each two requests for a path."""
        moments = [visit.at for visit in self.at(path)]
        return [later - earlier for earlier, later in pairwise(moments)]

    def sent(self, path: str, header: str) -> list[str | None]:
        """What each request for a path had in a header."""
        return [visit.headers.get(header.lower()) for visit in self.at(path)]


def rss(base: str, numbers: list[int]) -> bytes:
    """A feed of entries, each published as many minutes after START as its number says."""
    items = "".join(
        f"<item><title>News {n}</title><link>{base}/n/{n}</link><guid isPermaLink='false'>g{n}</guid>"
        f"<pubDate>{(START + timedelta(minutes=n)):%a, %d %b %Y %H:%M:%S} +0000</pubDate></item>"
        for n in numbers
    )
    return f"<rss version='2.0'><channel><title>News</title>{items}</channel></rss>".encode()


def sitemap(base: str, numbers: list[int]) -> bytes:
    """A news sitemap of the same entries."""
    urls = "".join(
        f"<url><loc>{base}/n/{n}</loc><news:news><news:publication><news:name>N</news:name>"
        f"<news:language>en</news:language></news:publication><news:title>News {n}</news:title>"
        f"<news:publication_date>{(START + timedelta(minutes=n)).isoformat()}</news:publication_date></news:news></url>"
        for n in numbers
    )
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {spaces}>{urls}</urlset>'.encode()


@dataclass
class Bench:
    """What a test turns and looks at."""

    stand: Newsstand
    store: Store
    thread: StoreThread
    now: datetime = START
    feeds: dict[str, Feed] = field(default_factory=dict)
    poller: Poller | None = None
    parser: Here = field(default_factory=Here)

    def add(self, path: str, **more: object) -> Feed:
        feed = Feed(self.stand.base + path, path.strip("/"), path.strip("/"), **more)
        self.feeds[feed.url] = feed
        with self.store.write() as tx:
            feeds.sync(tx, tuple(self.feeds.values()), self.now)
        return feed

    def state(self, feed: Feed) -> FeedState:
        with self.store.read() as tx:
            state = feeds.get(tx, feed.url)
        assert state is not None
        return state

    async def poll(self) -> None:
        """One turn: everything that is due now."""
        assert self.poller is not None
        await self.poller.drain()

    async def until(self, moment: datetime) -> None:
        """Turns at each moment at which something is due, up to `moment`."""
        while True:
            with self.store.read() as tx:
                due = feeds.next_due(tx)
            if due is None or due > moment:
                self.now = moment
                return
            self.now = max(self.now, due)
            await self.poll()

    def hold(self, feed: Feed, **habits: object) -> None:
        """Have the store remember these habits of a feed."""
        with self.store.write() as tx:
            state = feeds.get(tx, feed.url)
            assert state is not None
            feeds.save(tx, replace(state, habits=replace(state.habits, **habits)))

    def begin(
        self,
        *,
        gap: timedelta = timedelta(0),
        deadline: timedelta = timedelta(seconds=30),
        log: FilteringBoundLogger = _SILENT,
    ) -> None:
        """A poller that knows nothing but the store, as after a start."""
        self.poller = Poller(
            fetcher=Fetcher(
                user_agent=user_agent("desk@example.org"), clock=lambda: self.now, gap=gap, tls=_TLS, opened=HERE
            ),
            workers=self.parser,
            store=self.thread,
            configured=lambda: self.feeds,
            began=lambda _: START,
            max_age=timedelta(hours=72),
            news=lambda: None,
            clock=lambda: self.now,
            log=log,
            limits=PollLimits(feed_deadline=deadline),
        )

    async def kill(self, copy: Path) -> None:
        """Go on with what `kill -9` leaves of the store: the files as they are at this moment, copied."""
        old = Path(str(self.store.engine.url.database))
        for each in old.parent.glob(old.name + "*"):
            shutil.copy(each, copy.with_name(copy.name + each.name.removeprefix(old.name)))
        await self.close()
        self.store = open_store(f"sqlite:///{copy}")
        self.thread = StoreThread(self.store)
        self.begin()

    async def close(self) -> None:
        assert self.poller is not None
        await self.poller.close()
        self.thread.close()
        self.store.close()


@asynccontextmanager
async def working(store_url: str) -> AsyncIterator[Bench]:
    """A bench with its server, over the store at this address."""
    stand = Newsstand()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stand.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stand.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    store = open_store(store_url)
    made = Bench(stand, store, StoreThread(store))
    stand.clock = lambda: made.now
    made.begin()
    yield made
    await made.close()
    await runner.cleanup()


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the newest schema: to copy it takes a hundredth of the time that it takes to make it."""
    path = tmp_path_factory.mktemp("blank") / "parley.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
async def bench(blank: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    shutil.copy(blank, tmp_path / "parley.db")
    async with working(f"sqlite:///{tmp_path}/parley.db") as made:
        yield made
