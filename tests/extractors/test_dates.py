import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from extractors.dates import FoundDate, find_dates, publication_day, resolve_weekday
from extractors.languages import CODES, get
from extractors.records import Holiday

WEDNESDAY = datetime(2025, 6, 4, 12, tzinfo=UTC)


def read(code: str, text: str, published: datetime | None = WEDNESDAY) -> list[str]:
    """Each date as "shape start[/end]"."""
    return [shown(one) for one in find_dates(text, get(code), published)]


def within(code: str, text: str, published: datetime | None = WEDNESDAY) -> list[str]:
    """The same inside a line: a date alone in its line is a dateline."""
    return read(code, f"x {text}", published)


def shown(one: FoundDate) -> str:
    if one.dating is None:
        return f"{one.shape} ?"
    days = [str(one.dating.start)] + ([str(one.dating.end)] if one.dating.end != one.dating.start else [])
    return f"{one.shape} {'/'.join(days)}"


WRITTEN = [
    ("en", "signed on June 2, 2025 in", ["day 2025-06-02"]),
    ("en", "on Jun 2 they", ["yearless 2025-06-02"]),
    ("en", "on 2 June they", ["yearless 2025-06-02"]),
    ("en", "on Sept. 21, Yermak said", ["yearless 2024-09-21"]),
    ("en", "the 16th of May", ["yearless 2025-05-16"]),
    (
        "en",
        "03/02/2022 and 2025-06-02",
        ["day 2022-03-02", "day 2025-06-02"],
    ),
    ("en", "25/12/2024, 12/25/2024", ["day 2024-12-25"] * 2),
    ("en", "from 23–25 May, then May 23-25", ["yearless 2025-05-23/2025-05-25"] * 2),
    ("en", "between June 20 and 30.", ["yearless 2025-06-20/2025-06-30"]),
    ("en", "on June 2 and 12 soldiers came", ["yearless 2025-06-02"]),
    ("en", "from 30 May to 1 June 2025", ["range 2025-05-30/2025-06-01"]),
    ("en", "on December 30 - January 2", ["yearless 2024-12-30/2025-01-02"]),
    ("en", "on May 16, 1,000 prisoners", ["yearless 2025-05-16"]),
    (
        "en",
        "on March 3 and March 7 and on the 10th in Antalya",
        ["yearless 2025-03-03", "yearless 2025-03-07", "day-of-month 2025-03-10"],
    ),
    (
        "en",
        "in March 2022, in May, since 2022",
        ["month 2022-03-01/2022-03-31", "month 2025-05-01/2025-05-31", "year 2022-01-01/2022-12-31"],
    ),
    ("en", "in August of 2024", ["month 2024-08-01/2024-08-31"]),
    ("en", "in mid-May, by the end of June", ["month 2025-05-10/2025-05-20", "month 2025-06-20/2025-06-30"]),
    ("ru", "2 июня 2025 года", ["day 2025-06-02"]),
    ("ru", "02.06.2025 и 02.06.25", ["day 2025-06-02"] * 2),
    ("en", "freed for 2000 prisoners and 2020 hostages", []),
    (
        "en",
        "from 2022, before 2023 and since 2024",
        ["year 2022-01-01/2022-12-31", "year 2023-01-01/2023-12-31", "year 2024-01-01/2024-12-31"],
    ),
    ("ru", "с 23 по 25 мая", ["yearless 2025-05-23/2025-05-25"]),
    ("ru", "20–30 июня и 7-8 июня", ["yearless 2025-06-20/2025-06-30", "yearless 2025-06-07/2025-06-08"]),
    ("ru", "с 31 мая по 2 июня", ["yearless 2025-05-31/2025-06-02"]),
    ("ru", "2-го июня", ["yearless 2025-06-02"]),
    ("ru", "в марте 2022 года, в июне", ["month 2022-03-01/2022-03-31", "month 2025-06-01/2025-06-30"]),
    ("ru", "в 2022 году, в 2022-м", ["year 2022-01-01/2022-12-31"] * 2),
    ("ru", "до конца июня", ["month 2025-06-20/2025-06-30"]),
    ("uk", "2 червня 2025 року", ["day 2025-06-02"]),
    ("uk", "7–8 червня", ["yearless 2025-06-07/2025-06-08"]),
    ("uk", "з 23 по 25 травня", ["yearless 2025-05-23/2025-05-25"]),
    ("uk", "у березні 2022, наприкінці липня", ["month 2022-03-01/2022-03-31", "month 2025-07-20/2025-07-31"]),
    ("uk", "3-01-2024 і 2022 року", ["day 2024-01-03", "year 2022-01-01/2022-12-31"]),
    ("tr", "2 Haziran'da ve 16 Mayıs’taki", ["yearless 2025-06-02", "yearless 2025-05-16"]),
    ("tr", "23-25 Mayıs, 2 Haziran 2025'te", ["range 2025-05-23/2025-05-25", "day 2025-06-02"]),
    (
        "tr",
        "Mayıs'ta, 2022'de, Mart 2022",
        ["month 2025-05-01/2025-05-31", "year 2022-01-01/2022-12-31", "month 2022-03-01/2022-03-31"],
    ),
    ("tr", "2022 yılında; 2022 Mart'ında", ["year 2022-01-01/2022-12-31", "month 2022-03-01/2022-03-31"]),
    ("tr", "17.05.2025'te", ["day 2025-05-17"]),
]
RELATIVE = [
    ("en", "on Friday", ["weekday 2025-05-30"]),
    ("en", "said on Wednesday", ["weekday 2025-06-04"]),
    ("en", "last Wednesday, next Wednesday", ["weekday 2025-05-28", "weekday 2025-06-11"]),
    ("en", "on Friday next week", ["weekday 2025-06-13"]),
    ("en", "Monday, June 2.", ["yearless 2025-06-02"]),
    ("en", "on Monday, 2 June, on Monday the 2nd of June", ["yearless 2025-06-02"] * 2),
    ("en", "on 2 June, a Monday, they met", ["yearless 2025-06-02"]),
    ("uk", "2 червня, у понеділок, відбувся", ["yearless 2025-06-02"]),
    ("ru", "2 июня, в понедельник, прошел", ["yearless 2025-06-02"]),
    ("tr", "2 Haziran Pazartesi günü yapıldı", ["yearless 2025-06-02"]),
    ("en", "yesterday, June 3", ["yearless 2025-06-03"]),
    ("en", "today; yesterday; tomorrow", ["relative 2025-06-04", "relative 2025-06-03", "relative 2025-06-05"]),
    ("en", "The day before, Kyiv", ["relative 2025-06-03"]),
    ("en", "the day before the talks", []),
    (
        "en",
        "last week, this weekend, next week",
        ["relative 2025-05-26/2025-06-01", "relative 2025-06-07/2025-06-08", "relative 2025-06-09/2025-06-15"],
    ),
    ("en", "two days ago and last month", ["ago 2025-06-02", "relative 2025-05-01/2025-05-31"]),
    ("en", "we were ready yesterday, today and tomorrow", ["rhetoric ?"] * 3),
    ("ru", "в среду, сегодня, вчера", ["weekday 2025-06-04", "relative 2025-06-04", "relative 2025-06-03"]),
    ("ru", "в прошлую пятницу, в следующую среду", ["weekday 2025-05-30", "weekday 2025-06-11"]),
    ("ru", "прибудут завтра утром", ["relative 2025-06-05"]),
    ("ru", "на выходных и на прошлой неделе", ["relative 2025-06-07/2025-06-08", "relative 2025-05-26/2025-06-01"]),
    ("ru", "два дня назад, через неделю", ["ago 2025-06-02", "ago 2025-06-08/2025-06-14"]),
    ("ru", "в понедельник, 2 июня", ["yearless 2025-06-02"]),
    ("ru", "готовы вчера, сегодня и завтра", ["rhetoric ?"] * 3),
    ("ru", "окружающая среда", []),
    ("uk", "у п’ятницю, минулої п'ятниці", ["weekday 2025-05-30"] * 2),
    ("uk", "цими вихідними, торік", ["relative 2025-06-07/2025-06-08", "relative 2024-01-01/2024-12-31"]),
    ("uk", "учора; напередодні; завтра", ["relative 2025-06-03", "relative 2025-06-03", "relative 2025-06-05"]),
    ("uk", "понад три місяці тому", ["ago 2025-03-01/2025-03-31"]),
    ("tr", "Cuma günü; geçen cuma; gelecek cuma", ["weekday 2025-05-30", "weekday 2025-05-30", "weekday 2025-06-06"]),
    ("tr", "yarın 10.30'da, dün, bugün", ["relative 2025-06-05", "relative 2025-06-03", "relative 2025-06-04"]),
    (
        "tr",
        "bu hafta sonu; geçen hafta; iki gün önce",
        ["relative 2025-06-07/2025-06-08", "relative 2025-05-26/2025-06-01", "ago 2025-06-02"],
    ),
]
NO_DATE = [
    ("en", "They may march on. A second one. March on, May we ask?"),
    ("en", "exchanged 1200 for 1200, 1,000-for-1,000 and 2000 bodies"),
    ("en", "on Feb. 30 and 45 June, 31/31/2025"),
    ("ru", "6000 на 6000, более 1200 тел, 1 мая́ть"),
    ("ru", "31 апреля"),
    ("uk", "за тиждень звільнили багатьох"),
    ("uk", "лютий мороз, 1 212 тіл, одна одну"),
    ("tr", "6000 ceset, pazar yeri, ocak başında"),
]
DATELINES = [
    ("en", "ISLAMABAD, May 12, 2025: Officials met", "2025-05-12"),
    ("en", "June 2, 2025 | Istanbul — Kyiv and Moscow agreed", "2025-06-02"),
    ("en", "Updated 7:22 AM EDT, Fri August 2, 2024\nText", "2024-08-02"),
    ("en", "Updated On: Thu, 15 May 2025\n\nText", "2025-05-15"),
    ("en", "Posted at 6:28 AM, Mar 29, 2022\nText", "2022-03-29"),
    ("en", "Published: May 16, 2025, 14:46 IST", "2025-05-16"),
    ("en", "KYIV, June 2 (Reuters) - Talks ended", "2025-06-02"),
    ("ru", "Москва, 27 февраля 2022, 17:01 — ИА Регнум.", "2022-02-27"),
    ("ru", "Москва, 9 февраля — Обмен", "2025-02-09"),
    ("ru", "Posted 28 февраля 2022, 19:11\n", "2022-02-28"),
    ("ru", "Последнее обновление: 05.06.2025 18:11\n", "2025-06-05"),
    ("ru", "Заголовок\n\n19:54 02/03/2022\n\nТекст", "2022-03-02"),
    ("uk", "3-01-2024, 20:01 / Автор: Хтось", "2024-01-03"),
    ("uk", "7 листопада\nЗавантажити ще", "2024-11-07"),
    ("tr", "Güncelleme: 2 Haziran 2025 18:11", "2025-06-02"),
    ("en", "Source: a channel, some player words Updated 7:22 AM EDT, Fri August 2, 2024\nText", "2024-08-02"),
    ("uk", "Політика\n17.05.2025 392\n\nПереговори", "2025-05-17"),
]


