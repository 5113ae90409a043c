import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.languages import CODES, get
from extractors.sentences import split

TABLE = [
    ("en", ["Talks by J. D. Vance began on Sept. 3 at 3:58 p.m.", "The U.S. delegation came."]),
    ("en", ['"We met!" he said.', "Prof. Smith and Gen. Budanov (ret.) agreed.", "It ended at 5 p.m. in Istanbul."]),
    ("en", ["He said: “We are ready.”", "They left.", "Over 4.3 thousand came home on 17.05.2025."]),
    ("en", ["Will it happen?!", "Nobody knows... yet.", "It did (at last).", "“Good,” he said."]),
    ("en", ["Dr. Green vs. Mr. Brown.", "No. 5 was first."]),
    ("uk", ["У м. Київ 17.05.2025 р. відбувся обмін.", "Близько 2,6 тис. українців, т. зв. герої, вдома."]),
    ("uk", ["Ген. Буданов сказав: «Так».", "«Ні.»", "Це ім. Шевченка, вул. Садова."]),
    ("uk", ["О 10.30 почався раунд!", "Проф. І. Петренко чекав.", "Що далі?"]),
    ("ru", ["В 2022 г. Россия и Украина, т. е. обе стороны, встретились.", "Прошёл обмен."]),
    ("ru", ["В. В. Путин и В.В. Иванов прибыли в г. Минск.", "«Мы готовы», – сказал он.", "Все ушли…", "И всё."]),
    ("ru", ["«Готовы?» – спросил он.", "Более 1 тыс. человек вернулись.", "Это стоит 5 млн руб. и больше."]),
    ("tr", ["Prof. Dr. Ali geldi.", "Heyetler yarın 10.30'da oturacak.", "2. tur İstanbul'da olacak."]),
    ("tr", ["TSİ 16.00'da gelmişti.", "Org. Kaya 2. Tur için geldi.", "Değişim yapıldı mı?"]),
    ("tr", ["Toplam 1.200 asker döndü.", "“Hazırız.”", "Bu 58. takas oldu."]),
]


@pytest.mark.parametrize(("code", "sentences"), TABLE)
def test_sentences_end_where_a_reader_ends_them(code: str, sentences: list[str]) -> None:
    text = " ".join(sentences)
    assert [text[one.start : one.end] for one in split(text, get(code))] == sentences


def test_a_line_break_ends_a_sentence_and_a_paragraph() -> None:
    found = split("Headline without a stop\n\n  First. Second.\nThird", get("en"))
    assert [(one.paragraph, one.index) for one in found] == [(0, 0), (1, 1), (1, 2), (2, 3)]


def test_a_number_at_the_head_of_a_line_is_no_sentence() -> None:
    text = "1. Exchange of the wounded.\n2. Return of the bodies."
    assert [text[one.start : one.end] for one in split(text, get("en"))] == text.split("\n")


_PIECES = st.sampled_from(
    ["Да", "т. е.", ".", "…", "?!", "»", "«", "\n", " ", "J.", "17.05.2025", "р.", "a", "2.", "’"]
)


@given(st.one_of(st.text(), st.lists(_PIECES).map(" ".join)), st.sampled_from(CODES))
def test_sentences_hold_every_visible_character_once_and_in_order(text: str, code: str) -> None:
    found = split(text, get(code))
    assert "".join("".join(text[one.start : one.end].split()) for one in found) == "".join(text.split())
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    assert [one.index for one in found] == list(range(len(found)))


def test_a_lost_full_stop_is_told_by_a_function_word_with_a_capital() -> None:
    text = "Two sides swap soldiers on the second day In terms of damage, a port in The Hague was hit."
    assert [text[s.start : s.end] for s in split(text, get("en"))] == [
        "Two sides swap soldiers on the second day", "In terms of damage, a port in The Hague was hit.",
    ]  # fmt: skip
