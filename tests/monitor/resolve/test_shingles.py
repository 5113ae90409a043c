"""Copies are found by containment, also when they are cut short or framed by other words."""

import random
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from monitor.resolve.shingles import COPY, KEPT, containment, sketch

WORDS = [f"word{n}" for n in range(4000)]


def _text(seed: int, words: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def test_a_text_cut_to_a_third_is_a_copy():
    text = _text(1, 900)
    assert containment(sketch(text), sketch(text[: len(text) // 3])) >= 0.9


def test_a_reprint_with_own_first_and_last_paragraphs_is_a_copy():
    assert containment(sketch(_text(1, 500)), sketch(f"{_text(2, 150)} {_text(1, 500)} {_text(3, 150)}")) >= COPY


def test_two_texts_of_their_own_share_nothing():
    assert containment(sketch(_text(1, 500)), sketch(_text(2, 500))) == 0.0


def test_case_and_punctuation_do_not_hide_a_copy():
    assert sketch("Talks ended, in Istanbul — on Monday!") == sketch("TALKS ENDED IN ISTANBUL on monday")


def test_a_text_below_five_words_tells_nothing():
    assert sketch("Talks ended in Istanbul") == ()
    assert containment((), sketch(_text(1, 50))) == 0.0


def test_a_sketch_is_the_same_under_any_hash_seed():
    code = "from monitor.resolve.shingles import sketch; print(sketch('one two three four five six seven'))"
    printed = set()
    for seed in ("1", "2"):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": "."}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        printed.add(run.stdout)
    assert printed == {f"{sketch('one two three four five six seven')}\n"}


@given(st.integers(0, 5), st.integers(0, 5), st.integers(5, 600))
def test_containment_is_a_share_and_does_not_depend_on_the_order(a, b, words):
    left, right = sketch(_text(a, words)), sketch(_text(b, 300))
    assert 0.0 <= containment(left, right) == containment(right, left) <= 1.0
    assert len(left) <= KEPT
    assert containment(left, left) in (0.0, 1.0)
