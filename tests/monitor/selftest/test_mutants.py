"""The self-test can fail: readers with one bad habit each break the very lines that speak of it, and no others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.selftest import Verdict, as_json, in_words
from monitor.selftest.card import verdicts
from monitor.selftest.rig import equipped

from .mutants import MUTANTS

pytestmark = pytest.mark.slow

# In the fast tests a few, by the lines that they break and a line beside them.
FEW = ("reformats dates", "sends cookies", "asks every 59 minutes", "asks a host in parallel", "does not hear max-age")


# The named tests of etiquette under a few habits: the lines that break, and those that may, by where the spread of
# their addresses puts the polls that they time.
SUITE: dict[str, tuple[set[int], set[int]]] = {
    "reformats dates": ({1}, set()),
    "sends cookies": ({22}, set()),
    "saves passing redirects": ({22, 27, 28}, set()),
    "asks every 59 minutes": ({10}, {14, 16, 18, 19, 27, 30}),
}
POLITE = "Parley/0 (+mailto:desk@example.org)"


async def failing(name: str, patch: pytest.MonkeyPatch, *lines: int) -> tuple[int, ...]:
    mutant = MUTANTS[name]
    mutant.patch(patch)
    async with equipped(mutant.user_agent or POLITE, mutant.fetcher) as tools:
        return tuple([each.line async for each in verdicts(tools, lines or range(1, 32)) if not each.passed])


@pytest.mark.parametrize("name", FEW)
async def test_a_bad_habit_breaks_its_lines(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = MUTANTS[name].lines
    assert await failing(name, monkeypatch, *lines, 29) == lines


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
async def test_a_bad_habit_breaks_its_lines_and_no_others(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await failing(name, monkeypatch) == MUTANTS[name].lines


@pytest.mark.slow
@pytest.mark.parametrize("name", SUITE)
def test_a_bad_habit_breaks_the_named_tests_of_its_lines(name: str) -> None:
    here = Path(__file__).parent
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "bad_habit", "-m", "not bench",
             here.parent / "polling" / "test_etiquette.py"]  # fmt: skip
    path = os.pathsep.join([str(here), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [str(word) for word in words],
        cwd=here.parents[2],
        env=os.environ | {"PARLEY_HABIT": name, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("broken: ")]
    assert told, done.stdout + done.stderr
    broken = set(json.loads(told[0].removeprefix("broken: ")))
    sure, maybe = SUITE[name]
    assert sure <= broken <= sure | maybe


def test_all_lines_are_broken_by_some_habit_or_said_not_to_be() -> None:
    broken = {line for mutant in MUTANTS.values() for line in mutant.lines}
    # No Parley is easily made to probe with HEAD.
    assert set(range(1, 32)) - broken == {20}


async def test_a_line_that_raises_has_failed_and_the_next_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, **_: object) -> None:
            raise TypeError("no such reader")

    async with equipped("Parley/0", Broken) as tools:
        told = [each async for each in verdicts(tools, (1, 2))]
    assert [each.passed for each in told] == [False, False]
    assert told[0].evidence == "it could not be tested: TypeError: no such reader"


def test_a_verdict_is_told_in_one_line_or_as_one_object() -> None:
    verdict = Verdict(10, "an hour between requests", False, "4 requests, the shortest wait 59 min 12 s")
    assert in_words(verdict).startswith("10  FAIL  an hour between requests ")
    assert json.loads(as_json(verdict)) == {
        "line": 10,
        "rule": "an hour between requests",
        "passed": False,
        "evidence": "4 requests, the shortest wait 59 min 12 s",
    }


@pytest.mark.slow
def test_parley_passes_its_own_test_without_a_home(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--home", str(tmp_path), "feeds", "self-test", "--json"], catch_exceptions=False)
    card = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["line"] for each in card] == list(range(1, 32))
    assert [each for each in card if not each["passed"]] == []
    assert done.exit_code == 0
    assert "31 of 31 lines pass" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_fails_is_the_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def short(**more: object) -> tuple[tuple[Verdict, ...], str]:
        verdict = Verdict(1, "a rule", False, "no")
        more["say"](verdict)
        return (verdict,), "1 request"

    monkeypatch.setattr("monitor.selftest.run", short)
    done = CliRunner().invoke(main, ["--home", str(tmp_path), "feeds", "self-test"])
    assert done.exit_code == 1
    assert "FAIL  a rule" in done.stdout
    assert "0 of 1 lines pass" in done.stdout
