"""A feed's body → its entries, repaired, whatever its format: the one door. Pure: bytes in, a record out.

What the server calls the format is not asked: it is wrong too often (reference: polling 4.1).
"""

import re
import zlib
from dataclasses import replace
from datetime import datetime
from email.message import Message

from extractors.damage import garbled
from extractors.decode import decode
from extractors.discovery import alternates
from extractors.entries import Alternate, Child, FeedProblem, ParsedFeed, Source
from extractors.guards import CHALLENGE
from extractors.jsonfeed import parse_json
from extractors.rss import parse_rss
from extractors.sitemap import parse_sitemap

__all__ = ["Alternate", "Child", "FeedProblem", "ParsedFeed", "parse_feed"]

# A sitemap's file may be gzip; undone, it is no larger than any body.
_CAP = 15_000_000
_ENCODING = re.compile(r"""(\s*<\?xml[^<>]*?)\s+encoding\s*=\s*(?:"[^"<>]*"|'[^'<>]*')""", re.IGNORECASE)
_HTML = frozenset({"html", "head", "body"})
_DOCTYPE = re.compile(r"!doctype\s{1,40}html\b", re.IGNORECASE)
_TAG = re.compile(r"(?:[\w.-]{1,100}:)?([\w.-]{1,100})")
# What stands before the root element: declarations, comments, a warning of PHP.
_PROLOG = 100


def parse_feed(body: bytes, url: str, content_type: str | None, zone: str, now: datetime | None = None) -> ParsedFeed:
    """Read what was fetched from `url`, against which its relative links are resolved: RSS, Atom, JSON Feed, a news
    sitemap or an index of sitemaps, the latter also as a file of gzip.

    `content_type` is the header's value, of which only the charset counts. Dates without a zone are in `zone` (IANA;
    ExtractorError if unknown); with `now`, dates in the far future are not believed.
    """
    if not body.strip():
        return ParsedFeed("", problem="empty body")
    opened, short = _unzipped(body)
    if len(opened) > _CAP:
        return ParsedFeed("", problem="too big")
    text = decode(opened, _charset(content_type))
    parsed = _parsed(text, Source(url, zone, now))
    if parsed.problem is not None:
        return parsed
    return replace(parsed, truncated=parsed.truncated or short, garbled=garbled(text, parsed.entries))


def _parsed(text: str, source: Source) -> ParsedFeed:
    if text.lstrip("\ufeff \t\r\n")[:1] == "{":
        return parse_json(text.strip("\ufeff \t\r\n"), source)
    # The text is decoded: what it says of its encoding no longer holds.
    declared = _ENCODING.match(text)
    text = declared[1] + text[declared.end() :] if declared else text
    root = _root(text)
    if root in ("urlset", "sitemapindex"):
        return parse_sitemap(text, root, source)
    if root in _HTML:
        if CHALLENGE.search(text[:100_000]):
            return ParsedFeed("", problem="challenge page")
        return ParsedFeed("", problem="html page", alternates=alternates(text, source.url))
    return parse_rss(text, source)


def _root(text: str) -> str:
    """The local name of the first element, in lower case; `html` also for a document that declares to be HTML."""
    at = -1
    for _ in range(_PROLOG):
        at = text.find("<", at + 1)
        if at < 0:
            break
        if text.startswith("<!--", at):
            at = text.find("-->", at)
            if at < 0:
                break
        elif _DOCTYPE.match(text, at + 1):
            return "html"
        elif found := _TAG.match(text, at + 1):
            return found[1].lower()
    return ""


def _unzipped(body: bytes) -> tuple[bytes, bool]:
    """The body, with gzip undone up to a byte beyond the cap, and whether the gzip breaks off."""
    if not body.startswith(b"\x1f\x8b"):
        return body, False
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, _CAP + 1)
    except zlib.error:
        return b"", True
    return plain, not unzip.eof


def _charset(content_type: str | None) -> str | None:
    if not content_type:
        return None
    message = Message()
    message["Content-Type"] = content_type
    return message.get_content_charset()
