"""How many went home: numbers bound to the units of a kind of event, with whose they are."""

from collections.abc import Mapping, Sequence

from extractors.fold import fold
from extractors.lexicon import Hit
from extractors.mentions import Head, side_of
from extractors.numbers import FoundNumber
from extractors.passages import Passage
from extractors.records import Name, Names

_UNIT_REACH = 36
_SMALL = 2
_MANY = 10
_OF = 5  # "bodies of 6,000", "полонених – 205"
_MARKS = ",;:.("
_RECIPIENT_REACH = 60


def follow_on(passage: Passage, numbers: Sequence[FoundNumber]) -> int | None:
    """A number per side in a sentence that names no event: "at least 1,000 on each side" speaks of the one before."""
    each = passage.cues("each")
    for number in numbers:
        if number.role_hint or number.kind == "ordinal" or number.value < _MANY:
            continue
        if number.kind == "each" or any(
            0 <= cue.start - number.end <= _UNIT_REACH or 0 <= number.start - cue.end <= _UNIT_REACH for cue in each
        ):
            return number.value
    return None


def counts_of(passage: Passage, head: Head, numbers: Sequence[FoundNumber], names: Names) -> dict[str, int]:
    """Numbers bound to units of the kind; ages, lists, running totals and shares are not counts of the event."""
    if not numbers:
        return {}
    units = passage.words(head.topic, "units", "strong")
    people = passage.names("people")
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
        if unit is not None and any(number.end <= other.start < unit.start for other in numbers):
            continue  # "iki ülke biner kişiyi", "two of the 250 men"
        if any(low <= cue.start < high + 1 and abs(cue.start - number.end) <= 60 for cue in each):
            out.setdefault("each", number.value)
            continue
        key = _direction(passage, number, names)
        out.setdefault(key, number.value)
    return out


def furthers(passage: Passage, numbers: Sequence[FoundNumber]) -> bool:
    """Whether a count says that it is a further one: "another 1,200", "ще 1200 тіл", "1.200 naaş daha"."""
    another = passage.cues("another")
    behind = {cue.start for cue in passage.cues("another-post")}
    counted = [n for n in numbers if n.kind != "ordinal" and not n.role_hint and n.value >= _SMALL]
    for number in counted if another else ():
        for cue in another:
            if 0 <= number.start - cue.end <= 2:
                return True
            # Turkish puts it behind the noun that is counted
            noun = passage.folded[number.end : cue.start]
            if cue.start in behind and 0 < len(noun) <= _UNIT_REACH // 2:
                return not any(mark in noun for mark in _MARKS)
    return False


def _unit_of(number: FoundNumber, units: Sequence[Hit], passage: Passage) -> Hit | None:
    best: Hit | None = None
    for unit in units:
        apart = unit.start - number.end
        if 0 <= apart <= _UNIT_REACH and not any(mark in passage.folded[number.end : unit.start] for mark in _MARKS):
            if best is None or unit.start < best.start:
                best = unit
        elif best is None and _governs(passage, unit, number):
            best = unit
    return best


def _governs(passage: Passage, unit: Hit, number: FoundNumber) -> bool:
    """ "Bodies of 6,000", "bodies of another 1,200": the noun stands right before its number."""
    apart = number.start - unit.end
    if apart < 0:
        return False
    inside = sum(c.end - c.start + 1 for c in passage.cues("another") if unit.end <= c.start and c.end <= number.start)
    return apart - inside <= _OF


