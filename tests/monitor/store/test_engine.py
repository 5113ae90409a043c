"""Opening, transactions, crashes and migrations."""

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from alerts.records import Next, Outcome
from monitor.records import Feed
from monitor.store import Store, StoreError, alerts, deliveries, feeds, meta, open_store, queue, schema, tables
from monitor.store.threads import StoreThread

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
Open = Callable[[str], Store]

CRASH = """
import os, sys
from monitor.store import meta, open_store
store = open_store(sys.argv[1])
with store.write() as tx:
    meta.put(tx, "kept", "yes")
with store.write() as tx:
    meta.put(tx, "kept", "no")
    meta.put(tx, "half", "done")
    os._exit(9)
"""

COUNT = """
import sys
from monitor.store import meta, open_store
store = open_store(sys.argv[1])
for n in range(1, 1_000_000):
    with store.write() as tx:
        meta.put(tx, "left", str(n))
        meta.put(tx, "right", str(n))
    print(n, flush=True)
"""


def newer(tmp_path: Path) -> Path:
    """The migrations of a later version: those of today and one more."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder)
    (folder / "versions" / "9999_later.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        f"revision = '9999'\ndown_revision = {head()!r}\n"
        "def upgrade():\n    op.add_column('feed', sa.Column('mood', sa.Text()))\n"
    )
    return folder


def before(tmp_path: Path, revision: str) -> Path:
    """The migrations of an earlier version: those that came before this one."""
    folder = tmp_path / "early"
    shutil.copytree(schema.MIGRATIONS, folder)
    for later in folder.glob("versions/*.py"):
        if later.name >= revision:
            later.unlink()
    return folder


def put(tx: sa.Connection, name: str, *rows: dict[str, object]) -> None:
    """Rows of a table as it was: SQLAlchemy would fill in the columns of today."""
    columns = [sa.column(column, tables.metadata.tables[name].c[column].type) for column in rows[0]]
    tx.execute(sa.insert(sa.table(name, *columns)), list(rows))


def head() -> str:
    store = open_store("sqlite://")
    with store.read() as tx:
        revision = MigrationContext.configure(tx).get_current_revision()
    store.close()
    assert revision is not None
    return revision


def test_the_migrations_make_the_tables_that_the_queries_use(store: Store) -> None:
    with store.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx), tables.metadata) == []


def test_a_file_is_opened_as_a_service_needs_it(file_url: str, opened: Open) -> None:
    with opened(file_url).write() as tx:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        assert [tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas] == ["wal", 2, 1, 10_000]


def test_what_was_written_is_there_when_the_store_is_opened_again(lasting_url: str, opened: Open) -> None:
    store = opened(lasting_url)
    with store.write() as tx:
        feeds.sync(tx, [Feed("https://a.example/rss", "A", "a")], NOW)
    store.close()
    with opened(lasting_url).read() as tx:
        assert len(feeds.all_states(tx)) == 1


def test_two_stores_in_memory_know_nothing_of_each_other(opened: Open) -> None:
    one, two = opened("sqlite://"), opened("sqlite://")
    with one.write() as tx:
        meta.put(tx, "k", "v")
    with two.read() as tx:
        assert meta.get(tx, "k") is None


def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError, match="halfway"), store.write() as tx:
        meta.put(tx, "k", "v")
        raise RuntimeError("halfway")
    with store.read() as tx:
        assert meta.get(tx, "k") is None


def test_reading_cannot_write(store: Store) -> None:
    with pytest.raises((DBAPIError, StoreError), match=r"(?i)read-?only"), store.read() as tx:
        meta.put(tx, "k", "v")
    with store.write() as tx:
        assert meta.get(tx, "k") is None
        meta.put(tx, "k", "v")


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    naive = datetime(2026, 2, 5)  # noqa: DTZ001 - the point of the test
    with pytest.raises(Exception, match="without a zone"), store.write() as tx:
        feeds.sync(tx, [Feed("https://a.example/rss", "A", "a")], naive)


def test_two_threads_writing_take_turns(store: Store) -> None:
    def add() -> None:
        for _ in range(30):
            with store.write() as tx:
                meta.put(tx, "n", str(int(meta.get(tx, "n") or 0) + 1))

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert meta.get(tx, "n") == "60"


def test_a_process_that_dies_in_a_transaction_leaves_nothing_of_it(lasting_url: str, opened: Open) -> None:
    died = subprocess.run([sys.executable, "-c", CRASH, lasting_url], check=False)
    assert died.returncode == 9
    with opened(lasting_url).read() as tx:
        assert (meta.get(tx, "kept"), meta.get(tx, "half")) == ("yes", None)


@pytest.mark.slow
def test_a_process_killed_at_any_moment_leaves_whole_transactions(file_url: str, opened: Open) -> None:
    for patience in (0.0, 0.003, 0.011):
        with subprocess.Popen([sys.executable, "-c", COUNT, file_url], stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            told = int(child.stdout.readline())
            time.sleep(patience)
            child.send_signal(signal.SIGKILL)
        with opened(file_url).write() as tx:
            left, right = meta.get(tx, "left"), meta.get(tx, "right")
            assert left == right
            assert int(left or 0) >= told
            assert tx.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_store_that_another_process_holds_for_too_long_says_so(lasting_url: str, opened: Open) -> None:
    store = opened(lasting_url)
    hasty = open_store(lasting_url, busy_seconds=0.05)
    with store.write():
        with pytest.raises(StoreError, match=r"gives no transaction: (database is locked|canceling .* lock timeout)"):
            hasty.write().__enter__()
        with hasty.read() as tx:
            assert meta.get(tx, "k") is None
    hasty.close()


def test_a_store_can_be_opened_and_read_while_another_process_writes(lasting_url: str, opened: Open) -> None:
    with opened(lasting_url).write() as tx:
        meta.put(tx, "k", "v")
        with opened(lasting_url).read() as other:
            assert meta.get(other, "k") is None


def test_a_schema_of_a_later_version_is_refused(tmp_path: Path, lasting_url: str) -> None:
    open_store(lasting_url, migrations=newer(tmp_path)).close()
    with pytest.raises(StoreError, match=r"schema 9999, newer than this Parley"):
        open_store(lasting_url)


def test_an_older_store_is_migrated_and_keeps_what_it_held(tmp_path: Path, lasting_url: str) -> None:
    old = open_store(lasting_url)
    with old.write() as tx:
        feeds.sync(tx, [Feed("https://a.example/rss", "A", "a")], NOW)
    old.close()
    new = open_store(lasting_url, migrations=newer(tmp_path))
    with new.read() as tx:
        assert tx.exec_driver_sql("SELECT url, mood FROM feed").all() == [("https://a.example/rss", None)]
    new.close()


def test_an_older_file_is_copied_beside_itself_before_it_is_migrated(tmp_path: Path, file_url: str) -> None:
    old = open_store(file_url)
    with old.write() as tx:
        meta.put(tx, "k", "v")
    old.close()
    new = open_store(file_url, migrations=newer(tmp_path))
    new.close()
    copy = open_store(f"sqlite:///{new.path}.before-{head()}")
    with copy.read() as tx:
        assert meta.get(tx, "k") == "v"
    copy.close()


def test_a_migration_that_fails_leaves_the_older_store(tmp_path: Path, lasting_url: str, opened: Open) -> None:
    open_store(lasting_url).close()
    folder = newer(tmp_path)
    broken = folder / "versions" / "9999_later.py"
    broken.write_text(broken.read_text() + "    raise RuntimeError('no room')\n")
    with pytest.raises(RuntimeError, match="no room"):
        open_store(lasting_url, migrations=folder)
    with opened(lasting_url).read() as tx:
        assert "mood" not in [column["name"] for column in sa.inspect(tx).get_columns("feed")]


def test_without_room_for_a_copy_the_older_store_is_left_as_it_is(
    tmp_path: Path, file_url: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(file_url).close()
    before = (tmp_path / "parley.db").read_bytes()
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 1000))
    with pytest.raises(StoreError, match=r"could not be copied to .*before-.*: it needs 16 MB in .* make room there"):
        open_store(file_url, migrations=newer(tmp_path))
    assert (tmp_path / "parley.db").read_bytes() == before
    assert not list(tmp_path.glob("parley.db.before*"))


def test_of_the_copies_before_migrations_the_last_two_are_kept(tmp_path: Path, file_url: str) -> None:
    for at in ("0002", "0003", "0004"):
        shutil.rmtree(tmp_path / "early", ignore_errors=True)
        open_store(file_url, migrations=before(tmp_path, at)).close()
    open_store(file_url).close()
    (tmp_path / "parley.db.before-lunch.txt").touch()
    assert sorted(each.name for each in tmp_path.glob("parley.db.before-0*")) == [
        "parley.db.before-0002", "parley.db.before-0003",
    ]  # fmt: skip
    open_store(file_url, migrations=newer(tmp_path)).close()
    kept = sorted(each.name for each in tmp_path.glob("parley.db.before-*"))
    assert kept == ["parley.db.before-0003", f"parley.db.before-{head()}", "parley.db.before-lunch.txt"]


def test_a_damaged_store_is_not_migrated(tmp_path: Path, file_url: str) -> None:
    store = open_store(file_url)
    with store.write() as tx:
        for number in range(200):
            meta.put(tx, f"filler {number:03}", "x" * 1000)
    store.checkpoint()
    store.close()
    with (tmp_path / "parley.db").open("r+b") as file:
        file.seek(60 * 4096)
        file.write(b"rubbish" * 200)
    was = (tmp_path / "parley.db").read_bytes()
    with pytest.raises(StoreError, match=r"is damaged \(.*and its schema .* is left as it is: `parley restore"):
        open_store(file_url, migrations=newer(tmp_path))
    assert (tmp_path / "parley.db").read_bytes() == was


def test_a_process_that_dies_in_a_migration_leaves_the_older_store(tmp_path: Path, lasting_url: str) -> None:
    open_store(lasting_url).close()
    folder = newer(tmp_path)
    deadly = folder / "versions" / "9999_later.py"
    deadly.write_text(deadly.read_text() + "    import os\n    os._exit(9)\n")
    code = "import sys; from pathlib import Path; from monitor.store import open_store; "
    code += "open_store(sys.argv[1], migrations=Path(sys.argv[2]))"
    assert subprocess.run([sys.executable, "-c", code, lasting_url, folder], check=False).returncode == 9
    store = open_store(lasting_url)
    with store.read() as tx:
        assert "mood" not in [column["name"] for column in sa.inspect(tx).get_columns("feed")]
    store.close()
    deadly.write_text(deadly.read_text().replace("    os._exit(9)\n", ""))
    open_store(lasting_url, migrations=folder).close()


def test_a_new_store_makes_no_copy(tmp_path: Path, file_url: str, opened: Open) -> None:
    opened(file_url).close()
    assert [each.name for each in tmp_path.iterdir()] == ["parley.db"]


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE birds (name TEXT)")
    with pytest.raises(StoreError, match=r"something else \(it has birds\)"):
        open_store(f"sqlite:///{path}")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    path.write_text("feeds:\n" * 1_000)
    with pytest.raises(StoreError, match=r"parley\.db failed: file is not a database; move it and"):
        open_store(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("parley.db", "not the address of a store"),
        ("nosuchdb://x", "not the address of a store"),
        ("mysql+pymysql://x/y", "not the address of a store|neither SQLite nor PostgreSQL"),
        ("postgresql+psycopg://x:y@host:port/z", "not the address of a store"),
    ],
)
def test_an_address_that_is_none_is_refused(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        open_store(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://parley:sesame@127.0.0.1:1/parley",
        "postgresql+psycopg://parley@127.0.0.1:1/parley?password=sesame",
        "postgresql+nodriver://parley:sesame@127.0.0.1:1/parley",
        "postgresql+psycopg://parley:sesame@127.0.0.1:1port/parley",
        "sesame",
    ],
)
def test_a_password_is_never_printed(url: str) -> None:
    with pytest.raises(StoreError) as refused:
        open_store(url)
    assert "sesame" not in str(refused.value)
    if "1port" not in url and "@" in url:
        assert "127.0.0.1:1" in str(refused.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"folder of the store .*file/state/parley\.db cannot be made"):
        open_store(f"sqlite:///{tmp_path}/file/state/parley.db")


def test_a_file_that_was_deleted_or_replaced_under_an_open_store_is_noticed(
    tmp_path: Path, file_url: str, opened: Open
) -> None:
    store = opened(file_url)
    file = store.path
    assert file is not None
    assert store.lost() is None
    file.rename(tmp_path / "away.db")
    assert "is gone" in (store.lost() or "")
    file.write_bytes((tmp_path / "away.db").read_bytes())
    assert "was replaced" in (store.lost() or "")


def test_a_full_disk_is_told_with_what_to_do_and_nothing_is_kept(file_url: str, opened: Open) -> None:
    store = opened(file_url)
    with pytest.raises(StoreError, match=r"is full; make room"), store.write() as tx:
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        meta.put(tx, "k", "v" * 1_000_000)
    store.close()
    with opened(file_url).read() as tx:
        assert meta.get(tx, "k") is None


def test_a_backup_holds_what_was_written(tmp_path: Path, file_url: str, opened: Open) -> None:
    store = opened(file_url)
    with store.write() as tx:
        meta.put(tx, "k", "v")
    store.backup(tmp_path / "copy.db")
    store.checkpoint()
    assert not (tmp_path / "parley.db-wal").stat().st_size
    with opened(f"sqlite:///{tmp_path / 'copy.db'}").read() as tx:
        assert meta.get(tx, "k") == "v"


def test_only_a_file_can_be_backed_up(tmp_path: Path, opened: Open) -> None:
    with pytest.raises(StoreError, match="not a file"):
        opened("sqlite://").backup(tmp_path / "copy.db")


async def test_the_store_thread_never_holds_the_loop(store: Store) -> None:
    thread = StoreThread(store)
    started, release = threading.Event(), threading.Event()

    def slow(tx: sa.Connection) -> str:
        started.set()
        assert release.wait(10)
        meta.put(tx, "k", "slow")
        return threading.current_thread().name

    work = asyncio.create_task(thread.run(slow))
    assert await asyncio.to_thread(started.wait, 10)
    after = asyncio.create_task(thread.query(lambda tx: meta.get(tx, "k")))
    release.set()
    assert (await work).startswith("store")
    assert await after == "slow"
    assert await thread.call(lambda each: each.where) == store.where
    thread.close()


async def test_what_fails_on_the_store_thread_fails_for_the_caller_alone(store: Store) -> None:
    thread = StoreThread(store)

    def fail(tx: sa.Connection) -> None:
        meta.put(tx, "k", "v")
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        await thread.run(fail)
    assert await thread.query(lambda tx: meta.get(tx, "k")) is None
    thread.close()


def test_a_store_from_before_versions_learns_which_is_current_and_what_alerts_stand_on(
    tmp_path: Path, lasting_url: str, opened: Open
) -> None:
    early = before(tmp_path, "0003")
    old = open_store(lasting_url, migrations=early)
    urls = "https://a.example/1", "https://b.example/2"
    body = {"source": {"url": urls[0]}, "facts": [{"source": {"url": urls[1]}}]}
    page = {"key": b"k", "url": urls[0], "outlet": "A", "family": "a", "text": "t", "sketch": (), "added": NOW}
    told = {"id": "al-1", "event_id": "w-1", "watch": "w", "reason": "new", "decided": NOW, "body": body}
    with old.write() as tx:
        put(tx, "article", *(page | {"digest": each} for each in ("d1", "d2")))
        put(tx, "alert", told)
    old.close()
    with opened(lasting_url).read() as tx:
        assert tx.exec_driver_sql("SELECT digest FROM article WHERE current").scalars().all() == ["d2"]
        assert alerts.events_alerted(tx, "https://b.example/2") == {"w-1"}
        assert alerts.alerted(tx, ["https://a.example/1"]) == {"https://a.example/1"}


def test_what_a_store_from_before_held_deliveries_had_to_send_is_sent(
    tmp_path: Path, lasting_url: str, opened: Open
) -> None:
    old = open_store(lasting_url, migrations=before(tmp_path, "0006"))
    told = {"id": "al-1", "event_id": "w-1", "watch": "w", "reason": "new", "decided": NOW, "body": {}}
    plain = {"alert_id": "al-1", "recipient": "desk", "channel": "mail", "kind": "email", "address": "d@example.org"}
    plain |= {"payload": b"x", "created": NOW, "next_at": NOW}
    states = [
        ("new", "pending", 0, None), ("cut", "sending", 1, None), ("busy", "pending", 2, "transient 451 later"),
        ("unclear", "pending", 1, "ambiguous timeout"), ("sent", "sent", 1, None), ("dead", "dead", 1, "no mailbox"),
    ]  # fmt: skip
    with old.write() as tx:
        put(tx, "alert", told)
        names = ("id", "event_id", "state", "attempts", "last_error")
        put(tx, "delivery", *(plain | dict(zip(names, (each[0], *each), strict=True)) for each in states))
        put(tx, "attempt", {"delivery_seq": 2, "n": 1, "started": NOW, "code": "", "detail": ""})
    old.close()
    with opened(lasting_url).write() as tx:
        assert deliveries.recover(tx, NOW) == 1
        assert [(each.id, each.state) for each in queue.due(tx, NOW, 10)] == [
            ("new", "pending"), ("cut", "ambiguous"), ("busy", "retry"), ("unclear", "ambiguous"),
        ]  # fmt: skip
        for each in queue.due(tx, NOW, 10):
            attempt = deliveries.begin(tx, each.id, NOW)
            assert attempt is not None
            deliveries.finish(tx, each.id, attempt, Outcome("sent", "250"), Next("sent", rule="sent"), NOW)
        assert [each.state for each in deliveries.all_deliveries(tx)] == ["sent"] * 5 + ["dead"]


def test_a_store_that_has_no_room_for_its_copy_is_left_as_it_is(
    tmp_path: Path, file_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = before(tmp_path, "0006")
    open_store(file_url, migrations=early).close()
    was = (tmp_path / "parley.db").read_bytes()
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=len(was)))
        with pytest.raises(StoreError, match="it needs 16 MB in"):
            open_store(file_url)
    assert (tmp_path / "parley.db").read_bytes() == was
    open_store(file_url).close()


def test_the_newest_schema_is_the_one_that_the_program_names() -> None:
    assert schema.newest(schema.MIGRATIONS) == schema.HEAD


def test_a_store_that_is_current_is_opened_without_the_migration_tool(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/x.db").close()
    code = (
        "import sys; from monitor.store import open_store; "
        f"open_store('sqlite:///{tmp_path}/x.db').close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_stored_stands_in_no_message_of_a_fault_of_ours() -> None:
    opened = open_store("sqlite://")
    with pytest.raises(DBAPIError) as raised, opened.write() as tx:
        for _ in range(2):
            tx.execute(sa.insert(tables.meta).values(key="k", value="the text of an article"))
    assert "UNIQUE" in str(raised.value)
    assert "article" not in str(raised.value)
