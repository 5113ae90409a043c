"""What a service manager hears of the real program: readiness, progress, what hangs, and the end."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from farends.manager import Manager, managing
from smalldisk import SmallDisk

pytestmark = pytest.mark.slow

Newsroom = PostOffice = Home = Program = Any  # the records of conftest.py, which tests cannot import
WATCHDOG = timedelta(seconds=4)
USUAL = "1 feed; cycle is current; queue is empty"
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


async def pinged(service: Program, manager: Manager) -> None:
    """Until the watchdog was pinged twice more."""
    pings = len(manager.when("WATCHDOG"))
    await service.until(lambda: len(manager.when("WATCHDOG")) >= pings + 2)


async def test_it_is_ready_when_it_works_shows_progress_and_says_when_it_stops(
    newsroom: Newsroom, home: Home, manager: Manager
) -> None:
    service = await home.run(env=manager.env(WATCHDOG))
    await service.until(lambda: len(manager.when("WATCHDOG")) >= 3 and newsroom.polls() >= 1)
    assert "service started" in service.log
    assert manager.status == USUAL
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


async def test_a_reload_is_told_from_its_begin_to_its_end_and_a_refused_one_until_there_is_a_good_one(
    newsroom: Newsroom, home: Home, manager: Manager, tmp_path: Path
) -> None:
    settings = home.path / "config" / "parley.yaml"
    good = settings.read_text()
    service = await home.run(env=manager.env(WATCHDOG), program=(str(HUNG), "reload", str(tmp_path)))
    await service.until(lambda: len(manager.when("WATCHDOG")) >= 1 and newsroom.polls() >= 1)

    async def reload(text: str) -> None:
        settings.write_text(text)
        ready = len(manager.when("READY"))
        service.process.send_signal(signal.SIGHUP)
        await service.until(lambda: len(manager.when("READY")) > ready)

    async def successful() -> float:
        return (await home.metrics())["parley_config_last_reload_successful"]

    assert await successful() == 1
    await reload(good + "keeep: {}\n")
    assert manager.status.startswith("the reload at ")
    assert await successful() == 0
    await pinged(service, manager)
    assert manager.status.endswith(" UTC failed, the settings before it are in force; " + USUAL)
    await reload(good)
    assert manager.status == USUAL
    assert await successful() == 1

    (tmp_path / "reload").touch()  # one that takes longer than the watchdog's time
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: len(manager.when("RELOADING")) == 3)
    polls = newsroom.polls()
    for _ in range(2):
        await pinged(service, manager)
    assert newsroom.polls() > polls
    (tmp_path / "reload").unlink()
    await service.until(lambda: len(manager.when("READY")) == 4)

    (tmp_path / "reload").touch()  # and one that the end cuts short
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: len(manager.when("RELOADING")) == 4)
    await service.end(signal.SIGTERM)
    assert service.process.returncode == 0
    said = [each for each in manager.states() if each not in ("EXTEND_TIMEOUT_USEC", "WATCHDOG")]
    assert said == ["READY", *("RELOADING", "READY") * 3, "RELOADING", "STOPPING"]
    assert manager.status.startswith("stopping; ")


async def test_a_full_disk_is_told_and_no_reason_to_start_anew_and_afterwards_hangs_are_seen_again(
    newsroom: Newsroom, home: Home, manager: Manager, tmp_path: Path, small_disk: SmallDisk
) -> None:
    home.lock = small_disk.path / "parley.db.lock"
    env = manager.env(WATCHDOG) | {"PARLEY_STORE__URL": f"sqlite:///{small_disk.path}/parley.db"}
    service = await home.run(env=env, program=(str(HUNG), "poll", str(tmp_path)))
    await service.until(lambda: manager.status == USUAL and newsroom.polls() >= 1)
    assert (await home.get("/readyz"))[0] == 200
    small_disk.fill()
    newsroom.publish_round()
    await service.until(lambda: manager.status.startswith("the store takes nothing: "))
    status, text = await home.get("/readyz")
    assert status == 503
    assert re.search(r"(?m)^NOT store: takes no writes: .*room.*, since 2", text)
    for _ in range(3):
        await pinged(service, manager)
    assert manager.status.startswith("the store takes nothing: ")
    small_disk.free()
    await service.until(lambda: manager.status == USUAL)
    assert (await home.get("/readyz"))[0] == 200
    pings = manager.when("WATCHDOG")
    assert max(b - a for a, b in pairwise(pings)) < WATCHDOG.total_seconds()
    assert "loop hangs" not in service.log
    (tmp_path / "poll").touch()
    await service.until(lambda: manager.status.startswith("the poller hangs since "))


async def test_what_hangs_stops_the_pings_and_is_named_until_it_goes_on(
    newsroom: Newsroom, home: Home, manager: Manager, tmp_path: Path
) -> None:
    hangs = (("poll", "poller"), ("page", "reader"), ("sender", "sender"), ("send", "sender"))
    places = ",".join(where for where, _ in hangs)
    service = await home.run(env=manager.env(WATCHDOG), program=(str(HUNG), places, str(tmp_path)))
    await service.until(lambda: newsroom.polls() >= 1)
    for number, (where, who) in enumerate(hangs):
        await service.until(lambda: service.log.count("loop goes on") == number)  # noqa: B023 - called here
        await pinged(service, manager)
        (tmp_path / where).touch()
        newsroom.publish_plan(("Geneva", "Istanbul", "Vienna", "Oslo")[number], timedelta(days=3 + number))
        await service.until(lambda: f"the {who} hangs since " in manager.status)  # noqa: B023
        assert f'event="loop hangs" loop={who}' in service.log
        pings = len(manager.when("WATCHDOG"))
        await asyncio.sleep(WATCHDOG.total_seconds() / 2)
        assert len(manager.when("WATCHDOG")) == pings
        (tmp_path / where).unlink()


async def test_an_event_loop_that_is_blocked_stops_the_pings(
    newsroom: Newsroom, home: Home, manager: Manager, tmp_path: Path
) -> None:
    service = await home.run(env=manager.env(WATCHDOG), program=(str(HUNG), "loop", str(tmp_path)))
    await service.until(lambda: len(manager.when("WATCHDOG")) >= 2 and newsroom.polls() >= 1)
    (tmp_path / "loop").touch()
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
