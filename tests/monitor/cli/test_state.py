"""`parley events` and `parley feeds`: what the service knows, and what it is to poll."""

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
    remember(save_lines("known.jsonl", [articles["plan"], articles["held"], swap]))


def test_nothing_known_is_said_and_is_no_failure(parley: Parley) -> None:
    result = parley("events", "--json")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no events known yet\n")


@pytest.mark.usefixtures("known")
def test_events_are_listed_newest_first(parley: Parley) -> None:
    result = parley("events", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    swap, talks = map(json.loads, result.stdout.splitlines())
    assert (swap["kind"], swap["status"], swap["counts"]) == ("prisoner_exchange", "concluded", {"each": 40})
    assert talks["event_id"].startswith("small.talks_round.")
    assert {key: talks[key] for key in ("status", "date", "place", "ordinal", "articles", "families", "told")} == {
        "status": "concluded",
        "date": {"start": "2031-05-20", "end": "2031-05-20", "basis": "explicit"},
        "place": "Lisbon",
        "ordinal": 3,
        "articles": 2,
        "families": 2,
        "told": [{"reason": "new", "status": "planned"}, {"reason": "advanced", "status": "concluded"}],
    }


@pytest.mark.usefixtures("known")
def test_events_for_a_person_show_facts_sources_and_what_was_told(parley: Parley) -> None:
    shown = parley("events").stdout
    assert "talks_round  concluded  2031-05-20..2031-05-20  Lisbon  no. 3" in shown
    assert "2 articles, 2 families; new, advanced" in shown


@pytest.mark.usefixtures("known")
def test_events_are_narrowed_by_watch_and_number(parley: Parley) -> None:
    assert parley("events", "--json", "--watch", "other").stdout == ""
    assert len(parley("events", "--json", "--watch", "small").stdout.splitlines()) == 2
    assert len(parley("events", "--json", "--limit", "1").stdout.splitlines()) == 1


def test_a_feed_is_added_listed_and_removed(parley: Parley, home: Path) -> None:
    before = (home / "config/feeds.yaml").read_text()
    url = "https://north.example/rss"
    added = parley("feeds", "add", url, "--offline", "--outlet", "North", "--language", "en")
    assert (added.exit_code, added.stdout, added.stderr) == (0, "", f"added {url}\n")
    assert [parley("feeds").stdout.splitlines()[1].split()[each] for each in (0, 1, -1)] == ["new", "North", url]
    removed = parley("feeds", "remove", url)
    assert (removed.exit_code, removed.stdout) == (0, "")
    assert removed.stderr == f"removed {url}; what it brought stays in the store\n"
    assert len(parley("feeds").stdout.splitlines()) == 1
    assert before == "feeds: []\n"


def test_feeds_that_cannot_be_added_or_removed_change_nothing(parley: Parley, home: Path) -> None:
    url = "https://north.example/rss"
    assert parley("feeds", "add", url, "--offline").exit_code == 0
    held = (home / "config/feeds.yaml").read_bytes()
    for command, said in (
        (("add", url, "--outlet", "North"), "is there already"),
        (("add", "north.example/rss"), "should be a whole address"),
        (("add", "https://n.example/rss", "--zone", "Mars/Base"), "unknown time zone"),
        (("remove", "https://south.example/rss"), "there is no feed https://south.example/rss"),
    ):
        result = parley("feeds", *command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert said in result.stderr
    assert (home / "config/feeds.yaml").read_bytes() == held


def test_init_writes_a_home_and_refuses_to_write_it_again(parley: Parley, tmp_path: Path) -> None:
    made = parley("init", tmp_path / "there")
    assert made.exit_code == 0
    assert all(Path(line).is_file() for line in made.stdout.splitlines())
    settings = tmp_path / "there" / "config" / "parley.yaml"
    settings.write_text("# mine\n" + settings.read_text(encoding="utf-8"), encoding="utf-8")
    again = parley("init", tmp_path / "there")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "holds config/ and seeds/ and state/ already; nothing was written" in again.stderr
    assert settings.read_text(encoding="utf-8").startswith("# mine\n")
