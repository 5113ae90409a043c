"""Turns of phrase that decide where an event stands, whose it is and when: each by a named rule."""

from datetime import UTC, date, datetime

import pytest

from extractors.claims import read_claims
from extractors.lexicon import Lexicon
from extractors.records import Article, Claim

PUBLISHED = datetime(2026, 2, 5, 12, tzinfo=UTC)  # a Thursday
TALKS, SWAP = "talks_round", "prisoner_exchange"


def claims(lexicon: Lexicon, language: str, text: str, kind: str, title: str | None = None) -> list[Claim]:
    found = read_claims(Article("u", "o", title, text, language, PUBLISHED), lexicon).claims
    return [claim for claim in found if claim.kind == kind]


def refused(lexicon: Lexicon, language: str, text: str, kind: str, title: str | None = None) -> set[str]:
    found = read_claims(Article("u", "o", title, text, language, PUBLISHED), lexicon).rejections
    return {each.rule for each in found if each.kind == kind}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("uk", "Переговори України та Росії в Абу-Дабі, які мали розпочатися цього вівторка, відбудуться пізніше – 10 "
         "лютого."),
        ("en", "Talks between Russia and Ukraine that were to begin on Friday in Abu Dhabi will now be held on "
         "February 10."),
        ("ru", "Переговоры России и Украины, которые должны были начаться в пятницу, пройдут 10 февраля."),
    ],
)  # fmt: skip
def test_what_was_to_be_on_one_day_and_will_be_on_another_is_postponed_to_it(
    lexicon: Lexicon, language: str, text: str
) -> None:
    (claim,) = claims(lexicon, language, text, TALKS)
    assert claim.status == "postponed"
    assert claim.date is not None
    assert claim.date.start == date(2026, 2, 10)


def test_a_plan_that_will_not_be_kept_is_cancelled_for_the_day_that_was_planned(lexicon: Lexicon) -> None:
    text = "The meeting of the Russian and Ukrainian delegations that was to be held on Wednesday will not take place."
    (claim,) = claims(lexicon, "en", text, TALKS)
    assert claim.status == "cancelled"
    assert claim.date is not None
    assert claim.date.start == date(2026, 2, 11)


@pytest.mark.parametrize(
    ("language", "text", "rule", "status"),
    [
        ("en", "If both sides accept it, Russia and Ukraine will exchange 500 prisoners.", "on-condition", "proposed"),
        ("uk", "Якщо сторони погодяться, Україна та Росія обміняють 500 полонених.", "on-condition", "proposed"),
        ("en", "Under the plan, 500 prisoners would be exchanged by Russia and Ukraine.", "would-of-an-offer",
         "proposed"),
        ("en", "Umerov said a new round of talks with Russia would take place on Sunday.", "future-of-a-report",
         "planned"),
        ("uk", "Домовленість України та Росії про обмін 1000 на 1000, який провели 23 травня, виконано.",
         "carried-out-since", "concluded"),
    ],
)  # fmt: skip
def test_the_status_is_that_of_the_whole_sentence(
    lexicon: Lexicon, language: str, text: str, rule: str, status: str
) -> None:
    found = [*claims(lexicon, language, text, SWAP), *claims(lexicon, language, text, TALKS)]
    assert any(claim.status == status and rule in claim.rules for claim in found), found


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The prisoner swap between Russia and Ukraine, which began on Monday, ended on Thursday."),
        ("uk", "Обмін полоненими між Україною та Росією, якого чекали від понеділка, відбувся в четвер."),
        ("ru", "Обмен пленными между Россией и Украиной, которого ждали с понедельника, прошёл в четверг."),
    ],
)
def test_the_day_of_a_clause_aside_is_not_that_of_the_event(lexicon: Lexicon, language: str, text: str) -> None:
    (claim,) = claims(lexicon, language, text, SWAP)
    assert claim.date is not None
    assert claim.date.end == date(2026, 2, 5)
    assert claim.role == "news"


def test_what_goes_on_tomorrow_is_in_course_today(lexicon: Lexicon) -> None:
    (claim,) = claims(lexicon, "tr", "Rusya ile Ukrayna arasındaki esir takası yarın da devam edecek.", SWAP)
    assert claim.status == "underway"


@pytest.mark.parametrize(
    ("language", "text", "kind", "rule"),
    [
        ("ru", "Пакистан и Афганистан провели раунд переговоров. Следующая встреча назначена на воскресенье в "
         "Стамбуле. Россия и Украина приветствовали это.", TALKS, "goes-on-about-others"),
        ("en", "The second round of the Bosphorus Open in Istanbul was halted; Ukraine's Bondar leads Russia's Ilyin.",
         TALKS, "round-of-something-else"),
        ("en", "Moscow and Kyiv traded strikes overnight, both said.", SWAP, "exchange-of-something-else"),
        ("uk", "Обмін валют без комісії. Україна та Росія.", SWAP, "exchange-of-something-else"),
        ("en", "US and Ukrainian negotiators held talks in Miami on a plan for peace with Russia.", TALKS,
         "parties-of-another-process"),
        ("ru", "Россия и Украина обменялись списками пленных.", SWAP, "exchange-of-lists"),
    ],
)  # fmt: skip
def test_what_is_of_others_or_of_something_else_is_refused(
    lexicon: Lexicon, language: str, text: str, kind: str, rule: str
) -> None:
    assert [claim for claim in claims(lexicon, language, text, kind) if claim.role == "news"] == []
    assert rule in refused(lexicon, language, text, kind)


