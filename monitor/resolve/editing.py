"""A new version of an article in place of its old one: what it still says, says otherwise, or no longer says.

Each claim of the new version is set beside the saying of the old one that it stands for. With the same facts the
saying stays where and when it was told; with other facts it is told otherwise in the same event, which is a correction
and not another event; what has no counterpart is gone. Only what the old version did not tell is resolved like news.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from alerts.records import PHASES, Change, Edit, Source
from extractors.records import Claim
from monitor.records import Event, Identity, Saying, Watch
from monitor.resolve import corroboration, facts
from monitor.resolve.events import days_of, retold, saying_of, snapshot
from monitor.resolve.gathering import gathered
from monitor.resolve.records import Resolution, Trace, Verdict
from monitor.resolve.resolver import resolve
from monitor.resolve.versions import moved, paired, sentences


@dataclass(slots=True)
class _Version:
    """The new version at work: which claim stands for which old one, and what became of each event."""

    claims: Sequence[Claim]
    source: Source
    watch: Watch
    now: datetime
    baseline: bool
    sketch: tuple[int, ...]
    alerted: Collection[str]
    gone_as: str
    because: str | None
    reread: bool
    traces: dict[int, Trace] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)


def revise(
    claims: Sequence[Claim],
    source: Source,
    events: Sequence[Event],
    watch: Watch,
    now: datetime,
    *,
    baseline: bool = False,
    sketch: tuple[int, ...] = (),
    alerted: Collection[str] = (),
    withdrawn: bool = False,
    because: str | None = None,
    taken: Collection[str] = (),
    reread: bool = False,
) -> Resolution:
    """Take a version of an article to the events: as `resolve`, with what its earlier version told replaced.

    `alerted` are the ids of the events that have an alert which stands on this article. `withdrawn` says that there is
    no article any more (then `claims` are empty), `because` why. An article without an earlier version is resolved.
    With `reread` it is the same text, read by other names: nobody edited it, and `baseline` is as in `resolve`.
    """
    tracked = {event.id: event for event in events if event.kind in watch.identities}
    old = [
        (event.id, place)
        for event in sorted(tracked.values(), key=lambda event: event.id)
        for place, saying in enumerate(event.sayings)
        if saying.url == source.url
    ]
    if not old:
        return resolve(claims, source, events, watch, now, baseline=baseline, sketch=sketch, taken=taken, reread=reread)
    said = [tracked[event_id].sayings[place] for event_id, place in old]
    source = replace(source, title=source.title or said[0].title)
    gone_as = "withdrawn" if withdrawn else "gone"
    work = _Version(claims, source, watch, now, baseline, sketch, alerted, gone_as, because, reread)
    stands_for = {old[o]: n for n, o in paired([saying.claim for saying in said], claims).items()}
    revised = {}
    for event_id in dict.fromkeys(event_id for event_id, _ in old):
        event = tracked[event_id]
        after = _revised(work, event, {place: stands_for.get((i, place)) for i, place in old if i == event_id})
        if after != event:
            revised[event_id] = after
    rest = [index for index in range(len(claims)) if index not in work.traces]
    known = [revised.get(event.id, event) for event in events]
    further = resolve(
        [claims[index] for index in rest],
        source,
        known,
        watch,
        now,
        baseline=baseline,
        sketch=sketch,
        taken=taken,
        reread=reread,
    )
    work.traces |= {rest[trace.claim]: replace(trace, claim=rest[trace.claim]) for trace in further.traces}
    return Resolution(
        tuple({**revised, **{event.id: event for event in further.events}}.values()),
        gathered((*work.changes, *further.changes)),
        tuple(work.traces[index] for index in sorted(work.traces)),
    )


def _revised(work: _Version, event: Event, versions: Mapping[int, int | None]) -> Event:
    """The event with the new version's claims in place of its sayings at these places; None: that claim is gone."""
    identity = work.watch.identities[event.kind]
    sayings: list[Saying] = []
    edits: list[Edit] = []
    told: list[Claim] = []
    gone: list[Claim] = []
    fresh = False
    for place, saying in enumerate(event.sayings):
        if place not in versions:
            sayings.append(saying)
            continue
        index = versions[place]
        if index is None:
            gone += [saying.claim] if saying.claim.role == "news" else []
            continue
        made, rule = _in_place_of(work, saying, work.claims[index], event)
        sayings.append(made)
        verdict: Verdict = "joined" if made.claim.role == "news" else "background"
        work.traces[index] = Trace(index, verdict, event.id, (rule,))
        if rule == "edited":
            told.append(made.claim)
            edits += [_edit(saying.claim, made.claim)] if saying.claim.role == "news" else []
            fresh = fresh or PHASES.get(made.claim.status) != PHASES.get(saying.claim.status)
    edits += _gone(gone, [saying.claim for saying in sayings if saying.url == work.source.url])
    same = len(sayings) == len(event.sayings) and not told
    if same and [s.claim.role for s in sayings] == [s.claim.role for s in event.sayings]:
        # Only the words differ: nothing is worked out anew, and the event was not touched.
        return replace(event, sayings=tuple(sayings))
    after = retold(
        event,
        sayings,
        now=work.now,
        identity=identity,
        notes=_notes(work, event, edits, left=len(sayings)),
        days=_days(event, sayings, told),
        baseline=work.baseline and (event.baseline or not work.reread),
    )
    if edits and not work.baseline and not event.closed:
        work.changes.append(_change(work, event, after, edits, told, identity, fresh=fresh))
    return after


