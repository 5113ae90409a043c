"""The notation of word patterns and the automaton that finds them."""

import re
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.cues import GROUPS
from extractors.fold import fold
from extractors.lexicon import CUES, Hit, Lexicon, compile_lexicon
from extractors.records import ExtractorError, Name, Names, TopicWords
from extractors.topicwords import compile_pattern, expand, faults


def small(words: dict[str, tuple[str, ...]], names: tuple[Name, ...] = ()) -> Lexicon:
    return compile_lexicon([Names("w", ("A", "B"), names, (TopicWords("t", {"en": words}),))])


def found(lexicon: Lexicon, text: str, sort: str = "word") -> list[str]:
    hits: list[Hit] = lexicon.find(text, fold(text), "en")
    return [text[hit.start : hit.end] for hit in hits if hit.term.sort == sort]


@pytest.mark.parametrize(
    ("pattern", "text", "finds"),
    [
        ("swap", "A swap, not swapped.", ["swap"]),
        ("swap*", "A swap, swapped.", ["swap", "swapped"]),
        ("{swap|exchange} of prisoners", "An exchange of prisoners", ["exchange of prisoners"]),
        ("round of {peace|} talks", "round of talks, round of peace talks", ["round of talks", "round of peace talks"]),
        ("exchange ~ prisoners", "exchange 1,000 prisoners", []),
        ("exchange ~ prisoners", "exchange sick and wounded prisoners", ["exchange sick and wounded prisoners"]),
        ("exchange ~ prisoners", "exchange prisoners", ["exchange prisoners"]),
        ("exchange ~ prisoners", "exchange a b c d prisoners", []),
        ("exchange ~ ~ prisoners", "exchange a b c d prisoners", ["exchange a b c d prisoners"]),
        ("=March", "March on, march on", ["March"]),
        ("prisoner exchange", "PRISONER  EXCHANGE", []),
        ("all-for-all", "an all–for–all deal", ["all–for–all"]),
    ],
)
def test_a_pattern_finds_what_its_notation_says(pattern: str, text: str, finds: list[str]) -> None:
    assert found(small({"names": (pattern,)}), text) == finds


def test_names_are_found_in_every_language_and_words_only_in_their_own() -> None:
    lexicon = small({"names": ("talks",)}, (Name("Istanbul", "place", {"ru": ("Стамбул",), "en": ("Istanbul",)}),))
    text = "talks Стамбуле Istanbul"
    assert [hit.term.sort for hit in lexicon.find(text, fold(text), "ru")] == ["name", "name"]
    assert found(lexicon, text) == ["talks"]


def test_a_short_name_in_small_letters_is_a_common_word() -> None:
    lexicon = small({"names": ("talks",)}, (Name("United States", "other", {"en": ("US",)}),))
    assert found(lexicon, "The US told us.", "name") == ["US"]


@pytest.mark.parametrize("pattern", ["{swap|exchange", "*", "~ prisoners", "{|} *", ""])
def test_a_pattern_that_cannot_be_searched_is_a_fault_that_names_it(pattern: str) -> None:
    (fault,) = faults("t", {"en": {"names": (pattern,)}})[:1]
    assert "words.en.names" in fault
    with pytest.raises(ExtractorError):
        for spelling in expand(pattern):
            compile_pattern(spelling)


def test_every_language_has_all_groups_of_cues() -> None:
    assert {language: tuple(groups) for language, groups in CUES.items()} == dict.fromkeys(CUES, GROUPS)


def test_no_pattern_mixes_two_alphabets_in_a_word(names: Names) -> None:
    cues = [pattern for groups in CUES.values() for patterns in groups.values() for pattern in patterns]
    words = [
        pattern
        for topic in names.topics
        for groups in topic.words.values()
        for patterns in groups.values()
        for pattern in patterns
    ]
    mixed = [p for p in cues + words if re.search(r"[a-z][а-яіїєґ]|[а-яіїєґ][a-z]", p, re.IGNORECASE)]
    assert mixed == []


def test_an_unknown_group_is_a_fault_that_lists_the_groups() -> None:
    (fault,) = faults("t", {"en": {"nams": ("swap",)}})
    assert "'nams'" in fault
    assert "names" in fault


def test_the_projects_own_topics_have_no_faults(names: Names) -> None:
    assert [fault for topic in names.topics for fault in faults(topic.topic, topic.words)] == []
    assert {topic.topic for topic in names.topics} == {
        "talks_round", "prisoner_exchange", "remains_repatriation", "children_return", "ceasefire_proposal",
        "memorandum", "summit",
    }  # fmt: skip
    assert all(set(topic.words) == {"en", "uk", "ru", "tr"} for topic in names.topics)


@given(st.text(alphabet="swap exchngeİıß’-., \n", max_size=80))
def test_every_hit_is_a_whole_word_inside_the_text(text: str) -> None:
    for hit in SMALL.find(text, fold(text), "en"):
        assert 0 <= hit.start < hit.end <= len(text)
        assert not (hit.start and text[hit.start - 1].isalnum())
        assert hit.end == len(text) or not text[hit.end].isalnum()


SMALL = small({"names": ("swap*", "exchange of swap"), "bare": ("swap",)})

_HASH = """
from extractors.lexicon import compile_lexicon
from extractors.records import Name, Names, TopicWords
name = Name("Istanbul", "place", {"ru": ("Стамбул",), "en": ("Istanbul",)})
words = TopicWords("t", {"en": {"names": ("swap",)}})
lexicon = compile_lexicon([Names("w", ("A", "B"), (name,), (words,))])
text = "Istanbul swap"
print(lexicon.hash, [(h.start, h.end, h.term.group) for h in lexicon.find(text, text.lower(), "en")])
"""


def test_the_hash_and_the_hits_are_the_same_under_every_hash_seed() -> None:
    prints = {
        subprocess.run(
            [sys.executable, "-c", _HASH], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(prints) == 1
    assert "names" in prints.pop()


def test_the_hash_changes_with_a_word(names: Names) -> None:
    assert small({"names": ("swap",)}).hash != small({"names": ("swaps",)}).hash
    assert compile_lexicon([names]).hash == compile_lexicon([names]).hash


def test_a_worker_compiles_the_whole_watch_quickly(names: Names) -> None:
    compile_lexicon([names])
    start = time.perf_counter()
    compile_lexicon([names])
    assert time.perf_counter() - start < 1.0  # 0.1 s on an idle machine
