"""The last step before the wire: one HTTP/1.1 connection for a request, to an address that was judged.

A name is resolved here, every address that it leads to is judged, and the connection is made to a judged address:
between the judgement and the connection no other answer of the DNS can slip in (reference: polling 1.2). Each hop of a
redirect comes through here. With a proxy, names are the proxy's to resolve: of its targets only literal addresses can
be judged, and the proxy itself is the operator's word.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import lru_cache
from ipaddress import ip_address

import httpcore
import httpx

from monitor.addresses import Opened, refusal
from monitor.records import MonitorError

_NO_OPTIONS: Iterable[httpcore.SOCKET_OPTION] = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)


class ForbiddenError(MonitorError):
    """A host leads to no address that may be connected to. The fetcher makes a failure of it."""


class Guard(httpcore.AsyncNetworkBackend):
    """Connects to judged addresses only; `opened` are the operator's exceptions."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._wire = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface; the fetcher's deadline is the one that counts
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first judged address of the host that answers. ForbiddenError when all are refused."""
        error: Exception | None = None
        options = socket_options or _NO_OPTIONS
        for address in self.judged(host, await _resolved(host, port)):
            try:
                return await self._wire.connect_tcp(address, port, timeout, local_address, options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error or httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - httpcore's interface
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - the same
    ) -> httpcore.AsyncNetworkStream:
        """Never: no address of the web is a socket of this machine."""
        raise ForbiddenError(f"{path} is a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._wire.sleep(seconds)

    def judged(self, host: str, addresses: Iterable[str]) -> list[str]:
        """The addresses that may be connected to, in their order. ForbiddenError when there are some and none may."""
        why = ""
        fine = []
        for address in addresses:
            if (because := refusal(address)) is None or self._opened.covers(host, address):
                fine.append(address)
            else:
                why = why or f"{host} leads to {address}, {because}"
        if why and not fine:
            raise ForbiddenError(f"{why}: open it with polling.open_to if that is meant")
        return fine


class Transport(httpx.AsyncBaseTransport):
    """Sends a request over a connection of its own. Raises what httpcore raises, and ForbiddenError."""

    def __init__(self, *, tls: ssl.SSLContext, opened: Opened, proxy: str | None = None) -> None:
        self._tls, self._proxy = tls, httpx.Proxy(proxy) if proxy else None
        self._guard = Guard(opened)

    @asynccontextmanager
    async def send(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """The response with its body still on the wire; the connection ends with the block."""
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        asked = httpcore.Request("GET", target, headers=request.headers.raw)
        connection = self._connection(target, url.host)
        try:
            answered = await connection.handle_async_request(asked)
            response = httpx.Response(
                answered.status,
                headers=answered.headers,
                stream=_Body(answered),
                extensions=answered.extensions,
                request=request,
            )
            yield response
        finally:
            await connection.aclose()

    def _connection(self, target: httpcore.URL, host: str) -> httpcore.AsyncHTTPConnection | httpcore.AsyncHTTPProxy:
        if self._proxy is None:
            return httpcore.AsyncHTTPConnection(target.origin, ssl_context=self._tls, network_backend=self._guard)
        if _is_literal(host):
            self._guard.judged(host, [host])
        place = self._proxy.url
        return httpcore.AsyncHTTPProxy(
            httpcore.URL(scheme=place.raw_scheme, host=place.raw_host, port=place.port, target=place.raw_path),
            proxy_auth=self._proxy.raw_auth,
            ssl_context=self._tls,
            proxy_ssl_context=self._tls if place.scheme == "https" else None,
        )


class _Body(httpx.AsyncByteStream):
    def __init__(self, answered: httpcore.Response) -> None:
        self._answered = answered

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answered.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._answered.aclose()


async def _resolved(host: str, port: int) -> list[str]:
    if _is_literal(host):
        return [host]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
    return list(dict.fromkeys(str(place[4][0]) for place in found))


@lru_cache(maxsize=1024)
def _is_literal(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
