"""The one place that tells SQLite from PostgreSQL in a statement: inserts that meet a row already there."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

Insert = sqlite.Insert | postgresql.Insert


def insert(tx: Connection, table: sa.Table) -> Insert:
    """An insert with `on_conflict_do_nothing` and `on_conflict_do_update`, which both databases spell alike."""
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)
