"""SIGHUP at a terminal, without one, and under nohup."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import asyncio, fcntl, signal, sys, termios
from monitor.app.hangup import on_hangup

if "terminal" in sys.argv:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if "nohup" in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

def say(word):
    sys.stdout.write(word + "\\n")
    sys.stdout.flush()

async def main():
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, lambda: say("still there"))
    with on_hangup(loop, reload=lambda: say("reload"), stop=stopped.set):
        say("ready")
        await stopped.wait()
        say("stopped")

asyncio.run(main())
"""


class Program:
    """The program with a terminal of its own or none, and what it says."""

    def __init__(self, *how: str) -> None:
        self.terminal, slave = pty.openpty()
        command = [sys.executable, "-c", PROGRAM, *how]
        self.process = subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE, text=True, start_new_session=True)
        os.close(slave)
        assert self.process.stdout is not None
        self.out: IO[str] = self.process.stdout
        assert self.says() == "ready"

    def says(self) -> str:
        return self.out.readline().strip()

    def end_terminal(self) -> None:
        if self.terminal >= 0:
            os.close(self.terminal)
            self.terminal = -1

    def close(self) -> None:
        self.end_terminal()
        self.process.kill()
        self.process.wait()
        self.out.close()


@pytest.fixture
def started(request: pytest.FixtureRequest) -> Iterator[Program]:
    program = Program(*request.param)
    yield program
    program.close()


@pytest.mark.parametrize("started", [("terminal",), ("terminal", "nohup"), ()], indirect=True)
def test_a_signal_is_a_reload(started: Program) -> None:
    for _ in range(2):
        started.process.send_signal(signal.SIGHUP)
        assert started.says() == "reload"


@pytest.mark.parametrize("started", [("terminal",)], indirect=True)
def test_the_end_of_the_terminal_is_the_end(started: Program) -> None:
    started.end_terminal()
    assert started.says() == "stopped"


@pytest.mark.parametrize("started", [("terminal", "nohup")], indirect=True)
def test_under_nohup_the_end_of_the_terminal_is_nothing(started: Program) -> None:
    started.end_terminal()
    started.process.send_signal(signal.SIGTERM)
    assert started.says() == "still there"
