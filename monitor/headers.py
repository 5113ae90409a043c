"""PURE: what the headers of a response mean: for how long it is fresh, how long to wait, what the body is.

Nothing that a server writes raises: what cannot be read counts as not said. Numbers are cut off, since Python refuses
to read 5,000 digits.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime

# Headers whose lines add up to one list (RFC 9110 §5.3). Of any other header that comes twice the first counts.
_LISTS = frozenset({"cache-control", "content-encoding"})


def folded(received: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name in small letters."""
    out: dict[str, str] = {}
    for name, value in received:
        key = name.lower()
        if key not in out:
            out[key] = value
        elif key in _LISTS:
            out[key] += f", {value}"
    return out


def http_date(value: str) -> datetime | None:
    """A date in any of the three forms of RFC 9110 §5.6.7, in UTC."""
    try:
        parsed = parsedate_to_datetime(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Retry-After, in seconds or as a date, which is read by the server's own clock (reference: polling 1.1)."""
    value = headers.get("retry-after", "").strip()
    seconds = _seconds(value)
    if seconds is not None:
        return timedelta(seconds=seconds)
    there = http_date(value)
    return None if there is None else max(there - _server_now(headers, now), timedelta(0))


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the answer stays fresh: max-age, else Expires, less Age (RFC 9111 §4.2). None: the server does not say.

    An Expires that is past or no date is zero. `no-cache` and `no-store` say nothing on when to come back (reference:
    polling 14).
    """
    age = timedelta(seconds=_seconds(headers.get("age", "").strip()) or 0)
    for directive in headers.get("cache-control", "").lower().split(","):
        name, _, value = directive.strip().partition("=")
        seconds = _seconds(value.strip('" '))
        if name.strip() == "max-age" and seconds is not None:
            return max(timedelta(seconds=seconds) - age, timedelta(0))
    if "expires" not in headers:
        return None
    end = http_date(headers["expires"])
    return timedelta(0) if end is None else max(end - _server_now(headers, now) - age, timedelta(0))


def content_type(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Media type and charset, in small letters."""
    value = headers.get("content-type")
    if not value:
        return None, None
    message = Message()
    message["Content-Type"] = value
    return message.get_content_type(), message.get_content_charset()


def _seconds(value: str) -> int | None:
    return min(int(value[:20]), 10**9) if value.isascii() and value.isdigit() else None


def _server_now(headers: Mapping[str, str], now: datetime) -> datetime:
    return http_date(headers.get("date", "")) or now
