"""What an operator lays down about who hears what, when: recipients, routes, severities, mutes. Records only.

Times of day are wall-clock times in the recipient's zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from alerts.records import Severity, Target

UTC = ZoneInfo("UTC")
EVERY_DAY: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which a recipient is not disturbed, from `start` until `end`, past midnight where that is earlier.

    `days` are those on which they begin, Monday is 0. What comes meanwhile is held one by one, or comes as one digest;
    the severities of `bypass` ring all the same.
    """

    start: time
    end: time
    days: frozenset[int] = EVERY_DAY
    then: Literal["hold", "digest"] = "hold"
    bypass: frozenset[Severity] = frozenset({"urgent"})


@dataclass(frozen=True, slots=True)
class Cap:
    """How many messages a recipient gets at most in any 60 minutes and any 24 hours; None: as many as there are.

    What is urgent may take as many again: a reversal must not wait for tomorrow because today was busy.
    """

    hour: int | None = None
    day: int | None = None

    def of(self, severity: Severity) -> "Cap":
        """The cap for messages of one severity."""
        times = 2 if severity == "urgent" else 1
        return Cap(self.hour and self.hour * times, self.day and self.day * times)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who hears. `fallback` names the recipient who gets an interruption that was not accepted within `failover`."""

    target: Target
    zone: ZoneInfo = UTC
    quiet: tuple[Quiet, ...] = ()
    cap: Cap = Cap()
    fallback: str | None = None
    failover: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Digest:
    """A route whose alerts come together: each day at `at`, or each week on `weekday` (Monday is 0) at `at`."""

    at: time
    weekday: int | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who hears when nobody has acknowledged an interruption `after` it was decided."""

    after: timedelta
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Which alerts go to which recipients; an empty set means all."""

    to: tuple[str, ...]
    watches: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    severities: frozenset[Severity] = frozenset()
    digest: Digest | None = None
    escalate: tuple[Escalation, ...] = ()


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """What is of which severity; an empty set means all. The first rule that fits decides."""

    severity: Severity
    watches: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()


USUAL: tuple[SeverityRule, ...] = (
    SeverityRule("urgent", reasons=frozenset({"reversed"})),
    SeverityRule("low", reasons=frozenset({"corrected", "confirmed", "digest"})),
    SeverityRule("normal"),
)
"""What holds behind the operator's own rules."""

Scope = Literal["event", "topic", "watch"]


@dataclass(frozen=True, slots=True)
class Mute:
    """Nobody hears of one event, topic or watch from `since` until `until`; `comment` says why."""

    id: int
    scope: Scope
    value: str
    since: datetime
    until: datetime
    comment: str


@dataclass(frozen=True, slots=True)
class Mailing:
    """How alerts become deliveries: who gets which when, and what mails are signed with. Empty: nothing is sent.

    `recipients` are by name. `senders`: channel to the From of its mails. `gather` is how long the updates of one event
    wait for each other. `stale_after`: what waits longer than that is told to nobody any more.
    """

    routes: tuple[Route, ...] = ()
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    senders: Mapping[str, str] = field(default_factory=dict)
    domain: str = "parley.invalid"
    severities: tuple[SeverityRule, ...] = USUAL
    gather: timedelta = timedelta(minutes=15)
    stale_after: timedelta = timedelta(days=7)
