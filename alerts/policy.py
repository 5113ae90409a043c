"""What rings: one change of an event → alerts, or the named rule that keeps it quiet (DESIGN §5).

    new        the first news of an event, ahead or happened          interrupts
    advanced   from ahead to happened; from off back to either        interrupts
    reversed   into off, once per stay; a plan that moved by days     interrupts
    corrected  what was told has changed materially                   update
    confirmed  one more independent family, at 2, 3, 5, 10            update

What was told decides, not what resolving saw: a change that had to stay quiet (too old, too few families) does not use
up the event's interruption.

A new version of an article corrects what its old one told; it interrupts only where it tells an event or a phase that
the old one did not.
"""

from collections.abc import Sequence
from datetime import datetime

from alerts.headline import headline
from alerts.records import (
    INTERRUPTS,
    PHASES,
    TAKEN_BACK,
    Alert,
    Change,
    Decision,
    Reason,
    Rings,
    Silence,
    Snapshot,
    Source,
)


def decide(change: Change, rings: Rings, now: datetime) -> Decision:
    """At most one alert for one change, or the silence that says why not. `now` (aware UTC) only dates the decision."""
    silence = _kind(change, rings)
    if silence is None and change.edits:
        return _edited(change, rings, now)
    silence = silence or _proposal(change) or _unfit_article(change, rings)
    if silence is not None:
        return Decision(change, silence=silence)
    reason, rules = _interrupt(change)
    if reason is not None:
        silence = _held_back(change, rings, reason)
        if silence is not None:
            return Decision(change, silence=silence)
    else:
        reason, rules = _update(change, rings)
    if reason is None:
        return Decision(change, silence=_nothing_new(change))
    return Decision(change, alerts=(_alert(change, reason, rules, now),))


def told_phase(told: Sequence[tuple[str, str]]) -> str | None:
    """The phase that people know an event in: of its last interruption, of the baseline, or of the correction that took
    that back. None: they know nothing."""
    phases = [
        PHASES.get(status)
        for reason, status in told
        if reason == TAKEN_BACK or (reason in {*INTERRUPTS, "baseline"} and status in PHASES)
    ]
    return phases[-1] if phases else None


def _edited(change: Change, rings: Rings, now: datetime) -> Decision:
    """What a new version of an article, or its withdrawal, leads to. How old the article is matters to interrupts only:
    who was told wrongly is told so whenever it turns out."""
    if change.fresh and _proposal(change) is None and _unfit_article(change, rings) is None:
        reason, rules = _interrupt(change)
        if reason is not None and _held_back(change, rings, reason) is None:
            return Decision(change, alerts=(_alert(change, reason, rules, now),))
    if not _interrupted(change):
        return Decision(change, silence=Silence("nobody-was-told", f"nobody was alerted of {change.event.id}"))
    rules = _edits(change) if change.alerted else ()
    rules = tuple(dict.fromkeys((*rules, *_corrections(change))))
    if not rules:
        because = (
            f"no alert of {change.event.id} stands on {change.source.url}, and what is known of it has not changed"
        )
        return Decision(change, silence=Silence("edit-of-what-was-not-told", because))
    phase, known = PHASES.get(change.event.status), told_phase(change.told)
    if change.before is not None and phase != known == PHASES.get(change.before.status):
        rules = (*rules, "phase-taken-back")
    return Decision(change, alerts=(_alert(change, "corrected", rules, now),))


def _edits(change: Change) -> tuple[str, ...]:
    """What the article has taken back of what it told; what it merely adds corrects nothing."""
    gone = ["no-longer-says-so" for edit in change.edits if edit.gone and "withdrawn" not in change.moves]
    moved = [f"edited-{slot.slot}" for edit in change.edits for slot in edit.moved if not edit.gone and slot.old]
    return (*gone, *moved)


def _interrupted(change: Change) -> bool:
    return any(reason in INTERRUPTS for reason, _ in change.told)


def _kind(change: Change, rings: Rings) -> Silence | None:
    kind = change.event.kind
    if kind not in rings.kinds:
        return Silence("kind-does-not-ring", f"{kind} does not ring in the watch {rings.watch}; it is on the timeline")
    return None


def _proposal(change: Change) -> Silence | None:
    if change.event.status not in PHASES or change.said_status not in PHASES:
        return Silence("proposed", "a proposal has no phase; it is on the timeline")
    return None


def _unfit_article(change: Change, rings: Rings) -> Silence | None:
    source, date = change.source, change.event.date
    if source.published is None:
        if date is None or date.basis != "explicit":
            return Silence("no-date-at-all", f"{source.url} has no date, and the text does not date the event")
        return None
    if rings.began is not None and source.published < rings.began:
        return Silence(
            "published-before-watch",
            f"{source.url} was published at {_time(source)}, before the watch ({rings.began:%Y-%m-%d %H:%M} UTC)",
        )
    if source.seen - source.published >= rings.max_age:
        hours = rings.max_age.total_seconds() / 3600
        return Silence("too-old", f"{source.url} was published at {_time(source)}, over {hours:g} h before it was seen")
    return None


def _time(source: Source) -> str:
    return f"{source.published:%Y-%m-%d %H:%M} UTC"


