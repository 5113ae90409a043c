"""The records of scoring: what is true by the labels, what was said, and the verdict on it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from alerts.records import PHASES, Alert, Phase
from extractors.records import Article, Claim, Rejection

About = Literal["alert", "claim"]
Finding = Literal["right", "wrong", "duplicate", "background", "overstated", "spurious", "neutral", "missed"]
# What a rule-writer has to look at; neither right nor wrong is `neutral`.
WRONG: frozenset[str] = frozenset({"wrong", "duplicate", "background", "overstated", "spurious"})

# Those of DESIGN §5 that ring by default, in the two groups in which they are counted.
PRIMARY = frozenset({"talks_round", "prisoner_exchange"})
RETURNS = frozenset({"remains_repatriation", "children_return"})


@dataclass(frozen=True, slots=True)
class Days:
    """The days of an event as labels have them, both inclusive."""

    start: dt.date
    end: dt.date


@dataclass(frozen=True, slots=True)
class Gold:
    """One event that an article tells or recalls, as its labels say.

    `event` names it across articles (`ru-ua.talks.2025-06-02.istanbul`); None: nobody gave it a name. `counts` maps
    what the labels call a side or a sum to how many, only what the text says.
    """

    kind: str
    status: str
    role: str
    date: Days | None
    place: str | None
    ordinal: int | None
    counts: Mapping[str, int]
    event: str | None

    @property
    def phase(self) -> Phase | None:
        """None for a proposal, which is never owed."""
        return PHASES.get(self.status)


class _Between(Protocol):
    @property
    def start(self) -> dt.date: ...

    @property
    def end(self) -> dt.date: ...


class Told(Protocol):
    """What an alert and a claim have in common: enough to ask which labelled event it is about."""

    @property
    def kind(self) -> str: ...

    @property
    def status(self) -> str: ...

    @property
    def date(self) -> _Between | None: ...

    @property
    def place(self) -> str | None: ...

    @property
    def ordinal(self) -> int | None: ...

    @property
    def counts(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Read:
    """One claim of an article and what became of it in the replay.

    `verdict`, `event_id` and `rules` are resolving's. `quiet` are the policy's reasons not to ring, as (rule, because).
    """

    claim: Claim
    verdict: str
    event_id: str | None
    rules: tuple[str, ...]
    quiet: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One article of the corpus with its labels and all that was made of it.

    `gold` is None for an article without labels: it is replayed like the others and judged by nobody.
    """

    article: Article
    gold: tuple[Gold, ...] | None
    read: tuple[Read, ...] = ()
    refused: tuple[Rejection, ...] = ()
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict on one alert or claim, or on one event that was owed and not told (`said` None).

    `phase` is the gold's where there is one, else what was said. `event` is the gold's name.
    """

    about: About
    finding: Finding
    case: Case
    kind: str
    phase: str | None
    gold: Gold | None
    said: Alert | Claim | None

    @property
    def event(self) -> str | None:
        return self.gold.event if self.gold else None
