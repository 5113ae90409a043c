"""Small facts under a name, and when each watch began."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.store import tables as t
from monitor.store.dialect import insert

# Under this name, the last sign of life of the service: aware UTC, ISO 8601.
ALIVE = "alive"
# The last taking in that the archive has of what is in the store (`monitor.archive.recording.Recorder.last`).
ARCHIVED = "archived"

# What the last reload came to (`monitor.store.reloads`).
RELOADED = "reloaded"


def get(tx: Connection, key: str) -> str | None:
    return tx.execute(sa.select(t.meta.c.value).where(t.meta.c.key == key)).scalar()


def put(tx: Connection, key: str, value: str) -> None:
    statement = insert(tx, t.meta).values(key=key, value=value)
    tx.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def remove(tx: Connection, key: str) -> None:
    tx.execute(sa.delete(t.meta).where(t.meta.c.key == key))


def watch_began(tx: Connection, watch: str) -> datetime | None:
    """When the watch began (UTC), or None if it has not."""
    value = get(tx, f"began:{watch}")
    return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


def begin_watch(tx: Connection, watch: str, now: datetime) -> datetime:
    """The watch begins `now`, unless it has begun before. When it did."""
    value = now.astimezone(UTC).isoformat()
    tx.execute(insert(tx, t.meta).values(key=f"began:{watch}", value=value).on_conflict_do_nothing())
    return watch_began(tx, watch) or now
