"""The poll that brought an entry, and so an alert: one id from the feed to the delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table in ("entry", "alert"):
        op.add_column(table, sa.Column("trace", sa.Text()))
    op.create_index("ix_alert_trace", "alert", ["trace"], unique=False)