def _of_another(passage: Passage, head: Head, number: FoundNumber) -> bool:
    """ "The bodies of 6,000 soldiers" counts bodies: the unit that governs the number decides the kind."""
    return any(
        hit.term.sort == "word"
        and hit.term.group == "strong"
        and hit.term.topic != head.topic
        and (_governs(passage, hit, number) or 0 <= hit.start - number.end <= _OF)
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
    home = _nation(passage, number)
    if home in other:
        return f"{other[home]}->{home}"
    actors = [
        hit for hit in passage.names("party", "body", "person")
        if side_of(hit) in other
    ]  # fmt: skip
    verbs = [hit for hit in passage.cues("gives", "gets") if hit.end <= number.start]
    if not verbs:
        return _told_by_cases(passage, number, actors, other)
    verb = verbs[-1]
    both = {hit.term.group for hit in verbs if hit.start == verb.start} == {"gives", "gets"}
    subjects = [hit for hit in actors if hit.end <= verb.start and _plain_form(passage, hit)]
    giver = side_of(subjects[-1]) if subjects else ""
    low, high = passage.bounds(verb.start)
    objects = [
        hit for hit in actors
        if verb.end <= hit.start < max(high, number.end) and hit.start - number.end <= _RECIPIENT_REACH
        and side_of(hit) != giver and not _from(passage, hit)
    ]  # fmt: skip
    if objects and (both or verb.term.group == "gives"):
        home = side_of(objects[0])
        return f"{other[home]}->{home}"
    if giver:
        gives = verb.term.group == "gives" and not both
        return f"{giver}->{other[giver]}" if gives else f"{other[giver]}->{giver}"
    # "Україні передали 1200 тіл": nobody is named that gives, who gets stands before in an oblique case
    getters = [hit for hit in actors if low <= hit.start < verb.start and not _from(passage, hit)]
    if getters and verb.term.group == "gives":
        home = side_of(getters[-1])
        return f"{other[home]}->{home}"
    return _told_by_goal(passage, number, actors, other)


def _nation(passage: Passage, number: FoundNumber) -> str:
    """The side whose people are counted: the adjective or demonym of the noun phrase that the number opens."""
    for hit in passage.names("people"):
        if hit.start < number.start - 2 or hit.start - number.end > _UNIT_REACH:
            continue
        between = passage.folded[number.end : hit.start]
        said = any(number.end <= cue.start < hit.start for cue in passage.cues("said", "clause"))
        if not said and not any(mark in between for mark in _MARKS):
            return side_of(hit)
    return ""


def _told_by_cases(passage: Passage, number: FoundNumber, actors: Sequence[Hit], other: Mapping[str, str]) -> str:
    """Verb last: "Rusya, Ukrayna'ya 1.200 naaş teslim etti": who gives is bare, who gets stands in the dative."""
    verbs = [hit for hit in passage.cues("gives", "gets") if 0 <= hit.start - number.end <= _RECIPIENT_REACH]
    before = [hit for hit in actors if hit.end <= number.start]
    bare = {side_of(hit) for hit in before if _plain_form(passage, hit)}
    oblique = {side_of(hit) for hit in before if not _plain_form(passage, hit)}
    if not verbs or len(bare) != 1 or not oblique <= {other[side] for side in bare} or not oblique:
        return _told_by_goal(passage, number, actors, other)
    (subject,) = bare
    gives = verbs[0].term.group == "gives"
    return f"{subject}->{other[subject]}" if gives else f"{other[subject]}->{subject}"


def _told_by_goal(passage: Passage, number: FoundNumber, actors: Sequence[Hit], other: Mapping[str, str]) -> str:
    """ "1,200 bodies were returned to Ukraine": where they go is home, whoever gives them."""
    clause = passage.clause(number.start)
    goals = {
        side_of(hit)
        for hit in actors
        if passage.clause(hit.start) == clause and any(0 <= hit.start - cue.end <= 2 for cue in passage.cues("toward"))
    }
    if len(goals) != 1:
        return "total"
    (home,) = goals
    return f"{other[home]}->{home}"


def _plain_form(passage: Passage, hit: Hit) -> bool:
    """Whether a name stands as in the dictionary: a subject does, where a language has cases."""
    name = hit.term.name
    if name is None or passage.folded[hit.end : hit.end + 1] in ("'", "’"):
        return False
    return passage.folded[hit.start : hit.end] in _bases(name)


def _bases(name: Name) -> frozenset[str]:
    return frozenset(fold(base) for bases in name.forms.values() for base in bases)


def _from(passage: Passage, hit: Hit) -> bool:
    return any(0 <= hit.start - cue.end <= 2 for cue in passage.cues("from"))
