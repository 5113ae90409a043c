"""JSON Feed 1.0 and 1.1 (jsonfeed.org) → what they say. Pure.

feedparser does not read it, and half a document is a feed too: its whole items are kept.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from extractors.entries import MOST, ParsedFeed, RawEntry, Source, collect, joined, language_of, readable, sound, web

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/1(\.1)?/?", re.IGNORECASE)
_ITEMS = re.compile(r'"items"\s{0,40}:\s{0,40}\[')
# Numbers stay as they are written: an id may be one (1.0 allows it), and no number is too large to be read.
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)


def parse_json(text: str, source: Source) -> ParsedFeed:
    """A JSON Feed, repaired; "not a feed" for other JSON. An item without `url` is at its `external_url`."""
    document, truncated = _document(text)
    version = _VERSION.fullmatch(_said(document, "version"))
    if version is None:
        return ParsedFeed("", problem="not a feed")
    items = document.get("items")
    listed = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    language = language_of(_said(document, "language"))
    found = collect(map(_raw, listed), source, language)
    hubs = document.get("hubs")
    told = [hub for hub in hubs if isinstance(hub, dict)] if isinstance(hubs, list) else []
    push = [web(joined(source.url, sound(_said(hub, "url")))) for hub in told if _said(hub, "type").lower() == "websub"]
    return ParsedFeed(
        kind="json11" if version[1] else "json1",
        title=readable(_said(document, "title")) or None,
        language=language,
        entries=found.entries,
        truncated=truncated,
        dropped=found.dropped,
        hubs=tuple(dict.fromkeys(hub for hub in push if hub)),
        undated=found.undated,
        links_self=web(joined(source.url, sound(_said(document, "feed_url")))) or None,
    )


def _raw(item: dict[str, Any]) -> RawEntry:
    name = _said(item, "id")
    return RawEntry(
        id=name,
        # An id "should be the full URL of the resource": the last resort of a link.
        link=_said(item, "url") or _said(item, "external_url") or (name if web(name) else ""),
        title=_said(item, "title"),
        texts=[_said(item, key) for key in ("summary", "content_text", "content_html")],
        published=_said(item, "date_published"),
        updated=_said(item, "date_modified"),
        language=_said(item, "language") or None,
    )


def _said(thing: dict[str, Any], key: str) -> str:
    value = thing.get(key)
    return value.strip() if isinstance(value, str) else ""


def _document(text: str) -> tuple[dict[str, Any], bool]:
    """The document, and whether it breaks off; then with what stands before its items, and those that are whole."""
    try:
        whole = _DECODER.decode(text)
        return (whole if isinstance(whole, dict) else {}), False
    except (ValueError, RecursionError):
        pass
    opened = _ITEMS.search(text)
    if opened is None:
        return {}, True
    try:
        head = _DECODER.decode(text[: opened.start()].rstrip().rstrip(",") + "}")
    except (ValueError, RecursionError):
        return {}, True
    return {**head, "items": list(_whole_items(text, opened.end()))}, True


def _whole_items(text: str, at: int) -> Iterator[object]:
    blank = re.compile(r"[\s,]*")
    for _ in range(MOST):
        behind = blank.match(text, at)
        try:
            item, at = _DECODER.raw_decode(text, behind.end() if behind else at)
        except (ValueError, RecursionError):
            return
        yield item
