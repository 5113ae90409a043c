"""A report of what happened, and an event that has happened: the days and windows that make them one, or two.

Two firm dates decide by themselves. A report without one is judged by its day of publication and the window of the
topic (DESIGN §4, reference: events, section 2).
"""

from datetime import date

from monitor.resolve import deals
from monitor.resolve.pair import Pair
from monitor.resolve.times import DAY, When, first_said, gap


def both_happened(pair: Pair) -> None:
    """Add to the pair what days and windows say."""
    when, own = pair.reading.when, pair.own
    if when.kind == "firm" and own.kind == "firm":
        _firm_days(pair, own)
    elif when.kind == "firm" and own.kind == "weak":
        if own.start - pair.identity.window <= when.end and when.start <= own.end:
            pair.fits.append("near-date")
        else:
            _apart_or_part(pair, own)
    elif when.kind == "weak" and own.kind != "open":
        _undated(pair, when.end, own)
    else:
        _undated(pair, pair.reading.said, own)


def _firm_days(pair: Pair, own: When) -> None:
    when = pair.reading.when
    if when.coarse or own.coarse:
        late = (pair.reading.said - own.end).days if pair.reading.said else 0
        if gap(when, own) > 0:
            pair.vetoes.append("dates-apart")
        elif not pair.reading.news or "same-counts" in pair.fits or (when.coarse and late <= pair.identity.window.days):
            pair.fits.append("near-date")
        return
    apart = gap(when, own)
    if apart == 0:
        pair.fits.append("same-date")
        return
    before = deals.told_whole_before(pair.event, when.start) or _told_before(pair, own)
    if apart <= pair.identity.slack and not before:
        pair.fits.append("near-date")
        return
    _apart_or_part(pair, own)


def _told_before(pair: Pair, own: When) -> bool:
    """The claim was published before the event's first day, so it tells something else that was already over."""
    return pair.reading.claim.status == "concluded" and pair.reading.said is not None and pair.reading.said < own.start


def _apart_or_part(pair: Pair, own: When) -> None:
    if deals.is_next_part(pair.reading, pair.event, own, pair.identity):
        pair.fits.append("next-part")
    else:
        pair.vetoes.append("dates-apart")


def _undated(pair: Pair, day: date | None, own: When) -> None:
    """A report without a date of its own, judged by the day on which it was published."""
    first = first_said(pair.event.sayings, "happened")
    end = own.end if own.kind != "open" else first
    if day is None or end is None:
        if not pair.fits:
            pair.vetoes.append("window-passed")
        return
    if pair.reading.when.kind == "open" and first is not None:
        end = max(end, first)
    late = (day - end).days
    if own.coarse and own.start <= day <= end:
        late = 0  # "this week", said of what came on one day of it
    if own.kind == "firm" and day < own.start - pair.identity.slack * DAY:
        pair.vetoes.append("dates-apart")
    elif late > pair.identity.window.days and not deals.is_next_part(pair.reading, pair.event, own, pair.identity):
        pair.vetoes.append("window-passed")
    elif late < -pair.identity.window.days:
        pair.vetoes.append("dates-apart")
    elif _other(pair, late) and not deals.is_next_part(pair.reading, pair.event, own, pair.identity):
        pair.vetoes.append("says-another")
    else:
        pair.fits.append("within-window")


def _other(pair: Pair, late: int) -> bool:
    """Whether an undated report that says "another" means one other than the event: too late for it, or with counts
    that differ. The first reports of an event all say "another", of the one before."""
    if "another" not in pair.reading.claim.marks:
        return False
    return late > pair.identity.slack or (late > 0 and pair.counts is False)
