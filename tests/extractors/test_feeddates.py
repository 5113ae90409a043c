from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.feeddates import read_date
from extractors.records import ExtractorError

NOW = datetime(2025, 5, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "zone", "expected", "inferred"),
    [
        ("Fri, 16 May 2025 10:00:00 MSK", "UTC", "2025-05-16T07:00", False),
        ("Fri, 16 May 2025 10:00:00 EET", "UTC", "2025-05-16T08:00", False),
        ("Fri, 16 May 2025 10:00:00 EEST", "UTC", "2025-05-16T07:00", False),
        ("Fri, 16 May 2025 10:00:00 CEST", "UTC", "2025-05-16T08:00", False),
        ("Fri, 16 May 2025 10:00:00 TRT", "UTC", "2025-05-16T07:00", False),
        ("Fri, 16 May 2025 10:00:00 +0300", "UTC", "2025-05-16T07:00", False),
        ("Fri, 16 May 2025 10:00:00 GMT (GMT)", "Europe/Kyiv", "2025-05-16T10:00", False),
        ("16 May 25 10:00 Z", "UTC", "2025-05-16T10:00", False),
        ("Fri, 16 May 2025 10:00:00", "Europe/Moscow", "2025-05-16T07:00", True),
        ("Thu, 16 Jan 2025 10:00:00", "Europe/Kyiv", "2025-01-16T08:00", True),
        ("2025-05-16T10:00:00", "Europe/Kyiv", "2025-05-16T07:00", True),
        ("2025-05-16T10:00:00.123+03:00", "UTC", "2025-05-16T07:00", False),
        ("2025-05-16 10:00", "Europe/Istanbul", "2025-05-16T07:00", True),
        ("2025-05-16T10:00Z", "Europe/Kyiv", "2025-05-16T10:00", False),
        ("2025-05-15T24:00:00Z", "UTC", "2025-05-16T00:00", False),
        ("2025-05-16", "Europe/Kyiv", "2025-05-16T09:00", True),
        ("16.05.2025 10:00", "Europe/Moscow", "2025-05-16T07:00", True),
        ("16 мая 2025 10:00", "Europe/Moscow", "2025-05-16T07:00", True),
        ("16 травня 2025, 10:00", "Europe/Kyiv", "2025-05-16T07:00", True),
        ("16 Mayıs 2025 10:00", "Europe/Istanbul", "2025-05-16T07:00", True),
        ("Fri, 16 May 2025 10:00:60 GMT", "UTC", "2025-05-16T10:00", False),
        ("Fri, 16 May 2025 10:00:00 msk", "UTC", "2025-05-16T07:00", False),
        ("Fri, 16 May 2025 10:00:00 МСК", "UTC", "2025-05-16T07:00", False),
        ("Fri, 16 May 2025 10:00:00 +03", "UTC", "2025-05-16T07:00", False),
        ("Fri, 16 May 2025 10:00:00 UTC+3", "UTC", "2025-05-16T07:00", False),
        ("Fri, 16 May 2025 10:00:00 UTC+03:00", "UTC", "2025-05-16T07:00", False),
        ("Fri, 16 May 2025 10:00:00 GMT+0300 (Moscow Standard Time)", "UTC", "2025-05-16T07:00", False),
        ("Fri, 16 May 2025 10:00:00 -0330", "UTC", "2025-05-16T13:30", False),
        ("Fri, 16 May 2025 10:00:00 XYZ", "Europe/Moscow", "2025-05-16T07:00", True),
        ("Wed, 01 Jan 2025 24:00:00 GMT", "UTC", "2025-01-02T00:00", False),
        ("2025-05-16t10:00:00z", "Europe/Kyiv", "2025-05-16T10:00", False),
        ("2025-05-16T10:00:00+03:00[Europe/Istanbul]", "UTC", "2025-05-16T07:00", False),
        ("20250516T100000Z", "Europe/Kyiv", "2025-05-16T10:00", False),
        ("2025/05/16 10:00", "Europe/Moscow", "2025-05-16T07:00", True),
        ("01.01.2024 10:00", "Europe/Moscow", "2024-01-01T07:00", True),
        ("01.01.2024, 10:00:00 +0200", "Europe/Moscow", "2024-01-01T08:00", False),
        ("Пт, 16 мая 2025 г. 10:00", "Europe/Moscow", "2025-05-16T07:00", True),
        ("16 мая 2025 года, в 10:00", "Europe/Moscow", "2025-05-16T07:00", True),
        ("16 травня 2025 року о 10:00", "Europe/Kyiv", "2025-05-16T07:00", True),
        ("16 Ağustos 2024 Cuma 10:00", "Europe/Istanbul", "2024-08-16T07:00", True),
        ("16 ŞUBAT 2025 10:00 TSİ", "UTC", "2025-02-16T07:00", False),
        ("May 16, 2025 10:00 PM", "Europe/Moscow", "2025-05-16T19:00", True),
        ("May 16, 2025, 12:05 a.m. EST", "UTC", "2025-05-16T05:05", False),
        ("Fri May 16 10:00:00 MSK 2025", "UTC", "2025-05-16T07:00", False),
        ("1704103200", "Europe/Kyiv", "2024-01-01T10:00", False),
        ("1704103200000", "Europe/Kyiv", "2024-01-01T10:00", False),
    ],
)
def test_dates_are_read_as_they_are_written(written, zone, expected, inferred):
    read = read_date(written, zone, NOW)
    assert read is not None
    assert (read[0].isoformat()[:16], read[0].tzinfo, read[1]) == (expected, UTC, inferred)


