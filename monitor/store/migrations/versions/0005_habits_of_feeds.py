"""What is learned of feeds, what may be missing, pages to look at again, and under which address articles are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("floor_at", sa.DateTime(timezone=True)),
        sa.Column("hot_until", sa.DateTime(timezone=True)),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.Column("habits", sa.JSON()),
    ):
        op.add_column("feed", column)
    op.create_table(
        "journal",
        sa.Column("pk", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("feed_url", sa.Text()),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_journal"),
    )
    op.create_index("ix_journal_at", "journal", ["at"], unique=False)
    op.create_table(
        "look",
        sa.Column("entry_pk", ROW_ID, nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True)),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.ForeignKeyConstraint(["entry_pk"], ["entry.pk"], name="fk_look_entry_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_pk", name="pk_look"),
    )
    op.create_index("ix_look_next_at", "look", ["next_at"], unique=False)
    op.create_table(
        "alias",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kept_key", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("added", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_alias"),
    )
    op.create_index("ix_alias_added", "alias", ["added"], unique=False)
    op.create_index("ix_alias_kept_key", "alias", ["kept_key"], unique=False)
    op.add_column("article", sa.Column("read_from", sa.Text(), nullable=False, server_default="page"))
    op.create_index("ix_article_digest", "article", ["digest"], unique=False)
