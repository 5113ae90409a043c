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


@pytest.mark.parametrize(
    ("language", "text", "day", "moved"),
    [
        ("en", "The third round of talks between Russia and Ukraine was moved from 12 to 13 June.", 13, True),
        ("en", "The third talks between Russia and Ukraine, planned for June 12, were put off to June 13.", 13, True),
        ("en", "The third round of talks between Russia and Ukraine, planned for June 12, was postponed.", 12, False),
        ("uk", "Третій раунд переговорів України та Росії відкладено з 12 червня на 13 червня.", 13, True),
        ("uk", "Україна та Росія перенесли третій раунд переговорів на п'ятницю.", 6, True),
        ("ru", "Третий раунд переговоров России и Украины, намеченный на 12 июня, перенесён на 13 июня.", 13, True),
        ("ru", "Третий раунд переговоров России и Украины, намеченный на 12 июня, отложен.", 12, False),
        ("tr", "Rusya ile Ukrayna arasındaki üçüncü tur görüşmeler 12 Haziran'dan 13 Haziran'a ertelendi.", 13, True),
        ("tr", "Rusya ile Ukrayna arasındaki görüşmeler pazartesi gününe ertelendi.", 9, True),
    ],
)  # fmt: skip
def test_a_postponed_round_stands_at_its_new_day(
    lexicon: Lexicon, language: str, text: str, day: int, moved: bool
) -> None:
    (claim,) = read_claims(Article("u", "o", None, text, language, PUBLISHED), lexicon).claims
    assert claim.status == "postponed"
    assert claim.date is not None
    assert (claim.date.start.day, claim.date.end.day) == (day, day)
    assert ("moved" in claim.marks) is moved


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Talks between Russia and Ukraine at the Vatican were proposed by Washington."),
        ("en", "The Vatican could host a round of talks between Russia and Ukraine, very likely next week."),
        ("en", "The Vatican is a place for Russia and Ukraine to engage in peace talks."),
        ("uk", "Папа запропонував Ватикан для мирних переговорів України та Росії."),
        ("uk", "Переговори між Росією та Україною можуть відбутися у Ватикані наступного тижня."),
        ("ru", "Переговоры России и Украины в Ватикане предложены Вашингтоном."),
        ("tr", "Rusya ile Ukrayna arasındaki görüşmeler gelecek hafta Vatikan'da yapılabilir."),
    ],
)
def test_a_place_on_offer_is_only_proposed(lexicon: Lexicon, language: str, text: str) -> None:
    assert statuses(lexicon, text, language, "talks_round") == ["proposed"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Russia and Ukraine agreed that all wounded prisoners will be exchanged soon."),
        ("en", "Russia and Ukraine will exchange 1,000 prisoners each."),
        ("uk", "Україна та Росія домовилися, що поранених полонених незабаром обміняють."),
        ("ru", "Россия и Украина договорились, что раненых пленных скоро обменяют."),
        ("tr", "Rusya ve Ukrayna anlaştı: yaralı esirler yakında takas edilecek."),
    ],
)
def test_what_was_agreed_and_will_be_is_ahead_and_has_no_day(lexicon: Lexicon, language: str, text: str) -> None:
    (claim,) = [
        c for c in read_claims(Article("u", "o", None, text, language, PUBLISHED), lexicon).claims
        if c.kind == "prisoner_exchange"
    ]  # fmt: skip
    assert claim.status in ("agreed", "planned")
    assert claim.date is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("uk", "Сьогодні за ініціативою російської сторони відбувся перший раунд переговорів з Україною."),
        ("ru", "Сегодня по инициативе российской стороны состоялся первый раунд переговоров с Украиной."),
    ],
)
def test_at_whose_initiative_it_was_held_is_no_wish(lexicon: Lexicon, language: str, text: str) -> None:
    assert statuses(lexicon, text, language, "talks_round") == ["concluded"]
