"""Deliveries and their attempts, and what became of each. `queue` says which is due.

An attempt is written before the network is touched, so that a crash leaves it visible.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alerts.records import OPEN, WAITING, Delivery, Next, Outcome, Target
from monitor.store import tables as t
from monitor.store.columns import SafeText, UtcDateTime
from monitor.store.errors import StoreError
from monitor.store.feeds import chunks

TARGET = ("recipient", "channel", "kind", "address")
_PLAIN = (
    "id", "alert_id", "event_id", "payload", "created", "state", "attempts", "next_at", "provider_ref", "last_error",
    "thread", "severity", "rule", "stands_for", "lease_until", "done", "role", "revived",
)  # fmt: skip
_D = t.delivery.c
_WHEN = sa.func.coalesce(_D.next_at, _D.created, type_=UtcDateTime)
_WAITING, _OPEN = sorted(WAITING), sorted(OPEN)
LEASE = timedelta(minutes=20)
"""How long an attempt may take: longer than any channel's timeouts, of which mail's ten minutes are the longest."""

FARTHEST = timedelta(days=16)
"""Nothing is held on for longer than that at once: quiet hours are looked at again after 15 days."""


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
    return values | {name: getattr(delivery.target, name) for name in TARGET}


def begin(tx: Connection, delivery_id: str, now: datetime) -> int | None:
    """Claim a waiting delivery and write down that an attempt starts. Its number; None if it is not waiting."""
    claim = sa.update(t.delivery).where(_D.id == delivery_id, _D.state.in_(_WAITING))
    leased = claim.values(state="leased", attempts=_D.attempts + 1, lease_until=now + LEASE)
    claimed = tx.execute(leased.returning(_D.seq, _D.attempts)).first()
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
    decided = tx.execute(
        latest.values(
            state=then.state,
            next_at=then.at if then.state in WAITING else None,
            rule=then.rule,
            lease_until=None,
            provider_ref=sa.func.coalesce(sa.literal(outcome.reference, SafeText()), _D.provider_ref),
            last_error=error,
            done=now if settled else None,
        )
    ).rowcount
    if decided:
        _pair(tx, delivery_id, then.state, now)


def _pair(tx: Connection, delivery_id: str, state: str, now: datetime) -> None:
    """A message and its failover: when one is accepted the other is not sent any more, as far as that is known."""
    behind = sa.update(t.delivery).where(_D.stands_for == delivery_id, _D.role == "failover")
    over = {"state": "suppressed", "next_at": None, "done": now}
    if state == "dead":
        tx.execute(behind.where(_D.state == "held").values(next_at=now))
    elif state == "sent":
        tx.execute(behind.where(_D.state.in_((*_WAITING, "held"))).values(rule="first-channel-sent", **over))
        query = sa.select(_D.id, _D.role, _D.stands_for)
        own = tx.execute(query.add_columns(_D.recipient, _D.created).where(_D.id == delivery_id)).one()
        carried = [f"{how}: {delivery_id}" for how in ("in-digest", "gathered")]
        lately = query.where(_D.recipient == own.recipient, _D.done >= own.created, _D.role == "failover")
        for ahead in (own, *tx.execute(lately.where(_D.rule.in_(carried)))):
            while ahead is not None and ahead.role == "failover":
                first = sa.update(t.delivery).where(_D.id == ahead.stands_for, _D.state.in_(_WAITING))
                tx.execute(first.values(rule=f"failed-over: {ahead.id}", **over))
                ahead = tx.execute(query.where(_D.id == ahead.stands_for)).first()
    elif state in WAITING:
        _told_otherwise(tx, [delivery_id], now)


def _told_otherwise(tx: Connection, ids: Sequence[str], now: datetime) -> None:
    """Those of `ids` whose failover was accepted while they were being sent are not sent again."""
    told = sa.or_(_D.state == "sent", _D.rule.startswith("failed-over"))
    for chunk in chunks(ids):
        query = sa.select(_D.stands_for, _D.id).where(_D.stands_for.in_(chunk), _D.role == "failover", told)
        for first, other in tx.execute(query).all():
            waiting = sa.update(t.delivery).where(_D.id == first, _D.state.in_(_WAITING))
            over = {"state": "suppressed", "rule": f"failed-over: {other}", "next_at": None, "done": now}
            tx.execute(waiting.values(over))


def recover(tx: Connection, now: datetime, *, expired_only: bool = False) -> int:
    """What was left `leased` by a crash is `ambiguous` and due `now`, its attempt too. How many.

    `expired_only`: only where the lease is over, while a run is under way.
    """
    left = sa.select(_D.seq).where(_D.state == "leased")
    if expired_only:
        left = left.where(_D.lease_until <= now)
    seqs = tx.execute(left).scalars().all()
    if not seqs:
        return 0
    tx.execute(
        sa.update(t.attempt)
        .where(t.attempt.c.delivery_seq.in_(seqs), t.attempt.c.ended.is_(None))
        .values(ended=now, outcome="ambiguous", code="crash", detail="the service ended while sending")
    )
    again = sa.update(t.delivery).where(_D.seq.in_(seqs))
    error = "ambiguous crash the service ended while sending"
    values = {"state": "ambiguous", "next_at": now, "rule": "resend-same-id", "lease_until": None, "last_error": error}
    ids = tx.execute(again.values(values).returning(_D.id)).scalars().all()
    _told_otherwise(tx, ids, now)
    return len(ids)


def set_back(tx: Connection, now: datetime) -> int:
    """What was written by a clock that was ahead of `now` counts from now: waiting ones are due, held ones wait for as
    long as they were to. How many."""
    query = sa.select(_D.seq, _D.created, _D.next_at, _D.state).where(_D.state.in_((*_WAITING, "held")))
    let_go = sa.and_(_D.state == "pending", _D.next_at > now)
    held_on = sa.and_(_D.state == "held", _D.role == "", _D.next_at > now + FARTHEST)
    ahead = tx.execute(query.where(sa.or_(_D.created > now, let_go, held_on))).all()
    for row in ahead:
        waits = row.state == "held" and row.next_at is not None and row.created > now
        wait = row.next_at - row.created if waits else timedelta(0)
        values = {"created": min(row.created, now), "next_at": now + max(wait, timedelta(0))}
        tx.execute(sa.update(t.delivery).where(_D.seq == row.seq).values(values))
    return len(ahead)


def get(tx: Connection, delivery_id: str) -> Delivery | None:
    row = tx.execute(selected().where(_D.id == delivery_id)).mappings().first()
    return None if row is None else delivery_of(row)


def all_deliveries(
    tx: Connection,
    limit: int | None = None,
    *,
    states: Collection[str] = (),
    channel: str | None = None,
    recipient: str | None = None,
    alert_id: str | None = None,
) -> tuple[Delivery, ...]:
    """Deliveries in the order in which they were written, only of those asked for; with `limit` the latest."""
    query = selected()
    if states:
        query = query.where(_D.state.in_(sorted(states)))
    for column, value in ((_D.channel, channel), (_D.recipient, recipient), (_D.alert_id, alert_id)):
        if value is not None:
            query = query.where(column == value)
    rows = tx.execute(query.order_by(_D.seq.desc()).limit(limit)).mappings()
    return tuple(delivery_of(row) for row in rows)[::-1]


def attempts_of(tx: Connection, delivery_id: str) -> tuple[Attempt, ...]:
    """The attempts at a delivery, the first one first."""
    a = t.attempt.c
    query = sa.select(a.n, a.started, a.ended, a.outcome, a.code, a.detail).order_by(a.n)
    return tuple(Attempt(*row) for row in tx.execute(query.where(a.delivery_seq == _seq(tx, delivery_id))))


def revive(tx: Connection, delivery_id: str, now: datetime) -> bool:
    """Have a delivery that was given up, suppressed or is waiting tried at `now`. Whether it was one of those.

    One that no message could be made for has nothing to send: a mail server would take it all the same.
    """
    statement = sa.update(t.delivery).where(_D.id == delivery_id, _D.state.not_in(("sent", "leased")))
    statement = statement.where(sa.func.length(_D.payload) > 0)
    values = {"state": "retry", "next_at": now, "done": None, "rule": "by-hand", "revived": now}
    return tx.execute(statement.values(values)).rowcount == 1


def drop(tx: Connection, delivery_id: str, now: datetime) -> bool:
    """Have a delivery that is not settled go to nobody. Whether it was not."""
    statement = sa.update(t.delivery).where(_D.id == delivery_id, _D.state.in_((*_WAITING, "held", "dead")))
    values = {"state": "suppressed", "next_at": None, "done": now, "rule": "dropped"}
    return tx.execute(statement.values(values)).rowcount == 1


def sent_since(tx: Connection, target: Target, since: datetime) -> tuple[datetime, ...]:
    """When messages were accepted for a target at or after `since`, the earliest first: what a cap counts."""
    query = sa.select(_D.done).where(_D.state == "sent", _D.done >= since)
    query = query.where(*(_D[name] == getattr(target, name) for name in TARGET)).order_by(_D.done)
    return tuple(done for done in tx.execute(query).scalars() if done is not None)


@cache
def selected() -> sa.Select[Any]:
    """Whole deliveries, with the thread of the first message of the event to the target and the trace of their alert:
    for `delivery_of`."""
    first = t.delivery.alias("first")
    reference = (
        sa.select(first.c.provider_ref)
        .where(
            first.c.event_id == _D.event_id,
            *(first.c[name] == _D[name] for name in TARGET),
            first.c.seq < _D.seq,
            first.c.state == "sent",
            first.c.provider_ref.is_not(None),
        )
        .order_by(first.c.seq)
        .limit(1)
        .scalar_subquery()
    )
    alert = t.alert.alias("told")
    trace = sa.select(alert.c.trace).where(alert.c.id == _D.alert_id).scalar_subquery()
    return sa.select(t.delivery, sa.func.coalesce(_D.thread, reference).label("reference"), trace.label("trace"))


def delivery_of(row: sa.RowMapping) -> Delivery:
    """A row of `selected`."""
    values = {name: row[name] for name in _PLAIN} | {"payload": bytes(row["payload"]), "thread": row["reference"]}
    values["trace"] = row["trace"]
    return Delivery(target=Target(**{name: row[name] for name in TARGET}), **values)


def _seq(tx: Connection, delivery_id: str) -> int:
    seq: int | None = tx.execute(sa.select(_D.seq).where(_D.id == delivery_id)).scalar()
    if seq is None:
        raise StoreError(f"the store has no delivery {delivery_id}")
    return seq
