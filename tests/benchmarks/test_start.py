"""From exec to `service started` with 10,000 feeds and 100,000 articles known; where the time goes."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from monitor.records import Watch
from stocked import NOW, stock

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

BAR = 3.0  # seconds (DESIGN: start)
MEMORY_BAR = 150  # MB of the service beside its pool
ROUNDS = 7
BARE = "import sqlalchemy, httpx, pydantic"

PARTS = """
import time
began = time.perf_counter()
import asyncio, gc, json, os, sys
from contextlib import AsyncExitStack
from pathlib import Path
import monitor.cli.run
from monitor import checks
from monitor.app import assembly
from monitor.app.log import logger
imported = time.perf_counter()
gc.disable()
found = checks.check(Path(sys.argv[1]), os.environ)
gc.enable()
read = time.perf_counter()

async def assemble():
    async with AsyncExitStack() as stack:
        blocked = 0.0
        async def watch():
            nonlocal blocked
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.002)
                blocked = max(blocked, time.perf_counter() - before - 0.002)
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        before = time.perf_counter()
        await assembly.assemble(stack, found.settings, found.watches, found.feeds, logger("error"))
        took = time.perf_counter() - before
        await asyncio.sleep(0.01)
        watching.cancel()
        return took, blocked

took, blocked = asyncio.run(assemble())
print(json.dumps([imported - began, read - imported, took, blocked]))
"""


def _bare() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE], check=True)
    return time.perf_counter() - began


def _start(home: Path) -> tuple[float, float, float]:
    """Seconds from exec to the line that it has started and to the first answer of a feed, and its MB in the end."""
    log = home / "log"
    with log.open("wb") as sink:
        began = time.perf_counter()
        service = subprocess.Popen(
            [sys.executable, "-m", "monitor", "--home", str(home), "run"], stdout=sink, stderr=sink
        )
    try:
        seen = []
        for line in ("service started", "feed polled"):
            while line not in log.read_text():
                assert service.poll() is None, log.read_text()
                assert time.perf_counter() - began < 60, log.read_text()
                time.sleep(0.002)
            seen.append(time.perf_counter() - began)
        time.sleep(2)
        status = Path(f"/proc/{service.pid}/status").read_text()
        (held,) = (int(row.split()[1]) / 1024 for row in status.splitlines() if row.startswith("VmRSS:"))
        service.send_signal(signal.SIGTERM)
        assert service.wait(10) == 0, log.read_text()
    finally:
        with suppress(ProcessLookupError):
            service.kill()
        service.wait()
    return seen[0], seen[1], held


def test_a_start_with_all_that_came_in_months_known(tmp_path: Path, watch: Watch) -> None:
    home = stock(tmp_path / "home", watch)
    starts, parts, bare = [], [], []
    for _ in range(ROUNDS):
        with closing(sqlite3.connect(home / "state" / "parley.db")) as store:
            # So that there is a first poll to wait for; nobody listens there.
            store.execute("UPDATE feed SET next_at = ? WHERE pk <= 100", [f"{NOW:%Y-%m-%d %H:%M:%S.%f}"])
            store.commit()
        starts.append(_start(home))
        bare.append(_bare())
        done = subprocess.run(
            [sys.executable, "-c", PARTS, str(home)], check=True, capture_output=True, env={**os.environ}
        )
        parts.append(json.loads(done.stdout))
    started, polled, held = (min(each) for each in zip(*starts, strict=True))
    imports, config, assembling, blocked = (min(each) for each in zip(*parts, strict=True))
    print(f"\n\nstart with 10,000 feeds and 100,000 articles known, best of {ROUNDS} (seconds)")
    for name, seconds in (
        ("imports", imports), ("config, 10,000 feeds", config), ("store and parts", assembling),
        ("the loop held at most", blocked), ("exec to `service started`", started), ("exec to the first poll", polled),
        (f"python -c '{BARE}'", min(bare)),
    ):  # fmt: skip
        print(f"{name:<52}{seconds:>7.2f}")
    print(f"{'start : bare imports':<52}{started / min(bare):>7.1f}")
    print(f"{'MB of the service (bar ' + str(MEMORY_BAR) + ')':<52}{max(each[2] for each in starts):>7.0f}")
    assert started <= BAR
    assert held <= MEMORY_BAR
