"""News or background, decided for one mention by ordered rules, each with a name."""

from datetime import date, timedelta
from typing import NamedTuple

from extractors.cues import AHEAD, HAPPENED
from extractors.focus import exact
from extractors.mentions import Head
from extractors.passages import Passage
from extractors.records import Dating, Role
from extractors.slots import Slots, compares
from extractors.status import Standing

# A held event stays news on its day and the day after; with a weekend or a slow outlet, up to three days in the lead.
_FRESH = timedelta(days=1)
_LEAD_FRESH = timedelta(days=3)
_OPENING = 30
_ATTRIBUTE_REACH = 26
_POST_REACH = 12
_THIS = 3
_FRONT = frozenset({"title", "lead"})


class RoleRead(NamedTuple):
    """The role with the rule that decided it and the marks met on the way."""

    role: Role
    rule: str
    marks: frozenset[str]


def read_role(
    passage: Passage,
    head: Head,
    standing: Standing,
    slots: Slots,
    dating: Dating | None,
    today: date | None,
    *,
    after_nth: bool = False,
) -> RoleRead:
    """The role of a mention whose status is known. `today` is the day of publication in the reader's zone, or None.
    `after_nth`: the sentence opens with what came before it, by its number ("after the second, ...").

    Order: what the date says beats what words say; words of recall beat position; position decides the rest. A frame
    ("after the talks") in the body tells only when something else happened; an assertion there may still be news.
    """
    marks = _marks(passage, head)
    happened = standing.status in HAPPENED
    front = passage.zone in _FRONT
    fresh = exact(dating, today)
    undated = dating is None or dating.precision in ("month", "year")
    if happened and undated and "verdict" in standing.rules and _on_what_is_told(passage, head, slots):
        return RoleRead("news", "verdict-on-what-is-told", marks)
    if dating is not None and today is not None and happened:
        age = today - dating.end
        if age > (_LEAD_FRESH if front else _FRESH):
            return RoleRead("background", "date-long-past", marks)
        if dating.precision in ("week", "month", "year") and (dating.end < today or not front or standing.framed):
            # "last week", "earlier this month": who reports the day's news names the day
            return RoleRead("background", "date-vague", marks)
    if dating is not None and today is not None and standing.status in AHEAD and today - dating.end > _FRESH:
        return RoleRead("background", "date-of-the-agreement-past", marks)
    if "undated-plan" in marks and standing.status in ("planned", "proposed"):
        # "No date has been set for the next round"; beside "the next round will be held soon" it is only a remark
        itself = any(passage.clause(hit.start) == passage.clause(head.start) for hit in passage.cues("undated"))
        if itself or standing.framed or standing.status == "proposed":
            return RoleRead("background", "no-date-yet", marks)
    ahead = dating is not None and dating.basis == "explicit" and fresh
    if standing.status == "planned" and not ahead and not passage.cues("said") and _was_to_be(passage, head):
        # reported speech shifts "will" back; elsewhere it tells of a plan that was
        return RoleRead("background", "future-in-the-past", marks)
    if not fresh:
        if happened and (_after_previous(passage, head) or (after_nth and not front)):
            return RoleRead("background", "after-the-previous-one", marks)
        if happened and _running_total(passage, head):
            return RoleRead("background", "running-total", marks)
        if happened and _compared_with(passage, head):
            return RoleRead("background", "since-frame", marks)
        if _recalls(passage, head):
            return RoleRead("background", "recap-cue", marks)
        if "previous" in marks and not (front and slots.ordinal is not None):
            return RoleRead("background", "previous-adjective", marks)
        past = happened or standing.status in ("postponed", "cancelled")
        if passage.cues("pluperfect") and not front and past and not _reported(passage, head):
            return RoleRead("background", "pluperfect", marks)
        if standing.framed and not front:
            return RoleRead("background", "frame-in-body", marks)
        binding = standing.status == "agreed" and not standing.framed
        if passage.zone == "tail" and not slots.counts and not binding and not _is_ahead(dating, today):
            return RoleRead("background", "tail-without-date", marks)
    if fresh:
        return RoleRead("news", "date-at-publication", marks)
    return RoleRead("news", f"told-in-{passage.zone}", marks)


