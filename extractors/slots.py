"""What a passage says of a head: ordinal, date, place, counts and parties, each bound as near as it can be."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from extractors.counts import counts_of, furthers
from extractors.cues import AHEAD, HAPPENED
from extractors.dates import FoundDate
from extractors.languages import get
from extractors.lexicon import Hit
from extractors.mentions import Head, side_of
from extractors.numbers import FoundNumber
from extractors.passages import Passage
from extractors.records import Names
from extractors.status import Standing, relative_clause

# "the second round", "58'inci esir takası": an ordinal belongs to the noun that it stands before, or at most one
# attribute away; "third contact with the second round" must not swap them.
_ORDINAL_REACH = 24
_DATE_REACH = 140
# "since the invasion in 2022": a bare year dates no event of this kind
_MUTE_SHAPES = frozenset({"dateline", "rhetoric", "year"})
_SAYS_REACH = 40
_SINCE_REACH = 50
_PREPOSITION = 8
_PLAN_REACH = 45
_OF_THE_VERB = 4
_CLAUSE = 40
_NEARER = 15
_PARTICIPLE = 50
_ATTRIBUTES = 40
_FUNCTION_WORDS = 2
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Slots:
    """Slots of one head. `date` is as found; the status decides which Wednesday it is. `began` is the day of a clause
    aside that says when it began. `further`: of another lot."""

    ordinal: int | None = None
    date: FoundDate | None = None
    place: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    parties: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    further: bool = False
    began: FoundDate | None = None


def bind(
    passage: Passage, head: Head, heads: Sequence[Head], numbers: Sequence[FoundNumber], dates: Sequence[FoundDate],
    names: Names, standing: Standing, countable: frozenset[str], today: date | None,
) -> Slots:  # fmt: skip
    """The slots of a head in its passage; what stands nearer to another head of any kind is that one's.

    `countable` are the kinds that have units to count: a round of talks takes no number of prisoners.
    """
    foreign = [other for other in heads if other.topic != head.topic]
    counts = counts_of(passage, head, numbers, names) if head.topic in countable else {}
    return Slots(
        _ordinal(passage, head, numbers, compared=head.topic in countable),
        _date(passage, head, heads, dates, standing, today),
        _place(passage, head, foreign, standing, countable, dates),
        counts,
        _parties(passage),
        _sources(passage),
        bool(counts) and furthers(passage, numbers),
        _began(passage, head, dates, standing),
    )


def _ordinal(passage: Passage, head: Head, numbers: Sequence[FoundNumber], *, compared: bool) -> int | None:
    """The number of a head in its series. `compared`: "the first exchange since they met" compares, counts nothing."""
    counted = passage.words(head.topic, "counted")
    beside = 0
    for number in numbers:
        if number.kind != "ordinal" or number.role_hint:
            continue
        for noun in counted:
            apart = noun.start - number.end
            joined = head.start <= noun.start < head.end or abs(noun.start - head.start) <= _ORDINAL_REACH
            if 0 <= apart <= _ORDINAL_REACH and _attributes_only(passage, number.end, noun.start):
                if joined:
                    return None if compared and compares(passage, noun) else number.value
                beside += 1
    if any(hit.start - passage.start <= _PREPOSITION for hit in passage.cues("this")) and not beside:
        # "this exchange, by our count, is the 74th": the number that follows is its own
        after = [n for n in numbers if n.kind == "ordinal" and not n.role_hint and n.start >= head.end]
        near = [n for n in after[:1] if n.start - head.end <= _DATE_REACH and not _with_a_noun(passage, n)]
        if near and any(head.start <= noun.start < head.end for noun in counted):
            return near[0].value
    for number in numbers:
        # "the second round followed the first direct talks": a count that has begun in the sentence goes on in it
        if beside and number.kind == "ordinal" and 0 <= head.start - number.end <= _ORDINAL_REACH // 2:
            return number.value
    return None


def _with_a_noun(passage: Passage, number: FoundNumber) -> bool:
    """Whether an ordinal stands before a noun that takes it away: a day, a stage, another count."""
    return any(0 <= hit.start - number.end <= 2 for hit in passage.hits)


def compares(passage: Passage, noun: Hit) -> bool:
    """Whether "since" and its like make the ordinal or superlative of a noun a comparison."""
    behind = [cue for cue in passage.cues("since") if 0 <= cue.start - noun.end <= _SINCE_REACH]
    before = [cue for cue in passage.cues("since-post") if 0 <= noun.start - cue.end <= _ORDINAL_REACH]
    return bool(behind or before)


def _attributes_only(passage: Passage, start: int, end: int) -> bool:
    between = passage.folded[start:end]
    if any(start <= cue.start < end for cue in passage.cues("portion")):
        return False  # "the second day of the exchange" is its day
    return not any(mark in between for mark in ",;:.()") and between.strip().count(" ") <= 1


def _date(
    passage: Passage,
    head: Head,
    heads: Sequence[Head],
    dates: Sequence[FoundDate],
    standing: Standing,
    today: date | None,
) -> FoundDate | None:
    """The day nearest to the head, or to the predicate that tells of it: what stands with the verb dates the event."""
    best: FoundDate | None = None
    least = _DATE_REACH
    rivals = [other for other in heads if other != head and other.topic == head.topic]
    told = [found for found in dates if found.shape not in _MUTE_SHAPES and _is_of(passage, head, heads, found)]
    old = old_plan(passage, told)
    aside = _aside(passage, head, standing)
    counted = max((cue.start for cue in passage.cues("since") if cue.end <= head.start), default=-1)
    told = [found for found in told if found.end > counted]  # "it is a year today since they met"
    if standing.status in HAPPENED:
        # "the exchange agreed in June was carried out": that is the day of the agreement
        agreed = passage.cues("agreed", "agreed-after", "deal")
        told = [found for found in told if not any(0 <= found.start - cue.end <= _PREPOSITION for cue in agreed)]
        # Turkish puts the participle behind its day: "haziranda kararlaştırılan takas"
        before = passage.cues("deal")
        told = [found for found in told if not any(0 <= cue.start - found.end <= 1 for cue in before)]
    for found in _of_its_time([found for found in told if found not in old] or told, standing, today):
        if aside and aside[0] <= found.start < aside[1]:
            continue
        apart = _from(passage, found, head)
        if standing.cue and not standing.framed and passage.clause(found.start) == passage.clause(standing.cue[0]):
            apart = min(apart, max(0, found.start - standing.cue[1], standing.cue[0] - found.end) + _OF_THE_VERB)
        if apart < least and not any(_from(passage, found, rival) < apart - _NEARER for rival in rivals):
            best, least = found, apart
    return best


def _of_its_time(dates: Sequence[FoundDate], standing: Standing, today: date | None) -> Sequence[FoundDate]:
    """Days to come for what is ahead, days that were for what has happened, where the sentence names both.

    "The round of the talks begun last month will be held next Wednesday" will not be last month.
    """
    if today is None or standing.status is None:
        return dates
    if standing.status in AHEAD:
        own = [found for found in dates if found.dating and found.dating.end >= today and found.shape != "weekday"]
    elif standing.status in HAPPENED:
        own = [found for found in dates if found.dating and found.dating.start <= today]
    else:
        return dates
    return own or dates


def _is_of(passage: Passage, head: Head, heads: Sequence[Head], found: FoundDate) -> bool:
    """Whether a day may be a head's: what stands with a participle is the day of the noun that it is of."""
    return not _of_what_follows(passage, head, heads, found) and not _of_what_precedes(passage, head, found)


