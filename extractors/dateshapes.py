"""What in a text has the shape of a date: days, ranges, months, years, weekdays, relative words. No calendar here.

`extractors.dates` says which day a shape means; `extractors.numbers` asks only where shapes are.
"""

import functools
import re
from typing import Literal, NamedTuple

from extractors.datelines import is_dateline, label_expression
from extractors.fold import fold
from extractors.languages import Language, get
from extractors.tokens import Token, tokens

Kind = Literal["day", "day-of-month", "month", "year", "weekday", "relative", "ago", "rhetoric", "dateline"]
Day = tuple[int, int, int | None]
"""Day, month, year or None."""

_YEAR = r"(?P<{}>(?:19|20)\d\d)(?![\d])(?![.,:]\d)(?!\s?[-x]\s?(?:for|на)\b)"
_TAIL = r"(?:'[^\W\d_]+)?"
_BARE = re.compile(r"\s*(?:[.,;:!?)-]|\Z)")


class Shape(NamedTuple):
    """`folded[start:end]`. `day` uses `first` and `last`; `month` uses `value`, `year`, `part`; `year` uses `value`.

    `weekday` uses `value` (Monday is 0) and `part` (past, future, week:N or nothing); `relative` uses `part`, the
    meaning (unit:offset); `ago` uses `value` (how many, negative for the past) and `part` (day, week, month, year).
    `swappable`: the figures allow month before day.
    """

    start: int
    end: int
    kind: Kind
    first: Day | None = None
    last: Day | None = None
    value: int = 0
    year: int | None = None
    part: str = ""
    swappable: bool = False


@functools.lru_cache(maxsize=8)
def shapes(text: str, code: str) -> tuple[Shape, ...]:
    """The date shapes of a text, in order, none overlapping another; `text` as it is, for its capitals."""
    folded = fold(text)
    scanner = _scanner(code)
    found: list[Shape] = []
    end = 0
    for token in tokens(folded, code):
        if token.start < end:
            continue
        shape = scanner.shape(text, folded, token)
        if shape is not None and shape.start >= end:
            found.append(shape)
            end = shape.end
    return tuple(
        _datelines(
            _rhetoric(_joined(found, folded, scanner.apposed), folded, scanner.conjunction), text, folded, scanner
        )
    )