def _in_place_of(work: _Version, old: Saying, claim: Claim, event: Event) -> tuple[Saying, str]:
    """The saying for the new version's claim, and whether it is `unchanged` or `edited`."""
    if moved(old.claim, claim):
        others = [saying for saying in event.sayings if saying.url != old.url]
        independent = not corroboration.is_copy(work.sketch, others, old.url)
        return saying_of(claim, work.source, work.sketch, independent=independent), "edited"
    # What was said then is still said: it keeps its moment, its day (which may be reckoned from the moment), and the
    # role that resolving gave it.
    role = "background" if "background" in (old.claim.role, claim.role) else claim.role
    kept = replace(claim, date=old.claim.date, role=role)
    return replace(old, claim=kept, title=work.source.title, sketch=work.sketch), "unchanged"


def _gone(gone: Sequence[Claim], left: Sequence[Claim]) -> list[Edit]:
    """What the article no longer says of the event; what another of its claims still tells is not gone."""
    still = {told for claim in left for told in facts.printed(claim).items()}
    edits = []
    for claim in gone:
        lost = tuple(slot for slot in moved(claim, None) if (slot.slot, slot.old) not in still)
        if lost:
            edits.append(Edit(next(iter(facts.quotes_of(claim)), None), None, lost, gone=True))
    return edits


def _edit(old: Claim, new: Claim) -> Edit:
    was, says = sentences(old, new)
    return Edit(facts.quote_of(was) if was else None, facts.quote_of(says) if says else None, moved(old, new))


def _days(event: Event, sayings: Sequence[Saying], told: Sequence[Claim]) -> list[date]:
    """The days of the parts that somebody still tells; the new day of a part that is told otherwise is one too."""
    named = {
        day for saying in sayings if PHASES.get(saying.claim.status) == "happened" for day in days_of(saying.claim)
    }
    lost = len(set(event.days) - named)
    added = {day for claim in told for day in days_of(claim)} if lost else set()
    return sorted((set(event.days) & named) | added)


def _notes(work: _Version, event: Event, edits: Sequence[Edit], *, left: int) -> list[str]:
    day, url = work.now.date().isoformat(), work.source.url
    why = f" ({work.because})" if work.because else ""
    notes = [f"{day} withdrawn{why}: {url}"] if work.gone_as == "withdrawn" else []
    did = "read again" if work.reread else "edited"
    for edit in edits if not notes else ():
        slots = ", ".join(f"{slot.slot} {slot.old or '-'} → {slot.new or '-'}" for slot in edit.moved)
        notes.append(f"{day} {did}, {'no longer says so' if edit.gone else slots}: {url}")
    if not left:
        lost = "no article tells it any more" if work.reread else "its only source was withdrawn"
        notes.append(f"{day} {lost}; it stands as it was told, {event.status}")
    return notes


def _change(
    work: _Version,
    before: Event,
    after: Event,
    edits: Sequence[Edit],
    told: Sequence[Claim],
    identity: Identity,
    *,
    fresh: bool,
) -> Change:
    known = {(fact.slot, fact.value) for fact in facts.facts_of(before.sayings)}
    now_told = facts.facts_of(after.sayings)
    telling = next((claim for claim in told if claim.status == after.status), told[0] if told else None)
    gone = any(edit.gone for edit in edits)
    slots = dict.fromkeys(slot.slot for edit in edits for slot in edit.moved if not edit.gone)
    return Change(
        event=snapshot(after, identity),
        before=snapshot(before, identity),
        moves=(*slots, *((work.gone_as,) if gone else ()), *(("edited",) if told else ())),
        source=work.source,
        said_status=telling.status if telling else after.status,
        quotes=tuple(dict.fromkeys(quote for claim in told for quote in facts.quotes_of(claim))),
        rules=tuple(dict.fromkeys((*(rule for claim in told for rule in claim.rules), "new-version"))),
        told=after.told,
        facts=now_told,
        since=tuple(f for f in now_told if f.source.url == work.source.url and (f.slot, f.value) not in known),
        edits=tuple(edits),
        fresh=fresh,
        alerted=before.id in work.alerted,
    )
