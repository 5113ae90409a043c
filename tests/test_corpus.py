"""The quality reached on labelled news is a floor that only rises."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import main

CORPUS = Path(__file__).parent / "corpus"
LABELLED = CORPUS / "dev-retold.jsonl"
HOME = Path(__file__).parents[1]

# Reached on 2026-11-22. A change that lowers a figure is mended; one that raises it raises the floor.
# `dup`, `bg` (background alerts in 100 articles) are ceilings.
ALERTS = {
    "primary": "precision=0.96,recall=0.99,phase_recall=0.96,phase=0.99,dup=0.01,bg=1.3",
    "all": "precision=0.96,recall=0.99,phase_recall=0.93,phase=0.99,dup=0.01,bg=1.3",
}
CLAIMS = "f1=0.96,precision=0.97,recall=0.945"

# The watches that come along and are not enabled, on news written for them before they were: reached on 2026-11-26.
# Missed in `gaza`: a main verb behind a relative clause, talks that "resume" in Russian, a condition in a clause of
# its own.
OTHERS = {
    "gaza": (
        "gaza.",
        "precision=0.88,recall=1.0,phase_recall=0.88,phase=1.0,dup=0.17,bg=0",
        "f1=0.83,precision=0.86,recall=0.81",
    ),
    "india-pakistan": (
        "in-pk.",
        "precision=1.0,recall=1.0,phase_recall=1.0,phase=1.0,dup=0,bg=0",
        "f1=0.94,precision=0.9,recall=1.0",
    ),
}


def said_by(*command: str) -> str:
    """Standard output of a command on the watches that come with the program."""
    result = CliRunner().invoke(main, ["--home", str(HOME), *command], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def score(figures: str, tmp_path: Path, *options: str, labelled: Path = LABELLED) -> str:
    file = tmp_path / "said.jsonl"
    file.write_text(figures, encoding="utf-8")
    command = [sys.executable, str(CORPUS / "score.py"), str(labelled), str(file), *options]
    # the scorer leaves its files to the interpreter to close
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def replayed() -> str:
    return said_by("replay", "--json", str(LABELLED))


@pytest.mark.parametrize("kinds", sorted(ALERTS))
def test_alerts_are_as_good_as_they_were(replayed: str, kinds: str, tmp_path: Path) -> None:
    told = score(replayed, tmp_path, "--kinds", kinds, "--misses", "20", "--require", ALERTS[kinds])
    assert "events owed" in told


def test_claims_are_as_good_as_they_were(tmp_path: Path) -> None:
    told = score(
        said_by("explain", "--json", str(LABELLED)), tmp_path, "--claims", "--misses", "20", "--require", CLAIMS
    )
    assert "81 articles" in told


@pytest.mark.parametrize("watch", OTHERS)
def test_other_watches_are_as_good_as_they_were(watch: str, tmp_path: Path) -> None:
    scope, alerts, claims = OTHERS[watch]
    labelled = CORPUS / f"{watch}.jsonl"
    which = ("--json", "--watch", str(HOME / "seeds" / "watches" / f"{watch}.yaml"), str(labelled))
    common = ("--scope", scope, "--kinds", "all", "--misses", "20", "--require")
    assert "events owed" in score(said_by("replay", *which), tmp_path, *common, alerts, labelled=labelled)
    assert "news claims" in score(said_by("explain", *which), tmp_path, "--claims", *common, claims, labelled=labelled)
