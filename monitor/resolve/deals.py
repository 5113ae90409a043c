"""Deals, what carries them out, and the parts of one swap.

An agreement and the exchange that carries it out in one go are one event: the same count, or the report names the
deal. Carried out on several separate dates, the deal is the parent and each exchange a child. Consecutive days of one
swap are parts of one event (DESIGN §4).
"""

from collections.abc import Sequence
from datetime import date, timedelta

from alerts.records import PHASES
from monitor.records import Event, Identity
from monitor.resolve.facts import SAME, agree
from monitor.resolve.times import COARSE, Reading, When, first_said, gap, last_said

HELD = timedelta(days=60)
"""An undated plan or deal is waited for this long after it was last spoken of: the deal of 16 May 2025 took a week, the
one of 2 June was carried out until August."""
SOON = timedelta(days=14)
"""A proposal, or a plan of one exchange that no agreement stands behind, is waited for only this long."""


def is_agreed(event: Event) -> bool:
    """Whether both sides were said to have bound themselves: a deal, and not just a plan."""
    return any(s.claim.status == "agreed" for s in event.sayings)


def is_held(event: Event, day: date | None, identity: Identity) -> bool:
    """Whether an event that is still ahead, without binding days, is still waited for on `day`."""
    last = last_said(event.sayings)
    if day is None or last is None:
        return True
    brief = event.status == "proposed" or (identity.deals and not is_agreed(event))
    patience = SOON if brief else HELD
    return day - last <= patience


def same_count(reading: Reading, event: Event) -> bool:
    """Whether the claim tells the count that was agreed or planned, by any source of it."""
    return any(
        agree(reading.claim.counts, s.claim.counts, SAME) is True
        for s in event.sayings
        if PHASES.get(s.claim.status) == "ahead" and (s.claim.role == "news" or event.baseline)
    )


def carries_out(reading: Reading, event: Event, known: Sequence[Event]) -> bool:
    """Whether a report of an exchange is the carrying out of an undated deal as a whole, or the first part of it.

    A plan without a deal behind it is of one exchange, and the next one is it, unless the counts speak against it. A
    deal that an exchange has begun to carry out is carried out by separate ones.
    """
    if same_count(reading, event):
        return True
    if not is_agreed(event) and event.status != "proposed":
        return agree(reading.claim.counts, event.counts) is not False
    if has_children(event, known):
        return False
    agreed = first_said(event.sayings)
    later = agreed is not None and reading.day is not None and reading.day > agreed
    return later and bool(reading.claim.marks & {"deal", "part", "final"})


def planned_days(event: Event) -> tuple[When, ...]:
    """The firm days for which an event was planned, by any source."""
    return tuple(
        When("firm", s.claim.date.start, s.claim.date.end)
        for s in event.sayings
        if PHASES.get(s.claim.status) == "ahead"
        and s.claim.role == "news"
        and s.claim.date is not None
        and s.claim.date.basis != "publication"
        and s.claim.date.precision not in COARSE
    )


def told_whole_before(event: Event, day: date) -> bool:
    """Whether the event had been reported as over before `day`: then it did not take place on `day`."""
    over = [s for s in event.sayings if s.claim.status == "concluded"]
    said = first_said(over)
    return said is not None and said < day


def is_next_part(reading: Reading, event: Event, whole: When, identity: Identity) -> bool:
    """Whether a report of the day after (or before) is a further day of the same event, not another event.

    It needs a sign: it says so, the event was a stage or still under way, or the day lies within what was planned. For
    talks no other sign is needed, since two rounds of one run never follow on consecutive days; ordinals are vetoed
    elsewhere.
    """
    if not identity.parts or reading.when.coarse or reading.when.kind == "open":
        return False
    if any(p.start <= reading.when.start and reading.when.end <= p.end for p in planned_days(event)):
        return True
    if gap(reading.when, whole) > 1:
        return False
    if identity.ordinals == "series":
        return "another" not in reading.claim.marks
    if reading.claim.marks & {"part", "final"}:
        return True
    if "deal" in reading.claim.marks and is_agreed(event):
        return True
    return event.status == "underway" or _is_stage(event)


def _is_stage(event: Event) -> bool:
    """Whether the event was told as one stage of a larger one, and not as its last."""
    marks = {m for s in event.sayings if s.claim.role == "news" for m in s.claim.marks}
    return "part" in marks and "final" not in marks


def parent_of(reading: Reading, known: Sequence[Event]) -> str | None:
    """The latest deal that an exchange can carry out: agreed on an earlier day, not long ago. None: there is none."""
    deals = [
        e
        for e in known
        if e.kind == reading.claim.kind
        and e.parent is None
        and is_agreed(e)
        and reading.day is not None
        and (first_said(e.sayings) or date.max) < reading.day
        and reading.day - (last_said(e.sayings) or date.min) <= HELD
    ]
    return max(deals, key=lambda e: (first_said(e.sayings) or date.min, e.id)).id if deals else None


def has_children(event: Event, known: Sequence[Event]) -> bool:
    """Whether exchanges have carried out this deal."""
    return any(e.parent == event.id for e in known)
