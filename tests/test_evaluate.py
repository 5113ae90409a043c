"""`parley evaluate` says what the scorer of the labelled news says, figure for figure."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.archive import load
from monitor.cli import main
from monitor.evaluate import evaluate, scope_of
from monitor.faults import Faults
from monitor.feeds import family_of, load_families
from monitor.records import Watch
from monitor.scoring.alerts import score_alerts
from monitor.scoring.claims import score_claims
from monitor.scoring.records import Case
from monitor.scoring.runs import Figures, figures_of
from monitor.watches import load_watch

pytestmark = pytest.mark.slow

CORPUS = Path(__file__).parent / "corpus"
LABELLED = CORPUS / "dev-retold.jsonl"
HOME = Path(__file__).parents[1]
KINDS = ("primary", "returns", "all")


def said_by(*command: str) -> str:
    """Standard output of a command on the watches that come with the program."""
    result = CliRunner().invoke(main, ["--home", str(HOME), *command], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the scorer reads: the alerts of a replay, and the claims of each article."""
    folder = tmp_path_factory.mktemp("spoken")
    files = {"alerts": folder / "alerts.jsonl", "claims": folder / "claims.jsonl"}
    files["alerts"].write_text(said_by("replay", "--json", str(LABELLED)), encoding="utf-8")
    files["claims"].write_text(said_by("explain", "--json", str(LABELLED)), encoding="utf-8")
    return files


def scorer(said: Path, *options: str) -> list[str]:
    command = [sys.executable, str(CORPUS / "score.py"), str(LABELLED), str(said), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@cache
def watch() -> Watch:
    loaded = load_watch(HOME / "seeds" / "watches" / "ru-ua.yaml", HOME / "seeds" / "topics")
    assert not isinstance(loaded, Faults)
    return loaded


@cache
def replayed() -> tuple[Case, ...]:
    """The labelled news with all that was made of it; what is judged of it is asked afterwards."""
    families = load_families(HOME / "config" / "families.yaml")
    assert not isinstance(families, Faults)
    scope = scope_of("primary", [watch()])
    return evaluate(load([LABELLED]), [watch()], scope, family_of=lambda outlet: family_of(outlet, families)).cases


def figures(kinds: str, *prefixes: str) -> Figures:
    scope = scope_of(kinds, [watch()], prefixes)
    return figures_of(score_alerts(replayed(), scope), score_claims(replayed(), scope))


@pytest.mark.parametrize("kinds", KINDS)
def test_the_table_of_the_alerts_agrees_with_the_scorer(spoken: dict[str, Path], kinds: str) -> None:
    ours = figures(kinds)["alerts"]
    found = {name.removeprefix("found."): count for name, count in ours.items() if name.startswith("found.") and count}
    counted, shares, reversals = scorer(spoken["alerts"], "--kinds", kinds)

    counts, _, verdicts = counted.partition("; alerts: ")
    verdicts, _, updates = verdicts.partition("; ")
    assert counts == f"81 articles, {ours['owed']} events owed"
    assert json.loads(verdicts.replace("'", '"')) == found
    assert updates == f"updates {ours['updates']}"
    assert shares == (
        f"precision {ours['precision']:.3f}  recall {ours['recall']:.3f}  phase recall {ours['phase_recall']:.3f}  "
        f"phase accuracy {ours['phase_accuracy']:.3f}  duplicates/event {ours['duplicates_per_event']:.3f}  "
        f"background/100 articles {ours['background_per_100']:.2f}  false/100 articles {ours['false_per_100']:.2f}"
    )
    assert reversals == f"reversals told {ours['reversals_told']} of {ours['reversals_owed']} owed"


@pytest.mark.parametrize("kinds", KINDS)
def test_the_table_of_the_claims_agrees_with_the_scorer(spoken: dict[str, Path], kinds: str) -> None:
    ours = figures(kinds)["claims"]
    expected = [
        f"{code}: right {ours[f'{code}.right']}, wrong {ours[f'{code}.wrong']}, missed {ours[f'{code}.missed']}"
        for code in ("en", "ru", "tr", "uk")
    ]
    expected += [
        f"{slot} right in {ours[f'{slot}.right']} of {ours[f'{slot}.owed']}" for slot in ("date", "ordinal", "counts")
    ]
    expected.append(
        f"81 articles; news claims precision {ours['precision']:.3f}  recall {ours['recall']:.3f}  F1 {ours['f1']:.3f}"
    )
    assert scorer(spoken["claims"], "--claims", "--kinds", kinds) == [*expected, ""]


def test_another_scope_agrees_too(spoken: dict[str, Path]) -> None:
    _, shares, _ = scorer(spoken["alerts"], "--scope", "in-pk")
    ours = figures("primary", "in-pk")["alerts"]
    assert shares.startswith(f"precision {ours['precision']:.3f}  recall {ours['recall']:.3f}")
    assert ours["found.spurious"] > 20  # what the watch rings for is then another's business


def test_the_command_prints_these_figures() -> None:
    first, _, _ = said_by("evaluate", "--json", str(LABELLED)).partition("\n")
    printed = json.loads(first)
    assert {table: printed[table] for table in ("alerts", "claims")} == figures("primary")
