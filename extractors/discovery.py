"""The feeds that an HTML page names in its head. Pure."""

import lxml.etree
import lxml.html

from extractors.entries import LONGEST, Alternate, AlternateKind, joined, readable, sound, web

_TYPES: dict[str, AlternateKind] = {
    "application/rss+xml": "rss", "application/atom+xml": "atom", "application/feed+json": "json",
    "application/json": "json",
}  # fmt: skip
# A head ends long before; what takes lxml long is then short.
_HEAD = 300_000
_MOST = 100
# The address of WordPress's interface for programs, which its pages call an alternate too.
_NO_FEEDS = ("/wp-json/", "?rest_route=")


def alternates(text: str, url: str) -> tuple[Alternate, ...]:
    """The feeds of the page from `url`, in its order: <link rel=alternate> with a feed's type, and rel=feed."""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=False)
    try:
        tree = lxml.html.document_fromstring(text[:_HEAD].encode(errors="replace"), parser=parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError):
        return ()
    base = next((joined(url, sound(each.get("href"))) for each in tree.iter("base") if each.get("href")), url)
    found: dict[str, Alternate] = {}
    for link in tree.iter("link", "a", "area"):
        rel = (link.get("rel") or "").lower().split()
        kind = _TYPES.get((link.get("type") or "").partition(";")[0].strip().lower())
        if "feed" not in rel and not (kind and "alternate" in rel and link.tag == "link"):
            continue
        whole = web(joined(base, sound(link.get("href"))))
        if not whole or len(whole) > LONGEST or any(part in whole for part in _NO_FEEDS):
            continue
        found.setdefault(whole, Alternate(whole, readable(link.get("title") or "")[:200], kind or "feed"))
        if len(found) == _MOST:
            break
    return tuple(found.values())
