"""One spelling for matching: `fold` keeps length, so that an offset in the folded text is an offset in the text.

`str.lower` and `str.casefold` do not keep it ('İ'.lower() and 'ß'.casefold() have two characters), and an offset
that is off by one quotes the wrong sentence in an alert.
"""

import functools
import re
import unicodedata

IGNORED = "\u00ad"
"""Padding in folded text: a soft hyphen, which is no letter, digit or space to `re`."""

# Turkish has two letters, i/İ and ı/I, other languages one; a text with English and Turkish names does not say which
# I is which. All four fold to i, in patterns as in texts, so no match is lost; the pairs this makes equal are rare.
_LETTERS = {"İ": "i", "I": "i", "ı": "i", "ё": "е", "Ё": "е"}
_QUOTES = dict.fromkeys("’‘‛ʼʹ′`´＇", "'") | dict.fromkeys("“”„‟«»″＂", '"')
_DASHES = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
_SPACES = dict.fromkeys(
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
)
_BREAKS = dict.fromkeys("\t\n\r\v\f\u0085\u2028\u2029", " ")
_ONE_FOR_ONE = tuple((_LETTERS | _QUOTES | _DASHES | _SPACES | _BREAKS).items())

_ASCII_BREAKS = {ord(char): plain for char, plain in _BREAKS.items() if char.isascii()}
_SHORT = 64

_LOOSE = "\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff"
_LOOSE_MARK = re.compile(f"[{_LOOSE}]")
_LOOSE_WORD = re.compile(rf"[\w{_LOOSE}]*[{_LOOSE}][\w{_LOOSE}]*")
# A stress mark over a Cyrillic vowel is for learners; NFC has no composed letter for it and leaves it in the word.
_STRESS = re.compile("(?<=[аеёиоуыэюяєії])[\u0300\u0301]", re.IGNORECASE)


def fold(text: str) -> str:
    """The text in lower case with one quote, one dash, one blank and one i; as long as the text.

    A word with loose marks (decomposed letters, soft hyphens, zero-width characters, stress marks) is composed, and
    `IGNORED` fills up its end: where a word begins never moves, and a match in it may end before its padding.
    """
    return _word(text) if len(text) <= _SHORT else _text(text)


def _fold(text: str) -> str:
    if text.isascii():
        return text.translate(_ASCII_BREAKS).lower()
    if _LOOSE_MARK.search(text):
        text = _LOOSE_WORD.sub(_compose, text)
    for char, plain in _ONE_FOR_ONE:
        text = text.replace(char, plain)
    return text.lower()


# Names of holidays and parties are folded again for every article; dates, numbers and terms fold the same text.
_word = functools.lru_cache(maxsize=4096)(_fold)
_text = functools.lru_cache(maxsize=4)(_fold)


def nfc(text: str) -> str:
    """Composed text without soft hyphens, zero-width characters and stress marks; its length may differ.

    For text that is being extracted from a page. A saved text is quoted by offset and stays as it was given.
    """
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFC", _STRESS.sub("", unicodedata.normalize("NFC", text)))
    return re.sub("[\u00ad\u200b-\u200d\u2060\ufeff]", "", composed)


def _compose(match: re.Match[str]) -> str:
    word = match.group()
    # "й" decomposes into и and a breve: the stress rule must see composed letters only
    return nfc(word)[: len(word)].ljust(len(word), IGNORED)
