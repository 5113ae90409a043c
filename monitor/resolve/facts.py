"""What is known of an event: the best value of each slot, and who says what.

Facts are kept per source; where sources differ, the value of most newsrooms is the best known, at a tie the earliest.
Nothing is overwritten: the other values stay in the sayings (DESIGN §4).
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date
from typing import TypeVar

from alerts.records import PHASES, Fact, Quote, Source, Span
from alerts.wording import count_words, days_words
from extractors.records import Claim, Dating, Evidence
from monitor.records import Identity, Saying
from monitor.resolve.course import Course, counting, ordered
from monitor.resolve.times import When, as_dating, gap, moment, when_of

T = TypeVar("T", bound=Hashable)

CLOSE = 0.85
"""Counts this near are one count told differently: 150 servicemen and 7 civilians are the 157 of others."""
SAME = 0.95
"""Counts this near are the same: "over 1,200" and 1,212."""


def vote(values: Iterable[tuple[T, str]]) -> T | None:
    """The value that most families give; at a tie the one given first. None when there are no values."""
    families: dict[T, set[str]] = defaultdict(set)
    for value, family in values:
        families[value].add(family)
    return max(families, key=lambda v: len(families[v]), default=None)


def sides(counts: Mapping[str, int]) -> tuple[int, ...]:
    """How many each side hands over, as far as said; a total may be both sides' or one side's."""
    found = {n for key, n in counts.items() if key != "total"}
    if not found and "total" in counts:
        found = {counts["total"], counts["total"] // 2}
    return tuple(sorted(found))


def agree(a: Mapping[str, int], b: Mapping[str, int], ratio: float = CLOSE) -> bool | None:
    """Whether two counts can be of one event: True or False, None when one of them says nothing."""
    left, right = sides(a), sides(b)
    if not left or not right:
        return None
    if "total" in a and "total" in b and min(a["total"], b["total"]) >= ratio * max(a["total"], b["total"]):
        return True
    if "total" in a and b.get("total") is None and _near(a["total"], sum(_both(b)), ratio):
        return True
    if "total" in b and a.get("total") is None and _near(b["total"], sum(_both(a)), ratio):
        return True
    return any(_near(x, y, ratio) for x in left for y in right)


def _both(counts: Mapping[str, int]) -> tuple[int, ...]:
    each = counts.get("each")
    return (each, each) if each is not None else tuple(n for key, n in counts.items() if key != "total")


def _near(x: int, y: int, ratio: float) -> bool:
    return min(x, y) >= ratio * max(x, y)


def best_counts(sayings: Sequence[Saying]) -> dict[str, int]:
    """The best known counts of the whole event; those of a part only while nobody tells the whole."""
    told = ordered(counting(sayings))
    whole = [s for s in told if s.claim.counts and not s.claim.marks & {"part", "final"}]
    told = tuple(whole) or tuple(s for s in told if s.claim.counts)
    first = vote(((key, n), s.family) for s in told for key, n in sorted(s.claim.counts.items()))
    if first is None:
        return {}
    best = dict([first])
    for key in sorted({key for s in told for key in s.claim.counts} - {first[0]}):
        # A number of another whole (a leg beside the deal's total) would make one line of two facts.
        beside = [s for s in told if key in s.claim.counts and _of_one_whole(s.claim.counts, key, best, first)]
        n = vote((s.claim.counts[key], s.family) for s in beside)
        if n is not None:
            best[key] = n
    return best


def _of_one_whole(counts: Mapping[str, int], key: str, best: Mapping[str, int], first: tuple[str, int]) -> bool:
    return counts.get(first[0]) == first[1] or agree({key: counts[key]}, best) is True


def best_place(sayings: Sequence[Saying], course: Course) -> str | None:
    """Where: by those who tell the phase in which the event stands, else by anybody."""
    told = [s for s in ordered(counting(sayings)) if s.claim.place]
    phase = PHASES.get(course.status)
    inside = [s for s in told if PHASES.get(s.claim.status) == phase] or told
    return vote((s.claim.place, s.family) for s in inside if s.claim.place)


def best_ordinal(sayings: Sequence[Saying]) -> int | None:
    """The ordinal that most newsrooms give."""
    return vote((s.claim.ordinal, s.family) for s in ordered(counting(sayings)) if s.claim.ordinal)


def best_date(sayings: Sequence[Saying], course: Course, days: Sequence[date], identity: Identity) -> Dating | None:
    """The days of an event: what reports of it say once it happened, joined with the days of its parts; else the plan;
    else the day of the first report, with basis publication."""
    if PHASES.get(course.status) != "happened":
        return course.plan
    told = [s for s in ordered(counting(sayings)) if PHASES.get(s.claim.status) == "happened"]
    firm = [s for s in told if when_of(s.claim, moment(s).date(), identity).kind == "firm"]
    voted = vote((s.claim.date, s.family) for s in firm if s.claim.date)
    weak = min((s.claim.date for s in told if s.claim.date), key=lambda d: d.start, default=None)
    best = voted or _due(course.plan, weak, identity) or weak
    if best is None or not days:
        return best
    parts = When("firm", min(days), max(days))
    whole = When("firm", best.start, best.end)
    if best.basis == "publication" or gap(whole, parts) > 1 or (parts.start >= best.start and parts.end <= best.end):
        return best
    return as_dating(When("firm", min(best.start, parts.start), max(best.end, parts.end)))


def _due(plan: Dating | None, weak: Dating | None, identity: Identity) -> Dating | None:
    """The planned days, when undated reports of the event came in or right after them."""
    if plan is None or weak is None:
        return plan if weak is None else None
    late = (weak.end - plan.end).days
    return plan if plan.start <= weak.end and late <= identity.window.days else None


def quotes_of(claim: Claim) -> tuple[Quote, ...]:
    """The evidence of a claim as alerts carry it."""
    return tuple(quote_of(e) for e in claim.evidence)


def quote_of(e: Evidence) -> Quote:
    """A span of an article as alerts carry it."""
    return Quote(e.field, e.text, e.start, e.end, e.rules)


def printed(claim: Claim) -> dict[str, str]:
    """The slots that a claim fills, as printed."""
    slots: dict[str, str] = {"status": claim.status}
    if claim.date is not None:
        days = days_words(Span(claim.date.start, claim.date.end, claim.date.basis))
        slots["date"] = days if claim.date.basis != "publication" else f"{days} (published)"
    if claim.place:
        slots["place"] = claim.place
    if claim.ordinal:
        slots["ordinal"] = str(claim.ordinal)
    if claim.counts:
        slots["counts"] = "; ".join(count_words(key, claim.counts[key]) for key in sorted(claim.counts))
    return slots


def facts_of(sayings: Sequence[Saying]) -> tuple[Fact, ...]:
    """Who says what, by publication: each newsroom once for each value of a slot."""
    seen: set[tuple[str, str, str]] = set()
    facts = []
    for saying in ordered(sayings):
        source = Source(saying.url, saying.title, saying.outlet, saying.family, saying.published, saying.seen)
        quote = quote_of(saying.claim.evidence[0]) if saying.claim.evidence else None
        for slot, value in printed(saying.claim).items():
            if (slot, value, saying.family) not in seen:
                seen.add((slot, value, saying.family))
                facts.append(Fact(slot, value, source, quote))
    return tuple(facts)
