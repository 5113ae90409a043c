"""Entries of feeds, from the moment they are seen to what became of them.

Outcomes: `new` waits to be read, `baseline` was there before the watch; everything else is settled: `read`, `known`,
or the reason for which it was set aside.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from extractors.records import Entry
from monitor.store import tables as t
from monitor.store.codec import decode, encode
from monitor.store.columns import UtcDateTime
from monitor.store.errors import StoreError
from monitor.store.feeds import chunks, key, row_id
from monitor.traces import trace_of

# Sightings are written once a day: a feed shows the same fifty entries at every poll.
_SIGHTING = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """An entry to be read; `attempts` are those that came to nothing so far, `trace` is that of the poll behind it."""

    pk: int
    feed_url: str
    entry: Entry
    attempts: int
    trace: str = ""

    @property
    def address(self) -> str:
        """Under which the entry's article is known: its link, or a place in the feed for what has none."""
        return self.entry.url or f"{self.feed_url}#{quote(self.entry.id, safe='')}"


def add(
    tx: Connection,
    feed_url: str,
    entries: Sequence[Entry],
    *,
    status: Literal["new", "baseline"],
    now: datetime,
    unknown: bool = False,
    trace: str | None = None,
) -> int:
    """Remember the entries that this feed has not shown before. How many those are. `trace` is that of the poll.

    The known ones are noted as still shown (see `forget`); with `unknown` the caller has seen to it, in this
    transaction, that there are none. StoreError for a feed that `feeds.sync` never saw.
    """
    if not entries:
        return 0
    feed = row_id(tx, feed_url)
    by_key = {key(entry.id): entry for entry in reversed(entries)}
    known: set[bytes] = set()
    for chunk in chunks(() if unknown else by_key):
        shown = (t.entry.c.feed_pk == feed) & t.entry.c.key.in_(chunk)
        known.update(bytes(each) for each in tx.execute(sa.select(t.entry.c.key).where(shown)).scalars())
        tx.execute(sa.update(t.entry).where(shown, t.entry.c.last_seen < now - _SIGHTING).values(last_seen=now))
    rows = [
        {
            "feed_pk": feed,
            "key": entry_key,
            "published": entry.published,
            "body": encode(entry),
            "outcome": status,
            "detail": "",
            "attempts": 0,
            "next_at": now if status == "new" else None,
            "added": now,
            "last_seen": now,
            "settled": None if status == "new" else now,
            "url_key": key(entry.url) if entry.url else None,
            "trace": trace,
        }
        for entry_key, entry in reversed(by_key.items())
        if entry_key not in known
    ]
    if rows:
        tx.execute(sa.insert(t.entry), rows)
    return len(rows)


def known_urls(tx: Connection, feed_url: str, urls: Iterable[str]) -> Mapping[str, datetime | None]:
    """Those of `urls` that this feed has shown before, with the latest publication given for each, if any was."""
    feed = row_id(tx, feed_url)
    by_key = {key(url): url for url in urls if url}
    found: dict[str, datetime | None] = {}
    for chunk in chunks(by_key):
        latest = sa.func.max(t.entry.c.published, type_=UtcDateTime)
        query = sa.select(t.entry.c.url_key, latest).where(t.entry.c.feed_pk == feed, t.entry.c.url_key.in_(chunk))
        found |= {by_key[bytes(url_key)]: at for url_key, at in tx.execute(query.group_by(t.entry.c.url_key))}
    return found


def moments(tx: Connection, feed_url: str, urls: Iterable[str]) -> Mapping[str, datetime]:
    """The latest date, of publication or of change, that this feed has given for each of `urls`; without any, no row.

    It reads whole entries: ask it for few addresses.
    """
    feed = row_id(tx, feed_url)
    found: dict[str, datetime] = {}
    for chunk in chunks({key(url) for url in urls if url}):
        query = sa.select(t.entry.c.body).where(t.entry.c.feed_pk == feed, t.entry.c.url_key.in_(chunk))
        for entry in (decode(Entry, body) for body in tx.execute(query).scalars()):
            dates = [date for date in (entry.published, entry.updated, found.get(entry.url)) if date is not None]
            if dates:
                found[entry.url] = max(dates)
    return found