@pytest.mark.parametrize(
    ("language", "title", "text", "rule"),
    [
        ("uk", "Рік після великого обміну", "Україна та Росія провели обмін полоненими. Ми знайшли трьох із них.",
         "looks-back"),
        ("en", "A year after the big swap", "Russia and Ukraine exchanged 1,000 prisoners each. We found three.",
         "looks-back"),
        ("en", "What the war has brought", "Since the start of the war 71 exchanges have taken place, and 6,600 "
         "Ukrainian prisoners have come home from Russia.", "running-total"),
        ("en", "Kyiv under fire", "Sirens wailed in Kyiv. It is eleven days since Russia and Ukraine swapped 900 "
         "prisoners.", "since-frame"),
    ],
)  # fmt: skip
def test_what_looks_back_is_recalled(lexicon: Lexicon, language: str, title: str, text: str, rule: str) -> None:
    found = claims(lexicon, language, text, SWAP, title)
    assert found
    assert {claim.role for claim in found} == {"background"}
    assert any(rule in claim.rules for claim in found)


def test_a_live_blog_is_read_item_by_item(lexicon: Lexicon) -> None:
    text = (
        "21:05 Energy workers warn of outages tomorrow.\n"
        "20:12 The talks between Russia and Ukraine in Istanbul have ended after six hours.\n"
        "18:50 Two people were hurt in Odesa.\n"
        "16:05 A break for coffee."
    )
    (claim,) = claims(lexicon, "en", text, TALKS, "Live: Thursday")
    assert (claim.role, claim.status, claim.place) == ("news", "concluded", "Istanbul")


def test_the_rest_of_a_deal_is_no_second_one(lexicon: Lexicon) -> None:
    text = (
        "В четверг из украинского плена освобождены 205 российских военных. Это первая часть обмена, согласованного "
        "в Абу-Даби. Всего домой должны вернуться по пятьсот пленных, остальных Россия и Украина обменяют до конца "
        "месяца."
    )
    news = [claim for claim in claims(lexicon, "ru", text, SWAP) if claim.role == "news"]
    assert [claim.status for claim in news] == ["concluded"]


def test_an_agreement_and_an_exchange_of_other_numbers_are_two(lexicon: Lexicon) -> None:
    text = (
        "Russian and Ukrainian negotiators agreed on the release of 500 prisoners by each side. As they spoke, 130 "
        "Ukrainian soldiers were freed from Russian captivity."
    )
    news = {(claim.status, *claim.counts.values()) for claim in claims(lexicon, "en", text, SWAP)}
    assert news == {("agreed", 500), ("concluded", 130)}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("uk", "Працюємо, щоб українці повернулися з полону додому до Різдва, сказав Умєров про обмін із Росією."),
        ("ru", "Делаем всё, чтобы россияне вернулись из украинского плена домой к Рождеству, сказала Москалькова."),
    ],
)  # fmt: skip
def test_a_purpose_is_no_report(lexicon: Lexicon, language: str, text: str) -> None:
    assert not [claim for claim in claims(lexicon, language, text, SWAP) if claim.status == "concluded"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "There is a pause in the peace talks between Russia and Ukraine, Peskov said."),
        ("uk", "У переговорах України та Росії зараз пауза, сказав Пєсков."),
        ("ru", "В переговорах России и Украины скорее пауза, сказал Песков."),
    ],
)
def test_a_pause_in_the_talks_is_no_round(lexicon: Lexicon, language: str, text: str) -> None:
    assert "talks-as-a-backdrop" in refused(lexicon, language, text, TALKS)
    assert not claims(lexicon, language, text, TALKS)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Russia and Ukraine will swap 500 prisoners each on February 7 under an agreement reached at talks in "
         "Geneva."),
        ("uk", "Україна і Росія обміняють по 500 полонених 7 лютого відповідно до домовленостей, досягнутих на "
         "переговорах у Женеві."),
        ("ru", "Россия и Украина обменяют по 500 пленных 7 февраля по договорённостям, достигнутым на переговорах в "
         "Женеве."),
        ("tr", "Rusya ile Ukrayna arasındaki 500'er kişilik esir takası, Cenevre'deki görüşmelerde varılan anlaşma "
         "gereği 7 Şubat'ta yapılacak."),
    ],
)  # fmt: skip
def test_the_talks_that_a_deal_comes_from_are_not_those_of_its_day(lexicon: Lexicon, language: str, text: str) -> None:
    assert not claims(lexicon, language, text, TALKS)
    (claim,) = claims(lexicon, language, text, SWAP)
    assert (claim.status, claim.date and claim.date.start) == ("planned", date(2026, 2, 7))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "He also proposed that Volodymyr Zelenskyy and Vladimir Putin meet before the end of March, Kyiv and "
         "Moscow said."),
        ("uk", "Він запропонував провести зустріч Володимира Зеленського та Володимира Путіна до кінця березня."),
        ("ru", "Он предложил провести встречу Владимира Зеленского и Владимира Путина до конца марта."),
        ("tr", "Umerov, Volodimir Zelenskiy ile Vladimir Putin'in Mart sonuna kadar bir araya gelmesini önerdi."),
    ],
)  # fmt: skip
def test_a_meeting_of_the_two_presidents_is_a_summit_and_no_round(lexicon: Lexicon, language: str, text: str) -> None:
    assert not claims(lexicon, language, text, TALKS)
    (claim,) = claims(lexicon, language, text, "summit")
    assert (claim.status, claim.date and claim.date.end) == ("proposed", date(2026, 3, 31))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("uk", "Україна та Росія. На другому раунді переговорів, 2 лютого, сторони передали одна одній меморандуми."),
        ("ru", "Россия и Украина. На втором раунде переговоров, 2 февраля, стороны передали друг другу меморандумы."),
        ("en", "At the second round of talks, on February 2, Russia and Ukraine handed each other memorandums."),
        ("tr", "Rusya ve Ukrayna, 2 Şubat'taki ikinci turda birbirlerine muhtıralar verdi."),
    ],
)
def test_what_the_sides_hand_each_other_is_the_memorandum(lexicon: Lexicon, language: str, text: str) -> None:
    (claim,) = claims(lexicon, language, text, "memorandum")
    assert (claim.status, claim.date and claim.date.start) == ("concluded", date(2026, 2, 2))
    assert not claims(lexicon, language, text, "remains_repatriation")


