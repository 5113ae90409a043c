"""Triggers: what they need near them, what cancels them."""

import json
from pathlib import Path

import pytest

from extractors import languages
from extractors.claims import read_claims
from extractors.lexicon import Lexicon
from extractors.mentions import find_heads
from extractors.numbers import find_numbers
from extractors.passages import Passage, read_passages
from extractors.records import Article, Names
from extractors.refusals import RULES, because

CORPUS = Path(__file__).parents[1] / "corpus" / "dev-retold.jsonl"
TOPICS = ("talks_round", "prisoner_exchange", "remains_repatriation", "children_return")


def passages(lexicon: Lexicon, text: str, language: str = "en", title: str | None = None) -> list[Passage]:
    return read_passages(title, text, languages.get(language), lexicon)


def heads(lexicon: Lexicon, text: str, language: str = "en", named: frozenset[str] = frozenset()) -> set[str]:
    out: set[str] = set()
    for passage in passages(lexicon, text, language):
        numbers = find_numbers(text, languages.get(language))
        out |= {head.topic for head in find_heads(passage, TOPICS, named, numbers)[0]}
    return out


def refused(lexicon: Lexicon, text: str, language: str = "en") -> set[tuple[str, str]]:
    out: set[tuple[str, str]] = set()
    for passage in passages(lexicon, text, language):
        numbers = find_numbers(text, languages.get(language))
        out |= {(refusal.topic, refusal.rule) for refusal in find_heads(passage, TOPICS, frozenset(), numbers)[1]}
    return out


@pytest.mark.parametrize(
    ("language", "text", "topic"),
    [
        ("en", "Kyiv and Moscow carried out a prisoner swap.", "prisoner_exchange"),
        ("en", "Russia and Ukraine swapped 205 prisoners each.", "prisoner_exchange"),
        ("uk", "Відбувся обмін полоненими між Україною та Росією.", "prisoner_exchange"),
        ("ru", "Россия и Украина обменялись пленными.", "prisoner_exchange"),
        ("tr", "Rusya ve Ukrayna esir takası yaptı.", "prisoner_exchange"),
        ("en", "Ukraine brought home the bodies of 900 soldiers.", "remains_repatriation"),
        ("ru", "Украине вернули тела погибших.", "remains_repatriation"),
        ("en", "The second round of talks ended.", "talks_round"),
        ("uk", "Завершився другий раунд переговорів.", "talks_round"),
        ("tr", "Müzakerelerin ikinci turu başladı.", "talks_round"),
        ("en", "Seven Ukrainian children were returned from Russia.", "children_return"),
    ],
)
def test_an_event_is_found_by_its_words(lexicon: Lexicon, language: str, text: str, topic: str) -> None:
    assert topic in heads(lexicon, text, language)


