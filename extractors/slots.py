"""What a passage says of a head: ordinal, date, place, counts and parties, each bound as near as it can be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from extractors.dates import FoundDate
from extractors.lexicon import Hit
from extractors.mentions import Head, side_of
from extractors.numbers import FoundNumber
from extractors.passages import Passage
from extractors.records import Names

# "the second round", "58'inci esir takası": an ordinal belongs to the noun that it stands before, or at most one
# attribute away; "third contact with the second round" must not swap them.
_ORDINAL_REACH = 24
_UNIT_REACH = 36
_DATE_REACH = 140
# "since the invasion in 2022": a bare year dates no event of this kind
_MUTE_SHAPES = frozenset({"dateline", "rhetoric", "year"})
_SMALL = 2
_MANY = 10
_SAYS_REACH = 40
_OF = 5  # "bodies of 6,000", "полонених – 205"


@dataclass(frozen=True, slots=True)
class Slots:
    """Slots of one head. `date` is as found; the status decides which Wednesday it is."""

    ordinal: int | None = None
    date: FoundDate | None = None
    place: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    parties: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def bind(
    passage: Passage, head: Head, heads: Sequence[Head], numbers: Sequence[FoundNumber], dates: Sequence[FoundDate],
    names: Names,
) -> Slots:  # fmt: skip
    """The slots of a head in its passage; what stands nearer to another head of any kind is that one's."""
    rivals = [other for other in heads if other != head and other.topic == head.topic]
    foreign = [other for other in heads if other.topic != head.topic]
    counts = _counts(passage, head, numbers, names)
    return Slots(
        _ordinal(passage, head, numbers),
        _date(passage, head, rivals, dates),
        _place(passage, head, foreign, names.watch),
        counts,
        _parties(passage, names.watch),
        _sources(passage, names.watch),
    )


def follow_on(passage: Passage, numbers: Sequence[FoundNumber]) -> int | None:
    """A number per side in a sentence that names no event: "at least 1,000 on each side" speaks of the one before."""
    each = passage.cues("each")
    for number in numbers:
        if number.role_hint or number.kind == "ordinal" or number.value < _MANY:
            continue
        if number.kind == "each" or any(0 <= cue.start - number.end <= _UNIT_REACH for cue in each):
            return number.value
    return None


def _ordinal(passage: Passage, head: Head, numbers: Sequence[FoundNumber]) -> int | None:
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
                    return number.value
                beside += 1
    for number in numbers:
        # "the second round followed the first direct talks": a count that has begun in the sentence goes on in it
        if beside and number.kind == "ordinal" and 0 <= head.start - number.end <= _ORDINAL_REACH // 2:
            return number.value
    return None


def _attributes_only(passage: Passage, start: int, end: int) -> bool:
    between = passage.folded[start:end]
    return not any(mark in between for mark in ",;:.()") and between.strip().count(" ") <= 1


def _date(passage: Passage, head: Head, rivals: Sequence[Head], dates: Sequence[FoundDate]) -> FoundDate | None:
    best: FoundDate | None = None
    least = _DATE_REACH
    for found in dates:
        if found.shape in _MUTE_SHAPES:
            continue
        apart = _apart(found.start, found.end, head)
        if passage.clause(found.start) != passage.clause(head.start):
            apart += 40
        if apart < least and not any(_apart(found.start, found.end, rival) < apart - 15 for rival in rivals):
            best, least = found, apart
    return best


def _apart(start: int, end: int, head: Head) -> int:
    return max(0, start - head.end, head.start - end)


def _place(passage: Passage, head: Head, foreign: Sequence[Head], watch: str) -> str | None:
    """The nearest place that is not nearer to an event of another kind: talks in Istanbul agree on a swap elsewhere."""
    best: Hit | None = None
    for hit in passage.names(watch, "place"):
        if any(_apart(hit.start, hit.end, other) < _apart(hit.start, hit.end, head) for other in foreign):
            continue
        if best is None or _apart(hit.start, hit.end, head) < _apart(best.start, best.end, head):
            best = hit
    if best is None or best.term.name is None:
        return None
    return best.term.name.of or best.term.name.english


