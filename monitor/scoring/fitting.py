"""Which labelled event a claim or an alert is about, and whether the watch owes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from alerts.records import PHASES
from monitor.scoring.records import Gold, Told

# How the names of labelled events begin (labels are named for the process: `ru-ua.talks.2025-06-02.istanbul`). Owed:
# the dyad in either order, with a third at the table, or what one side does. Neighbours are rounds of one side with a
# mediator: news of the same week that nobody would blame an alert for, and nobody asked for.
OWED = ("ru-ua", "ua-ru", "us-ua-ru", "ua.", "none")
NEIGHBOURS = ("us-ua", "us-ru", "ru-us", "eu-ua")

# An event that nobody gave a name is one of the watch's own.
_UNNAMED = "none"

Standing = Literal["owed", "neighbour", "other"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is judged: the `kinds`, and by how their names begin the events that the watch owes or may tell."""

    kinds: frozenset[str]
    owed: tuple[str, ...] = OWED
    neighbours: tuple[str, ...] = NEIGHBOURS

    def standing(self, gold: Gold) -> Standing:
        """Whether telling `gold` is owed, neither owed nor blamed, or another's business."""
        name = gold.event or _UNNAMED
        if name.startswith(self.owed):
            return "owed"
        return "neighbour" if name.startswith(self.neighbours) else "other"


def points(told: Told, gold: Gold) -> int:
    """How well `told` fits `gold`: what both state counts for or against it, what one leaves open counts nothing.

    A differing ordinal weighs more than an agreeing one: it is the surest sign of another event. Of two that fit
    alike, the one that the article tells as its news is meant.
    """
    total = 1 if gold.role == "news" else 0
    if PHASES.get(told.status) == gold.phase:
        total += 2
    if told.date and gold.date:
        total += 2 if same_days(told, gold) else -2
    if told.ordinal and gold.ordinal:
        total += 2 if told.ordinal == gold.ordinal else -3
    if told.counts and gold.counts:
        total += 1 if same_counts(told, gold) else -1
    if told.place and gold.place and _stem(told.place) == _stem(gold.place):
        total += 1
    return total


def best(told: Told, among: Sequence[Gold]) -> Gold | None:
    """The event of `among` that fits best, the first of those that fit alike; None when there is none."""
    return max(among, key=lambda gold: points(told, gold), default=None)


def same_days(told: Told, gold: Gold) -> bool:
    """Whether both are dated and share a day."""
    return bool(told.date and gold.date and told.date.start <= gold.date.end and gold.date.start <= told.date.end)


def same_counts(told: Told, gold: Gold) -> bool:
    """Whether they share a figure, whatever each calls it."""
    return not set(told.counts.values()).isdisjoint(gold.counts.values())


def _stem(place: str) -> str:
    """Enough of a place to tell it from others in whatever spelling: Gomel and Gomel Region, Istanbul and İstanbul."""
    return place.lower()[:4]
