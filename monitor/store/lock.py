"""One run at a time on one store, and which process that is."""

import contextlib
import fcntl
import json
import os
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from monitor.store import meta
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy, StoreError

# Any fixed number will do, if nothing else in the database uses it: "parley" in ASCII.
_ADVISORY = 0x7061726C6579
_HOLDER = "run"
# Who only looks whether it is held has it for a moment: a run that finds it held looks again, so far apart (s).
_LOOKS, _APART = 5, 0.02


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a store; `reloads`: it takes a SIGHUP for a reload, which would end another one."""

    pid: int
    host: str
    reloads: bool


def holder(store: Store) -> Holder | None:
    """Who runs on the store now, None for nobody. The process is there and is that one, if it is of this machine.

    A process is known by its number and the tick in which it began: what a crash left written cannot name another one
    (proc_pid_stat(5), field 22). Raises StoreError.
    """
    try:
        written = json.loads(_held_by(store) or "{}")
        who = Holder(int(written["pid"]), str(written["host"]), bool(written.get("reloads")))
    except (ValueError, KeyError, TypeError):
        return None  # nobody, or one that has only just started
    if who.host == socket.gethostname() and written.get("began") not in (None, _began(who.pid)):
        return None
    return who


def is_held(path: Path) -> bool:
    """Whether somebody runs on the SQLite file at `path`, without opening it. Raises StoreError."""
    return _written(path) is not None


def _written(path: Path) -> str | None:
    """What the holder of an SQLite file wrote of itself, None when nobody holds it."""
    lock = _lock_of(path)
    try:
        with lock.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read()
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise StoreError(f"the lock {lock} cannot be read: {fault.strerror}") from fault
    return None


def _held_by(store: Store) -> str | None:
    if store.path is not None:
        return _written(store.path)
    if store.engine.dialect.name == "postgresql":
        held = sa.text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND (classid::bigint << 32) + objid::bigint = :number"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        with store.read() as tx:
            return meta.get(tx, _HOLDER) if tx.execute(held, {"number": _ADVISORY}).scalar() else None
    return None


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _began(pid: int) -> int | None:
    """The tick after boot in which a process of this machine began; None when there is no such process."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # The name in brackets may hold anything, brackets and blanks too.
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19])
    return None


class RunLock:
    """Held by `parley run` from start to end; a context manager.

    For an SQLite file a lock on `<file>.lock`, for PostgreSQL an advisory lock: both end with the process, also with
    kill -9. A store in memory has no second run. Entering raises StoreBusy, which names the process that holds the
    store (pid, host, since when), or StoreError when the lock file cannot be written. `reloads` is for `Holder`.
    """

    def __init__(self, store: Store, *, now: datetime, reloads: bool = False) -> None:
        self._store = store
        self._holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": now.astimezone(UTC).isoformat(),
            "began": _began(os.getpid()),
            "reloads": reloads,
        }
        self._held = ExitStack()

    def __enter__(self) -> Self:
        if self._store.path is not None:
            self._lock_file(_lock_of(self._store.path))
        elif self._store.engine.dialect.name == "postgresql":
            self._lock_database(self._store.engine)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def _lock_file(self, path: Path) -> None:
        with ExitStack() as held:
            try:
                # the file stays when the lock is given back: removing it would let two runs lock two files of one name
                file = held.enter_context(path.open("a+", encoding="utf-8"))
                _take(file)
            except BlockingIOError:
                raise self._busy(path.read_text(encoding="utf-8")) from None
            except OSError as fault:
                raise StoreError(f"the lock {path} cannot be taken: {fault}") from fault
            file.truncate(0)
            file.write(json.dumps(self._holder) + "\n")
            file.flush()
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
                meta.put(tx, _HOLDER, json.dumps(self._holder))
            self._held = held.pop_all()

    def _busy(self, holder: str) -> StoreBusy:
        try:
            first: dict[str, Any] = json.loads(holder)
            who = f"pid {first['pid']} on {first['host']}, since {first['started']}"
        except (ValueError, KeyError, TypeError):
            who = "one that has only just started"
        return StoreBusy(
            f"another run holds the store {self._store.where}: {who}; stop it first, or run with another --home"
        )


def _take(file: TextIO) -> None:
    for look in range(_LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if look == _LOOKS - 1:
                raise
            time.sleep(_APART)
        else:
            return
