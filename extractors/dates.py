"""Which days a text names: the shapes of `extractors.dateshapes` put on a calendar, from the moment of publication.

Years that are not written are chosen so that the day is near publication: up to ten months back, two months ahead
(news recalls more than it announces). A weekday is the nearest in the past or the same day, unless it says otherwise;
a reader who knows the tense asks `resolve_weekday`.
"""

import calendar
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from extractors.dateshapes import Day, Shape, shapes
from extractors.fold import fold
from extractors.languages import Language
from extractors.records import Basis, Dating, Holiday, Precision

DateShape = Literal[
    "day", "range", "yearless", "day-of-month", "month", "year", "weekday", "relative", "ago", "holiday", "rhetoric",
    "dateline",
]  # fmt: skip
_AHEAD = timedelta(days=61)
_EVE = 20


class FoundDate(NamedTuple):
    """`text[start:end]` names `dating`, or None when that cannot be known.

    `shape`: `day` and `range` are written with a year, `yearless` (day or range) without; `weekday`, `month` and
    `yearless` may be asked again with a direction; `relative` is "yesterday" or "last week", `ago` "two days ago" or
    "in a week"; `dateline` tells when the text was written, `rhetoric` ("yesterday, today and tomorrow") nothing:
    neither dates an event. `value` is the weekday (Monday is 0) or the month of such a shape. `part` qualifies it:
    past, future, week:N, early, mid, late, or the meaning of a relative word ("day:-1").
    """

    start: int
    end: int
    dating: Dating | None
    shape: DateShape
    value: int = 0
    part: str = ""
    first: Day | None = None
    last: Day | None = None


def find_dates(
    text: str,
    language: Language,
    published: datetime | None,
    zone: str | None = None,
    holidays: Iterable[Holiday] = (),
) -> tuple[FoundDate, ...]:
    """The dates that a text names, in order of position, without overlaps.

    `published` is aware; its day is taken in `zone` (an IANA name), else in UTC. Without it only dates that are
    written in full are known. A day that no calendar has (30 February) is left out.
    """
    today = publication_day(published, zone)
    found: list[FoundDate] = []
    anchor: date | None = None
    for shape in shapes(text, language.code):
        one = _resolve(shape, today, anchor)
        if one is None:
            continue
        found.append(one)
        if one.dating and one.shape in ("day", "range", "yearless"):
            anchor = one.dating.end
    found = _of_one_year(found, fold(text), language)
    named = _holidays(text, language, today, holidays)
    if not named:
        return tuple(found)
    named = [_eve(one, fold(text), language) for one in named]
    taken = [(one.start, one.end) for one in named]
    kept = [one for one in found if all(one.end <= start or end <= one.start for start, end in taken)]
    return tuple(sorted([*kept, *named], key=lambda one: one.start))


def _of_one_year(found: list[FoundDate], folded: str, language: Language) -> list[FoundDate]:
    """ "On 16 May and 2 June 2025": the year that ends the row is that of each of its days."""
    joint = re.compile(rf"\s*(?:,|(?:,\s*)?\b(?:{language.pattern('and')})\b)\s*(?:on\s+)?")
    out = list(found)
    for place in range(len(out) - 2, -1, -1):
        one, after = out[place], out[place + 1]
        if (
            one.shape != "yearless"
            or after.shape not in ("day", "range")
            or not (one.first and one.last and after.dating)
        ):
            continue
        days = _span(one.first, one.last, after.dating.start.year)
        if days and days[1] < after.dating.start and joint.fullmatch(folded, one.end, after.start):
            dating = _range(*days)
            out[place] = one._replace(dating=dating, shape="day" if days[0] == days[1] else "range")
    return out


def _eve(holiday: FoundDate, folded: str, language: Language) -> FoundDate:
    """ "On the eve of Easter", "напередодні Великодня", "Paskalya arifesinde": the day before the holiday."""
    before = re.search(rf"\b(?:{language.pattern('eve')})\s+\Z", folded[max(0, holiday.start - _EVE) : holiday.start])
    behind = re.match(rf"\w*\s+(?:{language.pattern('eve_after')})\b", folded[holiday.end : holiday.end + _EVE])
    if holiday.dating is None or not (before or behind):
        return holiday
    start = max(0, holiday.start - _EVE) + before.start() if before else holiday.start
    return holiday._replace(start=start, dating=_one(holiday.dating.start - timedelta(1), "explicit"))


def publication_day(published: datetime | None, zone: str | None = None) -> date | None:
    """The day of an aware moment in an IANA zone (UTC when none is given)."""
    if published is None:
        return None
    place: tzinfo = ZoneInfo(zone) if zone else UTC
    return published.astimezone(place).date()


