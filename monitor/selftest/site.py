"""A web server on loopback that says whatever a line of the checklist needs, and remembers all that it is asked."""

import asyncio
import contextlib
import gzip
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType

from aiohttp import web

# A Friday, so that a weekend is near.
START = datetime(2025, 5, 16, 12, 30, tzinfo=UTC)
_SHOWN = 10
_RSS = "<?xml version='1.0' encoding='utf-8'?><rss version='2.0' {spaces}><channel><title>News</title>{more}{items}"
_SPACES = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"
_ITEM = "<item><title>News {n}</title><link>{base}/n/{n}</link><guid isPermaLink='false'>g{n}</guid>"


@dataclass(slots=True)
class Asked:
    """One request: when by the virtual clock and by the real one, what, and with what it was answered.

    `path` is as it came over the wire, `headers` by names in lower case. `etag` and `modified` are the validators that
    the answer gave.
    """

    at: datetime
    started: float
    method: str
    path: str
    headers: Mapping[str, str]
    status: int = 0
    etag: str | None = None
    modified: str | None = None

    @property
    def conditional(self) -> bool:
        """Whether it carried a validator."""
        return "if-none-match" in self.headers or "if-modified-since" in self.headers


@dataclass(slots=True)
class Paper:
    """What an address answers: by itself an honest feed with these validators, which gives 304 to them.

    `items` are entries by the minutes from START to their publication; with `every` one appears each so many minutes,
    the last ten are shown, and an `etag` changes with them. `more` is XML of the channel. `headers` may depend on the
    time. With a `status`, or a `body`, it is no feed. `slow` are seconds before the answer, `drips` is an answer that
    never ends, `breaks` a connection that ends in the midst of one; `behind` is how far the server's clock is wrong.
    """

    items: tuple[int, ...] = (-30, -20, -10)
    every: int | None = None
    etag: str | None = None
    modified: str | None = None
    more: str = ""
    headers: dict[str, str | Callable[[datetime], str]] = field(default_factory=dict)
    status: int = 200
    body: bytes | None = None
    packed: bool = False
    slow: float = 0.0
    drips: bool = False
    breaks: bool = False
    behind: timedelta = timedelta(0)

    def shown(self, now: datetime) -> tuple[int, ...]:
        """The entries that it holds now."""
        if self.every is None:
            return self.items
        last = (now - START) // timedelta(minutes=self.every) * self.every
        return tuple(last - n * self.every for n in range(_SHOWN))

    def tag(self, now: datetime) -> str | None:
        """The ETag of what it holds now."""
        return f'"{self.shown(now)[0]}"' if self.every is not None and self.etag else self.etag

    def feed(self, base: str, now: datetime) -> bytes:
        """The feed as it is now."""
        items = "".join(
            _ITEM.format(n=n, base=base) + f"<pubDate>{http_date(START + timedelta(minutes=n))}</pubDate></item>"
            for n in self.shown(now)
        )
        return f"{_RSS.format(spaces=_SPACES, more=self.more, items=items)}</channel></rss>".encode()


class Site:
    """The server: a Paper for each path. `clock` gives virtual time, for what it records and for its Date."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._runner: web.AppRunner | None = None
        self._under_way = 0
        self.base = ""
        self.papers: dict[str, Paper] = {}
        self.requests: list[Asked] = []
        self.busiest = 0

    async def __aenter__(self) -> "Site":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def asked(self, path: str) -> list[Asked]:
        """The requests for a path, with its query if it has one, in order."""
        return [each for each in self.requests if each.path == path]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(self._clock(), time.monotonic(), request.method, request.raw_path, headers)
        self.requests.append(asked)
        self._under_way += 1
        self.busiest = max(self.busiest, self._under_way)
        try:
            paper = self.papers.get(request.path, Paper(status=404))
            await asyncio.sleep(paper.slow)
            response = self._answer(paper, asked)
            if paper.drips:
                await _drip(request, response)
            if paper.breaks:
                await _break_off(request)
            return response
        finally:
            self._under_way -= 1

    def _answer(self, paper: Paper, asked: Asked) -> web.StreamResponse:
        now = asked.at
        etag, modified = paper.tag(now), paper.modified
        asked.etag, asked.modified = etag, modified
        validators = {"ETag": etag, "Last-Modified": modified}
        headers = {name: value for name, value in validators.items() if value is not None}
        headers |= {name: value if isinstance(value, str) else value(now) for name, value in paper.headers.items()}
        headers["Date"] = http_date(now - paper.behind)
        tag, since = asked.headers.get("if-none-match"), asked.headers.get("if-modified-since")
        same = tag == etag if tag is not None else since is not None and since == modified
        asked.status = 304 if paper.status == 200 and paper.body is None and same else paper.status
        if asked.status == 304:
            return web.Response(status=304, headers=headers)
        if paper.drips:
            return web.StreamResponse(headers=headers)
        body = paper.body
        if body is None:
            body = paper.feed(self.base, now) if paper.status == 200 else b""
        if paper.packed and "gzip" in asked.headers.get("accept-encoding", ""):
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, status=asked.status, headers=headers)


def http_date(moment: datetime) -> str:
    """The moment (aware UTC) as HTTP and RSS write it."""
    return format_datetime(moment, usegmt=True)


async def _drip(request: web.Request, response: web.StreamResponse) -> None:
    await response.prepare(request)
    # For ever, as far as a reader with a deadline can tell; one that goes away ends it.
    with contextlib.suppress(ConnectionError):
        for _ in range(200):
            await response.write(b"<!-- -->")
            await asyncio.sleep(0.05)


async def _break_off(request: web.Request) -> None:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"<rss")
    if request.transport is not None:
        request.transport.abort()
