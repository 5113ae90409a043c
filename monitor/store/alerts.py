"""Alerts, written with their deliveries in the transaction that found the news."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alerts.records import Alert, Delivery, Source
from monitor.store import tables as t
from monitor.store.codec import decode, encode
from monitor.store.deliveries import columns_of
from monitor.store.dialect import insert
from monitor.store.feeds import chunks, key
from monitor.traces import trace_of


def add(tx: Connection, alert: Alert, deliveries: Sequence[Delivery], trace: str | None = None) -> int:
    """Write an alert and its deliveries; what is there already (by id) stays as it is. How many deliveries are new.

    `trace` is that of the poll, or the look, that it came about by; without one it has its own.
    """
    values = {name: getattr(alert, name) for name in ("id", "event_id", "watch", "reason", "decided")}
    values["trace"] = trace or trace_of(alert.id, alert.decided)
    statement = insert(tx, t.alert).values(body=encode(alert), **values).on_conflict_do_nothing(index_elements=["id"])
    seq: int | None = tx.execute(statement.returning(t.alert.c.seq)).scalar()
    if seq is not None and alert.reason != "digest":  # a digest tells nothing that its members do not
        keys = {key(source.url) for source in (alert.source, *(fact.source for fact in alert.facts))}
        tx.execute(sa.insert(t.alert_article), [{"alert_seq": seq, "key": each} for each in sorted(keys)])
    new = 0
    for each in deliveries:
        statement = insert(tx, t.delivery).values(columns_of(each)).on_conflict_do_nothing(index_elements=["id"])
        new += tx.execute(statement.returning(t.delivery.c.seq)).first() is not None
    return new


def get(tx: Connection, alert_id: str) -> Alert | None:
    body = tx.execute(sa.select(t.alert.c.body).where(t.alert.c.id == alert_id)).scalar()
    return None if body is None else decode(Alert, body)


def trace(tx: Connection, alert_id: str) -> str | None:
    """The trace of an alert; None for an alert of an earlier version, or an unknown one."""
    return tx.execute(sa.select(t.alert.c.trace).where(t.alert.c.id == alert_id)).scalar()


def several(tx: Connection, alert_ids: Iterable[str]) -> dict[str, tuple[Alert, str]]:
    """Alerts by id, each with the event that it counts for now."""
    found: dict[str, tuple[Alert, str]] = {}
    for chunk in chunks(alert_ids):
        query = sa.select(t.alert.c.id, t.alert.c.body, t.alert.c.event_id).where(t.alert.c.id.in_(chunk))
        found |= {row.id: (decode(Alert, row.body), row.event_id) for row in tx.execute(query)}
    return found


def first_of(tx: Connection, event_id: str) -> Alert | None:
    """The alert that opened an event: the oldest of those that count for it."""
    query = sa.select(t.alert.c.body).where(t.alert.c.event_id == event_id).order_by(t.alert.c.seq).limit(1)
    body = tx.execute(query).scalar()
    return None if body is None else decode(Alert, body)


def event_of(tx: Connection, alert_id: str) -> str | None:
    """The event that an alert counts for: its own, or the one that it was moved to."""
    return tx.execute(sa.select(t.alert.c.event_id).where(t.alert.c.id == alert_id)).scalar()


def all_alerts(tx: Connection, limit: int | None = None) -> tuple[Alert, ...]:
    """The alerts in the order in which they were decided; with `limit` only the latest."""
    query = sa.select(t.alert.c.body).order_by(t.alert.c.seq.desc()).limit(limit)
    return tuple(decode(Alert, body) for body in tx.execute(query).scalars())[::-1]


def move(tx: Connection, alert_ids: Iterable[str], event_id: str) -> None:
    """Have these alerts count for another event from now on. What they said, their own event id too, stays."""
    for chunk in chunks(alert_ids):
        tx.execute(sa.update(t.alert).where(t.alert.c.id.in_(chunk)).values(event_id=event_id))


def of_event(tx: Connection, event_id: str) -> tuple[Alert, ...]:
    """The alerts of one event, the oldest first."""
    query = sa.select(t.alert.c.body).where(t.alert.c.event_id == event_id).order_by(t.alert.c.seq)
    return tuple(decode(Alert, body) for body in tx.execute(query).scalars())


def alerted(tx: Connection, urls: Iterable[str]) -> frozenset[str]:
    """Those of `urls`, as feeds spell them, that an alert stands on: its own article, or one that tells a fact it
    carries."""
    by_key: dict[bytes, set[str]] = {}
    for url in urls:
        by_key.setdefault(key(url), set()).add(url)
    for chunk in chunks(list(by_key)):
        for asked, kept in tx.execute(sa.select(t.alias.c.key, t.alias.c.url).where(t.alias.c.key.in_(chunk))):
            by_key.setdefault(key(kept), set()).update(by_key[bytes(asked)])
    found: set[str] = set()
    for chunk in chunks(by_key):
        query = sa.select(t.alert_article.c.key).where(t.alert_article.c.key.in_(chunk)).distinct()
        found |= {url for each in tx.execute(query).scalars() for url in by_key[bytes(each)]}
    return frozenset(found)


def events_alerted(tx: Connection, url: str) -> frozenset[str]:
    """The ids of the events that have an alert which stands on this article."""
    query = sa.select(t.alert.c.event_id).join(t.alert_article, t.alert_article.c.alert_seq == t.alert.c.seq)
    return frozenset(tx.execute(query.where(t.alert_article.c.key == key(url)).distinct()).scalars())


def source_of(tx: Connection, url: str) -> Source | None:
    """What the latest alert that stands on this article says of it: all that is left when its text was dropped."""
    query = sa.select(t.alert.c.body).join(t.alert_article, t.alert_article.c.alert_seq == t.alert.c.seq)
    body = tx.execute(query.where(t.alert_article.c.key == key(url)).order_by(t.alert.c.seq.desc()).limit(1)).scalar()
    if body is None:
        return None
    alert = decode(Alert, body)
    sources = (alert.source, *(fact.source for fact in alert.facts))
    return next((source for source in sources if source.url == url), None)
