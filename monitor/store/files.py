"""The file of an SQLite store: copied as it is between two transactions, and looked through for damage."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from monitor.store.errors import StoreError
from monitor.store.faults import as_store_error, is_damage

SPARE = 16_000_000
"""Bytes that are left free beside a copy: for the log of whoever writes to the store meanwhile."""
MOST = 50
"""How many faults of one kind are named."""


def snapshot(source: Path, target: Path, *, spare: int = SPARE) -> None:
    """Copy the store `source` to `target`, which is replaced at once or not at all, for its owner alone.

    One step copies all pages from one view of the store (https://www.sqlite.org/c3ref/backup_finish.html): a writer
    neither waits nor makes it begin again, as it would between several steps. It is on the disk when this returns.
    `spare` bytes must be free beside it.
    StoreError when there is no room or the store cannot be read.
    """
    unfinished = target.with_name(target.name + ".part")
    try:
        _enough_room(size_of(source) + spare, target.parent)
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(_opened(source)) as old, closing(sqlite3.connect(unfinished)) as new:
            old.backup(new)
        on_disk(unfinished)
        unfinished.replace(target)
        on_disk(target.parent)
    except (sqlite3.Error, OSError) as fault:
        unfinished.unlink(missing_ok=True)
        raise StoreError(f"the store {source} could not be copied to {target}: {_said(fault)}") from fault
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def schema_of(path: Path) -> str | None:
    """The schema that a file has, None for a database that is no store. StoreError when it cannot be read."""
    try:
        with closing(_opened(path)) as store:
            if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
                return None
            found = store.execute("SELECT version_num FROM alembic_version").fetchone()
            return None if found is None else str(found[0])
    except sqlite3.Error as fault:
        raise as_store_error(str(path), fault, writing=False, failed="cannot be read") from fault


def damage(path: Path, *, thorough: bool = False, most: int = MOST, tables: Sequence[str] = ()) -> tuple[str, ...]:
    """What SQLite finds wrong with a file, of some `tables` or all; `thorough`: also that each index fits its table.

    The file is not written to, and a service may be at work on it. StoreError when it cannot be looked at (a full
    disk, no rights to it, a disk that gives no answer): nothing is known of the file then.
    """
    pragma = "integrity_check" if thorough else "quick_check"
    found: list[str] = []
    try:
        with closing(_opened(path)) as store:
            there = {name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for what in [each for each in tables if each in there] or [str(most)]:
                found += [str(said) for (said,) in store.execute(f"PRAGMA {pragma}({what})") if said != "ok"]
            if thorough:
                for table, row, parent, _ in store.execute("PRAGMA foreign_key_check").fetchmany(most):
                    found.append(f"row {row} of {table} belongs to a row of {parent} that is not there")
    except sqlite3.Error as fault:
        if not is_damage(fault):
            raise as_store_error(str(path), fault, writing=False, failed="cannot be looked through") from fault
        found.append(str(fault))
    return tuple(" ".join(said.removeprefix("*** in database main ***").split()) for said in found[:most])


def size_of(path: Path) -> int:
    """Bytes of a store, with what its log still holds."""
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def on_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would outlive a loss of power."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _opened(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    connection.execute("PRAGMA query_only=ON")
    return connection


def _enough_room(needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(
            errno.ENOSPC,
            f"it needs {needed / 1e6:,.0f} MB in {folder}, where {free / 1e6:,.0f} MB are free; make room there",
        )


def _said(fault: sqlite3.Error | OSError) -> str:
    return (fault.strerror or str(fault)) if isinstance(fault, OSError) else str(fault)
