"""What sort of text an article is, as far as that tells whose news it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from extractors.passages import Passage

_SPEECH = 12
"""Sentences: of a shorter text a quotation may be the larger part."""


_HEADLINE = 24
"""Characters: what sort of text it is stands in front ("Morning digest: ..."); behind, it may be where it was found."""


_SPORT = 3
"""Different words: a prisoner who comes home may have been a footballer of one club."""

_QUESTIONS = 3
_SPEECH_DASHES = frozenset("-–—―")

_FRONT = 3
"""Passages, of which the title is the first."""


@dataclass(frozen=True, slots=True)
class Genre:
    """What the roles of all mentions of an article depend on.

    `digest`: it sums up what was told; `press`: by other newspapers.
    `anniversary`: it looks back; `interview`: somebody tells what he lived through.
    `address`: a side's own word to its people. `conversation`: people spoke,
    by telephone mostly. `beside`: the kinds of which the title says something that is no event;
    `upheld`: those of which the front says that they were not called off.
    """

    digest: bool = False
    press: bool = False
    anniversary: bool = False
    interview: bool = False
    address: bool = False
    conversation: bool = False
    beside: frozenset[str] = frozenset()
    upheld: frozenset[str] = frozenset()


def _opening(passages: Sequence[Passage]) -> Passage | None:
    return next((passage for passage in passages if not passage.noise), None)


def is_a_digest(passages: Sequence[Passage], *groups: str) -> bool:
    """Whether the title, or the first sentence where there is none, says that what follows was told elsewhere."""
    first = _opening(passages)
    return first is not None and any(hit.start - first.start <= _HEADLINE for hit in first.cues(*groups))


def is_an_interview(passages: Sequence[Passage]) -> bool:
    """Whether the title, or the first sentence where there is none, says that somebody tells of himself, or the text is
    of questions and answers."""
    first = _opening(passages)
    asked = sum(
        each.text[each.start] in _SPEECH_DASHES and each.text[each.start : each.end].endswith("?") for each in passages
    )
    return (first is not None and bool(first.cues("interview"))) or asked >= _QUESTIONS


def is_an_address(passages: Sequence[Passage]) -> bool:
    """Whether the text is told in the first person, as a side's own word to its people."""
    own = [passage for passage in passages if not passage.noise and passage.field == "text"]
    return len(own) >= _SPEECH and sum(bool(passage.cues("we")) for passage in own) * 3 >= len(own)


def is_of_a_conversation(passages: Sequence[Passage]) -> bool:
    """Whether the title, or the first sentence where there is none, tells that people spoke, not the sides' envoys."""
    first = _opening(passages)
    if first is None or not (cues := first.cues("talk")):
        return False
    return not any(hit.start < cues[0].start for hit in first.names("party", "people", "body"))


def is_of_sport(passages: Sequence[Passage]) -> bool:
    """Whether players are exchanged, and clubs talk: its words are many and begin with the title or the first lines."""
    own = [passage for passage in passages if not passage.noise]
    told = {passage.folded[hit.start : hit.end] for passage in own for hit in passage.cues("sport")}
    return len(told) >= _SPORT and any(passage.cues("sport") for passage in own[:_FRONT])
