"""Within which run of talks an ordinal counts.

"Second round" counts within a series: a run of talks of one format. The watch may name series; others open by
themselves when a first round comes after a long silence. Sources disagree on ordinals, so a shared day outvotes them
(DESIGN §4).
"""

from collections.abc import Sequence
from datetime import date, timedelta

from monitor.records import Event, Identity, Series, Watch
from monitor.resolve.times import Reading, last_said

# Rounds of one run follow within days or weeks: Istanbul 2025 had 17 and 51 days between rounds, the next run began
# half a year later with ordinals from one.
SILENCE = timedelta(days=120)


def series_of(reading: Reading, known: Sequence[Event], watch: Watch, identity: Identity) -> str | None:
    """The series that a claim's ordinal counts in; None where ordinals mean nothing or the claim has no day."""
    day = reading.day
    if identity.ordinals == "none" or day is None:
        return None
    if identity.ordinals == "year":
        return f"{reading.claim.kind}-{day.year}"
    named = _named(reading, day, watch.series)
    current = _current(reading, day, known)
    if current is None:
        return named.id if named else f"{reading.claim.kind}-{day.isoformat()}"
    latest = max((e for e in known if e.series == current), key=_last_day)
    if named is not None and named.id != current and named.start > _last_day(latest):
        return named.id
    restarted = reading.claim.ordinal == 1 and _held_before(latest, reading, identity)
    if restarted and reading.news:
        return named.id if named and named.id != current else f"{reading.claim.kind}-{day.isoformat()}"
    return current


def _named(reading: Reading, day: date, series: Sequence[Series]) -> Series | None:
    covering = [
        s
        for s in series
        if s.kind == reading.claim.kind
        and s.start <= day
        and (s.end is None or day <= s.end)
        and (not s.places or reading.claim.place is None or reading.claim.place in s.places)
    ]
    return max(covering, key=lambda s: (s.start, s.id), default=None)


def _current(reading: Reading, day: date, known: Sequence[Event]) -> str | None:
    """The series of the event nearest in time, if it is no further than a long silence away."""
    near = [
        e
        for e in known
        if e.kind == reading.claim.kind and e.series and -SILENCE <= day - _last_day(e) <= SILENCE
        and (not e.parties or not reading.claim.parties or set(e.parties) & set(reading.claim.parties))
    ]  # fmt: skip
    return min(near, key=lambda e: (abs((day - _last_day(e)).days), e.id)).series if near else None


def _last_day(event: Event) -> date:
    said = last_said(event.sayings) or event.touched.date()
    return event.date.end if event.date is not None else said


def _held_before(event: Event, reading: Reading, identity: Identity) -> bool:
    """A "first round" well after a later one of the series starts a new count."""
    day = reading.day
    return (
        reading.when.kind != "open"
        and day is not None
        and (event.ordinal or 1) >= 2
        and day - _last_day(event) > max(identity.window, timedelta(days=14))
    )