def resolve_weekday(
    found: FoundDate, published: datetime | None, direction: Literal["past", "future"], zone: str | None = None
) -> Dating | None:
    """The dating of a weekday, month, weekend or year-less date when the tense says where it lies.

    The day of publication counts as past and as future. What the text itself settles
    ("last Monday", "on Friday next week") stays, as does every other shape.
    """
    today = publication_day(published, zone)
    if today is None or (found.part and found.part not in ("early", "mid", "late", "weekend:0")):
        return found.dating
    if found.shape == "weekday":
        return _one(_weekday(found.value, today, direction), "relative")
    if found.shape == "month":
        year = today.year
        if direction == "future" and found.value < today.month:
            year += 1
        if direction == "past" and found.value > today.month:
            year -= 1
        return _month(year, found.value, found.part)
    if found.shape == "yearless" and found.first and found.last:
        for year in (today.year, today.year + 1) if direction == "future" else (today.year, today.year - 1):
            days = _span(found.first, found.last, year)
            if days and (days[1] >= today if direction == "future" else days[0] <= today):
                return _range(*days)
    if found.part == "weekend:0":
        ahead = _weekday(5, today, "future") if today.weekday() != 6 else today - timedelta(1)
        saturday = ahead if direction == "future" else _weekday(5, today, "past")
        return Dating(saturday, saturday + timedelta(1), "relative", "days")
    return found.dating


def _resolve(shape: Shape, today: date | None, anchor: date | None) -> FoundDate | None:
    start, end = shape.start, shape.end
    if shape.kind in ("day", "dateline"):
        return _day(shape, today)
    if shape.kind == "rhetoric":
        return FoundDate(start, end, None, "rhetoric", part=shape.part)
    if shape.kind == "year":
        dating = Dating(date(shape.value, 1, 1), date(shape.value, 12, 31), "explicit", "year")
        return FoundDate(start, end, dating, "year", shape.value)
    if shape.kind == "month":
        year = shape.year or (_year_of_month(shape, today) if today else None)
        return FoundDate(start, end, _month(year, shape.value, shape.part) if year else None, "month", shape.value,
                         "year" if shape.year else shape.part)  # fmt: skip
    if shape.kind == "weekday":
        return FoundDate(
            start, end, _weekday_shape(shape, today) if today else None, "weekday", shape.value, shape.part
        )
    if shape.kind == "day-of-month":
        near = anchor or today
        return FoundDate(start, end, _day_of_month(shape.value, near) if near else None, "day-of-month", shape.value)
    if shape.kind == "ago":
        return FoundDate(start, end, _ago(shape, today) if today else None, "ago", shape.value, shape.part)
    return FoundDate(start, end, _relative(shape.part, today) if today else None, "relative", part=shape.part)


def _day(shape: Shape, today: date | None) -> FoundDate | None:
    first, last = shape.first, shape.last
    assert first is not None and last is not None
    written = first[2] or last[2]
    if written is None and today is None:
        if not any(_span(first, last, year) for year in (2023, 2024)):
            return None
        days = None
    elif written is not None:
        days = _span(first, last, written)
        if days and shape.swappable and today:
            days = _swapped(days, first, written, today)
    else:
        assert today is not None
        days = _near(first, last, today)
    if days is None and not (written is None and today is None):
        return None
    kind: DateShape = "yearless" if written is None else "day" if first == last else "range"
    if shape.kind == "dateline":
        kind = "dateline"
    dating = _range(*days) if days else None
    return FoundDate(shape.start, shape.end, dating, kind, first[1], first=first, last=last)


def _span(first: Day, last: Day, year: int) -> tuple[date, date] | None:
    """Both days; `year` is that of the last one if it has none of its own."""
    try:
        end = date(last[2] or year, last[1], last[0])
        begin = date(first[2] or end.year - ((first[1], first[0]) > (last[1], last[0])), first[1], first[0])
    except ValueError:
        return None
    return (begin, end) if begin <= end else (begin, begin)


def _swapped(days: tuple[date, date], day: Day, year: int, today: date) -> tuple[date, date]:
    """02/03/2022 is 2 March or 3 February: what is nearer to publication; day first when that does not tell."""
    other = date(year, day[0], day[1])
    distances = abs((days[0] - today).days), abs((other - today).days)
    return (other, other) if distances[1] < distances[0] and other <= today + _AHEAD else days


def _near(first: Day, last: Day, today: date) -> tuple[date, date] | None:
    spans = [_span(first, last, year) for year in (today.year + 1, today.year, today.year - 1)]
    possible = [days for days in spans if days and days[0] <= today + _AHEAD]
    return possible[0] if possible else None


