"""How much memory the service holds while nothing happens: its own process, beside the pool of workers."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.homes import initialise

pytestmark = [pytest.mark.bench, pytest.mark.timeout(120)]

BAR = 150  # MB, with 10,000 feeds


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
        time.sleep(0.05)


@pytest.mark.parametrize("feeds", [0, 10_000])
def test_the_idle_service_stays_small(feeds: int, tmp_path: Path) -> None:
    initialise(tmp_path / "home")
    # Nobody listens on the discard port of loopback: each feed that comes due is refused at once.
    rows = [f"  - {{url: 'http://127.0.0.1:9/{n}', outlet: Courier {n}, interval: 24h}}\n" for n in range(feeds)]
    (tmp_path / "home" / "config" / "feeds.yaml").write_text("feeds:\n" + "".join(rows) if rows else "feeds: []\n")
    log = tmp_path / "log"
    with log.open("wb") as sink:
        service = subprocess.Popen(
            [sys.executable, "-m", "monitor", "--home", str(tmp_path / "home"), "run"], stdout=sink, stderr=sink
        )
    try:
        _wait(lambda: "service started" in log.read_text(), service, log)
        time.sleep(3)  # its first ticks
        own, pool = _megabytes(service.pid), [_megabytes(child) for child in _children(service.pid)]
        service.send_signal(signal.SIGTERM)
        assert service.wait(10) == 0, log.read_text()
    finally:
        service.kill()
        service.wait()
    print(f"\n\n{'feeds':<10}{'service, MB':>12}{'processes of the pool, MB':>28}")
    print(f"{feeds:<10}{own:>12.0f}{' + '.join(f'{each:.0f}' for each in pool) or 'none':>28}")
    assert own <= BAR
