"""How a number is written: digits with separators and suffixes, words of one or several parts, "1 тыс.", "6 bin 60"."""

import re
from typing import NamedTuple

from extractors.languages import Language

# A blank, comma or stop before exactly three digits separates thousands in all four languages: news texts have no
# decimal fractions of three places.
_DIGITS = re.compile(r"\d{1,3}(?:(?P<s>[ ,.'])\d{3}(?!\d))(?:(?P=s)\d{3}(?!\d))*|\d+")
_FRACTION = re.compile(r"[.,](?P<f>\d{1,2})(?![\d])(?![.,/]\d)")
_HYPHEN_OR_BLANK = re.compile(r"\s*-\s*|\s+")
_TENS = (20, 30, 40, 50, 60, 70, 80, 90)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
MAX_DIGITS = 12  # a longer run of digits is an identifier, not a number of people


class Numeral(NamedTuple):
    """`folded[start:end]` writes `value`; `each`: a distributive (157'şer); `fraction`: its decimals are left out."""

    start: int
    end: int
    value: int
    ordinal: bool = False
    each: bool = False
    fraction: bool = False


class Numerals:
    """The compiled expressions of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        p = language.pattern
        self.ordinal_digits = re.compile(p("ordinal_digits"))
        self.ordinal_stop = re.compile(rf"\.\s+(?:{p('ordinal_noun')})")
        self.each_digits = re.compile(p("each_digits"))
        self.several = re.compile(rf"\b(?:{p('several')})\s+\Z")
        self.several_any = re.compile(rf"\b(?:{p('several_any')})\s+\Z")
        self.joint = re.compile(rf"\s+(?:{p('number_and')})\s+")
        self.magnitude = re.compile(
            r"\s?(?P<w>" + "|".join(sorted(language.multipliers, key=lambda w: (-len(w), w))) + r")\b\.?"
        )
        self.lone = re.compile(p("lone"))
        self.lone_led = re.compile(p("lone_led"))
        self.lone_lead = re.compile(rf"\b(?:{p('lone_lead')})\s+\Z")
        self.hundred = re.compile(p("hundred"))
        self.rest = re.compile(rf"{p('thousand_rest')}(?P<n>\d{{1,3}})(?![\d:])(?![.,/]\d)(?!\s*(?:-|%))")

    def read(self, folded: str, at: int, limit: int) -> Numeral | None:
        """The number that begins at `at` and ends by `limit`, or None."""
        if folded[at : at + 1].isdecimal():
            return self._read_digits(folded, at, limit)
        return self._read_words(folded, at, limit)

    def _read_digits(self, folded: str, at: int, limit: int) -> Numeral | None:
        match = _DIGITS.match(folded, at, limit)
        if match is None or match.end() - at > MAX_DIGITS + 4:
            return None
        end, value = match.end(), value_of(match.group())
        if tail := self.ordinal_digits.match(folded, end, limit):
            return Numeral(at, tail.end(), value, ordinal=True)
        if self.ordinal_stop.match(folded, end):
            return Numeral(at, end + 1, value, ordinal=True)
        if tail := self.each_digits.match(folded, end, limit):
            return Numeral(at, tail.end(), value, each=True)
        fraction = _FRACTION.match(folded, end) if match["s"] is None else None
        stop = fraction.end() if fraction else end
        if magnitude := self.magnitude.match(folded, stop, limit):
            size = self.language.multipliers[magnitude["w"]]
            if fraction:
                value = value * size + int(fraction["f"]) * size // 10 ** len(fraction["f"])
            else:
                value *= size
            if rest := self._rest(folded, magnitude.end(), limit, size):
                return Numeral(at, rest.end(), value + int(rest["n"]))
            close = magnitude.end() - (magnitude.group().endswith(".") and not folded[magnitude.end() :][:2].strip())
            return Numeral(at, close, value)
        return Numeral(at, stop, value, fraction=fraction is not None)

    def _rest(self, folded: str, at: int, limit: int, size: int) -> re.Match[str] | None:
        # Turkish news write "6 bin 60" and "bin 212" where others write 6,060 and 1,212
        return self.rest.match(folded, at, limit) if size == 1000 else None

    def _read_words(self, folded: str, at: int, limit: int) -> Numeral | None:
        """One number of several words: each next word must be smaller than the one before, up to a multiplier."""
        language = self.language
        total = current = 0
        smallest = 10**9
        start, position, end, count = at, at, at, 0
        alone = ""
        while match := _WORD.match(folded, position, limit):
            word = match.group()
            each = word not in language.cardinals and language.distributives.get(word)
            if each:
                large = (each >= 100 and 0 < current < 10) or (each == 1000 and current)
                value = total + (current * each if large else current + each)
                return Numeral(start, match.end(), value, each=True) if large or each < smallest else None
            if word in language.multipliers and (size := language.multipliers[word]):
                if not count and not self._lone(folded, start, word):
                    return None
                if size == 100:
                    current = (current or 1) * 100
                    smallest = 100
                else:
                    total, current, smallest = total + (current or 1) * size, 0, size
            elif 1 < current < 10 and self.hundred.fullmatch(word):  # Turkish: "iki yüz" is two hundred
                current, smallest = current * 100, 100
            elif (value := language.cardinals.get(word, 0)) and value < smallest:
                current += value
                round_ten = value in _TENS or (value == 10 and language.joining_ten)
                smallest = 10 if round_ten else 1 if value < 20 else 100
            elif (value := language.ordinals.get(word, 0)) and value < smallest:
                return Numeral(start, match.end(), total + current + value, ordinal=True)
            else:
                break
            alone = word if not count else ""
            count += 1
            end = match.end()
            gap = self.joint.match(folded, end) if smallest >= 100 else None
            gap = gap or _HYPHEN_OR_BLANK.match(folded, end)
            if gap is None or ("-" in gap.group() and gap.group() != "-"):
                break
            position = gap.end()
        value = total + current
        if not count or value == 0:
            return None
        if total and not current and (rest := self._rest(folded, end, limit, 1000)):
            return Numeral(start, rest.end(), value + int(rest["n"]))
        if value == 1 or self._several(folded, start, alone):
            return None
        return Numeral(start, end, value)

    def _lone(self, folded: str, start: int, word: str) -> bool:
        """May a multiplier stand for a number by itself: "тысяча", "bin", "a thousand"; not "тысячи", "thousands"?"""
        if self.lone_led.fullmatch(word):
            return self.lone_lead.search(folded, max(0, start - 12), start) is not None
        return self.lone.fullmatch(word) is not None

    def _several(self, folded: str, start: int, alone: str) -> bool:
        expression = self.several if alone in self.language.multipliers else self.several_any
        return bool(alone) and expression.search(folded, max(0, start - 16), start) is not None


def value_of(digits: str) -> int:
    """The value of a run of digits and separators."""
    return int(re.sub(r"[^0-9]", "", _plain(digits)) or 0)


def _plain(digits: str) -> str:
    # other scripts' digits are digits to `re`; only their value matters
    return digits if digits.isascii() else "".join(str(int(c)) if c.isdecimal() else c for c in digits)
