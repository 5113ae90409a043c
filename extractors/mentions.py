"""The places of a passage that speak of an event: triggers, what cancels them, and what supports them."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from extractors.lexicon import Hit
from extractors.numbers import FoundNumber
from extractors.passages import Passage
from extractors.refusals import NAMED_AS, SAID_OF, SOMETHING_ELSE
from extractors.topicwords import NOT

# In the order in which overlapping finds are preferred: a verb or a deal says more than the noun inside it.
HEADS = (
    "acts",
    "deeds",
    "scenes",
    "doing",
    "coming",
    "bound",
    "deals",
    "wished",
    "names",
    "bare",
    "returns",
    "returning",
    "met",
    "meet",
)
_ORDER = {group: rank for rank, group in enumerate(HEADS)}
_VERBS: frozenset[str] = frozenset(
    {"acts", "deeds", "scenes", "doing", "coming", "bound", "returns", "returning", "met", "meet", "wished", "deals"}
)
_PLAIN: frozenset[str] = frozenset({"acts", "returns", "deeds", "scenes", "met"})
_FINITE = ("acts", "deeds", "scenes", "doing", "coming", "bound", "deals")
_MEETING: frozenset[str] = frozenset({"met", "meet"})
FINITE: frozenset[str] = frozenset(
    {"acts", "deeds", "scenes", "doing", "coming", "returns", "returning", "met", "meet"}
)
"""Groups of verbs that state something by themselves."""
_TALKING: frozenset[str] = frozenset({"deeds", "scenes"}) | _MEETING
_NEEDS_UNIT: frozenset[str] = frozenset({"returns", "returning", "bound"}) | _MEETING
# Who comes home is told close by: "brought home the bodies", "200 of them are back".
_REACH = 80
_CLOSE = 40
_COUNT_REACH = 28
_MANY = 10
_LISTED = 3
_NEXT_WORD = re.compile(r"\s+([^\W\d_]+)")
_SHORT = 3  # letters: a preposition or a conjunction, hardly a noun


class Head(NamedTuple):
    """A trigger that stands for an event of `topic` in its passage. `group` is the word group that found it."""

    topic: str
    group: str
    start: int
    end: int

    @property
    def verb(self) -> bool:
        """Whether it tells a status by itself."""
        return self.group in _VERBS


class Refusal(NamedTuple):
    """A trigger that a named rule refused, with its place in the field."""

    topic: str
    rule: str
    start: int
    end: int


def find_heads(
    passage: Passage,
    topics: Sequence[str],
    named: frozenset[str],
    numbers: Sequence[FoundNumber],
    around: Sequence[Passage] = (),
    countable: frozenset[str] = frozenset(),
) -> tuple[list[Head], list[Refusal]]:
    """The heads of a passage, by topic and place, and the triggers that were refused.

    `named` are the topics that the article has named in full before this passage: after "a prisoner swap" a
    bare "the exchange" needs no other support. `around` are the title and the sentences beside this one, which
    say what a bare word is about: "Two days in Geneva", and then "the talks ended an hour early". `countable`
    are the topics that have units to count.
    """
    heads: list[Head] = []
    refusals: list[Refusal] = []
    present = passage.topics()
    own = [topic for topic in topics if topic in present]
    full = {topic: names for topic in own if (names := passage.words(topic, "names"))}
    for topic in own:
        held = passage.table.words[topic]
        cancels = _cancels(passage, topic)
        # "Statements are expected soon" holds no trigger, and a reader still asks why it is no event
        units = passage.words(topic, "units", "strong") if cancels else []
        refusals += [
            Refusal(topic, _why(hit), hit.start, hit.end)
            for hit in cancels
            if hit.term.group != "not" and not any(hit.start < u.end and u.start < hit.end for u in units)
        ]
        if held.keys().isdisjoint(HEADS):
            continue
        spoilers = passage.words(topic, "spoilers")
        # "обмін* полонен*" also spans "обміняються полоненими": the verb says more
        verbs = {hit.start for hit in passage.words(topic, *_FINITE)}
        deals = passage.words(topic, "deals")
        governed = passage.words(topic, "bound", "coming", "returning", "meet")
        taken: list[Hit] = []
        for hit in sorted(passage.words(topic, *HEADS), key=lambda h: (_ORDER[h.term.group], h.start, -h.end)):
            if any(other.start <= hit.start and hit.end <= other.end for other in taken):
                continue
            if hit.term.group == "names" and hit.start in verbs:
                continue
            # "to exchange 1,000 prisoners", "to be freed": the plain form inside is no past tense
            if hit.term.group in _PLAIN and any(
                v.start <= hit.start < v.end and hit.end - hit.start < v.end - v.start for v in governed
            ):
                continue
            if hit.term.group == "bound" and any(d.start <= hit.start and hit.end <= d.end for d in deals):
                continue
            if hit.term.group in ("names", "bare") and any(d.start < hit.end and hit.start < d.end for d in deals):
                continue
            rule = _refused(passage, hit, cancels, spoilers, full, topic) or _unsupported(
                passage, hit, topic, named, numbers, around, countable
            )
            if rule:
                refusals.append(Refusal(topic, rule, hit.start, hit.end))
                continue
            taken.append(hit)
        heads += [Head(topic, hit.term.group, hit.start, hit.end) for hit in sorted(taken, key=lambda h: h.start)]
    return heads, refusals


def _refused(
    passage: Passage,
    hit: Hit,
    cancels: Sequence[Hit],
    spoilers: Sequence[Hit],
    full: Mapping[str, Sequence[Hit]],
    topic: str,
) -> str | None:
    """Idioms first ("exchange of fire"), then a fuller name of another kind ("exchange of bodies"), then company."""
    for cancel in cancels if hit.term.group != "wished" else ():
        if cancel.start < hit.end and hit.start < cancel.end and not _within(cancel, hit):
            return _why(cancel)
    if hit.term.group in _TALKING:
        clause = passage.clause(hit.start)
        aside = [c for c in cancels if _why(c) in SOMETHING_ELSE and passage.clause(c.start) == clause]
        if aside:
            return _why(aside[0])  # "negotiators finished a round of talks on tariffs": the verb is of that round
    for other, names in full.items():
        if other != topic:
            for name in names:
                if _within(hit, name):
                    return f"{NAMED_AS}{other}"
    if hit.term.group == "bare":
        low, high = passage.bounds(hit.start)
        if any(low <= spoiler.start < high and not _within(spoiler, hit) for spoiler in spoilers):
            return "bare-word-in-other-company"
    return None


def _cancels(passage: Passage, topic: str) -> Sequence[Hit]:
    groups = [group for group in passage.table.words[topic] if group == "not" or group.startswith(NOT)]
    return passage.words(topic, *groups) if groups else ()


def _why(cancel: Hit) -> str:
    """The rule that refuses what a cancelling phrase covers: its own reason, when the topic's words give one."""
    return cancel.term.group.removeprefix(NOT) if cancel.term.group != "not" else "idiom-of-something-else"


