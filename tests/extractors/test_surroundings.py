"""What stands around a word, a day or a sentence decides what it is of: each by a named rule."""

from datetime import UTC, date, datetime

import pytest

from extractors.claims import read_claims
from extractors.lexicon import Lexicon
from extractors.records import Article, Claim

PUBLISHED = datetime(2026, 2, 5, 12, tzinfo=UTC)  # a Thursday
TALKS, SWAP, BODIES = "talks_round", "prisoner_exchange", "remains_repatriation"


def claims(lexicon: Lexicon, language: str, text: str, kind: str, title: str | None = None) -> list[Claim]:
    found = read_claims(Article("u", "o", title, text, language, PUBLISHED), lexicon).claims
    return [claim for claim in found if claim.kind == kind]


def news(lexicon: Lexicon, language: str, text: str, kind: str, title: str | None = None) -> list[Claim]:
    return [claim for claim in claims(lexicon, language, text, kind, title) if claim.role == "news"]


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("en", "Two days in Geneva", "Umerov came out at six. The talks ended an hour early, a Russian diplomat said."),
        (
            "uk",
            "Два дні в Женеві",
            "Умєров вийшов о шостій. Перемовини скінчилися за годину, каже російський дипломат.",
        ),
        ("ru", "Два дня в Женеве", "Умеров вышел в шесть. Переговоры закончились раньше, сказал российский дипломат."),
    ],
)
def test_a_bare_word_is_of_those_whom_the_title_and_its_neighbours_name(
    lexicon: Lexicon, language: str, title: str, text: str
) -> None:
    (claim,) = news(lexicon, language, text, TALKS, title)
    assert claim.status == "concluded"


def test_a_word_that_means_most_anything_needs_support_in_its_own_sentence(lexicon: Lexicon) -> None:
    text = "Ukraine and Russia are both for it, Umerov said. The meeting of the book club ended at nine."
    assert not claims(lexicon, "en", text, TALKS, "An evening in Geneva")


def test_a_title_that_names_others_alone_is_above_another_story(lexicon: Lexicon) -> None:
    text = "Talks will go on tomorrow. Russia and Ukraine were not mentioned."
    assert not claims(lexicon, "en", text, TALKS, "China and India agree on a border")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "1. Oil slips again.\n2. Russia and Ukraine swapped 150 prisoners each on Wednesday.\n3. Rain."),
        ("uk", "• Нафта дешевшає.\n• Україна та Росія обмінялися полоненими в середу, по 150.\n• Дощ."),
    ],
)
def test_each_item_of_a_list_is_an_article_of_its_own(lexicon: Lexicon, language: str, text: str) -> None:
    (claim,) = news(lexicon, language, text, SWAP)
    assert dict(claim.counts) == {"each": 150}


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("uk", "Завтра в Женеві – перемовини України та Росії"),
        ("tr", "Rusya-Ukrayna müzakerelerinin üçüncü turu 18 Şubat'ta yine Cenevre'de"),
    ],
)
def test_a_nominal_sentence_with_a_day_to_come_announces(lexicon: Lexicon, language: str, title: str) -> None:
    (claim,) = news(lexicon, language, "", TALKS, title)
    assert claim.status == "planned"


def test_a_headlines_infinitive_behind_a_side_is_its_future(lexicon: Lexicon) -> None:
    (claim,) = news(lexicon, "en", "", SWAP, "Russia and Ukraine to exchange 500 prisoners")
    assert claim.status == "planned"


def test_what_opens_the_clause_behind_an_aside_is_the_main_predicate(lexicon: Lexicon) -> None:
    text = "A sixth round of talks between Russia and Ukraine, due in Ankara on Sunday, was called off by Moscow."
    (claim,) = claims(lexicon, "en", text, TALKS)
    assert claim.status == "cancelled"


