import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.languages import CODES, get
from extractors.numbers import FoundNumber, find_numbers


def read(code: str, text: str) -> list[str]:
    return [shown(one) for one in find_numbers(text, get(code))]


def shown(one: FoundNumber) -> str:
    """ "130", "3 ordinal", "25 !age": the value, the kind unless it is a cardinal, and why it is no count."""
    kind = "" if one.kind == "cardinal" else f" {one.kind}"
    return f"{one.value}{kind}{f' !{one.role_hint}' if one.role_hint else ''}"


COUNTS = [
    ("en", "1,200 bodies, 1 200, 1200", ["1200", "1200", "1200"]),
    ("en", "about 130 Ukrainians, over 6,000 bodies, 1000+ people", ["130", "6000", "1000"]),
    ("en", "4.3 thousand freed, 1.2 million", ["4300", "1200000"]),
    ("en", "twenty-five, two hundred and five, Thirteen flew", ["25", "205", "13"]),
    ("en", "a thousand men, one thousand", ["1000", "1000"]),
    ("en", "hundreds, several hundred, one more, another one, thousands", []),
    ("en", "215 prisoners – 205 Ukrainians and 10 foreigners", ["215", "205", "10"]),
    ("en", "on June 2 200 men", ["2 !date", "200"]),
    ("uk", "близько 2,6 тисячі українців, понад 30 обмінів", ["2600", "30"]),
    ("uk", "двісті родин, сто вісімдесят троє, шестеро цивільних", ["200", "183", "6"]),
    ("uk", "1 212 тіл, 1\u00a0212 тіл, 640 військових", ["1212", "1212", "640"]),
    ("uk", "дев’ять (236 і 66)", ["9", "236", "66"]),
    ("uk", "кількох сотень, тисячі людей", []),
    ("ru", "сто российских военных, сотня пленных, сто восемьдесят три", ["100", "100", "183"]),
    ("ru", "более 4,3 тысячи, 1 тыс. человек, 2 тыс.", ["4300", "1000", "2000"]),
    ("ru", "500 из той тысячи, тысячи людей, около тысячи", ["500", "1000", "1000"]),
    ("ru", "двести пятьдесят, ста пленных, девятеро", ["250", "100", "9"]),
    ("ru", "до 100 человек, 1000+, не менее 1 200", ["100", "1000", "1200"]),
    ("tr", "1.200 asker, 1200 asker, 26 Ukraynalının, 12'sinin", ["1200", "1200", "26", "12"]),
    ("tr", "yüz elli yedi, iki yüz, bin kişi, iki bin beş yüz", ["157", "200", "1000", "2500"]),
    ("tr", "6 bin 60 ceset, bin 212 ceset, 1,2 bin", ["6060", "1212", "1200"]),
    ("tr", "yaklaşık 130, 150'den fazla, en az 200", ["130", "150", "200"]),
    ("tr", "binlerce, birkaç yüz, bir heyet", []),
]
ORDINALS = [
    ("en", "third round, 3rd round, 58th exchange, twenty-first", [3, 3, 58, 21]),
    ("uk", "третій обмін, третього раунду, третьому, першого, п’ятий, 3-й, 58-й, 3-го", [3, 3, 3, 1, 5, 3, 58, 3]),
    ("uk", "на другому раунді, друга стадія, двадцять п'ятий", [2, 2, 25]),
    ("ru", "третий раунд, третьего, третьем, третьей, 3-й, 3-го, 58-м обмене", [3, 3, 3, 3, 3, 3, 58]),
    ("ru", "на втором раунде, первый этап, двадцать пятый, сороковой", [2, 1, 25, 40]),
    ("tr", "üçüncü tur, 58'inci takas, 2. tur, 3. değişim, ikinci turu, ilk tur, 4'üncü", [3, 58, 2, 3, 2, 1, 4]),
]
SIDES = [
    (
        "en",
        "1,000-for-1,000; 6000 for 6000; 1,200-1,200; 1,000 for 1,000",
        ["1000 pair", "6000 pair", "1200 pair", "1000 pair"],
    ),
    ("en", "one thousand for one thousand; 215 for 55", ["1000 pair", "215", "55"]),
    ("en", "157 prisoners each, 150 servicemen from each side, 84 each", ["157 each", "150 each", "84 each"]),
    ("uk", "1000 на 1000, «6000 на 6000», тисяча на тисячу", ["1000 pair", "6000 pair", "1000 pair"]),
    ("uk", "по 100, по тисячі, 157 військових з кожного боку", ["100 each", "1000 each", "157 each"]),
    ("ru", "1000 на 1000, 1 тыс. на 1 тыс., тысяча на тысячу", ["1000 pair"] * 3),
    ("ru", "по тысяче, по 100 человек, 157 пленных с каждой стороны", ["1000 each", "100 each", "157 each"]),
    ("tr", "1000'e 1000, 1000 kişiye 1000 kişi", ["1000 pair", "1000 pair"]),
    (
        "tr",
        "157'şer, 200'er asker, biner, yüzer, beş yüzer",
        ["157 each", "200 each", "1000 each", "100 each", "500 each"],
    ),
]
NO_COUNTS = [
    ("en", "15%, 15–20 percent", ["15 !percent", "15 !percent", "20 !percent"]),
    ("en", "aged 18 to 25, those under 25 and the sick", ["18 !age", "25 !age", "25 !age"]),
    (
        "en",
        "24–48 hours, 40 minutes, a 30-day truce, two to three days",
        ["24 !duration", "48 !duration", "40 !duration", "30 !duration", "2 !duration", "3 !duration"],
    ),
    ("en", "2:44 p.m., 10 p.m., 16:00", ["2 !clock", "10 !clock", "16 !clock"]),
    ("en", "in 2022, the 1945 order, 20-point plan", ["2022 !date", "1945 !year", "20 !listing"]),
    ("en", "$5 million, F-16, Version: 1.0.2, No. 5", ["5000000 !money", "16 !name", "1 !version", "5 !name"]),
    ("en", "at first, wait a second.", ["1 ordinal !idiom", "2 ordinal !idiom"]),
    ("en", "1. Exchange\n2. Bodies", ["1 !listing", "2 !listing"]),
    ("en", "on 23–25 May 2025", ["23 !date", "25 !date", "2025 !date"]),
    ("uk", "від 18 до 25 років, до 25 років", ["18 !age", "25 !age", "25 !age"]),
    ("uk", "15–20 %, 30-денне, перший заступник", ["15 !percent", "20 !percent", "30 !duration", "1 ordinal !idiom"]),
    ("ru", "от 18 до 25 лет, младше 25 лет", ["18 !age", "25 !age", "25 !age"]),
    ("ru", "двух часов, около 5 часов, 24-48 часов", ["2 !duration", "5 !duration", "24 !duration", "48 !duration"]),
    ("ru", "в 2022 году, 15:00, 15-20%", ["2022 !date", "15 !clock", "15 !percent", "20 !percent"]),
    ("tr", "yüzde 15, %15, 25 yaş altı, 18-25 yaş", ["15 !percent", "15 !percent", "25 !age", "18 !age", "25 !age"]),
    ("tr", "10.30'da, saat 16.00'da, 48 saat", ["10 !clock", "16 !clock", "48 !duration"]),
]


