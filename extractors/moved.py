"""Where a postponed event was moved to: the new day, told from the one that was planned."""

import functools
import re
from collections.abc import Sequence

from extractors.dates import FoundDate
from extractors.passages import Passage
from extractors.records import Dating
from extractors.status import Standing

_WRITTEN = frozenset({"day", "range", "yearless", "day-of-month", "weekday", "relative", "month"})
_REACH = 60
_LEAD = 12


def new_day(passage: Passage, standing: Standing, dates: Sequence[FoundDate]) -> FoundDate | None:
    """The day to which a postponed event was moved, or None when the sentence names none.

    The goal stands behind the verb with its preposition ("moved to 23 November", "перенесён на 23 ноября") or in its
    own case before it ("23 Kasım'a ertelendi"); the day that was planned is a participle's or the source's ("planned
    for", "from"). In "from 22 to 23 November" the end of the range is the new day.
    """
    if standing.status != "postponed":
        return None
    inside, before, behind = _expressions(passage.language.pattern("goal"), passage.language.pattern("goal_tail"))
    verbs = passage.cues("postponed")
    for found in dates:
        if found.shape not in _WRITTEN or found.dating is None:
            continue
        lead = passage.folded[max(passage.start, found.start - _LEAD) : found.start]
        end = found.end
        while end < passage.end and passage.folded[end].isalnum():
            end += 1  # "pazartesi gününe": the case ending is no part of the date
        said = passage.folded[found.start : end]
        if behind:
            near = any(0 <= verb.start - found.end <= _REACH for verb in verbs)
            if near and behind.search(said):
                return found
            continue
        if not any(-_LEAD <= found.start - verb.end <= _REACH for verb in verbs):
            continue
        if found.dating.start < found.dating.end and inside.search(said) and found.last:
            day = found.dating.end
            return found._replace(dating=Dating(day, day, found.dating.basis, "day"), first=found.last)
        if before.search(lead):
            return found
    return None


@functools.cache
def _expressions(goal: str, tail: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str] | None]:
    return (
        re.compile(rf"\s(?:{goal})\s"),
        re.compile(rf"(?:^|\s)(?:{goal})\s+(?:the\s+)?\Z"),
        re.compile(rf"(?:{tail})\Z") if tail else None,
    )
