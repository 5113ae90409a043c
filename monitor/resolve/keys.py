"""Whether one claim and one event can be the same thing: named vetoes against, named fits for.

Vetoes beat fits; a slot that one of them leaves empty is a wildcard (DESIGN §4). A claim needs a binding fit to join: a
shared day, an ordinal, a window that still runs, a plan that waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alerts.records import PHASES
from monitor.records import Event, Identity
from monitor.resolve import deals
from monitor.resolve.facts import agree
from monitor.resolve.times import DAY, Reading, When, first_said, gap, of_event

# How much each fit counts when several events fit. A shared day beats an ordinal, since sources disagree on ordinals.
WEIGHTS = {
    "same-date": 12,
    "next-part": 9,
    "same-ordinal": 8,
    "whole-of-parts": 14,
    "near-date": 6,
    "within-window": 4,
    "plan-moved": 4,
    "plan-waits": 3,
    "same-counts": 3,
    "carries-out": 1,
    "plan-met": 1,
    "same-place": 1,
}
BINDING = frozenset(WEIGHTS) - {"same-counts", "same-place"}
# A veto of time: news may not join for it, but what is background anyway is about the latest past event.
SOFT = frozenset({"window-passed", "already-over", "deal-apart"})
MOVE = 7
"""Two plans for one place within this many days are one plan that moved, where rounds of a run follow each other."""


@dataclass(frozen=True, slots=True)
class Match:
    """How a claim stands to one event. `part`: it tells a further day of it."""

    event: Event
    fits: tuple[str, ...]
    vetoes: tuple[str, ...]

    @property
    def joins(self) -> bool:
        return not self.vetoes and bool(BINDING & set(self.fits))

    @property
    def score(self) -> int:
        """What is known to have happened comes before a plan that merely waits, however alike plan and report are."""
        waiting = {"carries-out", "plan-met"} & set(self.fits)
        return sum(WEIGHTS[fit] for fit in self.fits if not waiting or fit not in ("same-counts", "same-place"))


@dataclass(slots=True)
class _Signs:
    fits: list[str]
    vetoes: list[str]


def weigh(reading: Reading, event: Event, known: Sequence[Event], identity: Identity, series: str | None) -> Match:
    """Compare one claim with one event of its kind. `known` are all events, `series` that of the claim's ordinal."""
    signs = _Signs([], [])
    claim = reading.claim
    if _parties_differ(claim.parties, event.parties):
        signs.vetoes.append("parties-differ")
    counts = agree(claim.counts, event.counts)
    if counts:
        signs.fits.append("same-counts")
    if claim.place and claim.place == event.place:
        signs.fits.append("same-place")
    same_ordinal = _ordinals(reading, event, series, identity, signs)
    if reading.phase == "happened":
        if PHASES.get(event.status) == "happened":
            _both_happened(reading, event, identity, counts, signs)
        else:
            _plan_met(reading, event, known, identity, signs, same_ordinal=same_ordinal)
    elif PHASES.get(event.status) == "happened":
        _ahead_of_past(reading, event, identity, counts, signs, same_ordinal=same_ordinal)
    else:
        _both_ahead(reading, event, known, identity, counts, signs, same_ordinal=same_ordinal)
    if "same-date" in signs.fits and not reading.when.coarse and "ordinals-differ" in signs.vetoes:
        signs.vetoes.remove("ordinals-differ")
        signs.fits.append("day-outvotes-ordinal")
    return Match(event, tuple(f for f in signs.fits if f in WEIGHTS), tuple(signs.vetoes))


def _parties_differ(a: Sequence[str], b: Sequence[str]) -> bool:
    """One set inside the other is a short report of the same parties; anything else is another process."""
    return bool(a) and bool(b) and not (set(a) <= set(b) or set(b) <= set(a))


def _ordinals(reading: Reading, event: Event, series: str | None, identity: Identity, signs: _Signs) -> bool:
    ordinal = reading.claim.ordinal
    if series is None or ordinal is None or event.ordinal is None:
        return False
    if event.series != series:
        return False
    if ordinal == event.ordinal:
        signs.fits.append("same-ordinal")
        return True
    # "58th" of the war and "tenth" of the year are told of one exchange: within a year only neighbours are two events.
    if identity.ordinals == "series" or abs(ordinal - event.ordinal) <= 2:
        signs.vetoes.append("ordinals-differ")
    return False


def _window(identity: Identity) -> int:
    return identity.window.days


