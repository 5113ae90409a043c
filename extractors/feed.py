"""A feed's body → its entries, repaired. Pure: bytes in, a record out.

RSS and Atom through feedparser, which is told neither to fetch nor to guess: it opens a file that a body names, trusts
wrong charsets and reads local zones as UTC (reference: polling 4.1).
"""

import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import Message
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import feedparser

from extractors.article import plain
from extractors.decode import decode
from extractors.feeddates import read_date
from extractors.records import Entry

FeedProblem = Literal["empty body", "html page", "challenge page", "not a feed"]

# Only what feeds are: a long summary is a whole article, longer ones are mistakes.
_SUMMARY = 50_000
_TITLE = 1_000
_ENCODING = re.compile(r"""(<\?xml[^>]*?)\s+encoding\s*=\s*(?:"[^"]*"|'[^']*')""", re.IGNORECASE)
_CLOSED = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf)\s*>|<(?:\w+:)?(?:rss|feed|rdf)\b[^>]*/>", re.IGNORECASE)
_ITEM_CLOSES = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
# Words of the pages that guard sites against programs: Cloudflare, DDoS-Guard, Qrator, Variti and captchas.
_CHALLENGE = re.compile(
    r"cf-chl|challenge-platform|cf_challenge|just a moment|checking your browser|ddos-guard|__qrator|captcha"
    r"|enable javascript and cookies|attention required",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Child:
    """A sitemap that an index names, and when it changed (aware UTC), if the index says so."""

    url: str
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a feed says. `kind` is feedparser's name for the format (`rss20`, `atom10`), empty with a `problem`.

    `truncated`: the document ends before its end, so its validators must not be kept. `dropped` entries had neither
    link nor title, or were cut off. `ttl` is in minutes. `hubs` are WebSub addresses.
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
    children: tuple[Child, ...] = ()
    garbled: bool = False


def parse_feed(body: bytes, url: str, content_type: str | None, zone: str, now: datetime | None = None) -> ParsedFeed:
    """Read a feed that was fetched from `url`, against which its relative links are resolved.

    `content_type` is the header's value, with its charset. Dates without a zone are in `zone` (IANA); with `now`,
    dates in the far future are not believed. Malformed XML is read as far as it goes: a bare `&` is no failure.
    """
    if not body.strip():
        return ParsedFeed("", problem="empty body")
    text = _ENCODING.sub(r"\1", decode(body, _charset(content_type)), count=1)
    # Bytes that are a path would be opened as a file: only ever a stream.
    parsed = feedparser.parse(
        io.BytesIO(text.encode(errors="replace")),
        # No address: feedparser would resolve guids with it, and they are names, not links; links are resolved below.
        response_headers={"content-type": "application/xml; charset=utf-8"},
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    kind = str(parsed.get("version") or "")
    if not kind:
        return ParsedFeed("", problem=_problem(text))
    about = parsed.get("feed", {})
    raw = list(parsed.get("entries", ()))
    truncated = not _CLOSED.search(text)
    cut = truncated and len(raw) > len(_ITEM_CLOSES.findall(text))
    # The entry in which the document breaks off may have half a title and half a link.
    read = [_entry(item, url, _word(about.get("language")), zone, now) for item in (raw[:-1] if cut else raw)]
    kept = [entry for entry in read if entry is not None]
    return ParsedFeed(
        kind=kind,
        title=plain(str(about.get("title") or "")) or None,
        language=_word(about.get("language")),
        entries=_told_apart(kept),
        truncated=truncated,
        dropped=len(raw) - len(kept),
        ttl=_minutes(about.get("ttl")),
        hubs=tuple(
            dict.fromkeys(_web(link.get("href")) for link in about.get("links", ()) if link.get("rel") == "hub")
        ),
    )


def _entry(item: Any, base: str, language: str | None, zone: str, now: datetime | None) -> Entry | None:
    title = plain(str(item.get("title") or ""))[:_TITLE]
    guid = str(dict.get(item, "id") or "").strip()
    link = str(dict.get(item, "link") or "").strip()
    # feedparser takes a guid for the link where there is none; only a whole address is one.
    url = _web(link if link == guid else _joined(base, link))
    if not title and not url:
        return None
    # `dict.get`: feedparser's own lends `updated` the value of `published` and warns about it.
    stated = dict.get(item, "published"), dict.get(item, "updated")
    published, updated = (read_date(str(value), zone, now) if value else None for value in stated)
    # RSS with Dublin Core has only dc:date, which feedparser calls `updated`; Atom may leave `published` out.
    shown = published or (updated if not stated[0] else None)
    texts = [item.get("summary"), *(part.get("value") for part in item.get("content", ()))]
    detail = item.get("title_detail") or {}
    return Entry(
        id=guid or url or _digest(title, stated[0] or stated[1]),
        url=url,
        title=title,
        summary=max((plain(str(text or ""))[:_SUMMARY] for text in texts), key=len),
        published=shown[0] if shown else None,
        updated=updated[0] if updated else None,
        date_inferred=bool(shown and shown[1]),
        language=_word(detail.get("language")) or language,
    )


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


def _problem(text: str) -> FeedProblem:
    if _HTML.match(text):
        return "challenge page" if _CHALLENGE.search(text[:100_000]) else "html page"
    return "not a feed"


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link) if link else ""
    except ValueError:
        return ""


def _web(link: object) -> str:
    """The link if it is of the web, else nothing: feeds carry javascript: and file: links."""
    text = "".join(str(link or "").split())
    try:
        parts = urlsplit(text)
        return text if parts.scheme.lower() in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""


def _charset(content_type: str | None) -> str | None:
    if not content_type:
        return None
    message = Message()
    message["Content-Type"] = content_type
    return message.get_content_charset()


def _word(language: object) -> str | None:
    code = re.split(r"[-_\s]", str(language or "").strip().lower())[0]
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


def _minutes(ttl: object) -> int | None:
    text = str(ttl or "").strip()
    return min(int(text), 10**6) if text.isascii() and text.isdigit() and int(text) > 0 else None


def _digest(title: str, date: object) -> str:
    return "sha256:" + hashlib.sha256(f"{title}\n{date or ''}".encode(errors="replace")).hexdigest()[:32]
