"""What all formats of feeds share: the records, and the repairs of entries (reference: polling 4.1). Pure."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from urllib.parse import urljoin, urlsplit

from extractors.article import plain
from extractors.feeddates import read_date
from extractors.links import clean
from extractors.records import Entry

FeedProblem = Literal["empty body", "html page", "challenge page", "not a feed", "sitemap without news", "too big"]
AlternateKind = Literal["rss", "atom", "json", "feed"]

# A news sitemap holds 1,000 addresses, a busy feed 500 entries: what holds more is a whole archive or an attack.
MOST = 5_000
# The longest address that is kept, and the longest id (Media Cloud's limit).
LONGEST = 2_048
# Only what feeds are: a long summary is a whole article, longer ones are mistakes.
_SUMMARY = 50_000
_TITLE = 1_000
# Half of a character in UTF-16, which JSON can spell, and control characters: no database takes them.
_HALVES = re.compile(r"[\ud800-\udfff]")
_UNSOUND = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_BRIDGE_TITLE = re.compile(r"bridge returned error -?\d+!?(?:\s*\(\d+\))?", re.IGNORECASE)
_BRIDGE_MARKS = (
    re.compile(r"[?&]action=display\b.*&bridge=|[?&]bridge=\w+.*&action=display\b", re.IGNORECASE),
    re.compile(r"_\d{4,6}\Z"),
    re.compile(r"rss-?bridge|github\.com/RSS-Bridge", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Child:
    """A sitemap that an index names; `changed` is aware UTC."""

    url: str
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alternate:
    """A feed that a page names: whole address, title or "", format by the page's word (`feed`: it says none)."""

    url: str
    title: str
    kind: AlternateKind


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a feed says. `kind` is its format, empty with a `problem`: `json1`, `json11`, `sitemap` (of news),
    `sitemapindex` (no entries, but `children`, newest first), else feedparser's name (`rss20`, `atom10`).

    `truncated`: the document ends before its end, so its validators must not be kept. `dropped` entries had neither
    link nor title, were cut off, were longer or more than a feed's, or were an error of the program that made the feed.
    `undated` entries state a date that cannot be read or believed. `garbled`: text was damaged before it was sent.

    `ttl` is in minutes. `skip_hours` (0 to 23, GMT) and `skip_days` (0 is Monday) are when not to ask (RSS 2.0); `hint`
    is how often the feed says that it changes (sy:update…), which many say who never meant it. `hubs` are WebSub
    addresses, `links_self` is the feed's own address for itself. `alternates` are the feeds that an HTML page names.
    """

    kind: str
    title: str | None = None
    language: str | None = None
    entries: tuple[Entry, ...] = ()
    problem: FeedProblem | None = None
    truncated: bool = False
    dropped: int = 0
    ttl: int | None = None
    hubs: tuple[str, ...] = ()
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    hint: timedelta | None = None
    children: tuple[Child, ...] = ()
    alternates: tuple[Alternate, ...] = ()
    garbled: bool = False
    undated: int = 0
    links_self: str | None = None


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One item in its format's own words; "" is what it does not say. The longest of `texts` becomes the summary."""

    id: str = ""
    link: str = ""
    title: str = ""
    texts: Sequence[str] = ()
    published: str = ""
    updated: str = ""
    language: str | None = None


class Source(NamedTuple):
    """Where a document is from, for its relative links (`url`) and its dates without zone (`zone`, IANA)."""

    url: str
    zone: str
    now: datetime | None


class Collected(NamedTuple):
    """Entries, repaired; how many were set aside, and how many of those kept have a date that is none."""

    entries: tuple[Entry, ...]
    dropped: int
    undated: int


def collect(raw: Iterable[RawEntry], source: Source, language: str | None) -> Collected:
    """Entries of any format with the repairs that all need; `language` is the feed's, for entries that name none."""
    kept: list[Entry] = []
    dropped = undated = 0
    for number, item in enumerate(raw):
        entry = _entry(item, source, language) if number < MOST else None
        if entry is None:
            dropped += 1
            continue
        kept.append(entry)
        undated += entry.published is None and bool(item.published or item.updated)
    return Collected(_told_apart(kept), dropped, undated)


def sound(text: object) -> str:
    """A name or an address trimmed, without what no store takes: control characters and halves of characters."""
    said = str(text or "").strip()
    return said if said.isprintable() else _UNSOUND.sub("", said).strip()


def readable(text: str) -> str:
    """Markup, or not, as plain text that a store takes."""
    return plain(text if text.isprintable() else _HALVES.sub("�", text))


def joined(base: str, link: str) -> str:
    """The whole address of a link that stands in a document from `base`; "" when it is none."""
    if link.startswith(("https://", "http://")):
        return link
    try:
        return urljoin(base, link) if link else ""
    except ValueError:
        return ""


def web(link: object) -> str:
    """The link if it is of the web, else nothing: feeds carry javascript: and file: links."""
    text = "".join(sound(link).split())
    try:
        parts = urlsplit(text)
        return text if parts.scheme.lower() in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""


def language_of(code: object) -> str | None:
    """ISO 639-1 of a language tag such as `uk-UA`; None for what is none."""
    first = re.split(r"[-_\s]", str(code or "")[:40].strip().lower())[0]
    return first if len(first) == 2 and first.isascii() and first.isalpha() else None


def _entry(item: RawEntry, source: Source, language: str | None) -> Entry | None:
    title = readable(item.title)[:_TITLE]
    guid, link = sound(item.id), sound(item.link)
    url = web(clean(joined(source.url, link)))
    if not (title or url) or len(url) > LONGEST or len(guid) > LONGEST or _is_error_of_bridge(title, guid, url, item):
        return None
    stated = item.published, item.updated
    published, updated = (read_date(said, source.zone, source.now) if said else None for said in stated)
    # RSS with Dublin Core has only dc:date, which feedparser calls `updated`; Atom may leave `published` out.
    shown = published or (updated if not item.published else None)
    return Entry(
        id=guid or url or _digest(title, item.published or item.updated),
        url=url,
        title=title,
        summary=max((readable(text)[:_SUMMARY] for text in item.texts), key=len, default=""),
        published=shown[0] if shown else None,
        updated=updated[0] if updated else None,
        date_inferred=bool(shown and shown[1]),
        language=language_of(item.language) or language,
    )


def _is_error_of_bridge(title: str, guid: str, url: str, item: RawEntry) -> bool:
    """RSS-Bridge tells its failures as items of the feed (reference: polling 1.8): by title, and one mark more."""
    if not title.lower().startswith("bridge") or not _BRIDGE_TITLE.fullmatch(title):
        return False
    body = "\n".join(item.texts)[:_SUMMARY]
    return any(mark.search(text) for mark, text in zip(_BRIDGE_MARKS, (url, guid, body), strict=True))


def _told_apart(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Entries that share a guid told apart by link, the same entry twice taken once.

    Some feeds give one guid to all items (miniflux#4197); without this only the first would ever be read.
    """
    links: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        links[entry.id].add(entry.url or entry.title)
    apart = [
        replace(entry, id=f"{entry.id}|{entry.url or entry.title}") if len(links[entry.id]) > 1 else entry
        for entry in entries
    ]
    once: dict[str, Entry] = {}
    for entry in apart:
        once.setdefault(entry.id, entry)
    return tuple(once.values())


def _digest(title: str, date: str) -> str:
    return "sha256:" + hashlib.sha256(f"{title}\n{date or ''}".encode(errors="replace")).hexdigest()[:32]
