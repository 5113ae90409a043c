"""Deliveries and their attempts: which is due, and what became of each.

An attempt is written before the network is touched, so that a crash leaves it visible. A message of an event to a
target waits until the earlier messages of that event to that target are sent or given up: an update must not overtake
what it updates, and its thread is that message's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alerts.records import Delivery, DeliveryState, Next, Outcome, Target
from monitor.store import tables as t
from monitor.store.columns import SafeText, UtcDateTime
from monitor.store.errors import StoreError

_TARGET = ("recipient", "channel", "kind", "address")
_PLAIN = (
    "id", "alert_id", "event_id", "payload", "created", "state", "attempts", "next_at", "provider_ref", "last_error",
    "thread",
)  # fmt: skip
_D = t.delivery.c
_WHEN = sa.func.coalesce(_D.next_at, _D.created, type_=UtcDateTime)
_OPEN = ("pending", "sending")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a delivery; `ended` and `outcome` are None while it runs."""

    n: int
    started: datetime
    ended: datetime | None
    outcome: str | None
    code: str
    detail: str


def columns_of(delivery: Delivery) -> dict[str, Any]:
    """A delivery as the values of its row."""
    values = {name: getattr(delivery, name) for name in _PLAIN}
    return values | {name: getattr(delivery.target, name) for name in _TARGET}


def due(tx: Connection, now: datetime, limit: int) -> tuple[Delivery, ...]:
    """Pending deliveries whose time has come: in turn over the targets, within each the oldest first.

    The turns keep a target with a long queue from filling `limit` on its own.
    """
    ready = _ready().where(now >= _WHEN).subquery()
    query = _select().join(ready, ready.c.seq == _D.seq).order_by(ready.c.turn, _D.seq).limit(limit)
    return tuple(_delivery(row) for row in tx.execute(query).mappings())


def next_due(tx: Connection) -> datetime | None:
    """When the earliest pending delivery is due that waits for no other message."""
    ready = _ready().subquery()
    query = sa.select(_WHEN).join(ready, ready.c.seq == _D.seq).order_by(_WHEN).limit(1)
    return tx.execute(query).scalar()


def begin(tx: Connection, delivery_id: str, now: datetime) -> int | None:
    """Claim a pending delivery and write down that an attempt starts. Its number; None if it is not pending."""
    claim = sa.update(t.delivery).where(_D.id == delivery_id, _D.state == "pending")
    claimed = tx.execute(claim.values(state="sending", attempts=_D.attempts + 1).returning(_D.seq, _D.attempts)).first()
    if claimed is None:
        return None
    tx.execute(
        sa.insert(t.attempt).values(delivery_seq=claimed.seq, n=claimed.attempts, started=now, code="", detail="")
    )
    number: int = claimed.attempts
    return number


def finish(tx: Connection, delivery_id: str, attempt: int, outcome: Outcome, then: Next, now: datetime) -> None:
    """Write down what an attempt came to and what is next. StoreError for an attempt that never began.

    Only the latest attempt decides what is next. A delivery that is sent or given up stays so.
    """
    seq = _seq(tx, delivery_id)
    noted = sa.update(t.attempt).where(t.attempt.c.delivery_seq == seq, t.attempt.c.n == attempt)
    values = {"ended": now, "outcome": outcome.kind, "code": outcome.code, "detail": outcome.detail}
    if tx.execute(noted.values(values)).rowcount != 1:
        raise StoreError(f"delivery {delivery_id} has no attempt {attempt}")
    error = None if outcome.kind == "sent" else " ".join(filter(None, (outcome.kind, outcome.code, outcome.detail)))
    settled = then.state not in _OPEN
    latest = sa.update(t.delivery).where(_D.seq == seq, _D.attempts == attempt, _D.state.in_(_OPEN))
    tx.execute(
        latest.values(
            state=then.state,
            next_at=then.at if then.state == "pending" else None,
            provider_ref=sa.func.coalesce(sa.literal(outcome.reference, SafeText()), _D.provider_ref),
            last_error=error,
            done=now if settled else None,
        )
    )


