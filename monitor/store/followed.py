"""What the store has of one article's way: the entries that brought it, its versions and decisions, its alerts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from extractors.records import Entry
from monitor.store import tables as t
from monitor.store.codec import decode
from monitor.store.feeds import chunks, key


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry with what became of it: `outcome` since `settled`, when it no longer waits."""

    feed_url: str
    entry: Entry
    outcome: str
    detail: str
    attempts: int
    added: datetime
    settled: datetime | None
    trace: str | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of an article, taken in at `added`."""

    id: int
    url: str
    outlet: str
    title: str | None
    published: datetime | None
    added: datetime
    read_from: str


@dataclass(frozen=True, slots=True)
class DecidedRow:
    """What was decided on one claim of a version. `detail` is JSON data, `rules` name what led to it."""

    article_id: int
    claim_index: int
    verdict: str
    event_id: str | None
    rules: tuple[str, ...]
    detail: Any


_ENTRY = sa.select(
    t.feed.c.url, t.entry.c.body, t.entry.c.outcome, t.entry.c.detail, t.entry.c.attempts, t.entry.c.added,
    t.entry.c.settled, t.entry.c.trace,
).join(t.feed, t.feed.c.pk == t.entry.c.feed_pk).order_by(t.entry.c.pk)  # fmt: skip


def entries_with(tx: Connection, trace: str) -> tuple[EntryRow, ...]:
    """The entries that the poll of this trace brought, or set waiting anew."""
    return _entries(tx, t.entry.c.trace == trace)


def entries_at(tx: Connection, urls: Collection[str]) -> tuple[EntryRow, ...]:
    """The entries of the articles kept at `urls`, by whatever address their feeds call them."""
    keys = {key(url) for url in urls}
    for chunk in chunks(sorted(keys)):
        keys |= {bytes(k) for k in tx.execute(sa.select(t.alias.c.key).where(t.alias.c.kept_key.in_(chunk))).scalars()}
    return tuple(row for chunk in chunks(sorted(keys)) for row in _entries(tx, t.entry.c.url_key.in_(chunk)))


def versions(tx: Connection, url: str) -> tuple[VersionRow, ...]:
    """The versions of the article kept at `url`, as they were taken in."""
    a = t.article.c
    query = sa.select(a.id, a.url, a.outlet, a.title, a.published, a.added, a.read_from).where(a.key == key(url))
    return tuple(VersionRow(*row) for row in tx.execute(query.order_by(a.id)))


def decided(tx: Connection, version: int) -> tuple[DecidedRow, ...]:
    """The decisions on the claims of a version."""
    d = t.decision.c
    query = sa.select(d.article_id, d.claim_index, d.verdict, d.event_id, d.rules, d.detail).order_by(d.claim_index)
    rows = tx.execute(query.where(d.article_id == version))
    return tuple(DecidedRow(*row[:4], tuple(row.rules), row.detail) for row in rows)


def alerts_with(tx: Connection, trace: str) -> tuple[str, ...]:
    """The ids of the alerts of this trace."""
    return tuple(tx.execute(sa.select(t.alert.c.id).where(t.alert.c.trace == trace).order_by(t.alert.c.seq)).scalars())


def alerts_on(tx: Connection, url: str) -> tuple[str, ...]:
    """The ids of the alerts that stand on the article kept at `url`."""
    query = sa.select(t.alert.c.id).join(t.alert_article, t.alert_article.c.alert_seq == t.alert.c.seq)
    return tuple(tx.execute(query.where(t.alert_article.c.key == key(url)).order_by(t.alert.c.seq)).scalars())


def carried_by(tx: Connection, delivery_id: str) -> tuple[str, ...]:
    """The ids of the alerts that a digest, as this delivery, tells of."""
    d = t.delivery.c
    query = sa.select(d.alert_id).where(d.rule == f"in-digest: {delivery_id}").order_by(d.seq)
    return tuple(dict.fromkeys(tx.execute(query).scalars()))


def _entries(tx: Connection, which: sa.ColumnElement[bool]) -> tuple[EntryRow, ...]:
    return tuple(EntryRow(row.url, decode(Entry, row.body), *row[2:]) for row in tx.execute(_ENTRY.where(which)))
