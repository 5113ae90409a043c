"""What sort of text an article is decides whose news it holds."""

from datetime import UTC, datetime

import pytest

from extractors.claims import read_claims
from extractors.lexicon import Lexicon
from extractors.records import Article, Claim

PUBLISHED = datetime(2025, 7, 24, 12, tzinfo=UTC)


def claims(lexicon: Lexicon, text: str, language: str = "en", title: str | None = None) -> tuple[Claim, ...]:
    return read_claims(Article("u", "o", title, text, language, PUBLISHED), lexicon).claims


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("en", "Press review: Russia and Ukraine swap prisoners as markets fall", "These stories led the papers."),
        ("uk", "Дайджест дня: обмін полоненими", "Україна та Росія провели обмін полоненими. Курс долара зріс."),
        ("ru", "Главное за день", "Россия и Украина обменялись пленными. Доллар подорожал."),
        ("tr", "Basın özeti", "Rusya ve Ukrayna esir takası yaptı. Dolar yükseldi."),
    ],
)
def test_a_digest_recalls_what_others_told(lexicon: Lexicon, language: str, title: str, text: str) -> None:
    found = [claim for claim in claims(lexicon, text, language, title) if claim.kind == "prisoner_exchange"]
    assert found
    assert {claim.role for claim in found} == {"background"}
    assert all("digest" in claim.rules for claim in found)


SPEECH = {
    "uk": "Дорогі українці! Ми сьогодні багато працювали. Ми говорили з нашими партнерами. Наші воїни тримаються. "
    "Ми вдячні кожному. Росія обстрілює наші міста. Нам потрібна зброя. Ми не відступимо. Наша країна сильна. "
    "Мені доповіли про фронт. Ми все бачимо. Україна бореться за наше життя. Ми чекаємо на рішення. "
    "Попереду новий раунд переговорів з Росією. Слава Україні!",
    "en": "Dear people! We worked a lot today. We spoke with our partners. Our soldiers hold on. We thank everyone. "
    "Russia shells our cities. We need weapons. We will not retreat. Our country is strong. I heard the report. "
    "We see it all. Ukraine fights for our lives. We wait for decisions. "
    "A new round of talks with Russia lies ahead. Glory to Ukraine!",
}


@pytest.mark.parametrize("language", sorted(SPEECH))
def test_in_an_address_a_side_plans_a_round_wherever_it_says_so(lexicon: Lexicon, language: str) -> None:
    (claim,) = [claim for claim in claims(lexicon, SPEECH[language], language) if claim.kind == "talks_round"]
    assert (claim.status, claim.role) == ("planned", "news")


def test_what_a_title_says_of_the_talks_makes_yesterdays_round_a_setting(lexicon: Lexicon) -> None:
    told = "Russia and Ukraine held a second round of talks in Istanbul on July 23."
    (news,) = claims(lexicon, told, title="Russia and Ukraine hold second round of talks")
    (set_,) = claims(lexicon, told, title="Moscow accused of delaying peace talks with Ukraine")
    assert (news.role, set_.role) == ("news", "background")
    assert "title-on-another-matter" in set_.rules


def test_an_article_without_a_title_begins_with_it(lexicon: Lexicon) -> None:
    text = "Russia and Ukraine exchange 300 prisoners\nThe swap took place at the border. It was the tenth this year."
    (claim,) = claims(lexicon, text)
    assert "told-in-title" in claim.rules


@pytest.mark.parametrize(
    ("language", "text", "ordinal"),
    [
        ("en", "Russia and Ukraine exchanged 100 prisoners each today. It was the third swap of the year.", 3),
        ("ru", "Россия и Украина сегодня обменялись пленными. Это третий обмен пленными с начала 2025 года.", 3),
        ("uk", "Україна та Росія сьогодні обмінялися полоненими. Це вже третій обмін полоненими цього року.", 3),
        ("tr", "Rusya ve Ukrayna bugün esir takası yaptı. Bu, yılın üçüncü takası.", 3),
    ],
)
def test_a_verdict_counts_the_event_that_the_sentence_before_told(
    lexicon: Lexicon, language: str, text: str, ordinal: int
) -> None:
    (claim,) = [claim for claim in claims(lexicon, text, language) if claim.kind == "prisoner_exchange"]
    assert (claim.role, claim.status, claim.ordinal) == ("news", "concluded", ordinal)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We discussed an exchange of prisoners with Russia, Umerov said. We already know the date."),
        ("uk", "Умєров сказав, що йшлося про обмін полоненими з Росією і що дата вже відома."),
        ("ru", "Умеров сказал, что речь шла об обмене пленными с Россией и что дата уже известна."),
        ("tr", "Umerov, Rusya ile esir takasını ele aldıklarını söyledi. Tarihi biliyoruz, dedi."),
    ],
)
def test_what_was_spoken_of_is_planned_when_its_day_is_known(lexicon: Lexicon, language: str, text: str) -> None:
    (claim,) = [claim for claim in claims(lexicon, text, language) if claim.kind == "prisoner_exchange"]
    assert claim.status == "planned"
    assert "date-is-known" in claim.rules


def test_a_number_on_each_side_goes_to_the_event_spoken_of_before(lexicon: Lexicon) -> None:
    text = (
        "Russia and Ukraine agreed on a prisoner swap. Umerov spoke of an exchange of the gravely wounded. "
        'Medinsky said "at least 1,000" on each side.'
    )
    (claim,) = [claim for claim in claims(lexicon, text) if claim.kind == "prisoner_exchange"]
    assert claim.counts == {"each": 1000}