def _range(start: date, end: date) -> Dating:
    return Dating(start, end, "explicit", "day" if start == end else "days")


def _one(day: date, basis: Basis, precision: Precision = "day") -> Dating:
    return Dating(day, day, basis, precision)


def _month(year: int, month: int, part: str = "") -> Dating:
    length = calendar.monthrange(year, month)[1]
    begin, end = {"early": (1, 10), "mid": (10, 20), "late": (20, length)}.get(part, (1, length))
    precision: Precision = "days" if part in ("early", "mid", "late") else "month"
    return Dating(date(year, month, begin), date(year, month, end), "explicit", precision)


def _year_of_month(shape: Shape, today: date) -> int:
    if shape.part == "future":
        return today.year + (shape.value <= today.month)
    if shape.part == "past":
        return today.year - (shape.value >= today.month)
    # "by the end of June" looks ahead more often than back: within the two months of year-less days
    soon = (shape.value - today.month) % 12
    if shape.part == "late" and soon <= 2:
        return today.year + (shape.value < today.month)
    return today.year - (shape.value > today.month)


def _weekday(weekday: int, today: date, direction: str, *, strictly: bool = False) -> date:
    if direction == "future":
        ahead = (weekday - today.weekday()) % 7
        return today + timedelta(7 if strictly and not ahead else ahead)
    back = (today.weekday() - weekday) % 7
    return today - timedelta(7 if strictly and not back else back)


def _weekday_shape(shape: Shape, today: date) -> Dating:
    if shape.part.startswith("week:"):
        monday = today - timedelta(today.weekday()) + timedelta(7 * int(shape.part[5:]))
        return _one(monday + timedelta(shape.value), "relative")
    return _one(_weekday(shape.value, today, shape.part or "past", strictly=bool(shape.part)), "relative")


def _day_of_month(day: int, near: date) -> Dating | None:
    for back in range(3):
        months = near.year * 12 + near.month - 1 - back
        year, month = divmod(months, 12)
        if day <= calendar.monthrange(year, month + 1)[1] and (back or day <= near.day + 10):
            return _one(date(year, month + 1, day), "explicit")
    return None


def _ago(shape: Shape, today: date) -> Dating | None:
    try:
        if shape.part == "day":
            return _one(today + timedelta(shape.value), "relative")
        if shape.part == "week":
            middle = today + timedelta(7 * shape.value)
            return Dating(middle - timedelta(3), middle + timedelta(3), "relative", "week")
        if shape.part == "month":
            return _relative(f"month:{shape.value}", today)
        return _relative(f"year:{shape.value}", today)
    except (ValueError, OverflowError):
        return None  # "500 years ago" names no day of ours


def _relative(meaning: str, today: date) -> Dating:
    unit, _, amount = meaning.partition(":")
    offset = int(amount)
    if unit == "day":
        return _one(today + timedelta(offset), "relative")
    monday = today - timedelta(today.weekday()) + timedelta(7 * offset)
    if unit == "week":
        return Dating(monday, monday + timedelta(6), "relative", "week")
    if unit == "weekend":
        # on Monday "over the weekend" is the one that has just ended
        saturday = monday + timedelta(5 if offset or today.weekday() > 0 else -2)
        return Dating(saturday, saturday + timedelta(1), "relative", "days")
    if unit == "year":
        return Dating(date(today.year + offset, 1, 1), date(today.year + offset, 12, 31), "relative", "year")
    year, month = divmod(today.year * 12 + today.month - 1 + offset, 12)
    whole = _month(year, month + 1, "late" if unit == "monthend" else "")
    return Dating(whole.start, whole.end, "relative", whole.precision)


def _holidays(text: str, language: Language, today: date | None, holidays: Iterable[Holiday]) -> list[FoundDate]:
    found: list[FoundDate] = []
    folded = ""
    for holiday in holidays:
        folded = folded or fold(text)
        for form in sorted(map(fold, holiday.forms.get(language.code, ())), key=lambda form: (-len(form), form)):
            at = folded.find(form)
            while at >= 0 and form:
                end = at + len(form)
                inside = folded[at - 1 : at].isalnum() or folded[end : end + 1].isalnum()
                if not inside and all(end <= one.start or one.end <= at for one in found):
                    found.append(FoundDate(at, end, _holiday(holiday, today), "holiday"))
                at = folded.find(form, end)
    return found


def _holiday(holiday: Holiday, today: date | None) -> Dating | None:
    if today is None or not holiday.days:
        return None
    nearest = min(sorted(holiday.days), key=lambda day: abs((day - today).days))
    # a list of days that ends years before the article does not know this year's
    return _one(nearest, "explicit") if abs((nearest - today).days) <= 300 else None
