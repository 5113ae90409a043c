"""When a claim says that its event is, and how that stands to the days of an event.

A date in the text binds (`firm`). The publication day is a weak one: the event was then or up to a window before, and
nobody may take it for the date silently (DESIGN §4). What it weighs by is the day of publication itself, the last of
the days that such a claim gives. A date in the past beside "agreed" is that of the agreement, not
of what was agreed on, and leaves open when it is carried out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from alerts.records import PHASES, Source
from extractors.records import Claim, Dating
from monitor.records import Event, Identity, Saying

DAY = timedelta(days=1)
COARSE = frozenset({"week", "month", "year"})


@dataclass(frozen=True, slots=True)
class When:
    """Inclusive days. `firm`: the text dates it; `weak`: only the day of publication is known; `open`: nothing is."""

    kind: Literal["firm", "weak", "open"]
    start: date = date.min
    end: date = date.max
    coarse: bool = False


OPEN = When("open")


@dataclass(frozen=True, slots=True)
class Reading:
    """A claim made ready for comparison. `said` is the day on which it was said, None for an undated article."""

    claim: Claim
    when: When
    said: date | None
    phase: str | None
    news: bool

    @property
    def day(self) -> date | None:
        """The last day that it can be about or was said on, for series and windows."""
        return self.when.end if self.when.kind == "firm" else self.said


def moment(source: Source | Saying) -> datetime:
    """When it was said: publication, else when we saw it (aware UTC)."""
    return source.published or source.seen


def when_of(claim: Claim, said: date | None, identity: Identity) -> When:
    """The days that a claim gives its event; `said` is the day of publication in UTC, None when that is unknown."""
    dating, phase = claim.date, PHASES.get(claim.status)
    if dating is None:
        return OPEN
    if dating.basis == "publication":
        return When("weak", dating.end, dating.end) if phase == "happened" else OPEN
    if identity.deals and claim.status == "agreed" and said is not None and dating.end <= said:
        return OPEN
    return When("firm", dating.start, dating.end, dating.precision in COARSE)


def read(claim: Claim, said: date | None, identity: Identity) -> Reading:
    """Prepare one claim; `said` as in `when_of`."""
    return Reading(claim, when_of(claim, said, identity), said, PHASES.get(claim.status), claim.role == "news")


def of_event(event: Event) -> When:
    """The days of an event as far as they bind: those of a postponed one without a new date do not."""
    if event.date is None:
        return OPEN
    if event.date.basis == "publication":
        return When("weak", event.date.end, event.date.end)
    return When("firm", event.date.start, event.date.end, event.date.precision in COARSE)


def gap(a: When, b: When) -> int:
    """Days between two intervals: 0 when they share a day, 1 when one follows the other."""
    return max(0, (b.start - a.end).days, (a.start - b.end).days)


def first_said(sayings: Sequence[Saying], phase: str | None = None) -> date | None:
    """The day on which an event, or its standing in a phase, was first told; None if it never was."""
    days = [moment(s).date() for s in sayings if phase is None or PHASES.get(s.claim.status) == phase]
    return min(days, default=None)


def last_said(sayings: Sequence[Saying]) -> date | None:
    """The day of the latest news of an event, else of any mention of it."""
    news = [moment(s).date() for s in sayings if s.claim.role == "news"]
    return max(news or [moment(s).date() for s in sayings], default=None)


def as_dating(when: When) -> Dating:
    """A firm interval as a dating of whole days."""
    return Dating(when.start, when.end, "explicit", "day" if when.start == when.end else "days")
