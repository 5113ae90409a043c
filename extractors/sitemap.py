"""News sitemaps and indexes of sitemaps → what they say. Pure.

Names are taken without their namespace, which many publishers misspell. No entity is expanded, no DTD read and nothing
loaded from outside (RFC 3470, 5).
"""

import io
import re
from collections.abc import Iterator

import lxml.etree

from extractors.entries import (
    LONGEST,
    MOST,
    Child,
    ParsedFeed,
    RawEntry,
    Source,
    collect,
    joined,
    language_of,
    readable,
    web,
)
from extractors.feeddates import read_date

_CLOSED = re.compile(r"</(?:[\w.-]+:)?(?:urlset|sitemapindex)\s*>|<(?:urlset|sitemapindex)\b[^<>]*/>", re.IGNORECASE)
_CLOSES = re.compile(r"</(?:[\w.-]+:)?(url|sitemap)\s*>", re.IGNORECASE)
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f￾￿]")
# A sitemap has at most 50,000 addresses (sitemaps.org).
_ROWS = 50_000


def parse_sitemap(text: str, root: str, source: Source) -> ParsedFeed:
    """A document whose root element is `urlset` (entries: those of its addresses that are news) or `sitemapindex`.

    Addresses without news: tags are no news; a sitemap that has no others is "sitemap without news". One that has none
    at all, but names the schema for news, is a quiet newsroom's: such a sitemap holds the last two days.
    """
    truncated = not _CLOSED.search(text)
    rows = list(_rows(text, _CLOSES))
    if root == "sitemapindex":
        return _index(rows, truncated, source)
    news = [row for row in rows if "news" in row]
    if not news and (rows or "sitemap-news" not in text[:5_000]):
        return ParsedFeed("", problem="sitemap without news", truncated=truncated)
    found = collect(map(_raw, news), source, None)
    return ParsedFeed(
        kind="sitemap",
        title=readable(news[0].get("news/name", "")) or None if news else None,
        language=language_of(news[0].get("news/language")) if news else None,
        entries=found.entries,
        truncated=truncated,
        dropped=found.dropped,
        undated=found.undated,
    )


def _raw(row: dict[str, str]) -> RawEntry:
    return RawEntry(
        id=row.get("loc", ""),
        link=row.get("loc", ""),
        title=row.get("news/title", ""),
        published=row.get("news/publication_date", ""),
        updated=row.get("lastmod", ""),
        language=row.get("news/language"),
    )


def _index(rows: list[dict[str, str]], truncated: bool, source: Source) -> ParsedFeed:
    children: dict[str, Child] = {}
    dropped = 0
    for row in rows:
        url = web(joined(source.url, row.get("loc", "")))
        if not url or len(url) > LONGEST:
            dropped += 1
            continue
        changed = read_date(row["lastmod"], source.zone, source.now) if row.get("lastmod") else None
        children.setdefault(url, Child(url, changed[0] if changed else None))
    newest = sorted(
        children.values(), key=lambda child: child.changed.timestamp() if child.changed else 0, reverse=True
    )
    return ParsedFeed(
        "sitemapindex",
        children=tuple(newest[:MOST]),
        truncated=truncated,
        dropped=dropped + max(0, len(newest) - MOST),
    )


def _rows(text: str, closes: re.Pattern[str]) -> Iterator[dict[str, str]]:
    """What each <url> or <sitemap> that is whole says, by name; what stands inside <news> as `news/title`."""
    whole = min(len(closes.findall(text)), _ROWS)
    stream = io.BytesIO(_ILLEGAL.sub("", text).encode(errors="replace"))
    events = lxml.etree.iterparse(
        stream, events=("end",), recover=True, resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True, encoding="utf-8",
    )  # fmt: skip
    try:
        for _, element in events:
            if _name(element) not in ("url", "sitemap"):
                continue
            if whole <= 0:
                return
            whole -= 1
            yield _row(element)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except (lxml.etree.XMLSyntaxError, UnicodeDecodeError):
        return  # the second for a namespace with half a surrogate pair, which lxml cannot make a name of


def _row(element: lxml.etree._Element) -> dict[str, str]:
    said: dict[str, str] = {}
    for child in element:
        name = _name(child)
        if name == "news":
            said["news"] = ""
            for part in child.iter("*"):  # an entity that nobody declared is a node too, and has no text
                said.setdefault(f"news/{_name(part)}", "".join(part.itertext()).strip())
        elif name in ("loc", "lastmod"):
            said.setdefault(name, "".join(child.itertext()).strip())
    return said


def _name(element: lxml.etree._Element) -> str:
    tag = element.tag
    return re.split(r"[}:]", tag)[-1].lower() if isinstance(tag, str) else ""
