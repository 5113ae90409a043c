from datetime import date, timedelta

import pytest

from monitor.demo.days import fill, on_weekday, weekday
from monitor.records import MonitorError

MONDAY = date(2031, 3, 10)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "on Friday, 14 March; Friday; 14 March 2031"),
        ("uk", "у п'ятницю, 14 березня; п'ятниця; 14 березня 2031"),
        ("ru", "в пятницу, 14 марта; пятница; 14 марта 2031"),
        ("tr", "Cuma günü, 14 Mart; Cuma; 14 Mart 2031"),
    ],
)
def test_a_day_is_written_as_its_language_writes_it(language: str, expected: str) -> None:
    text = "{today.on}, {today}; {today.weekday}; {today.year}"
    assert fill(text, date(2031, 3, 14), language).replace("\u202f", " ").removesuffix(" р.") == expected


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        ("{yesterday}", "30 December"),
        ("{tomorrow.year}", "1 January 2032"),
        ("{day+3}", "3 January"),
        ("{day-31.year}", "30 November 2031"),
    ],
)
def test_days_are_counted_over_the_end_of_the_year(slot: str, expected: str) -> None:
    assert fill(slot, date(2031, 12, 31), "en") == expected


def test_russian_says_on_tuesday_with_its_own_preposition() -> None:
    assert on_weekday(MONDAY + timedelta(days=1), "ru") == "во вторник"
    assert on_weekday(MONDAY, "ru") == "в понедельник"


@pytest.mark.parametrize("language", ["en", "uk", "ru", "tr"])
def test_every_weekday_has_seven_different_names(language: str) -> None:
    week = [MONDAY + timedelta(days=number) for number in range(7)]
    assert len({weekday(day, language) for day in week}) == 7
    assert len({on_weekday(day, language) for day in week}) == 7


@pytest.mark.parametrize("slot", ["{now}", "{today.month}", "{day3}", "{}"])
def test_an_unknown_slot_is_a_fault(slot: str) -> None:
    with pytest.raises(MonitorError, match="is no date"):
        fill(f"talks on {slot}", MONDAY, "en")
