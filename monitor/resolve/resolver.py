"""Claims of one article and the known events → what moved.

Order of the claims: background first, so that history is known before news is judged; then news by stage: happened,
called off, ahead, proposed, denied (what took place finds its plan before the next plan is registered, a denial finds
all of them); then by kind and by position in the article. The order in which an article tells things changes nothing.

What background does: it adds a saying to a known event, without moving its status or its slots while news tells them.
A recalled event that is unknown, precisely dated and past its window is opened as history: known, told, never new. A
recall without a precise date, or still inside the window (the news of it may yet come), is kept with the article and
opens nothing, so that it cannot swallow a real event.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.records import PHASES, Change, Source
from extractors.records import Claim
from monitor.records import Event, Identity, Watch
from monitor.resolve import corroboration, deals, facts
from monitor.resolve.demotions import demotions_of
from monitor.resolve.events import event_id, joined, opened, saying_of, snapshot
from monitor.resolve.gathering import gathered
from monitor.resolve.keys import SOFT, Match, weigh
from monitor.resolve.records import Nearness, Resolution, Trace, Verdict
from monitor.resolve.series import series_of
from monitor.resolve.times import Reading, first_said, of_event, read

NEAREST = 5
# Closed by hand: what is told of it stays with its article, so that it opens nothing in its stead either.
CLOSED = ("event-closed",)
TURN = ("concluded", "underway", "cancelled", "postponed", "agreed", "planned", "proposed", "denied")


@dataclass(slots=True)
class _Work:
    """What has been worked out so far: all known events by id, and which were touched, in order."""

    watch: Watch
    source: Source
    now: datetime
    baseline: bool
    sketch: tuple[int, ...]
    events: dict[str, Event]
    told_earlier: frozenset[str]
    told_here: dict[str, str | None]
    taken: Collection[str]
    reread: bool
    touched: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def resolve(
    claims: Sequence[Claim],
    source: Source,
    events: Sequence[Event],
    watch: Watch,
    now: datetime,
    *,
    baseline: bool = False,
    sketch: tuple[int, ...] = (),
    taken: Collection[str] = (),
    reread: bool = False,
) -> Resolution:
    """Take the claims of one article to the events that they are about.

    `claims` are those of `watch`, `events` what is known of it, `now` is aware UTC, `sketch` is that of the text. With
    `baseline` nothing is a change: the events become known and the phases they reach count as told. Claims of a kind
    that the watch does not track are kept. `taken` are ids that no event may open with, beside those of `events`. With
    `reread`, a baseline that comes late, this holds for events that the baseline opens: of the others counts as told
    what people were told. One trace per claim, in the order of `claims`.
    """
    known = {e.id: e for e in sorted(events, key=lambda e: e.id)}
    earlier = _told_before(known, source)
    work = _Work(watch, source, now, baseline, sketch, known, frozenset(earlier), dict(earlier), taken, reread)
    traces: dict[int, Trace] = {}
    for index, claim in sorted(enumerate(claims), key=lambda pair: _turn(pair[1], pair[0])):
        identity = watch.identities.get(claim.kind)
        if claim.watch != watch.id or identity is None:
            traces[index] = Trace(index, "kept", None, ("kind-not-tracked",))
            continue
        traces[index] = _settle(work, index, claim, identity)
    return Resolution(
        tuple(work.events[i] for i in work.touched), gathered(work.changes), tuple(traces[i] for i in sorted(traces))
    )


def _told_before(known: Mapping[str, Event], source: Source) -> dict[str, str | None]:
    """The events that an earlier version of this article told as news, with the phase in which it did."""
    return {
        event.id: PHASES.get(saying.claim.status)
        for event in known.values()
        for saying in event.sayings
        if saying.url == source.url and saying.claim.role == "news"
    }


def _turn(claim: Claim, index: int) -> tuple[bool, int, str, tuple[tuple[str, int], ...], int]:
    spans = tuple((e.field, e.start) for e in claim.evidence)
    return claim.role == "news", TURN.index(claim.status), claim.kind, spans, index


def _settle(work: _Work, index: int, claim: Claim, identity: Identity) -> Trace:
    repeated = _repeated(work, claim)
    if repeated is not None:
        verdict: Verdict = "joined" if claim.role == "news" else "background"
        return Trace(index, verdict, repeated, ("already-taken-in",))
    said = work.source.published.date() if work.source.published is not None else None
    reading = read(claim, said, identity)
    known = [e for e in work.events.values() if e.kind == claim.kind]
    series = series_of(reading, known, work.watch, identity)
    matches = _matches(work, reading, known, identity, series)
    demotions = demotions_of(reading, known, series, identity, matches)
    if demotions:
        reading = replace(reading, claim=replace(claim, role="background"), news=False)
        matches = _matches(work, reading, known, identity, series)
    nearest = tuple(Nearness(m.event.id, m.fits, m.vetoes) for m in matches[:NEAREST])
    if reading.news:
        verdict, event, rules = _news(work, reading, known, matches, identity, series)
    else:
        verdict, event, rules = _background(work, reading, matches, identity, series)
    return Trace(index, verdict, event, (*demotions, *rules), nearest)


def _repeated(work: _Work, claim: Claim) -> str | None:
    """The event that took in this very claim of this very article before."""
    for event in work.events.values():
        for saying in event.sayings:
            if saying.url == work.source.url and _said(saying.claim) == _said(claim):
                return event.id
    return None


def _said(claim: Claim) -> tuple[object, ...]:
    counts = tuple(sorted(claim.counts.items()))
    return claim.kind, claim.status, claim.date, claim.place, claim.ordinal, counts, claim.evidence


def _matches(
    work: _Work, reading: Reading, known: Sequence[Event], identity: Identity, series: str | None
) -> list[Match]:
    """All events of the kind, the best match first."""
    made = []
    for event in known:
        match = weigh(reading, event, known, identity, series)
        if reading.news and _told_apart(work, reading, match):
            match = replace(match, vetoes=(*match.vetoes, "told-apart-here"))
        if match.joins and reading.phase == "happened" and _is_whole(reading, event, known):
            match = replace(match, fits=(*match.fits, "whole-of-parts"))
        made.append(match)
    return sorted(made, key=lambda m: (not m.joins, -m.score, _distance(reading, m.event), m.event.id))


def _told_apart(work: _Work, reading: Reading, match: Match) -> bool:
    """The same article tells this event in another phase, and this claim does not share its day or ordinal."""
    if match.event.id not in work.told_here or work.told_here[match.event.id] == reading.phase:
        return False
    return not {"same-date", "next-part", "same-ordinal"} & set(match.fits)


def _is_whole(reading: Reading, event: Event, known: Sequence[Event]) -> bool:
    """With the deal's own count over several days, or at its end, the deal is meant and not one exchange that carried
    it out. On the first day the same count is but the name of the deal ("the 1,000 for 1,000 swap has begun")."""
    several_days = reading.when.kind == "firm" and reading.when.end > reading.when.start
    at_its_end = several_days or "final" in reading.claim.marks
    return at_its_end and deals.has_children(event, known) and deals.same_count(reading, event)


def _distance(reading: Reading, event: Event) -> int:
    """Days between a claim and an event; among equals the nearest is meant."""
    own, day = of_event(event), reading.day
    end = own.end if own.kind != "open" else first_said(event.sayings)
    return abs((day - end).days) if day is not None and end is not None else 0


def _news(
    work: _Work,
    reading: Reading,
    known: Sequence[Event],
    matches: Sequence[Match],
    identity: Identity,
    series: str | None,
) -> tuple[Verdict, str | None, tuple[str, ...]]:
    if matches and matches[0].joins:
        if matches[0].event.closed:
            return "kept", None, CLOSED
        return "joined", matches[0].event.id, _join(work, reading, matches[0], identity)
    if reading.claim.status == "denied":
        return "kept", None, ("denial-of-nothing-known",)
    rules = _open(work, reading, known, identity, series)
    return "opened", work.touched[-1], rules


def _background(
    work: _Work, reading: Reading, matches: Sequence[Match], identity: Identity, series: str | None
) -> tuple[Verdict, str | None, tuple[str, ...]]:
    if matches and matches[0].joins:
        if matches[0].event.closed:
            return "kept", None, CLOSED
        return "background", matches[0].event.id, _join(work, reading, matches[0], identity)
    latest = _latest_past(reading, matches)
    if latest is not None and latest.event.closed:
        return "kept", None, CLOSED
    if latest is not None:
        return "background", latest.event.id, ("latest-past-event", *_join(work, reading, latest, identity))
    when = reading.when
    if when.kind != "firm" or reading.phase != "happened":
        return "kept", None, ("background-of-nothing-known",)
    if when.coarse:
        return "kept", None, ("too-vague-for-history",)
    if reading.said is not None and reading.said - when.end <= identity.window and not work.baseline:
        return "kept", None, ("news-may-yet-come",)
    rules = _open(work, reading, (), identity, series)
    return "background", work.touched[-1], ("history", *rules)


def _latest_past(reading: Reading, matches: Sequence[Match]) -> Match | None:
    """What an undated recall is about: the latest past event that nothing but time speaks against."""
    if reading.when.kind == "firm" or reading.phase not in ("happened", "ahead"):
        return None
    past = [
        m
        for m in matches
        if set(m.vetoes) <= SOFT
        and PHASES.get(m.event.status) == "happened"
        and (reading.claim.ordinal is None or m.event.ordinal is None or "same-ordinal" in m.fits)
        and (reading.phase == "happened" or {"same-counts", "same-ordinal"} & set(m.fits))
    ]
    return min(past, key=lambda m: (-m.score, _distance(reading, m.event), m.event.id), default=None)


def _open(
    work: _Work, reading: Reading, known: Sequence[Event], identity: Identity, series: str | None
) -> tuple[str, ...]:
    claim, history = reading.claim, not reading.news
    saying = saying_of(claim, work.source, work.sketch, independent=True)
    parent = deals.parent_of(reading, known) if identity.deals and reading.phase == "happened" else None
    # Before a proposal nothing of an event has a phase, so a baseline that only proposes must not keep it from ringing.
    known_before = history or (work.baseline and claim.status in PHASES)
    event = opened(
        saying,
        event_id=event_id(claim, work.source, {*work.events, *work.taken}),
        series=series,
        parent=parent,
        baseline=known_before,
        now=work.now,
        identity=identity,
    )
    work.events[event.id] = event
    work.touched.append(event.id)
    rules = ("carries-out-deal",) if parent else ()
    if reading.news:
        work.told_here[event.id] = reading.phase
        _change(work, None, event, reading, ("opened",), rules)
    return rules


def _join(work: _Work, reading: Reading, match: Match, identity: Identity) -> tuple[str, ...]:
    before = match.event
    copy = corroboration.is_copy(work.sketch, before.sayings, work.source.url)
    saying = saying_of(reading.claim, work.source, work.sketch, independent=not copy)
    part = reading.news and reading.phase == "happened" and _is_part(reading, before, match)
    counts_as_told = work.baseline and (before.baseline or not work.reread)
    event = joined(before, saying, now=work.now, identity=identity, part=part, baseline=counts_as_told)
    work.events[event.id] = event
    if event.id in work.touched:
        work.touched.remove(event.id)
    work.touched.append(event.id)
    rules = (*match.fits, *(("part",) if part else ()), *(("copy",) if copy else ()))
    if reading.news:
        work.told_here[event.id] = reading.phase
        moves = _moves(before, event, part=part, edited=before.id in work.told_earlier)
        _change(work, before, event, reading, moves, rules)
    return rules


def _is_part(reading: Reading, event: Event, match: Match) -> bool:
    if "next-part" in match.fits:
        return True
    happened = PHASES.get(event.status) == "happened"
    return happened and bool(reading.claim.marks & {"part", "final"}) and reading.when.kind == "firm"


def _moves(before: Event, after: Event, *, part: bool, edited: bool) -> tuple[str, ...]:
    moved = [
        slot
        for slot in ("status", "date", "place", "ordinal", "counts")
        if getattr(before, slot) != getattr(after, slot)
    ]
    if part:
        moved.append("part")
    if corroboration.families(after) > corroboration.families(before):
        moved.append("family")
    moved.append("edited" if edited else "article")
    return tuple(moved)


def _change(
    work: _Work,
    before: Event | None,
    after: Event,
    reading: Reading,
    moves: tuple[str, ...],
    rules: tuple[str, ...],
) -> None:
    if work.baseline:
        return
    identity = work.watch.identities[after.kind]
    known = {(f.slot, f.value) for f in facts.facts_of(before.sayings)} if before is not None else set()
    told = facts.facts_of(after.sayings)
    claim = reading.claim
    work.changes.append(
        Change(
            event=snapshot(after, identity),
            before=snapshot(before, identity) if before is not None else None,
            moves=moves,
            source=work.source,
            said_status=claim.status,
            quotes=facts.quotes_of(claim),
            rules=(*claim.rules, *rules),
            told=after.told,
            facts=told,
            since=tuple(f for f in told if f.source.url == work.source.url and (f.slot, f.value) not in known),
        )
    )
