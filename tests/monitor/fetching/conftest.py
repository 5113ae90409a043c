"""A local web server whose answers each test writes, and a fetcher that asks it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from aiohttp import web

from monitor.addresses import Opened
from monitor.fetch import Fetcher

# The servers of the tests; whatever is not open is refused.
HERE = Opened(networks=(ip_network("127.0.0.0/8"),))
NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """`answers` by path; `requests` as (path, headers in lower case), in the order in which they came."""

    base: str = ""
    answers: dict[str, Handler] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def at(self, path: str, handler: Handler) -> str:
        self.answers[path] = handler
        return self.base + path

    def gives(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        async def handler(request: web.Request) -> web.StreamResponse:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.Response(body=body, status=status, headers=named)

        return self.at(path, handler)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path_qs, {name.lower(): value for name, value in request.headers.items()}))
        return await self.answers[request.path](request)


async def _serve(server: Server, tls: ssl.SSLContext | None) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    server.base = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    return runner


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    served = Server()
    runner = await _serve(served, None)
    yield served
    await runner.cleanup()


@pytest.fixture
async def serve_tls() -> AsyncIterator[Callable[[ssl.SSLContext], Awaitable[Server]]]:
    runners: list[web.AppRunner] = []

    async def start(tls: ssl.SSLContext) -> Server:
        served = Server()
        runners.append(await _serve(served, tls))
        return served

    yield start
    for runner in runners:
        await runner.cleanup()


@dataclass
class Wire:
    """A server that sees and says bytes: `answer` is what it sends, piece by piece with `pause` seconds in between."""

    port: int = 0
    answer: tuple[bytes, ...] = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",)
    pause: float = 0.0
    heard: list[bytes] = field(default_factory=list)
    at_work: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me is not None
        self.at_work.add(me)
        with suppress(OSError, asyncio.IncompleteReadError):
            self.heard.append(await reader.readuntil(b"\r\n\r\n"))
            for piece in self.answer:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(self.pause)
        self.at_work.discard(me)
        writer.close()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    raw = Wire()
    server = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
    raw.port = server.sockets[0].getsockname()[1]
    yield raw
    server.close()
    # A server that is still talking finds its client gone.
    await asyncio.gather(*raw.at_work)
    await server.wait_closed()


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(user_agent="Parley/0 (+mailto:desk@example.org)", clock=lambda: NOW, gap=timedelta(0), opened=HERE)