def test_what_was_put_off_is_told_beside_what_took_place_on_another_day(lexicon: Lexicon) -> None:
    text = (
        "Russia and Ukraine exchanged 200 prisoners each between January 3 and January 5. A prisoner exchange that had "
        "been planned for January 27 was postponed."
    )
    found = {(claim.status, claim.date and claim.date.end) for claim in claims(lexicon, "en", text, SWAP)}
    assert found == {("concluded", date(2026, 1, 5)), ("postponed", date(2026, 1, 27))}


def test_the_day_of_the_agreement_is_not_that_of_the_exchange_in_any_word_order(lexicon: Lexicon) -> None:
    for language, text in (
        ("ru", "Россия и Украина провели вторую часть обмена, согласованного в январе."),
        ("tr", "Rusya ve Ukrayna ocakta kararlaştırılan takasın ikinci bölümünü gerçekleştirdi."),
    ):
        (claim,) = claims(lexicon, language, text, SWAP)
        assert claim.role == "news"
        assert claim.date is not None
        assert claim.date.basis == "publication"


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("en", "Swap deal off as clubs fail to agree second round of talks over wingers",
         "The exchange of the Ukrainian winger and the Russian playmaker is dead, both clubs say, after a second round "
         "of negotiations broke down over the loan fee."),
        ("tr", "Takasta pürüz: Ukraynalı yıldız için ikinci tur görüşme yarın",
         "Kulüp, Kiev'den istediği orta saha için takas formülünü masaya koydu. Rus kanat oyuncusu idmana çıkmadı; "
         "bonservis pahalı."),
    ],
)  # fmt: skip
def test_players_are_no_prisoners(lexicon: Lexicon, language: str, title: str, text: str) -> None:
    for kind in (TALKS, SWAP):
        assert not claims(lexicon, language, text, kind, title)
    assert "of-sport" in refused(lexicon, language, text, TALKS, title)


def test_a_report_that_is_denied_is_no_plan(lexicon: Lexicon) -> None:
    text = (
        "Kyiv's headquarters for prisoners denied social media posts claiming that 300 soldiers would be swapped with "
        "Russia this Saturday."
    )
    assert not claims(lexicon, "en", text, SWAP)


def test_where_a_report_was_written_is_not_where_the_talks_are_held(lexicon: Lexicon) -> None:
    text = "DUBAI, Feb 5 (NSW) - The next round of talks between Russia and Ukraine will be in Abu Dhabi on February 9."
    (claim,) = claims(lexicon, "en", text, TALKS)
    assert claim.place == "Abu Dhabi"


def test_no_further_exchanges_are_no_exchange(lexicon: Lexicon) -> None:
    for language, text in (
        ("en", "There will be no more exchanges between Russia and Ukraine this month, the ombudsman said."),
        ("ru", "До конца месяца обменов больше не будет, сказала Москалькова о пленных России и Украины."),
    ):
        assert not claims(lexicon, language, text, SWAP)


def test_a_prisoner_who_played_football_is_still_one(lexicon: Lexicon) -> None:
    text = (
        "Ukraine and Russia exchanged 157 prisoners each on Thursday. Among those freed is a midfielder of a club from "
        "Mariupol, the headquarters said."
    )
    (claim,) = claims(lexicon, "en", text, SWAP)
    assert claim.status == "concluded"