def _recalls(passage: Passage, head: Head) -> bool:
    """A cue of recall opens the sentence, or stands in the head's own clause."""
    clause = passage.clause(head.start)
    return (
        any(
            hit.start - passage.start <= _OPENING or passage.clause(hit.start) == clause
            for hit in passage.cues("recap")
        )
        and passage.zone != "title"
    )


def _on_what_is_told(passage: Passage, head: Head, slots: Slots) -> bool:
    """ "It was the third swap of the year" speaks of the one that the sentence before has told."""
    reach = _THIS if slots.ordinal is None else _OPENING
    opens = any(hit.start - passage.start <= reach for hit in passage.cues("this"))
    clause = passage.clause(head.start)
    older = any(
        passage.clause(hit.start) == clause and hit.end <= head.start for hit in passage.cues("previous", "recap")
    )
    return opens and passage.index > 0 and not older


def _compared_with(passage: Passage, head: Head) -> bool:
    """ "The first since the delegations met" presupposes that they did: what "since" governs is no news."""
    return any(
        cue.end <= head.start and not any(cue.end < cut <= head.start for cut in passage.cuts)
        for cue in passage.cues("since")
    ) or any(0 <= cue.start - head.end <= _POST_REACH for cue in passage.cues("since-post"))


def _reported(passage: Passage, head: Head) -> bool:
    """ "He said that the swap had taken place" shifts the tense of a report, and recalls nothing."""
    return any(cue.end <= head.start for cue in passage.cues("said"))


def _was_to_be(passage: Passage, head: Head) -> bool:
    return any(passage.clause(cue.start) == passage.clause(head.start) for cue in passage.cues("was-to-be"))


def _after_previous(passage: Passage, head: Head) -> bool:
    """ "After the previous meeting they carried out a swap" tells of the time between that meeting and this one."""
    openers = [hit for hit in passage.cues("after") if hit.start - passage.start <= 3]
    return any(
        0 <= hit.start - opener.end <= _ATTRIBUTE_REACH and hit.end < head.start
        for opener in openers
        for hit in passage.cues("previous")
    )


def _running_total(passage: Passage, head: Head) -> bool:
    """ "Since the invasion 2,600 have been freed" sums many events up; a superlative since then compares one."""
    clause = passage.clause(head.start)
    totals = [
        hit for hit in passage.cues("whole")
        if passage.clause(hit.start) == clause or hit.start - passage.start <= _THIS
    ]  # fmt: skip
    return bool(totals) and not passage.cues("superlative")


def _marks(passage: Passage, head: Head) -> frozenset[str]:
    """Facts for resolving that stand with the head."""
    found: set[str] = set()
    for hit in passage.cues("previous", "another", "part", "final", "deal", "undated", "refuser"):
        group = hit.term.group
        clause = passage.clause(hit.start) == passage.clause(head.start)
        if group in ("previous", "another"):
            before = 0 <= head.start - hit.end <= _ATTRIBUTE_REACH and _unbroken(passage, hit.end, head.start)
            first = group == "previous" and compares(passage, hit)
            if (before or (head.start <= hit.start < head.end)) and not first:
                found.add(group)
        elif group == "undated":
            found.add("undated-plan")
        elif group == "refuser" and clause:
            found.add("refused")
        elif clause and group != "refuser":
            found.add(group)
    if "another" in found:
        found.discard("previous")
    return frozenset(found)


def _unbroken(passage: Passage, start: int, end: int) -> bool:
    between = passage.folded[start:end]
    return not any(mark in between for mark in ",;:.()") and between.strip().count(" ") <= 2


def _is_ahead(dating: Dating | None, today: date | None) -> bool:
    return dating is not None and today is not None and dating.end > today
