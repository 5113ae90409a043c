"""What a database said, as an error of ours: what happened, what to do, and whether waiting may help.

Judged by the code of the error, never by its words (https://www.sqlite.org/rescode.html; PostgreSQL, appendix A).
"""

import sqlite3

from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from monitor.store.errors import StoreError, StoreStalled

# The low byte of SQLite's codes is the kind of error, the rest its cause.
_KIND = 0xFF
_DAMAGED = (
    "move it and what lies beside it as -wal and -shm away, then take the last backup (`parley restore --only-store "
    "FILE`) or begin anew"
)
_ADVICE = {
    sqlite3.SQLITE_FULL: "make room on its disk",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_READONLY: "let this user write to the file and its folder, and mount its disk for writing",
    sqlite3.SQLITE_CANTOPEN: "let this user write to its folder",
    sqlite3.SQLITE_IOERR: "see that its disk has room, can be written and is sound",
    sqlite3.SQLITE_BUSY: "another program holds it: end that one",
}
_PASSING = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
# What a write says that its disk does not take, for whatever reason: over quota, mounted for reading after a fault,
# immutable (EDQUOT, EROFS, EPERM, EFBIG; only ENOSPC is SQLITE_FULL). A read that fails is a fault of the disk.
_REFUSED = frozenset({
    sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_DELETE, sqlite3.SQLITE_IOERR_GETTEMPPATH,
    sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP,
})  # fmt: skip
_POSTGRES = {
    "53100": "make room on the disk of its server",
    "25006": "its server takes no writes: have it take them, or name the one that does",
    "55P03": "another program holds it: end that one",
}


def as_store_error(where: str, fault: DBAPIError | sqlite3.Error, *, writing: bool, failed: str) -> StoreError:
    """The error to raise for what the database said, with the advice for it; `failed` says what came to nothing.

    A StoreStalled where an operator or time can mend it. A transaction that only reads (not `writing`) and is told that
    it must not write is a fault of ours, and no waiting helps.
    """
    said = fault.orig if isinstance(fault, DBAPIError) else fault
    kind, code = StoreError, getattr(said, "sqlite_errorcode", None)
    if code is not None:
        advice = _ADVICE.get(code & _KIND)
        ours = code == sqlite3.SQLITE_READONLY and not writing
        # A file that was moved away under the program takes no write any more, whatever is mended.
        if code in _REFUSED or (code & _KIND in _PASSING and code != sqlite3.SQLITE_READONLY_DBMOVED and not ours):
            kind = StoreStalled
    else:
        state = str(getattr(said, "sqlstate", None))
        advice = _POSTGRES.get(state)
        if advice is not None and (writing or state != "25006"):
            kind = StoreStalled
    return kind(f"the store {where} {failed}: {said}{f'; {advice}' if advice else ''}")


def is_damage(fault: sqlite3.Error) -> bool:
    """Whether the file itself is damaged, by what SQLite says of it, and not out of reach for now."""
    return getattr(fault, "sqlite_errorcode", 0) & _KIND in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_ours(fault: DBAPIError) -> bool:
    """Whether the program is at fault, not the database: a constraint, a statement that is none."""
    return (
        type(fault) not in (OperationalError, DatabaseError) and getattr(fault.orig, "sqlstate", None) not in _POSTGRES
    )