@pytest.mark.parametrize(("code", "text", "expected"), WRITTEN)
def test_written_dates_are_read(code: str, text: str, expected: list[str]) -> None:
    assert within(code, text) == expected


@pytest.mark.parametrize(("code", "text", "expected"), RELATIVE)
def test_relative_dates_are_counted_from_publication(code: str, text: str, expected: list[str]) -> None:
    assert within(code, text) == expected


@pytest.mark.parametrize(("code", "text"), NO_DATE)
def test_what_only_looks_like_a_date_is_none(code: str, text: str) -> None:
    assert read(code, text) == []


@pytest.mark.parametrize(("code", "text", "day"), DATELINES)
def test_a_dateline_is_told_from_the_date_of_an_event(code: str, text: str, day: str) -> None:
    assert read(code, text) == [f"dateline {day}"]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "On June 2 the delegations met."),
        ("en", "Delegations at the Palace, Istanbul, June 2, 2025."),
        ("en", "28 February 2025 - first round in Gomel"),
        ("en", "Meeting in Istanbul on June 2 (Photo: ministry)"),
        ("en", "The ministry published on June 2 its list."),
        ("uk", "Звільнені військовополонені, 6 травня 2025 року / Фото: штаб"),
    ],
)
def test_the_date_of_a_caption_or_a_chronicle_is_no_dateline(code: str, text: str) -> None:
    assert [one.shape for one in find_dates(text, get(code), WEDNESDAY)] in (["yearless"], ["day"])


