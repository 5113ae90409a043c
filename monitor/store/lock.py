"""One run at a time on one store."""

import fcntl
import os
import socket
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from monitor.holder import Holder, holder, lock_of, parsed
from monitor.store import meta
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy, StoreError

# Any fixed number will do, if nothing else in the database uses it: "parley" in ASCII.
_ADVISORY = 0x7061726C6579
_HOLDER = "run"


class RunLock:
    """Held by `parley run` from start to end; a context manager.

    For an SQLite file a lock on `<file>.lock`, for PostgreSQL an advisory lock: both end with the process, also with
    kill -9. A store in memory has no second run. Entering raises StoreBusy, which names the process that holds the
    store (pid, host, since when), or StoreError when the lock file cannot be written. `crashed`, once entered: the last
    run on an SQLite file did not end by itself.
    """

    crashed = False

    def __init__(self, store: Store, *, now: datetime, version: str = "") -> None:
        self._store = store
        self._holder = Holder(os.getpid(), socket.gethostname(), now.astimezone(UTC).isoformat(), version)
        self._held = ExitStack()

    def __enter__(self) -> Self:
        if self._store.path is not None:
            self._lock_file(lock_of(self._store.path))
        elif self._store.engine.dialect.name == "postgresql":
            self._lock_database(self._store.engine)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def listens(self, address: str | None) -> None:
        """Leave word where the endpoint of this run answers: `parley healthcheck` looks there. Once it is entered."""
        self._holder = replace(self._holder, listen=address)
        if self._store.path is not None:
            # At one go, and cut afterwards: whoever reads meanwhile sees a whole line.
            with lock_of(self._store.path).open("r+b", buffering=0) as file:
                file.write(self._holder.line().encode())
                file.truncate()
        elif self._store.engine.dialect.name == "postgresql":
            with self._store.write() as tx:
                meta.put(tx, _HOLDER, self._holder.line())

    def _lock_file(self, path: Path) -> None:
        with ExitStack() as held:
            try:
                # the file stays when the lock is given back: removing it would let two runs lock two files of one name
                file = held.enter_context(path.open("a+", encoding="utf-8"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise self._busy(path.read_text(encoding="utf-8")) from None
            except OSError as fault:
                raise StoreError(f"the lock {path} cannot be taken: {fault}") from fault
            self.crashed = file.tell() > 0
            file.truncate(0)
            file.write(self._holder.line())
            file.flush()
            # an empty one is left by a run that came to its end
            held.callback(file.truncate, 0)
            self._held = held.pop_all()

    def _lock_database(self, engine: Engine) -> None:
        with ExitStack() as held:
            connection = held.enter_context(engine.connect())
            connection.execution_options(isolation_level="AUTOCOMMIT")
            # closing alone would put the connection, and the lock with it, back into the pool
            held.callback(connection.invalidate)
            if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(_ADVISORY))).scalar():
                with self._store.read() as tx:
                    raise self._busy(meta.get(tx, _HOLDER) or "")
            with self._store.write() as tx:
                meta.put(tx, _HOLDER, self._holder.line())
            self._held = held.pop_all()

    def _busy(self, line: str) -> StoreBusy:
        first = parsed(line)
        who = f"pid {first.pid} on {first.host}, since {first.started}" if first else "one that has only just started"
        return StoreBusy(
            f"another run holds the store {self._store.where}: {who}; stop it first, or run with another --home"
        )


def running(store: Store) -> Holder | None:
    """The run that holds the store now; None if none does. Looking takes no lock, so that no start is in its way."""
    if store.path is not None:
        return holder(lock_of(store.path))
    if store.engine.dialect.name != "postgresql":
        return None
    with store.read() as tx:
        seen = sa.text(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND (classid::bigint << 32 | objid::bigint) = :key AND objsubid = 1)"
        )
        held = bool(tx.execute(seen, {"key": _ADVISORY}).scalar())
        return parsed(meta.get(tx, _HOLDER) or "") if held else None
