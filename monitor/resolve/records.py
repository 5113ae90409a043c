"""What resolving hands back: the events to save, what moved, and for every claim why it went where it went."""

from dataclasses import dataclass
from typing import Literal

from alerts.records import Change
from monitor.records import Event

Verdict = Literal["opened", "joined", "background", "kept"]


@dataclass(frozen=True, slots=True)
class Nearness:
    """How one claim stands to one known event: the named signs for one event, and the named vetoes against."""

    event_id: str
    fits: tuple[str, ...]
    vetoes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """Where one claim went and by which rules. `claim` is its index in the sequence that was resolved.

    verdict: `opened` a new event, `joined` a known one as news, went to `background` of one (or opened it as history),
    or is `kept` with the article alone: it belongs to no event that is known or worth opening.
    """

    claim: int
    verdict: Verdict
    event_id: str | None
    rules: tuple[str, ...]
    nearest: tuple[Nearness, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """`events` are the new and changed ones, each once, by the claim that touched it last; `changes` by claim."""

    events: tuple[Event, ...] = ()
    changes: tuple[Change, ...] = ()
    traces: tuple[Trace, ...] = ()
