"""A page → title, text, language and date of its article. Pure: bytes in, a record out."""

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

import lxml.etree
import lxml.html

from extractors.decode import decode
from extractors.guards import is_challenge, is_consent, is_stub

PageProblem = Literal["no text", "not html", "too big", "challenge page", "consent page"]

# trafilatura's time is superlinear: 1.4 MB of paragraphs took 5.9 s, 5.6 MB 179 s (reference: polling 4.1).
PAGE_CAP = 2_000_000
# A blank page's leftovers are shorter than the shortest news flash of the labelled corpus (61 characters).
_SHORTEST = 30

# Each attempt ends at the next angle bracket: linear on hostile text, which nested lazy patterns are not.
_MARKUP = re.compile(r"(<!--|-->|</?[a-zA-Z][^<>]*>)")
_BREAK = re.compile(r"</?(?:br|p|div|li|h\d|tr|ul|ol|blockquote)\b", re.IGNORECASE)
_SILENT = re.compile(r"<(script|style)\b", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WALL = re.compile(
    r"\b(?:pay-?wall|piano-(?:container|offer)|tp-container|subscri(?:be|ption)-wall|reg-?wall)\b", re.IGNORECASE
)
_DATES: tuple[str, ...] = (
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "pubdate",
    "dc.date.issued",
)
_DATES += ("dc.date", "dcterms.created", "date", "parsely-pub-date", "sailthru.date", "publish-date")


@dataclass(frozen=True, slots=True)
class ExtractedPage:
    """What a page says. `text` is NFC, a paragraph a line; `language` is the page's own word for it (ISO 639-1).

    `published` is aware UTC and only there when the page gives a date with time and zone; `day` is the date of a page
    that gives less. `link` is the address that the page calls its own. `stub`: the text is only the beginning, the rest
    has to be paid for. With a `problem`, text is empty.
    """

    title: str | None
    text: str
    language: str | None = None
    published: datetime | None = None
    day: date | None = None
    link: str | None = None
    problem: PageProblem | None = None
    stub: bool = False


def extract(page: bytes, url: str, charset: str | None = None) -> ExtractedPage:
    """The article of an HTML page, found at `url`. `charset` is what the server declared; valid UTF-8 wins over it.

    Call it in a process that can be killed: a hostile page under the cap may still take seconds.
    """
    if len(page) > PAGE_CAP:
        return ExtractedPage(None, "", problem="too big")
    text = decode(page, charset)
    if not re.search(r"<[a-zA-Z!?][^<>]*>", text[:20_000]):
        return ExtractedPage(None, "", problem="not html")
    tree = _tree(text)
    if tree is None:
        return ExtractedPage(None, "", problem="not html")
    # Here, because it takes a tenth of a second to import, and only the processes that extract need it.
    import trafilatura

    data = tuple(_json_ld(tree))
    # No metadata: it reads the clock, and costs 8 ms of 10. No deduplication: it remembers earlier pages (DESIGN §8).
    body = trafilatura.extract(text, url=url, include_comments=False, deduplicate=False, with_metadata=False) or ""
    body = unicodedata.normalize("NFC", body).strip()
    title = _title(tree, data)
    if is_challenge(title or "", body, text, declared=bool(data) or _metas(tree).get("og:type") == "article"):
        return ExtractedPage(title, "", problem="challenge page")
    if is_consent(title or "", body, url):
        return ExtractedPage(title, "", problem="consent page")
    published, day = _published(tree, data)
    return ExtractedPage(
        title=title,
        text=body if len(body) >= _SHORTEST else "",
        stub=is_stub(body, paid=any(_paid(item) for item in data), walled=_walled(tree)),
        language=_language(tree),
        published=published,
        day=day,
        link=_link(tree),
        problem=None if len(body) >= _SHORTEST else "no text",
    )


def plain(text: str) -> str:
    """Markup out, entities undone, white space folded: for titles and summaries, which feeds give as HTML or not."""
    # Feeds escape twice: `&amp;lt;b&amp;gt;` is still markup after one round.
    for _ in range(2):
        text = html.unescape(_without_markup(text))
    shown = _CONTROL.sub(" ", _without_markup(text))
    return unicodedata.normalize("NFC", " ".join(shown.split()))


def _without_markup(text: str) -> str:
    if "<" not in text:
        return text
    kept: list[str] = []
    until: str | None = None
    for piece in _MARKUP.split(text):
        if until is not None:
            until = None if piece.lower().startswith(until) else until
        elif piece == "<!--":
            until = "-->"
        elif silent := _SILENT.match(piece):
            until = f"</{silent[1].lower()}"
        elif not _MARKUP.fullmatch(piece) or piece == "-->":
            kept.append(piece)
        elif _BREAK.match(piece):
            kept.append(" ")
    return "".join(kept)


def _tree(text: str) -> lxml.html.HtmlElement | None:
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=False)
    try:
        return lxml.html.document_fromstring(text.encode(errors="replace"), parser=parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError):
        return None


