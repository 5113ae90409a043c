"""The places in a text where a date or a number may begin: one pass over the words for both.

A regular expression that tries every word of a language at every place costs ten times as much as an automaton.
"""

import functools
import re
from typing import NamedTuple

import ahocorasick_rs

from extractors.languages import Language, get

_DIGITS = re.compile(r"\d+")


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
    words, automaton = _telling(code)
    found = [Token(match.start(), match.end(), "") for match in _DIGITS.finditer(folded)]
    for index, start, end in automaton.find_matches_as_indexes(folded, overlapping=True):
        if not (folded[start - 1 : start].isalpha() or folded[end : end + 1].isalpha()):
            found.append(Token(start, end, words[index]))
    found.sort()
    return tuple(found)


@functools.cache
def _telling(code: str) -> tuple[list[str], ahocorasick_rs.AhoCorasick]:
    language: Language = get(code)
    # a lone "one" is an article in all four languages: it begins no number
    cardinals = [word for word, value in language.cardinals.items() if value != 1]
    lone = [*language.months, *language.weekdays, *cardinals, *language.ordinals, *language.multipliers]
    first = [phrase.split()[0].split("'")[0] for phrase in language.relative]
    words = sorted({*lone, *language.distributives, *first, *language.pattern("date_words").split()})
    return words, ahocorasick_rs.AhoCorasick(words, implementation=ahocorasick_rs.Implementation.ContiguousNFA)
