"""A store that takes nothing for a while: what waits for it goes through in the end, once, and it is told."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from sqlalchemy.exc import OperationalError

from alerts.records import Delivery, Target
from monitor.store import Store, StoreError, deliveries, meta, open_store, threads
from monitor.store.errors import StoreStalled
from monitor.store.faults import as_store_error
from monitor.store.outbox import StoreOutbox
from monitor.store.threads import StoreThread, as_time_goes
from smalldisk import SmallDisk

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
BIG = "v" * 200_000


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'parley.db'}", busy_seconds=0.05)
    yield store
    store.close()


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
async def thread(kept: Store) -> AsyncIterator[StoreThread]:
    made = StoreThread(kept)
    made.endure(lambda: NOW, structlog.get_logger())
    yield made
    made.close()


def put(key: str, value: str, calls: list[str] | None = None) -> Callable[[sa.Connection], None]:
    def work(tx: sa.Connection) -> None:
        if calls is not None:
            calls.append(key)
        meta.put(tx, key, value)

    return work


async def limit(thread: StoreThread, *, full: bool) -> None:
    """No page more than there are, or as many as one likes: SQLITE_FULL inside the transaction."""

    def work(tx: sa.Connection) -> None:
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one() if full else 1_000_000
        tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    await thread.query(work)


async def until(done: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.01)


def said(logged: list[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in logged]


async def test_what_does_not_fit_is_tried_until_it_does_and_keeps_others_from_nothing(
    thread: StoreThread, logged: list[dict[str, Any]]
) -> None:
    calls: list[str] = []
    await thread.run(put("small", "before"))
    await limit(thread, full=True)
    big = asyncio.create_task(thread.run(put("big", BIG, calls)))
    await until(lambda: len(calls) >= 3)
    stall = thread.stalled
    assert stall is not None
    assert (stall.since, stall.until) == (NOW, None)
    assert "is full; make room" in stall.why
    await asyncio.wait_for(thread.run(put("small", "meanwhile")), 10)
    assert await thread.query(lambda tx: (meta.get(tx, "small"), meta.get(tx, "big"))) == ("meanwhile", None)
    assert not big.done()
    assert thread.stalled is not None
    await limit(thread, full=False)
    await asyncio.wait_for(big, 10)
    assert await thread.query(lambda tx: meta.get(tx, "big")) == BIG
    assert thread.stalled is None
    assert [each.since for each in thread.ended] == [NOW]
    assert said(logged) == ["the store takes nothing", "the store takes everything again"]
    assert "make room" in logged[0]["because"]


@pytest.mark.parametrize("at", ["begin", "commit"])
async def test_a_transaction_that_is_refused_at_its_beginning_or_at_its_commit_is_made_once(
    thread: StoreThread, at: str
) -> None:
    refused = 0

    def refuse(*_: object) -> None:
        nonlocal refused
        if refused < 3:
            refused += 1
            raise failed(sqlite3.SQLITE_FULL)

    sa.event.listen(thread.store.engine, at, refuse)
    count = [0]

    def add(tx: sa.Connection) -> int:
        count[0] += 1
        number = int(meta.get(tx, "n") or 0) + 1
        meta.put(tx, "n", str(number))
        return number

    assert await asyncio.wait_for(thread.run(add), 10) == 1
    assert (refused, count[0]) == (3, 1 if at == "begin" else 4)
    assert await thread.query(lambda tx: meta.get(tx, "n")) == "1"


async def test_many_wait_in_the_order_in_which_they_came(thread: StoreThread) -> None:
    await thread.run(put("n", ""))
    await limit(thread, full=True)

    def add(number: int) -> Callable[[sa.Connection], None]:
        def work(tx: sa.Connection) -> None:
            meta.put(tx, f"big {number}", BIG)
            meta.put(tx, "n", f"{meta.get(tx, 'n')}{number}")

        return work

    tasks = [asyncio.create_task(thread.run(add(number))) for number in range(5)]
    await until(lambda: thread.stalled)
    await limit(thread, full=False)
    tasks.append(asyncio.create_task(thread.run(add(5))))
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    order = await thread.query(lambda tx: meta.get(tx, "n") or "")
    # The try at the head goes behind those that have not failed since; who came last is not before who waited.
    assert sorted(order) == list("012345")
    assert order.endswith("5") or order[-2] == "5"


async def test_who_is_cancelled_waits_no_longer_and_leaves_nothing(thread: StoreThread) -> None:
    await limit(thread, full=True)
    big = asyncio.create_task(thread.run(put("big", BIG)))
    await until(lambda: thread.stalled)
    big.cancel()
    with pytest.raises(asyncio.CancelledError):
        await big
    await limit(thread, full=False)
    await asyncio.wait_for(thread.run(put("small", "v")), 10)
    assert thread.stalled is None
    assert await thread.query(lambda tx: meta.get(tx, "big")) is None


async def test_at_the_end_nobody_is_waited_for(thread: StoreThread) -> None:
    await limit(thread, full=True)
    tasks = [asyncio.create_task(thread.run(put(f"big {n}", BIG))) for n in range(20)]
    await until(lambda: thread.stalled)
    thread.hasten()
    async with asyncio.timeout(2):
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(end) for end in ends} == {StoreStalled}


async def test_until_the_service_is_up_it_fails_at_once(kept: Store) -> None:
    thread = StoreThread(kept)
    await limit(thread, full=True)
    with pytest.raises(StoreStalled, match="make room"):
        await thread.run(put("big", BIG))
    assert thread.stalled is None
    thread.close()


async def test_what_is_no_fault_of_the_disk_is_not_waited_for(thread: StoreThread) -> None:
    with pytest.raises(StoreError, match="readonly") as caught:
        await thread.query(put("k", "v"))
    assert not isinstance(caught.value, StoreStalled)
    with pytest.raises(RuntimeError, match="halfway"):
        await thread.run(_fail)
    assert thread.stalled is None


def _fail(tx: sa.Connection) -> None:
    raise RuntimeError("halfway")


async def test_who_holds_the_store_is_waited_for(thread: StoreThread) -> None:
    assert thread.store.path is not None
    other = sqlite3.connect(thread.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    work = asyncio.create_task(thread.run(put("k", "v")))
    await until(lambda: thread.stalled)
    other.execute("ROLLBACK")
    other.close()
    await asyncio.wait_for(work, 10)


class Follower:
    """Counts what is written beside the store."""

    def __init__(self) -> None:
        self.written = 0

    def mark(self) -> object:
        return self.written

    def take_back(self, mark: object) -> None:
        assert isinstance(mark, int)
        self.written = mark


async def test_what_is_written_beside_the_store_is_taken_back_with_the_transaction(thread: StoreThread) -> None:
    beside, tries = Follower(), 0
    thread.follow(beside)

    def work(tx: sa.Connection) -> None:
        nonlocal tries
        tries += 1
        beside.written += 1
        meta.put(tx, "big", BIG)

    await limit(thread, full=True)
    task = asyncio.create_task(thread.run(work))
    await until(lambda: tries >= 3)
    await limit(thread, full=False)
    await asyncio.wait_for(task, 10)
    assert beside.written == 1 < tries


def test_a_moment_is_the_same_at_first_and_goes_on_with_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(threads, "monotonic", lambda: clock[0])
    moment = as_time_goes(NOW)
    clock[0] += 50
    assert moment() == NOW
    clock[0] += 1800
    assert moment() == NOW + timedelta(minutes=30)


async def test_a_lease_counts_from_when_it_is_kept(thread: StoreThread, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(threads, "monotonic", lambda: clock[0])
    target = Target("desk", "mail", "email", "desk@example.org")

    def prepare(tx: sa.Connection) -> None:
        told = {
            "id": "al-1",
            "event_id": "w-1",
            "watch": "w",
            "reason": "new",
            "decided": NOW.isoformat(),
            "body": "{}",
        }
        tx.execute(
            sa.text(
                "INSERT INTO alert (id, event_id, watch, reason, decided, body) "
                "VALUES (:id, :event_id, :watch, :reason, :decided, :body)"
            ),
            told,
        )
        values = deliveries.columns_of(Delivery("d-1", "al-1", "w-1", target, b"x", NOW, next_at=NOW))
        tx.execute(sa.insert(deliveries.t.delivery).values(values))

    await thread.run(prepare)
    refused = 0

    def refuse(*_: object) -> None:
        nonlocal refused
        if refused < 1:
            refused, clock[0] = 1, clock[0] + 3600
            raise failed(sqlite3.SQLITE_FULL)

    sa.event.listen(thread.store.engine, "commit", refuse)
    outbox = StoreOutbox(thread, lambda *_: 0)
    assert await asyncio.wait_for(outbox.begin("d-1", NOW), 10) == 1
    begun = await thread.query(lambda tx: deliveries.get(tx, "d-1"))
    assert begun is not None
    assert begun.lease_until == NOW + timedelta(hours=1) + deliveries.LEASE


@pytest.mark.parametrize(
    ("name", "writing", "stalled"),
    [
        ("SQLITE_FULL", True, True), ("SQLITE_FULL", False, True),
        ("SQLITE_READONLY", True, True), ("SQLITE_READONLY", False, False),
        ("SQLITE_READONLY_DIRECTORY", True, True), ("SQLITE_READONLY_DBMOVED", True, False),
        ("SQLITE_READONLY_CANTINIT", False, True), ("SQLITE_CANTOPEN", True, True), ("SQLITE_BUSY", True, True),
        ("SQLITE_BUSY_RECOVERY", False, True), ("SQLITE_IOERR_WRITE", True, True), ("SQLITE_IOERR_FSYNC", True, True),
        ("SQLITE_IOERR_SHMSIZE", False, True), ("SQLITE_IOERR_READ", True, False), ("SQLITE_IOERR", True, False),
        ("SQLITE_CORRUPT", True, False), ("SQLITE_NOTADB", True, False), ("SQLITE_ERROR", True, False),
    ],
)  # fmt: skip
def test_the_code_tells_whether_waiting_may_help(name: str, writing: bool, stalled: bool) -> None:
    error = as_store_error("x.db", failed(getattr(sqlite3, name)), writing=writing, failed="failed")
    assert isinstance(error, StoreStalled) is stalled
    assert str(error).startswith("the store x.db failed: made up")


@pytest.mark.parametrize(
    ("state", "writing", "stalled"),
    [
        ("53100", True, True),
        ("25006", True, True),
        ("25006", False, False),
        ("55P03", True, True),
        ("42601", True, False),
    ],
)
def test_so_does_the_state_that_postgresql_gives(state: str, writing: bool, stalled: bool) -> None:
    class FailedError(Exception):
        sqlstate = state

    fault = OperationalError(None, None, FailedError("made up"))
    error = as_store_error("server", fault, writing=writing, failed="failed")
    assert isinstance(error, StoreStalled) is stalled


def failed(code: int) -> OperationalError:
    """As SQLAlchemy hands on what SQLite says."""
    error = sqlite3.OperationalError("made up")
    error.sqlite_errorcode = code
    return OperationalError(None, None, error)


@pytest.mark.slow
async def test_a_disk_that_is_full_in_mid_transaction_is_waited_for(small_disk: SmallDisk) -> None:
    await _through(small_disk, small_disk.fill, small_disk.free)


@pytest.mark.slow
async def test_a_file_that_takes_no_writes_in_mid_transaction_is_waited_for(small_ext4: SmallDisk) -> None:
    files = [small_ext4.path / name for name in ("parley.db", "parley.db-wal")]
    await _through(small_ext4, lambda: small_ext4.forbid(*files), lambda: small_ext4.allow(*files))


async def _through(disk: SmallDisk, worse: Callable[[], None], better: Callable[[], None]) -> None:
    """A hundred writers of growing size, the disk worse from the middle of a transaction until all wait."""
    store = open_store(f"sqlite:///{disk.path / 'parley.db'}")
    thread = StoreThread(store)
    thread.endure(lambda: NOW, structlog.get_logger())
    done: list[int] = []

    async def write(number: int) -> None:
        def work(tx: sa.Connection) -> None:
            meta.put(tx, f"k{number}", "v" * 100 * number)
            if number == 50 and thread.stalled is None:
                worse()

        await thread.run(work)
        done.append(number)

    tasks = [asyncio.create_task(write(number)) for number in range(100)]
    await until(lambda: thread.stalled)
    await asyncio.sleep(1)
    before = len(done)
    assert 50 <= before < 100
    better()
    await asyncio.wait_for(asyncio.gather(*tasks), 20)
    assert thread.stalled is None
    assert sorted(done) == list(range(100))
    lengths = await thread.query(lambda tx: [len(meta.get(tx, f"k{number}") or "") for number in range(100)])
    assert lengths == [100 * number for number in range(100)]
    sound = await thread.query(lambda tx: tx.exec_driver_sql("PRAGMA integrity_check").scalar())
    assert sound == "ok"
    thread.close()
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_store_on_a_disk_that_takes_nothing_is_refused_at_the_start_with_what_to_do(
    small_disk: SmallDisk, how: str
) -> None:
    url = f"sqlite:///{small_disk.path / 'parley.db'}"
    open_store(url).close()
    if how == "full":
        small_disk.fill()
    else:
        small_disk.remount("ro")
    with pytest.raises(StoreStalled, match=r"; (make room|let this user write|see that its disk has room)"):
        open_store(url)
    if how == "full":
        small_disk.free()
    else:
        small_disk.remount("rw")
    open_store(url).close()
