"""HTTP in, outcome out: one polite GET with a total deadline and a cap on what it may cost.

A client per request with one shared TLS context keeps cookies and connections of requests apart and is faster than a
shared pool (DESIGN §8). What servers do wrong is a `FetchFailure`; only a programming error raises.
"""

import asyncio
import base64
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Literal

import httpcore
import httpx

from monitor.addresses import CLOSED, Opened
from monitor.transport import ForbiddenError, Transport
from monitor.unpack import TooBigError, UnpackError, unpacker

FailureKind = Literal[
    "dns", "refused", "forbidden", "tls", "timeout", "too_big", "status", "redirects", "protocol", "bad_url",
]  # fmt: skip

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_REDIRECT_LIMIT = 5
# Of an error page the operator sees the beginning (reference: polling 24).
_EXCERPT_BYTES = 2_000
_EXCERPT = 200
_TURNS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete body of a 200. `url` as asked, `final_url` after redirects; `body` is decompressed.

    `etag` and `last_modified` are the server's bytes, for replay as they are. `moved` is the new address when every
    redirect on the way was permanent. `fresh_for` is what max-age or else Expires leaves. `took` is the time on the
    wire, without waiting for the host's turn. `reason` and `headers` are the rest of the answer, as received.
    """

    url: str
    final_url: str
    status: int
    body: bytes
    content_type: str | None = None
    charset: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    moved: str | None = None
    fresh_for: timedelta | None = None
    took: timedelta = timedelta(0)
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NotModified:
    """A 304. Its validators are None where the server repeated none."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    moved: str | None = None
    fresh_for: timedelta | None = None
    took: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """Why there is no body, with a sentence for a person. `retry_after` is the server's own wish, not yet capped."""

    kind: FailureKind
    detail: str
    status: int | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Hop:
    location: str
    permanent: bool


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock
    waiting: int = 0
    started: float = float("-inf")


