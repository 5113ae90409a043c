"""Two parsers read YAML: a quick one, and one whose words on mistakes are good. They must mean the same."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import documents

TOP = Path(__file__).parents[2]
FILES = sorted([*TOP.glob("config/*.yaml"), *TOP.glob("seeds/**/*.yaml"), *TOP.glob("tests/**/*.yaml")])

# Pieces of which YAML is made, and what operators type in their place.
pieces = st.sampled_from(
    [
        *(
            "a",
            "b: ",
            "key: value",
            "- ",
            "- x",
            "  ",
            "    ",
            "\n",
            "\n",
            "\n  ",
            "\n- ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            ":",
        ),
        *(
            ": ",
            "#",
            " # note",
            "'",
            '"',
            "'it''s'",
            '"a\\n\\u0041"',
            "yes",
            "no",
            "true",
            "null",
            "~",
            "1",
            "0o17",
            "017",
        ),
        *("0x1F", "1_000", "1:30", "15:30:00", "1e3", ".inf", "2025-05-16", "2025-05-16T12:00:00Z", "2025-13-45", "|"),
        *(">", "|-\n  text\n", "&x", "*x", "!tag", "!!str", "<<", "=", "?", "? ", "http://x.org/a?b=c#d", "Київ"),
        *("\u2028", "\x85", "%", "@", "`", "\\", "é"),
    ]
)


@pytest.fixture(params=FILES, ids=[str(file.relative_to(TOP)) for file in FILES])
def text(request: pytest.FixtureRequest) -> str:
    return Path(request.param).read_text(encoding="utf-8", errors="replace")


def both(text: str) -> tuple[documents.Document, documents.Document]:
    with pytest.MonkeyPatch.context() as patch:
        quick = documents.parse(text, "x.yaml")
        patch.setattr(documents, "_composed", lambda _: None)
        return quick, documents.parse(text, "x.yaml")


def test_every_file_of_the_project_means_the_same_to_both(text: str) -> None:
    quick, slow = both(text)
    assert quick == slow


def test_the_quick_one_is_used_for_what_operators_write() -> None:
    assert documents._composed((TOP / "config" / "feeds.yaml").read_text(encoding="utf-8")) is not None


@settings(max_examples=300)
@given(st.lists(pieces, max_size=14).map("".join))
def test_whatever_is_typed_means_the_same_to_both(text: str) -> None:
    quick, slow = both(text)
    assert repr(quick) == repr(slow)  # nan is not itself


def test_two_ways_of_writing_one_key_are_the_key_given_twice():
    assert [flaw.line for flaw in documents.parse("1: a\n1.0: b\n", "f").flaws] == [2]


def test_a_file_nested_without_end_is_a_flaw():
    assert documents.parse("- " * 100_000 + "a", "f").flaws[0].message == "not YAML: nested too deep"


@pytest.mark.parametrize("text", ["- " * 100_000, "? " * 100_000, "[" * 100_000, "{a: " * 100_000])
def test_what_would_end_the_process_is_not_given_to_the_parser_in_c(text):
    assert documents._composed(text) is None
