"""Roles seen from the whole article: what it is about, and which sentences go on telling the past."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from extractors.cues import HAPPENED
from extractors.genre import Genre
from extractors.passages import Passage
from extractors.records import Dating, Mention

_FRONT = frozenset({"title", "lead"})
_DAY = timedelta(days=1)
_OPENING = 45
_TOLD = HAPPENED | {"agreed"}
_OFF = frozenset({"postponed", "cancelled", "denied"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A mention with its passage. `verb`: its head is a verb; `full`: it names its kind by itself; `sides`: how many
    sides its own passage names, or both where a full name is told of by title and neighbours."""

    mention: Mention
    passage: Passage
    verb: bool
    sides: int
    full: bool = False


def settle(drafts: Sequence[Draft], today: date | None, genre: Genre) -> tuple[list[Mention], list[tuple[Draft, str]]]:
    """The mentions with their roles as the article's course corrects them, and those that stand on nothing.

    * unanchored: a bare noun in the body with no place, date, ordinal, count or both sides is talk of talks in
      general, unless the article has anchored the kind before it;
    * follows-background: in one paragraph the tense of the story goes on; after "On May 16 talks were held" an undated
      sentence tells of the same day;
    * frame-alone: "during the exchange" with nothing to tell which one;
    * frame-of-what-came-of-it: "the exchange agreed at the fourth round was carried out": what bore fruit is over;
    * in-a-frame-of-the-past: "at the previous round they agreed on a swap" tells of that day;
    * subject-is-a-conversation: the title tells of people who spoke, by telephone mostly; the
      talks they spoke of are told of without a day;
    * digest: a press review recalls what other newspapers told, a summary of the day what it does not date to it;
    * looks-back: under a title of an anniversary, or of an interview, what is not dated to these days is recalled;
    * title-on-another-matter: the title says something of the kind that is no event: what was before the day of
      publication, or has no day yet, is only the setting of that;
    * in an address, told in the first person, one who decides says what will be, wherever he says it;
    * title-dated-by-the-text: what the title tells without a day, and the text only of a day long past, is recalled;
    * whole-of-what-goes-on: "in all, 500 are to be freed" repeats the deal of which the news is a part;
    * older-in-its-series: "the second round came after the first" presupposes the first;
    * frame-of-another-subject: "it was agreed yesterday at the talks", in an article about what was agreed;
    * before-it-was-put-off: under a title of what was put off, what has happened without a day is what came before;
    * another-subject: what the article is not about, by title and lead, it only recalls, unless it dates it to the day
      of publication, or, in an article about the same process, to the day before.
    """
    kept: list[Draft] = []
    refused: list[tuple[Draft, str]] = []
    anchored: set[str] = set()
    for draft in drafts:
        wished = draft.full and draft.sides >= 1 and draft.mention.status == "proposed"
        if _anchored(draft) or wished or (genre.address and _own_word(draft)):
            anchored.add(draft.mention.kind)
        elif (
            draft.passage.zone not in _FRONT
            and draft.mention.kind not in anchored
            and not (draft.mention.role == "background" and draft.mention.date)
            and (draft.mention.status != "agreed" or "framed" in draft.mention.marks)
        ):
            refused.append((draft, "unanchored"))
            continue
        kept.append(draft)
    about = {
        draft.mention.kind
        for draft in kept
        if draft.passage.zone in _FRONT and draft.mention.role == "news" and draft.mention.status != "proposed"
    }
    about |= genre.upheld
    off = {
        draft.mention.kind
        for draft in kept
        if draft.passage.zone in _FRONT and draft.mention.role == "news" and draft.mention.status in _OFF
    }
    out: list[Mention] = []
    past: tuple[str, int] | None = None
    for draft in kept:
        mention, passage = draft.mention, draft.passage
        here = (passage.field, passage.paragraph)
        if mention.role == "background":
            if mention.date is not None:
                past = here
            out.append(mention)
            continue
        rule = None
        if mention.status != "proposed" and (genre.press or (genre.digest and not exact(mention.date, today))):
            out.append(_recalled(mention, "digest"))
            continue
        lived = genre.interview and mention.status in HAPPENED
        if (genre.anniversary or lived) and not exact(mention.date, today):
            out.append(_recalled(mention, "looks-back"))
            continue
        if mention.kind in genre.beside and not _today(mention.date, today):
            out.append(_recalled(mention, "title-on-another-matter"))
            continue
        if _dated_by_the_text(draft, kept):
            out.append(_recalled(mention, "title-dated-by-the-text"))
            continue
        if _rest_of_it(draft, kept):
            out.append(_recalled(mention, "whole-of-what-goes-on"))
            continue
        if _in_a_past_frame(draft, kept) and not exact(mention.date, today):
            out.append(_recalled(mention, "in-a-frame-of-the-past"))
            continue
        if (
            genre.conversation
            and (mention.status in _TOLD or "framed" in mention.marks)
            and passage.field == "text"
            and not (mention.status in _TOLD and _today(mention.date, today))
        ):
            out.append(_recalled(mention, "subject-is-a-conversation"))
            continue
        if _older(mention, kept) and not exact(mention.date, today):
            out.append(_recalled(mention, "older-in-its-series"))
            continue
        if _bore_fruit(draft, kept, today):
            out.append(_recalled(replace(mention, date=None), "frame-of-what-came-of-it"))
            continue
        if "framed" in mention.marks and passage.field == "text" and not _anchored(draft):
            out.append(_recalled(mention, "frame-alone"))
            continue
        if mention.kind in off and passage.zone not in _FRONT and mention.status in HAPPENED and not mention.date:
            out.append(_recalled(mention, "before-it-was-put-off"))
            continue
        if passage.zone not in _FRONT and not (exact(mention.date, today) and (about or _today(mention.date, today))):
            if genre.address and _own_word(draft):
                rule = None
            elif past == here and mention.date is None and mention.status in _TOLD:
                rule = "follows-background"
            elif mention.kind not in about and not (_weighty(draft) if about else _telling(draft, today)):
                rule = "another-subject"
        elif passage.zone not in _FRONT and "framed" in mention.marks and about and mention.kind not in about:
            rule = None if _today(mention.date, today) else "frame-of-another-subject"
        out.append(mention if rule is None else _recalled(mention, rule))
    return out, refused


