"""Deliveries that wait for a reason, with severity and lease; mutes, acknowledgements, trouble of the service."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("severity", sa.Text(), nullable=False, server_default="normal"),
        sa.Column("rule", sa.Text(), nullable=False, server_default=""),
        sa.Column("stands_for", sa.Text()),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("revived", sa.DateTime(timezone=True)),
        sa.Column("role", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("delivery", column)
    op.create_index("ix_delivery_recipient_done", "delivery", ["recipient", "done"], unique=False)
    for name in ("event_id", "alert_id"):
        op.drop_index(f"ix_delivery_{name}", table_name="delivery")
        op.create_index(f"ix_delivery_{name}_recipient", "delivery", [name, "recipient"], unique=False)
    op.create_index("ix_delivery_stands_for", "delivery", ["stands_for"], unique=False)
    op.execute("UPDATE delivery SET state = 'leased' WHERE state = 'sending'")
    op.execute(
        "UPDATE delivery SET state = CASE WHEN last_error LIKE 'ambiguous%' THEN 'ambiguous' ELSE 'retry' END "
        "WHERE state = 'pending' AND attempts > 0"
    )
    op.create_table(
        "mute",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mute"),
    )
    op.create_index("ix_mute_until", "mute", ["until"], unique=False)
    op.create_table(
        "ack",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ack"),
    )
    op.create_index("ix_ack_event_id", "ack", ["event_id"], unique=False)
    op.create_table(
        "trouble",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.DateTime(timezone=True)),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("over", sa.DateTime(timezone=True)),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_trouble"),
    )
