"""A poller over a real store and a real server, with a clock that the test moves."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
import structlog
from aiohttp import web

from extractors.feed import ParsedFeed, parse_feed
from monitor.addresses import Opened
from monitor.fetch import Fetcher
from monitor.poller import Poller, PollLimits
from monitor.records import Feed, FeedState
from monitor.store import Store, feeds, open_store
from monitor.store.threads import StoreThread

# The servers of the tests; whatever is not open is refused.
HERE = Opened(networks=(ip_network("127.0.0.0/8"),))
START = datetime(2025, 5, 16, 12, tzinfo=UTC)


class Here:
    """Parses in this process: what a parser may do to its process is tested with the workers."""

    async def parse_feed(
        self, body: bytes, url: str, content_type: str | None, zone: str, now: datetime | None = None
    ) -> ParsedFeed:
        return parse_feed(body, url, content_type, zone, now)


@dataclass
class Newsstand:
    """A server with feeds by path; `shows` are the entries of each, `answers` win over them."""

    base: str = ""
    shows: dict[str, list[int]] = field(default_factory=dict)
    answers: dict[str, Callable[[web.Request], web.Response]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    etags: bool = True

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        if request.path in self.answers:
            return self.answers[request.path](request)
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

    def add(self, path: str, **more: object) -> Feed:
        feed = Feed(self.stand.base + path, path.strip("/"), path.strip("/"), **more)  # type: ignore[arg-type]
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
            feeds.save(tx, replace(state, habits=replace(state.habits, **habits)))  # type: ignore[arg-type]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    stand = Newsstand()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stand.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stand.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    store = open_store("sqlite://")
    thread = StoreThread(store)
    made = Bench(stand, store, thread)
    made.poller = Poller(
        fetcher=Fetcher(user_agent="Parley/0", clock=lambda: made.now, gap=timedelta(0), opened=HERE),
        workers=Here(),  # type: ignore[arg-type]
        store=thread,
        configured=lambda: made.feeds,
        began=lambda _: START,
        max_age=timedelta(hours=72),
        news=lambda: None,
        clock=lambda: made.now,
        log=structlog.get_logger(),
        limits=PollLimits(),
    )
    yield made
    await made.poller.close()
    thread.close()
    store.close()
    await runner.cleanup()
