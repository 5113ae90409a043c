"""The queue: which deliveries are to be sent now, which is the oldest, when there is something to do next.

A message of an event to a target comes behind the earlier messages of that event to that target: an update must not
overtake what it updates, and its thread is that message's.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alerts.records import OPEN, WAITING, Delivery
from alerts.retry import BACK_OFF, OUR_WAITS, SUSPECT
from monitor.store import tables as t
from monitor.store.columns import UtcDateTime
from monitor.store.deliveries import TARGET, delivery_of, selected

_D = t.delivery.c
_WHEN = sa.func.coalesce(_D.next_at, _D.created, type_=UtcDateTime)
_WAITING, _OPEN = sorted(WAITING), sorted(OPEN)


def due(tx: Connection, now: datetime, limit: int, but: Collection[str] = ()) -> tuple[Delivery, ...]:
    """Waiting deliveries whose time has come: in turn over the targets, within each the oldest first.

    The turns keep a target with a long queue from filling `limit` on its own. One that is to be tried later keeps back
    those behind it to the same target (`alerts.retry.bars`). `but` are channels to leave out.
    """
    values = {"now": now, "limit": limit, "but": list(but)}
    return tuple(delivery_of(row) for row in tx.execute(_due_query(), values).mappings())


def next_due(tx: Connection, but: Collection[str] = ()) -> datetime | None:
    """When the earliest waiting delivery is due that waits for no other message, or a held one is looked at.

    `but` are channels whose waiting deliveries are left out.
    """
    waiting: datetime | None = tx.execute(_next_due_query(), {"but": list(but)}).scalar()
    held = sa.select(_D.next_at).where(_D.state == "held").order_by(_D.next_at).limit(1)
    moments = (waiting, tx.execute(held).scalar())
    return min((moment for moment in moments if moment is not None), default=None)


def any_to_release(tx: Connection, now: datetime) -> bool:
    """Whether a held delivery is to be looked at, or a lease is over."""
    found: bool = tx.execute(_release_query(), {"now": now}).scalar_one()
    return found


def oldest(tx: Connection, channel: str, now: datetime, but: Collection[str] = ()) -> Delivery | None:
    """The oldest waiting delivery of a channel that waits for no other message, due or not, and none of `but`.

    A far end that asked to wait until later than `now` is not asked before, nor is its target.
    """
    values = {"channel": channel, "now": now, "passed": list(but), "but": []}
    row = tx.execute(_oldest_query(), values).mappings().first()
    return None if row is None else delivery_of(row)


def expedite(tx: Connection, channel: str, now: datetime) -> int:
    """What waits on a channel for nothing but a wait of ours is due `now`. How many wait there in all."""
    waiting = sa.and_(_D.channel == channel, _D.state.in_(_WAITING))
    again = sa.update(t.delivery).where(waiting, _D.next_at > now, _D.rule.in_(OUR_WAITS))
    tx.execute(again.values(next_at=now))
    return tx.execute(sa.select(sa.func.count()).select_from(t.delivery).where(waiting)).scalar_one()


# The queries of the sending loop are made once: making one takes five times as long as asking it (measured).
@cache
def _due_query() -> sa.Select[Any]:
    ready = _ready().subquery()
    free = _free(ready) <= sa.bindparam("now", type_=UtcDateTime)
    query = selected().join(ready, ready.c.seq == _D.seq).where(free).order_by(ready.c.turn, _D.seq)
    return query.limit(sa.bindparam("limit", type_=sa.Integer))


@cache
def _next_due_query() -> sa.Select[Any]:
    ready = _ready().subquery()
    earliest = sa.select(sa.func.min(_free(ready), type_=UtcDateTime)).select_from(t.delivery)
    return earliest.join(ready, ready.c.seq == _D.seq)


@cache
def _oldest_query() -> sa.Select[Any]:
    ready = _ready().subquery()
    free = sa.or_(ready.c.asked.is_(None), ready.c.asked <= sa.bindparam("now", type_=UtcDateTime))
    query = selected().join(ready, ready.c.seq == _D.seq).where(_D.channel == sa.bindparam("channel"), free)
    query = query.where(_D.id.not_in(sa.bindparam("passed", expanding=True)), ~_earlier_of_event(_OPEN))
    return query.order_by(_D.seq).limit(1)


@cache
def _release_query() -> sa.Select[Any]:
    now = sa.bindparam("now", type_=UtcDateTime)
    held = sa.and_(_D.state == "held", _D.next_at <= now)
    over = sa.and_(_D.state == "leased", _D.lease_until <= now)
    return sa.select(sa.exists().where(sa.or_(held, over)))


def _ready() -> sa.Select[Any]:
    """The waiting deliveries of channels not in the parameter `but`, unless an earlier one of their event is under way.

    `turn` counts within a target. `barred` is until when an earlier one to the same channel and address, or of the same
    event to the same target, keeps it back; `asked` until when the far end asked to send nothing there.
    """
    lane, target = [_D.channel, _D.address], [_D[name] for name in TARGET]
    bars = sa.or_(_D.rule.not_in(BACK_OFF), _D.attempts < SUSPECT)
    before: Any = {"order_by": _D.seq, "rows": (None, -1)}
    in_lane = sa.func.max(sa.case((bars, _D.next_at)), type_=UtcDateTime).over(partition_by=lane, **before)
    of_event = sa.func.max(_D.next_at, type_=UtcDateTime).over(partition_by=[*target, _D.event_id], **before)
    either = sa.func.coalesce(in_lane, of_event)
    wished = sa.func.max(sa.case((_D.rule == "retry-after", _D.next_at)), type_=UtcDateTime)
    return sa.select(
        _D.seq,
        sa.func.row_number().over(partition_by=target, order_by=_D.seq).label("turn"),
        sa.case((of_event > either, of_event), else_=either).label("barred"),
        wished.over(partition_by=lane).label("asked"),
    ).where(
        _D.state.in_(_WAITING),
        _D.channel.not_in(sa.bindparam("but", expanding=True)),
        ~_earlier_of_event(["leased"]),
    )


def _earlier_of_event(states: Sequence[str]) -> sa.Exists:
    earlier = t.delivery.alias("earlier")
    return sa.exists().where(
        earlier.c.event_id == _D.event_id,
        *(earlier.c[name] == _D[name] for name in TARGET),
        earlier.c.seq < _D.seq,
        earlier.c.state.in_(states),
    )


def _free(ready: sa.Subquery) -> sa.ColumnElement[datetime]:
    """From when a delivery may be sent: its own time, or that of what keeps it back."""
    barred, asked = (sa.func.coalesce(c, _WHEN, type_=UtcDateTime) for c in (ready.c.barred, ready.c.asked))
    later = sa.case((barred > asked, barred), else_=asked)
    return sa.case((later > _WHEN, later), else_=_WHEN)
