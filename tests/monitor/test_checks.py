"""Every fault has one file in bad/, whose first line is what an operator is told."""

from pathlib import Path

import pytest

from monitor.checks import Checked, check
from monitor.faults import Faults
from monitor.homes import initialise

BAD = Path(__file__).parent / "bad"
PLACES = {
    "settings": "config/parley.yaml",
    "feeds": "config/feeds.yaml",
    "families": "config/families.yaml",
    "watch": "seeds/watches/small.yaml",
    "topic": "seeds/topics/small.yaml",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    initialise(tmp_path / "home")
    return tmp_path / "home"


@pytest.mark.parametrize("file", sorted(BAD.glob("*.yaml")), ids=lambda file: file.stem)
def test_each_fault_is_told_once_with_file_line_and_what_to_do(file: Path, home: Path) -> None:
    kind = file.name.partition("-")[0]
    if kind == "families":  # the shipped feeds name families which are not there any more
        (home / "config/feeds.yaml").write_text("feeds: []\n")
    (home / PLACES[kind]).write_text(file.read_text())
    found = check(home, {})
    assert isinstance(found, Faults)
    expected = file.read_text().splitlines()[0].removeprefix("# fault: ")
    assert [str(each) for each in found] == [expected]
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


def test_the_shipped_home_has_no_faults(home: Path) -> None:
    found = check(home, {})
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