def recover(tx: Connection, now: datetime) -> int:
    """After a crash: what was left `sending` is pending again and due `now`, its attempt ambiguous. How many."""
    left = sa.select(_D.seq).where(_D.state == "sending")
    tx.execute(
        sa.update(t.attempt)
        .where(t.attempt.c.delivery_seq.in_(left), t.attempt.c.ended.is_(None))
        .values(ended=now, outcome="ambiguous", code="crash", detail="the service ended while sending")
    )
    again = sa.update(t.delivery).where(_D.state == "sending")
    return tx.execute(
        again.values(state="pending", next_at=now, last_error="ambiguous crash the service ended while sending")
    ).rowcount


def get(tx: Connection, delivery_id: str) -> Delivery | None:
    row = tx.execute(_select().where(_D.id == delivery_id)).mappings().first()
    return None if row is None else _delivery(row)


def all_deliveries(
    tx: Connection, limit: int | None = None, *, state: DeliveryState | None = None, alert_id: str | None = None
) -> tuple[Delivery, ...]:
    """Deliveries in the order in which they were written, of one state or alert if asked; with `limit` the latest."""
    query = _select()
    if state is not None:
        query = query.where(_D.state == state)
    if alert_id is not None:
        query = query.where(_D.alert_id == alert_id)
    rows = tx.execute(query.order_by(_D.seq.desc()).limit(limit)).mappings()
    return tuple(_delivery(row) for row in rows)[::-1]


def attempts_of(tx: Connection, delivery_id: str) -> tuple[Attempt, ...]:
    """The attempts at a delivery, the first one first."""
    a = t.attempt.c
    query = sa.select(a.n, a.started, a.ended, a.outcome, a.code, a.detail).order_by(a.n)
    return tuple(Attempt(*row) for row in tx.execute(query.where(a.delivery_seq == _seq(tx, delivery_id))))


def revive(tx: Connection, delivery_id: str, now: datetime) -> bool:
    """Make a delivery that was given up pending again. Whether it was."""
    statement = sa.update(t.delivery).where(_D.id == delivery_id, _D.state == "dead")
    return tx.execute(statement.values(state="pending", next_at=now, done=None)).rowcount == 1


def sent_since(tx: Connection, target: Target, since: datetime) -> tuple[datetime, ...]:
    """When messages were accepted for a target at or after `since`, the earliest first: what a cap counts."""
    query = sa.select(_D.done).where(_D.state == "sent", _D.done >= since)
    query = query.where(*(_D[name] == getattr(target, name) for name in _TARGET)).order_by(_D.done)
    return tuple(done for done in tx.execute(query).scalars() if done is not None)


def _ready() -> sa.Select[Any]:
    earlier = t.delivery.alias("earlier")
    waits = sa.exists().where(
        earlier.c.event_id == _D.event_id,
        *(earlier.c[name] == _D[name] for name in _TARGET),
        earlier.c.seq < _D.seq,
        earlier.c.state.in_(_OPEN),
    )
    turn = sa.func.row_number().over(partition_by=[_D[name] for name in _TARGET], order_by=_D.seq)
    return sa.select(_D.seq, turn.label("turn")).where(_D.state == "pending", ~waits)


def _select() -> sa.Select[Any]:
    first = t.delivery.alias("first")
    reference = (
        sa.select(first.c.provider_ref)
        .where(
            first.c.event_id == _D.event_id,
            *(first.c[name] == _D[name] for name in _TARGET),
            first.c.seq < _D.seq,
            first.c.state == "sent",
            first.c.provider_ref.is_not(None),
        )
        .order_by(first.c.seq)
        .limit(1)
        .scalar_subquery()
    )
    return sa.select(t.delivery, sa.func.coalesce(_D.thread, reference).label("reference"))


def _delivery(row: sa.RowMapping) -> Delivery:
    values = {name: row[name] for name in _PLAIN} | {"payload": bytes(row["payload"]), "thread": row["reference"]}
    return Delivery(target=Target(**{name: row[name] for name in _TARGET}), **values)


def _seq(tx: Connection, delivery_id: str) -> int:
    seq: int | None = tx.execute(sa.select(_D.seq).where(_D.id == delivery_id)).scalar()
    if seq is None:
        raise StoreError(f"the store has no delivery {delivery_id}")
    return seq
