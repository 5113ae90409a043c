"""The tables. The migrations make them; a test holds the two together.

Long keys from the outside (an entry's id, an article's address) are indexed by a 16-byte digest of them: PostgreSQL
refuses to index more than about 2,700 bytes, and feeds give guids longer than that.
"""

import sqlalchemy as sa

from monitor.store.columns import SafeText, Sketch, UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives out row ids for INTEGER only; PostgreSQL needs BIGINT for a store that lives for years.
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", SafeText, nullable=False),
)

feed = sa.Table(
    "feed",
    metadata,
    sa.Column("pk", RowId, primary_key=True),
    sa.Column("url", sa.Text, nullable=False, unique=True),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("next_at", UtcDateTime, nullable=False),
    sa.Column("etag", SafeText),
    sa.Column("last_modified", SafeText),
    sa.Column("polled_at", UtcDateTime),
    sa.Column("succeeded_at", UtcDateTime),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_error", SafeText),
    sa.Column("entries_seen", sa.BigInteger, nullable=False),
    sa.Column("known", sa.Boolean, nullable=False),
    sa.Column("floor_at", UtcDateTime),
    sa.Column("hot_until", UtcDateTime),
    sa.Column("read_at", UtcDateTime),
    sa.Column("habits", sa.JSON),
    sa.Index(None, "active", "next_at"),
)

# What may be missing: gaps between two polls, downtime, what a sitemap lists and its feed never showed.
journal = sa.Table(
    "journal",
    metadata,
    sa.Column("pk", RowId, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("feed_url", SafeText),
    sa.Column("since", UtcDateTime),
    sa.Column("until", UtcDateTime),
    sa.Column("detail", SafeText, nullable=False),
    sa.Index(None, "at"),
)

entry = sa.Table(
    "entry",
    metadata,
    sa.Column("pk", RowId, primary_key=True),
    sa.Column("feed_pk", RowId, sa.ForeignKey("feed.pk"), nullable=False),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.Column("published", UtcDateTime),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("detail", SafeText, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", UtcDateTime),
    sa.Column("added", UtcDateTime, nullable=False),
    sa.Column("last_seen", UtcDateTime, nullable=False),
    sa.Column("settled", UtcDateTime),
    sa.Column("url_key", sa.LargeBinary),
    sa.Column("trace", sa.Text),
    sa.UniqueConstraint("feed_pk", "key"),
    sa.Index(None, "feed_pk", "url_key"),
    sa.Index(None, "outcome", "next_at"),
    sa.Index(None, "last_seen"),
)

# Pages of alerted articles that are looked at again for edits.
look = sa.Table(
    "look",
    metadata,
    sa.Column("entry_pk", RowId, sa.ForeignKey("entry.pk", ondelete="CASCADE"), primary_key=True),
    sa.Column("began", UtcDateTime, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("next_at", UtcDateTime),
    sa.Column("etag", SafeText),
    sa.Column("last_modified", SafeText),
    sa.Index(None, "next_at"),
)

article = sa.Table(
    "article",
    metadata,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("url", SafeText, nullable=False),
    sa.Column("outlet", SafeText, nullable=False),
    sa.Column("family", SafeText, nullable=False),
    sa.Column("title", SafeText),
    sa.Column("text", SafeText, nullable=False),
    sa.Column("language", sa.Text),
    sa.Column("published", UtcDateTime),
    sa.Column("seen", UtcDateTime),
    sa.Column("sketch", Sketch, nullable=False),
    sa.Column("added", UtcDateTime, nullable=False),
    sa.Column("current", sa.Boolean, nullable=False),
    sa.Column("read_from", sa.Text, nullable=False, server_default="page"),
    sa.UniqueConstraint("key", "digest"),
    sa.Index(None, "added"),
    sa.Index(None, "digest"),
)

# Under which address (`url`, by its key `kept_key`) the article behind a feed's address is kept, and the digest of what
# that told last.
alias = sa.Table(
    "alias",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("url", SafeText, nullable=False),
    sa.Column("kept_key", sa.LargeBinary, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("added", UtcDateTime, nullable=False),
    sa.Index(None, "added"),
    sa.Index(None, "kept_key"),
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("article_id", RowId, sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("claim_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text),
    sa.Column("rules", sa.JSON, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index(None, "event_id"),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("watch", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("opened", UtcDateTime, nullable=False),
    sa.Column("touched", UtcDateTime, nullable=False),
    sa.Column("parent", sa.Text),
    sa.Column("merged_into", sa.Text),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Index(None, "watch", "touched"),
    sa.Index(None, "merged_into"),
)

saying = sa.Table(
    "saying",
    metadata,
    sa.Column("event_id", sa.Text, sa.ForeignKey("event.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("sketch", Sketch, nullable=False),
)

history = sa.Table(
    "history",
    metadata,
    sa.Column("event_id", sa.Text, sa.ForeignKey("event.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("line", SafeText, nullable=False),
)

alert = sa.Table(
    "alert",
    metadata,
    sa.Column("seq", RowId, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("watch", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("decided", UtcDateTime, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("trace", sa.Text),
    sa.Index(None, "event_id"),
    sa.Index(None, "trace"),
)

# Which articles an alert stands on: its own, and those that tell the facts it carries.
alert_article = sa.Table(
    "alert_article",
    metadata,
    sa.Column("alert_seq", RowId, sa.ForeignKey("alert.seq", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Index(None, "key"),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("seq", RowId, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("alert_id", sa.Text, sa.ForeignKey("alert.id"), nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("created", UtcDateTime, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", UtcDateTime),
    sa.Column("provider_ref", SafeText),
    sa.Column("last_error", SafeText),
    sa.Column("thread", SafeText),
    sa.Column("done", UtcDateTime),
    sa.Column("severity", sa.Text, nullable=False, server_default="normal"),
    sa.Column("rule", sa.Text, nullable=False, server_default=""),
    sa.Column("stands_for", sa.Text),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("revived", UtcDateTime),
    sa.Column("role", sa.Text, nullable=False, server_default=""),
    sa.Index(None, "state", "next_at"),
    # With the recipient in them: without statistics SQLite would rather read all that a recipient ever got.
    sa.Index(None, "event_id", "recipient"),
    sa.Index(None, "alert_id", "recipient"),
    sa.Index(None, "recipient", "done"),
    sa.Index(None, "stands_for"),
)

attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("delivery_seq", RowId, sa.ForeignKey("delivery.seq", ondelete="CASCADE"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("started", UtcDateTime, nullable=False),
    sa.Column("ended", UtcDateTime),
    sa.Column("outcome", sa.Text),
    sa.Column("code", SafeText, nullable=False),
    sa.Column("detail", SafeText, nullable=False),
)

# Of what nobody shall hear for a while: an event, a topic or a watch. One that is lifted ends early (`until`).
mute = sa.Table(
    "mute",
    metadata,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("comment", SafeText, nullable=False),
    sa.Index(None, "until"),
)

# Who has taken note of the alerts of an event so far: nobody else is woken for those.
ack = sa.Table(
    "ack",
    metadata,
    sa.Column("id", RowId, primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("by", SafeText, nullable=False),
    sa.Column("comment", SafeText, nullable=False),
    sa.Index(None, "event_id"),
)

# What is wrong with the service itself: since when, whether people were told of it, and when it was over.
trouble = sa.Table(
    "trouble",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("told", UtcDateTime),
    sa.Column("detail", SafeText, nullable=False),
    sa.Column("over", UtcDateTime),
    sa.Column("times", sa.Integer, nullable=False),
)
