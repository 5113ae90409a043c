"""PURE: articles of the demo as feeds and as pages, the way newspapers make them: with a menu, captions and noise."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from monitor.demo.script import Furniture, Item, Outlet

Shown = tuple[Item, datetime]
"""An article and the moment (aware UTC) at which it appeared."""

FEED_TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml"}


def feed(outlet: Outlet, shown: Sequence[Shown], base: str) -> bytes:
    """The outlet's feed in its own format, newest first; `base` is the server's address without a slash at its end."""
    newest = list(reversed(shown))
    return _rss(outlet, newest, base) if outlet.feed == "rss" else _atom(outlet, newest, base)


def article(item: Item, furniture: Furniture, published: datetime) -> bytes:
    """The page of an article: the text among menu, cookie notice, archive photo and related headlines."""
    moment = _iso(published)
    dated = f'<meta property="article:published_time" content="{moment}">' if item.dated else ""
    stamp = f'<p class="byline"><time datetime="{moment}">{moment}</time></p>' if item.dated else ""
    body = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in item.paragraphs)
    related = "".join(f'<li><a href="#">{escape(headline)}</a></li>' for headline in furniture.related)
    main = f"""<article>
<h1>{escape(item.title)}</h1>
{stamp}
<figure><img src="archive.jpg" alt=""><figcaption>{escape(furniture.caption)}</figcaption></figure>
{body}
</article>
<aside class="related"><h2>{escape(furniture.related_title)}</h2><ul>{related}</ul></aside>"""
    return _page(item, furniture, dated, main)


def consent(item: Item, furniture: Furniture) -> bytes:
    """A page that holds no article, only the question whether the reader may be measured."""
    return _page(item, furniture, "", f'<div role="dialog"><p>{escape(furniture.consent)}</p></div>')


def _page(item: Item, furniture: Furniture, head: str, main: str) -> bytes:
    menu = "".join(f'<li><a href="#">{escape(entry)}</a></li>' for entry in furniture.menu)
    return f"""<!doctype html>
<html lang="{item.outlet.language}">
<head><meta charset="utf-8"><title>{escape(item.title)} | {escape(item.outlet.name)}</title>
<meta property="og:type" content="article"><meta property="og:title" content="{escape(item.title)}">
<meta property="og:site_name" content="{escape(item.outlet.name)}">{head}</head>
<body>
<header><p>{escape(item.outlet.name)}</p><nav><ul>{menu}</ul></nav></header>
<div class="cookie-notice">{escape(furniture.cookies)}</div>
<main>
{main}
</main>
<footer><p>{escape(furniture.footer)}</p></footer>
</body>
</html>
""".encode()


def _rss(outlet: Outlet, newest: Sequence[Shown], base: str) -> bytes:
    items = "\n".join(
        f"<item><title>{escape(item.title)}</title><link>{base}{item.path}</link>"
        f'<guid isPermaLink="false">{item.id}</guid>'
        + (f"<pubDate>{format_datetime(moment)}</pubDate>" if item.dated else "")
        + f"<description>{escape(item.paragraphs[0])}</description></item>"
        for item, moment in newest
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>{escape(outlet.name)}</title><link>{base}/{outlet.id}/</link>
<description>{escape(outlet.name)}</description><language>{outlet.language}</language>
{items}
</channel></rss>
""".encode()


def _atom(outlet: Outlet, newest: Sequence[Shown], base: str) -> bytes:
    entries = "\n".join(
        f'<entry><id>urn:demo:{item.id}</id><title>{escape(item.title)}</title><link href="{base}{item.path}"/>'
        f"<published>{_iso(moment)}</published><updated>{_iso(moment)}</updated>"
        f"<summary>{escape(item.paragraphs[0])}</summary></entry>"
        for item, moment in newest
    )
    updated = _iso(newest[0][1]) if newest else "1970-01-01T00:00:00Z"
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{outlet.language}"><id>urn:demo:{outlet.id}</id>
<title>{escape(outlet.name)}</title><updated>{updated}</updated><link href="{base}/{outlet.id}/"/>
{entries}
</feed>
""".encode()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
