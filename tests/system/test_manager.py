"""What a service manager hears of the real program: readiness, progress, what hangs, and the end."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from farends.manager import Manager, managing

pytestmark = pytest.mark.slow

Newsroom = PostOffice = Home = Any  # the records of conftest.py, which tests cannot import
WATCHDOG = timedelta(seconds=4)
HUNG = Path(__file__).parent / "farends" / "hung.py"


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    async with managing(tmp_path) as made:
        yield made


def environments(pid: int) -> list[bytes]:
    """The environments of a process's descendants, as they were started."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [Path(f"/proc/{child}/environ").read_bytes(), *environments(int(child))]
    return found


async def test_it_is_ready_when_it_works_shows_progress_and_says_when_it_stops(
    newsroom: Newsroom, home: Home, manager: Manager
) -> None:
    service = await home.run(env=manager.env(WATCHDOG))
    await service.until(lambda: len(manager.when("WATCHDOG")) >= 3 and newsroom.polls() >= 1)
    assert "service started" in service.log
    assert manager.status == "1 feed; cycle is current; queue is empty"
    children = environments(service.process.pid)
    assert len(children) >= 2  # the server that workers come from, and a worker
    assert not any(b"NOTIFY_SOCKET" in each or b"WATCHDOG_USEC" in each for each in children)
    await service.end(signal.SIGTERM)
    assert service.process.returncode == 0
    assert manager.order()[:3] == ["EXTEND_TIMEOUT_USEC", "READY", "WATCHDOG"]
    said = [each for each in manager.order() if each != "EXTEND_TIMEOUT_USEC"]
    assert said == ["READY", "WATCHDOG", "STOPPING"]
    assert manager.status == "stopping; waits for nothing"
    pings = manager.when("WATCHDOG")
    assert max(b - a for a, b in pairwise(pings)) < WATCHDOG.total_seconds() / 2


@pytest.mark.parametrize(
    ("where", "who"), [("poll", "poller"), ("page", "reader"), ("sender", "sender"), ("send", "sender")]
)
async def test_what_hangs_stops_the_pings_and_is_named(
    where: str, who: str, newsroom: Newsroom, home: Home, manager: Manager, tmp_path: Path
) -> None:
    flag = tmp_path / "hang"
    service = await home.run(env=manager.env(WATCHDOG), program=(str(HUNG), where, str(flag)))
    await service.until(lambda: len(manager.when("WATCHDOG")) >= 2 and newsroom.polls() >= 1)
    flag.touch()
    newsroom.publish_round()
    await service.until(lambda: f'event="loop hangs" loop={who}' in service.log)
    await service.until(lambda: manager.status.startswith(f"the {who} hangs since "))
    pings = len(manager.when("WATCHDOG"))
    await asyncio.sleep(WATCHDOG.total_seconds() * 2 / 3)
    assert len(manager.when("WATCHDOG")) == pings


async def test_an_event_loop_that_is_blocked_stops_the_pings(
    newsroom: Newsroom, home: Home, manager: Manager, tmp_path: Path
) -> None:
    flag = tmp_path / "hang"
    service = await home.run(env=manager.env(WATCHDOG), program=(str(HUNG), "loop", str(flag)))
    await service.until(lambda: len(manager.when("WATCHDOG")) >= 2 and newsroom.polls() >= 1)
    flag.touch()
    await asyncio.sleep(WATCHDOG.total_seconds() / 2)
    pings = len(manager.when("WATCHDOG"))
    await asyncio.sleep(WATCHDOG.total_seconds() * 2 / 3)
    assert len(manager.when("WATCHDOG")) == pings
    service.process.kill()


async def test_what_is_only_slow_does_not_stop_the_pings(
    newsroom: Newsroom, office: PostOffice, home: Home, manager: Manager
) -> None:
    """A feed and a page that answer at the last moment, and a mail server that takes its time over a message."""

    async def slow_feed(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(6.5)
        raise web.HTTPNotFound

    async def slow_page(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(2.5)
        raise web.HTTPNotFound

    newsroom.hanging["/slow"] = slow_feed
    home.feeds(f"{newsroom.base}/feed", f"{newsroom.base}/slow")
    home.settings(page_deadline="3s\n  feed_deadline: 7s")
    service = await home.run(env=manager.env(WATCHDOG))
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: office.mails)
    office.deaf = True
    newsroom.publish_plan("Geneva", timedelta(days=9))
    for each in range(2):
        newsroom.publish(f"Rain {each}", "It rains.").answer = slow_page
    await service.until(lambda: office.knocks > 1 and "/slow outcome=" in service.log)
    assert "loop hangs" not in service.log
    pings = manager.when("WATCHDOG")
    assert max(b - a for a, b in pairwise(pings)) < WATCHDOG.total_seconds()
