"""When news of one article is background to what is already known (DESIGN §4). Never the other way round."""

from collections.abc import Sequence
from datetime import timedelta

from alerts.records import PHASES
from monitor.records import Event, Identity
from monitor.resolve.keys import Match
from monitor.resolve.times import Reading

# A text that dates its event weeks before its own publication recalls it, whatever its wording: no newsroom of the
# labelled news reported an exchange or a round later than four days after it.
LONG_PAST = timedelta(days=7)


def demotions_of(
    reading: Reading, known: Sequence[Event], series: str | None, identity: Identity, matches: Sequence[Match]
) -> tuple[str, ...]:
    """The rules by which news of one article is background to what is known; never the other way round."""
    if not reading.news or reading.phase != "happened":
        return ()
    said, when = reading.said, reading.when
    if when.kind == "firm":
        past = said is not None and said - when.end > identity.window + LONG_PAST
        return ("long-past",) if past else ()
    past_ones = [m for m in matches if "window-passed" in m.vetoes and PHASES.get(m.event.status) == "happened"]
    if past_ones and "previous" in reading.claim.marks and "another" not in reading.claim.marks:
        return ("says-previous",)
    if any(m.joins for m in matches):
        return ()
    ordinal = reading.claim.ordinal
    run = [e for e in known if series is not None and e.series == series and _was_news(e)]
    counted = identity.ordinals == "series" and ordinal is not None
    if counted and any(_after(e, ordinal) for e in run):
        return ("older-ordinal",)
    if any("same-ordinal" in m.fits for m in past_ones):
        return ("window-passed",)
    if when.kind == "weak":
        return ()
    if past_ones and "another" not in reading.claim.marks and not _new_ordinal(ordinal, run):
        return ("window-passed",)
    return ("no-date-at-all",) if said is None else ()


def _was_news(event: Event) -> bool:
    """It happened and was told as such: the ordinal of a mere recall is too weak to demote news."""
    return any(s.claim.role == "news" and PHASES.get(s.claim.status) == "happened" for s in event.sayings)


def _after(event: Event, ordinal: int | None) -> bool:
    return ordinal is not None and event.ordinal is not None and event.ordinal > ordinal


def _new_ordinal(ordinal: int | None, run: Sequence[Event]) -> bool:
    return ordinal is not None and all(e.ordinal != ordinal for e in run)