@pytest.mark.parametrize(
    "written",
    ["yesterday", "32 May 2025 10:00 GMT", "2025-02-30", "Fri, 16 May 2099 10:00:00 GMT", "16 Foo 2025",
     "0001-01-01T00:00:00Z", "2025-05-16T25:00Z", "2025-05-16T24:30Z", "9999999999", "170410320",
     "17041032001",

     "Fri, 16 May 2025 13:00 PM", "Fri, 16 May 2025 10:00 +030", "16 May 2025 10:00 +0399", "00.00.2025",
     "2025-05-16T10:00+99:00", ""],
)  # fmt: skip
def test_dates_that_cannot_be_believed_are_none(written):
    assert read_date(written, "UTC", NOW) is None


def test_an_unknown_zone_is_an_error_that_names_it():
    with pytest.raises(ExtractorError, match="Mars/Base"):
        read_date("2025-05-16", "Mars/Base")


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
}


@pytest.mark.parametrize("language", MONTHS)
def test_every_month_is_read_in_each_language_whole_short_and_in_capitals(language):
    for number, name in enumerate(MONTHS[language].split(), 1):
        for written in (name, name[:3], name.upper()):
            read = read_date(f"7 {written} 2024 12:00 GMT", "UTC")
            assert read == (datetime(2024, number, 7, 12, tzinfo=UTC), False), written


def test_an_unknown_zone_is_an_error_also_when_it_is_a_folder():
    for zone in ("Europe", "", "../etc", "a\0b"):
        with pytest.raises(ExtractorError):
            read_date("2025-05-16", zone)


FORMS = [
    "%a, %d %b %Y %H:%M:%S +0000", "%Y-%m-%dT%H:%M:%SZ", "%Y%m%dT%H%M%SZ", "%d.%m.%Y %H:%M:%S UTC",
    "%a %b %d %H:%M:%S UTC %Y",
]  # fmt: skip


@given(st.datetimes(NOW.replace(year=1996, tzinfo=None), NOW.replace(tzinfo=None)), st.sampled_from(FORMS))
def test_what_was_written_is_read_again(moment, form):
    assert read_date(moment.strftime(form), "Europe/Kyiv", NOW) == (moment.replace(microsecond=0, tzinfo=UTC), False)


@given(st.text(max_size=40))
def test_no_date_makes_it_raise(text):
    read_date(text, "Europe/Kyiv", NOW)