@pytest.mark.parametrize(
    ("published", "text", "day"),
    [
        ("2025-12-10", "May 16", "2025-05-16"),
        ("2025-12-20", "January 15", "2026-01-15"),
        ("2026-01-03", "December 31", "2025-12-31"),
        ("2025-05-04", "May 16", "2025-05-16"),
        ("2025-06-04", "September 16", "2024-09-16"),
        ("2024-03-01", "February 29", "2024-02-29"),
    ],
)
def test_a_date_without_a_year_is_the_one_near_publication(published: str, text: str, day: str) -> None:
    assert within("en", text, datetime.fromisoformat(published + "T12:00+00:00")) == [f"yearless {day}"]


def test_without_publication_only_full_dates_are_known() -> None:
    text = "On June 2, 2025; on June 2; yesterday; on Friday; in March 2022; in May"
    assert read("en", text, None) == [
        "day 2025-06-02", "yearless ?", "relative ?", "weekday ?", "month 2022-03-01/2022-03-31", "month ?",
    ]  # fmt: skip


def test_the_day_of_publication_is_taken_where_the_outlet_is() -> None:
    late = datetime(2025, 6, 1, 22, 30, tzinfo=UTC)
    assert publication_day(late) == date(2025, 6, 1)
    assert publication_day(late, "Europe/Istanbul") == date(2025, 6, 2)
    found = find_dates("dün", get("tr"), late, "Europe/Istanbul")
    assert shown(found[0]) == "relative 2025-06-01"


