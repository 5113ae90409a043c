"""The quick way of reading YAML and the full one give the same document; test_checks.py holds the rest."""

import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from monitor.documents import Document, parse, parse_fully
from monitor.quickyaml import UnsureError, read

PIECES = [
    "a", "b", "url", " ", "  ", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", "- ", ": ", ":", "? ", "[", "]", "{", "}",
    ", ", ",", "#", " # c", '"', "'", "\\n", "\\x41", "\\/", "| ", "|\n", ">-\n", "|2\n", "~", "null", "true",
    "yes", "on", "NO", "0o14", "012", "0x1F", "0b1", "1_000", "1:30", "1e3", ".5", "-.inf", ".NaN", "+1",
    "2024-01-01", "2024-13-45", "2024-01-01T10:00:00Z", "<<", "=", "<<: ", "!", "!!str ", "&a ", "*a", "& ", "@",
    "`", "---\n", "...\n", "%YAML 1.1\n", "\t", "\r\n", "\r", "\u0085", "\u2028", "\ufeff", "ї", "😀",
    "http://x.org:80/a?b=c&d=*e!f#g", "-", "--", "100%",
]  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False) | st.dates()
    | st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from([each for each in PIECES if each.strip()])
)  # fmt: skip
KEYS = st.text(st.characters(codec="utf-8"), max_size=8) | st.integers(0, 20) | st.booleans()
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


def same(one: Document, other: Document) -> bool:
    # By repr, since `.nan` equals nothing, 1 equals True, and the order of keys counts.
    return repr(one) == repr(other)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("1: a\n1.0: b\n")
@example("true: a\n1: b\n")
@example("a: b\na: c\n")
@example("- \n-\n- a\n")
@example('{"a":1, b: [c, d: e], f}')
@example("a: |\n  x\n  y\nb: >\n  p\n  q\n\nc: 'it''s'\n")
@example("? a\n: b\n")
@example("a: b: c")
@example("[a, [b, {c: d}]]: e")
def test_any_text_is_the_same_document_both_ways(text):
    assert same(parse(text, "f"), parse_fully(text, "f"))


@settings(max_examples=200, deadline=None)
@given(DATA, st.sampled_from([None, True, False]), st.integers(2, 6))
def test_any_data_written_out_are_the_same_document_both_ways(data, flow, indent):
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.indent, yaml.allow_unicode = flow, indent, True
    out = StringIO()
    yaml.dump(data, out)
    assert same(parse(out.getvalue(), "f"), parse_fully(out.getvalue(), "f"))


@pytest.mark.parametrize("file", sorted(Path(__file__).parents[2].glob("**/*.yaml")), ids=lambda path: path.name)
def test_every_file_of_the_project_is_the_same_document_both_ways(file):
    text = file.read_text(encoding="utf-8")
    assert same(parse(text, "f"), parse_fully(text, "f"))


def _quickly(text: str) -> Any:
    try:
        return read(text)[0]
    except UnsureError:
        return None


@pytest.mark.parametrize("name", ["config/feeds.yaml", "config/families.yaml"])
def test_the_files_that_grow_long_are_read_the_quick_way(name):
    assert _quickly((Path(__file__).parents[2] / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    ["a: b & c\n", "url: http://x/?a=b&c=*d!e\n", "a: 'x'\nb: [1, {c: d}]\n", "# R & D!\na: b\n", "---\na: b\n"],
)
def test_what_is_plain_is_read_the_quick_way(text):
    assert _quickly(text) == parse_fully(text, "f").data


@pytest.mark.parametrize("text", ["- " * 100_000 + "a", "[" * 1_200, "a: " + "{a: " * 900 + "b" + "}" * 900])
def test_a_file_nested_without_end_is_a_flaw(text):
    document = parse(text, "f")
    assert document.unread
    assert document.flaws[0].message.startswith("not YAML")


def test_ten_thousand_feeds_are_read_in_well_under_a_second():
    row = "  - url: https://news{0}.example.org/rss?a=1&b={0}\n    outlet: news{0}.example.org\n    language: uk\n"
    text = "feeds:\n" + "".join(row.format(n) for n in range(10_000))
    began = time.process_time()
    document = parse(text, "f")
    # About 0.4 s, where the full way takes 3.5; the rest is left to a busy machine.
    assert time.process_time() - began < 1.5
    assert document.lines["feeds", 9_999, "outlet"] == 30_000
