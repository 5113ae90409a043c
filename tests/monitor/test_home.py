"""`parley init`, `check` and `feeds` on a real folder."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.cli.check import check
from monitor.cli.feeds import feeds
from monitor.cli.init import init
from monitor.homes import initialise
from monitor.records import MonitorError

RUNNER = CliRunner()


def test_init_writes_a_home_that_checks(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    made = RUNNER.invoke(init, [str(home)])
    assert made.exit_code == 0
    assert str(home / "config" / "parley.yaml") in made.stdout.splitlines()
    assert f"parley --home {home} check" in made.stderr
    assert (home / "state").stat().st_mode & 0o777 == 0o700
    checked = RUNNER.invoke(check, obj=home)
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert checked.stdout.startswith("all good: ")
    assert checked.stdout.endswith(" 1 watch, 7 topics, 1 recipient\n")


def test_init_names_every_file_it_wrote(tmp_path: Path) -> None:
    written = initialise(tmp_path / "home")
    assert sorted(written) == sorted(file for file in (tmp_path / "home").rglob("*") if file.is_file())
    assert not any(file.suffix in (".service", ".pyc") for file in written)


def test_a_home_holds_what_it_runs_on_and_nothing_of_the_demo(tmp_path: Path) -> None:
    initialise(tmp_path)
    assert sorted(path.name for path in (tmp_path / "config").iterdir()) == [
        "families.yaml",
        "feeds.yaml",
        "parley.yaml",
        "slack-app.yaml",
    ]
    assert sorted(path.name for path in (tmp_path / "seeds").iterdir()) == ["stories", "topics", "watches"]


@pytest.mark.parametrize("name", ["config", "seeds", "state"])
def test_init_overwrites_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine").write_text("mine")
    made = RUNNER.invoke(init, [str(tmp_path)])
    assert made.exit_code == 1
    assert f"holds {name}/ already; nothing was written" in made.stderr
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["mine"]


def test_init_tells_when_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MonitorError, match="could not be written: Not a directory"):
        initialise(tmp_path / "file" / "home")


def test_check_tells_faults_on_stderr_and_exits_with_2(tmp_path: Path) -> None:
    initialise(tmp_path / "home")
    (tmp_path / "home" / "config" / "parley.yaml").write_text("watches: [ru-ua]\nlogs: {}\n")
    checked = RUNNER.invoke(check, obj=tmp_path / "home")
    assert (checked.exit_code, checked.stdout) == (2, "")
    assert checked.stderr.startswith("config/parley.yaml:2: logs: unknown key; known here: watches, ")
    assert checked.stderr.endswith("\n1 fault\n")


def test_check_of_no_home_says_what_is_missing(tmp_path: Path) -> None:
    checked = RUNNER.invoke(check, obj=tmp_path)
    assert checked.exit_code == 2
    assert f"config/parley.yaml: there is no such file in {tmp_path}; --home or PARLEY_HOME names" in checked.stderr
    assert checked.stderr.endswith("\n1 fault\n"), "what follows from it is not told"


@pytest.mark.parametrize("words", [("status",), ("backup", "b.tar.gz"), ("run",), ("alerts",)])
def test_a_folder_that_is_no_home_is_named_by_every_command(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = RUNNER.invoke(main, ["--home", str(tmp_path), *words])
    assert said.exit_code == 2, said.output
    assert f"there is no such file in {tmp_path}; --home or PARLEY_HOME names a home" in said.stderr


def test_feeds_are_listed_added_and_removed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    initialise(home)
    options = ["--outlet", "Example", "--language", "tr", "--zone", "Europe/Istanbul"]
    added = RUNNER.invoke(feeds, ["add", "https://example.org/rss", "--offline", *options], obj=home)
    assert (added.exit_code, added.stderr) == (0, "added https://example.org/rss\n")
    listed = RUNNER.invoke(feeds, obj=home)
    assert listed.exit_code == 0
    assert listed.stdout.splitlines()[-1].split() == [
        "new", "Example", "-", "-", "1", "h", "-", "https://example.org/rss",
    ]  # fmt: skip
    assert listed.stderr.endswith(" new\n")
    assert not (home / "state" / "parley.db").exists()
    removed = RUNNER.invoke(feeds, ["remove", "https://example.org/rss"], obj=home)
    assert removed.exit_code == 0
    assert "example.org/rss" not in RUNNER.invoke(feeds, obj=home).stdout


def test_feeds_of_a_faulty_home_are_not_listed(tmp_path: Path) -> None:
    initialise(tmp_path / "home")
    (tmp_path / "home" / "config" / "feeds.yaml").write_text("feeds: {}\n")
    listed = RUNNER.invoke(feeds, obj=tmp_path / "home")
    assert (listed.exit_code, listed.stdout) == (2, "")
    assert listed.stderr == (
        "config/feeds.yaml:1: feeds: should be a list; write [one, two], or a line with a dash for each\n"
    )
