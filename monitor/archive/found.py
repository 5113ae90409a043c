"""What readers of saved articles hand on, and what they share."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from pathlib import PurePath
from urllib.parse import urlsplit

from extractors.article import extract
from extractors.records import Article

# A day without a time is its middle: right within twelve hours wherever it was meant.
NOON = time(12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Taking:
    """How the service took something in, by its archive: `now` (aware UTC), for the ids of these watches.

    `order` grows with each taking in, over files and restarts. `digest` tells versions of an address apart.
    """

    order: tuple[int, ...]
    now: datetime
    family: str
    watches: tuple[str, ...]
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """An article and where it stood; `about` is what else its line or front matter says, as it stands.

    `taking` is only set for what an archive of our own tells.
    """

    article: Article
    where: str
    about: Mapping[str, object] = field(default_factory=dict)
    taking: Taking | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An article that the service withdrew, and why, by its archive."""

    url: str
    because: str
    where: str
    taking: Taking


@dataclass(frozen=True, slots=True)
class Began:
    """A watch that began at `moment` (aware UTC) and had read the stories in the files of these names by then."""

    watch: str
    moment: datetime
    baseline: tuple[str, ...]
    where: str
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Resumed:
    """The service started again: of what comes before this, nothing after `after` was kept."""

    after: tuple[int, ...]
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file, line or record that gave no article, and what to do about it."""

    where: str
    because: str


def version_of(article: Article) -> str:
    """What tells the versions of an address apart: SHA-256 over title and text, hexadecimal."""
    return hashlib.sha256(f"{article.title or ''}\n{article.text}".encode(errors="replace")).hexdigest()


def moment(value: object) -> datetime:
    """Aware UTC from a day, a time (UTC if it has no zone), or a mail date; ValueError for anything else."""
    if isinstance(value, str):
        text = value.strip()
        try:
            value = date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
        except ValueError:
            value = _mail_date(text)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, NOON)
    raise ValueError(f"{value!r} is no date: write 2025-05-16 or 2025-05-16T14:30:00+03:00")


def _mail_date(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        raise ValueError(f"{text!r} is no date: write 2025-05-16 or 2025-05-16T14:30:00+03:00") from None


def outlet_of(url: str) -> str:
    """The host of an address without `www.`, the stem of a path."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        host = None
    return host.removeprefix("www.") if host else PurePath(url).stem


def from_page(
    page: bytes, charset: str | None, where: str, *, url: str | None, name: str, given: Article | None = None
) -> Found | Unreadable:
    """The article of an HTML page; what `given` states wins over what the page says."""
    read = extract(page, url or "", charset)
    if read.problem is not None:
        return Unreadable(where, f"the page gives no article: {read.problem}")
    address = url or read.link or name
    day = datetime.combine(read.day, NOON) if read.day else None
    stated = given or Article(url="", outlet="", title=None, text="")
    return Found(
        Article(
            url=address,
            outlet=stated.outlet or outlet_of(address),
            title=stated.title or read.title,
            text=read.text,
            language=stated.language or read.language,
            published=stated.published or read.published or day,
            seen=stated.seen,
        ),
        where,
    )
