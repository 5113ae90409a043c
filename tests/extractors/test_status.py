"""Where an event stands, by the predicate that governs it."""

from datetime import UTC, datetime

import pytest

from extractors.claims import read_claims
from extractors.lexicon import Lexicon
from extractors.records import Article

PUBLISHED = datetime(2025, 6, 3, 12, tzinfo=UTC)


def statuses(lexicon: Lexicon, text: str, language: str, kind: str) -> list[str]:
    article = Article("u", "o", None, text, language, PUBLISHED)
    return [claim.status for claim in read_claims(article, lexicon).claims if claim.kind == kind]


@pytest.mark.parametrize(
    ("language", "text", "kind", "status"),
    [
        ("en", "Russia and Ukraine held a second round of talks in Istanbul.", "talks_round", "concluded"),
        ("en", "A new round of talks between Russia and Ukraine has begun in Istanbul.", "talks_round", "underway"),
        ("en", "Russia and Ukraine will hold a third round of talks in Istanbul on Friday.", "talks_round", "planned"),
        ("en", "The third round of talks between Russia and Ukraine was postponed.", "talks_round", "postponed"),
        ("en", "The third round of talks between Russia and Ukraine was cancelled.", "talks_round", "cancelled"),
        ("en", "Ukraine proposed to Russia a third round of talks.", "talks_round", "proposed"),
        ("en", "Russia and Ukraine may hold a third round of talks.", "talks_round", "proposed"),
        ("en", "Kyiv and Moscow agreed on a prisoner swap.", "prisoner_exchange", "agreed"),
        ("en", "Kyiv and Moscow exchanged 90 prisoners.", "prisoner_exchange", "concluded"),
        ("en", "Kyiv and Moscow will exchange 90 prisoners on Friday.", "prisoner_exchange", "planned"),
        ("uk", "Відбувся другий раунд переговорів України та Росії.", "talks_round", "concluded"),
        ("uk", "Розпочався другий раунд переговорів України та Росії.", "talks_round", "underway"),
        ("uk", "Відбудеться третій раунд переговорів України та Росії.", "talks_round", "planned"),
        ("uk", "Україна та Росія домовилися про обмін полоненими.", "prisoner_exchange", "agreed"),
        ("uk", "Україна та Росія обміняються полоненими у п'ятницю.", "prisoner_exchange", "planned"),
        ("ru", "Завершился второй раунд переговоров России и Украины.", "talks_round", "concluded"),
        ("ru", "Начался второй раунд переговоров России и Украины.", "talks_round", "underway"),
        ("ru", "Состоится третий раунд переговоров России и Украины.", "talks_round", "planned"),
        ("ru", "Россия и Украина договорились об обмене пленными.", "prisoner_exchange", "agreed"),
        ("ru", "Обмен пленными между Россией и Украиной отложен.", "prisoner_exchange", "postponed"),
        ("tr", "Rusya ve Ukrayna esir takası yaptı.", "prisoner_exchange", "concluded"),
        ("tr", "Rusya ile Ukrayna arasındaki müzakerelerin ikinci turu başladı.", "talks_round", "underway"),
        ("tr", "Rusya ile Ukrayna arasındaki müzakerelerin üçüncü turu cuma günü yapılacak.", "talks_round", "planned"),
    ],
)
def test_the_governing_predicate_gives_the_status(
    lexicon: Lexicon, language: str, text: str, kind: str, status: str
) -> None:
    assert statuses(lexicon, text, language, kind) == [status]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "At the second round of talks in Istanbul Russia and Ukraine agreed on little."),
        ("en", "After the second round of talks in Istanbul Ukraine demanded more from Russia."),
        ("ru", "На втором раунде переговоров в Стамбуле Россия и Украина согласовали повестку."),
        ("uk", "Під час другого раунду переговорів у Стамбулі Україна й Росія говорили про дітей."),
    ],
)
def test_presupposition_says_that_a_round_was_held(lexicon: Lexicon, language: str, text: str) -> None:
    assert statuses(lexicon, text, language, "talks_round") == ["concluded"]


def test_ahead_of_a_round_it_is_still_to_come(lexicon: Lexicon) -> None:
    text = "Ahead of the third round of talks with Ukraine in Istanbul, Russia named its delegation."
    assert statuses(lexicon, text, "en", "talks_round") == ["planned"]


@pytest.mark.parametrize(
    ("language", "text", "rule"),
    [
        ("en", "Russia and Ukraine did not hold a third round of talks.", "negated"),
        ("en", "Will Russia and Ukraine hold a third round of talks?", "question"),
        ("en", "Russia and Ukraine spoke about a prisoner swap.", "spoken-about"),
        ("uk", "Скільки полонених повернули з полону Україна та Росія.", "question"),
    ],
)
def test_what_states_nothing_is_rejected_by_name(lexicon: Lexicon, language: str, text: str, rule: str) -> None:
    reading = read_claims(Article("u", "o", None, text, language, PUBLISHED), lexicon)
    assert rule in {rejection.rule for rejection in reading.rejections}
    assert not [c for c in reading.claims if c.kind in ("talks_round", "prisoner_exchange") and c.status != "proposed"]


def test_a_headline_in_the_present_tense_gives_way_to_the_day_in_the_text(lexicon: Lexicon) -> None:
    article = Article(
        "u", "o", "Russia and Ukraine swap prisoners",
        "A new swap of 300 prisoners between Russia and Ukraine is set for Saturday, officials said.", "en", PUBLISHED,
    )  # fmt: skip
    (claim,) = read_claims(article, lexicon).claims
    assert claim.status == "planned"
    assert claim.date is not None
    assert claim.date.start.isoformat() == "2025-06-07"