def _metas(tree: lxml.html.HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop")
        content = (meta.get("content") or "").strip()
        if name and content:
            found.setdefault(name.strip().lower(), content)
    return found


def _json_ld(tree: lxml.html.HtmlElement) -> Iterator[dict[str, object]]:
    """The objects of the page's JSON-LD that speak of an article."""
    for script in tree.iter("script"):
        if (script.get("type") or "").strip().lower() != "application/ld+json":
            continue
        try:
            waiting = [json.loads(script.text or "", strict=False)]
        except (ValueError, RecursionError):
            continue
        while waiting:
            item = waiting.pop(0)
            if isinstance(item, list):
                waiting[:0] = item
            elif isinstance(item, dict):
                kinds = item.get("@type")
                if any("article" in str(k).lower() or "posting" in str(k).lower() for k in _listed(kinds)):
                    yield item
                waiting += _listed(item.get("@graph"))


def _paid(item: dict[str, object]) -> bool:
    return any(str(each.get("isAccessibleForFree")).lower() == "false" for each in (item, *_parts(item)))


def _parts(item: dict[str, object]) -> list[dict[str, object]]:
    return [part for part in _listed(item.get("hasPart")) if isinstance(part, dict)]


def _walled(tree: lxml.html.HtmlElement) -> bool:
    """Whether the page holds the furniture of a paywall: by the names that publishers and their suppliers give it."""
    return any(
        _WALL.search(f"{element.get('class') or ''} {element.get('id') or ''}")
        for element in tree.iter("div", "section", "aside")
    )


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _title(tree: lxml.html.HtmlElement, data: tuple[dict[str, object], ...]) -> str | None:
    metas = _metas(tree)
    told = [metas.get("og:title")]
    told += [str(item["headline"]) for item in data if isinstance(item.get("headline"), str)]
    headings = [heading.text_content() for heading in tree.iter("h1")]
    told += headings if len(headings) == 1 else []
    told += [metas.get("twitter:title"), *(title.text_content() for title in tree.iter("title"))]
    return next((title for each in told if each and (title := plain(each))), None)


def _language(tree: lxml.html.HtmlElement) -> str | None:
    metas = _metas(tree)
    for said in (tree.get("lang"), tree.get("xml:lang"), metas.get("og:locale"), metas.get("content-language")):
        code = re.split(r"[-_,;\s]", (said or "").strip().lower())[0]
        if len(code) == 2 and code.isascii() and code.isalpha():
            # `ua` is the country; many Ukrainian pages give it for the language.
            return "uk" if code == "ua" else code
    return None


def _link(tree: lxml.html.HtmlElement) -> str | None:
    links = [link.get("href") for link in tree.iter("link") if (link.get("rel") or "").strip().lower() == "canonical"]
    for link in (*links, _metas(tree).get("og:url")):
        if link and re.match(r"https?://[^/\s]+/?\S*$", link.strip(), re.IGNORECASE):
            return str(link.strip())
    return None


def _published(tree: lxml.html.HtmlElement, data: tuple[dict[str, object], ...]) -> tuple[datetime | None, date | None]:
    """Publication as the page states it; from <time> only when the page has a single one, else it may be anything's."""
    metas = _metas(tree)
    told = [str(item["datePublished"]) for item in data if isinstance(item.get("datePublished"), str)]
    told += [metas[name] for name in _DATES if name in metas]
    times = sorted({str(t.get("datetime")).strip() for t in tree.iter("time") if t.get("datetime")})
    told += times if len(times) == 1 else []
    days: list[date] = []
    for value in told:
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            continue
        if moment.year < 1995:
            continue
        if moment.tzinfo is not None:
            return moment.astimezone(UTC), None
        days.append(moment.date())
    return None, days[0] if days else None
