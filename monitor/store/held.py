"""What is held: which rows are to be looked at, what else their event has, and what is decided of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alerts.records import INTERRUPTS, OPEN, Delivery, Severity, Target
from monitor.store import tables as t
from monitor.store.deliveries import delivery_of, selected, sent_since
from monitor.store.feeds import chunks

_D = t.delivery.c
# Not by the index of states, which SQLite would take for narrower than that of ids.
_STATE = sa.func.coalesce(_D.state, "")
_GONE = ("sent", *sorted(OPEN))
_TOLD = sa.or_(_D.state.in_(_GONE), _D.rule.startswith("in-digest"))


@dataclass(frozen=True, slots=True)
class Spent:
    """What a cap counts of one target: when messages were accepted, and how many are under way."""

    sent: tuple[datetime, ...]
    under_way: int


def recipients_due(tx: Connection, now: datetime, limit: int) -> tuple[str, ...]:
    """Recipients with held rows whose moment has come."""
    query = sa.select(_D.recipient).where(_D.state == "held", _D.next_at <= now).distinct().limit(limit)
    return tuple(sorted(tx.execute(query).scalars()))


def due_of(tx: Connection, recipient: str, now: datetime, limit: int) -> tuple[Delivery, ...]:
    """The held rows of a recipient whose moment has come, in the order in which they were written."""
    query = selected().where(_D.state == "held", _D.next_at <= now, _D.recipient == recipient)
    return tuple(delivery_of(row) for row in tx.execute(query.order_by(_D.seq).limit(limit)).mappings())


def of_event(tx: Connection, event_id: str, recipient: str) -> tuple[Delivery, ...]:
    """The held messages of the routes for what is one event now and a recipient, due or not, the oldest first."""
    query = selected().where(_counts_for([event_id]), _D.recipient == recipient, _STATE == "held", _D.role == "")
    return tuple(delivery_of(row) for row in tx.execute(query.order_by(_D.seq)).mappings())


def overflow_until(tx: Connection, recipient: str) -> datetime | None:
    """When what a recipient's cap holds back is looked at; None when nothing is."""
    query = sa.select(sa.func.min(_D.next_at, type_=_D.next_at.type))
    return tx.execute(query.where(_D.state == "held", _D.recipient == recipient, _D.rule == "cap")).scalar()


