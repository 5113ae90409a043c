"""What the service costs while nothing happens: memory beside the pool of workers, its start, an hour of ticks."""

import gc
import os
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from monitor import checks
from monitor.app.assembly import assemble
from monitor.app.clock import Clocks
from monitor.app.log import logger
from monitor.faults import Faults
from monitor.homes import initialise
from monitor.house import keep_house

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

BAR = 150  # MB, with 10,000 feeds
START_BAR = 3  # seconds, with 10,000 feeds known
FAR = datetime(2100, 1, 1, tzinfo=UTC)


def _megabytes(process: int) -> float:
    """Resident memory as the kernel counts it."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1_024


def _children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _wait(done: Callable[[], bool], service: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert service.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)


def _home(folder: Path, feeds: int) -> Path:
    home = folder / "home"
    initialise(home)
    # Nobody listens on the discard port of loopback: each feed that comes due is refused at once.
    rows = [f"  - {{url: 'http://127.0.0.1:9/{n}', outlet: Courier {n}, interval: 24h}}\n" for n in range(feeds)]
    (home / "config" / "feeds.yaml").write_text("feeds:\n" + "".join(rows) if rows else "feeds: []\n")
    return home


@contextmanager
def _running(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """The service, and the seconds that it took to say that it has started. It is ended as systemd would end it."""
    log = home / "log"
    with log.open("wb") as sink:
        began = time.perf_counter()
        service = subprocess.Popen(
            [sys.executable, "-m", "monitor", "--home", str(home), "run"], stdout=sink, stderr=sink
        )
    try:
        _wait(lambda: "service started" in log.read_text(), service, log)
        yield service, time.perf_counter() - began
        service.send_signal(signal.SIGTERM)
        assert service.wait(10) == 0, log.read_text()
    finally:
        service.kill()
        service.wait()


def _nothing_due(home: Path) -> None:
    with closing(sqlite3.connect(home / "state" / "parley.db")) as store:
        store.execute("UPDATE feed SET next_at = ?", [FAR.strftime("%Y-%m-%d %H:%M:%S.%f")])
        store.commit()


@pytest.mark.parametrize("feeds", [0, 10_000])
def test_the_idle_service_stays_small(feeds: int, tmp_path: Path) -> None:
    with _running(_home(tmp_path, feeds)) as (service, _):
        time.sleep(3)  # its first ticks
        own, pool = _megabytes(service.pid), [_megabytes(child) for child in _children(service.pid)]
    print(f"\n\n{'feeds':<10}{'service, MB':>12}{'processes of the pool, MB':>28}")
    print(f"{feeds:<10}{own:>12.0f}{' + '.join(f'{each:.0f}' for each in pool) or 'none':>28}")
    assert own <= BAR


def test_ten_thousand_known_feeds_are_no_long_start(tmp_path: Path) -> None:
    home = _home(tmp_path, 10_000)
    with _running(home):
        pass
    _nothing_due(home)
    took, held = [], []
    for _ in range(5):
        with _running(home) as (service, seconds):
            took.append(seconds)
            held.append(_megabytes(service.pid))
    bare = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import monitor.app"], check=True)
    bare = time.perf_counter() - bare
    print(f"\n\n{'start with 10,000 feeds known':<34}{'median':>9}{'worst':>9}{'bar':>7}{'importing alone':>18}")
    print(f"{'seconds, of 5 starts':<34}{median(took):>9.2f}{max(took):>9.2f}{START_BAR:>7}{bare:>18.2f}")
    print(f"{'MB as it says that it has started':<34}{median(held):>9.0f}{max(held):>9.0f}{BAR:>7}")
    assert max(held) <= BAR


async def test_an_idle_hour_leaves_nothing_behind(tmp_path: Path) -> None:
    """3,600 ticks of the whole service in virtual time, 10,000 feeds known, none of them due."""
    now = datetime(2026, 3, 2, tzinfo=UTC)
    home = _home(tmp_path, 10_000)
    found = checks.check(home, os.environ)
    assert not isinstance(found, Faults)
    async with AsyncExitStack() as stack:
        log = logger("error")
        service = await assemble(stack, found.settings, found.watches, found.feeds, log, Clocks(lambda: now))
        _nothing_due(home)

        async def idle(seconds: int) -> tuple[float, float]:
            """Traced and resident MB after so many seconds of ticks, as often as `monitor.jobs` rings."""
            nonlocal now
            for second in range(1, seconds + 1):
                now += timedelta(seconds=1)
                await service.poll()
                if second % 5 == 0:
                    await service.dispatcher.drain()
                if second % 15 == 0:
                    await service.read()
            own = found.settings
            await keep_house(service.store, own.keep, own.archive, now, log, open_file=None)
            await service.notify()
            gc.collect()
            return tracemalloc.get_traced_memory()[0] / 2**20, _megabytes(os.getpid())

        await idle(60)
        tracemalloc.start()
        before, after = await idle(300), await idle(3_600)
        tracemalloc.stop()
        assert not service.poller.counts
    print(f"\n\n{'an idle hour, 10,000 feeds':<34}{'before':>9}{'after':>9}")
    for n, name in enumerate(("MB of objects made since its start", "MB resident, traced")):
        print(f"{name:<34}{before[n]:>9.2f}{after[n]:>9.2f}")
    assert after[0] - before[0] < 0.2
