"""The wire: one HTTP/1.1 request over one connection, and never to an address that is refused.

The names of hosts are resolved here, every address is judged, and the connection goes to one that was judged: nothing
is resolved a second time in between (reference: polling 1.2, 1.6). A connection that serves one request needs neither
pool nor client; those took more than half of the CPU time of a request (measured). Timeouts are the caller's:
`asyncio.timeout` around the whole.
"""

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import aiohappyeyeballs
import httpcore
import httpx

from monitor.addresses import Opened, literal, refusal
from monitor.records import MonitorError

# The next address is tried when the one before has not answered for so long, seconds (RFC 8305).
_STAGGER = 0.25
# What came in one read is taken apart without a pause: 20,000 chunks of a byte each held everybody up for 1 to 3 s.
_PIECES_AT_A_TIME = 128
# Threads that wait for name servers. asyncio's own are six on two CPUs and are needed for reading files.
_LOOKUPS = 32
_Place = tuple[int, int, int, str, tuple[Any, ...]]
_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.ProxyError, httpx.ProxyError),
)


class ForbiddenError(MonitorError):
    """The host is nowhere but at addresses that may not be connected to. The fetcher makes a failure of it."""


def new_lookups() -> ThreadPoolExecutor:
    """Threads that names of hosts are looked up in."""
    return ThreadPoolExecutor(_LOOKUPS, "lookup")


class Transport(httpx.AsyncBaseTransport):
    """Sends one request over a connection of its own, which ends with the response.

    Raises ForbiddenError, httpx.TransportError. `opened` are the operator's exceptions. Through a `proxy` (http or
    https) the proxy's own address is exempt and names are the proxy's to resolve; addresses that the URL spells out are
    judged all the same. `lookups` are threads of another transport, to be used together with it.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext,
        opened: Opened,
        proxy: str | None = None,
        lookups: ThreadPoolExecutor | None = None,
    ) -> None:
        tls.set_alpn_protocols(["http/1.1"])
        self._tls = tls
        self._opened = opened
        self._proxy = httpx.Proxy(proxy) if proxy else None
        if self._proxy and self._proxy.url.scheme not in ("http", "https"):
            raise ValueError("a proxy's address begins with http:// or https://")
        self._lookups = lookups or new_lookups()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        sent = httpcore.Request(request.method, target, headers=request.headers.raw)
        with _as_httpx():
            connection = self._proxied(target) if self._proxy else await self._connected(target)
            try:
                got = await connection.handle_async_request(sent)
            except BaseException:
                await connection.aclose()
                raise
        return httpx.Response(got.status, headers=got.headers, stream=_Body(got, connection), extensions=got.extensions)

    async def _connected(self, target: httpcore.URL) -> httpcore.AsyncHTTP11Connection:
        host, origin = target.host.decode("ascii"), target.origin
        secure: dict[str, Any] = {}
        if origin.scheme == b"https":
            secure = {"ssl": self._tls, "server_hostname": host.rstrip(".")}
        try:
            places = self._allowed(host, await self._places(host, origin.port))
            connected = await aiohappyeyeballs.start_connection(places, happy_eyeballs_delay=_STAGGER)
            stream = _Stream(*await asyncio.open_connection(sock=connected, **secure))
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return httpcore.AsyncHTTP11Connection(origin, stream)

    async def _places(self, host: str, port: int) -> list[_Place]:
        if ":" in host:
            return [(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0))]
        try:
            socket.inet_pton(socket.AF_INET, host)
        except OSError:
            # As bytes: a text would be put through IDNA, which is done already and raises at a label of 64 letters.
            look = partial(socket.getaddrinfo, host.encode("ascii"), port, type=socket.SOCK_STREAM)
            found = await asyncio.get_running_loop().run_in_executor(self._lookups, look)
            return [(int(family), int(kind), proto, "", where) for family, kind, proto, _, where in found]
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]

    def _refusal(self, host: str, address: str) -> str | None:
        reason = refusal(address)
        return None if reason is None or self._opened.covers(host, address) else reason

    def _allowed(self, host: str, places: list[_Place]) -> list[_Place]:
        judged = [(place, self._refusal(host, str(place[4][0]))) for place in places]
        allowed = [place for place, reason in judged if reason is None]
        if not allowed:
            raise ForbiddenError(_told(host, [(str(place[4][0]), reason or "") for place, reason in judged]))
        return allowed

    def _proxied(self, target: httpcore.URL) -> httpcore.AsyncHTTPProxy:
        assert self._proxy is not None
        host, proxy = target.host.decode("ascii"), self._proxy.url
        address = literal(host)
        if address is not None and (reason := self._refusal(host, address)):
            raise ForbiddenError(_told(host, [(address, reason)]))
        return httpcore.AsyncHTTPProxy(
            httpcore.URL(scheme=proxy.raw_scheme, host=proxy.raw_host, port=proxy.port, target=proxy.raw_path),
            proxy_auth=self._proxy.raw_auth,
            ssl_context=self._tls,
            proxy_ssl_context=self._tls if proxy.scheme == "https" else None,
            max_connections=1,
        )


def credentials(url: httpx.URL) -> str | None:
    """The Authorization header for the user and password of an address."""
    if not url.userinfo:
        return None
    return "Basic " + base64.b64encode(f"{url.username}:{url.password}".encode()).decode("ascii")


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, connection: Any) -> None:
        self._response, self._connection = response, connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            pieces = 0
            async for chunk in self._response.aiter_stream():
                yield chunk
                pieces += 1
                if pieces % _PIECES_AT_A_TIME == 0:
                    await asyncio.sleep(0)

    async def aclose(self) -> None:
        await self._response.aclose()
        await self._connection.aclose()


class _Stream(httpcore.AsyncNetworkStream):
    """A connection as httpcore wants it; the times that it offers are not taken."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109 -- httpcore's
        try:
            return await self._reader.read(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 -- httpcore's
        try:
            self._writer.write(buffer)
            await self._writer.drain()
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        # Whoever closes has what it wanted; TLS would wait for the other side's farewell for up to half a minute.
        self._writer.transport.abort()


def _told(host: str, refused: list[tuple[str, str]]) -> str:
    address, reason = refused[0]
    return f"{host} leads to {address}, {reason}: open it with polling.open_to if that is meant"


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        for ours, theirs in _ERRORS:
            if isinstance(error, ours):
                raise theirs(str(error)) from error
        raise
