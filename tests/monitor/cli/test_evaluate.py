"""`parley evaluate` as a rule-writer calls it."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Parley = Callable[..., Result]
Article = dict[str, Any]
Save = Callable[[str, Iterable[Article]], Path]


def event(status: str, **more: object) -> dict[str, object]:
    told = {"kind": "talks_round", "status": status, "role": "news", "date": "2031-05-20", "ordinal": 3}
    return {**told, "event_id": "small.talks.2031-05-20", "counts": {}, "place": "Lisbon", **more}


@pytest.fixture
def labelled(save_lines: Save, articles: dict[str, Article]) -> Path:
    return save_lines(
        "labelled.jsonl",
        [
            {**articles["plan"], "lang": "en", "events": [event("planned")]},
            {**articles["held"], "lang": "en", "events": [event("concluded")]},
            {**articles["markets"], "lang": "en", "events": [event("cancelled", event_id="small.talks.2")]},
            articles["swap"],
        ],
    )


@pytest.fixture
def deaf_watch(home: Path) -> Path:
    """The watch of the home, which does not track talks any more."""
    text = (home / "seeds/watches/small.yaml").read_text(encoding="utf-8")
    head, _, _ = text.partition("series:")
    file = home / "seeds/watches/deaf.yaml"
    file.write_text(head.replace("small", "deaf") + "topics: [prisoner_exchange]\n", encoding="utf-8")
    return file


def test_it_prints_both_tables_and_counts_what_has_no_labels(parley: Parley, labelled: Path) -> None:
    result = parley("evaluate", labelled)
    assert result.exit_code == 0
    assert "recall                  1.000   1 of 1 events owed" in result.stdout
    assert "  en             2       0       0       1.000    1.000   1.000" in result.stdout
    assert "are wrong or missing" not in result.stdout
    assert result.stderr == "4 articles, 1 without labels\n"


def test_what_is_missed_is_shown_with_what_was_read_and_the_rule_that_kept_it_quiet(
    parley: Parley, save_lines: Save, articles: dict[str, Article]
) -> None:
    late = {**articles["markets"], "events": [event("concluded")]}
    proposal = {
        **articles["plan"],
        "title": "Talks may follow",
        "text": "A third round of talks between Arcadia and Bohemia may be held in Lisbon.",
        "events": [event("planned")],
    }
    shown = parley("evaluate", save_lines("missed.jsonl", [proposal, late])).stdout
    assert "  missed     - 2031-05-17 https://north.example/plan\n    title    Talks may follow\n" in shown
    assert "    gold     talks_round, planned, news, 2031-05-20, in Lisbon, no. 3, small.talks.2031-05-20\n" in shown
    assert "    read     talks_round, proposed, news, in Lisbon, no. 3\n" in shown
    assert "      quiet (proposed): a proposal has no phase; it is on the timeline\n" in shown
    assert "    read     nothing of talks_round\n" in shown
    assert "are wrong or missing" not in parley("evaluate", "--misses", 0, save_lines("one.jsonl", [late])).stdout


def test_every_fault_of_labels_is_named_with_file_and_line(
    parley: Parley, save_lines: Save, articles: dict[str, Article]
) -> None:
    nameless = {key: value for key, value in articles["held"].items() if key != "url"}
    file = save_lines(
        "faulty.jsonl",
        [
            {**articles["plan"], "events": [event("finished", kind="tennis", role="main", date="2 June")]},
            {
                **nameless,
                "events": [event("concluded", date="2031-05-20/2031-05-19", ordinal="3", counts={"each": "x"})],
            },
            {**articles["markets"], "events": "none"},
        ],
    )
    result = parley("evaluate", file)
    assert result.exit_code == 2
    assert result.stdout == ""
    *faults, last = result.stderr.splitlines()
    assert last == "nothing was done; put the labels right"
    assert [fault.removeprefix(f"{file}:").partition("; ")[0].partition(": write")[0] for fault in faults] == [
        "1: events[0].kind: 'tennis' is unknown",
        "1: events[0].status: 'finished' is unknown",
        "1: events[0].role: 'main' is unknown",
        "1: events[0].date: '2 June' is no date",
        "2: url: this key is missing",
        "2: events[0].date: '2031-05-20/2031-05-19' is no date",
        "2: events[0].ordinal: should be a whole number",
        "2: events[0].counts: should be an object of whole numbers",
        "3: events: should be a list of events",
    ]


def test_against_an_earlier_run_it_names_the_articles_that_changed(
    parley: Parley, labelled: Path, deaf_watch: Path, tmp_path: Path
) -> None:
    before = tmp_path / "before.jsonl"
    before.write_text(parley("evaluate", "--json", labelled).stdout, encoding="utf-8")
    same = parley("evaluate", "--against", before, labelled)
    assert same.exit_code == 0
    assert same.stdout.endswith("against the earlier run\n  nothing changed\n")

    changed = parley("evaluate", "--scope", "small", "--watch", deaf_watch, "--against", before, labelled).stdout
    assert (
        "  newly missed: alert talks_round happened small.talks.2031-05-20\n    https://south.example/held" in changed
    )
    assert "recall                     1.000 → 0.000" in changed


def test_with_json_the_changes_are_lines_too_and_such_a_file_can_be_compared_with(
    parley: Parley, labelled: Path, deaf_watch: Path, tmp_path: Path
) -> None:
    before, after = tmp_path / "before.jsonl", tmp_path / "after.jsonl"
    before.write_text(parley("evaluate", "--json", labelled).stdout, encoding="utf-8")
    mute = ["evaluate", "--json", "--scope", "small", "--watch", deaf_watch]
    after.write_text(parley(*mute, "--against", before, labelled).stdout, encoding="utf-8")
    changes = [line for line in map(json.loads, after.read_text().splitlines()) if "change" in line]
    assert [list(line) for line in changes] == [["change", "article", "about", "finding", "kind", "phase", "event"]] * 4
    assert {line["change"] for line in changes} == {"newly missed"}
    assert not any('"change"' in line for line in parley(*mute, "--against", after, labelled).stdout.splitlines())


def test_a_file_of_something_else_cannot_be_compared_with(parley: Parley, labelled: Path) -> None:
    result = parley("evaluate", "--against", labelled, labelled)
    assert result.exit_code == 2
    assert "line 1: not a line of `parley evaluate --json`" in result.stderr


def test_what_cannot_be_read_is_named_and_the_rest_is_judged(parley: Parley, labelled: Path, tmp_path: Path) -> None:
    result = parley("evaluate", labelled, tmp_path / "missing.jsonl")
    assert result.exit_code == 1
    assert "missing.jsonl: there is no such file or folder" in result.stderr
    assert "1 of 1 events owed" in result.stdout
