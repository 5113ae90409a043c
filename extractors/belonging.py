"""Whose event it is: of the watch's parties, or of somebody else whom the sentence or the article names."""

import functools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from extractors.lexicon import Hit
from extractors.mentions import Head, side_of
from extractors.passages import Passage
from extractors.records import Names

_PARTNER_REACH = 30


@dataclass(frozen=True, slots=True)
class Company:
    """Who an article is about: how often each side and each other party is named outside its noise."""

    sides: Mapping[str, int]
    others: Mapping[str, int]


def company_of(passages: Sequence[Passage]) -> Company:
    """Who the article is about, counted over its own text and its headings."""
    sides: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for passage in passages:
        if passage.noise and passage.noise != "noise-heading":
            continue
        for hit in passage.names():
            if side := side_of(hit):
                sides[side] += 1
            elif hit.term.group == "other" and hit.term.name is not None:
                others[hit.term.name.of or hit.term.name.english] += 1
    return Company(sides, others)


def why_foreign(passage: Passage, head: Head, names: Names, company: Company, countable: frozenset[str]) -> str | None:
    """Why an event is not of this watch's parties; None when it may be.

    The sentence speaks first: both sides named in it settle it. One side beside another party is the business of those
    two. Else the article tells whom it is about: both sides must occur, and no other party more often than they.
    """
    hits = passage.names()
    partners = [hit for hit in passage.cues("with") if 0 <= hit.start - head.end <= 2]
    if partners:
        joined = [
            hit for hit in hits
            if 0 <= hit.start - partners[0].end <= _PARTNER_REACH and hit.term.group != "place"
        ]  # fmt: skip
        if joined and not side_of(joined[0]):
            return "partner-of-another-process"
    sides = {side for hit in hits if (side := side_of(hit)) in names.parties}
    if _together_with_others(passage, head, hits, names):
        return "parties-of-another-process"
    if len(sides) >= min(2, len(names.parties)):
        return None
    low, high = passage.bounds(head.start)
    others = {hit.term.name.of or hit.term.name.english for hit in hits if hit.term.group == "other" and hit.term.name}
    others |= {side for hit in hits if (side := side_of(hit)) and side not in names.parties}
    if not sides and _of_other_people(passage, head):
        return "people-of-others"
    if len(others) > 1 and not sides:
        return "parties-of-another-process"
    if sides and any(_strange(hit, names) and low <= hit.start < high for hit in hits):
        return "parties-of-another-process"
    present = [company.sides.get(party, 0) for party in names.parties]
    strangers = max(company.others.values(), default=0)
    # one's own people come home also where the other side is not named; talks need both, or nobody else
    if min(present, default=0) == 0 and (not sum(present) or (strangers and head.topic not in countable)):
        return "parties-not-named"
    if strangers > sum(present):
        return "article-of-another-process"
    return None


def _together_with_others(passage: Passage, head: Head, hits: Sequence[Hit], names: Names) -> bool:
    """ "US and Ukrainian negotiators held talks on a plan with Russia": who is joined before the head holds them."""
    before = [hit for hit in hits if hit.end <= head.start and hit.term.group in ("party", "people", "other")]
    joint = _joint(passage.language.pattern("and"))
    joined = [
        (one, two)
        for one, two in pairwise(before)
        if _strange(one, names) != _strange(two, names) and joint.fullmatch(passage.folded, one.end, two.start)
    ]
    own = {side for hit in before if (side := side_of(hit)) in names.parties}
    return bool(joined) and len(own) == 1


@functools.cache
def _joint(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:'s)?\s*(?:-|,?\s*\b(?:{words})\b)\s*")


def _strange(hit: Hit, names: Names) -> bool:
    """Whether a name is that of another party, or of one who speaks for it."""
    side = side_of(hit)
    return hit.term.group == "other" or bool(side and side not in names.parties)


def _of_other_people(passage: Passage, head: Head) -> bool:
    """ "Four Armenian prisoners": the adjective right before who comes home says whose they are."""
    units = passage.words(head.topic, "units", "strong")
    others = [hit for hit in passage.names("other") if hit.term.group == "other"]
    return any(0 <= unit.start - other.end <= 1 for other in others for unit in units)


def names_a_side(passage: Passage, names: Names) -> bool:
    """Whether the sentence names a party of the watch, or somebody of it."""
    return any(side_of(hit) in names.parties for hit in passage.names())