def _of_what_follows(passage: Passage, head: Head, heads: Sequence[Head], found: FoundDate) -> bool:
    """Turkish puts the clause before its noun: "takas, yarın yapacağı zirveden önce gerçekleşti" is not of tomorrow.

    And "dün yapılan görüşmelerin ardından" dates the talks. A verb of saying behind makes it no attribute.
    """
    participle = _expression(passage.language.code, "participle", r"\b(?:{})(?=\s\w)")
    after = participle.search(passage.folded, found.end, found.end + _PARTICIPLE)
    if after is None or any(mark in passage.folded[found.end : after.start()] for mark in ",;:.()"):
        return False
    if head.start < after.end() and after.start() < head.end:
        return False
    if any(hit.start <= after.start() < hit.end for hit in passage.cues("idle")):
        return False  # "çarşamba günü yaptığı açıklamada": the day of the word is that of the deed, if it has no other
    if any(cue.start == after.end() + 1 for cue in passage.cues("said", "held", "agreed-after", "possible")):
        return False
    behind = min((other for other in heads if other.start >= after.end()), key=_start, default=None)
    return behind != head or head.start - after.end() > _ATTRIBUTES


def _of_what_precedes(passage: Passage, head: Head, found: FoundDate) -> bool:
    """ "Talks about six people seized on March 9", "шести человек, захваченных 9 марта": of the noun right before it.

    A participle that stands before the head is the head's.
    """
    start = with_a_participle(passage, found)
    if start is None or head.start >= start:
        return False
    between = passage.folded[head.end : start]
    for hit in reversed(passage.names()):
        if head.end <= hit.start and hit.end <= start:  # "the round between Russia and Ukraine, set for June 12"
            between = between[: hit.start - head.end] + between[hit.end - head.end :]
    return len(_WORD.findall(between)) > _FUNCTION_WORDS


