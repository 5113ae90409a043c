"""config/feeds.yaml and config/families.yaml: which feeds are polled, and who owns whom.

feeds.yaml is the truth about feeds. `add` and `remove` edit its lines and leave the others as they are: a round trip
through ruamel.yaml 0.19 joins the lines of a mapping that has a comment behind its first key. Outlets under one owner
or newsroom are one family; an outlet that no family names is a family of its own, so that independence is never made up
where it is not known (reference: events §1.2).
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from monitor.documents import Document, parse, read
from monitor.faults import Duration, Fault, Faults, Language, Slug, Strict, Text, WebAddress, fault, validate
from monitor.records import Feed, MonitorError

_DASH = re.compile(r"(\s*)- ")
FEEDS = Path("config") / "feeds.yaml"
FAMILIES = Path("config") / "families.yaml"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("unknown time zone; write one such as Europe/Kyiv") from error
    return value


class FeedModel(Strict):
    """One feed."""

    url: WebAddress
    outlet: Text
    family: Slug | None = None
    language: Language | None = None
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    interval: Duration | None = None
    watches: tuple[Slug, ...] = ()
    sitemap: WebAddress | None = None
    pages: bool = True


class FeedsModel(Strict):
    """config/feeds.yaml."""

    feeds: Annotated[tuple[FeedModel, ...], BeforeValidator(lambda value: () if value is None else value)] = ()


class FamilyModel(Strict):
    """A newsroom or owner and the hosts it publishes on."""

    name: Text
    hosts: Annotated[tuple[Text, ...], Field(min_length=1)]


class FamiliesModel(Strict):
    """config/families.yaml."""

    families: dict[Slug, FamilyModel] = Field(default_factory=dict)


def load(path: Path, families_path: Path, watches: Sequence[str] | None = None) -> tuple[Feed, ...] | Faults:
    """The feeds in the order of the file, or every fault of both files.

    `watches` are the ids that a feed may name; None accepts any. A feed without a family gets that of its outlet or of
    its address.
    """
    return _feeds(read(path), families_path, watches)


def _feeds(document: Document, families_path: Path, watches: Sequence[str] | None) -> tuple[Feed, ...] | Faults:
    model, faults = validate(FeedsModel, document)
    families = load_families(families_path)
    if isinstance(families, Faults):
        faults += families
    if model is None or isinstance(families, Faults):
        return Faults(tuple(faults))
    faults += _crossed(model, document, frozenset(families.values()), watches)
    if faults:
        return Faults(tuple(faults))
    return tuple(
        Feed(
            url=each.url,
            outlet=each.outlet,
            family=each.family or _own_family(each, families),
            language=each.language,
            zone=each.zone,
            interval=each.interval,
            watches=each.watches,
            sitemap=each.sitemap,
            pages=each.pages,
        )
        for each in model.feeds
    )


def _own_family(feed: FeedModel, families: Mapping[str, str]) -> str:
    named = family_of(feed.outlet, families)
    return named if named in families.values() else family_of(feed.url, families)


def load_families(path: Path) -> Mapping[str, str] | Faults:
    """Host → family, or every fault. A host that two families claim is one."""
    document = read(path)
    model, faults = validate(FamiliesModel, document)
    hosts: dict[str, str] = {}
    for family, each in (model.families if model else {}).items():
        for i, host in enumerate(each.hosts):
            name = _plain_host(host)
            if (owner := hosts.setdefault(name, family)) != family:
                where = ("families", family, "hosts", i)
                faults.append(
                    fault(document, where, f"{host} already belongs to {owner}", "leave it to one of the two")
                )
    return Faults(tuple(faults)) if faults else hosts


def family_of(outlet: str, families: Mapping[str, str]) -> str:
    """The family of an outlet, given by its host: that of the nearest named domain above it, else the outlet itself."""
    host = _plain_host(outlet)
    name = host
    while name:
        if name in families:
            return families[name]
        name = name.partition(".")[2]
    return host


def add(path: Path, families_path: Path, feed: Feed, *, explicit_family: bool = True) -> None:
    """Append a feed to the file, whose other lines stay as they are.

    What equals the default is left out; `explicit_family=False` leaves the family to families.yaml. Raises MonitorError
    when the address is there already, and with every fault when the file would have any; then nothing is changed.
    """
    lines, document = _lines(path)
    urls = _urls(document)
    if feed.url in urls:
        raise MonitorError(f"{path}: {feed.url} is there already; nothing was changed")
    if urls:
        indent = _DASH.match(lines[document.lines["feeds", len(urls) - 1] - 1])
        if indent is None:
            raise MonitorError(f"{path}: to have feeds added, write each on its own line behind a dash")
        lines.append(f"{indent[1]}- {_flow(feed, explicit_family)}")
    else:
        head = document.lines.get(("feeds",))
        if head is not None:
            del lines[head - 1]
        at = len(lines) if head is None else head - 1
        lines[at:at] = ["feeds:", f"  - {_flow(feed, explicit_family)}"]
    _write(path, families_path, lines, [*urls, feed.url])


def remove(path: Path, families_path: Path, url: str) -> None:
    """Take a feed out of the file; the other lines and the comments above feeds stay. Raises MonitorError as `add`."""
    lines, document = _lines(path)
    urls = _urls(document)
    if url not in urls:
        raise MonitorError(f"{path}: there is no feed {url}; `parley feeds` lists what is there")
    i = urls.index(url)
    start = document.lines["feeds", i] - 1
    end = document.lines["feeds", i + 1] - 1 if i + 1 < len(urls) else len(lines)
    while not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#"):
        end -= 1  # comments in between belong to the next
    if _DASH.match(lines[start]) is None:
        raise MonitorError(f"{path}: to have feeds removed, write each on its own line behind a dash")
    del lines[start:end]
    _write(path, families_path, lines, [each for each in urls if each != url])


def _lines(path: Path) -> tuple[list[str], Document]:
    document = read(path)
    _, faults = validate(FeedsModel, document)
    if faults:
        raise MonitorError(f"{path} has faults and was not changed:\n{Faults(tuple(faults))}")
    return path.read_text(encoding="utf-8").splitlines(), document


def _urls(document: Document) -> list[str]:
    return [each["url"] for each in document.data.get("feeds") or []]


def _flow(feed: Feed, explicit_family: bool) -> str:
    # a JSON string is a YAML string
    parts = {"url": json.dumps(feed.url), "outlet": json.dumps(feed.outlet, ensure_ascii=False)}
    if explicit_family:
        parts["family"] = feed.family
    if feed.language:
        parts["language"] = feed.language
    if feed.zone != "UTC":
        parts["zone"] = feed.zone
    if feed.interval:
        parts["interval"] = f"{int(feed.interval.total_seconds())}s"
    if feed.watches:
        parts["watches"] = f"[{', '.join(feed.watches)}]"
    if feed.sitemap:
        parts["sitemap"] = json.dumps(feed.sitemap)
    if not feed.pages:
        parts["pages"] = "false"
    return "{" + ", ".join(f"{key}: {value}" for key, value in parts.items()) + "}"


def _write(path: Path, families_path: Path, lines: list[str], urls: list[str]) -> None:
    """Put the lines in the file's place if they hold exactly these feeds."""
    text = "\n".join(lines) + "\n"
    loaded = _feeds(parse(text, str(path)), families_path, None)
    if isinstance(loaded, Faults):
        raise MonitorError(f"nothing was changed, since the file would have faults:\n{loaded}")
    if [each.url for each in loaded] != urls:
        raise MonitorError(f"{path} is laid out in a way that cannot be edited here; edit it by hand")
    beside = path.with_name(path.name + ".new")
    try:
        beside.write_text(text, encoding="utf-8")
        # one rename: the service reads the file at its ticks and must never see half of it
        beside.replace(path)
    except OSError as error:
        raise MonitorError(f"{path} could not be written: {error.strerror}") from error


def _plain_host(text: str) -> str:
    host = urlsplit(text).hostname if "//" in text else text.partition("/")[0].partition(":")[0]
    return (host or "").lower().rstrip(".").removeprefix("www.")


def _crossed(
    model: FeedsModel, document: Document, families: frozenset[str], watches: Sequence[str] | None
) -> list[Fault]:
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for i, feed in enumerate(model.feeds):
        first = seen.setdefault(feed.url, i)
        if first != i:
            line = document.place(("feeds", first))[1]
            faults.append(fault(document, ("feeds", i, "url"), f"given twice; first in line {line}", "keep one"))
        if feed.family is not None and feed.family not in families:
            message = f"unknown family {feed.family}"
            advice = "add it to config/families.yaml, or leave family out for an outlet on its own"
            faults.append(fault(document, ("feeds", i, "family"), message, advice))
        for j, watch in enumerate(feed.watches):
            if watches is not None and watch not in watches:
                known = ", ".join(watches)
                faults.append(fault(document, ("feeds", i, "watches", j), f"unknown watch {watch}", f"known: {known}"))
    return faults
