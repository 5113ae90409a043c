"""What a person puts right: two events that are one, one that is two, one that is over. Nothing of it rings.

What people were told goes with the sayings that told it, so that nothing rings twice, and nothing is kept quiet that
they never heard.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime

from alerts.records import INTERRUPTS, MOVED_AWAY, PHASES, TAKEN_BACK, Alert, Source
from monitor.records import Event, Identity, Saying
from monitor.resolve.course import ordered
from monitor.resolve.events import days_of, event_id, retold

Told = tuple[tuple[str, str], ...]


def merge(one: Event, other: Event, *, now: datetime, identity: Identity, because: str | None) -> tuple[Event, Event]:
    """The older of the two with the sayings of both, and what is left of the younger: its id and its history."""
    older, younger = sorted((one, other), key=lambda event: (event.opened, event.id))
    sayings = tuple({_key(saying): saying for saying in (*younger.sayings, *older.sayings)}.values())
    # Every line of a history begins with its day.
    lines = sorted((*older.history, *younger.history), key=lambda line: line[:10])
    parent = older.parent or younger.parent
    whole = replace(
        older,
        series=older.series or younger.series,
        parent=None if parent in (older.id, younger.id) else parent,
        baseline=older.baseline or younger.baseline,
        opened=min(older.opened, younger.opened),
        parties=tuple(sorted({*older.parties, *younger.parties})),
        history=tuple(lines),
    )
    note = [_note(now, f"merged by hand with {younger.id}", because)]
    days = sorted({*older.days, *younger.days})
    whole = retold(whole, sayings, now=now, identity=identity, notes=note, days=days)
    whole = replace(whole, told=_told_of_both(older.told, younger.told, whole.status))
    line = _note(now, f"merged by hand into {older.id}", because)
    left = replace(
        younger, sayings=(), confirmed=0, parent=None, merged_into=older.id, history=(*younger.history, line)
    )
    return whole, left


def split(
    event: Event,
    urls: Collection[str],
    alerts: Sequence[Alert],
    *,
    now: datetime,
    identity: Identity,
    taken: Collection[str],
    because: str | None,
) -> tuple[Event, Event, tuple[Alert, ...]]:
    """What stays of an event, the new event of the articles at `urls`, and the alerts of `alerts` that go with it.

    Both must be left with sayings. `taken` are the ids that exist.
    """
    gone = ordered([saying for saying in event.sayings if saying.url in urls])
    rest = [saying for saying in event.sayings if saying.url not in urls]
    moving = tuple(alert for alert in alerts if alert.source.url in urls)
    first = gone[0]
    source = Source(first.url, first.title, first.outlet, first.family, first.published, first.seen)
    made = replace(
        event,
        id=event_id(first.claim, source, taken),
        parties=(),
        opened=now,
        told=(),
        history=(),
        closed=False,
    )
    notes = [_note(now, f"split by hand from {event.id}", because)]
    made = retold(made, gone, now=now, identity=identity, notes=notes, days=_days(event, gone), baseline=event.baseline)
    made = replace(made, told=(*made.told, *(pair for alert in moving for pair in _pairs(alert))))
    notes = [_note(now, f"split by hand, {saying.url} went to {made.id}", because) for saying in _once(gone)]
    kept = retold(event, rest, now=now, identity=identity, notes=notes, days=_days(event, rest))
    return replace(kept, told=_without(event.told, moving)), made, moving


def close(event: Event, *, now: datetime, because: str | None) -> Event:
    """The event with no more to come of it."""
    return noted(replace(event, closed=True), now, "closed by hand", because)


def noted(event: Event, now: datetime, what: str, because: str | None) -> Event:
    """The event with one more line of history."""
    return replace(event, history=(*event.history, _note(now, what, because)))


def _note(now: datetime, what: str, because: str | None) -> str:
    line = f"{now.date().isoformat()} {what}"
    return f"{line}: {because}" if because else line


def _key(saying: Saying) -> tuple[object, ...]:
    claim = saying.claim
    return saying.url, claim.status, claim.date, claim.place, claim.ordinal, claim.evidence


def _once(sayings: Sequence[Saying]) -> Sequence[Saying]:
    return tuple({saying.url: saying for saying in sayings}.values())


def _days(event: Event, sayings: Sequence[Saying]) -> list[date]:
    return sorted({day for saying in sayings for day in days_of(saying.claim)} & set(event.days))


def _told_of_both(one: Told, other: Told, status: str) -> Told:
    """All that was told of two events. What was told of the phase in which they stand comes last: that is the phase in
    which people know the one event, in whatever order they heard of the two."""
    both = (*one, *other)
    standing = [
        pair
        for pair in both
        if pair[0] in {*INTERRUPTS, "baseline", TAKEN_BACK} and PHASES.get(pair[1]) == PHASES.get(status)
    ]
    return (*(pair for pair in both if pair not in standing), *standing)


def _pairs(alert: Alert) -> Told:
    pair = (alert.reason, alert.status)
    return (pair, (TAKEN_BACK, alert.status)) if "phase-taken-back" in alert.rules else (pair,)


def _without(told: Told, moving: Sequence[Alert]) -> Told:
    """What stays told. The place of an alert that went stays counted: the next one must not get its id."""
    left = list(told)
    for alert in moving:
        for reason, status in _pairs(alert):
            if (reason, status) in left:
                left[left.index((reason, status))] = (MOVED_AWAY, status)
    return tuple(left)
