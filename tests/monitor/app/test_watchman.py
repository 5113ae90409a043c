"""The watch over the service: it depends on no loop and not on the store, and what it finds is told and logged."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from alerts.breaker import Breaker
from alerts.records import Target
from alerts.rules import Mailing, Recipient
from monitor.app import watchman as watchman_module
from monitor.app.clock import Clocks
from monitor.app.service import periods
from monitor.app.watchman import Watchman, channels_seen
from monitor.jobs import Bells
from monitor.loops import Pulse
from monitor.settings import Heartbeat
from monitor.settingsfile import Notices
from monitor.store import deliveries, meta, open_store
from monitor.store.errors import StoreError
from monitor.store.threads import Stall, StoreThread

T = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MAILING = Mailing(
    recipients={
        "desk": Recipient(Target("desk", "mail", "email", "desk@example.org")),
        "me": Recipient(Target("me", "console", "console", "me")),
    },
    domain="example.org",
)


@dataclass(frozen=True)
class Health:
    state: str = "closed"
    since: datetime | None = None
    because: str = ""
    last_sent: datetime | None = None


DOWN = Health("open", T - HOUR, "535 authentication failed")


class Heart:
    """Remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[list[str], bool]] = []

    async def look(self, turns: object, stuck: list[str], *, reachable: bool) -> None:
        self.shown.append((stuck, reachable))


