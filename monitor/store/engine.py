"""A database, opened, checked and brought up to date; its read and write transactions."""

import glob
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from monitor.store import schema
from monitor.store.errors import StoreError
from monitor.store.faults import as_store_error, is_ours
from monitor.store.files import SPARE, damage, size_of, snapshot

_WRITE = "parley_write"
_COPIES = 2  # of earlier schemas: one more than it takes to go back from an upgrade that was no good
_TURN = 0x7772697465  # any number that nothing else in the database locks: "write" in ASCII


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. `path` is the file of an SQLite store, else None; `where` names it to a person, no password."""

    engine: Engine
    where: str
    path: Path | None
    _guard: AbstractContextManager[Any]
    _file: tuple[int, int] | None = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction: all of it is kept, or nothing when the block raises or the process dies.

        SQLite takes the write lock at the start (BEGIN IMMEDIATE): a transaction that began as a read and then writes
        fails at once with "database is locked", whatever the busy timeout. StoreError when the database does not take
        it; StoreStalled when it may take the same one later.
        """
        with self._told(writing=True), self._guard, self.engine.connect() as connection:
            connection.execution_options(**{_WRITE: True})
            with self._begin(connection):
                yield connection

    @contextmanager
    def rehearse(self) -> Iterator[Connection]:
        """A write transaction that is taken back at its end: what it would do can be seen inside, and nothing stays."""
        with self._told(writing=True), self._guard, self.engine.connect() as connection:
            connection.execution_options(**{_WRITE: True})
            transaction = self._begin(connection)
            try:
                yield connection
            finally:
                transaction.rollback()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read transaction: a consistent view; writing in it raises."""
        with self._told(writing=False), self._guard, self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with self._begin(connection):
                yield connection

    def close(self) -> None:
        self.engine.dispose()

    def backup(self, target: Path) -> None:
        """Copy an SQLite file, as it is between two transactions, to `target`. StoreError for any other store."""
        if self.path is None:
            raise StoreError(f"the store {self.where} is not a file: back it up with the tools of its database")
        snapshot(self.path, target)

    def checkpoint(self) -> None:
        """Fold SQLite's write-ahead log into the file, so that neither grows; nothing to do elsewhere. StoreError."""
        if self.path is None:
            return
        try:
            with closing(sqlite3.connect(self.path, timeout=1, isolation_level=None)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as fault:
            raise as_store_error(self.where, fault, writing=True, failed="keeps its log unfolded") from fault

    def lost(self) -> str | None:
        """What became of the file of an SQLite store that is open: None, or that it is not there any more.

        SQLite goes on writing to a file that was deleted or replaced, and all of it is gone at the end.
        """
        if self.path is None:
            return None
        try:
            there = self.path.stat()
        except OSError as fault:
            return f"the file of the store {self.where} is gone ({fault.strerror}): start again, with a copy if any"
        if self._file is not None and (there.st_dev, there.st_ino) != self._file:
            return f"the file of the store {self.where} was replaced: start again to use the new one"
        return None

    @contextmanager
    def _told(self, *, writing: bool) -> Iterator[None]:
        """What the database itself cannot do (a full disk, a damaged file) as a StoreError that says what to do."""
        try:
            yield
        except DBAPIError as fault:
            if is_ours(fault):
                raise
            raise as_store_error(self.where, fault, writing=writing, failed="failed") from fault

    def _begin(self, connection: Connection) -> sa.engine.RootTransaction:
        try:
            return connection.begin()
        except DBAPIError as fault:
            writing = bool(connection.get_execution_options().get(_WRITE, False))
            raise as_store_error(self.where, fault, writing=writing, failed="gives no transaction") from fault


def open_store(url: str, *, busy_seconds: float = 10.0, migrations: Path = schema.MIGRATIONS) -> Store:
    """Open the store at an SQLAlchemy URL and bring its schema up to date.

    `sqlite:////folder/parley.db` is a file (made when missing, its folder too), `sqlite://` is in memory and lives as
    long as the Store, `postgresql+psycopg://...` a server. An older SQLite file is copied beside itself before it is
    migrated. `busy_seconds` is how long a transaction waits for another process. StoreError when the address is wrong,
    the file is damaged or no store, or a newer Parley wrote it.
    """
    named = ""
    try:
        address = make_url(url)
        named = f": {named_as(address)}"
        driver = address.get_dialect().driver
    except (ArgumentError, NoSuchModuleError, ValueError) as fault:
        # What cannot be taken apart may hold a password anywhere.
        raise StoreError(f"not the address of a store{named}; write sqlite:////folder/parley.db") from fault
    where = named_as(address)
    path = _file_of(address)
    if address.get_backend_name() == "sqlite":
        engine = _sqlite(address, path, where, busy_seconds)
    elif address.get_backend_name() == "postgresql":
        try:
            engine = sa.create_engine(address, json_serializer=_to_json, pool_pre_ping=True, hide_parameters=True)
            event.listen(engine, "begin", _begin_postgresql(busy_seconds))
        except ImportError as fault:
            raise StoreError(f"{where} needs {driver}: install parley[postgres]") from fault
    else:
        raise StoreError(f"{where} is neither SQLite nor PostgreSQL")
    # in memory all share one connection, so that a transaction must have it to itself
    store = Store(
        engine, where, path, threading.RLock() if engine.dialect.name == "sqlite" and not path else nullcontext()
    )
    try:
        _migrate(store, migrations)
    except DBAPIError as fault:
        store.close()
        raise as_store_error(where, fault, writing=True, failed="cannot be opened") from fault
    except BaseException:
        store.close()
        raise
    if path is None:
        return store
    made = path.stat()
    return replace(store, _file=(made.st_dev, made.st_ino))


def named_as(address: URL) -> str:
    """The address of a store for people: without its password, wherever that stands in it."""
    if "password" in address.query:
        address = address.update_query_dict({"password": "***"})
    return address.render_as_string(hide_password=True)


def _migrate(store: Store, migrations: Path) -> None:
    def keep(revision: str) -> None:
        if store.path is None:
            return
        copy = store.path.with_name(f"{store.path.name}.before-{revision}")
        # Beside the copy the migration itself needs room, at worst for every row once more.
        snapshot(store.path, copy, spare=SPARE + size_of(store.path))
        if faults := damage(copy, most=1):
            raise StoreError(
                f"the store {store.where} is damaged ({faults[0]}) and its schema {revision} is left as it is: "
                "`parley restore --only-store FILE` puts a backup in its place once it is moved away"
            )

    with store.read() as tx:  # a look at the store must not wait for the service that writes to it
        if schema.is_current(tx, migrations):
            return
    with store.write() as tx:
        schema.upgrade(tx, store.where, migrations, keep)
    if store.path is not None:
        for copy in sorted(store.path.parent.glob(f"{glob.escape(store.path.name)}.before-[0-9]*"))[:-_COPIES]:
            copy.unlink(missing_ok=True)


def _file_of(address: URL) -> Path | None:
    if address.get_backend_name() != "sqlite" or address.database in (None, "", ":memory:"):
        return None
    return Path(address.database or "").absolute()


def _sqlite(address: URL, path: Path | None, where: str, busy_seconds: float) -> Engine:
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise StoreError(f"the folder of the store {where} cannot be made: {fault}") from fault
    in_memory: dict[str, Any] = {} if path else {"poolclass": StaticPool}
    engine = sa.create_engine(
        address,
        json_serializer=_to_json,
        hide_parameters=True,  # a traceback would show articles and addresses
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
        **in_memory,
    )
    event.listen(engine, "connect", _prepare(where, on_disk=path is not None))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare(where: str, *, on_disk: bool) -> Callable[[sqlite3.Connection, object], None]:
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where _begin_sqlite says, not where the driver guesses
        with closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA foreign_keys=ON")
            if not on_disk:
                return
            mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                raise StoreError(f"the store {where} lies where SQLite cannot keep a write-ahead log: use a local disk")
            # NORMAL may lose the last commits with the power: alerts already sent would be sent again.
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA journal_size_limit=67108864")

    return prepare


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if write else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _begin_postgresql(busy_seconds: float) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        # what BEGIN IMMEDIATE is to SQLite: writers take turns, so that what one has read still holds as it writes
        if connection.get_execution_options().get(_WRITE, False):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, round(busy_seconds * 1000))}")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")

    return begin


def _to_json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can carry
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text
