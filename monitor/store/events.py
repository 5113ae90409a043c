"""Events: a row for what they are, a row for each saying and each line of history.

A live event gathers hundreds of sayings; only those that are new or changed are written.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.records import Event, Saying
from monitor.store import tables as t
from monitor.store.codec import decode, encode
from monitor.store.dialect import insert
from monitor.store.feeds import chunks

_COLUMNS = ("watch", "kind", "status", "opened", "touched", "parent", "merged_into")
# Not `IS NULL`: SQLite would look it up in the index on merged_into, which then gives nearly every event of the store,
# instead of the few of a watch that were touched of late (190 ms an article with 100,000 events, measured).
_LIVING = sa.func.coalesce(t.event.c.merged_into, "") == ""


class Memo:
    """Sayings once read, by the digest of what they hold, so that the next article need not read them again.

    Reading 1,200 sayings took 75 ms, their digests 2 ms (measured). What is found by the digest of its content can
    never be out of date. `size` bounds it: the longest unused go first. One takes 3 kB and its sketch up to 8 more
    (measured): 10,000 of them would be most of what the service may hold.
    """

    def __init__(self, size: int = 2_000) -> None:
        self._size = size
        self._taken = 0
        self._sayings: dict[bytes, Saying] = {}
        self._digests: dict[int, bytes] = {}

    def digest_of(self, saying: Saying) -> bytes | None:
        """The digest of this very record, if it is here: it need not be worked out again to see that it is stored."""
        return self._digests.get(id(saying))

    def take(self, digests: Iterable[bytes]) -> dict[bytes, Saying]:
        """Those of `digests` that are here, from now on the latest used."""
        found: dict[bytes, Saying] = {}
        for digest in digests:
            if (saying := self._sayings.pop(digest, None)) is not None:
                found[digest] = self._sayings[digest] = saying
        self._taken = len(found)
        return found

    def keep(self, sayings: Mapping[bytes, Saying]) -> None:
        """Remember these, but for what would drive out those just taken: where all of a watch's are more than fit, the
        next article would find none of them."""
        for digest, saying in islice(sayings.items(), max(0, self._size - self._taken)):
            self._forget(digest)
            self._sayings[digest] = saying
            self._digests[id(saying)] = digest
        for digest in list(islice(self._sayings, max(0, len(self._sayings) - self._size))):
            self._forget(digest)

    def _forget(self, digest: bytes) -> None:
        # An id is that of its record only as long as the record lives, and it lives here.
        if (saying := self._sayings.pop(digest, None)) is not None:
            self._digests.pop(id(saying), None)


def open_events(
    tx: Connection, watch: str, since: datetime, memo: Memo | None = None, *, kinds: Collection[str] | None = None
) -> tuple[Event, ...]:
    """The events of a watch touched at or after `since` and the deals that they carry out, by opening.

    With `kinds` only those of these topics: a deal and what carries it out are always of one.
    """
    recent = (t.event.c.watch == watch) & (t.event.c.touched >= since)
    if kinds is not None:
        recent &= t.event.c.kind.in_(sorted(kinds))
    parents = sa.select(t.event.c.parent).where(recent, t.event.c.parent.is_not(None))
    return _load(tx, sa.select(t.event.c.id).where(_LIVING, recent | t.event.c.id.in_(parents)), memo)


def get(tx: Connection, event_id: str) -> Event | None:
    """The event of this id as it stands; of one that was merged, what is left of it."""
    found = _load(tx, sa.select(t.event.c.id).where(t.event.c.id == event_id))
    return found[0] if found else None


def all_events(tx: Connection, watch: str | None = None, limit: int | None = None) -> tuple[Event, ...]:
    """All events, or those of a watch, by opening, without the merged; with `limit` only the ones touched last."""
    chosen = sa.select(t.event.c.id).where(_LIVING)
    if watch is not None:
        chosen = chosen.where(t.event.c.watch == watch)
    if limit is not None:
        chosen = chosen.order_by(t.event.c.touched.desc(), t.event.c.id).limit(limit)
    return _load(tx, chosen)


def merged(tx: Connection, watch: str | None = None) -> Mapping[str, str]:
    """The ids of events that were merged, of a watch or of all, with the one that each went into in the end."""
    # Few events are merged, those of a watch are many: with a watch or an order to keep, SQLite would go through them.
    query = sa.select(t.event.c.id, t.event.c.merged_into, t.event.c.watch).where(t.event.c.merged_into > "")
    rows = sorted(tuple(row) for row in tx.execute(query))
    into: dict[str, str] = {event_id: other for event_id, other, own in rows if watch in (None, own)}
    return {each: _end(each, into) for each in into}


def _end(event_id: str, into: Mapping[str, str]) -> str:
    while event_id in into:
        event_id = into[event_id]
    return event_id


def ids(tx: Connection, watch: str) -> frozenset[str]:
    """The ids of all events of a watch, the merged too."""
    return frozenset(tx.execute(sa.select(t.event.c.id).where(t.event.c.watch == watch)).scalars())


def addresses(tx: Connection, watch: str) -> frozenset[str]:
    """The addresses of the articles that the events of a watch tell of."""
    url = t.saying.c.body["url"].as_string()
    query = sa.select(url).distinct().join(t.event, t.event.c.id == t.saying.c.event_id)
    return frozenset(tx.execute(query.where(t.event.c.watch == watch)).scalars())


def hand_over(tx: Connection, old: str, new: str) -> None:
    """Have the events that carry out the deal `old` carry out the deal `new`."""
    for event in _load(tx, sa.select(t.event.c.id).where(t.event.c.parent == old)):
        save(tx, (replace(event, parent=new if event.id != new else None),))


def save(tx: Connection, events: Iterable[Event], memo: Memo | None = None) -> None:
    """Write events as they stand now; each replaces what was stored of it. `memo` is that of `open_events`."""
    for event in events:
        values = {name: getattr(event, name) for name in _COLUMNS}
        values["body"] = encode(replace(event, sayings=(), history=()))
        tx.execute(
            insert(tx, t.event).values(id=event.id, **values).on_conflict_do_update(index_elements=["id"], set_=values)
        )
        _write_sayings(tx, event.id, event.sayings, memo)
        _write_history(tx, event.id, event.history)


def _load(tx: Connection, chosen: sa.Select[tuple[str]], memo: Memo | None = None) -> tuple[Event, ...]:
    ids = chosen.subquery()
    sayings = _sayings(tx, ids, memo)
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


def _sayings(tx: Connection, ids: sa.Subquery, memo: Memo | None) -> dict[str, list[Saying]]:
    query = sa.select(t.saying.c.event_id, t.saying.c.digest).join(ids, ids.c.id == t.saying.c.event_id)
    rows = tx.execute(query.order_by(t.saying.c.event_id, t.saying.c.n)).all()
    digests = dict.fromkeys(bytes(digest) for _, digest in rows)
    known = memo.take(digests) if memo else {}
    full = sa.select(t.saying.c.digest, t.saying.c.body, t.saying.c.sketch).join(ids, ids.c.id == t.saying.c.event_id)
    read: dict[bytes, Saying] = {}
    for chunk in chunks(digest for digest in digests if digest not in known):
        for digest, body, sketch in tx.execute(full.where(t.saying.c.digest.in_(chunk))):
            read[bytes(digest)] = decode(Saying, body | {"sketch": sketch})
    if memo:
        memo.keep(read)
    result: dict[str, list[Saying]] = {}
    for event_id, digest in rows:
        result.setdefault(event_id, []).append(known.get(bytes(digest)) or read[bytes(digest)])
    return result


def _write_sayings(tx: Connection, event_id: str, sayings: Sequence[Saying], memo: Memo | None) -> None:
    query = sa.select(t.saying.c.n, t.saying.c.digest).where(t.saying.c.event_id == event_id)
    stored = {n: bytes(digest) for n, digest in tx.execute(query)}
    for n, each in enumerate(sayings):
        if memo and n in stored and stored[n] == memo.digest_of(each):
            continue
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