def _other(reading: Reading, late: int, identity: Identity, counts: bool | None) -> bool:
    """Whether an undated report that says "another" means one other than the event: too late for it, or with counts
    that differ. The first reports of an event all say "another", of the one before."""
    if "another" not in reading.claim.marks:
        return False
    return late > identity.slack or (late > 0 and counts is False)


def _both_happened(reading: Reading, event: Event, identity: Identity, counts: bool | None, signs: _Signs) -> None:
    when, own = reading.when, of_event(event)
    if when.kind == "firm" and own.kind == "firm":
        _firm_days(reading, event, own, identity, signs)
    elif when.kind == "firm" and own.kind == "weak":
        if own.start - identity.window <= when.end and when.start <= own.end:
            signs.fits.append("near-date")
        else:
            _apart_or_part(reading, event, own, identity, signs)
    elif when.kind == "weak" and own.kind != "open":
        _undated(reading, event, when.end, own, identity, counts, signs)
    else:
        _undated(reading, event, reading.said, own, identity, counts, signs)


def _firm_days(reading: Reading, event: Event, own: When, identity: Identity, signs: _Signs) -> None:
    when = reading.when
    if when.coarse or own.coarse:
        late = (reading.said - own.end).days if reading.said else 0
        if gap(when, own) > 0:
            signs.vetoes.append("dates-apart")
        elif not reading.news or "same-counts" in signs.fits or (when.coarse and late <= _window(identity)):
            signs.fits.append("near-date")
        return
    apart = gap(when, own)
    if apart == 0:
        signs.fits.append("same-date")
        return
    before = deals.told_whole_before(event, when.start) or _told_before(reading, own)
    if apart <= identity.slack and not before:
        signs.fits.append("near-date")
        return
    _apart_or_part(reading, event, own, identity, signs)


def _told_before(reading: Reading, own: When) -> bool:
    """The claim was published before the event's first day, so it tells something else that was already over."""
    return reading.claim.status == "concluded" and reading.said is not None and reading.said < own.start


def _apart_or_part(reading: Reading, event: Event, own: When, identity: Identity, signs: _Signs) -> None:
    if deals.is_next_part(reading, event, own, identity):
        signs.fits.append("next-part")
    else:
        signs.vetoes.append("dates-apart")


def _undated(
    reading: Reading,
    event: Event,
    day: date | None,
    own: When,
    identity: Identity,
    counts: bool | None,
    signs: _Signs,
) -> None:
    """A report without a date of its own, judged by the day on which it was published."""
    first = first_said(event.sayings, "happened")
    end = own.end if own.kind != "open" else first
    if day is None or end is None:
        if not signs.fits:
            signs.vetoes.append("window-passed")
        return
    if reading.when.kind == "open" and first is not None:
        end = max(end, first)
    late = (day - end).days
    if late < -identity.slack and own.kind == "firm" and day < own.start - identity.slack * DAY:
        signs.vetoes.append("dates-apart")
    elif late > _window(identity) and not deals.is_next_part(reading, event, own, identity):
        signs.vetoes.append("window-passed")
    elif late < -_window(identity):
        signs.vetoes.append("dates-apart")
    elif _other(reading, late, identity, counts) and not deals.is_next_part(reading, event, own, identity):
        signs.vetoes.append("says-another")
    else:
        signs.fits.append("within-window")


def _plan_met(
    reading: Reading,
    event: Event,
    known: Sequence[Event],
    identity: Identity,
    signs: _Signs,
    *,
    same_ordinal: bool,
) -> None:
    """A report of what happened, and an event that was still ahead or off."""
    when, own = reading.when, of_event(event)
    unbound = own.kind == "open" or event.status in ("postponed", "cancelled", "denied")
    day = when.end if when.kind != "open" else reading.said
    if own.kind == "firm" and when.kind == "firm" and not when.coarse:
        if gap(when, own) == 0 and not own.coarse:
            signs.fits.append("same-date")
            return
        if gap(when, own) <= identity.slack:
            signs.fits.append("near-date")
            return
        if not unbound and not same_ordinal:
            signs.vetoes.append("dates-apart")
            return
    elif own.kind == "firm" and day is not None and not unbound:
        early, late = (own.start - day).days, (day - own.end).days
        if early > identity.slack or late > _window(identity):
            signs.vetoes.append("dates-apart" if early > 0 else "window-passed")
        else:
            signs.fits.append("within-window")
        return
    if not unbound:
        return
    _undated_plan_met(reading, event, known, day, identity, signs)


