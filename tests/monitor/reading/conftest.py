"""A reader over a real store, real workers and a real server, with a clock that the test moves.

The server stands in for all newsrooms: it is the fetcher's proxy, so that each test may use whatever hosts it likes.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa
import structlog
from aiohttp import web

from alerts.records import Alert
from alerts.rules import Mailing
from extractors.records import Article, Entry
from monitor.faults import Faults
from monitor.fetch import Fetcher
from monitor.read import Reader, ReadLimits, Recorder
from monitor.records import Feed, FeedState, Watch
from monitor.robots import Robots
from monitor.store import Store, alerts, articles, entries, events, feeds, open_store
from monitor.store import tables as t
from monitor.store.codec import decode
from monitor.store.threads import StoreThread
from monitor.watches import load_watch
from monitor.workers import Workers

START = datetime(2031, 5, 17, 12, tzinfo=UTC)
SEEDS = Path(__file__).parents[3] / "seeds"
TITLE = "Fifth round of talks between Russia and Ukraine ends in Istanbul"
TEXT = (
    "The delegations of Russia and Ukraine ended their fifth round of talks in Istanbul on 17 May 2031. "
    "Rustem Umerov led the Ukrainian side and Vladimir Medinsky the Russian one. "
    "Both sides left the palace without a word to the press, and their experts go on in writing next week."
)
# The same news in the few words that a feed has for it.
WORDS = (
    "The delegations of Russia and Ukraine ended their fifth round of talks in Istanbul on 17 May 2031. "
    "Neither said where or when the next one is to be, and neither took questions, our reporter writes."
)


def _dropped(*_: object) -> NoReturn:
    raise structlog.DropEvent


# Printing traces with all their variables would be most of what these tests take.
QUIET = structlog.wrap_logger(structlog.PrintLogger(), processors=[_dropped])
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page(title: str = TITLE, text: str = TEXT, *, head: str = "", more: str = "") -> str:
    body = "".join(f"<p>{part}</p>" for part in text.split("\n"))
    return (
        f"<html lang='en'><head><title>{title}</title>{head}</head><body><nav>Home | World | Sport</nav>"
        f"<article><h1>{title}</h1>{body}</article>{more}</body></html>"
    )


@dataclass
class Press:
    """All newsrooms. `requests` are the addresses asked for, with the headers in lower case, in order."""

    proxy: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def at(self, url: str, answer: Answer) -> str:
        self.answers[url] = answer
        return url

    def prints(self, url: str, body: str | bytes = b"", status: int = 200, **headers: str) -> str:
        sent = body.encode() if isinstance(body, str) else body

        async def answer(request: web.Request) -> web.StreamResponse:
            named = {"Content-Type": "text/html; charset=utf-8"}
            named |= {name.replace("_", "-"): value for name, value in headers.items()}
            if (etag := headers.get("ETag")) and request.headers.get("If-None-Match") == etag:
                return web.Response(status=304, headers={"ETag": etag})
            return web.Response(body=sent, status=status, headers=named)

        return self.at(url, answer)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        url = f"http://{request.host}{request.path_qs}"
        self.requests.append((url, {name.lower(): value for name, value in request.headers.items()}))
        if url not in self.answers:
            return web.Response(status=404, text="no such page")
        return await self.answers[url](request)

    def asked(self, url: str) -> int:
        return sum(each == url for each, _ in self.requests)


@dataclass
class Desk:
    """What a test turns and looks at."""

    press: Press
    store: Store
    thread: StoreThread
    watch: Watch
    workers: Workers
    now: datetime = START
    feeds: dict[str, Feed] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    wire: Fetcher = field(init=False)
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def open(
        self,
        *,
        robots: bool = True,
        limits: ReadLimits | None = None,
        recorder: Recorder | None = None,
        workers: Workers | None = None,
    ) -> None:
        """A new reader over the same store, as after a restart."""
        proxy = self.press.proxy
        self.wire = Fetcher(user_agent="Parley/0", clock=lambda: self.now, gap=timedelta(0), proxy=proxy)
        self.reader = Reader(
            fetcher=self.wire,
            workers=workers or self.workers,
            store=self.thread,
            watches=(self.watch,),
            mailing=Mailing(),
            feeds=lambda: self.feeds,
            memo=events.Memo(),
            alerted=lambda: None,
            clock=lambda: self.now,
            log=QUIET,
            limits=limits or ReadLimits(),
            robots=Robots(self.wire, lambda: self.now) if robots else None,
            recorder=recorder,
        )

    def feed(self, outlet: str = "courier.example", *, family: str | None = None, **more: object) -> Feed:
        feed = Feed(f"http://{outlet}/feed", outlet, family or outlet.split(".")[0], **more)
        self.feeds[feed.url] = feed
        with self.store.write() as tx:
            feeds.sync(tx, tuple(self.feeds.values()), self.now)
        return feed

    def shows(
        self,
        feed: Feed,
        url: str,
        *,
        id: str = "",  # noqa: A002 - as the record has it
        title: str = TITLE,
        summary: str = "",
        ago: timedelta = timedelta(minutes=5),
    ) -> Entry:
        """The feed has a new entry, which is to be read."""
        entry = Entry(id or url, url, title, summary, self.now - ago)
        with self.store.write() as tx:
            assert entries.add(tx, feed.url, [entry], status="new", now=self.now) == 1
        return entry

    def dates_anew(self, feed: Feed, entry: Entry, **changes: object) -> None:
        """The feed shows the entry with a later date: its page is to be read again."""
        with self.store.write() as tx:
            again = replace(entry, published=self.now, **changes)
            assert entries.read_again(tx, feed.url, [again], self.now) == 1

    async def read(self, after: timedelta = timedelta(0)) -> Counter[str]:
        """One turn of the reader, so long after the last one."""
        self.now += after
        self.counts = await self.reader.drain()
        return self.counts

    def outcome(self, url: str) -> tuple[str, str]:
        with self.store.read() as tx:
            rows = tx.execute(sa.select(t.entry.c.body, t.entry.c.outcome, t.entry.c.detail)).all()
        ((found, detail),) = [(row.outcome, row.detail) for row in rows if decode(Entry, row.body).url == url]
        return found, detail

    def alerts(self) -> list[Alert]:
        with self.store.read() as tx:
            return list(alerts.all_alerts(tx))

    def reasons(self) -> list[str]:
        return [alert.reason for alert in self.alerts()]

    def versions(self, url: str) -> tuple[Article, ...]:
        with self.store.read() as tx:
            return articles.by_url(tx, url)

    def state(self, feed: Feed) -> FeedState:
        with self.store.read() as tx:
            state = feeds.get(tx, feed.url)
        assert state is not None
        return state


@pytest.fixture(scope="package")
def watch() -> Watch:
    loaded = load_watch(SEEDS / "watches" / "ru-ua.yaml", SEEDS / "topics")
    assert not isinstance(loaded, Faults)
    return loaded


@pytest.fixture(scope="package")
def workers(watch: Watch) -> Iterator[Workers]:
    made = Workers([watch.names], count=1)
    yield made
    asyncio.run(made.close())


@pytest.fixture
async def press() -> AsyncIterator[Press]:
    made = Press()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.proxy = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture(scope="package")
def opened() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


@pytest.fixture
def store(opened: Store) -> Store:
    """An empty store: emptying one takes a tenth of making one."""
    with opened.write() as tx:
        for table in reversed(t.metadata.sorted_tables):
            tx.execute(sa.delete(table))
    return opened


@pytest.fixture
async def desk(press: Press, store: Store, watch: Watch, workers: Workers) -> AsyncIterator[Desk]:
    thread = StoreThread(store)
    yield Desk(press, store, thread, watch, workers)
    thread.close()
