"""Events: a row for what they are, a row for each saying and each line of history.

A live event gathers hundreds of sayings; only those that are new or changed are written.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.records import Event, Saying
from monitor.store import tables as t
from monitor.store.codec import decode, encode
from monitor.store.dialect import insert

_COLUMNS = ("watch", "kind", "status", "opened", "touched", "parent")


def open_events(tx: Connection, watch: str, since: datetime) -> tuple[Event, ...]:
    """The events of a watch touched at or after `since` and the deals that they carry out, by opening."""
    recent = (t.event.c.watch == watch) & (t.event.c.touched >= since)
    parents = sa.select(t.event.c.parent).where(recent, t.event.c.parent.is_not(None))
    return _load(tx, sa.select(t.event.c.id).where(recent | t.event.c.id.in_(parents)))


def get(tx: Connection, event_id: str) -> Event | None:
    found = _load(tx, sa.select(t.event.c.id).where(t.event.c.id == event_id))
    return found[0] if found else None


def all_events(tx: Connection, watch: str | None = None, limit: int | None = None) -> tuple[Event, ...]:
    """All events, or those of a watch, by opening; with `limit` only the ones touched last."""
    chosen = sa.select(t.event.c.id)
    if watch is not None:
        chosen = chosen.where(t.event.c.watch == watch)
    if limit is not None:
        chosen = chosen.order_by(t.event.c.touched.desc(), t.event.c.id).limit(limit)
    return _load(tx, chosen)


def save(tx: Connection, events: Iterable[Event]) -> None:
    """Write events as they stand now; each replaces what was stored of it."""
    for event in events:
        values = {name: getattr(event, name) for name in _COLUMNS}
        values["body"] = encode(replace(event, sayings=(), history=()))
        tx.execute(
            insert(tx, t.event).values(id=event.id, **values).on_conflict_do_update(index_elements=["id"], set_=values)
        )
        _write_sayings(tx, event.id, event.sayings)
        _write_history(tx, event.id, event.history)


def _load(tx: Connection, chosen: sa.Select[tuple[str]]) -> tuple[Event, ...]:
    ids = chosen.subquery()
    sayings: dict[str, list[Saying]] = {}
    query = sa.select(t.saying.c.event_id, t.saying.c.body, t.saying.c.sketch).join(
        ids, ids.c.id == t.saying.c.event_id
    )
    for event_id, body, sketch in tx.execute(query.order_by(t.saying.c.event_id, t.saying.c.n)):
        sayings.setdefault(event_id, []).append(replace(decode(Saying, body), sketch=sketch))
    lines: dict[str, list[str]] = {}
    past = sa.select(t.history.c.event_id, t.history.c.line).join(ids, ids.c.id == t.history.c.event_id)
    for event_id, line in tx.execute(past.order_by(t.history.c.event_id, t.history.c.n)):
        lines.setdefault(event_id, []).append(line)
    found = sa.select(t.event.c.id, t.event.c.body).join(ids, ids.c.id == t.event.c.id)
    return tuple(
        replace(
            decode(Event, body),
            sayings=tuple(sayings.get(event_id, ())),
            history=tuple(lines.get(event_id, ())),
        )
        for event_id, body in tx.execute(found.order_by(t.event.c.opened, t.event.c.id))
    )


def _write_sayings(tx: Connection, event_id: str, sayings: Sequence[Saying]) -> None:
    query = sa.select(t.saying.c.n, t.saying.c.digest).where(t.saying.c.event_id == event_id)
    stored = {n: bytes(digest) for n, digest in tx.execute(query)}
    for n, each in enumerate(sayings):
        body = encode(replace(each, sketch=()))
        digest = _digest(body, each.sketch)
        if stored.get(n) != digest:
            values = {"digest": digest, "body": body, "sketch": each.sketch}
            statement = insert(tx, t.saying).values(event_id=event_id, n=n, **values)
            tx.execute(statement.on_conflict_do_update(index_elements=["event_id", "n"], set_=values))
    if len(stored) > len(sayings):
        tx.execute(sa.delete(t.saying).where(t.saying.c.event_id == event_id, t.saying.c.n >= len(sayings)))


def _write_history(tx: Connection, event_id: str, lines: Sequence[str]) -> None:
    query = sa.select(t.history.c.n, t.history.c.line).where(t.history.c.event_id == event_id)
    stored = {row.n: row.line for row in tx.execute(query)}
    for n, line in enumerate(lines):
        if stored.get(n) != line:
            statement = insert(tx, t.history).values(event_id=event_id, n=n, line=line)
            tx.execute(statement.on_conflict_do_update(index_elements=["event_id", "n"], set_={"line": line}))
    if len(stored) > len(lines):
        tx.execute(sa.delete(t.history).where(t.history.c.event_id == event_id, t.history.c.n >= len(lines)))


def _digest(body: Any, sketch: tuple[int, ...]) -> bytes:
    return hashlib.blake2b(json.dumps([body, sketch], sort_keys=True).encode(), digest_size=16).digest()
