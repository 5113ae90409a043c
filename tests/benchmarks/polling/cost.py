"""What a command costs with all its processes: `python -m polling.cost COMMAND...`, the figures as JSON on stdout.

CPU time is what the kernel adds up as processes are waited for. A fork server and its workers are not waited for by
their service: they outlive it by a moment, and whoever inherits them has to ask for their time. So this process makes
itself the heir (PR_SET_CHILD_SUBREAPER, Linux), and waits for everybody.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the wall until the command itself ended, CPU seconds and the peak of MB of all its processes."""

    wall: float
    cpu: float
    memory: float
    status: int
    errors: str


def _descendants(process: int) -> list[int]:
    try:
        text = "".join(task.joinpath("children").read_text() for task in Path(f"/proc/{process}/task").iterdir())
    except OSError:
        return []
    found = [int(child) for child in text.split()]
    return found + [below for child in found for below in _descendants(child)]


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def measure(command: list[str]) -> Cost:
    """Run the command to its end and account for it. Only in a process of its own."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    peak, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.1):
            peak = max(peak, sum(map(_resident, _descendants(os.getpid()))))

    watcher = threading.Thread(target=watch)
    began = time.perf_counter()
    done = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    watcher.start()
    assert done.stderr is not None
    # Workers inherit the pipe: its end is that of the last of them, so the tail is read in a thread of its own.
    said: list[bytes] = []
    reading = threading.Thread(target=lambda stream: said.append(stream.read()[-4_000:]), args=(done.stderr,))
    reading.start()
    status = done.wait()
    wall = time.perf_counter() - began
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    ended.set()
    watcher.join()
    reading.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, used.ru_utime + used.ru_stime, peak / 2**20, status, b"".join(said).decode(errors="replace"))


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1:]))))
