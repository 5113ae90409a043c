"""Numbers in a text: counts, ordinals, "each" and "x for x", and what shows that a number is no count.

The finder sees the shape of a number and the words that touch it; what is counted is the reader's business.
"""

import functools
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from extractors.dateshapes import shapes
from extractors.fold import fold
from extractors.languages import Language, get
from extractors.numerals import MAX_DIGITS, Numeral, Numerals, value_of
from extractors.tokens import Token, tokens

NumberKind = Literal["cardinal", "ordinal", "each", "pair"]
RoleHint = Literal[
    "percent", "age", "clock", "year", "date", "money", "duration", "listing", "version", "decimal", "measure", "name",
    "idiom",
]  # fmt: skip

_VERSION = re.compile(r"\d+(?:\.\d+){2,}")
_CLOCK = re.compile(r"(?P<h>\d{1,2})[:.](?P<m>\d\d)(?::\d\d)?(?!\d)(?P<tail>'[^\W\d_]+)?")
_MONEY_BEFORE = re.compile(r"(?:[$€£₴₽]|\b(?:usd|eur|uah|us\$))\s*\Z")
_UNIT_HINTS: dict[str, RoleHint] = {
    "percent": "percent", "age": "age", "duration": "duration", "money": "money", "listing": "listing",
    "measure": "measure",
}  # fmt: skip
_NAME_BEFORE = re.compile(r"(?:[^\W\d_]-?|[№#]\s?|\bno\.\s?|\[|@)\Z")


class FoundNumber(NamedTuple):
    """`text[start:end]` says `value`. `pair` is "1,000 for 1,000" and `each` "157 each": the value is that of one side.

    `role_hint` tells why the number is no count of people (a date, an age, a clock time); None when it may be one. A
    range ("24–48 hours") gives two numbers.
    """

    start: int
    end: int
    value: int
    kind: NumberKind
    role_hint: RoleHint | None = None


def find_numbers(
    text: str, language: Language, within: Sequence[tuple[int, int]] | None = None
) -> tuple[FoundNumber, ...]:
    """The numbers of a text in order of position, without overlaps. A lone "one" is none: it is an article.

    `within`: only those that begin in one of these spans, which are in order.
    """
    folded = fold(text)
    words = _words(language.code)
    dates = [(shape.start, shape.end) for shape in shapes(text, language.code) if shape.kind not in _DATELESS]
    found: list[FoundNumber] = []
    end = at = span = 0
    for token in tokens(folded, language.code):
        if token.start < end:
            continue
        if within is not None:
            while span < len(within) and within[span][1] <= token.start:
                span += 1
            if span == len(within):
                break
            if token.start < within[span][0]:
                continue
        while at < len(dates) and dates[at][1] <= token.start:
            at += 1
        if at < len(dates) and dates[at][0] <= token.start:
            if not token.word:
                found.append(FoundNumber(token.start, token.end, value_of(folded[token.start : token.end]), "cardinal",
                                         role_hint="date"))  # fmt: skip
            continue
        limit = dates[at][0] if at < len(dates) else len(folded)
        number = words.number(text, folded, token, limit)
        if number is not None:
            found.append(number)
            end = number.end
    return tuple(_ranges(found, folded, words.range_gap))


_DATELESS = ("weekday", "rhetoric", "relative")  # shapes that hold no number: "yesterday"


