"""`parley events show|merge|split|close` and `parley alerts`: what a person looks up and puts right."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Parley = Callable[..., Result]
Article = dict[str, Any]
Save = Callable[[str, Iterable[Article]], Path]
Remember = Callable[[Path], None]


@pytest.fixture
def known(save_lines: Save, articles: dict[str, Article], remember: Remember) -> None:
    swap = articles["swap"] | {"published": "2031-05-22T15:00:00Z"}
    other = articles["swap"] | {
        "url": "https://east.example/swap",
        "outlet": "east.example",
        "published": "2031-06-05T15:00:00Z",
        "text": "Arcadia and Bohemia exchanged 90 prisoners each on 5 June 2031, officials said.",
    }
    remember(save_lines("known.jsonl", [articles["plan"], articles["held"], swap, other]))


def ids(parley: Parley, kind: str) -> list[str]:
    """The ids of the events of a kind, the oldest first."""
    found = map(json.loads, parley("events", "--json").stdout.splitlines())
    return [event["event_id"] for event in found if event["kind"] == kind][::-1]


@pytest.mark.usefixtures("known")
def test_an_event_is_shown_with_its_facts_by_source_its_history_and_its_alerts(parley: Parley) -> None:
    (talks,) = ids(parley, "talks_round")
    shown = parley("events", "show", talks).stdout
    for said in (
        "south.example  2031-05-20 18:00 UTC  news  https://south.example/held",
        "status: concluded; date: 20 May 2031; place: Lisbon; ordinal: 3",
        "history:\n  2031-05-17 planned: https://north.example/plan",
        "2031-05-20 18:00 UTC  advanced  Third round of talks",
    ):
        assert said in shown
    (line,) = map(json.loads, parley("events", "show", talks, "--json").stdout.splitlines())
    assert (line["event_id"], line["closed"], len(line["history"])) == (talks, False, 2)


@pytest.mark.usefixtures("known")
def test_the_id_of_a_merged_event_leads_to_the_other(parley: Parley) -> None:
    older, younger = ids(parley, "prisoner_exchange")
    merged = parley("events", "merge", younger, older, "--because", "one and the same")
    assert (merged.exit_code, merged.stdout) == (0, "")
    assert ids(parley, "prisoner_exchange") == [older]
    shown = parley("events", "show", younger).stdout
    assert shown.startswith(f"{younger} was merged into {older}\n")
    assert f"merged by hand with {younger}: one and the same" in shown
    as_json = parley("events", "show", younger, "--json")
    assert json.loads(as_json.stdout)["event_id"] == older
    assert "was merged into" in as_json.stderr
    explained = parley("explain", "https://east.example/swap").stdout
    assert f"{younger} was merged by hand into {older}" in explained
    assert "merged by hand with" in explained


@pytest.mark.usefixtures("known")
def test_articles_are_split_off_into_a_new_event_whose_id_is_printed(parley: Parley) -> None:
    (talks,) = ids(parley, "talks_round")
    done = parley("events", "split", talks, "https://north.example/plan", "--because", "two rounds")
    assert done.exit_code == 0
    assert done.stdout.strip() in ids(parley, "talks_round")
    assert f"split by hand from {talks}: two rounds" in parley("events", "show", done.stdout.strip()).stdout


@pytest.mark.usefixtures("known")
def test_a_closed_event_says_so_everywhere(parley: Parley) -> None:
    (talks,) = ids(parley, "talks_round")
    assert parley("events", "close", talks, "--because", "never took place").exit_code == 0
    assert "; closed" in parley("events").stdout
    assert "closed by hand: never took place" in parley("events", "--json").stdout
    explained = parley("explain", "https://south.example/held").stdout
    assert f"history of {talks} (closed):" in explained
    assert "closed by hand: never took place" in explained


@pytest.mark.usefixtures("known")
def test_alerts_are_listed_newest_first(parley: Parley) -> None:
    shown = parley("alerts").stdout
    assert shown.index("advanced  Third round") < shown.index("new  Third round")
    assert "2031-05-17 12:00 UTC  new  Third round of talks" in shown
    lines = [json.loads(line) for line in parley("alerts", "--json", "--limit", "2").stdout.splitlines()]
    assert [line["reason"] for line in lines] == ["new", "new"]
    assert lines[0]["id"].startswith(lines[0]["event_id"])
    assert lines[0]["decided"] == "2031-06-05T15:00:00+00:00"


def test_no_alerts_yet_is_said_and_is_no_failure(parley: Parley) -> None:
    result = parley("alerts", "--json")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no alerts yet\n")


@pytest.mark.usefixtures("known")
def test_a_wrong_alert_is_filed_as_a_case_that_replay_reads(parley: Parley, home: Path) -> None:
    listed = [json.loads(line) for line in parley("alerts", "--json").stdout.splitlines()]
    wrong = next(alert for alert in listed if alert["kind"] == "talks_round" and alert["reason"] == "advanced")
    done = parley("alerts", "wrong", wrong["id"], "--because", "it recalls last year's round")
    cases = home / "state" / "cases.jsonl"
    assert (done.exit_code, done.stdout) == (0, f"{cases}\n")
    (case,) = map(json.loads, cases.read_text(encoding="utf-8").splitlines())
    assert list(case) == [
        "id", "url", "outlet", "lang", "published", "title", "text", "topic", "events", "alert_candidates",
        "hard_because",
    ]  # fmt: skip
    assert (case["url"], case["published"], case["topic"]) == ("https://south.example/held", "2031-05-20", "small")
    assert case["events"] == [
        {
            "kind": "talks_round",
            "status": "concluded",
            "date": "2031-05-20",
            "place": "Lisbon",
            "ordinal": 3,
            "counts": {},
            "role": "background",
            "event_id": wrong["event_id"],
        }
    ]
    assert (case["alert_candidates"], case["hard_because"]) == ([], "it recalls last year's round")
    assert "marked as wrong: it recalls last year's round" in parley("events", "show", wrong["event_id"]).stdout
    assert json.loads(parley("explain", "--json", cases).stdout)["article"]["url"] == case["url"]
    again = parley("alerts", "wrong", wrong["id"])
    assert (again.exit_code, len(cases.read_text(encoding="utf-8").splitlines())) == (1, 1)
    assert "filed already" in again.stderr


@pytest.mark.usefixtures("known")
def test_a_case_of_news_names_the_event_as_one_that_is_owed(parley: Parley, home: Path) -> None:
    alert = json.loads(parley("alerts", "--json", "--limit", "1").stdout)
    assert parley("alerts", "wrong", alert["id"], "--role", "news").exit_code == 0
    case = json.loads((home / "state" / "cases.jsonl").read_text(encoding="utf-8"))
    assert (case["events"][0]["role"], case["alert_candidates"]) == ("news", [alert["event_id"]])


@pytest.mark.usefixtures("known")
def test_what_does_not_exist_is_named_and_changes_nothing(parley: Parley, home: Path) -> None:
    (talks,) = ids(parley, "talks_round")
    before = parley("events", "--json").stdout
    for words, said in (
        (("events", "show", "nothing"), "there is no event nothing"),
        (("events", "merge", talks, "nothing"), "there is no event nothing"),
        (("events", "split", "nothing", "https://north.example/plan"), "there is no event nothing"),
        (("events", "split", talks, "https://nowhere.example/"), "tells nothing of"),
        (("events", "close", "nothing"), "there is no event nothing"),
        (("alerts", "wrong", "nothing"), "there is no alert nothing"),
    ):
        result = parley(*words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert said in result.stderr
    assert parley("events", "--json").stdout == before
    assert not (home / "state" / "cases.jsonl").exists()
