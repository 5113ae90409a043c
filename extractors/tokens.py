"""The places in a text where a date or a number may begin: one pass over the words for both.

A regular expression that tries every word of a language at every place costs ten times as much as a look in a table.
Few of a text's words are in the tables, so the words are first taken without their places, which halves the rest.
"""

import functools
import re
from typing import NamedTuple

from extractors.languages import Language, get

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


class Token(NamedTuple):
    """A run of digits (`word` is then empty), or a word of the language's tables, in folded text."""

    start: int
    end: int
    word: str


@functools.lru_cache(maxsize=8)
def tokens(folded: str, code: str) -> tuple[Token, ...]:
    """The digits and the telling words of a folded text, in order.

    A telling word may have a tail behind an apostrophe (a Turkish suffix, an English possessive), which is left out;
    an apostrophe within a Ukrainian word belongs to it.
    """
    telling = _telling(code)
    words = set(_WORD.findall(folded))
    present = words & telling
    present.update(word.split("'", 1)[0] for word in words if "'" in word)
    found = [Token(match.start(), match.end(), "") for match in _DIGITS.finditer(folded)]
    for word in present & telling:
        size = len(word)
        at = folded.find(word)
        while at >= 0:
            end = at + size
            if not (folded[at - 1 : at].isalpha() or folded[end : end + 1].isalpha()):
                found.append(Token(at, end, word))
            at = folded.find(word, end)
    found.sort()
    return tuple(found)


@functools.cache
def _telling(code: str) -> frozenset[str]:
    language: Language = get(code)
    # a lone "one" is an article in all four languages: it begins no number
    cardinals = [word for word, value in language.cardinals.items() if value != 1]
    lone = [*language.months, *language.weekdays, *cardinals, *language.ordinals, *language.multipliers]
    first = [phrase.split()[0].split("'")[0] for phrase in language.relative]
    return frozenset([*lone, *language.distributives, *first, *language.pattern("date_words").split()])