def _unsupported(
    passage: Passage,
    hit: Hit,
    topic: str,
    named: frozenset[str],
    numbers: Sequence[FoundNumber],
    around: Sequence[Passage],
    countable: frozenset[str],
) -> str | None:
    """What a trigger that does not name the event by itself must have near it."""
    group = hit.term.group
    if group in ("names", "wished", "deals"):
        return None
    clause = passage.clause(hit.start)
    near = [
        unit
        for unit in passage.words(topic, "units", "strong")
        if (
            abs(unit.start - hit.start) <= _CLOSE
            or (abs(unit.start - hit.start) <= _REACH and passage.clause(unit.start) == clause)
        )
    ]
    strong = [unit for unit in near if unit.term.group == "strong"]
    if group in _VERBS:
        # who comes home tells the kind: "brought home the bodies" is no return of prisoners
        rivals = [
            (abs(other.start - hit.start), other.term.topic)
            for other in passage.hits
            if other.term.sort == "word"
            and other.term.group == "strong"
            and other.term.topic != topic
            and abs(other.start - hit.start) <= _REACH
        ]
        if rivals and min(rivals)[0] < min((abs(unit.start - hit.start) for unit in strong), default=999):
            return f"{SAID_OF}{min(rivals)[1]}"
    if group in ("deeds", "scenes"):
        return None if near or topic in named or _sides(passage) else "verb-without-a-side"
    if group in ("acts", "doing", "coming") and topic not in countable and not near and _of_outsiders(passage, hit):
        return "meeting-of-other-parties"
    if group in ("acts", "doing", "coming"):
        return None if near or topic in named else "verb-without-its-object"
    pair = any(n.kind == "pair" and abs(n.start - hit.start) <= _CLOSE for n in numbers)
    if group in _NEEDS_UNIT:
        # "100 Ukrainians are back" tells of the kind that the article has named
        elsewhere = [
            other for other in passage.hits
            if other.term.sort == "word" and other.term.group in ("units", "strong") and other.term.topic != topic
            and abs(other.start - hit.start) <= _CLOSE
        ]  # fmt: skip
        # a demonym tells the kind only where no kind has it for its own
        people = [*near, *(passage.names("people") if topic in named and not elsewhere else ())]
        counted = any(_counted(passage, person, numbers) for person in people)
        if strong or (counted and (topic in named or _sides(passage))) or (near and topic in named):
            return None
        if topic in named and any(_alone(passage, n, hit) for n in numbers):
            return None
        # what stands around must tell of this kind alone
        torn = any(each.words(other, "strong") for other in countable - {topic} for each in around)
        if group not in _MEETING and (near or counted) and not (elsewhere or torn) and is_set(around, topic, countable):
            return None
        both = len(_sides(passage, "party", "people", "body")) >= 2 or bool(passage.cues("sides"))
        if (
            group in _MEETING
            and both
            and not _of_outsiders(passage, hit)
            and (passage.names("place") or is_set(around, topic, countable))
        ):
            return None  # "Russians and Ukrainians met in Geneva", "the two sides sat down"
        return "meeting-of-other-parties" if group in _MEETING else "return-of-others"
    if not near and _of_people(passage):
        return "meeting-of-other-parties"
    if near or topic in named or passage.names("place") or len(_sides(passage)) >= 2:
        return None
    if pair:
        return None
    if _sides(passage) and _numbered(passage, topic, numbers):
        return None  # "the meeting, counted by Kyiv as the fifth round"
    general = any(word.start <= hit.start and hit.end <= word.end for word in passage.words(topic, "general"))
    if is_set(around, topic, countable) and (not general or any(each.words(topic, "strong") for each in around)):
        return None
    return "bare-word-alone"


