"""The dates of feeds, as they are written: RFC 822, ISO 8601, and the local habits seen in the field.

feedparser reads MSK, EET and CEST as UTC, an ISO date without zone as UTC, and `1704103200` as the year 1704
(reference: polling 4.1); hence an own reader that prefers no date to a wrong one.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from extractors.records import ExtractorError

# Hours east of Greenwich. Names are ambiguous in the world, not in the newsrooms watched here.
_ZONES = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "MSD": 4, "TRT": 3, "TSI": 3, "TSİ": 3, "МСК": 3, "EST": -5,
    "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "GST": 4, "AST": 3,
}  # fmt: skip
# By their first three letters: English, Russian, Ukrainian, Turkish.
_MONTHS = {
    name: number
    for row in (
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "янв фев мар апр мая июн июл авг сен окт ноя дек",
        "янв фев мар апр май июн июл авг сен окт ноя дек",
        "січ лют бер кві тра чер лип сер вер жов лис гру",
        "oca şub mar nis may haz tem ağu eyl eki kas ara",
        "oca sub mar nis may haz tem agu eyl eki kas ara",
    )
    for number, name in enumerate(row.split(), 1)
}
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?(?:\s*(?P<half>[ap]\.?m\.?)(?!\w))?"
_ZONE = (
    r"(?:\s*(?P<zone>(?:(?:utc|gmt)\s?)?[+-](?:\d\d:?[0-5]\d|\d:[0-5]\d|\d\d?)|[a-zмскİ]{1,5}))?"
    r"(?:\s*\([^)]*\)|\[[\w/+-]+\])?"
)
# A weekday, "года" or "at" may stand between; what it says is in the date already.
_BETWEEN = r"(?:,?\s+[^\W\d_]+\.?){0,2},?"
_WEEKDAY = r"(?:[^\W\d_]+\.?,?\s+)?"
_AWAY = re.compile(r"(?:utc|gmt)?\s?([+-])(\d\d?):?(\d\d)?", re.IGNORECASE)
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}})[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)(?:(?:T|,?\s+){_CLOCK}{_ZONE})?",
        rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)(?:T(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?{_ZONE})?",
        rf"{_WEEKDAY}(?P<day>\d\d?)[\s-](?P<name>[^\W\d_]{{3,}})\.?,?[\s-](?P<year>\d{{4}}|\d\d){_BETWEEN}(?:\s+{_CLOCK}{_ZONE})?",
        rf"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{{4}}){_BETWEEN}(?:\s+{_CLOCK}{_ZONE})?",
        rf"{_WEEKDAY}(?P<name>[^\W\d_]{{3,}})\.?\s(?P<day>\d\d?),?\s(?P<year>\d{{4}}){_BETWEEN}(?:\s+{_CLOCK}{_ZONE})?",
        rf"{_WEEKDAY}(?P<name>[^\W\d_]{{3,}})\s(?P<day>\d\d?)\s{_CLOCK}{_ZONE}\s(?P<year>\d{{4}})",
    )
)
# Seconds or milliseconds since 1970, from 2001 to 2100: with fewer digits it may be anything.
_UNIX = re.compile(r"(\d{10})(?:\d{3}|\.\d+)?", re.ASCII)
_LAST_SECOND = 4_102_444_800
# The longest real date, "Wednesday, 16 September 2025 10:00:00 GMT+0300 (Eastern European Summer Time)", has 78.
_LONGEST = 120
_EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
# A newsroom whose clock or zone is wrong is at most a day ahead; what is further is a plan or a mistake.
_AHEAD = timedelta(days=1)


def read_date(value: str, zone: str, now: datetime | None = None) -> tuple[datetime, bool] | None:
    """Aware UTC, and whether the zone was inferred; None for what cannot be read or believed.

    A date without a zone is in `zone` (IANA; ExtractorError if unknown); without a clock time it is at noon there. With
    `now`, a date more than a day ahead of it is not believed.
    """
    local = _zone(zone)
    text = unicodedata.normalize("NFC", " ".join(value[: 4 * _LONGEST].split()))
    if len(text) > _LONGEST:
        return None
    if counted := _UNIX.fullmatch(text):
        seconds = int(counted[1])
        moment = (datetime.fromtimestamp(seconds, UTC), False) if seconds < _LAST_SECOND else None
        return _believed(moment, now)
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return _believed(_moment(found.groupdict(), local), now)
    return None


def _believed(moment: tuple[datetime, bool] | None, now: datetime | None) -> tuple[datetime, bool] | None:
    if moment is None or moment[0] < _EARLIEST or (now is not None and moment[0] > now + _AHEAD):
        return None
    return moment


def _moment(parts: dict[str, str | None], local: ZoneInfo) -> tuple[datetime, bool] | None:
    year = int(parts["year"] or 0)
    if len(parts["year"] or "") == 2:
        year += 2000 if year < 70 else 1900
    name = parts.get("name")
    month = int(parts.get("month") or 0) if name is None else _MONTHS.get(name.replace("İ", "i").lower()[:3], 0)
    hour = int(parts["hour"]) if parts["hour"] else 12
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    # 24:00 ends the day (ISO 8601), 60 is a leap second; datetime knows neither.
    late = timedelta(days=1) if hour == 24 and int(parts["minute"] or 0) == 0 else timedelta(0)
    second = min(int(parts["second"] or 0), 59)
    try:
        stated = _offset(parts["zone"])
        moment = datetime(
            year, month, int(parts["day"] or 0), 0 if late else hour, int(parts["minute"] or 0), second,
            tzinfo=local if stated is None else stated,
        )  # fmt: skip
        return (moment + late).astimezone(UTC), stated is None
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> timezone | None:
    if zone is None:
        return None
    stated = _AWAY.fullmatch(zone)
    if stated is None:
        hours = _ZONES.get(zone.upper())
        return None if hours is None else timezone(timedelta(hours=hours))
    away = timedelta(hours=int(stated[2]), minutes=int(stated[3] or 0))
    return timezone(away if stated[1] == "+" else -away)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ExtractorError(f"no time zone is called {name!r}: give an IANA name such as Europe/Kyiv") from error
