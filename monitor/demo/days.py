"""PURE: the dates inside an invented article, written as its language writes them."""

import re
from datetime import date, timedelta

from babel.dates import format_date

from monitor.records import MonitorError

_SLOT = re.compile(r"\{([^{}]*)\}")
_DAY = re.compile(r"(?:(today|tomorrow|yesterday)|day([+-]\d{1,3}))(?:\.(on|weekday|year))?")
_NAMED = {"today": 0, "tomorrow": 1, "yesterday": -1}

# Babel gives the nominative; after "on" Ukrainian and Russian take the accusative, and Russian says "во вторник".
_ON_UK = ("у понеділок", "у вівторок", "у середу", "у четвер", "у п'ятницю", "у суботу", "у неділю")
_ON_RU = ("в понедельник", "во вторник", "в среду", "в четверг", "в пятницу", "в субботу", "в воскресенье")


def weekday(day: date, language: str) -> str:
    """The bare name of the day of the week, in the nominative."""
    name = format_date(day, "EEEE", locale=language)
    # CLDR writes п’ятниця with U+02BC; newspapers type U+0027.
    return name.replace("\u02bc", "'")


def on_weekday(day: date, language: str) -> str:
    """`on Saturday`, in the language's own words."""
    if language == "uk":
        return _ON_UK[day.weekday()]
    if language == "ru":
        return _ON_RU[day.weekday()]
    if language == "tr":
        return f"{weekday(day, language)} günü"
    return f"on {weekday(day, language)}"


def fill(text: str, start: date, language: str) -> str:
    """`text` with every `{today}`, `{tomorrow}`, `{yesterday}`, `{day+3}`, `{day-9}` written out from the day `start`.

    A bare slot is day and month (22 November, 22 листопада, 22 ноября, 22 Kasım); `.year` adds the year, `.weekday` is
    the bare weekday and `.on` the weekday as an adverbial. Any other slot raises MonitorError.
    """

    def written(match: re.Match[str]) -> str:
        slot = _DAY.fullmatch(match[1])
        if slot is None:
            raise MonitorError(f"demo article: {match[0]} is no date; write {{today}}, {{day+3}}, {{today.on}} or so")
        named, offset, shape = slot.groups()
        day = start + timedelta(days=_NAMED[named] if named else int(offset))
        if shape == "on":
            return on_weekday(day, language)
        if shape == "weekday":
            return weekday(day, language)
        return format_date(day, "d MMMM y" if shape == "year" else "d MMMM", locale=language)

    return _SLOT.sub(written, text)
