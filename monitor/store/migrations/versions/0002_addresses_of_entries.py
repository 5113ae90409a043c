"""Addresses of entries, by which a feed that changes its guids is seen through."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("entry", sa.Column("url_key", sa.LargeBinary()))
    op.create_index("ix_entry_feed_pk_url_key", "entry", ["feed_pk", "url_key"], unique=False)