def _dated_by_the_text(draft: Draft, drafts: Sequence[Draft]) -> bool:
    """Whether a title tells without a day what the text tells only of a day long past: a reportage looks back."""
    mention = draft.mention
    if draft.passage.zone != "title" or mention.date is not None or mention.status not in HAPPENED:
        return False
    told = [other for other in drafts if other.mention.kind == mention.kind and other.passage.zone != "title"]
    return (
        bool(told)
        and all(other.mention.role == "background" for other in told)
        and any(other.passage.zone == "lead" and "date-long-past" in other.mention.rules for other in told)
    )


def _rest_of_it(draft: Draft, drafts: Sequence[Draft]) -> bool:
    """Whether the body sums up, as still to come, the whole of which a part has happened."""
    ahead = draft.mention.status in ("planned", "agreed") and draft.passage.zone not in _FRONT
    own = [other.mention for other in drafts if other.mention.kind == draft.mention.kind]
    return (
        ahead
        and bool(draft.passage.cues("whole"))
        and any("part" in mention.marks for mention in own)
        and any(mention.role == "news" and mention.status in HAPPENED for mention in own)
    )


def _in_a_past_frame(draft: Draft, drafts: Sequence[Draft]) -> bool:
    """Whether the sentence opens with an event of another kind, recalled as the time of what follows."""
    return any(
        other.mention.role == "background"
        and "frame-during" in other.mention.rules
        and other.mention.kind != draft.mention.kind
        and other.passage is draft.passage
        and other.mention.trigger[0] - other.passage.start <= _OPENING
        and other.mention.trigger[1] <= draft.mention.trigger[0]
        for other in drafts
    )


def _older(mention: Mention, drafts: Sequence[Draft]) -> bool:
    if mention.ordinal is None or "framed" not in mention.marks or mention.status not in HAPPENED:
        return False
    return any(
        other.mention.kind == mention.kind
        and other.mention.role == "news"
        and other.mention.status in HAPPENED
        and (other.mention.ordinal or 0) > mention.ordinal
        for other in drafts
    )


def _bore_fruit(draft: Draft, drafts: Sequence[Draft], today: date | None) -> bool:
    """Whether the event only frames one of another kind, of which its sentence says that it has happened."""
    mention, passage = draft.mention, draft.passage
    if "framed" not in mention.marks or mention.status != "concluded":
        return False
    told = [
        other for other in drafts
        if other.passage is passage and other.mention.status in HAPPENED and other.mention.role == "news"
        and "framed" not in other.mention.marks
    ]  # fmt: skip
    if not told or any(other.mention.kind == mention.kind for other in told):
        return False
    return not exact(mention.date, today) or any(
        # the day of another clause, which says when the other event was
        other.mention.date == mention.date
        and passage.clause(other.mention.trigger[0]) != passage.clause(mention.trigger[0])
        for other in told
    )


def exact(dating: Dating | None, today: date | None) -> bool:
    """Whether a date names single days that touch the day of publication, the day before, or the time to come."""
    if dating is None or today is None or dating.basis == "publication":
        return False
    return dating.precision in ("day", "days") and dating.end >= today - _DAY


def _today(dating: Dating | None, today: date | None) -> bool:
    return dating is not None and today is not None and dating.end >= today


def _anchored(draft: Draft) -> bool:
    mention = draft.mention
    return bool(
        draft.verb
        or mention.place
        or mention.ordinal
        or mention.counts
        or draft.sides >= 2
        or (mention.date and mention.date.precision in ("day", "days", "week"))
    )


def _own_word(draft: Draft) -> bool:
    """A new event of the kind, named in full and said to come, by those whose event it is."""
    mention = draft.mention
    return draft.full and mention.status == "planned" and "another" in mention.marks and "framed" not in mention.marks


def _weighty(draft: Draft) -> bool:
    """In an article about the same process a further fact counts when it is asserted and told with its numbers, or
    when it binds both sides."""
    mention = draft.mention
    if "framed" in mention.marks:
        return False
    return bool(mention.counts) or mention.status == "agreed" or (mention.status not in HAPPENED and draft.sides >= 1)


def _telling(draft: Draft, today: date | None) -> bool:
    """Where title and lead tell of nothing, what the body asserts is the news if it binds both sides, with its numbers,
    or has its day written out."""
    mention = draft.mention
    if "framed" in mention.marks:
        return False
    written = mention.date is not None and mention.date.basis == "explicit" and exact(mention.date, today)
    both = draft.sides >= 2 or bool(draft.passage.cues("sides"))
    return (mention.status == "agreed" and both and bool(mention.counts)) or (mention.status in HAPPENED and written)


def _recalled(mention: Mention, rule: str) -> Mention:
    rules = (*mention.rules, rule)
    return replace(mention, role="background", rules=rules, evidence=replace(mention.evidence, rules=rules))
