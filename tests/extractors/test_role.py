"""News or background, as an article tells by itself."""

from datetime import UTC, datetime

import pytest

from extractors.claims import read_claims
from extractors.lexicon import Lexicon
from extractors.records import Article, Claim

PUBLISHED = datetime(2025, 7, 24, 12, tzinfo=UTC)
LEAD = "Russia and Ukraine held a third round of talks in Istanbul on Wednesday. It took an hour."


def claims(lexicon: Lexicon, text: str, language: str = "en", title: str | None = None) -> tuple[Claim, ...]:
    return read_claims(Article("u", "o", title, text, language, PUBLISHED), lexicon).claims


@pytest.mark.parametrize(
    ("language", "text", "kind", "rule"),
    [
        ("en", "The first round of talks between Russia and Ukraine was held in Istanbul on May 16.", "talks_round",
         "date-long-past"),
        ("en", "Earlier, Russia and Ukraine exchanged 300 prisoners.", "prisoner_exchange", "recap-cue"),
        ("uk", "Нагадаємо, Україна та Росія провели обмін полоненими.", "prisoner_exchange", "recap-cue"),
        ("ru", "Напомним, Россия и Украина обменялись пленными.", "prisoner_exchange", "recap-cue"),
        ("tr", "Hatırlanacağı gibi Rusya ve Ukrayna esir takası yaptı.", "prisoner_exchange", "recap-cue"),
        ("en", "The previous round of talks between Russia and Ukraine ended in Istanbul.", "talks_round",
         "previous-adjective"),
        ("en", "Since the start of the war 5,000 Ukrainian prisoners have been freed.", "prisoner_exchange",
         "running-total"),
        ("en", "Russia and Ukraine swapped prisoners last month.", "prisoner_exchange", "date-long-past"),
    ],
)  # fmt: skip
def test_a_recalled_event_is_background_by_a_named_rule(
    lexicon: Lexicon, language: str, text: str, kind: str, rule: str
) -> None:
    (claim,) = [claim for claim in claims(lexicon, text, language) if claim.kind == kind]
    assert claim.role == "background"
    assert rule in claim.rules


@pytest.mark.parametrize("when", ["on Thursday", "on Wednesday", "on July 23", "today", "yesterday"])
def test_the_day_of_publication_and_the_day_before_are_news(lexicon: Lexicon, when: str) -> None:
    (claim,) = claims(lexicon, f"Russia and Ukraine exchanged 250 prisoners {when}.")
    assert claim.role == "news"
    assert claim.date is not None
    assert claim.date.basis != "publication"


def test_an_undated_report_is_of_the_day_of_publication_or_the_one_before(lexicon: Lexicon) -> None:
    (claim,) = claims(lexicon, "Russia and Ukraine have exchanged 250 prisoners.")
    assert claim.role == "news"
    assert claim.date is not None
    days = claim.date.start.isoformat(), claim.date.end.isoformat()
    assert (days, claim.date.basis) == (("2025-07-23", "2025-07-24"), "publication")


def test_a_plan_without_a_day_has_no_date(lexicon: Lexicon) -> None:
    (claim,) = claims(lexicon, "Russia and Ukraine agreed on an exchange of prisoners.")
    assert claim.date is None


def test_the_day_of_an_agreement_is_not_the_day_of_the_exchange(lexicon: Lexicon) -> None:
    (claim,) = claims(lexicon, "On Wednesday Russia and Ukraine agreed on an exchange of prisoners.")
    assert (claim.status, claim.date) == ("agreed", None)


def test_an_old_round_in_the_body_stays_apart_from_the_new_one(lexicon: Lexicon) -> None:
    text = f"{LEAD}\nThe second round of talks took place in Istanbul on June 2. The sides traded documents."
    rounds = [claim for claim in claims(lexicon, text) if claim.kind == "talks_round"]
    assert [(claim.ordinal, claim.role) for claim in rounds] == [(3, "news"), (2, "background")]


def test_the_past_goes_on_within_its_paragraph(lexicon: Lexicon) -> None:
    text = f"{LEAD}\nOn May 16 Russia and Ukraine held talks in Istanbul. They agreed to exchange 1,000 prisoners each."
    (swap,) = [claim for claim in claims(lexicon, text) if claim.kind == "prisoner_exchange"]
    assert swap.role == "background"
    assert "follows-background" in swap.rules


def test_an_article_about_something_else_only_recalls(lexicon: Lexicon) -> None:
    text = (
        "Drones hit a power station near Odesa. Four people were hurt.\nFirefighters worked all night. "
        "Ukraine has asked Russia for a ceasefire.\nRussia and Ukraine have exchanged 300 prisoners."
    )
    (swap,) = [claim for claim in claims(lexicon, text) if claim.kind == "prisoner_exchange"]
    assert (swap.role, "another-subject" in swap.rules) == ("background", True)