class _Scanner:
    """The compiled expressions of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        p = language.pattern
        months = "|".join(sorted(map(re.escape, language.months), key=lambda form: (-len(form), form)))
        words = "|".join(part for part in p("range").split("|") if part != "-")
        joint = rf"(?:\s*-\s*|\s+(?:{words})\s+)"
        tail = p("ordinal_tail") + "?"
        year = rf"(?:\s*,?\s+{p('of')}{_YEAR}{p('year_tail')}?)?"
        listed = rf"(?:\s*,\s*\d{{1,2}}{tail}(?!\d))*"
        self.day_month = re.compile(
            rf"(?P<d1>\d{{1,2}}){tail}(?:{listed},?{joint}(?P<d2>\d{{1,2}}){tail})?(?:\s+{p('of')}|-)"
            rf"(?P<m1>{months})\b\.?{year.format('y1')}{_TAIL}"
        )
        self.month_day = re.compile(
            rf"{p('month_first')}(?P<m1>{months})\b\.?\s+(?:the\s+)?(?P<d1>\d{{1,2}}){tail}(?!\d)(?![.,:]\d)(?!\s?%)"
            rf"(?:{listed},?(?P<joint>{joint})(?P<d2>\d{{1,2}}){tail}(?![\d.,:]*\d)(?!\s+(?:{months})\b))?{year.format('y1')}"
        )
        comma = p("year_comma") if "year_comma" in language.patterns else ""
        self.month_year = re.compile(
            rf"(?P<m1>{months})\b\.?{_TAIL}{comma}\s+{p('of')}{_YEAR.format('y1')}{p('year_tail')}?{_TAIL}"
        )
        self.to_month = re.compile(rf"(?:\s*-\s*|\s+(?:{p('until')})\s+)(?=\d|(?:{months})\b)")
        self.and_month = re.compile(rf"\s+(?:{p('and')})\s+(?=\d|(?:{months})\b)")
        self.between = re.compile(rf"\b(?:{p('between')})\s+\Z")
        self.year_after = re.compile(p("year_after"))
        # "2022 Mart'ında"
        self.year_led = re.compile(rf"(?<!\d)(?P<y>(?:19|20)\d\d){p('year_led')}\Z")
        self.month_inflected = re.compile(rf"(?:{p('month_inflected')})\Z")
        self.month_tail = re.compile(p("month_tail"))
        self.apposed = re.compile(rf",\s(?:{p('apposed')})\s")
        self.bare_phrase = re.compile(p("bare_phrase"))
        self.year_before = re.compile(rf"\b(?:{p('year_before')})[\s-]+\Z")
        self.year_or_count_before = re.compile(rf"\b(?:{p('year_or_count_before')})[\s-]+\Z")
        self.counted_after = re.compile(p("counted_after"))
        self.month_before = re.compile(rf"\b(?:{p('month_before')})[\s-]*\Z")
        self.parts = tuple(
            (name, re.compile(rf"\b(?:{p(name)})[\s-]*(?:of\s+|in\s+)?\Z")) for name in ("early", "mid", "late")
        )
        self.parts_after = tuple((name, re.compile(p(f"{name}_after"))) for name in ("early", "mid", "late"))
        self.past = re.compile(rf"\b(?:{p('past')})\s+\Z")
        self.future = re.compile(rf"\b(?:{p('future')})\s+\Z")
        self.weekday_before = re.compile(rf"\b(?:{p('weekday_before')})\s+\Z")
        self.weekday_strict = re.compile(rf"(?:{p('weekday_strict')})\Z")
        self.weekday_tail = re.compile(p("weekday_tail"))
        self.ago = re.compile(rf"\b(?:{p('ago')})\Z")
        self.ahead = re.compile(rf"\b(?:{p('in')})")
        self.ahead_before = re.compile(rf"\b(?:{p('in_before')})\Z")
        self.day_alone = re.compile(p("day_alone"))
        self.conjunction = re.compile(rf"\s*(?:,\s*|\s(?:{p('and')})\s|,\s*(?:{p('and')})\s)\s*\Z")
        self.label = label_expression(p("label"))
        self.counted_from = re.compile(rf"\b(?:{p('counted_from')})\s+\Z")
        self.counted_from_after = re.compile(rf"\s+(?:{p('counted_from_after')})\b")
        self.as_of = re.compile(rf"\b(?:{p('as_of')})\s+\Z")
        self.date_words = frozenset(p("date_words").split())
        self.units = tuple((unit, re.compile(p(f"unit_{unit}"))) for unit in ("day", "week", "month", "year"))
        self.counts = {word: value for word, value in language.cardinals.items() if value <= 10} | {"a": 1, "an": 1}
        self.phrases: dict[str, list[str]] = {}
        for phrase in sorted(language.relative, key=lambda phrase: (-len(phrase), phrase)):
            self.phrases.setdefault(phrase.split()[0].split("'")[0], []).append(phrase)

    def shape(self, text: str, folded: str, token: Token) -> Shape | None:
        word = token.word
        if not word:
            return self._figures(text, folded, token)
        if word in self.language.months and (shape := self._month(text, folded, token)):
            return shape
        if word in self.language.weekdays and (shape := self._weekday(text, folded, token)):
            return shape
        if word in self.phrases and (shape := self._phrase(folded, token)):
            return shape
        return self._ago(folded, token) if word in self.date_words else None

    def _figures(self, text: str, folded: str, token: Token) -> Shape | None:
        length = token.end - token.start
        if numeric := _numeric(folded, token):
            return numeric
        if length <= 2:
            shape = self._days(text, folded, token.start, self.day_month)
            if shape is None and (match := self.day_alone.match(folded, token.start)) and 1 <= int(match["d"]) <= 31:
                return Shape(match.start(), match.end(), "day-of-month", value=int(match["d"]))
            return shape
        if length != 4 or not "1990" <= folded[token.start : token.end] <= "2035":
            return None
        if (
            token.start
            and folded[token.start - 1] in ".,-:/'"
            and folded[token.start - 2 : token.start - 1].isdecimal()
        ):
            return None
        after = self.year_after.match(folded, token.end)
        before = max(0, token.start - 12)
        if (
            after
            or self.year_before.search(folded, before, token.start)
            or (
                self.year_or_count_before.search(folded, before, token.start)
                and not self.counted_after.match(folded, token.end)
            )
        ):
            end = after.end() if after else token.end
            end -= folded[end - 1] == "."
            return Shape(token.start, end, "year", value=int(folded[token.start : token.end]))
        return None

    def _days(self, text: str, folded: str, at: int, expression: re.Pattern[str]) -> Shape | None:
        match = expression.match(folded, at)
        if match is None or not self._capital(text, match):
            return None
        month, year = self.language.months[match["m1"]], _int(match["y1"])
        first, second, end = int(match["d1"]), _int(match["d2"]), match.end() - (folded[match.end() - 1] == ".")
        if second is not None and expression is self.month_day and not self._range(folded, match):
            second, end, year = None, match.end("d1"), None
        if not _possible(first, month) or (second is not None and not _possible(second, month)):
            return None
        between = self.between.search(folded, max(0, at - 12), at) and self.and_month.match(folded, end)
        if second is None and (more := between or self.to_month.match(folded, end)):
            other = self._days(text, folded, more.end(), self.day_month) or self._days(
                text, folded, more.end(), self.month_day
            )
            if other and other.first == other.last and other.last:
                return Shape(at, other.end, "day", (first, month, year or other.last[2]), other.last)
        last = second if second is not None and second > first else first
        return Shape(at, end, "day", (first, month, year), (last, month, year))

    def _range(self, folded: str, match: re.Match[str]) -> bool:
        # "between June 20 and 30", "on June 20 and 30 in Geneva"; but "on June 20 and 30 soldiers came home"
        if match["y1"] or match["joint"].strip() != self.language.pattern("and"):
            return True
        return (
            re.match(r"\s*(?:[.,;:)!?]|\Z|\s(?:in|at|on|the|with|of|as|for|but|to|and)\b)", folded[match.end() :])
            is not None
        )

    def _capital(self, text: str, match: re.Match[str]) -> bool:
        return match["m1"] not in self.language.capital_months or text[match.start("m1")].isupper()

    def _month(self, text: str, folded: str, token: Token) -> Shape | None:
        if shape := self._days(text, folded, token.start, self.month_day):
            return shape
        month = self.language.months[token.word]
        before = max(0, token.start - 24), token.start
        part = next((name for name, pattern in self.parts if pattern.search(folded, *before)), "")
        part = part or next((name for name, pattern in self.parts_after if pattern.match(folded, token.end)), "")
        match = self.month_year.match(folded, token.start)
        if match and self._capital(text, match):
            return Shape(token.start, match.end(), "month", value=month, year=int(match["y1"]), part=part)
        if token.word in self.language.capital_months and not text[token.start].isupper():
            return None
        if led := self.year_led.search(folded, *before):
            return Shape(led.start("y"), token.end, "month", value=month, year=int(led["y"]), part=part)
        part = part or (
            "past" if self.past.search(folded, *before) else "future" if self.future.search(folded, *before) else ""
        )
        if part or self.month_before.search(folded, *before) or self._inflected(folded, token):
            return Shape(token.start, token.end, "month", value=month, part=part)
        return None

    def _inflected(self, folded: str, token: Token) -> bool:
        """A month in a case of place or time tells when, without a preposition ("Haziran'da", "mart ayı")."""
        return bool(self.month_inflected.search(token.word) or self.month_tail.match(folded, token.end))

    def _weekday(self, text: str, folded: str, token: Token) -> Shape | None:
        start, before = token.start, (max(0, token.start - 24), token.start)
        tail = self.weekday_tail.match(folded, token.end)
        past, future = self.past.search(folded, *before), self.future.search(folded, *before)
        modifier = past or future
        if self.weekday_strict.match(token.word) and not (
            modifier
            or self.weekday_before.search(folded, *before)
            or (tail and tail.end() > token.end)
            or (token.word in self.language.capital_weekdays and text[start].isupper())
        ):
            return None
        return Shape(
            modifier.start() if modifier else start,
            tail.end() if tail else token.end,
            "weekday",
            value=self.language.weekdays[token.word],
            part="past" if past else "future" if future else "",
        )

    def _phrase(self, folded: str, token: Token) -> Shape | None:
        for phrase in self.phrases[token.word]:
            end = token.start + len(phrase)
            if not folded.startswith(phrase, token.start) or folded[end : end + 1].isalnum():
                continue
            # "the day before" is yesterday, "a day before the talks" is not
            if not self.bare_phrase.fullmatch(phrase) or self._bare(folded, token.start, end):
                part = self.language.relative[phrase]
                # "the last one as of today" is of another day
                idle = part == "day:0" and self.as_of.search(folded, max(0, token.start - 24), token.start)
                return Shape(token.start, end, "rhetoric" if idle else "relative", part=part)
        return None

    def _bare(self, folded: str, start: int, end: int) -> bool:
        """Whether nothing follows that a phrase could count from."""
        return folded[max(0, start - 4) : start] == "the " and _BARE.match(folded, end) is not None

    def _counted_from(self, folded: str, match: re.Match[str]) -> bool:
        """ "Four days after the swap" and "takastan dört gün sonra" count from an event, not from today."""
        before = folded[max(0, match.start() - 24) : match.start()]
        return bool(self.counted_from.search(before) or self.counted_from_after.match(folded, match.end()))

    def _ago(self, folded: str, token: Token) -> Shape | None:
        match, sign = self.ago.search(folded, max(0, token.start - 32), token.end), -1
        if match is None:
            match, sign = self.ahead.match(folded, token.start), 1
        if match is None:
            match = self.ahead_before.search(folded, max(0, token.start - 32), token.end)
        if match is None or self._counted_from(folded, match):
            return None
        count = match["n"] or "1"
        unit = next(name for name, pattern in self.units if pattern.match(match["u"]))
        number = int(count) if count.isdecimal() else self.counts[count]
        return Shape(match.start(), match.end(), "ago", value=sign * min(number, 500), part=unit)


@functools.cache
def _scanner(code: str) -> _Scanner:
    return _Scanner(get(code))


_ISO = re.compile(r"(?P<y>(?:19|20)\d\d)(?P<s>[-./])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?!\d)(?:'[^\W\d_]+)?")
_DMY = re.compile(
    r"(?P<d>\d{1,2})(?P<s>[-./])(?P<m>\d{1,2})(?P=s)(?P<y>(?:19|20)\d\d|\d\d(?![\d.]))(?!\d)(?:'[^\W\d_]+)?"
)


def _numeric(folded: str, token: Token) -> Shape | None:
    if (
        folded[token.end : token.end + 1] not in ("-", ".", "/")
        or not folded[token.end + 1 : token.end + 2].isdecimal()
    ):
        return None
    if token.start and folded[token.start - 1] in ".,-:/" and folded[token.start - 2 : token.start - 1].isdecimal():
        return None
    match = _ISO.match(folded, token.start) or _DMY.match(folded, token.start)
    if match is None or (len(match["y"]) == 2 and match["s"] == "-"):
        return None
    year = int(match["y"]) + (2000 if len(match["y"]) == 2 else 0)
    day, month = int(match["d"]), int(match["m"])
    if match.re is _DMY and month > 12 and day <= 12:
        day, month = month, day
    if not _possible(day, month):
        return None
    swappable = match.re is _DMY and match["s"] == "/" and day <= 12
    return Shape(token.start, match.end(), "day", (day, month, year), (day, month, year), swappable=swappable)


def _possible(day: int, month: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _int(digits: str | None) -> int | None:
    return int(digits) if digits else None


def _closed(folded: str, end: int) -> bool:
    """Whether an apposition ends here: "on 23 November, a Sunday, they met"."""
    return not folded[end:].strip() or folded[end] in ",;.)"


def _joined(found: list[Shape], folded: str, apposition: re.Pattern[str]) -> list[Shape]:
    """A weekday or relative day beside a date says the same day ("Monday, June 2"): the date wins, being exact."""
    joined: list[Shape] = []
    for shape in found:
        previous = joined[-1] if joined else None
        gap = folded[previous.end : shape.start] if previous else None
        apposed = gap is not None and shape.kind == "weekday" and apposition.fullmatch(gap) is not None
        single = previous is not None and previous.kind == "day" and previous.first == previous.last
        if apposed and previous and single and _closed(folded, shape.end):
            joined[-1] = previous._replace(end=shape.end)
        elif previous is None or gap is None or gap.strip(" ") not in ("", ",", "(", "-", "the"):
            joined.append(shape)
        elif previous.kind in ("weekday", "relative") and shape.kind == "day" and not previous.part.startswith("week"):
            joined[-1] = shape._replace(start=previous.start)
        elif previous.kind == "day" and shape.kind == "weekday" and gap.strip() != "-":
            joined[-1] = previous._replace(end=shape.end)
        elif previous.kind == "weekday" and shape.part.startswith("week:") and gap == " ":
            joined[-1] = previous._replace(end=shape.end, part=shape.part)
        elif previous.part.startswith("week:") and shape.kind == "weekday" and gap == " ":
            joined[-1] = shape._replace(start=previous.start, part=previous.part)
        else:
            joined.append(shape)
    return joined


def _rhetoric(found: list[Shape], folded: str, conjunction: re.Pattern[str]) -> list[Shape]:
    """ "We were ready yesterday, today and tomorrow" dates nothing."""
    result = list(found)
    run: list[int] = []
    for index, shape in enumerate([*found, None]):
        linked = (
            shape is not None
            and shape.kind == "relative"
            and shape.part in ("day:-1", "day:0", "day:1")
            and (not run or conjunction.match(folded[found[run[-1]].end : shape.start]) is not None)
        )
        if linked:
            run.append(index)
            continue
        if {"day:-1", "day:1"} <= {found[i].part for i in run}:
            for i in run:
                result[i] = found[i]._replace(kind="rhetoric")
        run = [index] if shape is not None and shape.kind == "relative" and shape.part.startswith("day:") else []
    return result


def _datelines(found: list[Shape], text: str, folded: str, scanner: _Scanner) -> list[Shape]:
    return [
        shape._replace(kind="dateline")
        if shape.kind == "day"
        and (shape.first == shape.last)
        and is_dateline(text, folded, shape.start, shape.end, scanner.label)
        else shape
        for shape in found
    ]
