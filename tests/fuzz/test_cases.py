"""What the fuzzer found once must never come back; and samples of each format, torn and mixed, raise nothing."""

import os
import runpy
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
SAMPLES = runpy.run_path(str(HERE / "samples.py"))["SAMPLES"]
TARGETS = runpy.run_path(str(HERE / "targets.py"))["TARGETS"]
CASES = sorted(path for path in (HERE / "cases").glob("*/*") if path.name != ".gitkeep")
# What breaks parsers: ends of markup, entities, numbers, halves of characters, other formats.
PIECES = [
    b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"&#0;",
    b"&#xD800;", b"\\ud800", b"\0", b"\xff", b"\xd0", b"{", b"}", b"[", b'"',
    b"1e999", b"NaN", b"null", b"</item>", b"<item>",
    b"<entry/>", b"<news:news>", b"</url>", b"javascript:", b"http://[", b"99999999999", b"0000-00-00", b"'", b"=",
    b" " * 50, b"<a " * 20,
]  # fmt: skip


def test_there_are_samples_of_each_target():
    assert set(TARGETS) == set(SAMPLES) == {path.name for path in (HERE / "cases").iterdir()}


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_the_fuzzer_found_raises_nothing_any_more(case):
    started = time.perf_counter()
    TARGETS[case.parent.name](case.read_bytes())
    assert time.perf_counter() - started < 5


@st.composite
def torn(draw, kind):
    """A sample with spans cut out, doubled, or put in from another place, another sample or a box of bad pieces."""
    body = draw(st.sampled_from(SAMPLES[kind]))
    for _ in range(draw(st.integers(1, 5))):
        start, end = sorted(draw(st.lists(st.integers(0, len(body)), min_size=2, max_size=2)))
        other = draw(st.sampled_from(SAMPLES[kind]))
        at = draw(st.integers(0, len(other)))
        put = draw(
            st.one_of(st.sampled_from(PIECES), st.binary(max_size=6), st.just(other[at : at + 60]), st.just(b""))
        )
        body = body[:start] + put + body[draw(st.sampled_from([start, end])) :]
    return body


@pytest.mark.parametrize("kind", ["feed", "sitemap", "json"])
def test_samples_torn_and_mixed_raise_nothing_and_give_what_a_store_can_take(kind):
    @settings(max_examples=150, deadline=None)
    @given(torn(kind))
    def hold(body):
        TARGETS[kind](body)

    hold()


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"<urlset>", b"<sitemapindex>", b'{"version":', b"\x1f\x8b\x08\0"])
)
def test_no_bytes_make_any_format_raise(body, start):
    TARGETS["feed"](start + body)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_the_fuzzer_runs(target, tmp_path):
    command = [sys.executable, str(HERE / "fuzz_parsers.py"), target, "-runs=500"]
    alone = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=alone, capture_output=True, text=True, errors="replace", timeout=100
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done 500 runs" in done.stderr, done.stderr[-2000:]
