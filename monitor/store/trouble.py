"""Trouble of the service itself: what is remembered of it, and what the outbox shows of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alerts.records import OPEN
from monitor.store import tables as t
from monitor.store.columns import UtcDateTime
from monitor.store.dialect import insert
from monitor.trouble import DeadSeen, QueueSeen, Row

_D, _T = t.delivery.c, t.trouble.c
_COLUMNS = (_T.key, _T.kind, _T.since, _T.told, _T.detail, _T.over, _T.times)
_FIRST = t.attempt.alias("first")
# Waiting since the first try; one that was held back before that, since it was let go.
_SINCE = sa.func.coalesce(_FIRST.c.started, _D.next_at, _D.created, type_=UtcDateTime)
# As an expression the state is of no use to an index: SQLite would read all that was ever sent by it (100 ms for
# 100,000 rows, measured), where the one by recipient and time finds the last hour in 3 ms.
_STATE = sa.func.coalesce(_D.state, "")
_TOO_OLD = "waited longer than delivery.stale_after"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Tally:
    """The deliveries of one channel that are not settled, and those given up. `held` by rule; `oldest` waits since."""

    channel: str
    waiting: int = 0
    oldest: datetime | None = None
    held: Mapping[str, int] = field(default_factory=dict)
    dead: int = 0


def rows(tx: Connection) -> dict[str, Row]:
    """What is remembered, by key."""
    query = sa.select(*_COLUMNS).order_by(_T.since, _T.key)
    return {row.key: Row(**row._asdict()) for row in tx.execute(query)}


def write(tx: Connection, changed: Iterable[Row], gone: Collection[str]) -> None:
    """Remember these rows as they are now, and forget those."""
    for row in changed:
        values = {column.name: getattr(row, column.name) for column in _COLUMNS}
        statement = insert(tx, t.trouble).values(values)
        tx.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))
    if gone:
        tx.execute(sa.delete(t.trouble).where(_T.key.in_(gone)))


def queues(tx: Connection, recipients: Collection[str], now: datetime) -> tuple[QueueSeen, ...]:
    """What waits to be sent, by channel. `recipients` are all that there are: by them the index finds what was sent."""
    sent = _sent(tx, recipients, now - HOUR)
    seen = []
    for row in tx.execute(_waiting()):
        oldest = sa.select(_D.last_error).select_from(_open()).where(_D.channel == row.channel, _D.state.in_(OPEN))
        error = tx.execute(oldest.order_by(_SINCE, _D.seq).limit(1)).scalar()
        seen.append(QueueSeen(row.channel, row.number, row.since, sent.get(row.channel, 0), error or ""))
    return tuple(seen)


def dead(tx: Connection, recipients: Collection[str], since: datetime) -> tuple[DeadSeen, ...]:
    """What was given up at or after `since`, the earliest first, or was held until it was too old to be told to any of
    `recipients`. Notices are not: a notice of a notice never ends."""
    lost = (
        sa.select(_D.channel, _D.recipient, _D.rule, _D.done, t.alert.c.body["title"].as_string(), _D.last_error)
        .join(t.alert, t.alert.c.id == _D.alert_id)
        .where(_D.done >= since, t.alert.c.reason != "notice")
        .order_by(_D.done, _D.seq)
    )
    stale = lost.where(_D.recipient.in_(recipients), _STATE == "suppressed", _D.rule == "stale", _D.role == "")
    found = [*tx.execute(lost.where(_D.state == "dead")), *tx.execute(stale)]
    return tuple(
        DeadSeen(channel, recipient, rule, at, title or "", _TOO_OLD if rule == "stale" else error or "")
        for channel, recipient, rule, at, title, error in sorted(found, key=lambda row: row.done)
    )


def tallies(tx: Connection) -> tuple[Tally, ...]:
    """What waits, is held and was given up, by channel."""
    waiting = {row.channel: row for row in tx.execute(_waiting())}
    held: dict[str, dict[str, int]] = {}
    query = sa.select(_D.channel, _D.rule, sa.func.count()).where(_D.state == "held").group_by(_D.channel, _D.rule)
    for channel, rule, number in tx.execute(query.order_by(_D.channel, _D.rule)):
        held.setdefault(channel, {})[rule] = number
    lost = sa.select(_D.channel, sa.func.count()).where(_D.state == "dead").group_by(_D.channel)
    given_up = {row[0]: row[1] for row in tx.execute(lost)}
    return tuple(
        Tally(
            name,
            waiting[name].number if name in waiting else 0,
            waiting[name].since if name in waiting else None,
            held.get(name, {}),
            given_up.get(name, 0),
        )
        for name in sorted({*waiting, *held, *given_up})
    )


def _waiting() -> sa.Select[tuple[str, int, datetime]]:
    number = sa.func.count().label("number")
    since = sa.func.min(_SINCE, type_=UtcDateTime).label("since")
    query = sa.select(_D.channel, number, since).select_from(_open())
    return query.where(_D.state.in_(OPEN)).group_by(_D.channel).order_by(_D.channel)


def _open() -> sa.Join:
    return t.delivery.outerjoin(_FIRST, sa.and_(_FIRST.c.delivery_seq == _D.seq, _FIRST.c.n == 1))


def _sent(tx: Connection, recipients: Collection[str], since: datetime) -> dict[str, int]:
    query = sa.select(_D.channel, sa.func.count()).where(
        _D.recipient.in_(recipients), _D.done >= since, _STATE == "sent"
    )
    return {row[0]: row[1] for row in tx.execute(query.group_by(_D.channel))}
