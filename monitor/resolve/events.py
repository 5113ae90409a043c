"""Opening an event, joining a claim to it, and what is shown of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import blake2b

from alerts.records import PHASES, TAKEN_BACK, Alert, Snapshot, Source, Span
from extractors.records import Claim
from monitor.records import Event, Identity, Saying
from monitor.resolve import corroboration, facts
from monitor.resolve.course import course, ordered
from monitor.resolve.times import COARSE


def saying_of(claim: Claim, source: Source, sketch: tuple[int, ...], *, independent: bool) -> Saying:
    """One claim as it joins an event."""
    return Saying(
        claim,
        source.url,
        source.title,
        source.outlet,
        source.family,
        source.published,
        source.seen,
        independent,
        sketch,
    )


def event_id(claim: Claim, source: Source, taken: Collection[str]) -> str:
    """The id of the event that a claim opens: watch, kind, day and a hash of what the article says of it.

    The day is the event's own if the text dates it, else that of publication. Fixed when the event opens (DESIGN §4).
    """
    dated = claim.date is not None and claim.date.basis != "publication"
    day = claim.date.start if dated and claim.date else (source.published or source.seen).date()
    slots = (
        claim.watch,
        source.url,
        claim.kind,
        claim.status,
        str(claim.date),
        str(claim.place),
        str(claim.ordinal),
        str(sorted(claim.counts.items())),
        str([(e.field, e.start, e.end) for e in claim.evidence]),
    )
    for number in range(len(taken) + 1):
        digest = blake2b("\0".join((*slots, str(number))).encode(), digest_size=4).hexdigest()
        made = f"{claim.watch}.{claim.kind}.{day.isoformat()}.{digest}"
        if made not in taken:
            return made
    raise AssertionError("one of n + 1 numbers is free among n ids")


def opened(
    saying: Saying,
    *,
    event_id: str,
    series: str | None,
    parent: str | None,
    baseline: bool,
    now: datetime,
    identity: Identity,
) -> Event:
    """A new event from its first claim. With `baseline` its phase counts as told, so that it never rings as new."""
    claim = saying.claim
    bare = Event(
        id=event_id,
        watch=claim.watch,
        kind=claim.kind,
        status=claim.status,
        date=None,
        place=None,
        ordinal=None,
        series=series,
        counts={},
        parties=claim.parties,
        opened=now,
        touched=now,
        parent=parent,
        baseline=baseline,
    )
    return joined(bare, saying, now=now, identity=identity, part=False, baseline=baseline)


def joined(
    event: Event, saying: Saying, *, now: datetime, identity: Identity, part: bool, baseline: bool = False
) -> Event:
    """The event with one more saying, its slots worked out anew from all of them.

    `part` adds the days of the claim to those of the event. With `baseline` the phase that the event reaches counts as
    told (DESIGN §5); a proposal has no phase, so nothing of it is told and what follows may ring.
    """
    days = tuple(sorted({*event.days, *days_of(saying.claim)})) if part else event.days
    made = _standing(event, (*event.sayings, saying), days, now, identity)
    if made.status != event.status or not event.sayings:
        said = (saying.published or saying.seen).date().isoformat()
        made = replace(made, history=(*event.history, f"{said} {made.status}: {saying.url}"))
    return _known(made) if baseline else made


def retold(
    event: Event,
    sayings: Sequence[Saying],
    *,
    now: datetime,
    identity: Identity,
    notes: Sequence[str] = (),
    days: Sequence[date] = (),
    baseline: bool = False,
) -> Event:
    """The event with `sayings` in place of those it had, its slots worked out anew; `notes` go into its history.

    Without any saying it stands as it stood: people were told so, and no source speaks of it any more.
    """
    made = replace(event, sayings=(), confirmed=0, touched=max(event.touched, now))
    if sayings:
        made = _standing(event, corroboration.recounted(sayings), tuple(days), now, identity)
    made = replace(made, history=(*event.history, *notes))
    return _known(made) if baseline else made


def _standing(
    event: Event, sayings: Sequence[Saying], days: tuple[date, ...], now: datetime, identity: Identity
) -> Event:
    """The event as these sayings, at least one, make it."""
    told = ordered(sayings)
    state = course(told, identity)
    made = replace(
        event,
        status=state.status,
        date=facts.best_date(told, state, days, identity),
        place=facts.best_place(told, state),
        ordinal=facts.best_ordinal(told),
        counts=facts.best_counts(told),
        parties=tuple(sorted({*event.parties, *(party for saying in told for party in saying.claim.parties)})),
        sayings=told,
        days=days,
        touched=max(event.touched, now),
    )
    return replace(made, confirmed=corroboration.families(made))


def _known(event: Event) -> Event:
    """The event with the phase that it has reached counted as told."""
    if event.status not in PHASES or ("baseline", event.status) in event.told:
        return event
    return replace(event, told=(*event.told, ("baseline", event.status)))


def days_of(claim: Claim) -> Iterable[date]:
    """The days that a claim names, none when it names a month or a year."""
    if claim.date is None or claim.date.precision in COARSE or (claim.date.end - claim.date.start).days > 31:
        return ()
    return (claim.date.start + timedelta(days=i) for i in range((claim.date.end - claim.date.start).days + 1))


def with_told(event: Event, alerts: Sequence[Alert]) -> Event:
    """The event with these alerts recorded as told, as (reason, status), oldest first.

    A correction that took a phase back is followed by what the event is known as from then on.
    """
    told = list(event.told)
    for alert in (a for a in alerts if a.event_id == event.id):
        told.append((alert.reason, alert.status))
        told += [(TAKEN_BACK, alert.status)] if "phase-taken-back" in alert.rules else []
    return replace(event, told=tuple(told)) if len(told) > len(event.told) else event


def snapshot(event: Event, identity: Identity) -> Snapshot:
    """An event as it stands, in the words of its topic, for alerts."""
    date_ = event.date
    return Snapshot(
        id=event.id,
        watch=event.watch,
        kind=event.kind,
        status=event.status,
        date=Span(date_.start, date_.end, date_.basis) if date_ is not None else None,
        place=event.place,
        ordinal=event.ordinal,
        series=event.series,
        counts=dict(event.counts),
        parties=event.parties,
        articles=corroboration.articles(event),
        families=corroboration.families(event),
        baseline=event.baseline,
        parent=event.parent,
        label=identity.label,
        done=identity.done,
    )