def test_basis_and_precision_say_how_a_date_is_known() -> None:
    found = find_dates("on June 2, 23-25 May, on Friday, last week, in May, in 2022", get("en"), WEDNESDAY)
    assert [(one.dating.basis, one.dating.precision) for one in found if one.dating] == [
        ("explicit", "day"), ("explicit", "days"), ("relative", "day"), ("relative", "week"), ("explicit", "month"),
        ("explicit", "year"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "direction", "start"),
    [
        ("on Friday", "future", "2025-06-06"),
        ("on Friday", "past", "2025-05-30"),
        ("on Wednesday", "future", "2025-06-04"),
        ("last Friday", "future", "2025-05-30"),
        ("in July", "future", "2025-07-01"),
        ("in July", "past", "2024-07-01"),
        ("on September 16", "future", "2025-09-16"),
        ("on June 20", "past", "2024-06-20"),
        ("the weekend", "past", "2025-05-31"),
        ("the weekend", "future", "2025-06-07"),
        ("June 2, 2025", "future", "2025-06-02"),
    ],
)
def test_the_tense_can_turn_an_open_date(text: str, direction, start: str) -> None:
    (found,) = find_dates(text, get("en"), WEDNESDAY)
    dating = resolve_weekday(found, WEDNESDAY, direction)
    assert dating is not None
    assert str(dating.start) == start


def test_a_holiday_is_the_one_nearest_to_publication() -> None:
    easter = Holiday(
        "Orthodox Easter",
        (date(2023, 4, 16), date(2024, 5, 5), date(2025, 4, 20)),
        {"en": ("Orthodox Easter", "Easter"), "uk": ("Великдень", "Великодня")},
    )
    (found,) = find_dates("freed for Orthodox Easter", get("en"), datetime(2024, 5, 1, tzinfo=UTC), holidays=[easter])
    assert shown(found) == "holiday 2024-05-05"
    assert found.dating is not None
    assert found.dating.basis == "explicit"
    assert find_dates("Easterners", get("en"), WEDNESDAY, holidays=[easter]) == ()
    assert [shown(one) for one in find_dates("до Великодня", get("uk"), None, holidays=[easter])] == ["holiday ?"]
    assert [
        shown(one) for one in find_dates("до Великодня", get("uk"), datetime(2030, 4, 1, tzinfo=UTC), holidays=[easter])
    ] == ["holiday ?"]


@pytest.mark.parametrize("code", CODES)
def test_every_month_and_weekday_of_the_locale_is_known(code: str) -> None:
    locale = Locale(code)
    for month, name in locale.months["format"]["wide"].items():
        assert within(code, f"2 {name} 2025") == [f"day 2025-{month:02}-02"]
    for form in ("format", "stand-alone"):
        for day, name in locale.days[form]["wide"].items():
            text = {"en": f"on {name}", "uk": f"у {name}", "ru": f"в {name}", "tr": f"{name} günü"}[code]
            (found,) = find_dates(text, get(code), WEDNESDAY)
            assert (found.shape, found.value) == ("weekday", day)


_WORDS = st.sampled_from(
    [
        "on",
        "2",
        "30",
        "31",
        "Feb.",
        "June",
        "May",
        "2025",
        "2022",
        "-",
        "–",
        "and",
        "by",
        "по",
        "с",
        "мая",
        "июня",
        "23",
        "25",
        "червня",
        "Haziran'da",
        "Friday",
        "среду",
        "yesterday",
        "вчера",
        "dün",
        "02.06.2025",
        "1,000",
        "10.30",
        "year",
        "года",
        "ago",
        "назад",
        "the",
        "end",
        "of",
        "следующую",
        "\n",
        ",",
        "|",
        ":",
    ]
)
_MOMENTS = st.one_of(st.none(), st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds


@given(st.one_of(st.text(), st.lists(_WORDS, max_size=12).map(" ".join)), st.sampled_from(CODES), _MOMENTS)
def test_any_text_gives_ordered_spans_that_lie_in_it(text: str, code: str, published: datetime | None) -> None:
    found = find_dates(text, get(code), published)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    for one in found:
        assert one.dating is None or one.dating.start <= one.dating.end
        for direction in ("past", "future"):
            resolve_weekday(one, published, direction)


@given(st.integers(-300, 55), st.dates(date(2001, 1, 1), date(2099, 1, 1)))
def test_a_day_named_without_its_year_within_reach_is_found_again(offset: int, day: date) -> None:
    published = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    meant = day + timedelta(offset)
    (found,) = find_dates(f"on {meant.day} {meant:%B}", get("en"), published)
    assert found.dating is not None
    assert found.dating.start == meant