def with_a_participle(passage: Passage, found: FoundDate) -> int | None:
    """Where the participle begins that a day stands behind, as an offset of the field."""
    participle = _expression(passage.language.code, "participle_before", r"\b(?:{})(?:\s\w+){{0,3}}?\s\Z")
    before = participle.search(passage.folded, max(passage.start, found.start - _PARTICIPLE), found.start)
    # prisoners are participles by their form in Russian and Ukrainian
    if before is None or any(h.start <= before.start() < h.end for h in passage.hits if h.term.sort == "word"):
        return None
    return before.start()


@functools.cache
def _expression(language: str, name: str, frame: str) -> re.Pattern[str]:
    return re.compile(frame.format(get(language).pattern(name)))


def _start(head: Head) -> int:
    return head.start


def _from(passage: Passage, found: FoundDate, head: Head) -> int:
    """How far a day stands from a head; a clause between counts as much as a phrase of seven words."""
    apart = _apart(found.start, found.end, head)
    return apart if passage.clause(found.start) == passage.clause(head.start) else apart + _CLAUSE


def _aside(passage: Passage, head: Head, standing: Standing) -> tuple[int, int] | None:
    """The relative clause right behind a head whose predicate stands outside it: "the swap, which began on Friday, is
    over" is of another day."""
    cue = relative_clause(passage, head)
    if cue is None:
        return None
    low, high = passage.bounds(cue.start)
    says = any(low <= hit.start < high for hit in passage.cues("held", "future", "postponed", "cancelled"))
    return (low, high) if standing.cue is not None and not low <= standing.cue[0] < high and not says else None


def _began(passage: Passage, head: Head, dates: Sequence[FoundDate], standing: Standing) -> FoundDate | None:
    aside = _aside(passage, head, standing)
    if aside is None or not any(aside[0] <= hit.start < aside[1] for hit in passage.cues("begun")):
        return None
    told = (found for found in dates if found.shape not in _MUTE_SHAPES and aside[0] <= found.start < aside[1])
    return next(told, None)


def old_plan(passage: Passage, dates: Sequence[FoundDate]) -> list[FoundDate]:
    """The days of a plan that is told as past: "which were to begin on Tuesday will be held on February 10"."""
    plans = passage.cues("was-to-be")
    return [
        found
        for found in dates
        if any(0 <= found.start - plan.end <= _PLAN_REACH and _one_clause(passage, plan, found) for plan in plans)
    ]


def _one_clause(passage: Passage, plan: Hit, found: FoundDate) -> bool:
    said = (hit.start for hit in passage.cues("future", "postponed", "cancelled"))
    return not any(plan.end < place <= found.start for place in (*passage.cuts, *said))


