import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import extractors
from extractors import languages
from extractors.language import identify

CORPUS = Path(__file__).parent.parent / "corpus" / "dev-retold.jsonl"
ARTICLES = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("article", ARTICLES, ids=[article["id"] for article in ARTICLES])
def test_saved_articles_and_their_headlines_are_told_without_a_hint(article: dict[str, str]) -> None:
    assert identify(article["text"]) == article["lang"]
    assert article["title"] is None or identify(article["title"]) == article["lang"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Der Austausch von Gefangenen fand am Freitag statt und die Verhandlungen gehen weiter", "de"),
        ("Wymiana jeńców odbyła się w piątek, a rozmowy nie są zakończone", "pl"),
        ("L'échange de prisonniers a eu lieu vendredi et les négociations se poursuivent dans la ville", "fr"),
        ("El intercambio de prisioneros se realizó el viernes y las negociaciones siguen en la ciudad", "es"),
        ("Абмен палоннымі ўчора адбыўся, заявіў кіраўнік дэлегацыі", "be"),
        ("تبادل الأسرى بين روسيا وأوكرانيا يوم الجمعة", None),
        ("囚犯交换在星期五举行", None),
        ("Takas yapıldı", "tr"),
        ("Обмін відбувся", "uk"),
        ("Обмены прошли", "ru"),
        ("Prisoner swap", "en"),
        (
            "Размяната на пленници се състоя в петък, каза той, като добави, че преговорите ще продължат за обмяната",
            "bg",
        ),
    ],
)
def test_other_languages_are_not_taken_for_ours(text: str, code: str | None) -> None:
    assert identify(text) == code


def test_a_hint_decides_only_what_the_text_leaves_open() -> None:
    assert identify("Переговоры завершились, и обмены прошли в срок", hint="uk") == "ru"
    assert identify("Обмен", hint="ru") == "ru"
    assert identify("Обмен") is None
    assert identify("1200", hint="tr") == "tr"
    assert identify("", hint=None) is None


def test_a_quotation_does_not_turn_a_text_over() -> None:
    text = "Он сказал: «Ми їдемо додому». " + "Переговоры прошли, и стороны объявили об этом. " * 3
    assert identify(text) == "ru"


@given(st.text(), st.one_of(st.none(), st.sampled_from(["en", "uk", "ru", "tr", "de", ""])))
def test_any_text_can_be_asked(text: str, hint: str | None) -> None:
    assert identify(text, hint) == identify(text, hint)


def test_every_fragment_that_reading_asks_for_stands_in_some_language_and_none_stands_there_unasked() -> None:
    """What a language has no words for it leaves out: a misspelt name would be nothing in all of them, unseen."""
    code = "".join(each.read_text(encoding="utf-8") for each in Path(extractors.__path__[0]).glob("*.py"))
    asked = set(re.findall(r"""\b(?:p|pattern|patterns\.get)\(f?["'](\w+)["']""", code))
    asked |= {f"unit_{unit}" for unit in ("day", "week", "month", "year")}
    asked |= {part + tail for part in ("early", "mid", "late") for tail in ("", "_after")}
    asked |= set(re.findall(r'_expression\([\w.]+, "(\w+)"', code))
    held = {name for each in languages.CODES for name in languages.get(each).patterns}
    assert asked == held