def test_a_reversal_behind_a_comma_is_an_attribute_once_the_predicate_is_said(lexicon: Lexicon) -> None:
    (claim,) = claims(lexicon, "ru", "", TALKS, "Начались переговоры России и Украины, дважды откладывавшиеся")
    assert claim.status == "underway"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Talks between Russia and Ukraine about six men seized on January 9 began in Geneva."),
        ("ru", "Переговоры России и Украины о шести людях, захваченных 9 января, идут в Женеве."),
    ],
)
def test_a_day_that_stands_with_a_participle_is_that_of_its_noun(lexicon: Lexicon, language: str, text: str) -> None:
    (claim,) = news(lexicon, language, text, TALKS)
    assert claim.date is None or claim.date.basis == "publication"


def test_a_turkish_participle_takes_the_day_before_it(lexicon: Lexicon) -> None:
    text = "Rusya ile Ukrayna arasındaki esir takası, 2 Şubat'ta yapılan görüşmelerin ardından gerçekleşti."
    (claim,) = news(lexicon, "tr", text, SWAP)
    assert claim.date is not None
    assert claim.date.basis == "publication"


def test_a_round_to_come_takes_the_day_to_come(lexicon: Lexicon) -> None:
    text = "The second round of the Russian-Ukrainian talks begun last month will be held on February 11."
    (claim,) = news(lexicon, "en", text, TALKS)
    assert claim.date is not None
    assert claim.date.start == date(2026, 2, 11)


def test_the_day_of_another_clause_makes_no_plan_of_what_has_happened(lexicon: Lexicon) -> None:
    title = "Russia and Ukraine held a third round of talks, first buses on February 22"
    assert {claim.status for claim in claims(lexicon, "en", "", TALKS, title)} == {"concluded"}


def test_captives_held_somewhere_are_no_event_that_was_held(lexicon: Lexicon) -> None:
    text = "The exchange of prisoners held in Russia, which was to take place today, has been postponed, Kyiv said."
    assert {claim.status for claim in claims(lexicon, "en", text, SWAP)} == {"postponed"}


def test_under_a_title_of_what_was_put_off_the_undated_events_are_those_before(lexicon: Lexicon) -> None:
    text = (
        "The last stage of a prisoner exchange between Ukraine and Russia will not go ahead, both said.\n\n"
        "Moscow gave no reason.\n\nKyiv did not comment.\n\nSome 460 prisoners a side have gone home."
    )
    told = claims(lexicon, "en", text, SWAP, "Prisoner swap between Ukraine and Russia postponed")
    assert {claim.status for claim in told if claim.role == "news"} == {"postponed"}


def test_a_title_without_a_day_is_of_the_day_that_its_text_tells(lexicon: Lexicon) -> None:
    text = "Найбільший обмін полоненими між Україною та Росією відбувся 23–25 травня 2025 року."
    assert not news(lexicon, "uk", text, SWAP, "Три дні: як проходив обмін 1000 на 1000")


def test_what_is_said_not_to_be_called_off_is_what_the_article_is_about(lexicon: Lexicon) -> None:
    text = (
        "Україна не відкладала обмін полоненими з Росією. Так сказали в розвідці.\n\nЗаяву назвали грою.\n\n"
        "Обмін полоненими почнеться наступного тижня."
    )
    assert {claim.status for claim in news(lexicon, "uk", text, SWAP)} == {"planned"}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "Talks between Russia and Ukraine ended in Geneva. The sides will hold a second round of talks next week.",
        ),
        (
            "ru",
            "Переговоры России и Украины в Женеве закончились. Второй раунд переговоров пройдёт на следующей неделе.",
        ),
    ],
)
def test_the_number_of_the_round_to_come_tells_that_of_the_one_before(
    lexicon: Lexicon, language: str, text: str
) -> None:
    assert {(claim.status, claim.ordinal) for claim in news(lexicon, language, text, TALKS)} == {
        ("concluded", 1),
        ("planned", 2),
    }
