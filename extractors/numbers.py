"""Numbers in a text: counts, ordinals, "each" and "x for x", and what shows that a number is no count.

The finder sees the shape of a number and the words that touch it; what is counted is the reader's business.
"""

import functools
import re
from dataclasses import dataclass, replace
from typing import Literal

from extractors.dateshapes import shapes
from extractors.fold import fold
from extractors.languages import Language, get
from extractors.tokens import Token, tokens

NumberKind = Literal["cardinal", "ordinal", "each", "pair"]
RoleHint = Literal[
    "percent", "age", "clock", "year", "date", "money", "duration", "listing", "version", "decimal", "measure", "name",
    "idiom",
]  # fmt: skip

# A blank, comma or stop before exactly three digits separates thousands in all four languages: news texts have no
# decimal fractions of three places.
_DIGITS = re.compile(r"\d{1,3}(?:(?P<s>[ ,.'])\d{3}(?!\d))(?:(?P=s)\d{3}(?!\d))*|\d+")
_FRACTION = re.compile(r"[.,](?P<f>\d{1,2})(?![\d])(?![.,/]\d)")
_VERSION = re.compile(r"\d+(?:\.\d+){2,}")
_CLOCK = re.compile(r"(?P<h>\d{1,2})[:.](?P<m>\d\d)(?::\d\d)?(?!\d)(?P<tail>'[^\W\d_]+)?")
_RANGE = re.compile(r"\s*-\s*(?=\d)")
_MONEY_BEFORE = re.compile(r"(?:[$€£₴₽]|\b(?:usd|eur|uah|us\$))\s*\Z")
_UNIT_HINTS: dict[str, RoleHint] = {
    "percent": "percent", "age": "age", "duration": "duration", "money": "money", "listing": "listing",
    "measure": "measure",
}  # fmt: skip
_NAME_BEFORE = re.compile(r"(?:[^\W\d_]-?|[№#]\s?|\bno\.\s?|\[|@)\Z")
_LINE_HEAD = re.compile(r"\s*(?:[^\W\d_]\s)?\Z")
_HYPHEN_OR_BLANK = re.compile(r"\s*-\s*|\s+")
_TENS = (20, 30, 40, 50, 60, 70, 80, 90)
_REST = re.compile(r"\s(?P<n>\d{1,3})(?![\d:])(?![.,/]\d)(?!\s*(?:-|%))")
_MAX_DIGITS = 12  # a longer run of digits is an identifier, not a number of people


@dataclass(frozen=True, slots=True)
class FoundNumber:
    """`text[start:end]` says `value`. `pair` is "1,000 for 1,000" and `each` "157 each": the value is that of one side.

    `approximate` when the text says about, over, almost, at least, 1000+. `role_hint` tells why the number is no count
    of people (a date, an age, a clock time); None when it may be one. A range ("24–48 hours") gives two numbers.
    """

    start: int
    end: int
    value: int
    kind: NumberKind
    approximate: bool = False
    role_hint: RoleHint | None = None


def find_numbers(text: str, language: Language) -> tuple[FoundNumber, ...]:
    """The numbers of a text in order of position, without overlaps. A lone "one" is none: it is an article."""
    folded = fold(text)
    words = _words(language.code)
    dates = [(shape.start, shape.end) for shape in shapes(text, language.code) if shape.kind not in _DATELESS]
    found: list[FoundNumber] = []
    end = at = 0
    for token in tokens(folded, language.code):
        if token.start < end:
            continue
        while at < len(dates) and dates[at][1] <= token.start:
            at += 1
        if at < len(dates) and dates[at][0] <= token.start:
            if not token.word:
                found.append(FoundNumber(token.start, token.end, _value(folded[token.start : token.end]), "cardinal",
                                         role_hint="date"))  # fmt: skip
            continue
        limit = dates[at][0] if at < len(dates) else len(folded)
        number = words.number(text, folded, token, limit)
        if number is not None:
            found.append(number)
            end = number.end
    return tuple(_ranges(found, folded))