def spent(tx: Connection, target: Target, since: datetime) -> Spent:
    """What went to a target since then, and what is on its way."""
    query = sa.select(sa.func.count()).where(
        _D.state.in_(sorted(OPEN)), _D.recipient == target.recipient, _D.channel == target.channel,
        _D.address == target.address,
    )  # fmt: skip
    return Spent(sent_since(tx, target, since), tx.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a recipient has got already, or is being sent, instead of one that is held."""

    told: Mapping[str, str]
    """Alert id to the delivery that tells or told it."""
    overtaking: Mapping[str, "Overtaking"]
    """Id of a held delivery to the later interruption of its event."""


@dataclass(frozen=True, slots=True)
class Overtaking:
    """A later interruption that is sent, or under way and tried `next_at`."""

    id: str
    sent: bool
    next_at: datetime | None


def ahead_of(tx: Connection, rows: Sequence[Delivery], events: Iterable[str], recipient: str) -> Ahead:
    """What is ahead of these held rows of one recipient. `events` are what their alerts count for now."""
    told: dict[str, str] = {}
    overtaking: dict[str, Overtaking] = {}
    for chunk in chunks({row.alert_id for row in rows}):
        query = sa.select(_D.alert_id, _D.id).where(_D.alert_id.in_(chunk), _D.recipient == recipient)
        told |= {each.alert_id: each.id for each in tx.execute(query.where(_D.state.in_(_GONE)))}
    for chunk in chunks(events):
        query = (
            sa.select(t.alert.c.event_id, t.alert.c.reason, _D.id, _D.alert_id, _D.state, _D.next_at)
            .join(t.alert, t.alert.c.id == _D.alert_id)
            .where(_counts_for(chunk), _D.recipient == recipient, _STATE.in_(("held", *_GONE)))
            .order_by(_D.seq.desc())
        )
        later: dict[str, list[Any]] = {}
        for row in tx.execute(query):
            # the latest first; of several the one that is sent, else the latest
            over = [each for each in later.get(row.event_id, ()) if each.alert_id != row.alert_id]
            if row.state != "held":
                later.setdefault(row.event_id, []).extend([row] if row.reason in INTERRUPTS else [])
            elif over:
                best = next((each for each in over if each.state == "sent"), over[0])
                overtaking[row.id] = Overtaking(best.id, best.state == "sent", best.next_at)
    return Ahead(told, overtaking)


def _counts_for(events: Sequence[str]) -> sa.ColumnElement[bool]:
    # As a list and not a join: else SQLite would read all that the recipient ever got.
    return _D.alert_id.in_(sa.select(t.alert.c.id).where(t.alert.c.event_id.in_(events)))


def told_of(tx: Connection, alert_id: str, recipient: str) -> str | None:
    """The delivery by which a recipient was told of an alert already, or is being told."""
    query = sa.select(_D.id).where(_D.alert_id == alert_id, _D.recipient == recipient, _D.state.in_(_GONE))
    return tx.execute(query.limit(1)).scalar()


def told_before(tx: Connection, events: Iterable[str], recipient: str) -> bool:
    """Whether a recipient was told of an event before, also in a digest; `events` are the ids it is known by."""
    ids = sorted(set(events))
    own = sa.exists().where(_D.event_id.in_(ids), _D.recipient == recipient, _TOLD)
    moved = sa.exists().where(
        t.alert.c.event_id.in_(ids), _D.alert_id == t.alert.c.id, _D.recipient == recipient, _TOLD
    )
    return tx.execute(sa.select(sa.or_(own, moved))).scalar_one()


def look_again(tx: Connection, recipients: Iterable[str], now: datetime) -> int:
    """What quiet hours or a cap of these recipients hold is looked at `now`: they may have others. How many."""
    written = 0
    for chunk in chunks(sorted(recipients)):
        theirs = sa.update(t.delivery).where(_STATE == "held", _D.recipient.in_(chunk), _D.next_at > now)
        written += tx.execute(theirs.where(_D.rule.in_(("quiet", "cap"))).values(next_at=now)).rowcount
    return written


def hold(tx: Connection, ids: Sequence[str], until: datetime, rule: str | None = None) -> int:
    """Hold these on until then, for the same reason or another one. How many."""
    values: dict[str, Any] = {"next_at": until} | ({} if rule is None else {"rule": rule})
    return _each(tx, ids, values)


def suppress(tx: Connection, ids: Sequence[str], rule: str, now: datetime) -> int:
    """These are told to nobody, and `rule` says why. How many."""
    return _each(tx, ids, {"state": "suppressed", "rule": rule, "next_at": None, "done": now})


def free(tx: Connection, delivery: Delivery, payload: bytes, target: Target, severity: Severity, now: datetime) -> int:
    """A held message goes out now, rendered anew, to where its recipient is to be reached now."""
    place = {name: getattr(target, name) for name in ("recipient", "channel", "kind", "address")}
    values = {"state": "pending", "payload": payload, "severity": severity, "rule": "", "next_at": now}
    return _each(tx, [delivery.id], values | place)


def bury(tx: Connection, delivery: Delivery, rule: str, error: str, now: datetime) -> int:
    """A held message that cannot be rendered, or has nowhere to go, is given up."""
    values = {"state": "dead", "rule": rule, "last_error": error, "next_at": None, "done": now}
    return _each(tx, [delivery.id], values)


def _each(tx: Connection, ids: Sequence[str], values: dict[str, Any]) -> int:
    held = sa.update(t.delivery).where(_STATE == "held")
    return sum(tx.execute(held.where(_D.id.in_(chunk)).values(values)).rowcount for chunk in chunks(ids))