def addresses(tx: Connection, feed_url: str, since: datetime) -> frozenset[str]:
    """The addresses of the entries that this feed has shown since then. It reads whole entries, as `moments` does."""
    feed = row_id(tx, feed_url)
    query = sa.select(t.entry.c.body).where(t.entry.c.feed_pk == feed, t.entry.c.last_seen >= since - _SIGHTING)
    return frozenset(decode(Entry, body).url for body in tx.execute(query).scalars())


def read_again(tx: Connection, feed_url: str, shown: Sequence[Entry], now: datetime, trace: str | None = None) -> int:
    """Have pages read once more, each by the latest entry of its address in this feed. How many that sets waiting.

    `trace` is that of the poll that showed them so.
    """
    feed = row_id(tx, feed_url)
    values: dict[str, object] = {"outcome": "new", "detail": "", "attempts": 0, "next_at": now, "settled": None}
    values |= {"trace": trace} if trace else {}
    waiting = 0
    for entry in shown:
        mine = (t.entry.c.feed_pk == feed) & (t.entry.c.url_key == key(entry.url))
        latest = sa.select(sa.func.max(t.entry.c.pk)).where(mine).scalar_subquery()
        body = sa.update(t.entry).where(t.entry.c.pk == latest)
        tx.execute(body.values(body=encode(entry), published=entry.published))
        again = body.where(t.entry.c.outcome != "new")
        waiting += tx.execute(again.values(values)).rowcount
    return waiting


def ask_again(tx: Connection, url_keys: Sequence[bytes], now: datetime, trace: str | None = None) -> int:
    """Have the pages of addresses, given by their keys, read once more. How many are waiting to be read then.

    `trace` is that of what gave the reason.
    """
    values: dict[str, object] = {"outcome": "new", "detail": "", "attempts": 0, "next_at": now, "settled": None}
    values |= {"trace": trace} if trace else {}
    waiting = 0
    for each in url_keys:
        latest = sa.select(sa.func.max(t.entry.c.pk)).where(t.entry.c.url_key == each).scalar_subquery()
        again = sa.update(t.entry).where(t.entry.c.pk == latest)
        waiting += tx.execute(again.values(values)).rowcount
    return waiting


def sighted(tx: Connection, feed_url: str, shown: Sequence[Entry], now: datetime) -> None:
    """Note that the feed still shows these entries, under whatever id, so that `forget` keeps them."""
    feed = row_id(tx, feed_url)
    for column, keys in (
        (t.entry.c.key, {key(entry.id) for entry in shown}),
        (t.entry.c.url_key, {key(entry.url) for entry in shown if entry.url}),
    ):
        for chunk in chunks(sorted(keys)):
            stale = (t.entry.c.feed_pk == feed) & column.in_(chunk) & (t.entry.c.last_seen < now - _SIGHTING)
            tx.execute(sa.update(t.entry).where(stale).values(last_seen=now))


def pending(tx: Connection, now: datetime, limit: int, *, without: Collection[str] = ()) -> tuple[PendingEntry, ...]:
    """Entries to be read whose time has come, by publication; those without a date last, as they came in. Those of the
    feeds `without` are left out."""
    query = (
        sa.select(t.entry.c.pk, t.feed.c.url, t.entry.c.body, t.entry.c.attempts, t.entry.c.trace, t.entry.c.added)
        .join(t.feed, t.feed.c.pk == t.entry.c.feed_pk)
        .where(t.entry.c.outcome == "new", t.entry.c.next_at <= now, t.feed.c.url.not_in(without))
        .order_by(t.entry.c.published.is_(None), t.entry.c.published, t.entry.c.pk)
        .limit(limit)
    )
    return tuple(
        # What an earlier version stored has none.
        PendingEntry(pk, url, decode(Entry, body), attempts, trace or trace_of(url, added))
        for pk, url, body, attempts, trace, added in tx.execute(query)
    )


