"""A second run on one store is refused."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.store import Store, StoreBusy, StoreError
from monitor.store.lock import Holder, RunLock, holder

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


def test_who_holds_a_store_is_known_while_it_is_held(lasting_url: str, opened: Open) -> None:
    looking = opened(lasting_url)
    assert holder(looking) is None
    for reloads in (True, False):
        with RunLock(opened(lasting_url), now=NOW, reloads=reloads):
            assert holder(looking) == Holder(os.getpid(), socket.gethostname(), reloads)
        assert holder(looking) is None


def test_a_process_that_took_the_number_of_one_that_is_gone_is_not_taken_for_it(lasting_url: str, opened: Open) -> None:
    looking = opened(lasting_url)
    lock = RunLock(opened(lasting_url), now=NOW, reloads=True)
    lock._holder["began"] = 1  # as the last run left it, whose number this process has now
    with lock:
        assert holder(looking) is None


def test_a_holder_on_another_machine_is_named_all_the_same(lasting_url: str, opened: Open) -> None:
    looking = opened(lasting_url)
    lock = RunLock(opened(lasting_url), now=NOW, reloads=True)
    lock._holder |= {"host": "elsewhere", "began": 1}
    with lock:
        assert holder(looking) == Holder(os.getpid(), "elsewhere", True)


def test_looking_who_holds_a_store_keeps_no_run_from_it(file_url: str, opened: Open) -> None:
    stop = threading.Event()

    running, looking = opened(file_url), opened(file_url)

    def look() -> None:
        while not stop.is_set():
            holder(looking)

    with RunLock(running, now=NOW):
        pass
    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(300):
            with RunLock(running, now=NOW):
                pass
    finally:
        stop.set()
        thread.join()
