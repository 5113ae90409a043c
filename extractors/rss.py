"""RSS and Atom → what they say, through feedparser, which is told neither to fetch nor to guess: it opens a file that a
body names, trusts wrong charsets and reads local zones as UTC (reference: polling 4.1)."""

import io
import re
from datetime import timedelta
from html import escape
from typing import Any

from extractors.entries import MOST, ParsedFeed, RawEntry, Source, collect, joined, language_of, readable, sound, web

# Each attempt ends at the next angle bracket: linear on a million of unclosed tags.
_CLOSED = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf)\s*>|<(?:\w+:)?(?:rss|feed|rdf)\b[^<>]*/>", re.IGNORECASE)
_ITEM_OPENS = re.compile(r"<(?:\w+:)?(?:item|entry)\b", re.IGNORECASE)
_ITEM_CLOSES = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_SKIPS = {
    "hour": re.compile(r"<skiphours\b[^<>]*>(.{0,4000})", re.IGNORECASE | re.DOTALL),
    "day": re.compile(r"<skipdays\b[^<>]*>(.{0,4000})", re.IGNORECASE | re.DOTALL),
}
_SKIPPED = re.compile(r"<(/skip)|<(?:hour|day)>\s*(\w+)", re.IGNORECASE)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# feedparser takes 14 µs for each of these, and a second for 5,000 attributes of one element or as many namespaces.
_TAGS = 60_000
_TAG = re.compile("<")
_LONG_TAG = re.compile(r"<[^<]{4000,}")
_ATTRIBUTE = re.compile(r"""\s[\w:.-]{1,100}\s{0,9}=\s{0,9}["']""")
_NAMESPACE = re.compile(r"""xmlns[:\w.-]{0,100}\s{0,9}=\s{0,9}["']([^"'<>]*)""")
_MANY = 500
# Its handlers take for granted that what closes was opened: torn feeds make them raise (tests/fuzz/cases/feed).
_CANNOT_BEAR = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_REFERENCES = re.compile(r"(?:&#(?:x[0-9a-f]+|[0-9]+);)+", re.IGNORECASE)
_REFERENCE = re.compile(r"&#(x?)([0-9a-f]+);", re.IGNORECASE)
_PERIODS = {
    "hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(days=7),
    "monthly": timedelta(days=30), "yearly": timedelta(days=365),
}  # fmt: skip


