"""A damaged store: refused at the start before anything is written to it, and named fault by fault on demand."""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerts.own import own_alert
from alerts.records import Delivery, Target
from extractors.records import Article
from monitor.store import Store, StoreError, alerts, articles, meta, open_store, soundness
from monitor.store.files import damage, schema_of, snapshot
from monitor.store.lock import RunLock

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
Open = Callable[[str], Store]

KILLED = """
import os, sys
from datetime import UTC, datetime
from monitor.store import open_store
from monitor.store.lock import RunLock
RunLock(open_store(sys.argv[1]), now=datetime(2026, 1, 1, tzinfo=UTC)).__enter__()
os._exit(9)
"""


def filled(store: Store) -> None:
    """Enough rows that a table has several pages, and an alert with a delivery."""
    article = Article("https://a.example/1", "A", "T", "text " * 40, seen=NOW)
    told = own_alert(id="al-1", reason="test", kind="t", status="", event_id="e", title="T", now=NOW)
    one = Delivery("d-1", "al-1", "e", Target("me", "mail", "email", "me@example.org"), b"x", NOW, next_at=NOW)
    with store.write() as tx:
        for number in range(300):
            meta.put(tx, f"filler {number:03}", "x" * 500)
        articles.add(tx, article, family="a", digest="d", sketch=(1,), now=NOW)
        alerts.add(tx, told, [one])


def tear(path: Path, table: str) -> None:
    """Write rubbish into the middle of a page of this table, as a bad disk does."""
    store = open_store(f"sqlite:///{path}")
    with store.read() as tx:
        root: int = tx.exec_driver_sql(f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'").scalar_one()  # noqa: S608
    store.checkpoint()
    store.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(random.Random(6).randbytes(2000))


def test_a_whole_store_starts_and_is_called_whole(file_url: str, opened: Open) -> None:
    store = opened(file_url)
    filled(store)
    for crashed in (False, True):
        soundness.look_at_start(store, crashed=crashed)
    assert soundness.look_through(file_url) == ()


def test_the_rows_of_a_store_on_a_server_are_looked_through_too(postgres_url: str, opened: Open) -> None:
    store = opened(postgres_url)
    filled(store)
    soundness.look_at_start(store, crashed=True)
    assert soundness.look_through(postgres_url) == ()
    with store.write() as tx:
        tx.exec_driver_sql("UPDATE delivery SET state = 'lost'")
    assert soundness.look_through(postgres_url) == ("delivery d-1 is lost, which is no state",)


def test_a_torn_page_is_refused_at_the_start_with_what_to_do(tmp_path: Path, file_url: str, opened: Open) -> None:
    filled(opened(file_url))
    path = tmp_path / "parley.db"
    tear(path, "delivery")
    before = path.read_bytes()
    with pytest.raises(StoreError) as refused:
        soundness.look_at_start(opened(file_url), crashed=False)
    said = str(refused.value)
    assert "is damaged (" in said
    assert "Move parley.db, parley.db-wal and parley.db-shm away" in said
    assert "`parley restore --only-store FILE` (no backup is known)" in said
    assert path.read_bytes() == before


def test_the_refusal_names_the_last_backup(tmp_path: Path, file_url: str, opened: Open) -> None:
    filled(opened(file_url))
    tear(tmp_path / "parley.db", "delivery")
    soundness.noted(tmp_path / "parley.db").write_text("/backups/7.tar.gz, made 2026-02-05 12:00 UTC\n")
    with pytest.raises(StoreError, match=r"\(the last one known: /backups/7\.tar\.gz, made 2026-02-05 12:00 UTC\)"):
        soundness.look_at_start(opened(file_url), crashed=False)


def test_of_a_large_store_a_start_looks_at_what_could_not_be_made_good(
    tmp_path: Path, file_url: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(opened(file_url))
    monkeypatch.setattr(soundness, "WHOLE", 0)
    tear(tmp_path / "parley.db", "article")
    store = opened(file_url)
    soundness.look_at_start(store, crashed=False)  # `parley check --store` would tell
    with pytest.raises(StoreError, match="is damaged"):
        soundness.look_at_start(store, crashed=True)
    tear(tmp_path / "parley.db", "alert")
    with pytest.raises(StoreError, match="is damaged"):
        soundness.look_at_start(store, crashed=False)


def test_a_run_that_was_killed_is_known_at_the_next_start(file_url: str, opened: Open) -> None:
    store = opened(file_url)
    with RunLock(store, now=NOW) as first:
        assert not first.crashed
    with RunLock(store, now=NOW) as second:
        assert not second.crashed
    assert subprocess.run([sys.executable, "-c", KILLED, file_url], check=False).returncode == 9
    with RunLock(store, now=NOW) as third:
        assert third.crashed
    with RunLock(store, now=NOW) as fourth:
        assert not fourth.crashed


def test_a_torn_page_is_named_on_demand_and_a_copy_of_it_is_no_better(
    tmp_path: Path, file_url: str, opened: Open
) -> None:
    filled(opened(file_url))
    tear(tmp_path / "parley.db", "meta")
    assert soundness.look_through(file_url)
    snapshot(tmp_path / "parley.db", tmp_path / "copy.db")
    assert damage(tmp_path / "copy.db")


def test_an_index_that_lacks_a_row_is_found_on_demand(tmp_path: Path, file_url: str, opened: Open) -> None:
    store = opened(file_url)
    filled(store)
    with store.write() as tx:
        tx.exec_driver_sql("PRAGMA writable_schema=ON")
        tx.exec_driver_sql("UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE "
                           "name = 'ix_mute_until') WHERE name = 'ix_article_added'")  # fmt: skip
    store.close()
    assert any("ix_article_added" in fault for fault in soundness.look_through(file_url))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE delivery SET state = 'lost'", "delivery d-1 is lost, which is no state"),
        ("UPDATE delivery SET state = 'sent'", "delivery d-1 is sent, and when it was settled is not known"),
        ("UPDATE delivery SET done = created", "delivery d-1 is pending and settled at once"),
        ("UPDATE delivery SET state = 'held', next_at = NULL", "delivery d-1 is held without an end"),
        ("UPDATE delivery SET payload = x''", "delivery d-1 waits to be sent and has no message"),
        ("UPDATE delivery SET attempts = 2", "delivery d-1 was tried 2 times, and 0 attempts are written down"),
        ("UPDATE delivery SET stands_for = 'd-0'", "delivery d-1 stands for d-0, which is not there"),
        ("UPDATE alert SET reason = 'new'", "alert al-1 is of the event e, which is not there"),
        ("UPDATE alert SET body = json_remove(body, '$.title')", "alert al-1 cannot be read: StoreError: a stored"),
        ("INSERT INTO event (id, watch, kind, status, opened, touched, merged_into, body) VALUES "
         "('e', 'w', 'k', 's', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'f', '{}')",
         "event e went into f, which is not there"),
        ("INSERT INTO event (id, watch, kind, status, opened, touched, body) VALUES "
         "('e', 'w', 'k', 's', '2026-01-01 00:00:00', '2026-01-01 00:00:00', '{}')", "event e cannot be read"),
        ("INSERT INTO article (key, digest, url, outlet, family, text, sketch, added, current) SELECT "
         "key, 'other', url, outlet, family, text, sketch, added, 1 FROM article",
         "article https://a.example/1 has 2 current versions"),
        ("PRAGMA foreign_keys=OFF; DELETE FROM alert", "row 1 of delivery belongs to a row of alert that is not there"),
    ],
)  # fmt: skip
def test_what_must_hold_between_rows_is_told_where_it_does_not(
    tmp_path: Path, file_url: str, opened: Open, statement: str, said: str
) -> None:
    store = opened(file_url)
    filled(store)
    store.close()
    bare = sqlite3.connect(tmp_path / "parley.db")
    bare.executescript(statement)
    bare.close()
    assert any(fault.startswith(said) for fault in soundness.look_through(file_url)), soundness.look_through(file_url)


