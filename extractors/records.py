"""The records that reading takes and makes: entries, articles, the names and words of a watch, mentions, claims.

All are frozen and carry aware UTC datetimes. They pickle, because feeds, pages and claims are read in other processes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Basis = Literal["explicit", "relative", "publication"]
Precision = Literal["day", "days", "week", "month", "year"]
Role = Literal["news", "background"]
Status = Literal[
    "proposed", "planned", "agreed", "underway", "concluded", "postponed", "cancelled", "denied",
]  # fmt: skip
Field = Literal["title", "text"]


class ExtractorError(Exception):
    """Root of what this package raises for the unexpected; expected failures are values."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed as the feed gives it, repaired.

    `id` is the guid, else the link, else a hash of title and date. `published` is aware UTC or None when the
    feed gives none that can be believed; `date_inferred` says that its zone was not in the feed.
    """

    id: str
    url: str
    title: str
    summary: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    date_inferred: bool = False
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """The text of one page. `language` is ISO 639-1 or None; `published` and `seen` are aware UTC."""

    url: str
    outlet: str
    title: str | None
    text: str
    language: str | None = None
    published: datetime | None = None
    seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dating:
    """When an event is, was or will be: both days inclusive, as far as `precision` goes."""

    start: date
    end: date
    basis: Basis
    precision: Precision = "day"


NameKind = Literal["party", "people", "person", "place", "body", "other"]


@dataclass(frozen=True, slots=True)
class Name:
    """Something a watch tracks, with its base spellings per language; forms are generated from them.

    kind: `party` (a side itself: Russia, Kremlin), `people` (its adjective and demonym: Russian, росіяни), `person`,
    `place` (city or venue), `body` (an organisation of a side: Coordination Headquarters), `other` (a party of other
    processes, which tells that an event is not ours). `of` is the English name of the party that a people, person or
    body belongs to, and for a venue the place it is in. `english` is what claims print.
    """

    english: str
    kind: NameKind
    forms: Mapping[str, tuple[str, ...]]
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day that texts name instead of dating it; `days` are its dates, one a year."""

    english: str
    days: tuple[date, ...]
    forms: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class TopicWords:
    """The words of one topic: language → group → patterns. `extractors.lexicon` says what groups and patterns mean."""

    topic: str
    words: Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Names:
    """All that reading needs to know of one watch."""

    watch: str
    parties: tuple[str, ...]
    names: tuple[Name, ...]
    topics: tuple[TopicWords, ...]
    holidays: tuple[Holiday, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of `Article.title` or `Article.text` (code points) and the rules that it made fire."""

    field: Field
    text: str
    start: int
    end: int
    rules: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The words without blanks and full stops at the edges: alike where a title is printed again as a line."""
        return " ".join(self.text.split()).rstrip(" .!…")


@dataclass(frozen=True, slots=True)
class Mention:
    """One place in a text that speaks of an event: what its own sentence says, before mentions are merged.

    `sources` are the English names of the people, bodies and parties who say so in that sentence.
    """

    watch: str
    kind: str
    status: Status
    role: Role
    evidence: Evidence
    trigger: tuple[int, int]
    sentence: int
    date: Dating | None = None
    place: str | None = None
    ordinal: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    parties: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What one article says of one event: all its mentions of that event merged.

    `counts` maps `each`, `total` or `A->B` (parties' English names) to integers, only what the text says. `marks` are
    further facts for resolving: `part` (a stage, day or leg of a larger one), `final` (its last part), `deal` (names
    the agreement that it carries out), `another` (says it is a new one: new, fresh, next, further), `previous` (says
    it is an earlier one), `undated-plan` (planned, and the text says that no date is set), `refused` (the other side
    turned it down), `moved` (a planned date changed). `evidence` begins with the sentence that carries the claim.
    `sources` are the English names of people, bodies and parties who say so.
    """

    watch: str
    kind: str
    status: Status
    role: Role
    date: Dating | None
    place: str | None
    ordinal: int | None
    counts: Mapping[str, int]
    parties: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    rules: tuple[str, ...]
    marks: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A trigger that a named rule refused to take for an event of the kind; `extractors.refusals` says why."""

    watch: str
    kind: str
    rule: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one article says to one or more watches. `unread` tells why nothing was read (a language unknown)."""

    claims: tuple[Claim, ...]
    rejections: tuple[Rejection, ...] = ()
    unread: str | None = None
