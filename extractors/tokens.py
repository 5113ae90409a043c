"""The places in a text where a date or a number may begin: one pass over the words for both.

A regular expression that tries every word of a language at every place costs ten times as much as a look in a table.
"""

import functools
import re
from typing import NamedTuple

from extractors.languages import Language, get

_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:'(?=[^\W\d_])[^\W\d_]+)?")
_HEAD = re.compile(r"[^\W\d_]+")


class Token(NamedTuple):
    """A run of digits (`word` is then empty), or a word of the language's tables, in folded text."""

    start: int
    end: int
    word: str


@functools.lru_cache(maxsize=8)
def tokens(folded: str, code: str) -> tuple[Token, ...]:
    """The digits and the telling words of a folded text, in order."""
    telling = _telling(code)
    found = []
    for match in _TOKEN.finditer(folded):
        word = match.group()
        if word in telling:
            found.append(Token(match.start(), match.end(), word))
        elif word[0].isdecimal():
            found.append(Token(match.start(), match.end(), ""))
        elif "'" in word and (head := _HEAD.match(word)) and head.group() in telling:
            # a Turkish suffix or an English possessive; a Ukrainian apostrophe is part of the word and found above
            found.append(Token(match.start(), match.start() + head.end(), head.group()))
    return tuple(found)


@functools.cache
def _telling(code: str) -> frozenset[str]:
    language: Language = get(code)
    lone = [*language.months, *language.weekdays, *language.cardinals, *language.ordinals, *language.multipliers]
    first = [phrase.split()[0].split("'")[0] for phrase in language.relative]
    return frozenset([*lone, *language.distributives, *first, *language.pattern("date_words").split()])
