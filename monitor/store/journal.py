"""What may be missing: gaps between two polls, downtime, what a sitemap lists and its feed never showed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.store import tables as t

Kind = Literal["gap", "filled", "downtime", "missed"]
_COLUMNS = (
    t.journal.c.at,
    t.journal.c.kind,
    t.journal.c.feed_url,
    t.journal.c.since,
    t.journal.c.until,
    t.journal.c.detail,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line, written `at`: between `since` and `until` something may be missing of a feed, or of all (None)."""

    at: datetime
    kind: Kind
    feed_url: str | None
    since: datetime | None
    until: datetime | None
    detail: str


def write(tx: Connection, line: Line) -> None:
    values = {column.name: getattr(line, column.name) for column in _COLUMNS}
    tx.execute(sa.insert(t.journal).values(values))


def lines(tx: Connection, *, since: datetime | None = None, feed_url: str | None = None) -> tuple[Line, ...]:
    """The lines written since then, the earliest first; of one feed those that concern it."""
    query = sa.select(*_COLUMNS).order_by(t.journal.c.pk)
    if since is not None:
        query = query.where(t.journal.c.at >= since)
    if feed_url is not None:
        query = query.where(t.journal.c.feed_url.is_(None) | (t.journal.c.feed_url == feed_url))
    return tuple(Line(**row._asdict()) for row in tx.execute(query))


def forget(tx: Connection, before: datetime) -> int:
    """Drop the lines written before then. How many."""
    return tx.execute(sa.delete(t.journal).where(t.journal.c.at < before)).rowcount
