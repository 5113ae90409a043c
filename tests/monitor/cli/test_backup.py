"""`parley backup`, `parley restore` and `parley check --store` as a shell sees them."""

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import main
from monitor.store import open_store

Parley = Callable[..., Result]
Remember = Callable[..., None]


@pytest.fixture
def full(home: Path, save_lines: Callable[..., Path], articles: dict[str, object], remember: Remember) -> Path:
    """A home whose store holds an event."""
    remember(save_lines("two.jsonl", [articles["plan"], articles["held"]]))
    return home


def test_a_backup_says_what_it_holds_and_a_restore_what_came_back(full: Path, tmp_path: Path, parley: Parley) -> None:
    with (full / "config/parley.yaml").open("a") as file:
        file.write(f"heartbeat: {{url: 'https://beat.example/sesame'}}\npolling: {{ca_file: {tmp_path}/own.pem}}\n")
    (tmp_path / "own.pem").touch()
    file = tmp_path / "b.tar.gz"
    made = parley("backup", file)
    assert made.exit_code == 0, made.stderr
    assert made.stdout == ""
    assert f"{file}: " in made.stderr
    assert "read back and whole" in made.stderr
    assert f"in it: the store sqlite:///{full}/state/parley.db (schema " in made.stderr
    assert "config/ (3 files), seeds/ (4 files)" in made.stderr
    assert "not in it: the archive of pages (--archive takes it along)" in made.stderr
    assert "the secrets at heartbeat.url\n" in made.stderr
    assert f"not in it: {tmp_path}/own.pem, which polling.ca_file names" in made.stderr
    assert "sesame" not in made.stderr
    new = tmp_path / "new"
    back = CliRunner().invoke(main, ["--home", str(new), "restore", str(file)], catch_exceptions=False)
    assert back.exit_code == 0, back.stderr
    assert f"{new}: config/ (3 files), seeds/ (4 files)" in back.stderr
    assert f"the store: {new}/state/parley.db\n" in back.stderr
    assert f"next: parley --home {new} check" in back.stderr
    listed = [CliRunner().invoke(main, ["--home", str(each), "events"]).stdout for each in (full, new)]
    assert listed[0] == listed[1] != ""


@pytest.mark.parametrize("step", ["pack", "_read_back", "damage"])
def test_a_backup_that_is_told_to_end_leaves_nothing(
    full: Path, tmp_path: Path, parley: Parley, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (tmp_path / "backups").mkdir()
    monkeypatch.setattr(f"monitor.backup.{step}", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM))
    # Without the handler it would end the tests.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        assert parley("backup", tmp_path / "backups/b.tar.gz").exit_code == 128 + signal.SIGTERM
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_restore_that_is_told_to_end_leaves_nothing(
    full: Path, tmp_path: Path, parley: Parley, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parley("backup", tmp_path / "b.tar.gz").exit_code == 0
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    monkeypatch.setattr("monitor.restore.put", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        ended = CliRunner().invoke(main, ["--home", str(tmp_path / "new"), "restore", str(tmp_path / "b.tar.gz")])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.exit_code == 128 + signal.SIGTERM
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("backup", "nowhere/b.tar.gz"), "Error: there is no folder"),
        (("restore", "config/parley.yaml"), "holds config/ and seeds/ and state/ already, and nothing is overwritten"),
        (("restore", "--only-store", "config/parley.yaml"), "is no backup of Parley, or is damaged"),
    ],
)
def test_what_cannot_be_done_is_told_on_stderr_with_status_1(
    full: Path, parley: Parley, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(full)
    done = parley(*args)
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_settings_that_are_broken_elsewhere_are_backed_up_all_the_same(
    full: Path, tmp_path: Path, parley: Parley
) -> None:
    (full / "config/parley.yaml").write_text("watches: [nowhere]\nchannels: {mail: {kind: email}}\noops: 1\n")
    assert parley("check").exit_code == 2
    assert parley("backup", tmp_path / "b.tar.gz").exit_code == 0


def test_settings_that_do_not_say_where_the_store_is_are_faults(full: Path, tmp_path: Path, parley: Parley) -> None:
    (full / "config/parley.yaml").write_text("store: {url: birds}\n")
    done = parley("backup", tmp_path / "b.tar.gz")
    assert done.exit_code == 2
    assert "config/parley.yaml:1: store.url: should be an address" in done.stderr
    (full / "config/parley.yaml").unlink()
    assert "there is no such file" in parley("backup", tmp_path / "b.tar.gz").stderr


def test_a_store_on_a_server_is_left_to_its_own_tool_and_said_so(full: Path, tmp_path: Path, parley: Parley) -> None:
    with (full / "config/parley.yaml").open("a") as file:
        file.write("store: {url: 'postgresql+psycopg://parley:sesame@db.example/news'}\n")
    refused = parley("backup", tmp_path / "b.tar.gz")
    assert refused.exit_code == 1
    assert "pg_dump --format=custom --file=parley.dump --host=db.example --username=parley news" in refused.stderr
    made = parley("backup", "--without-store", tmp_path / "b.tar.gz")
    assert made.exit_code == 0
    assert "not in it: the store postgresql+psycopg://parley:***@db.example/news" in made.stderr
    assert "pg_dump" in made.stderr
    assert "sesame" not in refused.stderr + made.stderr


def test_a_damaged_store_is_named_by_check_and_refused_by_run_and_backup(
    full: Path, tmp_path: Path, parley: Parley
) -> None:
    assert "store: whole\n" in parley("check", "--store").stdout
    path = full / "state/parley.db"
    store = open_store(f"sqlite:///{path}")
    with store.read() as tx:
        root: int = tx.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'event'").scalar_one()
    store.checkpoint()
    store.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(random.Random(6).randbytes(3000))
    checked = parley("check", "--store")
    assert checked.exit_code == 1
    assert "store: " in checked.stderr
    assert "but for the store, all good: " in checked.stdout
    for command in (("run", "--once"), ("backup", tmp_path / "b.tar.gz")):
        done = parley(*command)
        assert done.exit_code == 1
        assert "parley.db is damaged (" in done.stderr
        assert "`parley check --store` names every fault" in done.stderr
    assert not (tmp_path / "b.tar.gz").exists()


def test_a_store_that_is_not_there_is_a_fault_of_the_store(home: Path, parley: Parley) -> None:
    done = parley("check", "--store")
    assert done.exit_code == 1
    assert "store: there is no store at" in done.stderr
