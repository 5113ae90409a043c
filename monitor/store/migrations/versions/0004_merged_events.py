"""Which event one was merged into, so that its id still leads somewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("event", sa.Column("merged_into", sa.Text()))
    op.create_index("ix_event_merged_into", "event", ["merged_into"], unique=False)
