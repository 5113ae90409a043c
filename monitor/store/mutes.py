"""What nobody shall hear of for a while, and what somebody has taken note of."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alerts.rules import Mute, Scope
from monitor.store import tables as t

_M = t.mute.c
_A = t.ack.c
_COLUMNS = (_M.id, _M.scope, _M.value, _M.since, _M.until, _M.comment)


@dataclass(frozen=True, slots=True)
class Ack:
    """Somebody took note of what had been told of an event until `at`."""

    id: int
    event_id: str
    at: datetime
    by: str
    comment: str


def mute(tx: Connection, scope: Scope, value: str, until: datetime, comment: str, now: datetime) -> Mute:
    """Keep an event (by its id), a topic or a watch quiet from `now` until `until`.

    Both are aware UTC; what is held already is covered as well. The caller sees to it that `value` is known.
    """
    values = {"scope": scope, "value": value, "since": now, "until": until, "comment": comment}
    made = tx.execute(sa.insert(t.mute).values(values).returning(_M.id)).scalar_one()
    return Mute(made, scope, value, now, until, comment)


def unmute(tx: Connection, mute_id: int, now: datetime) -> Mute | None:
    """Let a mute end `now`. The mute as it then stands; None when there is none of that id in force."""
    lifted = sa.update(t.mute).where(_M.id == mute_id, _M.until > now).values(until=now)
    row = tx.execute(lifted.returning(*_COLUMNS)).first()
    return None if row is None else Mute(*row)


def mutes(tx: Connection, now: datetime, *, over: bool = False) -> tuple[Mute, ...]:
    """The mutes in force at `now`, the oldest first; with `over` also those that are over."""
    query = sa.select(*_COLUMNS).order_by(_M.id)
    return tuple(Mute(*row) for row in tx.execute(query if over else query.where(_M.until > now)))


def acknowledge(tx: Connection, event_id: str, by: str, comment: str, now: datetime) -> Ack:
    """Write down that `by` has taken note of what was told of an event so far. What is decided later escalates anew."""
    values = {"event_id": event_id, "at": now, "by": by, "comment": comment}
    made = tx.execute(sa.insert(t.ack).values(values).returning(_A.id)).scalar_one()
    return Ack(made, event_id, now, by, comment)


def acknowledged(tx: Connection, event_id: str, since: datetime) -> Ack | None:
    """The first acknowledgement of an event at or after `since`, which is when the alert in question was decided."""
    query = sa.select(_A.id, _A.event_id, _A.at, _A.by, _A.comment).where(_A.event_id == event_id, _A.at >= since)
    row = tx.execute(query.order_by(_A.at, _A.id).limit(1)).first()
    return None if row is None else Ack(*row)
