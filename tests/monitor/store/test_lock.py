"""A second run on one store is refused."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.store import Store, StoreBusy, StoreError
from monitor.store.lock import RunLock, running

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
Open = Callable[[str], Store]

HOLD = """
import sys, time
from datetime import UTC, datetime
from monitor.store import open_store
from monitor.store.lock import RunLock
with RunLock(open_store(sys.argv[1]), now=datetime(2026, 1, 1, tzinfo=UTC)):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_refused_and_names_the_first(lasting_url: str, opened: Open) -> None:
    with RunLock(opened(lasting_url), now=NOW):
        named = pytest.raises(StoreBusy, match=rf"pid {os.getpid()} on .+, since 2026-02-05T12:00:00\+00:00")
        with named:
            RunLock(opened(lasting_url), now=NOW).__enter__()


def test_a_store_is_free_again_when_the_run_has_ended(lasting_url: str, opened: Open) -> None:
    for _ in range(3):
        with RunLock(opened(lasting_url), now=NOW):
            pass


def test_a_store_is_free_again_when_the_run_was_killed(lasting_url: str, opened: Open) -> None:
    store = opened(lasting_url)
    with subprocess.Popen([sys.executable, "-c", HOLD, lasting_url], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(StoreBusy, match=f"pid {first.pid} on .+, since 2026-01-01T00:00:00"):
            RunLock(store, now=NOW).__enter__()
        first.send_signal(signal.SIGKILL)
    for _ in range(100):  # PostgreSQL notices the broken connection a moment later
        try:
            with RunLock(store, now=NOW):
                return
        except StoreBusy:
            signal.sigtimedwait([], 0.05)
    pytest.fail("the lock outlived its process")


def test_the_store_can_be_used_while_it_is_held(lasting_url: str, opened: Open) -> None:
    store = opened(lasting_url)
    with RunLock(store, now=NOW), opened(lasting_url).read(), store.write():
        pass


def test_stores_in_memory_are_never_busy(opened: Open) -> None:
    store = opened("sqlite://")
    with RunLock(store, now=NOW), RunLock(store, now=NOW):
        pass


def test_a_lock_that_cannot_be_written_is_named(tmp_path: Path, file_url: str, opened: Open) -> None:
    store = opened(file_url)
    (tmp_path / "parley.db.lock").mkdir()
    with pytest.raises(StoreError, match=r"parley\.db\.lock cannot be taken"):
        RunLock(store, now=NOW).__enter__()


def test_a_run_that_has_not_written_its_name_yet_is_refused_all_the_same(
    tmp_path: Path, file_url: str, opened: Open
) -> None:
    with RunLock(opened(file_url), now=NOW):
        (tmp_path / "parley.db.lock").write_text("")
        with pytest.raises(StoreBusy, match="only just started"):
            RunLock(opened(file_url), now=NOW).__enter__()


def test_who_holds_a_store_is_seen_without_taking_the_lock(lasting_url: str, opened: Open) -> None:
    store, other = opened(lasting_url), opened(lasting_url)
    assert running(other) is None
    with RunLock(store, now=NOW, version="9.9") as lock:
        found = running(other)
        assert found is not None
        assert (found.pid, found.started, found.version, found.listen) == (os.getpid(), NOW.isoformat(), "9.9", None)
        lock.listens("127.0.0.1:9713")
        told = running(other)
        assert told is not None
        assert told.listen == "127.0.0.1:9713"
        lock.listens(None)
        assert running(other) == found
        with pytest.raises(StoreBusy):
            RunLock(other, now=NOW).__enter__()
    assert running(other) is None


def test_a_store_in_memory_has_no_other_run(opened: Open) -> None:
    store = opened("sqlite://")
    with RunLock(store, now=NOW) as lock:
        lock.listens("127.0.0.1:9713")
        assert running(store) is None


def test_a_run_that_was_killed_holds_nothing_though_its_line_is_still_there(tmp_path: Path, opened: Open) -> None:
    url = f"sqlite:///{tmp_path / 'parley.db'}"
    store = opened(url)
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        found = running(store)
        assert found is not None
        assert found.pid == first.pid
        first.send_signal(signal.SIGKILL)
    assert str(first.pid) in (tmp_path / "parley.db.lock").read_text()
    assert running(store) is None
