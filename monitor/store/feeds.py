"""What is remembered of feeds between polls. config/feeds.yaml is the truth about which there are."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.records import Feed, FeedState, Habits
from monitor.schedule import NEVER
from monitor.store import tables as t
from monitor.store.codec import decode, encode
from monitor.store.errors import StoreError

T = TypeVar("T")
_STATE = tuple(t.feed.c[field.name] for field in fields(FeedState))
_ROW_ID = sa.select(t.feed.c.pk).where(t.feed.c.url == sa.bindparam("url"))
# When a feed was set hurrying, and until when, is for `hurry` alone to say: a poll under way must not undo it.
_SAVED = tuple(column.name for column in _STATE if column.name not in ("hot_until", "habits"))
# Made once: building the statement anew is most of what an unchanged feed would cost.
_SAVE = (
    sa.update(t.feed)
    .where(t.feed.c.url == sa.bindparam("new_url"))
    .values({t.feed.c[name]: sa.bindparam(f"new_{name}") for name in (*_SAVED, "habits")})
)
# More than a clock is set back by in its daily course.
_AHEAD = timedelta(minutes=5)
# SQLite's oldest limit on parameters of one statement is 999; half of it leaves room for the others.
_CHUNK = 500


def sync(tx: Connection, feeds: Sequence[Feed], now: datetime) -> None:
    """Bring the rows in line with the configuration: a new feed is due `now`, one no longer there sleeps.

    A feed that comes back finds its state as it was, and is due if it had been given up. One whose address was changed
    to where it had moved for good keeps its state under the new address.
    """
    columns = t.feed.c.pk, t.feed.c.url, t.feed.c.active, t.feed.c.next_at
    stored = {row.url: row for row in tx.execute(sa.select(*columns))}
    wanted = dict.fromkeys(feed.url for feed in feeds)
    new = [url for url in wanted if url not in stored]
    left = [url for url in stored if url not in wanted]
    if new and left:
        renamed = _follow(tx, left, frozenset(new))
        for url, row in renamed.items():
            stored[url] = stored.pop(row)
        new = [url for url in new if url not in renamed]
    if new:
        blank = {"active": True, "next_at": now, "failures": 0, "entries_seen": 0, "known": False}
        tx.execute(sa.insert(t.feed), [{"url": url, **blank} for url in new])
    for active in (True, False):
        turn = [row.pk for url, row in stored.items() if row.active != active and (url in wanted) == active]
        for chunk in chunks(turn):
            tx.execute(sa.update(t.feed).where(t.feed.c.pk.in_(chunk)).values(active=active))
            if active:
                given_up = t.feed.c.pk.in_(chunk) & (t.feed.c.next_at >= NEVER)
                tx.execute(sa.update(t.feed).where(given_up).values(next_at=now))


def enrol(tx: Connection, url: str, now: datetime) -> FeedState:
    """The state of a feed that is not in the configuration yet. It sleeps until `sync` finds it there."""
    state = get(tx, url)
    if state is None:
        state = FeedState(url, now)
        blank = {"active": False, "next_at": now, "failures": 0, "entries_seen": 0, "known": False}
        tx.execute(sa.insert(t.feed).values(url=url, **blank))
    return state


def drop(tx: Connection, url: str) -> None:
    """Forget a feed and the entries that it brought, as if it had never been enrolled."""
    pk = row_id(tx, url)
    tx.execute(sa.delete(t.entry).where(t.entry.c.feed_pk == pk))
    tx.execute(sa.delete(t.feed).where(t.feed.c.pk == pk))


def due(tx: Connection, now: datetime, limit: int) -> tuple[FeedState, ...]:
    """Active feeds whose time has come, the longest overdue first.

    A feed polled in the future is due: the clock was wrong then, and its next time is as wrong.
    """
    come = (t.feed.c.next_at <= now) | (t.feed.c.polled_at > now + _AHEAD)
    query = sa.select(*_STATE).where(t.feed.c.active, come)
    return tuple(_state(row) for row in tx.execute(query.order_by(t.feed.c.next_at, t.feed.c.pk).limit(limit)))


def next_due(tx: Connection) -> datetime | None:
    """When the earliest active feed is due; None without feeds."""
    query = sa.select(t.feed.c.next_at).where(t.feed.c.active).order_by(t.feed.c.next_at).limit(1)
    return tx.execute(query).scalar()


def get(tx: Connection, url: str) -> FeedState | None:
    row = tx.execute(sa.select(*_STATE).where(t.feed.c.url == url)).first()
    return None if row is None else _state(row)


def there(tx: Connection, urls: Sequence[str]) -> frozenset[str]:
    """Those of `urls` that a feed is known under. `sync` may give a row another address while its feed is asked."""
    found: set[str] = set()
    for chunk in chunks(urls):
        found.update(tx.execute(sa.select(t.feed.c.url).where(t.feed.c.url.in_(chunk))).scalars())
    return frozenset(found)


def save(tx: Connection, state: FeedState) -> None:
    """Write the state of a feed that `sync` has made known; StoreError for any other."""
    save_all(tx, [state])


def save_all(tx: Connection, states: Sequence[FeedState]) -> None:
    """Write the states of several feeds, each as `save` does."""
    rows = [{f"new_{name}": getattr(state, name) for name in _SAVED} | _habits(state) for state in states]
    if rows and tx.execute(_SAVE, rows).rowcount != len(rows):
        found = set(tx.execute(sa.select(t.feed.c.url).where(t.feed.c.url.in_([s.url for s in states]))).scalars())
        raise _unknown(next(state.url for state in states if state.url not in found))


def hurry(tx: Connection, url: str, until: datetime, now: datetime) -> None:
    """The feed tells of a planned or live event: until then it is asked as often as it may be, from its floor on."""
    mine = t.feed.c.url == url
    later = t.feed.c.hot_until.is_(None) | (t.feed.c.hot_until < until)
    tx.execute(sa.update(t.feed).where(mine, later).values(hot_until=until))
    waits = mine & (t.feed.c.failures == 0) & (t.feed.c.floor_at < t.feed.c.next_at) & (t.feed.c.next_at < NEVER)
    soonest = sa.case((t.feed.c.floor_at > now, t.feed.c.floor_at), else_=now)
    tx.execute(sa.update(t.feed).where(waits, t.feed.c.next_at > now).values(next_at=soonest))


def all_states(tx: Connection, *, inactive: bool = False) -> tuple[FeedState, ...]:
    """The feeds of the configuration in the order in which they came; with `inactive` also the sleeping ones."""
    query = sa.select(*_STATE).order_by(t.feed.c.pk)
    return tuple(_state(row) for row in tx.execute(query if inactive else query.where(t.feed.c.active)))


def by_health(tx: Connection) -> Mapping[str, int]:
    """How many active feeds are in each state. By SQL: to decode 10,000 of them takes a second."""
    health = sa.func.coalesce(t.feed.c.habits["health"].as_string(), "ok")
    query = sa.select(health, sa.func.count()).where(t.feed.c.active).group_by(health)
    return {row[0]: row[1] for row in tx.execute(query)}


def known_ids(tx: Connection, feed_url: str, ids: Iterable[str]) -> frozenset[str]:
    """Those of `ids` that this feed has shown before."""
    by_key = {key(id_): id_ for id_ in ids}
    found: list[bytes] = []
    for chunk in chunks(by_key):
        query = sa.select(t.entry.c.key).join(t.feed, t.feed.c.pk == t.entry.c.feed_pk)
        found += tx.execute(query.where(t.feed.c.url == feed_url, t.entry.c.key.in_(chunk))).scalars()
    return frozenset(by_key[bytes(each)] for each in found)


def row_id(tx: Connection, url: str) -> int:
    """The number of a feed's row; StoreError for a feed that `sync` never saw."""
    pk: int | None = tx.execute(_ROW_ID, {"url": url}).scalar()
    if pk is None:
        raise _unknown(url)
    return pk


def key(text: str) -> bytes:
    """What a long name from the outside is indexed by."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _habits(state: FeedState) -> dict[str, Any]:
    return {"new_habits": encode(state.habits) if state.habits != Habits() else None}


def _state(row: sa.Row[tuple[object, ...]]) -> FeedState:
    values: dict[str, Any] = row._asdict()
    return FeedState(**{**values, "habits": decode(Habits, values["habits"]) if values["habits"] else Habits()})


def _follow(tx: Connection, left: Sequence[str], new: frozenset[str]) -> dict[str, str]:
    """The rows of feeds that moved to one of the `new` addresses take it; new address → old one."""
    moved: dict[str, str] = {}
    for chunk in chunks(left):
        for state in (_state(row) for row in tx.execute(sa.select(*_STATE).where(t.feed.c.url.in_(chunk)))):
            address = state.habits.address
            if address in new and address not in moved:
                moved[address] = state.url
                habits = encode(replace(state.habits, address=None))
                tx.execute(sa.update(t.feed).where(t.feed.c.url == state.url).values(url=address, habits=habits))
    return moved


def _unknown(url: str) -> StoreError:
    return StoreError(f"the store knows no feed {url}: add it to the configured feeds first")
