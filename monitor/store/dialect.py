"""The one place that tells SQLite from PostgreSQL in a statement: inserts that meet a row already there."""

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def insert(tx: Connection, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """An insert with `on_conflict_do_nothing` and `on_conflict_do_update`, which both databases spell alike."""
    if tx.dialect.name != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # most stores are files, and loading it is a part of every start

    return postgresql.insert(table)