def test_a_store_that_is_not_there_is_not_made_by_looking(tmp_path: Path, file_url: str) -> None:
    with pytest.raises(StoreError, match="there is no store at"):
        soundness.look_through(file_url)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path, file_url: str) -> None:
    (tmp_path / "parley.db").write_bytes(os.urandom(5000))
    assert soundness.look_through(file_url) == ("file is not a database",)
    with pytest.raises(StoreError, match="cannot be read: file is not a database"):
        schema_of(tmp_path / "parley.db")


def test_a_store_on_a_full_disk_cannot_be_looked_at_and_is_not_called_damaged(tmp_path: Path, opened: Open) -> None:
    # The log's index, which SQLite needs for reading too, finds no room: nobody is to take a backup for that.
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)), check=True)
    try:
        store = opened(f"sqlite:///{small}/parley.db")
        store.close()
        with (small / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        for look in (damage, schema_of, lambda path: soundness.look_through(f"sqlite:///{path}")):
            with pytest.raises(StoreError, match=r"cannot be (looked through|read): .*; see that its disk has room"):
                look(small / "parley.db")
    finally:
        subprocess.run(("umount", str(small)), check=True)


@pytest.mark.parametrize("pages", [1, 3, 20])
def test_a_store_that_was_cut_short_is_damaged(tmp_path: Path, opened: Open, file_url: str, pages: int) -> None:
    store = opened(file_url)
    filled(store)
    store.checkpoint()
    store.close()
    os.truncate(tmp_path / "parley.db", pages * 4096)
    assert damage(tmp_path / "parley.db")


def test_a_snapshot_of_nothing_and_to_nowhere_is_told(tmp_path: Path, file_url: str, opened: Open) -> None:
    with pytest.raises(StoreError, match="No such file"):
        snapshot(tmp_path / "none.db", tmp_path / "copy.db")
    opened(file_url)
    with pytest.raises(StoreError, match="No such file"):
        snapshot(tmp_path / "parley.db", tmp_path / "nowhere" / "copy.db")


def test_a_start_with_a_large_clean_store_costs_less_than_looking_at_all_of_it(
    file_url: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []

    def seen(path: Path, *, most: int, tables: Sequence[str]) -> tuple[str, ...]:
        asked.append(tables)
        return ()

    monkeypatch.setattr(soundness, "damage", seen)
    monkeypatch.setattr(soundness, "WHOLE", 0)
    soundness.look_at_start(opened(file_url), crashed=False)
    (tables,) = asked
    assert "article" not in tables
    with opened(file_url).read() as tx:
        assert set(tables) <= set(sa.inspect(tx).get_table_names())
