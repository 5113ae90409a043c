"""What is told to a service manager, on a real socket."""

import os
import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.app.clock import Clocks
from monitor.app.statusline import Figures, status_line
from monitor.app.systemd import EXTENSION, Manager
from monitor.app.vitals import Hanging, health
from monitor.loops import Pulse

T = datetime(2031, 5, 17, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(params=["file", "abstract"])
def wire(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """The manager's end, and what it puts into NOTIFY_SOCKET."""
    name = f"@parley-test-{os.getpid()}-{tmp_path.name}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind("\0" + name[1:] if name.startswith("@") else name)
        made.settimeout(5)
        yield made, name


def heard(wire: socket.socket) -> list[str]:
    return wire.recv(4096).decode().splitlines()


def test_each_state_is_told_as_the_manager_wants_it(wire: tuple[socket.socket, str]) -> None:
    end, name = wire
    manager = Manager(name)
    manager.ready("3 feeds")
    assert heard(end) == ["READY=1", "STATUS=3 feeds"]
    manager.reloading()
    first, second = heard(end)
    stamp = re.fullmatch(r"MONOTONIC_USEC=(\d+)", second)
    assert first == "RELOADING=1"
    assert stamp is not None
    assert abs(int(stamp[1]) / 1e6 - time.monotonic()) < 5
    manager.ready()
    assert heard(end) == ["READY=1", "STATUS=3 feeds"]
    manager.progress()
    assert heard(end) == ["WATCHDOG=1"]
    manager.status("3 feeds")  # as before: nothing is told
    manager.status("two\nlines")
    assert heard(end) == ["STATUS=two lines"]
    manager.stopping("waits")
    assert heard(end) == ["STOPPING=1", "STATUS=waits"]


def test_more_time_is_asked_for_at_once_and_no_longer_than_it_is_needed(wire: tuple[socket.socket, str]) -> None:
    end, name = wire
    with Manager(name).patient(MINUTE):
        time.sleep(0.05)  # as a migration that blocks everything
        assert heard(end) == [f"EXTEND_TIMEOUT_USEC={EXTENSION // timedelta(microseconds=1)}"]
    end.setblocking(False)
    with pytest.raises(BlockingIOError):
        heard(end)


def test_the_variables_are_taken_out_of_the_environment() -> None:
    env = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "90000000", "WATCHDOG_PID": str(os.getpid()), "HOME": "/"}
    assert Manager.of(env).watchdog == 90 * SECOND
    assert env == {"HOME": "/"}


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"WATCHDOG_USEC": "90000000"},
        {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "90000000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "0"},
        {"NOTIFY_SOCKET": "vsock:2:1234", "WATCHDOG_USEC": "90000000"},
    ],
)
def test_no_pings_are_wanted_unless_they_are_asked_of_this_process(env: dict[str, str]) -> None:
    assert Manager.of(env).watchdog is None


def test_a_manager_that_is_gone_or_does_not_listen_disturbs_nobody(tmp_path: Path) -> None:
    for address in (None, str(tmp_path / "nobody"), "/" + "x" * 200):
        manager = Manager(address)
        with manager.patient(SECOND):
            manager.ready()
            manager.progress()
            manager.stopping("bye")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        manager, before = Manager(str(tmp_path / "deaf")), time.monotonic()
        for _ in range(os.sysconf("SC_IOV_MAX")):
            manager.progress()
            if time.monotonic() - before > 0.2:
                break
        # It waited for a full queue once, and not for ever.
        assert 0.2 < time.monotonic() - before < 2


POLLER = Hanging("poller", T, 100 * SECOND, "secret.example: asks")


@pytest.mark.parametrize(
    ("figures", "line"),
    [
        (Figures(1, SECOND), "1 feed; cycle is current; queue is empty"),
        (Figures(1200, 59 * SECOND, 3, 1), "1,200 feeds, 3 of them bad; cycle is current; 1 message waiting"),
        (
            Figures(2, 12 * MINUTE, 0, 5, ["mail"], [POLLER]),
            "the poller hangs since 12:00:00 UTC; channel mail is down; 2 feeds; last cycle 12 min ago; "
            "5 messages waiting",
        ),
        (
            Figures(2, SECOND, stalled="no room on /var", unloaded=T),
            "the store takes nothing: no room on /var; the reload at 2031-05-17 12:00 UTC failed, the settings before "
            "it are in force; 2 feeds; cycle is current; queue is empty",
        ),
    ],
)
def test_the_status_says_first_what_is_wrong(figures: Figures, line: str) -> None:
    assert status_line(figures) == line


def test_health_names_what_hangs_and_since_when() -> None:
    passed = timedelta(0)
    pulse = Pulse(("poll", "read", "deliver"), 15 * MINUTE, lambda: passed, margin=MINUTE)
    service: Any = SimpleNamespace(pulse=pulse, clocks=Clocks(lambda: T, lambda: passed))
    assert health(service).well
    passed = 61 * SECOND
    for name in ("poll", "deliver"):
        pulse.beat(name)
    vitals = health(service)
    assert not vitals.well
    assert vitals.hanging == (Hanging("reader", T - 61 * SECOND, 61 * SECOND, "its loop does not come round"),)
    assert str(vitals.hanging[0]) == "reader has made no progress for 61 s (its loop does not come round)"
    assert vitals.rounds == {"poller": timedelta(0), "reader": 61 * SECOND, "sender": timedelta(0)}
