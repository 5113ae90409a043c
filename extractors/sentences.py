"""Where sentences begin and end: a regular expression for the candidates, the language's abbreviations against them.

Measured against libraries on texts with hard abbreviations (m., г., тис., Prof.), a plain expression is the fastest
and with some forty abbreviations a language the most exact.
"""

import functools
import re
from dataclasses import dataclass

from extractors.languages import NOTHING, Language, get

_CLOSERS = "\"'”’»)\\]›“"
# A candidate: closing punctuation, its quotes and brackets, then a blank. A quote that opens the next sentence is
# after the blank. Line breaks are handled as paragraphs before.
_END = re.compile(rf"[.!?…]+[{_CLOSERS}]*(?=\s)")
_LINE = re.compile(r"[^\n\r\u2028\u2029]+")
# what stands before a full stop: letters, digits, inner stops and hyphens ("т.е", "a.m", "г-н", "17.05.2025")
_LAST_WORD = re.compile(r"[\w.'’-]*\Z")
_NEXT = re.compile(r"\s+[\"'“„«»(\[‘—–-]*\s*(?P<next>\S)")
_LINE_NUMBER = re.compile(r"\s*\d{1,2}\Z")
_INITIALS = re.compile(r"(?:[^\W\d_]{1,2}\.-?)*[^\W\d_]{1,2}\Z")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text[start:end]`, without blanks around it; `paragraph` counts lines with text, `index` sentences, from 0."""

    start: int
    end: int
    paragraph: int
    index: int


def split(text: str, language: Language) -> tuple[Sentence, ...]:
    """The sentences of a text in order; together they hold every character that is not blank. A line break ends one.

    Closing quotes and brackets belong to their sentence. "…" and "!" before a lower-case letter end none: that is
    speech within a sentence.
    """
    found: list[Sentence] = []
    paragraph = 0
    for line in _LINE.finditer(text):
        begin = line.start()
        size = len(found)
        for end in _ends_in(text, line, language):
            _add(found, text, begin, end, paragraph)
            begin = end
        _add(found, text, begin, line.end(), paragraph)
        paragraph += len(found) > size
    return tuple(found)


def _add(found: list[Sentence], text: str, start: int, end: int, paragraph: int) -> None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    if start < end:
        found.append(Sentence(start, end, paragraph, len(found)))


def _ends_in(text: str, line: re.Match[str], language: Language) -> list[int]:
    found = [
        match.end()
        for match in _END.finditer(text, line.start(), line.end())
        if _ends(text, match, line.start(), line.end(), language)
    ]
    lost = [match.start() for match in _lost(language.code).finditer(text, line.start(), line.end())]
    return sorted({*found, *lost}) if lost else found


def _ends(text: str, match: re.Match[str], begin: int, end: int, language: Language) -> bool:
    following = _NEXT.match(text, match.end(), end)
    if following is None:
        return True
    after = following["next"]
    if after.islower():
        return False
    if match.group()[0] != "." or match.group().startswith("..") or match.group()[-1] != ".":
        return True
    before = text[max(begin, match.start() - 24) : match.start()]
    found = _LAST_WORD.search(before)
    word = found.group() if found else ""
    if not word:
        return True
    lowered = word.lower()
    if word.isdigit():
        # "2. tur" and "1. First point": an ordinal or a list number; a sentence that ends in a short number is rare
        # in Turkish before a name, so there the stop belongs to the number
        at_line_start = _LINE_NUMBER.fullmatch(text[begin : match.start()]) is not None
        return not (at_line_start or _of_number(language.code).fullmatch(word))
    if lowered in language.units:
        return after.isupper()
    if lowered in language.abbreviations:
        return False
    # initials: "J. D. Vance", "В.В. Путин"; one letter that is no word by itself at the end of a sentence
    return not (_INITIALS.fullmatch(word) and word[0].isupper() and len(word.rsplit(".", 1)[-1]) == 1)


@functools.cache
def _lost(language: str) -> re.Pattern[str]:
    """A full stop lost in copying: a function word with a capital amid small letters begins a sentence.

    Before a capital it may be part of a name ("The Hague").
    """
    words = get(language).patterns.get("lost_stop", NOTHING)
    return re.compile(rf"\s(?<=[a-z]{{2}}\s)(?:{words})\s(?=[a-z])")


@functools.cache
def _of_number(language: str) -> re.Pattern[str]:
    """The numbers whose full stop belongs to them wherever they stand: "2. tur"."""
    return re.compile(get(language).pattern("stop_of_number"))