def _apart(start: int, end: int, head: Head) -> int:
    return max(0, start - head.end, head.start - end)


def _place(
    passage: Passage,
    head: Head,
    foreign: Sequence[Head],
    standing: Standing,
    countable: frozenset[str],
    dates: Sequence[FoundDate],
) -> str | None:
    """The nearest place that is not nearer to an event of another kind: talks in Istanbul agree on a swap elsewhere.

    What is exchanged goes home elsewhere than where that was agreed: "under the Istanbul deal" places no exchange, and
    one that is only agreed has a place where the text says that it takes place there. Where the report was written
    ("DUBAI, May 15 -") is the place only if no other is named.
    """
    best: Hit | None = None
    named = passage.names("place")
    written = [found for found in dates if found.shape == "dateline"]
    told = [hit for hit in named if not any(0 <= found.start - hit.end <= _PREPOSITION for found in written)]
    for hit in told or named:
        if any(_apart(hit.start, hit.end, other) < _apart(hit.start, hit.end, head) for other in foreign):
            continue
        if head.topic in countable and (
            _in_comparison(passage, head, hit)
            or _of_the_deal(passage, hit, countable)
            or (standing.status == "agreed" and not _takes_place(passage, hit))
        ):
            continue
        if best is None or _apart(hit.start, hit.end, head) < _apart(best.start, best.end, head):
            best = hit
    if best is None or best.term.name is None:
        return None
    return best.term.name.of or best.term.name.english


def _in_comparison(passage: Passage, head: Head, place: Hit) -> bool:
    """ "The first exchange since they met in Istanbul" says where they met."""
    return any(head.end <= cue.start and cue.end <= place.start for cue in passage.cues("since")) or any(
        place.end <= cue.start and cue.end <= head.start for cue in passage.cues("since-post")
    )


def _of_the_deal(passage: Passage, place: Hit, countable: frozenset[str]) -> bool:
    """ "The Istanbul agreements", "agreed in Istanbul", "достигнутыми в Стамбуле", "İstanbul'da varılan anlaşma"."""
    for cue in passage.cues("deal", "agreed", "agreed-after"):
        if _right_behind(passage, place, cue) or -_PREPOSITION <= cue.end - place.start <= 0:
            return True
    return any(
        hit.term.sort == "word"
        and hit.term.topic not in countable
        and (
            _right_behind(passage, place, hit)
            or hit.start <= place.start < hit.end
            or (hit.term.group.startswith("not-") and 0 <= place.start - hit.end <= _PREPOSITION)
        )
        for hit in passage.hits
    )


def _right_behind(passage: Passage, place: Hit, hit: Hit) -> bool:
    """Whether nothing but a blank, or the place's own case ending ("İstanbul'da varılan"), stands between."""
    between = passage.folded[place.end : max(place.end, hit.start)]
    return hit.start > place.end and (len(between) <= 2 or (between[0] in "'’" and " " not in between[:-1]))


def _takes_place(passage: Passage, place: Hit) -> bool:
    return any(0 <= place.start - cue.end <= _SINCE_REACH for cue in passage.cues("held", "future", "begun"))


def _parties(passage: Passage) -> tuple[str, ...]:
    hits = passage.names("party", "people", "body", "person")
    return tuple(sorted({side for hit in hits if (side := side_of(hit))}))


def _sources(passage: Passage) -> tuple[str, ...]:
    """Who says so: the name nearest to each verb of saying, people and bodies before the parties they speak for."""
    speakers = passage.names("person", "body", "party")
    out: set[str] = set()
    for cue in passage.cues("said"):
        near = [
            (hit.term.group == "party", max(hit.start - cue.end, cue.start - hit.end), hit.start, hit)
            for hit in speakers
            if -1 <= max(hit.start - cue.end, cue.start - hit.end) <= _SAYS_REACH
        ]
        if near and (name := min(near, key=lambda row: row[:3])[3].term.name):
            out.add(name.english)
    return tuple(sorted(out))
