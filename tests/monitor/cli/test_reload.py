"""`parley reload`: who is asked, and what is said when nobody answers."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitor.app import asking
from monitor.app.clock import steady
from monitor.cli import main
from monitor.homes import initialise
from monitor.store import open_store, reloads, rereads
from monitor.store.lock import RunLock
from monitor.store.reloads import Reloaded

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    initialise(tmp_path / "home")
    monkeypatch.setattr(asking, "PATIENCE", timedelta(seconds=0.5))
    return tmp_path / "home"


def called(home: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "reload", *options])


def wished(home: Path) -> rereads.Course | None:
    store = open_store(f"sqlite:///{home / 'state' / 'parley.db'}")
    try:
        with store.read() as tx:
            return rereads.course(tx)
    finally:
        store.close()


@contextmanager
def running(home: Path, answer: Callable[[], Reloaded | None], **changes: Any) -> Iterator[list[int]]:
    """This process holds the store, and answers a SIGHUP so. How many came."""
    store = open_store(f"sqlite:///{home / 'state' / 'parley.db'}")
    came: list[int] = []

    def hung_up(number: int, _: object) -> None:
        came.append(number)
        outcome = answer()
        if outcome is not None:
            with store.write() as tx:
                reloads.put(tx, outcome)

    before = signal.signal(signal.SIGHUP, hung_up)
    lock = RunLock(store, now=NOW, reloads=True)
    lock._holder = replace(lock._holder, **changes)
    try:
        with lock:
            yield came
    finally:
        signal.signal(signal.SIGHUP, before)
        store.close()


def outcome(*faults: str, changed: tuple[str, ...] = (), pid: int | None = None) -> Reloaded:
    return Reloaded(NOW, not faults, faults, changed, steady(), os.getpid() if pid is None else pid)


def test_what_changed_is_printed(home: Path) -> None:
    with running(home, lambda: outcome(changed=("polling.interval", "watch ru-ua changed"))):
        result = called(home)
    assert (result.exit_code, result.stdout) == (0, "polling.interval\nwatch ru-ua changed\n")
    with running(home, outcome):
        assert called(home).stdout == "nothing changed\n"


def test_every_fault_is_printed_and_the_status_says_that_it_failed(home: Path) -> None:
    with running(home, lambda: outcome("config/parley.yaml:3: one", "seeds/watches/a.yaml:7: two")):
        result = called(home)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "config/parley.yaml:3: one\nseeds/watches/a.yaml:7: two\n2 faults; what was in force stays in force\n"
    )


def test_the_outcome_of_an_earlier_reload_or_of_another_process_is_no_answer(home: Path) -> None:
    for answer in (lambda: Reloaded(NOW, True, begun=steady() - timedelta(seconds=9), pid=os.getpid()),
                   lambda: outcome(pid=1), lambda: None):  # fmt: skip
        with running(home, answer) as came:
            result = called(home)
        assert came == [signal.SIGHUP]
        assert result.exit_code == 1
        assert f"process {os.getpid()}, has not answered within 0 s" in result.stderr


def test_settings_that_cannot_be_read_do_not_keep_the_service_from_saying_so(home: Path) -> None:
    (home / "config" / "parley.yaml").write_text("watches: [\n")
    with running(home, lambda: outcome("config/parley.yaml:2: broken")) as came:
        result = called(home)
    assert came == [signal.SIGHUP]
    assert result.stderr.startswith("config/parley.yaml:2: broken\n")
    result = called(home)
    assert result.exit_code == 1
    assert "no service is running on" in result.stderr
    assert "parley.yaml cannot be read, and names another store perhaps" in result.stderr


def test_a_store_that_settings_name_only_now_is_not_the_one_that_runs(home: Path) -> None:
    settings = home / "config" / "parley.yaml"
    settings.write_text(settings.read_text() + "\nstore: {url: 'sqlite:///state/other.db'}\n")
    with running(home, lambda: outcome("config/parley.yaml:9: store.url: to change this takes a restart")) as came:
        result = called(home)
    assert came == [signal.SIGHUP]
    assert result.exit_code == 1
    assert not (home / "state" / "other.db").exists()


def test_nobody_is_signalled_where_nobody_runs(home: Path) -> None:
    assert "no service is running on sqlite:///" in called(home).stderr
    with running(home, lambda: None):
        pass
    result = called(home)
    assert (result.exit_code, "no service is running on" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"host": "elsewhere"}, "the service runs on elsewhere, as process {pid}, and this is "),
        ({"reloads": False}, "process {pid} holds "),
        ({"began": 1}, "no service is running on "),
    ],
)
def test_one_that_is_elsewhere_or_takes_no_reload_is_not_signalled(
    home: Path, changes: dict[str, Any], said: str
) -> None:
    with running(home, lambda: None, **changes) as came:
        result = called(home)
    assert came == []
    assert result.exit_code == 1
    assert said.format(pid=os.getpid()) in result.stderr


def test_with_reread_the_wish_is_there_when_the_service_reloads_and_stays_when_it_has(home: Path) -> None:
    seen: list[rereads.Course | None] = []

    def answer() -> Reloaded:
        seen.append(wished(home))
        return outcome(changed=("watch ru-ua changed",))

    with running(home, answer):
        result = called(home, "--reread", "7")
    assert result.exit_code == 0
    assert "articles of the last 7 days are being read again" in result.stdout
    assert seen == [wished(home)]
    assert seen[0] is not None
    assert seen[0].asked - seen[0].since == timedelta(days=7)


def test_a_wish_to_read_again_is_taken_back_when_the_reload_is_refused_or_not_answered(home: Path) -> None:
    for answer in (lambda: outcome("config/parley.yaml:3: one"), lambda: None):
        with running(home, answer):
            assert called(home, "--reread", "7").exit_code == 1
        assert wished(home) is None


def test_a_reload_that_is_refused_leaves_the_wish_before_it_as_far_as_it_had_come(home: Path) -> None:
    store = open_store(f"sqlite:///{home / 'state' / 'parley.db'}")

    def goes_on() -> Reloaded:
        now = wished(home)
        assert now is not None
        with store.write() as tx:
            rereads.keep(tx, replace(now, read=now.read + 1))
        return outcome("config/parley.yaml:3: one")

    with store.write() as tx:
        earlier = replace(rereads.ask(tx, timedelta(days=3), NOW), read=5)
        rereads.keep(tx, earlier)
    with running(home, goes_on):
        assert called(home, "--reread", "7").exit_code == 1
    store.close()
    assert wished(home) == earlier


def test_days_that_are_none_are_refused(home: Path) -> None:
    for days in ("0", "-3", "a week"):
        assert called(home, "--reread", days).exit_code == 2


def test_a_wish_that_is_taken_back_leaves_the_earlier_one_where_it_stood(home: Path) -> None:
    def keep(course: rereads.Course) -> rereads.Course:
        store = open_store(f"sqlite:///{home / 'state' / 'parley.db'}")
        with store.write() as tx:
            rereads.keep(tx, course)
        store.close()
        return course

    under_way = keep(rereads.Course(NOW, NOW - timedelta(days=30), (NOW, 7), 7))
    with running(home, lambda: outcome("config/parley.yaml:3: one")):
        assert called(home, "--reread", "7").exit_code == 1
    assert wished(home) == under_way