def parse_rss(text: str, source: Source) -> ParsedFeed:
    """What feedparser makes of `text`, repaired; "not a feed" if it knows no format in it.

    Malformed XML is read as far as it goes: a bare `&` is no failure. Entries are whole: that in which the document
    breaks off may have half a title and half a link.
    """
    # Here, because only the processes that parse need it.
    import feedparser

    read = _within(text)
    # Bytes that are a path would be opened as a file: only ever a stream.
    stream = io.BytesIO(_REFERENCES.sub(_characters, read).encode(errors="replace"))
    try:
        parsed = feedparser.parse(
            stream,
            # No address: feedparser would resolve guids with it, and they are names, not links.
            response_headers={"content-type": "application/xml; charset=utf-8"},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except _CANNOT_BEAR:
        return ParsedFeed("", problem="not a feed")
    kind = str(parsed.get("version") or "")
    if not kind:
        return ParsedFeed("", problem="not a feed")
    about = parsed.get("feed", {})
    items = list(parsed.get("entries", ()))
    truncated = not _CLOSED.search(text)
    closed = len(_ITEM_CLOSES.findall(read))
    cut = (truncated or read is not text) and len(items) > closed
    language = language_of(about.get("language"))
    found = collect(map(_raw, items[:-1] if cut else items), source, language)
    return ParsedFeed(
        kind=kind,
        title=readable(str(about.get("title") or "")) or None,
        language=language,
        entries=found.entries,
        truncated=truncated,
        dropped=found.dropped + cut + len(_ITEM_OPENS.findall(text, len(read))),
        ttl=_whole(about.get("ttl"), 10**6),
        hubs=tuple(dict.fromkeys(_links(about, "hub", source))),
        # feedparser keeps the last <hour> of all; that it has one says that they are worth a search.
        skip_hours=_skipped(text, "hour") if "hour" in about else frozenset(),
        skip_days=_skipped(text, "day") if "day" in about else frozenset(),
        hint=_hint(about),
        undated=found.undated,
        links_self=next(iter(_links(about, "self", source)), None),
    )


def _within(text: str) -> str:
    """As much of the text as feedparser reads in about two seconds, nothing of one made to take longer."""
    for mark, most in ((_ITEM_OPENS, MOST), (_TAG, _TAGS)):
        # The count alone costs nothing; hardly a feed has as many.
        if text.count("<") > most:
            text = text[: _nth(text, mark, most)]
    if any(len(_ATTRIBUTE.findall(tag[0])) > _MANY for tag in _LONG_TAG.finditer(text)):
        return ""
    if text.count("xmlns") > _MANY and len(set(_NAMESPACE.findall(text))) > _MANY:
        return ""
    return text


def _characters(found: re.Match[str]) -> str:
    """References to what is no character make feedparser raise and cost the whole feed. Halves of a character, as
    programs write them that think in UTF-16, come together."""
    numbers = [int(digits[:9], 16 if x else 10) for x, digits in _REFERENCE.findall(found[0])]
    if all(0 < number < 0xD800 or 0xDFFF < number <= 0x10FFFF for number in numbers):
        return found[0]
    text = "".join(chr(number) if number <= 0x10FFFF else "\ufffd" for number in numbers)
    return escape(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def _nth(text: str, mark: re.Pattern[str], most: int) -> int:
    """Where the first `mark` too many stands; those in CDATA, where feeds have whole articles, cost nothing."""
    at = 0
    while True:
        start = text.find("<![CDATA[", at)
        for found in mark.finditer(text, at, len(text) if start < 0 else start):
            if most == 0:
                return found.start()
            most -= 1
        at = text.find("]]>", start) if start >= 0 else -1
        if at < 0:
            return len(text)


def _raw(item: Any) -> RawEntry:
    # `dict.get`: feedparser's own lends `updated` the value of `published` and warns about it.
    said = {name: str(dict.get(item, name) or "").strip() for name in ("id", "link", "title", "published", "updated")}
    # feedparser takes a guid for the link where there is none; only a whole address is one.
    if said["link"] == said["id"] and not said["link"][:8].lower().startswith(("http://", "https://")):
        said["link"] = ""
    texts = [item.get("summary"), *(part.get("value") for part in _parts(item.get("content")))]
    language = next((detail.get("language") for detail in _parts([item.get("title_detail")])), None)
    return RawEntry(**said, texts=[str(text or "") for text in texts], language=language)


def _parts(value: object) -> list[Any]:
    """The mappings of a list of feedparser's. An element that is called as one of them (`links`) puts text there."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _links(about: Any, rel: str, source: Source) -> list[str]:
    told = (
        web(joined(source.url, sound(each.get("href"))))
        for each in _parts(about.get("links"))
        if each.get("rel") == rel
    )
    return [link for link in told if link]


def _skipped(text: str, unit: str) -> frozenset[int]:
    """The hours (24, of RSS 0.91, is 0) or days in which not to ask; none when all are named, which is a mistake."""
    opened = _SKIPS[unit].search(text)
    named: set[int] = set()
    for found in _SKIPPED.finditer(opened[1] if opened else ""):
        if found[1]:
            break
        word = found[2].lower()
        if unit == "day" and word in _DAYS:
            named.add(_DAYS.index(word))
        elif unit == "hour" and word.isascii() and word.isdigit() and len(word) < 3 and int(word) <= 24:
            named.add(int(word) % 24)
    return frozenset(named if len(named) < (7 if unit == "day" else 24) else ())


def _hint(about: Any) -> timedelta | None:
    period = _PERIODS.get(str(about.get("sy_updateperiod") or "").strip().lower())
    return period / (_whole(about.get("sy_updatefrequency"), 1000) or 1) if period else None


def _whole(number: object, most: int) -> int | None:
    text = str(number or "").strip()[:12]
    return min(int(text), most) if text.isascii() and text.isdigit() and int(text) > 0 else None
