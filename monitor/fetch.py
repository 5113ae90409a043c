"""HTTP in, outcome out: one polite GET with a total deadline and a cap on what it may cost.

Each request has a connection of its own, which keeps requests apart: no cookies, no Referer, nothing but what is named
here is sent. What servers do wrong is a `FetchFailure`; only a programming error raises.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

import httpx

from monitor.addresses import CLOSED, Opened
from monitor.headers import content_type, folded, fresh_for, retry_after
from monitor.transport import ForbiddenError, Transport, credentials, new_lookups
from monitor.turns import Turns
from monitor.unpack import TooBigError, UnpackError, unpacker

FailureKind = Literal[
    "dns", "refused", "forbidden", "tls", "timeout", "too_big", "status", "redirects", "protocol", "bad_url"
]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_REDIRECT_LIMIT = 5
# Of an error page the operator sees the beginning (reference: polling 24).
_EXCERPT_BYTES = 2_000
_EXCERPT = 200
# A chunk costs 9 µs whatever its size: a body byte by byte kept the CPU busy until its deadline (measured).
_CRUMBS = 20_000
_CRUMB_BYTES = 32


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete body of a 200. `url` as asked, `final_url` after redirects, without password; `body` is decompressed.

    `etag` and `last_modified` are the server's bytes, for replay as they are, read as Latin-1. `moved` is the new
    address when every redirect on the way was permanent. `fresh_for` is what max-age or Expires leaves. `headers` are
    as received, in order; `reason` is the status line's phrase. `took` is the time on the wire, without waiting for the
    host's turn.
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
    """A 304. Its validators are None where the server repeated none. `final_url` as in Fetched."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    moved: str | None = None
    fresh_for: timedelta | None = None
    took: timedelta = timedelta(0)
    final_url: str = ""


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """Why there is no body, with a sentence for a person. `retry_after` is the server's own wish, not yet capped.

    `detour`: a redirect that is not permanent led there, so that the failure says nothing of the address itself.
    """

    kind: FailureKind
    detail: str
    status: int | None = None
    retry_after: timedelta | None = None
    detour: bool = False


@dataclass(frozen=True, slots=True)
class _Hop:
    location: httpx.URL
    permanent: bool


class Fetcher:
    """Fetches over HTTP/1.1, at most one request at a time to a host, `gap` between their starts.

    `user_agent` names the program and a contact (reference: polling 21). `clock` gives aware UTC, for dates of servers
    that send no Date. `tls` overrides the trusted authorities, `proxy` is a proxy's address. `opened` are the addresses
    that may be connected to although they are not of the public network; a proxy's own address needs no mention.
    With `before`, hosts have no more than one request at a time from both together, and nothing that is known of them
    is forgotten; the gap is that of `before` until `hand_over`.
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
        before: "Fetcher | None" = None,
    ) -> None:
        self._clock = clock
        self._lookups: ThreadPoolExecutor = before._lookups if before else new_lookups()
        self._transport = Transport(tls=tls or _authorities(), opened=opened, proxy=proxy, lookups=self._lookups)
        self._always = (
            (b"User-Agent", _raw(user_agent)),
            (b"Accept-Encoding", b"gzip, deflate"),
            (b"Connection", b"close"),
        )
        self._turns: Turns = before._turns if before else Turns(gap)

    def hand_over(self, gap: timedelta) -> None:
        """Leave this gap from now on: this one is in use, and what it came after only ends what it has begun."""
        self._turns.use(gap)

    def slow_down(self, host: str, gap: timedelta) -> None:
        """Leave at least this gap between two requests to a host from now on, as its robots.txt asks."""
        self._turns.slow_down(host, gap)

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

        `validated` is the address that the validators came from when it was not `url` itself: the end of a redirect
        that is not permanent. They are sent to these two and to nobody else (reference: polling 2, 28). `cap` counts
        bytes as they come, and again after decompression. `deadline` is the time for everything, redirects and body
        included; waiting for the host's turn does not count. No request is ever repeated.
        """
        plain = [*self._always, (b"Accept", _raw(accept))]
        conditional = list(plain)
        conditional += [(b"If-None-Match", _raw(etag))] if etag else []
        conditional += [(b"If-Modified-Since", _raw(last_modified))] if last_modified else []
        here = _parse(url)
        if isinstance(here, FetchFailure):
            return here
        owners = {_bare(here), validated}
        left, permanent, moved = deadline.total_seconds(), True, None
        for _ in range(_REDIRECT_LIMIT + 1):
            headers = conditional if _bare(here) in owners else plain
            async with self._turns.of(here.host):
                began = time.monotonic()
                got = await self._hop(here, url, moved, headers, cap, left)
                left -= time.monotonic() - began
            if isinstance(got, FetchFailure):
                return replace(got, detour=not permanent)
            if not isinstance(got, _Hop):
                return replace(got, took=deadline - timedelta(seconds=left))
            there = _parse(str(got.location))
            if isinstance(there, FetchFailure):
                return there
            here, permanent = there, permanent and got.permanent
            moved = str(here) if permanent and str(here) != url else None
        return FetchFailure("redirects", f"more than {_REDIRECT_LIMIT} redirects, the last one to {_bare(here)}")

    async def _hop(
        self,
        target: httpx.URL,
        url: str,
        moved: str | None,
        headers: list[tuple[bytes, bytes]],
        cap: int,
        seconds: float,
    ) -> Fetched | NotModified | FetchFailure | _Hop:
        shown = _bare(target)
        secret = credentials(target)
        sent = [*headers, (b"Authorization", secret.encode())] if secret else headers
        try:
            async with asyncio.timeout(seconds):
                response = await self._transport.handle_async_request(httpx.Request("GET", target, headers=sent))
                try:
                    return await self._outcome(response, target, url, moved, cap)
                finally:
                    await response.aclose()
        except TimeoutError:
            return FetchFailure("timeout", f"{shown} was not complete when its time was up")
        except TooBigError:
            return FetchFailure("too_big", f"{shown} is larger than {cap} bytes")
        except UnpackError as error:
            return FetchFailure("protocol", f"{shown}: {error}")
        except ForbiddenError as error:
            return FetchFailure("forbidden", f"{shown}: {error}")
        except httpx.HTTPError as error:
            return _failure(shown, error)

    async def _outcome(
        self, response: httpx.Response, target: httpx.URL, url: str, moved: str | None, cap: int
    ) -> Fetched | NotModified | FetchFailure | _Hop:
        status, shown = response.status_code, _bare(target)
        received = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
        headers = folded(received)
        if status in _REDIRECTS:
            location = headers.get("location", "").strip()
            if not location:
                return FetchFailure("redirects", f"{shown} redirects without saying where to", status)
            try:
                return _Hop(_redirected(target, location), status in _PERMANENT)
            except (httpx.InvalidURL, ValueError) as error:
                return FetchFailure("redirects", f"{shown} redirects to no address: {error}", status)
        etag, last_modified = headers.get("etag") or None, headers.get("last-modified") or None
        if status == 304:
            fresh = fresh_for(headers, self._clock())
            return NotModified(url, etag, last_modified, moved, fresh, final_url=shown)
        if status not in (200, 203):
            said = await _told(response, headers)
            return FetchFailure("status", said, status, retry_after(headers, self._clock()))
        size = headers.get("content-length", "")
        if size.isdigit() and len(size) < 20 and int(size) > cap:
            raise TooBigError
        body = await _body(response, headers, cap)
        mime, charset = content_type(headers)
        return Fetched(
            url=url,
            final_url=shown,
            status=status,
            body=body,
            content_type=mime,
            charset=charset,
            etag=etag,
            last_modified=last_modified,
            moved=moved,
            fresh_for=fresh_for(headers, self._clock()),
            headers=received,
            reason=response.reason_phrase,
        )