def _interrupt(change: Change) -> tuple[Reason | None, tuple[str, ...]]:
    event, before = change.event, change.before
    phase, known = PHASES[event.status], told_phase(change.told)
    # A plan that moved is told as planned and makes the event postponed; any other claim must tell the phase itself.
    if PHASES[change.said_status] != phase and "status" not in change.moves:
        return None, ()
    if phase == "off":
        if known == "off":
            return None, ()
        if event.status == "denied" and (before is None or before.status not in PHASES):
            return None, ()
        return "reversed", ("off-once-per-stay" if known else "off-of-unknown-plan",)
    if known is None:
        return "new", (f"first-news-{phase}",)
    if known == "off":
        return "advanced", (f"from-off-to-{phase}",)
    if known == "ahead" and phase == "happened":
        return "advanced", ("from-ahead-to-happened",)
    return None, ()


def _held_back(change: Change, rings: Rings, reason: Reason) -> Silence | None:
    event = change.event
    if reason == "new" and event.baseline:
        return Silence("baseline-event", f"{event.id} was known when the watch began; it never rings as new")
    if event.families < rings.min_families:
        return Silence(
            "too-few-families",
            f"{event.families} independent newsroom(s) tell it; the watch {rings.watch} asks for {rings.min_families}",
        )
    return None


def _update(change: Change, rings: Rings) -> tuple[Reason | None, tuple[str, ...]]:
    if not _interrupted(change):
        return None, ()
    corrections = _corrections(change)
    if corrections:
        return "corrected", corrections
    same_phase = PHASES[change.said_status] == PHASES[change.event.status]  # a late preview confirms no outcome
    if same_phase and change.before is not None and not change.before.articles:
        return "confirmed", ("told-again-after-withdrawal",)
    if same_phase and "family" in change.moves and change.event.families in rings.confirmations:
        return "confirmed", (f"families-{change.event.families}",)
    return None, ()


def _corrections(change: Change) -> tuple[str, ...]:
    """What has changed of what was told, by slot. A slot that fills for the first time is news for when and how many,
    not for where or which ordinal: those are told with the next alert."""
    before, after = change.before, change.event
    if before is None:
        return ()
    found = []
    same_phase = PHASES.get(before.status) == PHASES.get(after.status)
    if before.status != after.status and (same_phase or change.edits):
        found.append(f"status-{before.status}-{after.status}")
    if _date_changed(before, after):
        found.append("date-changed")
    if before.place and after.place and before.place != after.place:
        found.append("place-changed")
    if before.ordinal and after.ordinal and before.ordinal != after.ordinal:
        found.append("ordinal-changed")
    recounted = any(after.counts.get(key) != n for key, n in before.counts.items())
    # The numbers of a further day or leg correct nothing that was told of the earlier ones.
    if "part" not in change.moves and (recounted or (after.counts and not before.counts)):
        found.append("counts-changed")
    if change.alerted:
        found += [move for move in ("withdrawn",) if move in change.moves]
    if "edited" in change.moves and change.since and found == []:
        found.append("edited")
    return tuple(found)


def _date_changed(before: Snapshot, after: Snapshot) -> bool:
    """Known at last, or other days than before. A part's further day is the course of the event, no correction."""
    old, new = before.date, after.date
    if new is None or new.basis == "publication":
        return False
    if old is None or old.basis == "publication":
        return old is None or not old.start <= new.end <= old.end
    return new.end < old.start or old.end < new.start


def _nothing_new(change: Change) -> Silence:
    event, known = change.event, told_phase(change.told)
    if "part" in change.moves:
        return Silence("part-of-known-event", f"a further day or leg of {event.id}, which was told before")
    if event.status == "denied" and known is None:
        return Silence("denial-of-nothing-known", f"nobody was told of {event.id} before it was denied")
    if known is None:
        return Silence("older-word", f"{event.id} is already {event.status}; this tells an earlier stage")
    if event.baseline and not any(reason in INTERRUPTS for reason, _ in change.told):
        return Silence("baseline-event", f"{event.id} was known when the watch began and has not moved on")
    if "copy" in change.rules:
        return Silence("copy", f"the text is a copy of another article on {event.id}")
    return Silence("already-told-in-phase", f"{event.id} was told before in phase {known}, and nothing material is new")


def _alert(change: Change, reason: Reason, rules: tuple[str, ...], now: datetime) -> Alert:
    event = change.event
    number = sum(told not in ("baseline", TAKEN_BACK) for told, _ in change.told) + 1
    title = headline(
        kind=event.kind,
        label=event.label,
        done=event.done,
        status=event.status,
        parties=event.parties,
        ordinal=event.ordinal,
        place=event.place,
        date=event.date,
        counts=event.counts,
        moved=event.status == "postponed" and "plan-moved" in change.rules,
    )
    return Alert(
        id=f"{event.id}.{reason}.{PHASES.get(event.status, event.status)}.{number}",
        reason=reason,
        watch=event.watch,
        kind=event.kind,
        status=event.status,
        event_id=event.id,
        title=title if event.articles else f"No longer reported: {title}",
        date=event.date,
        place=event.place,
        ordinal=event.ordinal,
        series=event.series,
        counts=event.counts,
        parties=event.parties,
        source=change.source,
        quotes=change.quotes,
        articles=event.articles,
        families=event.families,
        rules=tuple(dict.fromkeys((*change.rules, *rules))),
        decided=now,
        facts=change.facts,
        since=change.since,
        label=event.label,
        edits=change.edits,
    )
