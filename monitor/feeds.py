"""config/feeds.yaml and config/families.yaml: which feeds are polled, and who owns whom.

feeds.yaml is the truth about feeds (`feededit` edits it). Outlets under one owner or newsroom are one family; an outlet
that no family names is a family of its own, so that independence is never made up where it is not known (reference:
events §1.2).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from monitor.documents import Document, read
from monitor.faults import Duration, Fault, Faults, Language, Slug, Strict, Text, WebAddress, fault, validate
from monitor.records import Feed

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
    return built(read(path), families_path, watches)


def built(document: Document, families_path: Path, watches: Sequence[str] | None = None) -> tuple[Feed, ...] | Faults:
    """The feeds of a document that was read already, as `load`."""
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
            family=each.family or own_family(each.outlet, each.url, families),
            language=each.language,
            zone=each.zone,
            interval=each.interval,
            watches=each.watches,
            sitemap=each.sitemap,
            pages=each.pages,
        )
        for each in model.feeds
    )


def own_family(outlet: str, url: str, families: Mapping[str, str]) -> str:
    """The family of a feed that names none: by its outlet, else by its address."""
    named = family_of(outlet, families)
    return named if named in families.values() else family_of(url, families)


def load_families(path: Path) -> Mapping[str, str] | Faults:
    """Host → family, or every fault. A host that two families claim is one."""
    document = read(path)
    model, faults = validate(FamiliesModel, document)
    hosts: dict[str, str] = {}
    for family, each in (model.families if model else {}).items():
        for i, host in enumerate(each.hosts):
            name = plain_host(host)
            if (owner := hosts.setdefault(name, family)) != family:
                where = ("families", family, "hosts", i)
                faults.append(
                    fault(document, where, f"{host} already belongs to {owner}", "leave it to one of the two")
                )
    return Faults(tuple(faults)) if faults else hosts


def family_of(outlet: str, families: Mapping[str, str]) -> str:
    """The family of an outlet, given by its host: that of the nearest named domain above it, else the outlet itself."""
    host = plain_host(outlet)
    name = host
    while name:
        if name in families:
            return families[name]
        name = name.partition(".")[2]
    return host


def places(path: Path) -> Mapping[str, int]:
    """Address → the line of the file that it stands in, as far as the file can be read."""
    document = read(path)
    listed = document.data.get("feeds") if isinstance(document.data, dict) else None
    rows = listed if isinstance(listed, list) else []
    return {
        each["url"]: document.place(("feeds", i))[1]
        for i, each in enumerate(rows)
        if isinstance(each, dict) and isinstance(each.get("url"), str)
    }


def plain_host(text: str) -> str:
    """The host of an address, or of what is a host already, in small letters without `www.`; empty without one."""
    try:
        host = urlsplit(text).hostname if "//" in text else text.partition("/")[0].partition(":")[0]
    except ValueError:
        return ""
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