@cache
def _authorities() -> ssl.SSLContext:
    # 16 ms of reading certificates.
    return httpx.create_ssl_context(trust_env=False)


def _parse(url: str) -> httpx.URL | FetchFailure:
    try:
        parsed = httpx.URL(url)
        # A port of 99999 is no port; the socket would raise OverflowError.
        whole = parsed.scheme in ("http", "https") and parsed.host and (parsed.port is None or 0 < parsed.port < 65536)
    except (httpx.InvalidURL, ValueError) as error:
        return FetchFailure("bad_url", f"{url!r} is not an address: {error}")
    # A backslash is where parsers disagree on what the host is: http://good\\@evil/ (reference: polling 1.6).
    if not whole or set(parsed.host) & set(' %\\<>"{}|^`') or "\\" in parsed.userinfo.decode("ascii"):
        return FetchFailure("bad_url", f"{url!r} is not an http or https address")
    return parsed.copy_with(fragment=None) if parsed.fragment or "#" in url else parsed


def _bare(url: httpx.URL) -> str:
    """The address without user and password."""
    return str(url.copy_with(userinfo=b"")) if url.userinfo else str(url)


def _redirected(here: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads. Password and user stay with the host they are meant for, and none come from a server."""
    there = here.join(location)
    same = there.host == here.host and (
        (there.scheme, there.port) == (here.scheme, here.port) or (there.scheme, there.port) == ("https", None)
    )
    if not here.userinfo and not there.userinfo:
        return there
    return there.copy_with(userinfo=here.userinfo if same else b"")


def _raw(value: str) -> bytes:
    """The bytes of a header. What servers sent was read as Latin-1, so that it goes back byte for byte."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


async def _body(response: httpx.Response, headers: Mapping[str, str], cap: int) -> bytes:
    """The body, decompressed step by step so that a bomb stops at `cap` (reference: polling 4.1, gzip bomb)."""
    unpack = unpacker(headers.get("content-encoding", ""), cap)
    pieces = size = 0
    async for chunk in response.aiter_raw():
        unpack.feed(chunk)
        pieces, size = pieces + 1, size + len(chunk)
        if pieces > _CRUMBS and size < pieces * _CRUMB_BYTES:
            raise UnpackError("the body comes in crumbs")
    return unpack.finish()


async def _told(response: httpx.Response, headers: Mapping[str, str]) -> str:
    """What the server said, for the operator: status line and the beginning of its page."""
    said = f"{response.status_code} {response.reason_phrase}".strip()
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return f"{said}: the site answers programs with a challenge page (Cloudflare)"
    if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        return said
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= _EXCERPT_BYTES:
            break
    text = " ".join(body[:_EXCERPT_BYTES].decode(errors="replace").split())
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:_EXCERPT])
    return f"{said}: {shown}" if shown else said


def _failure(shown: str, error: httpx.HTTPError) -> FetchFailure:
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    said = f"{shown}: {error or type(error).__name__}"
    if any(isinstance(c, ssl.SSLError) for c in causes):
        return FetchFailure("tls", said)
    if any(isinstance(c, socket.gaierror) for c in causes):
        return FetchFailure("dns", said)
    # The system's own patience with a silent host ends before ours.
    if any(isinstance(c, TimeoutError) for c in causes):
        return FetchFailure("timeout", said)
    if isinstance(error, httpx.ConnectError):
        return FetchFailure("refused", said)
    return FetchFailure("protocol", said)
