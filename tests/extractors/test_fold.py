import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.fold import IGNORED, fold, nfc


@given(st.text())
def test_folding_keeps_the_length_of_any_text(text: str) -> None:
    assert len(fold(text)) == len(text)


@pytest.mark.slow
def test_folding_keeps_the_length_of_every_single_character() -> None:
    assert [hex(code) for code in range(sys.maxunicode + 1) if len(fold(chr(code))) != 1] == []


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("İstanbul'daki", "istanbul'daki"),
        ("ISTANBUL Işık", "istanbul işik"),
        ("Днём ЁЛКА", "днем елка"),
        ("«1000 на 1000»", '"1000 на 1000"'),
        ("Mayıs’ta", "mayis'ta"),
        ("п’ятниця пʼятниця", "п'ятниця п'ятниця"),
        ("Абу‑Даби – 7—8", "абу-даби - 7-8"),
        ("1 200\u202f000\tтел\n", "1 200 000 тел "),
        ("Straße", "straße"),
    ],
)
def test_spellings_that_mean_the_same_fold_to_one(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_decomposed_word_folds_as_the_composed_one_padded_at_its_end() -> None:
    text = unicodedata.normalize("NFD", "российский обмен")
    assert fold(text) == "российский" + 2 * IGNORED + " обмен"


def test_a_soft_hyphen_and_a_stress_mark_do_not_hide_a_word() -> None:
    assert fold("пере\u00adговоры о\u0301бмен") == f"переговоры{IGNORED} обмен{IGNORED}"


def test_composing_removes_what_nobody_sees() -> None:
    assert nfc(unicodedata.normalize("NFD", "Умєров її й") + "\u200b пере\u00adговоры за\u0301мок") == (
        "Умєров її й переговоры замок"
    )


@given(st.text())
def test_composed_text_is_composed(text: str) -> None:
    assert unicodedata.is_normalized("NFC", nfc(text))
