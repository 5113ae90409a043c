"""Pages of alerted articles that are looked at again: newsrooms mend what they published in haste."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from extractors.records import Entry
from monitor.store import tables as t
from monitor.store.codec import decode
from monitor.store.dialect import insert

# After how long since the alert (issue 4).
AFTER = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))


@dataclass(frozen=True, slots=True)
class Look:
    """A page that is due: its entry, and the validators of its last answer."""

    entry_pk: int
    feed_url: str
    entry: Entry
    etag: str | None
    last_modified: str | None


def begin(tx: Connection, entry_pk: int, now: datetime, *, etag: str | None, last_modified: str | None) -> None:
    """Look at the page of this entry again, AFTER an alert on it `now`. What is under way goes on as it is; once all
    looks are taken, another alert begins anew."""
    values: dict[str, object] = {"entry_pk": entry_pk, "began": now, "done": 0, "next_at": now + AFTER[0]}
    values |= {"etag": etag, "last_modified": last_modified}
    statement = insert(tx, t.look).values(values)
    over = t.look.c.next_at.is_(None)
    tx.execute(statement.on_conflict_do_update(index_elements=["entry_pk"], set_=values, where=over))


def due(tx: Connection, now: datetime, limit: int) -> tuple[Look, ...]:
    """Pages whose time has come, the longest overdue first."""
    query = (
        sa.select(t.look.c.entry_pk, t.feed.c.url, t.entry.c.body, t.look.c.etag, t.look.c.last_modified)
        .join(t.entry, t.entry.c.pk == t.look.c.entry_pk)
        .join(t.feed, t.feed.c.pk == t.entry.c.feed_pk)
        .where(t.look.c.next_at <= now)
        .order_by(t.look.c.next_at, t.look.c.entry_pk)
        .limit(limit)
    )
    return tuple(Look(pk, url, decode(Entry, body), etag, last) for pk, url, body, etag, last in tx.execute(query))


def done(
    tx: Connection, entry_pk: int, now: datetime, *, validators: tuple[str | None, str | None] | None = None
) -> None:
    """One look was taken, whatever came of it: the next one is due in its turn, or there is none.

    `validators` are the ETag and Last-Modified of a whole answer, None for any other. They are one set, which replaces
    what was kept even by nothing (reference: polling 7).
    """
    row = tx.execute(sa.select(t.look.c.began, t.look.c.done).where(t.look.c.entry_pk == entry_pk)).first()
    if row is None:
        return
    # After downtime several are overdue: one look serves them all.
    left = [n for n, after in enumerate(AFTER) if n > row.done and row.began + after > now]
    values: dict[str, object] = {"done": left[0] if left else len(AFTER), "next_at": None}
    values |= {"next_at": row.began + AFTER[left[0]]} if left else {}
    values |= {"etag": validators[0], "last_modified": validators[1]} if validators else {}
    tx.execute(sa.update(t.look).where(t.look.c.entry_pk == entry_pk).values(values))
