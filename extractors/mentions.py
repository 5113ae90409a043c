"""The places of a passage that speak of an event: triggers, what cancels them, and what supports them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from extractors.lexicon import Hit
from extractors.passages import Passage

HEADS = ("names", "bare", "acts", "doing", "coming", "bound", "returns", "returning")
_VERBS: frozenset[str] = frozenset({"acts", "doing", "coming", "bound", "returns", "returning"})
_NEEDS_UNIT: frozenset[str] = frozenset({"returns", "returning", "bound"})
# Who comes home is told close by: "brought home the bodies", "200 of them are back".
_REACH = 80


@dataclass(frozen=True, slots=True)
class Head:
    """A trigger that stands for an event of `topic` in its passage. `group` is the word group that found it."""

    topic: str
    group: str
    start: int
    end: int

    @property
    def verb(self) -> bool:
        """Whether it tells a status by itself."""
        return self.group in _VERBS


@dataclass(frozen=True, slots=True)
class Refusal:
    """A trigger that a named rule refused, with its place in the field."""

    topic: str
    rule: str
    start: int
    end: int


def find_heads(
    passage: Passage, topics: Sequence[str], watch: str, named: frozenset[str]
) -> tuple[list[Head], list[Refusal]]:
    """The heads of a passage, by topic and place, and the triggers that were refused.

    `named` are the topics that the article has named in full before this passage: after "a prisoner swap" a bare
    "the exchange" needs no other support.
    """
    heads: list[Head] = []
    refusals: list[Refusal] = []
    full = {topic: passage.words(topic, "names") for topic in topics}
    for topic in topics:
        cancels = passage.words(topic, "not")
        spoilers = passage.words(topic, "spoilers")
        taken: list[Hit] = []
        for hit in sorted(passage.words(topic, *HEADS), key=lambda h: (HEADS.index(h.term.group), h.start, -h.end)):
            if any(other.start <= hit.start and hit.end <= other.end for other in taken):
                continue
            rule = _refused(passage, hit, cancels, spoilers, full, topic) or _unsupported(
                passage, hit, topic, watch, named
            )
            if rule:
                refusals.append(Refusal(topic, rule, hit.start, hit.end))
                continue
            taken.append(hit)
        heads += [Head(topic, hit.term.group, hit.start, hit.end) for hit in sorted(taken, key=lambda h: h.start)]
    return heads, refusals


def _refused(
    passage: Passage, hit: Hit, cancels: Sequence[Hit], spoilers: Sequence[Hit], full: dict[str, list[Hit]], topic: str
) -> str | None:
    """Idioms first ("exchange of fire"), then a fuller name of another kind ("exchange of bodies"), then company."""
    for cancel in cancels:
        if cancel.start < hit.end and hit.start < cancel.end and not _within(cancel, hit):
            return "idiom-of-something-else"
    for other, names in full.items():
        if other != topic and hit.term.group != "names":
            for name in names:
                if _within(hit, name):
                    return f"named-as-{other}"
    if hit.term.group == "bare":
        low, high = passage.bounds(hit.start)
        if any(low <= spoiler.start < high and not _within(spoiler, hit) for spoiler in spoilers):
            return "company-of-something-else"
    return None


def _unsupported(passage: Passage, hit: Hit, topic: str, watch: str, named: frozenset[str]) -> str | None:
    """What a trigger that does not name the event by itself must have near it."""
    group = hit.term.group
    if group == "names":
        return None
    units = passage.words(topic, "units", "strong")
    near = [unit for unit in units if abs(unit.start - hit.start) <= _REACH and not _within(unit, hit)]
    strong = [unit for unit in near if unit.term.group == "strong"]
    if group in ("acts", "doing", "coming"):
        if strong or near or topic in named or _sides(passage, watch) or _people(passage, watch):
            return None
        return "verb-without-a-side"
    if group in _NEEDS_UNIT:
        counted = [unit for unit in near if any(_numbered(passage, unit))]
        if strong or (near and topic in named) or (counted and _people(passage, watch)):
            return None
        if topic in named and _people(passage, watch):
            return None
        return "return-of-whom"
    if strong or near or topic in named or passage.words(topic, "names"):
        return None
    if len(_sides(passage, watch)) >= 2:
        return None
    return "bare-word-without-support"


def _numbered(passage: Passage, unit: Hit) -> Iterator[bool]:
    before = passage.folded[max(passage.start, unit.start - 24) : unit.start]
    yield any(char.isdigit() for char in before)


def _sides(passage: Passage, watch: str) -> set[str]:
    return {side_of(hit) for hit in passage.names(watch, "party", "people", "body", "person")} - {""}


def _people(passage: Passage, watch: str) -> list[Hit]:
    return passage.names(watch, "people", "party", "place")


def side_of(hit: Hit) -> str:
    """The party that a name speaks for; empty for places and others."""
    name = hit.term.name
    if name is None or name.kind in ("place", "other"):
        return ""
    return name.english if name.kind == "party" else name.of or ""


def _within(inner: Hit, outer: Hit) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and outer.end - outer.start > inner.end - inner.start