_DATELESS = ("weekday", "rhetoric", "relative")  # shapes that hold no number: "yesterday"


@dataclass(frozen=True, slots=True)
class _Read:
    start: int
    end: int
    value: int
    ordinal: bool = False
    each: bool = False
    fraction: bool = False


class _Words:
    """The compiled expressions of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        p = language.pattern
        self.ordinal_digits = re.compile(_ORDINAL_DIGITS[language.code])
        self.ordinal_stop = re.compile(rf"\.\s+(?:{p('ordinal_noun')})")
        self.each_digits = re.compile(r"'?(?:s|ş)?[ae]r\b") if language.code == "tr" else re.compile(r"(?!)")
        self.pair = re.compile(rf"{p('pair')}|\s*-\s*")
        self.each_before = re.compile(rf"(?<!\d )\b(?:{p('each_before')})\s+\Z")
        self.each_after = re.compile(p("each_after"))
        self.approximate = re.compile(rf"(?:\b(?:{p('approximate')})\s+|[~≈><]\s?)(?:(?:the|a|an)\s+)?\Z")
        self.approximate_after = re.compile(rf"\+|{p('approximate_after')}")
        self.several = re.compile(rf"\b(?:{p('several')})\s+\Z")
        self.percent_before = re.compile(rf"(?:{p('percent_before')})\s*\Z")
        self.age_before = re.compile(rf"\b(?:{p('age_before')})\s+\Z")
        self.clock_before = re.compile(rf"\b(?:{p('clock_before')})\s+\Z")
        self.idiom = re.compile(rf"(?:{p('idiom')})")
        self.clock_after = re.compile(p("clock_after"))
        self.year_after = re.compile(p("year_after"))
        # the names of the groups are role hints
        self.after = re.compile(
            rf"(?P<percent>{p('percent')})|(?P<age>{p('age_after')})|(?P<duration>{p('duration')})"
            rf"|(?P<money>{p('money')}|\s*[$€£₴₽])|(?P<listing>{p('listing')})|(?P<measure>{p('measure')})"
        )
        self.magnitude = re.compile(
            r"\s?(?P<w>" + "|".join(sorted(language.multipliers, key=lambda w: (-len(w), w))) + r")\b\.?"
        )
        self.joint = re.compile(rf"\s+(?:{p('and')})\s+" if language.code == "en" else r"(?!)")
        self.thousand_genitive = re.compile(
            r"\b(?:около|более|свыше|больше|меньше|менее|до|из|той|этой|одной|полутора|"
            r"близько|понад|більше|менше|по|тієї|цієї|однієї|з|із|зі|від)\s+\Z"
        )

    def number(self, text: str, folded: str, token: Token, limit: int) -> FoundNumber | None:
        if not token.word and (special := self._special(folded, token)):
            return special
        read = self._read(folded, token.start, limit)
        if read is None:
            return None
        before = folded[max(0, read.start - 24) : read.start]
        after = folded[read.end : read.end + 48]
        approximate = self.approximate.search(before) is not None or self.approximate_after.match(after) is not None
        end = read.end + (after[:1] == "+")
        if read.ordinal:
            hint: RoleHint | None = "idiom" if self._idiom(folded, read) else None
            return FoundNumber(read.start, end, read.value, "ordinal", role_hint=hint)
        if read.each:
            return FoundNumber(read.start, end, read.value, "each", approximate)
        if (joint := self.pair.match(folded, read.end)) and read.value >= 2:
            other = self._read(folded, joint.end(), limit)
            bare = folded[read.start : read.end].isdecimal() and joint.group().strip() == "-"
            if (
                other
                and other.value == read.value
                and not (other.ordinal or other.each)
                and not (bare and read.value < 10)
            ):
                return FoundNumber(read.start, other.end, read.value, "pair", approximate)
        hint = self._hint(text, folded, read, before, after)
        if hint is None and read.fraction:
            hint = "decimal"
        each = hint is None and (self.each_before.search(before) or self.each_after.match(after))
        return FoundNumber(read.start, end, read.value, "each" if each else "cardinal", approximate, hint)

    def _special(self, folded: str, token: Token) -> FoundNumber | None:
        start, end = token.start, token.end
        if end - start > _MAX_DIGITS:
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

    def _read(self, folded: str, at: int, limit: int) -> _Read | None:
        if folded[at : at + 1].isdecimal():
            return self._read_digits(folded, at, limit)
        return self._read_words(folded, at, limit)

    def _read_digits(self, folded: str, at: int, limit: int) -> _Read | None:
        match = _DIGITS.match(folded, at, limit)
        if match is None or match.end() - at > _MAX_DIGITS + 4:
            return None
        end, value = match.end(), _value(match.group())
        if tail := self.ordinal_digits.match(folded, end, limit):
            return _Read(at, tail.end(), value, ordinal=True)
        if self.ordinal_stop.match(folded, end):
            return _Read(at, end + 1, value, ordinal=True)
        if tail := self.each_digits.match(folded, end, limit):
            return _Read(at, tail.end(), value, each=True)
        fraction = _FRACTION.match(folded, end) if match["s"] is None else None
        stop = fraction.end() if fraction else end
        if magnitude := self.magnitude.match(folded, stop, limit):
            size = self.language.multipliers[magnitude["w"]]
            if fraction:
                value = value * size + int(fraction["f"]) * size // 10 ** len(fraction["f"])
            else:
                value *= size
            if rest := self._rest(folded, magnitude.end(), limit, size):
                return _Read(at, rest.end(), value + int(rest["n"]))
            close = magnitude.end() - (magnitude.group().endswith(".") and not folded[magnitude.end() :][:2].strip())
            return _Read(at, close, value)
        return _Read(at, stop, value, fraction=fraction is not None)

    def _rest(self, folded: str, at: int, limit: int, size: int) -> re.Match[str] | None:
        # Turkish news write "6 bin 60" and "bin 212" where others write 6,060 and 1,212
        return _REST.match(folded, at, limit) if self.language.code == "tr" and size == 1000 else None

    def _read_words(self, folded: str, at: int, limit: int) -> _Read | None:
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
                return _Read(start, match.end(), value, each=True) if large or each < smallest else None
            if word in language.multipliers and (size := language.multipliers[word]):
                if not count and not self._lone(folded, start, word):
                    return None
                if size == 100:
                    current = (current or 1) * 100
                    smallest = 100
                else:
                    total, current, smallest = total + (current or 1) * size, 0, size
            elif word == "yüz" and 1 < current < 10:  # Turkish: "iki yüz" is two hundred
                current, smallest = current * 100, 100
            elif (value := language.cardinals.get(word, 0)) and value < smallest:
                current += value
                round_ten = value in _TENS or (language.code == "tr" and value == 10)
                smallest = 10 if round_ten else 1 if value < 20 else 100
            elif (value := language.ordinals.get(word, 0)) and value < smallest:
                return _Read(start, match.end(), total + current + value, ordinal=True)
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
            return _Read(start, rest.end(), value + int(rest["n"]))
        if value == 1 or self._several(folded, start, alone):
            return None
        return _Read(start, end, value)

    def _lone(self, folded: str, start: int, word: str) -> bool:
        """May a multiplier stand for a number by itself: "тысяча", "bin", "a thousand"; not "тысячи", "thousands"?"""
        before = folded[max(0, start - 12) : start]
        if self.language.code == "en":
            return re.search(r"\b(?:an?|one|per|every)\s+\Z", before) is not None and word in (
                "hundred",
                "thousand",
                "million",
            )
        if word in ("тысячи", "тисячі"):
            return self.thousand_genitive.search(before) is not None
        return word in (
            "тысяча",
            "тысячу",
            "тысяче",
            "тысячей",
            "тисяча",
            "тисячу",
            "тисячею",
            "bin",
            "миллион",
            "мільйон",
        )

    def _several(self, folded: str, start: int, alone: str) -> bool:
        return (
            bool(alone)
            and self.several.search(folded, max(0, start - 16), start) is not None
            and (self.language.code == "tr" or alone in self.language.multipliers)
        )

    def _idiom(self, folded: str, read: _Read) -> bool:
        return any(
            match.start() <= read.start < match.end()
            for match in self.idiom.finditer(folded, max(0, read.start - 16), read.end + 24)
        )

    def _hint(self, text: str, folded: str, read: _Read, before: str, after: str) -> RoleHint | None:
        digits = folded[read.start : read.end]
        if self.percent_before.search(before):
            return "percent"
        if 1900 <= read.value <= 2100 and self.year_after.match(after):
            return "year"
        if unit := self.after.match(after):
            if unit.lastgroup == "duration" and self._years(after) and self.age_before.search(before):
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
        if 14 <= read.value <= 70 and self.age_before.search(before) and self._age_words(before, after):
            return "age"
        return None

    def _years(self, after: str) -> bool:
        return re.match(r"\s*-?\s*(?:лет|год|рок|річ|летн|years?)", after) is not None

    def _age_words(self, before: str, after: str) -> bool:
        """ "under 25", "aged 18" without a noun after it; "до 25 пленных" and "under 25 prisoners" are counts."""
        if self.language.code == "en":
            if re.search(r"\b(?:under|over|below)\s+\Z", before):
                return (
                    re.match(
                        r"\s*(?:[.,;:)\"'!?]|\Z|(?:and|or|were|are|was|is|came|to|as|in|from|on|at|who|will)\b)",
                        after.lstrip() or "",
                    )
                    is not None
                )
            return True
        if re.search(r"\b(?:молодш|старш|младше|моложе|старше|возраст|віком|віці)", before):
            return True
        following = re.match(r"\s*(?:до|по|-)\s*(?P<n>\d\d)\s*(?:-?\s*летн|лет|рок|річ|год)", after)
        return following is not None


_ORDINAL_DIGITS = {
    "en": r"(?:st|nd|rd|th)\b",
    "ru": r"\s?-\s?(?:[оыи]?й|[аяое]?я|ая|ое|е|ого|его|го|ому|ему|му|ом|ем|м|ых|их|х|ую|ю|ье|ья)\b",
    "uk": r"\s?-\s?(?:[ио]?й|ій|а|я|та|тя|ша|га|е|те|ше|є|ого|его|го|ому|му|ої|ї|ій|ю|у|ту|им|ім|м|их|х)\b",
    "tr": r"'?(?:[iuü]?nc[iuü])(?:[^\W\d_]*)",
}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


@functools.cache
def _words(code: str) -> _Words:
    return _Words(get(code))


def _value(digits: str) -> int:
    return int(re.sub(r"[^0-9]", "", _plain(digits)) or 0)


def _plain(digits: str) -> str:
    # other scripts' digits are digits to `re`; only their value matters
    return digits if digits.isascii() else "".join(str(int(c)) if c.isdecimal() else c for c in digits)


def _ranges(found: list[FoundNumber], folded: str) -> list[FoundNumber]:
    """The first number of a range has the role of the second: "24–48 hours", "from 18 to 25 years", "15-20 %"."""
    result = list(found)
    for index in range(len(result) - 2, -1, -1):
        one, other = result[index], result[index + 1]
        gap = folded[one.end : other.start]
        if (
            one.role_hint == "age"
            and other.role_hint is None
            and other.kind == "cardinal"
            and _RANGE_GAP.fullmatch(gap)
        ):
            result[index + 1] = replace(other, role_hint="age")
        if one.role_hint or one.kind != "cardinal" or other.role_hint in (None, "date", "name", "listing", "idiom"):
            continue
        if len(gap) <= 8 and _RANGE_GAP.fullmatch(gap) and not (other.role_hint == "year" and one.value < 1900):
            result[index] = replace(one, role_hint=other.role_hint)
    return result


_RANGE_GAP = re.compile(r"\s*-\s*|\s+(?:to|or|and|по|до|или|и|або|чи|і|й|та|ve|ile|veya|ila)\s+")