def _undated_plan_met(
    reading: Reading, event: Event, known: Sequence[Event], day: date | None, identity: Identity, signs: _Signs
) -> None:
    first = first_said(event.sayings)
    if not deals.is_held(event, day, identity):
        signs.vetoes.append("window-passed")
    elif day is not None and first is not None and day < first - identity.slack * DAY:
        signs.vetoes.append("dates-apart")
    elif identity.deals:
        whole = event.status != "proposed" or deals.same_count(reading, event)
        if whole and deals.carries_out(reading, event, known):
            signs.fits.append("carries-out")
        else:
            signs.vetoes.append("deal-apart")
    else:
        signs.fits.append("plan-met")


def _ahead_of_past(
    reading: Reading,
    event: Event,
    identity: Identity,
    counts: bool | None,
    signs: _Signs,
    *,
    same_ordinal: bool,
) -> None:
    """A plan, an agreement or a reversal, and an event that has happened: an old word about it, or another event."""
    when, own = reading.when, of_event(event)
    if when.kind == "firm" and own.kind != "open":
        apart = gap(when, own)
        later = deals.told_whole_before(event, when.start)
        if apart == 0:
            if own.kind == "firm" and not (when.coarse and reading.said and when.end > reading.said):
                signs.fits.append("same-date")
            elif own.kind == "weak":
                signs.fits.append("near-date")
            else:
                signs.vetoes.append("already-over")
        elif apart <= identity.slack and not later:
            signs.fits.append("near-date")
        else:
            signs.vetoes.append("dates-apart")
        return
    if same_ordinal:
        return
    first = first_said(event.sayings, "happened")
    end = own.end if own.kind != "open" else first
    late = (reading.said - end).days if reading.said is not None and end is not None else None
    if late is None or "another" in reading.claim.marks or "undated-plan" in reading.claim.marks:
        signs.vetoes.append("already-over")
    elif reading.phase == "off":
        over = event.status == "concluded" or late > _window(identity)
        (signs.vetoes if over else signs.fits).append("already-over" if over else "within-window")
    elif identity.deals and reading.claim.status == "agreed":
        recalled = counts is True and late <= _window(identity)
        (signs.fits if recalled else signs.vetoes).append("within-window" if recalled else "already-over")
    elif late <= 0 and reading.claim.ordinal is None:
        signs.fits.append("within-window")
    else:
        signs.vetoes.append("already-over")


def _both_ahead(
    reading: Reading,
    event: Event,
    known: Sequence[Event],
    identity: Identity,
    counts: bool | None,
    signs: _Signs,
    *,
    same_ordinal: bool,
) -> None:
    """Two words about what is still ahead or off."""
    when, own, said = reading.when, of_event(event), reading.said
    if when.kind == "firm" and own.kind == "firm":
        apart = gap(when, own)
        if apart == 0:
            signs.fits.append("same-date" if not (when.coarse or own.coarse) else "near-date")
        elif _plan_moved(reading, event, own, identity, signs, same_ordinal=same_ordinal):
            signs.fits.append("plan-moved")
        elif apart <= identity.slack:
            signs.fits.append("near-date")
        else:
            signs.vetoes.append("dates-apart")
        return
    last = max((s for s in (first_said([x]) for x in event.sayings if x.claim.role == "news") if s), default=None)
    silent = (said - last).days if said is not None and last is not None else 0
    due = own.kind == "firm" and PHASES.get(event.status) != "off"
    overdue = due and said is not None and (said - own.end).days > _window(identity)
    if (overdue and silent > 0) or not deals.is_held(event, said, identity):
        signs.vetoes.append("window-passed")
    elif identity.deals and silent > _window(identity) and _agreed_anew(reading, event, known, counts):
        signs.vetoes.append("agreed-anew")
    else:
        signs.fits.append("plan-waits")


def _agreed_anew(reading: Reading, event: Event, known: Sequence[Event], counts: bool | None) -> bool:
    """After a silence, another agreement: other counts, called another, or the old one is being carried out."""
    if reading.phase == "off":
        return False
    return (
        counts is False or ("another" in reading.claim.marks and counts is not True) or deals.has_children(event, known)
    )


def _plan_moved(
    reading: Reading, event: Event, own: When, identity: Identity, signs: _Signs, *, same_ordinal: bool
) -> bool:
    if "moved" in reading.claim.marks or same_ordinal or event.status == "postponed":
        return True
    if reading.claim.status == "postponed":
        return True
    unmet = reading.said is None or reading.said <= own.end
    one_plan = identity.ordinals == "series" and gap(reading.when, own) <= MOVE and "same-place" in signs.fits
    return unmet and one_plan