@pytest.mark.parametrize(
    ("language", "text", "rule"),
    [
        ("en", "Russia and Ukraine exchanged prisoners on Thursday, as agreed at the third round of talks in Istanbul.",
         "frame-of-what-came-of-it"),
        ("uk", "Росія та Україна провели обмін полоненими, про який домовилися в Стамбулі на четвертому раунді.",
         "frame-of-what-came-of-it"),
        ("ru", "Россия и Украина провели обмен пленными, о котором договорились в Стамбуле на четвертом раунде.",
         "frame-of-what-came-of-it"),
        ("tr", "Rusya ve Ukrayna, İstanbul'daki dördüncü tur görüşmelerde anlaşılan esir takasını gerçekleştirdi.",
         "frame-of-what-came-of-it"),
        ("en", "Russia and Ukraine exchanged prisoners. It was the first swap since the delegations met in Istanbul.",
         "since-frame"),
        ("uk", "Україна та Росія обмінялися полоненими. Це перший обмін відтоді, як делегації зустрілися у Стамбулі.",
         "since-frame"),
        ("ru", "Россия и Украина обменялись пленными. Это первый обмен с тех пор, как делегации встретились.",
         "since-frame"),
    ],
)  # fmt: skip
def test_the_round_that_an_exchange_goes_back_to_is_background(
    lexicon: Lexicon, language: str, text: str, rule: str
) -> None:
    told = {claim.kind: claim for claim in claims(lexicon, text, language)}
    assert told["talks_round"].role == "background"
    assert rule in told["talks_round"].rules
    assert told["prisoner_exchange"].role == "news"
    assert told["prisoner_exchange"].ordinal is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "At the first round, on 16 May 2025, the sides agreed to exchange 1,000 prisoners each."),
        ("en", "At the previous round the sides had agreed to exchange 1,000 prisoners each."),
        ("uk", "На першому раунді, 16 травня 2025 року, сторони домовилися обміняти по 1000 полонених."),
        ("ru", "На первом раунде, 16 мая 2025 года, стороны договорились обменять по 1000 пленных."),
        ("tr", "16 Mayıs 2025'teki ilk turda taraflar 1.000'er esirin takas edilmesi konusunda anlaştı."),
    ],
)
def test_what_was_agreed_at_an_old_round_is_background(lexicon: Lexicon, language: str, text: str) -> None:
    lead = {
        "en": "Russia and Ukraine held talks on Thursday. ", "uk": "Україна та Росія провели переговори у четвер. ",
        "ru": "Россия и Украина провели переговоры в четверг. ", "tr": "Rusya ve Ukrayna perşembe günü görüştü. ",
    }  # fmt: skip
    told = [claim for claim in claims(lexicon, lead[language] + text, language) if claim.kind == "prisoner_exchange"]
    assert [claim.role for claim in told] == ["background"]


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("en", "Lavrov and Rubio discuss the talks with Ukraine",
         "They spoke about Ukraine.\nThe third meeting of the delegations of Russia and Ukraine took place in Minsk."),
        ("uk", "Сибіга обговорив з Рубіо переговори України з Росією",
         "Вони говорили про Україну та Росію.\nТретій раунд переговорів України та Росії відбувся у Стамбулі."),
        ("ru", "Лавров поговорил с Рубио о переговорах России с Украиной",
         "Они обсудили Россию и Украину.\nТретий раунд переговоров России и Украины состоялся в Стамбуле."),
    ],
)  # fmt: skip
def test_an_article_about_a_conversation_only_recalls_the_round(
    lexicon: Lexicon, language: str, title: str, text: str
) -> None:
    (told,) = [c for c in claims(lexicon, text, language, title) if c.kind == "talks_round" and c.status == "concluded"]
    assert told.role == "background"
    assert "subject-is-a-conversation" in told.rules


@pytest.mark.parametrize(
    "title", ["Talks in Istanbul end", "Russia and Ukraine discuss prisoners at talks in Istanbul"]
)
def test_a_report_whose_title_tells_of_the_round_is_news_the_morning_after(lexicon: Lexicon, title: str) -> None:
    text = "Russia and Ukraine held a third round of talks in Istanbul. Later the ministers spoke by telephone."
    (told,) = [c for c in claims(lexicon, text, "en", title) if c.kind == "talks_round"]
    assert told.role == "news"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Her father was among the prisoners who were going to be exchanged by Russia and Ukraine on Wednesday."),
        ("uk", "Раунд переговорів України та Росії мав відбутися у середу."),
        ("ru", "Раунд переговоров России и Украины должен был состояться в среду."),
        ("tr", "Rusya ile Ukrayna arasındaki görüşmeler çarşamba günü yapılacaktı."),
    ],
)
def test_what_was_to_be_is_no_plan_of_today(lexicon: Lexicon, language: str, text: str) -> None:
    assert "news" not in [claim.role for claim in claims(lexicon, text, language)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Russia and Ukraine held a fourth round of talks in Istanbul. It came after the third round of talks."),
        ("uk", "Україна та Росія провели четвертий раунд переговорів. Він відбувся після третього раунду переговорів."),
        ("ru", "Россия и Украина провели четвертый раунд переговоров. Он прошел после третьего раунда переговоров."),
    ],
)
def test_the_round_before_is_background_to_the_one_after_it(lexicon: Lexicon, language: str, text: str) -> None:
    news = [claim.ordinal for claim in claims(lexicon, text, language) if claim.role == "news"]
    assert news == [4]


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        (
            "en",
            "Umerov confirmed: July 27 is the day when Russia and Ukraine will hold talks in Istanbul.",
            "2025-07-27",
        ),
        ("uk", "Умєров підтвердив: 27 липня Україна та Росія проведуть переговори у Стамбулі.", "2025-07-27"),
        ("ru", "Мединский сообщил: 27 июля Россия и Украина проведут переговоры в Стамбуле.", "2025-07-27"),
        ("en", "Umerov said on Wednesday that Russia and Ukraine will hold talks in Istanbul.", None),
    ],
)
def test_what_stands_behind_a_colon_was_said_and_is_not_when_it_was_said(
    lexicon: Lexicon, language: str, text: str, day: str | None
) -> None:
    (claim,) = [claim for claim in claims(lexicon, text, language) if claim.kind == "talks_round"]
    assert (claim.date and claim.date.start.isoformat()) == day
