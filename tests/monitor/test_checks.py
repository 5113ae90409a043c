"""Every fault has one file in bad/, whose first line is what an operator is told."""

from pathlib import Path

import pytest

from monitor.checks import Checked, check
from monitor.faults import Faults
from monitor.homes import initialise, shipped

BAD = Path(__file__).parent / "bad"
PLACES = {
    "settings": "config/parley.yaml",
    "feeds": "config/feeds.yaml",
    "families": "config/families.yaml",
    "watch": "seeds/watches/small.yaml",
    "topic": "seeds/topics/small.yaml",
}


# Reading the shipped watch takes a fifth of a second, which some eighty fixtures would pay each.
SMALL_WATCH = """
watch: ru-ua
title: As small as can be
parties: [{name: Arcadia, forms: {en: [Arcadia]}}, {name: Bohemia, forms: {en: [Bohemia]}}]
topics: [talks_round]
"""
SMALL_TOPIC = "{topic: %s, label: thing, identity: {window: 3d}, words: {en: {names: [thing]}}}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for folder in ("config", "seeds/watches", "seeds/topics"):
        (home / folder).mkdir(parents=True)
    (home / "config/parley.yaml").write_text((shipped("config") / "parley.yaml").read_text())
    (home / "config/feeds.yaml").write_text("feeds: []")
    (home / "config/families.yaml").write_text("families: {}")
    (home / "seeds/watches/ru-ua.yaml").write_text(SMALL_WATCH)
    for topic in ("prisoner_exchange", "summit", "talks_round"):
        (home / f"seeds/topics/{topic}.yaml").write_text(SMALL_TOPIC % topic)
    return home


@pytest.mark.parametrize("file", sorted(BAD.glob("*.yaml")), ids=lambda file: file.stem)
def test_each_fault_is_told_once_with_file_line_and_what_to_do(file: Path, home: Path) -> None:
    kind = file.name.partition("-")[0]
    (home / PLACES[kind]).write_text(file.read_text())
    found = check(home, {})
    assert isinstance(found, Faults)
    expected = file.read_text().splitlines()[0].removeprefix("# fault: ")
    assert len(found) == 1
    told = str(next(iter(found)))
    # a fixture that ends in … does not pin the words that another package lists
    assert told.startswith(expected[:-1]) if expected.endswith("…") else told == expected
    assert "hunter2" not in str(found)


def test_there_is_a_file_for_every_part_of_a_home() -> None:
    assert {file.name.partition("-")[0] for file in BAD.glob("*.yaml")} == set(PLACES)


def test_faults_of_all_files_are_told_at_once(home: Path) -> None:
    for name in ("settings-unknown-key", "feeds-zone", "watch-unknown-side", "topic-brace"):
        (home / PLACES[name.partition("-")[0]]).write_text((BAD / f"{name}.yaml").read_text())
    found = check(home, {})
    assert isinstance(found, Faults)
    assert [each.file for each in found] == [
        "config/parley.yaml", "config/feeds.yaml", "seeds/watches/small.yaml", "seeds/topics/small.yaml",
    ]  # fmt: skip


def test_the_shipped_home_has_no_faults(tmp_path: Path) -> None:
    initialise(tmp_path / "home")
    found = check(tmp_path / "home", {})
    assert isinstance(found, Checked)
    assert [watch.id for watch in found.watches] == ["ru-ua"]
    assert len(found.topics) >= 7
    assert len(found.feeds) >= 25


def test_a_missing_file_is_a_fault_of_that_file(home: Path) -> None:
    (home / "config/feeds.yaml").unlink()
    found = check(home, {})
    assert isinstance(found, Faults)
    assert [str(each) for each in found] == ["config/feeds.yaml: there is no such file"]


def test_a_file_in_another_encoding_is_named_with_its_line(home: Path) -> None:
    (home / "config/feeds.yaml").write_bytes("feeds:\n  - {url: https://e.org, outlet: Стрічка}\n".encode("cp1251"))
    found = check(home, {})
    assert isinstance(found, Faults)
    assert [str(each) for each in found] == ["config/feeds.yaml:2: this is not UTF-8; save it as UTF-8"]