class Fetcher:
    """Fetches over HTTP/1.1, at most one request at a time to a host, `gap` between their starts.

    `user_agent` names the program and a contact (reference: polling 21). `clock` gives aware UTC, for Retry-After dates
    of servers that send no Date. `tls` overrides the trusted authorities, `proxy` is a proxy's address. Private and
    other special addresses are refused, except those in `opened`.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        clock: Callable[[], datetime],
        gap: timedelta = timedelta(seconds=1),
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        opened: Opened = CLOSED,
    ) -> None:
        self._user_agent = user_agent
        self._clock = clock
        self._gap = gap.total_seconds()
        context = tls or httpx.create_ssl_context(trust_env=False)
        self._transport = Transport(tls=context, opened=opened, proxy=proxy)
        self._turns: dict[str, _Turn] = {}
        self._slower: dict[str, float] = {}

    def slow_down(self, host: str, gap: timedelta) -> None:
        """Leave at least this gap between two requests to a host from now on, as its robots.txt asks."""
        self._slower[host] = gap.total_seconds()

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        validated: str | None = None,
        cap: int,
        deadline: timedelta,
        accept: str,
    ) -> Fetched | NotModified | FetchFailure:
        """Get `url`, with the validators of its last 200 if there are any.

        `validated` is the address that gave them, when it was the end of a redirect: no other hop is sent them.
        `cap` counts bytes after decompression. `deadline` is the time for everything, redirects and body included;
        waiting for the host's turn does not count.
        """
        headers = {"Accept": accept, "Accept-Encoding": "gzip, deflate", "User-Agent": self._user_agent}
        held = {"If-None-Match": etag} if etag else {}
        held |= {"If-Modified-Since": last_modified} if last_modified else {}
        left, here, permanent = deadline.total_seconds(), url, True
        for _ in range(_REDIRECT_LIMIT + 1):
            parsed = _parse(here)
            if isinstance(parsed, FetchFailure):
                return parsed
            async with self._turn(parsed.host):
                began = time.monotonic()
                moved = here if permanent and here != url else None
                mine = headers | held if here in (url, validated) else headers
                mine = mine | _authority(parsed)
                got = await self._hop(parsed, url, moved, mine, cap, left)
                left -= time.monotonic() - began
            if not isinstance(got, _Hop):
                return got if isinstance(got, FetchFailure) else replace(got, took=deadline - timedelta(seconds=left))
            here, permanent = got.location, permanent and got.permanent
        return FetchFailure("redirects", f"more than {_REDIRECT_LIMIT} redirects, the last one to {here}")

    async def _hop(
        self, target: httpx.URL, url: str, moved: str | None, headers: Mapping[str, str], cap: int, seconds: float
    ) -> Fetched | NotModified | FetchFailure | _Hop:
        try:
            request = httpx.Request("GET", target, headers=headers)
            async with asyncio.timeout(seconds), self._transport.send(request) as response:
                return await self._outcome(response, url, moved, cap)
        except TimeoutError:
            return FetchFailure("timeout", f"{_shown(target)} was not complete when its time was up")
        except TooBigError:
            return FetchFailure("too_big", f"{_shown(target)} is larger than {cap} bytes")
        except UnpackError as error:
            return FetchFailure("protocol", f"{_shown(target)}: {error}")
        except ForbiddenError as error:
            return FetchFailure("forbidden", f"{_shown(target)}: {error}")
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
            return _failure(target, error)

    async def _outcome(
        self, response: httpx.Response, url: str, moved: str | None, cap: int
    ) -> Fetched | NotModified | FetchFailure | _Hop:
        headers, status = response.headers, response.status_code
        if status in _REDIRECTS:
            location = headers.get("location", "").strip()
            if not location:
                return FetchFailure("redirects", f"{response.url} redirects without saying where to", status)
            try:
                there = response.url.join(location)
            except httpx.InvalidURL as error:
                return FetchFailure("redirects", f"{response.url} redirects to no address: {error}", status)
            return _Hop(str(there), status in _PERMANENT)
        etag, last_modified = headers.get("etag"), headers.get("last-modified")
        if status == 304:
            return NotModified(url, etag, last_modified, moved, self._fresh_for(headers))
        if status not in (200, 203):
            return FetchFailure("status", await _told(response), status, self._retry_after(headers))
        size = headers.get("content-length", "")
        if size.isdigit() and int(size) > cap:
            raise TooBigError
        body = await _body(response, cap)
        mime, charset = _content_type(headers.get("content-type"))
        return Fetched(
            url,
            str(response.url),
            status,
            body,
            mime,
            charset,
            etag,
            last_modified,
            moved,
            self._fresh_for(headers),
            reason=response.reason_phrase,
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw),
        )

    def _retry_after(self, headers: httpx.Headers) -> timedelta | None:
        value = headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return timedelta(seconds=min(int(value), 10**9))
        there = _http_date(value)
        if there is None:
            return None
        # A server's dates are read by the server's own clock (reference: polling 1.1).
        return max(there - (_http_date(headers.get("date", "")) or self._clock()), timedelta(0))

    def _fresh_for(self, headers: httpx.Headers) -> timedelta | None:
        """What is left of the answer's freshness (RFC 9111 §4.2.1); never less than nothing."""
        age = headers.get("age", "0").strip()
        spent = min(int(age), 10**9) if age.isascii() and age.isdigit() else 0
        for directive in headers.get("cache-control", "").lower().split(","):
            name, _, value = directive.strip().partition("=")
            value = value.strip('" ')
            if name.strip() == "max-age" and value.isascii() and value.isdigit():
                return timedelta(seconds=max(0, min(int(value), 10**9) - spent))
        until = _http_date(headers.get("expires", ""))
        if until is None:
            return None
        dated = _http_date(headers.get("date", "")) or self._clock()
        return max(until - dated - timedelta(seconds=spent), timedelta(0))

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(host, _Turn(asyncio.Lock()))
        turn.waiting += 1
        try:
            async with turn.lock:
                gap = max(self._gap, self._slower.get(host, 0.0))
                if (wait := turn.started + gap - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                turn.started = time.monotonic()
                yield
        finally:
            turn.waiting -= 1
            if len(self._turns) > _TURNS_KEPT:
                self._forget_turns()

    def _forget_turns(self) -> None:
        past = time.monotonic() - self._gap
        self._turns = {host: turn for host, turn in self._turns.items() if turn.waiting or turn.started > past}


def _parse(url: str) -> httpx.URL | FetchFailure:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        return FetchFailure("bad_url", f"{url!r} is not an address: {error}")
    if parsed.scheme not in ("http", "https") or not parsed.host or set(parsed.host) & set(' %\\<>"{}|^`'):
        return FetchFailure("bad_url", f"{url!r} is not an http or https address")
    return parsed.copy_with(fragment=None)


async def _body(response: httpx.Response, cap: int) -> bytes:
    """The body, decompressed step by step so that a bomb stops at `cap` (reference: polling 4.1, gzip bomb)."""
    unpack = unpacker(response.headers.get("content-encoding", ""), cap)
    async for chunk in response.aiter_raw():
        unpack.feed(chunk)
    return unpack.finish()


async def _told(response: httpx.Response) -> str:
    """What the server said, for the operator: status line and the beginning of its page."""
    said = f"{response.status_code} {response.reason_phrase}".strip()
    if response.headers.get("cf-mitigated", "").lower() == "challenge":
        return f"{said}: the site answers programs with a challenge page (Cloudflare)"
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        return said
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= _EXCERPT_BYTES:
            break
    text = " ".join(body[:_EXCERPT_BYTES].decode(errors="replace").split())
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:_EXCERPT])
    return f"{said}: {shown}" if shown else said


def _shown(target: httpx.URL) -> str:
    """An address for people and logs: without the password that it may carry."""
    return str(target.copy_with(username=None, password=None)) if target.userinfo else str(target)


def _authority(target: httpx.URL) -> dict[str, str]:
    """The name and password that an address itself carries, for its own hop alone."""
    if not target.userinfo:
        return {}
    pair = f"{target.username}:{target.password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _failure(target: httpx.URL, error: Exception) -> FetchFailure:
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    said = f"{_shown(target)}: {error or type(error).__name__}"
    if any(isinstance(c, ssl.SSLError) for c in causes):
        return FetchFailure("tls", said)
    if any(isinstance(c, socket.gaierror) for c in causes):
        return FetchFailure("dns", said)
    if isinstance(error, httpcore.TimeoutException):
        return FetchFailure("timeout", said)
    if isinstance(error, httpcore.ConnectError):
        return FetchFailure("refused", said)
    return FetchFailure("protocol", said)


def _content_type(value: str | None) -> tuple[str | None, str | None]:
    if not value:
        return None, None
    message = Message()
    message["Content-Type"] = value
    return message.get_content_type(), message.get_content_charset()


def _http_date(value: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
