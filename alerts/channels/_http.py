"""What all ways over HTTP have in common: the session, and what a broken connection means."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp

from alerts.channels.shape import existing, hidden, why_not
from alerts.records import Finding, Outcome

LONGEST_ANSWER = 1_000_000
_LONGEST_WISH = timedelta(days=100)

FAULTS = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What a broken connection raises; anything else is a programming error."""


class Redirected(aiohttp.ClientError):
    """The far end names another place. Nothing follows it there: what it was to get may be nobody else's to see."""


class _Bounded(aiohttp.ClientResponse):
    """An answer that is read up to a limit: no far end can fill the memory."""

    async def read(self) -> bytes:
        if self._body is None:
            read = bytearray()
            async for piece in self.content.iter_any():
                read += piece
                if len(read) > LONGEST_ANSWER:
                    self.close()
                    raise aiohttp.ClientPayloadError("the answer does not end")
            self._body = bytes(read)
        return self._body


@asynccontextmanager
async def session(within: timedelta) -> AsyncIterator[aiohttp.ClientSession]:
    """One per message. `connect` is shorter than the whole, so that a slow connection is told from a slow answer."""
    seconds = within.total_seconds()
    watch = aiohttp.TraceConfig()
    watch.on_request_redirect.append(_no_further)
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=seconds, connect=seconds / 2),
        response_class=_Bounded,
        trace_configs=[watch],
        # HTTPS_PROXY is honoured as by any client, and so is NO_PROXY, which the SDK's own reading ignores.
        trust_env=True,
    ) as opened:
        yield opened


async def _no_further(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, asked: aiohttp.TraceRequestRedirectParams
) -> None:
    asked.response.close()
    raise Redirected(f"{asked.response.status}")


def trusted(cafile: Path | None) -> ssl.SSLContext:
    """Verification by the system's authorities, or by `cafile` alone."""
    return ssl.create_default_context(cafile=existing(cafile))


def broken(error: Exception, secret: str, who: str) -> Outcome:
    """The outcome of a connection that gave no answer; `who` is the far end's name for people.

    Until there is a connection nothing was posted, and nobody else can be reached either. After that the post may have
    been taken, whatever broke: slack_sdk's own retry would post twice here (measured).
    """
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        detail = f"TLS with {who} failed, nothing was sent; check the address and ca_file"
        return Outcome("bad_credential", "tls", detail, wide=True)
    if isinstance(error, Redirected):
        detail = f"{who} answered {error} and names another address, which is not followed; configure the final one"
        return Outcome("bad_credential", "redirect", detail, wide=True)
    if isinstance(error, aiohttp.InvalidURL):
        return Outcome(
            "bad_credential", "address", f"the address of {who} is not a URL; check the configuration", wide=True
        )
    detail = type(error).__name__ + (f": {error}" if str(error) else "")
    detail = _without(detail, secret)[:300]
    if isinstance(error, aiohttp.ClientConnectorError):  # that of a proxy too: it is the host that was asked
        why = why_not(error) or why_not(error.os_error) or error.os_error.strerror or "the connection failed"
        at = _without(f"{error.host}:{error.port}", secret)
        detail = f"{who} could not be reached at {at} ({why}); check the address and the network"
        return Outcome("transient", "unreachable", detail, wide=True)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        detail = f"{who} could not be reached (no answer in time); check the address and the network"
        return Outcome("transient", "unreachable", detail, wide=True)
    code = "timeout" if isinstance(error, TimeoutError) else "cut"
    return Outcome("ambiguous", code, f"the connection ended before {who} answered: {detail}")


def _without(text: str, secret: str) -> str:
    """Without the secret, and without the path of an address that is one: libraries quote either."""
    path = urlsplit(secret).path if "://" in secret else ""
    return hidden(text, secret, path if len(path) > 1 else None)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """The wish of a Retry-After header: seconds, or a date, which counts from the answer's own Date (RFC 9110)."""
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    said = lowered.get("retry-after", "")
    if said.isdecimal():
        return timedelta(seconds=min(int(said), 10**7))
    until, sent = _moment(said), _moment(lowered.get("date", ""))
    if until is None or sent is None:
        return None
    return min(max(until - sent, timedelta(0)), _LONGEST_WISH)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def handshake(url: str, context: ssl.SSLContext, within: timedelta, who: str) -> Finding:
    """Whether TLS with the host of an address works. Nothing is asked of it: a request might count as a message."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        async with asyncio.timeout(within.total_seconds()):
            _, writer = await asyncio.open_connection(host, port, ssl=context if secure else None)
    except ssl.SSLError as error:
        said = getattr(error, "verify_message", "") or error.reason
        return Finding(False, f"TLS with {host} fails ({said}); check the address and ca_file")
    except OSError as error:  # TimeoutError is one
        why = why_not(error) or type(error).__name__
        return Finding(False, f"{host}:{port} cannot be reached ({why}); check the address and the network")
    writer.transport.abort()
    how = "answers with a certificate that is good" if secure else "answers, without TLS"
    return Finding(True, f"{host} {how}; whether {who} takes messages cannot be known without sending one")
