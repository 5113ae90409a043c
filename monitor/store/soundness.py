"""Whether a store is whole: the pages of an SQLite file, and what must hold between the rows of our own tables."""

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url

from alerts.records import INTERRUPTS, Alert
from monitor.store import schema
from monitor.store import tables as t
from monitor.store.codec import decode
from monitor.store.engine import Store, open_store
from monitor.store.errors import StoreError
from monitor.store.events import get as event_of
from monitor.store.files import MOST, damage, schema_of

WHOLE = 64_000_000
"""Bytes up to which each start looks at the whole file: 60 ms from memory, a second from a slow disk (measured: 900 MB
take 0.4 s of a core)."""
WHOLE_AFTER_CRASH = 2_000_000_000
"""The same after a run that did not end by itself: no more than a start may take under systemd (90 s) at 100 MB/s."""
_VITAL = ("meta", "feed", "event", "alert", "alert_article", "delivery", "attempt", "mute", "ack", "trouble")
"""What a lost page would lose for good; articles and entries, which take nine tenths of a store, can be read again."""
_STATES = ("pending", "leased", "retry", "ambiguous", "sent", "dead", "held", "suppressed")
_SETTLED = ("sent", "dead", "suppressed")


def look_at_start(store: Store, *, crashed: bool) -> None:
    """Refuse a store whose file is damaged, before anything is written to it. StoreError with what to do.

    Of a large file only the tables that could not be made good are looked at; of one left by a run that was killed
    (`crashed`) all, unless it is very large. A server looks after its own files.
    """
    if store.path is None:
        return
    whole = store.path.stat().st_size <= (WHOLE_AFTER_CRASH if crashed else WHOLE)
    faults = damage(store.path, most=1, tables=() if whole else _VITAL)
    if faults:
        raise StoreError(damaged(store.path, faults[0]))


def damaged(path: Path, fault: str) -> str:
    """What is said of a damaged store, and what to do."""
    return (
        f"the store {path} is damaged ({fault}); nothing was done. `parley check --store` names every fault. Move "
        f"{path.name}, {path.name}-wal and {path.name}-shm away and take the last backup: `parley restore "
        f"--only-store FILE`{_last_backup(path)}"
    )


def noted(path: Path) -> Path:
    """The file beside a store that says which backup was made last, and when."""
    return path.with_name(path.name + ".backup")


def _last_backup(path: Path) -> str:
    try:
        said = noted(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return " (no backup is known)"
    return f" (the last one known: {said})"


def look_through(url: str) -> tuple[str, ...]:
    """Every fault of the store at an SQLAlchemy URL: of its file, and of what must hold between its rows.

    Nothing is written: a store of an older schema, which the next start changes, is looked at as a file only.
    StoreError where there is none, or a newer Parley wrote it.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        path = Path(address.database or "")
        if not path.is_file():
            raise StoreError(f"there is no store at {path}")
        if found := damage(path, thorough=True):  # of a torn page the rows tell nothing that is not told already
            return found
        if schema_of(path) in schema.known() - {schema.HEAD}:
            return ()
    store = open_store(url)
    try:
        with store.read() as tx:
            return tuple(_between_rows(tx))
    finally:
        store.close()


def _between_rows(tx: Connection) -> Iterator[str]:
    d, a, e = t.delivery.c, t.alert.c, t.event.c
    for said, query in (
        ("delivery {0} is {1}, which is no state", sa.select(d.id, d.state).where(d.state.not_in(_STATES))),
        (
            "delivery {0} is {1}, and when it was settled is not known",
            sa.select(d.id, d.state).where(d.state.in_(_SETTLED), d.done.is_(None)),
        ),
        (
            "delivery {0} is {1} and settled at once",
            sa.select(d.id, d.state).where(d.state.not_in(_SETTLED), d.done.is_not(None)),
        ),
        ("delivery {0} is held without an end", sa.select(d.id).where(d.state == "held", d.next_at.is_(None))),
        (
            "delivery {0} waits to be sent and has no message",
            sa.select(d.id).where(d.state.in_(("pending", "retry", "ambiguous")), sa.func.length(d.payload) == 0),
        ),
        (
            "delivery {0} was tried {1} times, and {2} attempts are written down",
            sa.select(d.id, d.attempts, sa.func.count(t.attempt.c.n))
            .outerjoin(t.attempt, t.attempt.c.delivery_seq == d.seq)
            .group_by(d.id, d.attempts)
            .having(sa.func.count(t.attempt.c.n) != d.attempts),
        ),
        (
            "delivery {0} stands for {1}, which is not there",
            sa.select(d.id, d.stands_for).where(d.stands_for.is_not(None), d.stands_for.not_in(sa.select(d.id))),
        ),
        (
            "alert {0} is of the event {1}, which is not there",
            sa.select(a.id, a.event_id).where(
                a.reason.in_([*sorted(INTERRUPTS), "corrected", "confirmed"]), a.event_id.not_in(sa.select(e.id))
            ),
        ),
        (
            "event {0} went into {1}, which is not there",
            sa.select(e.id, e.merged_into).where(e.merged_into.is_not(None), e.merged_into.not_in(sa.select(e.id))),
        ),
        (
            "article {0} has {1} current versions",
            sa.select(sa.func.min(t.article.c.url), sa.func.count())
            .where(t.article.c.current)
            .group_by(t.article.c.key)
            .having(sa.func.count() > 1),
        ),
    ):
        for row in tx.execute(query.limit(MOST)):
            yield said.format(*row)
    yield from _unreadable(tx)


def _unreadable(tx: Connection) -> Iterator[str]:
    """Alerts and events whose bodies give no record: SQLite knows nothing of what is written in a field."""
    for kind, ids in (("alert", t.alert.c.id), ("event", t.event.c.id)):
        for name in tx.execute(sa.select(ids)).scalars().all():
            try:
                if kind == "event":
                    event_of(tx, name)
                else:
                    decode(Alert, tx.execute(sa.select(t.alert.c.body).where(t.alert.c.id == name)).scalar_one())
            except Exception as fault:  # noqa: BLE001 - whatever a damaged body leads to, the next one is looked at too
                yield f"{kind} {name} cannot be read: {type(fault).__name__}: {fault}"
