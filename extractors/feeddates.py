"""The dates of feeds, as they are written: RFC 822, ISO 8601, and the local habits seen in the field.

feedparser reads MSK, EET and CEST as UTC, an ISO date without zone as UTC, and `1704103200` as the year 1704
(reference: polling 4.1); hence an own reader that prefers no date to a wrong one.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from extractors.records import ExtractorError

# Hours east of Greenwich. Names are ambiguous in the world, not in the newsrooms watched here.
_ZONES = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "MSD": 4, "TRT": 3, "МСК": 3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5,
    "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "GST": 4, "AST": 3,
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
    )
    for number, name in enumerate(row.split(), 1)
}
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
_ZONE = r"(?:\s*(?P<zone>[+-]\d\d:?\d\d|[+-]\d\d|[A-ZМСК]{1,5}))?(?:\s*\([^)]*\))?"
_FORMS = (
    re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d?)-(?P<day>\d\d?)(?:[T\s]+{_CLOCK}{_ZONE})?"),
    re.compile(rf"(?:\w+\.?,?\s+)?(?P<day>\d\d?)[\s-](?P<name>[^\W\d_]{{3,}})\.?[\s-](?P<year>\d{{4}}|\d\d),?(?:\s+{_CLOCK}{_ZONE})?"),
    re.compile(rf"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{{4}}),?(?:\s+{_CLOCK}{_ZONE})?"),
)  # fmt: skip
_EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
# A newsroom whose clock or zone is wrong is at most a day ahead; what is further is a plan or a mistake.
_AHEAD = timedelta(days=1)


def read_date(value: str, zone: str, now: datetime | None = None) -> tuple[datetime, bool] | None:
    """Aware UTC, and whether the zone was inferred; None for what cannot be read or believed.

    A date without a zone is in `zone` (IANA; ExtractorError if unknown); without a clock time it is at noon there. With
    `now`, a date more than a day ahead of it is not believed.
    """
    local = _zone(zone)
    text = " ".join(value.split())
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is None:
            continue
        moment = _moment(found.groupdict(), local)
        if moment is None:
            return None
        utc, inferred = moment
        believed = utc >= _EARLIEST and (now is None or utc <= now + _AHEAD)
        return (utc, inferred) if believed else None
    return None


def _moment(parts: dict[str, str | None], local: ZoneInfo) -> tuple[datetime, bool] | None:
    year = int(parts["year"] or 0)
    if len(parts["year"] or "") == 2:
        year += 2000 if year < 70 else 1900
    name = parts.get("name")
    month = int(parts.get("month") or 0) if name is None else _MONTHS.get(name.replace("İ", "i").lower()[:3], 0)
    hour = int(parts["hour"]) if parts["hour"] else 12
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
    if zone[0] not in "+-":
        hours = _ZONES.get(zone)
        return None if hours is None else timezone(timedelta(hours=hours))
    digits = zone[1:].replace(":", "")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(away if zone[0] == "+" else -away)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ExtractorError(f"no time zone is called {name!r}: give an IANA name such as Europe/Kyiv") from error
