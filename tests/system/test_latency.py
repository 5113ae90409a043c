"""How long it takes from the moment the service can know of an event until each far end has accepted the alert."""

import asyncio
import math
import ssl
import statistics
from pathlib import Path

import pytest

from farends.desk import Desk, issued

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

EVENTS, DESKS = 60, 3


class Timed(Desk):
    """A desk that notes when a page was asked for, which is the detection, and when each channel accepted."""

    def __init__(self, name: str, path: Path, tls: ssl.SSLContext, ca: Path) -> None:
        super().__init__(name, path, tls, ca)
        self.at: dict[tuple[str, int], float] = {}

    def told(self, step: str, story: int | None) -> bool:
        if story is not None:
            self.at.setdefault((step, story), asyncio.get_running_loop().time())
        return False

    def waits(self, step: str) -> list[float]:
        return [at - self.at["page", story] for (seen, story), at in self.at.items() if seen == step]


async def test_an_alert_is_accepted_within_a_second_of_its_detection(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tls, ca = issued(tmp_path)
    desks = [Timed(f"desk{n}", tmp_path / f"desk{n}", tls, ca) for n in range(DESKS)]

    async def work(desk: Timed) -> None:
        await desk.open()
        await desk.begin()
        for number in range(EVENTS // DESKS):
            # One at a time, as news comes: how fast a queue drains is another question, and Slack's to answer.
            desk.press.waiting = 1
            deadline = asyncio.get_running_loop().time() + 30
            while not {("mail answered", number), ("slack answered", number)} <= desk.at.keys():
                assert asyncio.get_running_loop().time() < deadline, desk.log
                await asyncio.sleep(0.02)
        await desk.end()

    try:
        await asyncio.gather(*(work(desk) for desk in desks))
    finally:
        for desk in desks:
            await desk.close()
    for channel in ("mail", "slack"):
        waits = sorted(wait for desk in desks for wait in desk.waits(f"{channel} answered"))
        assert len(waits) == EVENTS
        median, p95 = statistics.median(waits), waits[math.ceil(0.95 * len(waits)) - 1]
        with capsys.disabled():
            print(f"\n{channel}, page asked for to accepted: median {median:.3f} s, p95 {p95:.3f} s", end="")
        assert median <= 1
        assert p95 <= 1