def _parties(passage: Passage, watch: str) -> tuple[str, ...]:
    hits = passage.names(watch, "party", "people", "body", "person")
    return tuple(sorted({side for hit in hits if (side := side_of(hit))}))


def _sources(passage: Passage, watch: str) -> tuple[str, ...]:
    """Who says so: the name nearest to each verb of saying, people and bodies before the parties they speak for."""
    speakers = passage.names(watch, "person", "body", "party")
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


def _counts(passage: Passage, head: Head, numbers: Sequence[FoundNumber], names: Names) -> dict[str, int]:
    """Numbers bound to units of the kind; ages, lists, running totals and shares are not counts of the event."""
    units = passage.words(head.topic, "units", "strong")
    people = passage.names(names.watch, "people")
    each = passage.cues("each")
    whole = passage.cues("whole")
    out: dict[str, int] = {}
    for number in numbers:
        if number.role_hint or number.kind == "ordinal" or number.value < _SMALL:
            continue
        if number.kind in ("pair", "each"):
            if number.value >= 5:
                out.setdefault("each", number.value)
            continue
        low, high = passage.bounds(number.start)
        if any(low - 1 <= cue.start < high for cue in whole):
            continue
        if _of_another(passage, head, number):
            continue
        unit = _unit_of(number, [*units, *people], passage)
        if unit is None and not _return_verb(passage, head, number):
            continue
        if any(low <= cue.start < high + 1 and abs(cue.start - number.end) <= 60 for cue in each):
            out.setdefault("each", number.value)
            continue
        key = _direction(passage, number, names)
        out.setdefault(key, number.value)
    return out


def _unit_of(number: FoundNumber, units: Sequence[Hit], passage: Passage) -> Hit | None:
    best: Hit | None = None
    for unit in units:
        apart = unit.start - number.end
        if 0 <= apart <= _UNIT_REACH and not any(mark in passage.folded[number.end : unit.start] for mark in ",;:.("):
            if best is None or unit.start < best.start:
                best = unit
        elif 0 <= number.start - unit.end <= _OF and best is None:
            best = unit
    return best


def _of_another(passage: Passage, head: Head, number: FoundNumber) -> bool:
    """ "The bodies of 6,000 soldiers" counts bodies: the unit that governs the number decides the kind."""
    return any(
        hit.term.sort == "word"
        and hit.term.group == "strong"
        and hit.term.topic != head.topic
        and (0 <= number.start - hit.end <= _OF or 0 <= hit.start - number.end <= _OF)
        for hit in passage.hits
    )


def _return_verb(passage: Passage, head: Head, number: FoundNumber) -> bool:
    """A bare number right beside a verb of return counts too ("1,200 returned"), unless it is small."""
    if number.value < _MANY:
        return False
    for verb in passage.words(head.topic, "returns", "acts", "returning", "coming"):
        if 0 <= verb.start - number.end <= 12 or 0 <= number.start - verb.end <= 14:
            return True
    return False


def _direction(passage: Passage, number: FoundNumber, names: Names) -> str:
    """`A->B`: whose people go home. People go to their own side; else the giver or the receiver tells."""
    if len(names.parties) != 2:
        return "total"
    other = {names.parties[0]: names.parties[1], names.parties[1]: names.parties[0]}
    nation = [
        hit for hit in passage.names(names.watch, "people")
        if hit.start >= number.start - 2 and hit.start - number.end <= _UNIT_REACH
    ]  # fmt: skip
    for hit in nation:
        home = side_of(hit)
        if home in other:
            return f"{other[home]}->{home}"
    actors = [hit for hit in passage.names(names.watch, "party", "body", "person") if hit.end <= number.start]
    verbs = [hit for hit in passage.cues("gives", "gets") if hit.end <= number.start]
    if actors and verbs:
        side = side_of(actors[-1])
        if side in other:
            gives = verbs[-1].term.group == "gives"
            return f"{side}->{other[side]}" if gives else f"{other[side]}->{side}"
    return "total"
