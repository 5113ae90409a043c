"""The script of the demo: its outlets, its invented articles and what a person must be interrupted for.

Data are seeds/demo/newsroom.yaml and seeds/demo/articles/*.md; the comment at the top of the first says what each key
means. Reading them is the only thing this module does with files.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from monitor.demo.days import fill
from monitor.records import MonitorError

_T = TypeVar("_T")
Expects = Literal["new", "advanced", "reversed", "confirmed", "quiet"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Outlet(_Data):
    """Who publishes: its feed's format, its language (ISO 639-1) and the family it belongs to."""

    id: str
    name: str
    family: str
    language: Literal["en", "uk", "ru", "tr"]
    feed: Literal["rss", "atom"]


class ExpectedEvent(_Data):
    """An event of one kind and the reasons for which it interrupts, in order."""

    kind: str
    interrupts: tuple[Literal["new", "advanced", "reversed"], ...]


class Furniture(_Data):
    """What surrounds an article on every page of one language."""

    menu: tuple[str, ...]
    related_title: str
    related: tuple[str, ...]
    caption: str
    cookies: str
    footer: str
    consent: str


class _Room(_Data):
    outlets: tuple[Outlet, ...]
    events: tuple[ExpectedEvent, ...]
    furniture: dict[str, Furniture]


class _Front(_Data):
    outlet: str
    at: float | None = None
    days_ago: int | None = None
    dated: bool = True
    page: Literal["article", "missing", "consent"] = "article"
    expects: Expects
    why: str = Field(min_length=1)


class Item(_Data):
    """One invented article, its dates written out.

    `at` is seconds after the newsroom opens, None for the backlog; `backdated` is how long before the opening a backlog
    article was published. `dated` False: its feed gives no date.
    """

    id: str
    outlet: Outlet
    at: float | None
    backdated: timedelta
    dated: bool
    page: Literal["article", "missing", "consent"]
    expects: Expects
    why: str
    title: str
    paragraphs: tuple[str, ...]

    @property
    def path(self) -> str:
        """The page's path on the newsroom's server."""
        return f"/{self.outlet.id}/{self.id}.html"

    def precedes(self, other: "Item") -> bool:
        """Whether the story needs this one read before `other` is published: it is earlier and tells something."""
        if self.at is None or other.at is None or self.expects == "quiet":
            return False
        return self.at < other.at


class Script(_Data):
    """The whole play. `items` are in order of appearance, the backlog first."""

    outlets: tuple[Outlet, ...]
    events: tuple[ExpectedEvent, ...]
    furniture: dict[str, Furniture]
    items: tuple[Item, ...]

    @property
    def length(self) -> float:
        """Seconds from the opening to the last article's appearance."""
        return max((item.at for item in self.items if item.at is not None), default=0.0)


def load(folder: Path, start: date) -> Script:
    """The script in `folder` (seeds/demo), with dates counted from `start`. MonitorError names the faulty file."""
    room_file = folder / "newsroom.yaml"
    room = _validated(_Room, _yaml(room_file, _text(room_file)), room_file)
    outlets = {outlet.id: outlet for outlet in room.outlets}
    items = [_item(file, outlets, start) for file in sorted((folder / "articles").glob("*.md"))]
    if not items:
        raise MonitorError(f"{folder / 'articles'}: no articles; the demo data are not complete")
    missing = sorted({outlet.language for outlet in room.outlets} - room.furniture.keys())
    if missing:
        raise MonitorError(f"{room_file}: no furniture for {', '.join(missing)}")
    items.sort(key=lambda item: (-1.0 if item.at is None else item.at, item.id))
    return Script(outlets=room.outlets, events=room.events, furniture=room.furniture, items=tuple(items))


def _item(file: Path, outlets: dict[str, Outlet], start: date) -> Item:
    parts = _text(file).split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise MonitorError(f"{file}: must begin with front matter between two lines of ---")
    front = _validated(_Front, _yaml(file, parts[1]), file)
    if front.outlet not in outlets:
        raise MonitorError(f"{file}: outlet {front.outlet!r} is not in newsroom.yaml; it has {', '.join(outlets)}")
    if (front.at is None) == (front.days_ago is None):
        raise MonitorError(f"{file}: give either `at` or `days_ago`")
    outlet = outlets[front.outlet]
    title, _, body = fill(parts[2].strip(), start, outlet.language).partition("\n")
    return Item(
        id=file.stem,
        outlet=outlet,
        at=front.at,
        backdated=timedelta(days=front.days_ago or 0),
        dated=front.dated,
        page=front.page,
        expects=front.expects,
        why=front.why,
        title=title.strip(),
        paragraphs=tuple(" ".join(block.split()) for block in body.split("\n\n") if block.strip()),
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise MonitorError(f"{file}: {error.strerror}; the demo data are not complete") from error


def _yaml(file: Path, text: str) -> object:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise MonitorError(f"{file}: {error}") from error


def _validated(model: type[_T], data: object, file: Path) -> _T:
    try:
        return TypeAdapter(model).validate_python(data)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise MonitorError(f"{file}: {faults}") from error