@pytest.mark.parametrize(
    ("language", "text", "topic", "rule"),
    [
        ("en", "Russia and Ukraine reported an exchange of fire.", "prisoner_exchange", "exchange-of-something-else"),
        ("en", "Kyiv and Moscow held an exchange of views.", "prisoner_exchange", "exchange-of-something-else"),
        ("en", "Russia helped Ukraine in exchange for grain.", "prisoner_exchange", "in-exchange-for"),
        ("en", "The exchange rate fell in Russia and Ukraine.", "prisoner_exchange", "exchange-of-something-else"),
        ("uk", "Україна і Росія обмінялися документами.", "prisoner_exchange", "exchange-of-something-else"),
        ("ru", "Россия и Украина обменялись ударами, обмен валюты закрыт.", "prisoner_exchange",
         "exchange-of-something-else"),
        ("en", "Russia and Ukraine spoke of trade talks and tariff rounds.", "talks_round", "talks-on-other-business"),
        ("ru", "Лавров провёл телефонные переговоры о России и Украине.", "talks_round", "phone-call"),
        ("en", "Russia and Ukraine will make official statements, and statements on it are expected soon.",
         "talks_round", "statement-expected"),
        ("uk", "Офіційні заяви про підсумки очікуються незабаром.", "talks_round", "statement-expected"),
        ("ru", "Официальные заявления об итогах ожидаются вскоре.", "talks_round", "statement-expected"),
        ("tr", "Sonuçlara ilişkin açıklamaların yakında yapılması bekleniyor.", "talks_round", "statement-expected"),
        ("en", "Russia and Ukraine went home, and no further sessions were scheduled.", "talks_round",
         "no-further-session"),
        ("uk", "Нових зустрічей України та Росії на сьогодні не заплановано.", "talks_round", "no-further-session"),
        ("ru", "Новых встреч России и Украины на сегодня не запланировано.", "talks_round", "no-further-session"),
        ("tr", "Rusya ve Ukrayna için başka görüşme planlanmadı.", "talks_round", "no-further-session"),
        ("en", "Ukraine held side meetings in Istanbul, Russia separate discussions.", "talks_round",
         "meetings-on-the-side"),
        ("uk", "Україна і Росія провели окремі консультації та неформальні зустрічі.", "talks_round",
         "meetings-on-the-side"),
        ("ru", "Россия и Украина провели отдельные консультации.", "talks_round", "meetings-on-the-side"),
        ("tr", "Ukrayna heyeti İstanbul'da ayrı toplantılar yaptı.", "talks_round", "meetings-on-the-side"),
        ("en", "Ukraine says that Russia is delaying negotiations.", "talks_round", "delaying-the-talks"),
        ("uk", "Росія затягує переговори з Україною.", "talks_round", "delaying-the-talks"),
        ("ru", "Украина затягивает переговоры с Россией.", "talks_round", "delaying-the-talks"),
        ("tr", "Rusya müzakereleri uzatıyor.", "talks_round", "delaying-the-talks"),
        ("en", "Ukraine and Russia fight on as the talks continue.", "talks_round", "talks-as-a-backdrop"),
        ("uk", "Поки тривають переговори, Росія та Україна воюють.", "talks_round", "talks-as-a-backdrop"),
        ("ru", "Пока идут переговоры, Россия и Украина воюют.", "talks_round", "talks-as-a-backdrop"),
        ("tr", "Müzakereler sürerken Rusya ve Ukrayna savaşıyor.", "talks_round", "talks-as-a-backdrop"),
        ("en", "Ukraine met with officials from Italy.", "talks_round", "meeting-of-other-parties"),
        ("ru", "Украинцы провели встречу с представителями Италии.", "talks_round", "meeting-of-others"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_by_a_name_that_says_why(
    lexicon: Lexicon, language: str, text: str, topic: str, rule: str
) -> None:
    assert topic not in heads(lexicon, text, language)
    assert (topic, rule) in refused(lexicon, text, language)


def test_an_exchange_of_bodies_is_no_exchange_of_prisoners(lexicon: Lexicon) -> None:
    text = "Russia and Ukraine agreed on an exchange of the bodies of fallen soldiers."
    assert heads(lexicon, text) == {"remains_repatriation"}


def test_a_committee_for_exchanges_is_no_exchange(lexicon: Lexicon) -> None:
    text = "The prisoner exchange committee said that 90 bodies were returned to Ukraine."
    assert heads(lexicon, text) == {"remains_repatriation"}


def test_a_bare_word_needs_support_or_an_earlier_full_name(lexicon: Lexicon) -> None:
    assert heads(lexicon, "The exchange took place in the morning.") == set()
    assert heads(lexicon, "The exchange took place in the morning.", named=frozenset({"prisoner_exchange"})) == {
        "prisoner_exchange"
    }


def test_somebody_returning_home_is_no_exchange(lexicon: Lexicon) -> None:
    assert heads(lexicon, "The minister returned to Kyiv from Moscow.") == set()


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("Also read: Russia and Ukraine swap prisoners.", "noise-see-also"),
        ("The delegations in May (Photo: Foreign Ministry)", "noise-caption"),
        ("Swap of prisoners · Talks in Geneva end · Weather", "noise-headline-list"),
        ("Prisoner swap agreed", "noise-heading"),
    ],
)
def test_lines_of_the_page_do_not_speak_for_the_article(lexicon: Lexicon, line: str, rule: str) -> None:
    text = f"Russia and Ukraine met today.\n{line}\nThe weather was fine in Istanbul today."
    assert [passage.noise for passage in passages(lexicon, text)] == [None, rule, None]


def test_the_title_repeated_in_the_text_is_title(lexicon: Lexicon) -> None:
    text = "Talks end in Istanbul\nThe round ended on Monday. Nothing else. A third sentence."
    assert [p.zone for p in passages(lexicon, text, title="Talks end in Istanbul")] == [
        "title", "title", "lead", "lead", "body",
    ]  # fmt: skip


def test_a_comma_in_a_number_opens_no_clause(lexicon: Lexicon) -> None:
    (passage,) = passages(lexicon, "They freed 1,200 men, who went home.")
    assert passage.clause(11) == passage.clause(2)
    assert passage.clause(30) > passage.clause(11)


def test_every_rule_of_refusal_says_why(lexicon: Lexicon, names: Names) -> None:
    own = {
        group.removeprefix("not-")
        for topic in names.topics
        for groups in topic.words.values()
        for group in groups
        if group.startswith("not-")
    }
    seen: set[str] = set()
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        article = Article(row["url"], row["outlet"], row["title"], row["text"], row["lang"])
        seen |= {rejection.rule for rejection in read_claims(article, lexicon).rejections}
    assert {rule for rule in seen if because(rule).startswith("the topic's words")} <= own
    assert len(seen & set(RULES)) > len(RULES) / 2
    assert own.isdisjoint(RULES)
