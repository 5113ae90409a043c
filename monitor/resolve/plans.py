"""Plans, deals and reversals: when a plan is met, moves, waits, or is of another event than the one that is over."""

from datetime import date

from alerts.records import PHASES
from monitor.resolve import deals
from monitor.resolve.pair import Pair
from monitor.resolve.times import DAY, When, first_said, gap

MOVE = 7
"""Two plans for one place within this many days are one plan that moved, where rounds of a run follow each other."""


def plan_met(pair: Pair) -> None:
    """A report of what happened, and an event that was still ahead or off."""
    when, own = pair.reading.when, pair.own
    unbound = own.kind == "open" or pair.event.status in ("postponed", "cancelled", "denied")
    day = when.end if when.kind != "open" else pair.reading.said
    if own.kind == "firm" and when.kind == "firm" and not when.coarse:
        if gap(when, own) == 0 and not own.coarse:
            pair.fits.append("same-date")
            return
        if gap(when, own) <= pair.identity.slack:
            pair.fits.append("near-date")
            return
        if not unbound and not pair.same_ordinal:
            pair.vetoes.append("dates-apart")
            return
    elif own.kind == "firm" and day is not None and not unbound:
        early, late = (own.start - day).days, (day - own.end).days
        if early > pair.identity.slack or late > pair.identity.window.days:
            pair.vetoes.append("dates-apart" if early > 0 else "window-passed")
        else:
            pair.fits.append("within-window")
        return
    if not unbound:
        return
    if own.kind == "firm" and when.kind != "open" and _elsewhere(pair):
        pair.vetoes.append("other-place")
        return
    _undated_plan_met(pair, day)


def _elsewhere(pair: Pair) -> bool:
    """What was called off for one place and is reported from another, under no common number, is another event."""
    place, own = pair.reading.claim.place, pair.event.place
    return place is not None and own is not None and place != own and not pair.same_ordinal


def _undated_plan_met(pair: Pair, day: date | None) -> None:
    first = first_said(pair.event.sayings)
    if not deals.is_held(pair.event, day, pair.identity):
        pair.vetoes.append("window-passed")
    elif day is not None and first is not None and day < first - pair.identity.slack * DAY:
        pair.vetoes.append("dates-apart")
    elif pair.identity.deals:
        whole = pair.event.status != "proposed" or deals.same_count(pair.reading, pair.event)
        if whole and deals.carries_out(pair.reading, pair.event, pair.known):
            pair.fits.append("carries-out")
        else:
            pair.vetoes.append("deal-apart")
    else:
        pair.fits.append("plan-met")


def ahead_of_past(pair: Pair) -> None:
    """A plan, an agreement or a reversal, and an event that has happened: an old word about it, or another event."""
    when, own = pair.reading.when, pair.own
    if when.kind == "firm" and own.kind != "open":
        apart = gap(when, own)
        later = deals.told_whole_before(pair.event, when.start)
        if apart == 0:
            if own.kind == "firm" and not (when.coarse and pair.reading.said and when.end > pair.reading.said):
                pair.fits.append("same-date")
            elif own.kind == "weak":
                pair.fits.append("near-date")
            else:
                pair.vetoes.append("already-over")
        elif apart <= pair.identity.slack and not later:
            pair.fits.append("near-date")
        else:
            pair.vetoes.append("dates-apart")
        return
    if pair.same_ordinal:
        return
    first = first_said(pair.event.sayings, "happened")
    end = own.end if own.kind != "open" else first
    late = (pair.reading.said - end).days if pair.reading.said is not None and end is not None else None
    if late is None or "another" in pair.reading.claim.marks or "undated-plan" in pair.reading.claim.marks:
        pair.vetoes.append("already-over")
    elif pair.reading.phase == "off":
        over = pair.event.status == "concluded" or late > pair.identity.window.days
        (pair.vetoes if over else pair.fits).append("already-over" if over else "within-window")
    elif pair.identity.deals and pair.reading.claim.status == "agreed":
        recalled = pair.counts is True and late <= pair.identity.window.days
        (pair.fits if recalled else pair.vetoes).append("within-window" if recalled else "already-over")
    elif late <= 0 and pair.reading.claim.ordinal is None:
        pair.fits.append("within-window")
    else:
        pair.vetoes.append("already-over")


def both_ahead(pair: Pair) -> None:
    """Two words about what is still ahead or off."""
    when, own, said = pair.reading.when, pair.own, pair.reading.said
    if when.kind == "firm" and own.kind == "firm":
        apart = gap(when, own)
        if apart == 0:
            pair.fits.append("same-date" if not (when.coarse or own.coarse) else "near-date")
        elif _plan_moved(pair, own):
            pair.fits.append("plan-moved")
        elif apart <= pair.identity.slack:
            pair.fits.append("near-date")
        else:
            pair.vetoes.append("dates-apart")
        return
    last = max((s for s in (first_said([x]) for x in pair.event.sayings if x.claim.role == "news") if s), default=None)
    silent = (said - last).days if said is not None and last is not None else 0
    due = own.kind == "firm" and PHASES.get(pair.event.status) != "off"
    overdue = due and said is not None and (said - own.end).days > pair.identity.window.days
    if (overdue and silent > 0) or not deals.is_held(pair.event, said, pair.identity):
        pair.vetoes.append("window-passed")
    elif pair.identity.deals and silent > pair.identity.window.days and _agreed_anew(pair):
        pair.vetoes.append("agreed-anew")
    else:
        pair.fits.append("plan-waits")


def _agreed_anew(pair: Pair) -> bool:
    """After a silence, another agreement: other counts, called another, or the old one is being carried out."""
    if pair.reading.phase == "off":
        return False
    return (
        pair.counts is False
        or ("another" in pair.reading.claim.marks and pair.counts is not True)
        or deals.has_children(pair.event, pair.known)
    )


def _plan_moved(pair: Pair, own: When) -> bool:
    if "moved" in pair.reading.claim.marks or pair.same_ordinal or pair.event.status == "postponed":
        return True
    if pair.reading.claim.status == "postponed":
        return True
    unmet = pair.reading.said is None or pair.reading.said <= own.end
    one_plan = pair.identity.ordinals == "series" and gap(pair.reading.when, own) <= MOVE and "same-place" in pair.fits
    return unmet and one_plan