class _Words:
    """The compiled expressions of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.numerals = Numerals(language)
        p = language.pattern
        self.pair = re.compile(rf"{p('pair')}|\s*-\s*")
        self.each_before = re.compile(rf"(?<!\d )\b(?:{p('each_before')})\s+\Z")
        self.each_after = re.compile(p("each_after"))
        self.percent_before = re.compile(rf"(?:{p('percent_before')})\s*\Z")
        self.age_before = re.compile(rf"\b(?:{p('age_before')})\s+\Z")
        self.age_sure = re.compile(rf"\b(?:{p('age_sure')})")
        self.age_unsure = re.compile(rf"\b(?:{p('age_unsure')})\s+\Z")
        self.age_proof = re.compile(p("age_proof"))
        self.years = re.compile(rf"\s*-?\s*(?:{p('years')})")
        self.range_gap = re.compile(rf"\s*-\s*|\s+(?:{p('range')})\s+")
        self.clock_before = re.compile(rf"\b(?:{p('clock_before')})\s+\Z")
        self.idiom = re.compile(rf"(?:{p('idiom')})")
        self.clock_after = re.compile(p("clock_after"))
        self.year_after = re.compile(p("year_after"))
        # the names of the groups are role hints
        self.after = re.compile(
            rf"(?P<percent>{p('percent')})|(?P<age>{p('age_after')})|(?P<duration>{p('duration')})"
            rf"|(?P<money>{p('money')}|\s*[$€£₴₽])|(?P<listing>{p('listing')})|(?P<measure>{p('measure')})"
        )

    def number(self, text: str, folded: str, token: Token, limit: int) -> FoundNumber | None:
        if not token.word and (special := self._special(folded, token)):
            return special
        read = self.numerals.read(folded, token.start, limit)
        if read is None:
            return None
        before = folded[max(0, read.start - 24) : read.start]
        after = folded[read.end : read.end + 48]
        end = read.end + (after[:1] == "+")
        if read.ordinal:
            hint: RoleHint | None = "idiom" if self._idiom(folded, read) else None
            return FoundNumber(read.start, end, read.value, "ordinal", role_hint=hint)
        if read.each:
            return FoundNumber(read.start, end, read.value, "each")
        if (joint := self.pair.match(folded, read.end)) and read.value >= 2:
            other = self.numerals.read(folded, joint.end(), limit)
            bare = folded[read.start : read.end].isdecimal() and joint.group().strip() == "-"
            if (
                other
                and other.value == read.value
                and not (other.ordinal or other.each)
                and not (bare and read.value < 10)
            ):
                return FoundNumber(read.start, other.end, read.value, "pair")
        hint = self._hint(text, folded, read, before, after)
        if hint is None and read.fraction:
            hint = "decimal"
        each = hint is None and (self.each_before.search(before) or self.each_after.match(after))
        return FoundNumber(read.start, end, read.value, "each" if each else "cardinal", hint)

    def _special(self, folded: str, token: Token) -> FoundNumber | None:
        start, end = token.start, token.end
        if end - start > MAX_DIGITS:
            return FoundNumber(start, end, 0, "cardinal", role_hint="name")
        if version := _VERSION.match(folded, start):
            parts = version.group().split(".")
            if len(parts[0]) > 3 or any(len(part) != 3 for part in parts[1:]):
                return FoundNumber(start, version.end(), int(parts[0]), "cardinal", role_hint="version")
        clock = _CLOCK.match(folded, start)
        if clock and int(clock["h"]) < 24 and int(clock["m"]) < 60 and folded[start - 1 : start] not in (":", "-"):
            colon = folded[clock.end("h")] == ":"
            before = folded[max(0, start - 16) : start]
            if (
                colon
                or clock["tail"]
                or self.clock_after.match(folded, clock.end())
                or self.clock_before.search(before)
            ):
                return FoundNumber(start, clock.end(), int(clock["h"]), "cardinal", role_hint="clock")
        return None

    def _idiom(self, folded: str, read: Numeral) -> bool:
        return any(
            match.start() <= read.start < match.end()
            for match in self.idiom.finditer(folded, max(0, read.start - 16), read.end + 24)
        )

    def _hint(self, text: str, folded: str, read: Numeral, before: str, after: str) -> RoleHint | None:
        digits = folded[read.start : read.end]
        if self.percent_before.search(before):
            return "percent"
        if 1900 <= read.value <= 2100 and self.year_after.match(after):
            return "year"
        if unit := self.after.match(after):
            if unit.lastgroup == "duration" and self.years.match(after) and self.age_before.search(before):
                return "age"
            return _UNIT_HINTS[unit.lastgroup or ""]
        if _MONEY_BEFORE.search(before):
            return "money"
        if read.value <= 24 and (self.clock_after.match(after) or self.clock_before.search(before)):
            return "clock"
        if digits.isdecimal() and _NAME_BEFORE.search(before):
            return "name"
        if digits.isdecimal() and len(digits) == 4 and 1900 <= read.value <= 2050 and read.value % 1000:
            return "year"
        at_line_head = not text[: read.start].rpartition("\n")[2].strip()
        if digits.isdecimal() and read.value < 100 and after[:2] in (". ", ") ") and at_line_head:
            return "listing"
        if 14 <= read.value <= 70 and self.age_before.search(before) and self._age(before, after):
            return "age"
        return None

    def _age(self, before: str, after: str) -> bool:
        """ "under 25", "aged 18" without a noun after it; "до 25 пленных" and "under 25 prisoners" are counts."""
        if self.age_sure.search(before) or not self.age_unsure.search(before):
            return True
        return self.age_proof.match(after) is not None


@functools.cache
def _words(code: str) -> _Words:
    return _Words(get(code))


def _ranges(found: list[FoundNumber], folded: str, range_gap: re.Pattern[str]) -> list[FoundNumber]:
    """The first number of a range has the role of the second: "24–48 hours", "from 18 to 25 years", "15-20 %"."""
    result = list(found)
    for index in range(len(result) - 2, -1, -1):
        one, other = result[index], result[index + 1]
        gap = folded[one.end : other.start]
        if one.role_hint == "age" and other.role_hint is None and other.kind == "cardinal" and range_gap.fullmatch(gap):
            result[index + 1] = other._replace(role_hint="age")
        if one.role_hint or one.kind != "cardinal" or other.role_hint in (None, "date", "name", "listing", "idiom"):
            continue
        if len(gap) <= 8 and range_gap.fullmatch(gap) and not (other.role_hint == "year" and one.value < 1900):
            result[index] = one._replace(role_hint=other.role_hint)
    return result
