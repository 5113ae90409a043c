import functools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.damage import garbled
from extractors.feed import parse_feed
from extractors.records import Entry

CORPUS = Path(__file__).parents[1] / "corpus"


@functools.cache
def news() -> dict[str, list[tuple[str, str]]]:
    """Titles and texts of the labelled news, by language."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in ("dev-retold", "gaza", "armenia-azerbaijan"):
        for line in (CORPUS / f"{name}.jsonl").read_text().splitlines():
            row = json.loads(line)
            found.setdefault(row["lang"], []).append((row["title"] or "", row["text"] or ""))
    return found


def flagged(title: str, text: str) -> bool:
    return garbled(title + text, [Entry("1", "https://example.org/1", title, text)])


@pytest.mark.parametrize("language", ["ru", "uk", "tr", "en"])
def test_no_good_text_of_the_labelled_news_is_damaged(language):
    assert len(news()[language]) > 20
    for title, text in news()[language]:
        assert not flagged(title, text)
        assert not flagged(title.upper(), text.upper())


def twice(text: str, codec: str) -> str:
    """UTF-8 taken for `codec`, whose gaps the web fills with control characters, and written again."""
    return "".join(bytes([byte]).decode(codec, "replace").replace("�", chr(byte)) for byte in text.encode())


@pytest.mark.parametrize(("language", "codec"), [("ru", "cp1251"), ("uk", "cp1251"), ("ru", "cp1252"), ("uk", "cp1252"),
                                                 ("tr", "cp1252"), ("ru", "latin-1"), ("uk", "latin-1")])  # fmt: skip
def test_a_text_encoded_twice_is_damaged(language, codec):
    texts = [pair for pair in news()[language] if len(pair[1]) > 200]
    assert all(flagged(twice(title, codec), twice(text, codec)) for title, text in texts)


@pytest.mark.parametrize(
    "text",
    [
        "РІК, СІРІ, «СССР», ВС»…",
        "Çağrı: “GÖRÜŞME” – İŞ, ÂŞIK",
        "café “naïve” – São PAULO, MÃE",
        "Ärzte “Åse”",
        "5 °C ± 1 § 4",
        "РС-24 Р° С±",
    ],
)
def test_capitals_and_quotation_marks_are_no_damage(text):
    assert not flagged(text, text)


ALPHABETS = ["абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "abcçdefgğhıijklmnoöprsştuüvyz"]
words = st.sampled_from(ALPHABETS).flatmap(lambda letters: st.text(letters, min_size=1, max_size=9))
marks = st.sampled_from([" ", " «", "» ", " – ", "… ", ", “", "” ", "’", " № ", " ± "])


@given(st.lists(st.tuples(words, st.booleans(), marks), max_size=30))
def test_no_words_of_the_four_languages_are_damage(said):
    text = "".join((word.capitalize() if capital else word) + mark for word, capital, mark in said)
    assert not flagged(text, text)


def test_one_entry_that_shows_damage_does_not_condemn_a_feed():
    good = [Entry(str(n), "", f"Обмен пленными {n}") for n in range(20)]
    shown = Entry("x", "", "Почему мы видим РћР±РјРµРЅ вместо слов")
    assert not garbled("", [*good, shown])
    assert garbled("", [*good[:5], shown])


@pytest.mark.parametrize(("lost", "damaged"), [(5, False), (6, True)])
def test_more_than_a_few_lost_letters_are_damage(lost, damaged):
    body = (
        "<rss version='2.0'><channel><item><title>Обмен пленными".encode() + b"\xff" * lost + "завершён".encode() * 20
    )
    parsed = parse_feed(
        body + b"</title></item></channel></rss>", "https://example.org/", "text/xml; charset=utf-8", "UTC"
    )
    assert parsed.garbled is damaged


def test_a_few_lost_letters_of_a_long_document_are_none():
    assert not garbled("�" * 6 + "a" * 100_000, ())
