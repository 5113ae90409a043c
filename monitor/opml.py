"""OPML 2.0 in and out (http://opml.org/spec2.opml): the lists of feeds that readers exchange.

Read with expat alone, which loads nothing from outside; a document that declares entities is refused, since nobody's
list of feeds needs them. What feeds.yaml knows and OPML does not goes into attributes of a namespace of our own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from pydantic import ValidationError

from monitor.faults import Language
from monitor.feeds import FeedModel, own_family, plain_host
from monitor.plain import printable
from monitor.records import Feed, MonitorError

NAMESPACE = "urn:parley:feeds"
# 10,000 feeds are 3 MB.
LARGEST = 20_000_000
MOST = 100_000
_NAME = 80
# Programs' names for what is polled; FreshRSS also lists pages that it scrapes.
_TYPES = frozenset({"", "rss", "rss1", "rss2", "atom", "json", "jsonfeed", "feed", "xml", "link", "include"})
_SEPARATOR = " "


@dataclass(frozen=True, slots=True)
class Read:
    """The feeds of an OPML file in its order, each address once; `explicit` are those whose family it names.

    `again` counts addresses that came more than once; `faulty` says what could not be taken and why.
    """

    feeds: tuple[Feed, ...]
    explicit: frozenset[str]
    again: int
    faulty: tuple[str, ...]


@dataclass(slots=True)
class _Outlines:
    found: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    root: str | None = None


def parse(body: bytes, families: Mapping[str, str], watches: Iterable[str]) -> Read:
    """Read a file, flattening its folders. `families` is host → family, `watches` those that a feed may name.

    Raises MonitorError, with the line, for what is no OPML at all; a faulty outline is named and the others are read.
    """
    known, feeds = frozenset(watches), dict[str, Feed]()
    explicit: set[str] = set()
    faulty: list[str] = []
    again = 0
    for line, given in _outlines(body).found:
        url = given.get("xmlurl", "").strip()
        if not url:
            continue
        try:
            feed, named = _feed(url, given, families, known)
        except (ValidationError, ValueError) as error:
            faulty.append(f"line {line}: {printable(url)[:200] or 'no address'}: {_said(error)}")
            continue
        if feed.url in feeds:
            again += 1
            continue
        feeds[feed.url] = feed
        if named:
            explicit.add(feed.url)
    return Read(tuple(feeds.values()), frozenset(explicit), again, tuple(faulty))


def written(feeds: Iterable[Feed], families: Mapping[str, str]) -> str:
    """The feeds as an OPML 2.0 document; a family that `families` would give as well is left out."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:parley="{NAMESPACE}">',
        "  <head><title>Feeds of Parley</title></head>",
        "  <body>",
    ]
    for feed in feeds:
        given = {"type": "rss", "text": feed.outlet, "title": feed.outlet, "xmlUrl": feed.url}
        if feed.language:
            given["language"] = feed.language
        if feed.family != own_family(feed.outlet, feed.url, families):
            given["parley:family"] = feed.family
        if feed.zone != "UTC":
            given["parley:zone"] = feed.zone
        if feed.interval:
            given["parley:interval"] = f"{int(feed.interval.total_seconds())}s"
        if feed.watches:
            given["parley:watches"] = " ".join(feed.watches)
        if feed.sitemap:
            given["parley:sitemap"] = feed.sitemap
        if not feed.pages:
            given["parley:pages"] = "false"
        lines.append("    <outline " + " ".join(f"{name}={quoteattr(value)}" for name, value in given.items()) + "/>")
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _outlines(body: bytes) -> _Outlines:
    if len(body) > LARGEST:
        raise MonitorError(f"it is larger than {LARGEST:,} bytes, which no list of feeds is")
    outlines = _Outlines()
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(_SEPARATOR)[2].lower()
        if outlines.root is None:
            outlines.root = local
        if local == "outline":
            # Programs differ in the spelling of xmlUrl; of namespaces only ours means anything here.
            mine = {key.replace(f"{NAMESPACE}{_SEPARATOR}", "parley:"): value for key, value in attributes.items()}
            plain = {key.lower(): value for key, value in mine.items() if _SEPARATOR not in key}
            if "xmlurl" in plain:
                outlines.found.append((parser.CurrentLineNumber, plain))
            if len(outlines.found) > MOST:
                raise MonitorError(f"it lists more than {MOST:,} feeds, which nobody reads")

    def entity(*_: object) -> None:
        raise MonitorError(
            f"line {parser.CurrentLineNumber}: it declares entities, which is not safe to read; remove them"
        )

    parser.StartElementHandler = start
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise MonitorError(f"line {error.lineno}: it is not XML: {what}; export it again, or mend that line") from error
    except (LookupError, ValueError) as error:
        raise MonitorError(f"its encoding cannot be read ({printable(str(error))}); save it as UTF-8") from error
    if outlines.root != "opml":
        raise MonitorError(f"it is no OPML: its first element is <{printable(outlines.root or '')[:40]}>")
    return outlines


def _feed(url: str, given: Mapping[str, str], families: Mapping[str, str], known: frozenset[str]) -> tuple[Feed, bool]:
    """One outline as a feed, and whether it names a family that there is."""
    kind = given.get("type", "").strip().lower()
    if kind not in _TYPES:
        raise ValueError(f"its type is {printable(kind)[:40]}: a page that another program makes a feed of")
    name = printable(given.get("title", "") or given.get("text", ""))
    own = "parley:family" in given or any(key.startswith("parley:") for key in given)
    values: dict[str, object] = {"url": url, "outlet": name if own else name[:_NAME].strip()}
    values["outlet"] = values["outlet"] or plain_host(url) or url
    spoken = given.get("language", "").strip().lower().replace("_", "-").partition("-")[0]
    values["language"] = spoken if spoken in get_args(Language) else None
    for key in ("zone", "interval", "sitemap"):
        if value := given.get(f"parley:{key}", "").strip():
            values[key] = value
    values["watches"] = tuple(given.get("parley:watches", "").split())
    values["pages"] = given.get("parley:pages", "").strip().lower() != "false"
    model = FeedModel.model_validate(values)
    if unknown := [watch for watch in model.watches if watch not in known]:
        raise ValueError(f"it names the watch {unknown[0]}, which is not here")
    family = given.get("parley:family", "").strip()
    named = bool(family)
    if named and family not in families.values():
        raise ValueError(f"it names the family {printable(family)[:40]}, which config/families.yaml does not have")
    feed = Feed(
        url=model.url,
        outlet=model.outlet,
        family=family if named else own_family(model.outlet, model.url, families),
        language=model.language,
        zone=model.zone,
        interval=model.interval,
        watches=model.watches,
        sitemap=model.sitemap,
        pages=model.pages,
    )
    return feed, named


def _said(error: ValidationError | ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return message if where == "url" else f"{where}: {message}"
