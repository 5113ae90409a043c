"""Whether one claim and one event can be the same thing: named vetoes against, named fits for.

Vetoes beat fits; a slot that one of them leaves empty is a wildcard (DESIGN §4). A claim needs a binding fit to join: a
shared day, an ordinal, a window that still runs, a plan that waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.records import PHASES
from monitor.records import Event, Identity
from monitor.resolve.facts import agree
from monitor.resolve.pair import Pair
from monitor.resolve.plans import ahead_of_past, both_ahead, plan_met
from monitor.resolve.times import Reading
from monitor.resolve.windows import both_happened

# How much each fit counts when several events fit. A shared day beats an ordinal, since sources disagree on ordinals.
WEIGHTS = {
    "same-date": 12,
    "next-part": 9,
    "same-ordinal": 8,
    "whole-of-parts": 14,
    "near-date": 6,
    "within-window": 4,
    "plan-moved": 4,
    "plan-waits": 3,
    "same-counts": 3,
    "carries-out": 1,
    "plan-met": 1,
    "same-place": 1,
}
BINDING = frozenset(WEIGHTS) - {"same-counts", "same-place"}
# A veto of time: news may not join for it, but what is background anyway is about the latest past event.
SOFT = frozenset({"window-passed", "already-over", "deal-apart"})


@dataclass(frozen=True, slots=True)
class Match:
    """How a claim stands to one event. `part`: it tells a further day of it."""

    event: Event
    fits: tuple[str, ...]
    vetoes: tuple[str, ...]

    @property
    def joins(self) -> bool:
        return not self.vetoes and bool(BINDING & set(self.fits))

    @property
    def score(self) -> int:
        """What is known to have happened comes before a plan that merely waits, however alike plan and report are."""
        waiting = {"carries-out", "plan-met"} & set(self.fits)
        return sum(WEIGHTS[fit] for fit in self.fits if not waiting or fit not in ("same-counts", "same-place"))


def weigh(reading: Reading, event: Event, known: Sequence[Event], identity: Identity, series: str | None) -> Match:
    """Compare one claim with one event of its kind. `known` are all events, `series` that of the claim's ordinal."""
    claim = reading.claim
    pair = Pair(reading, event, known, identity, agree(claim.counts, event.counts))
    if _parties_differ(claim.parties, event.parties):
        pair.vetoes.append("parties-differ")
    if pair.counts:
        pair.fits.append("same-counts")
    if claim.place and claim.place == event.place:
        pair.fits.append("same-place")
    _compare_ordinals(pair, series)
    over = PHASES.get(event.status) == "happened"
    if reading.phase == "happened":
        (both_happened if over else plan_met)(pair)
    else:
        (ahead_of_past if over else both_ahead)(pair)
    if "same-date" in pair.fits and not reading.when.coarse and "ordinals-differ" in pair.vetoes:
        pair.vetoes.remove("ordinals-differ")
    return Match(event, tuple(pair.fits), tuple(pair.vetoes))


def _parties_differ(a: Sequence[str], b: Sequence[str]) -> bool:
    """One set inside the other is a short report of the same parties; anything else is another process."""
    return bool(a) and bool(b) and not (set(a) <= set(b) or set(b) <= set(a))


def _compare_ordinals(pair: Pair, series: str | None) -> None:
    ordinal, own = pair.reading.claim.ordinal, pair.event.ordinal
    if series is None or ordinal is None or own is None or pair.event.series != series:
        return
    if ordinal == own:
        pair.fits.append("same-ordinal")
        pair.same_ordinal = True
    # "58th" of the war and "tenth" of the year are told of one exchange: within a year only neighbours are two events.
    elif pair.identity.ordinals == "series" or abs(ordinal - own) <= 2:
        pair.vetoes.append("ordinals-differ")