def next_pending(tx: Connection) -> datetime | None:
    """When the earliest entry to be read is due."""
    query = sa.select(t.entry.c.next_at).where(t.entry.c.outcome == "new").order_by(t.entry.c.next_at).limit(1)
    return tx.execute(query).scalar()


def settle(tx: Connection, pk: int, outcome: str, detail: str, now: datetime) -> None:
    """Say what became of an entry: `read`, `known`, or the reason for which it was set aside."""
    if outcome == "new":
        raise ValueError("`new` settles nothing: use retry")
    _update(tx, pk, outcome=outcome, detail=detail, next_at=None, settled=now)


def retry(tx: Connection, pk: int, at: datetime, detail: str) -> None:
    """Try the entry again `at`; `detail` says what went wrong this time."""
    _update(tx, pk, attempts=t.entry.c.attempts + 1, next_at=at, detail=detail)


def put_back(tx: Connection, pk: int, at: datetime) -> None:
    """Leave the entry until `at` without a try having been made."""
    _update(tx, pk, next_at=at)


def feeds_of(tx: Connection, urls: Collection[str]) -> Mapping[str, frozenset[str]]:
    """The feeds that brought the articles kept under these addresses, by address; those that nobody knows are not
    there."""
    keys = {key(url): url for url in urls}
    known = sa.select(t.alias.c.key, t.alias.c.kept_key).where(t.alias.c.kept_key.in_(keys))
    keys |= {bytes(each): keys[bytes(kept)] for each, kept in tx.execute(known)}
    found: dict[str, set[str]] = {}
    for chunk in chunks(keys):
        query = sa.select(t.entry.c.url_key, t.feed.c.url).join(t.feed, t.feed.c.pk == t.entry.c.feed_pk)
        for url_key, feed_url in tx.execute(query.where(t.entry.c.url_key.in_(chunk))):
            found.setdefault(keys[bytes(url_key)], set()).add(feed_url)
    return {url: frozenset(by) for url, by in found.items()}


def counts(tx: Connection) -> Mapping[str, Mapping[str, int]]:
    """How many entries of each feed came to which outcome."""
    query = (
        sa.select(t.feed.c.url, t.entry.c.outcome, sa.func.count())
        .join(t.feed, t.feed.c.pk == t.entry.c.feed_pk)
        .group_by(t.feed.c.pk, t.feed.c.url, t.entry.c.outcome)
        .order_by(t.feed.c.pk, t.entry.c.outcome)
    )
    result: dict[str, dict[str, int]] = {}
    for url, outcome, number in tx.execute(query):
        result.setdefault(url, {})[outcome] = number
    return result


def forget(tx: Connection, before: datetime, limit: int | None = None) -> int:
    """Drop settled entries that their feed last showed before `before`, and no more when it was last read. How many.

    What a feed still shows is kept however old it is: forgotten, it would come back as new. A feed that answers 304, or
    does not answer at all, for longer still shows what it showed. At most `limit`.
    """
    # Sightings are a day behind at most: what a feed showed when it was read then was seen at `before` or later.
    read = sa.select(t.feed.c.pk).where(~t.feed.c.active | (t.feed.c.read_at >= before + _SIGHTING))
    stale = (t.entry.c.outcome != "new") & (t.entry.c.last_seen < before) & t.entry.c.feed_pk.in_(read)
    chosen = sa.select(t.entry.c.pk).where(stale).limit(limit)
    return tx.execute(sa.delete(t.entry).where(t.entry.c.pk.in_(chosen))).rowcount


def _update(tx: Connection, pk: int, **values: object) -> None:
    if tx.execute(sa.update(t.entry).where(t.entry.c.pk == pk).values(values)).rowcount != 1:
        raise StoreError(f"the store has no entry {pk}")
