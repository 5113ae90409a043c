"""Which claim of an article's new version stands for which of its old one, and what differs between the two.

Between outlets the likeness of words proves nothing (DESIGN §4). Between two versions of one page it does: the same
sentence with another figure in it is that sentence corrected.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

from alerts.records import PHASES, Moved
from extractors.records import Claim, Dating, Evidence
from monitor.resolve import facts
from monitor.resolve.times import COARSE

SLOTS = ("status", "date", "place", "ordinal", "counts")
LIKE = 0.6
"""The share of words, in order, from which on two sentences of one page are one sentence edited."""


def moved(old: Claim, new: Claim | None) -> tuple[Moved, ...]:
    """The slots that the two tell otherwise, as printed; none: they tell the same. Without `new`, all that was told.

    A day that only the publication gives is no fact of the text.
    """
    was, says = _printed(old), _printed(new) if new is not None else {}
    if new is not None and _same_day(old, new):
        says.pop("date", None)
        was.pop("date", None)
    found = []
    for slot in SLOTS:
        before, after = was.get(slot), says.get(slot)
        if (
            slot == "counts"
            and new is not None
            and before
            and all(new.counts.get(k) == n for k, n in old.counts.items())
        ):
            before = after if new.counts == old.counts else None  # told as before, and perhaps more
        if before != after:
            found.append(Moved(slot, before, after))
    return tuple(found)


def paired(old: Sequence[Claim], new: Sequence[Claim]) -> dict[int, int]:
    """Indices of new claims → those of the old ones that they stand for, each at most once.

    What tells the same comes first, then what is nearest: a claim that still says all may not lose its place to one
    that was corrected.
    """
    candidates = sorted(
        (bool(moved(o, n)), _conflicts(o, n), o.role != n.role, -_likeness(o, n), i, j)
        for i, n in enumerate(new)
        for j, o in enumerate(old)
        if o.kind == n.kind and (not moved(o, n) or _stands_for(o, n))
    )
    found: dict[int, int] = {}
    for *_, i, j in candidates:
        if i not in found and j not in found.values():
            found[i] = j
    return found


def sentences(old: Claim, new: Claim) -> tuple[Evidence | None, Evidence | None]:
    """The two sentences to show side by side: of those that are not in both versions, the pair that is most alike."""
    kept = {e.said for e in old.evidence} & {e.said for e in new.evidence}
    was, says = ([e for e in claim.evidence if e.said not in kept] or claim.evidence[:1] for claim in (old, new))
    pairs = [(a, b) for a in was for b in says]
    return max(pairs, key=lambda pair: _alike(*pair)) if pairs else (next(iter(was), None), next(iter(says), None))


def _stands_for(old: Claim, new: Claim) -> bool:
    """Whether a claim with other facts is the old one told otherwise, and not news of another event.

    Two slots of identity that contradict are another event: a page that is written on from round to round. One is a
    correction if the sentence is the old one. Without a contradiction the report may take the place of the preview; a
    plan takes the place of a report only where a day, a count or the sentence ties them.
    """
    conflicts = _conflicts(old, new)
    like = _likeness(old, new) >= LIKE
    if conflicts or "another" in new.marks - old.marks:
        return conflicts < 2 and like
    back = PHASES.get(old.status) == "happened" and PHASES.get(new.status) in (None, "ahead")
    return not back or like or _tied(old, new)


def _conflicts(old: Claim, new: Claim) -> int:
    was, says = _firm(old), _firm(new)
    return sum(
        (
            was is not None and says is not None and (was.end < says.start or says.end < was.start),
            bool(old.ordinal and new.ordinal and old.ordinal != new.ordinal),
            bool(old.place and new.place and old.place != new.place),
            facts.agree(old.counts, new.counts) is False,
        )
    )


def _tied(old: Claim, new: Claim) -> bool:
    same_day = _firm(old) is not None and _firm(old) == _firm(new)
    return same_day or bool(old.ordinal and old.ordinal == new.ordinal) or facts.agree(old.counts, new.counts) is True


def _firm(claim: Claim) -> Dating | None:
    date = claim.date
    return date if date is not None and date.basis != "publication" and date.precision not in COARSE else None


def _likeness(old: Claim, new: Claim) -> float:
    """How alike the two sentences are that are most alike: a headline is rewritten more often than the lead."""
    return max((_alike(a, b) for a in old.evidence for b in new.evidence), default=0.0)


def _alike(a: Evidence, b: Evidence) -> float:
    return SequenceMatcher(None, a.said.split(), b.said.split(), autojunk=False).ratio()


def _same_day(old: Claim, new: Claim) -> bool:
    """Whether both give the same day: "yesterday" in the same sentence does, though the page is dated anew."""
    if old.date is None or new.date is None or "explicit" in (old.date.basis, new.date.basis):
        return _printed(old).get("date") == _printed(new).get("date")
    if old.date.basis == new.date.basis == "publication":
        return True
    said = [claim.evidence[0].said if claim.evidence else "" for claim in (old, new)]
    return said[0] == said[1] or (old.date.start, old.date.end) == (new.date.start, new.date.end)


def _printed(claim: Claim) -> dict[str, str]:
    slots = facts.printed(claim)
    if claim.date is not None and claim.date.basis == "publication":
        del slots["date"]
    return slots
