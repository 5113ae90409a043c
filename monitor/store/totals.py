"""How much of everything a store holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.store import schema
from monitor.store import tables as t
from monitor.store.columns import UtcDateTime


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows by table; `entries` by outcome and `deliveries` by state. `oldest` is when the oldest article was taken in.

    `articles` counts versions. `bytes` is what the database needs on its disk.
    """

    schema: str
    bytes: int
    entries: Mapping[str, int]
    articles: int
    oldest: datetime | None
    events: int
    alerts: int
    deliveries: Mapping[str, int]


def totals(tx: Connection) -> Totals:
    articles = sa.select(sa.func.count(), sa.func.min(t.article.c.added, type_=UtcDateTime)).select_from(t.article)
    kept, oldest = tx.execute(articles).one()
    return Totals(
        schema=schema.HEAD,
        bytes=size(tx),
        entries=_by(tx, t.entry.c.outcome),
        articles=kept,
        oldest=oldest,
        events=_count(tx, sa.select(t.event.c.id).where(t.event.c.merged_into.is_(None))),
        alerts=_count(tx, sa.select(t.alert.c.seq)),
        deliveries=_by(tx, t.delivery.c.state),
    )


def by_status(tx: Connection) -> Mapping[str, int]:
    """How many events stand where, those that were merged into others left out."""
    query = sa.select(t.event.c.status, sa.func.count()).where(t.event.c.merged_into.is_(None))
    return {row[0]: row[1] for row in tx.execute(query.group_by(t.event.c.status).order_by(t.event.c.status))}


def _by(tx: Connection, column: sa.Column[str]) -> Mapping[str, int]:
    query = sa.select(column, sa.func.count()).group_by(column).order_by(column)
    return {row[0]: row[1] for row in tx.execute(query)}


def _count(tx: Connection, query: sa.Select[tuple[object]]) -> int:
    return tx.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar() or 0


def size(tx: Connection) -> int:
    """Bytes that the database needs on its disk."""
    if tx.dialect.name == "postgresql":
        return int(tx.execute(sa.text("SELECT pg_database_size(current_database())")).scalar() or 0)
    pages = tx.execute(sa.text("PRAGMA page_count")).scalar() or 0
    return int(pages) * int(tx.execute(sa.text("PRAGMA page_size")).scalar() or 0)