class Watched:
    """A service of which only the watch is at work, on clocks that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.now, self.passed = T, timedelta(0)
        self.store = open_store(f"sqlite:///{folder / 'parley.db'}")
        self.channels: dict[str, Health] = {"mail": Health(), "console": Health()}
        self.pulse = Pulse(
            ("poll", "read", "deliver"),
            15 * MINUTE,
            lambda: self.passed,
            excused=lambda: self.service.store.stalled is not None,
        )
        self.heart, self.bells = Heart(), Bells()
        settings = SimpleNamespace(notices=Notices(), mailing=MAILING, archive=folder)
        self.service: Any = SimpleNamespace(
            settings=settings, log=structlog.get_logger(), store=StoreThread(self.store), pulse=self.pulse,
            heart=self.heart, bells=self.bells, dispatcher=SimpleNamespace(channels=lambda: self.channels),
            notified=lambda: ("desk", "me"), clocks=Clocks(lambda: self.now, lambda: self.passed),
        )  # fmt: skip
        self.watchman = Watchman(self.service)

    def goes(self, span: timedelta, *loops: str) -> None:
        """Time goes by, and these loops come round."""
        self.now, self.passed = self.now + span, self.passed + span
        for name in loops:
            self.pulse.beat(name)

    def told(self) -> list[tuple[str, str]]:
        with self.store.read() as tx:
            return [(each.target.recipient, each.payload.decode()) for each in deliveries.all_deliveries(tx)]


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.service.store.close()
    made.store.close()


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def events(logged: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(line["log_level"], line["event"]) for line in logged]


async def test_while_all_is_well_it_gives_a_sign_of_life_and_is_silent(
    watched: Watched, logged: list[dict[str, Any]]
) -> None:
    for _ in range(5):
        watched.goes(MINUTE, "poll", "read", "deliver")
        await watched.watchman.turn()
    assert (logged, watched.told(), watched.bells.deliver.is_set()) == ([], [], False)
    assert watched.heart.shown == [([], True)] * 5
    with watched.store.read() as tx:
        assert meta.get(tx, meta.ALIVE) == watched.now.isoformat()


async def test_a_channel_that_is_down_is_told_by_the_other_and_the_sender_is_woken(
    watched: Watched, logged: list[dict[str, Any]]
) -> None:
    watched.channels["mail"] = DOWN
    for _ in range(3):
        await watched.watchman.turn()
    ((to, text),) = watched.told()
    assert to == "me"
    assert "mail takes no messages" in text
    assert watched.bells.deliver.is_set()
    assert events(logged) == [("error", "trouble")]
    assert watched.heart.shown == [([], True)] * 3


async def test_where_every_channel_is_down_the_log_says_that_nobody_can_be_told(
    watched: Watched, logged: list[dict[str, Any]]
) -> None:
    watched.channels = dict.fromkeys(watched.channels, DOWN)
    await watched.watchman.turn()
    assert events(logged) == [("error", "trouble"), ("error", "no channel that works to tell it by")]
    assert logged[1]["waits_for"] == ["desk", "me"]
    assert [to for to, _ in watched.told()] == ["desk", "me"]
    assert watched.heart.shown == [([], False)]


async def test_a_sender_that_is_stuck_is_told_in_the_log_to_the_outside_and_in_the_outbox(
    watched: Watched, logged: list[dict[str, Any]]
) -> None:
    watched.goes(16 * MINUTE, "poll", "read")
    await watched.watchman.turn()
    assert events(logged) == [("error", "loop is stuck"), ("error", "trouble")]
    assert watched.heart.shown == [(["deliver"], True)]
    assert all("sending stands still" in text for _, text in watched.told())
    logged.clear()
    watched.goes(MINUTE, "poll", "read", "deliver")
    await watched.watchman.turn()
    watched.goes(6 * MINUTE, "poll", "read", "deliver")
    await watched.watchman.turn()
    assert events(logged) == [("info", "trouble is over")]


async def test_a_store_that_does_not_answer_keeps_the_watch_from_nothing(
    watched: Watched, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = watchman_module.STORE_PATIENCE
    monkeypatch.setattr(watchman_module, "STORE_PATIENCE", SECOND / 5)
    free = threading.Event()
    stuck = asyncio.create_task(watched.service.store.call(lambda _: free.wait(30)))
    await asyncio.sleep(0)
    watched.goes(16 * MINUTE)
    for _ in range(2):
        await asyncio.wait_for(watched.watchman.turn(), 10)
    said = events(logged)
    assert said.count(("error", "the store does not answer")) == 2
    assert said.count(("error", "loop is stuck")) == 6
    assert watched.heart.shown == [(["deliver", "poll", "read"], True)] * 2
    assert watched.told() == []
    free.set()
    assert await stuck
    monkeypatch.setattr(watchman_module, "STORE_PATIENCE", usual)
    await watched.watchman.turn()
    assert len(watched.told()) == 2


async def test_while_the_store_takes_nothing_nobody_is_stuck_the_outside_is_told_and_people_when_it_is_over(
    watched: Watched, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchman_module, "STORE_PATIENCE", SECOND / 5)
    thread = watched.service.store
    thread.endure(lambda: watched.now, watched.service.log)
    await thread.query(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count=1"))
    big = asyncio.create_task(thread.run(lambda tx: meta.put(tx, "k", "v" * 100_000)))
    while thread.stalled is None:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.01)
    for minutes in (0, 10, 10, 10):
        watched.goes(minutes * MINUTE)
        await watched.watchman.turn()
    assert watched.heart.shown == [([], False), *[(["store"], False)] * 3]
    assert events(logged) == [("error", "the store takes nothing")]
    await thread.query(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count=100000"))
    await asyncio.wait_for(big, 10)
    while thread.stalled is not None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    monkeypatch.setattr(watchman_module, "STORE_PATIENCE", 20 * SECOND)
    watched.goes(MINUTE, "poll", "read", "deliver")
    for _ in range(3):
        await watched.watchman.turn()
    assert watched.heart.shown[-1] == ([], True)
    assert [to for to, _ in watched.told()] == ["desk", "me"]
    for _, text in watched.told():
        assert "nothing could be stored for 30 min" in text
        assert "from 2026-03-01 12:00" in text
        assert "to 2026-03-01 12:30" in text
        assert "is full" in text
    assert ("error", "loop is stuck") not in events(logged)


async def test_a_store_that_was_held_for_a_moment_is_not_told(watched: Watched) -> None:
    watched.service.store.ended.append(Stall(T, "locked", T + 9 * SECOND))
    await watched.watchman.turn()
    assert watched.told() == []
    assert not watched.service.store.ended


async def test_a_store_that_is_lost_ends_the_watch_and_so_the_service(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "parley.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreError):
        await watched.watchman.turn()


async def test_a_store_that_is_moved_away_while_it_takes_nothing_is_not_waited_for(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchman_module, "STORE_PATIENCE", 2 * SECOND)
    thread = watched.service.store
    thread.endure(lambda: watched.now, watched.service.log)
    await thread.query(lambda tx: tx.exec_driver_sql("PRAGMA busy_timeout=10"))
    with closing(sqlite3.connect(tmp_path / "parley.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(thread.run(lambda tx: meta.put(tx, "k", "v")))
        while thread.stalled is None:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
        (tmp_path / "parley.db").rename(tmp_path / "elsewhere.db")
        with pytest.raises(StoreError, match="is gone"):
            await watched.watchman.turn()
        thread.hasten()
        with pytest.raises(StoreError):
            await waiting


@pytest.mark.parametrize(
    ("by", "title"), [(-2 * HOUR, "the clock went back by 2 h"), (9 * HOUR, "the clock went forward by 9 h")]
)
async def test_a_clock_that_is_set_makes_no_loop_late_and_is_told(watched: Watched, by: timedelta, title: str) -> None:
    await watched.watchman.turn()
    watched.goes(MINUTE, "poll", "read", "deliver")
    watched.now += by
    await watched.watchman.turn()
    await watched.watchman.turn()
    assert len(watched.told()) == 2
    assert all(title in text for _, text in watched.told())
    assert all(stuck == [] for stuck, _ in watched.heart.shown)


async def test_a_disk_that_is_almost_full_is_told(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchman_module, "room", lambda _: 150_000_000)
    await watched.watchman.turn()
    assert all("150 MB are left" in text for _, text in watched.told())
    assert len(watched.told()) == 2


def test_a_channel_counts_as_working_only_while_its_breaker_is_closed() -> None:
    seen = channels_seen({"b": Health("half-open", T), "a": Health(last_sent=T), "c": Health("open")}, T + HOUR)
    assert [(each.name, each.down, each.since) for each in seen] == [
        ("a", False, T + HOUR), ("b", True, T), ("c", True, T + HOUR),
    ]  # fmt: skip
    assert Breaker().state == "closed"


@pytest.mark.parametrize(
    ("after", "url", "every", "expected"),
    [
        (5 * MINUTE, None, SECOND, 30 * SECOND),
        (5 * MINUTE, "https://x.example", 20 * SECOND, 20 * SECOND),
        (2 * SECOND, None, HOUR, 2 * SECOND),
        (SECOND / 10, None, HOUR, SECOND),
    ],
)
def test_the_watch_looks_as_often_as_trouble_is_to_be_told(
    after: timedelta, url: str | None, every: timedelta, expected: timedelta
) -> None:
    own: Any = SimpleNamespace(
        notices=Notices().model_copy(update={"channel_after": after}),
        heartbeat=Heartbeat(SecretStr(url) if url else None, every),
    )
    assert periods(own).watch == expected