def is_set(around: Sequence[Passage], topic: str, countable: frozenset[str]) -> bool:
    """Whether what stands around says whose event and which a bare word is: both sides, or a place and a side.

    A title that names others alone is above another story.

    What people come home by needs the people as well: "exchange" is also of currency, and of views.
    """
    sides = {side_of(hit) for passage in around for hit in passage.names(*_SPEAKERS)} - {""}
    above = [hit for passage in around if passage.zone == "title" for hit in passage.names(*_SPEAKERS, "other")]
    if any(hit.term.group == "other" for hit in above) and not any(side_of(hit) for hit in above):
        return False
    placed = any(passage.names("place") for passage in around)
    if not (len(sides) >= 2 or (placed and sides)):
        return False
    return topic not in countable or any(passage.words(topic, "strong") for passage in around)


def _alone(passage: Passage, number: FoundNumber, verb: Hit) -> bool:
    """Whether a large number stands beside a verb without a noun of its own: "1,200 returned", not "20,000 shells"."""
    if number.value < _MANY or number.kind == "ordinal" or abs(number.start - verb.start) > _CLOSE:
        return False
    if passage.clause(number.start) != passage.clause(verb.start):
        return False
    after = _NEXT_WORD.match(passage.folded, number.end)
    return after is None or after.start(1) == verb.start or len(after[1]) <= _SHORT


def _of_people(passage: Passage) -> bool:
    """Whether a person of one side and one of neither meet: a president and a mediator hold no round."""
    sides = {side_of(hit) for hit in passage.names("person")}
    return "" in sides and len(sides) == 2 and len(_sides(passage)) == 1


def _of_outsiders(passage: Passage, verb: Hit) -> bool:
    """Whether a verb of meeting has somebody of no side in its clause, and one side at most: a president's guest."""
    clause = passage.clause(verb.start)
    people = passage.names(*_SPEAKERS, "other")
    first = next((at for at, hit in enumerate(people) if passage.clause(hit.start) == clause), len(people))
    while first and first < len(people) and people[first].start - people[first - 1].end <= _LISTED:
        first -= 1  # "Ukrainians, Russians and Americans": the comma of a list parts no clauses
    sides = {side_of(hit) for hit in people[first:] if hit.start < verb.end or passage.clause(hit.start) == clause}
    return "" in sides and len(sides) <= 2


def _numbered(passage: Passage, topic: str, numbers: Sequence[FoundNumber]) -> bool:
    """Whether an ordinal stands right before a noun of the kind that ordinals count."""
    ordinals = [n for n in numbers if n.kind == "ordinal" and not n.role_hint]
    return any(0 <= noun.start - n.end <= 1 for noun in passage.words(topic, "counted") for n in ordinals)


def _counted(passage: Passage, unit: Hit, numbers: Sequence[FoundNumber]) -> bool:
    return any(
        0 <= unit.start - n.end <= _COUNT_REACH
        and n.kind != "ordinal"
        and passage.clause(n.start) == passage.clause(unit.start)
        for n in numbers
    )


_SPEAKERS = ("party", "people", "body", "person")


def _sides(passage: Passage, *kinds: str) -> set[str]:
    return {side_of(hit) for hit in passage.names(*(kinds or _SPEAKERS))} - {""}


def side_of(hit: Hit) -> str:
    """The party that a name speaks for; empty for places and others."""
    name = hit.term.name
    if name is None or hit.term.group in ("place", "other"):
        return ""
    return name.english if name.kind == "party" else name.of or ""


def _within(inner: Hit, outer: Hit) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and outer.end - outer.start > inner.end - inner.start