@pytest.mark.parametrize(("code", "text", "expected"), [*COUNTS, *SIDES])
def test_counts_are_read_with_what_touches_them(code: str, text: str, expected: list[str]) -> None:
    assert read(code, text) == expected


@pytest.mark.parametrize(("code", "text", "expected"), ORDINALS)
def test_ordinals_are_read_in_every_form(code: str, text: str, expected: list[int]) -> None:
    assert [(one.value, one.kind, one.role_hint) for one in find_numbers(text, get(code))] == [
        (value, "ordinal", None) for value in expected
    ]


@pytest.mark.parametrize(("code", "text", "expected"), NO_COUNTS)
def test_a_number_that_counts_nobody_says_why(code: str, text: str, expected: list[str]) -> None:
    assert read(code, text) == expected


def test_a_pair_is_one_number_and_its_span_holds_both_sides() -> None:
    text = "обмен «1 тыс. на 1 тыс.» завершён"
    (found,) = find_numbers(text, get("ru"))
    assert text[found.start : found.end] == "1 тыс. на 1 тыс."


@given(st.integers(2, 999_999), st.sampled_from(CODES), st.sampled_from(["", ",", " ", ".", "\u00a0", "\u202f"]))
def test_a_count_is_read_with_any_separator_of_thousands(value: int, code: str, separator: str) -> None:
    noun = {"en": "prisoners", "uk": "полонених", "ru": "пленных", "tr": "esir"}[code]
    (found,) = find_numbers(f"({value:,} {noun})".replace(",", separator), get(code))
    assert (found.value, found.kind) == (value, "cardinal")


_WORDS = st.sampled_from(
    [
        "1,000",
        "1000",
        "for",
        "на",
        "'e",
        "по",
        "each",
        "3rd",
        "3-й",
        "58'inci",
        "2.",
        "tur",
        "сто",
        "сотня",
        "thousand",
        "тыс.",
        "twenty",
        "-five",
        "и",
        "and",
        "to",
        "15",
        "%",
        "18",
        "25",
        "лет",
        "about",
        "+",
        "1.0.2",
        "10:30",
        "2022",
        "года",
        "biner",
        "²",
        "٣",
        "99999999999999999999",
        "\n",
        "-",
        "–",
    ]
)


@given(st.one_of(st.text(), st.lists(_WORDS, max_size=12).map(" ".join)), st.sampled_from(CODES))
def test_any_text_gives_ordered_spans_that_lie_in_it(text: str, code: str) -> None:
    found = find_numbers(text, get(code))
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
