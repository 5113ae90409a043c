"""An alert as one delivery to one recipient: its id, its bytes, and the one that stands in for it elsewhere."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from alerts.compose import render
from alerts.records import INTERRUPTS, Alert, AlertsError, Delivery, Severity, Target
from alerts.rules import UTC, Mailing, Recipient
from monitor.store import alerts as stored_alerts
from monitor.store import held

FAILS_OVER: frozenset[str] = INTERRUPTS | {"notice"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """The bytes of a message, or why there are none."""

    payload: bytes
    error: str | None = None


def made_id(alert_id: str, target: Target, what: str = "") -> str:
    """The idempotency key of a delivery: the same decision always has the same one. `what`: of several, which."""
    parts = [alert_id, target.channel, target.address, *filter(None, [what])]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:20]


def rendered(
    tx: Connection,
    alert: Alert,
    target: Target,
    mailing: Mailing,
    *,
    delivery_id: str,
    events: Iterable[str] = (),
    earlier: bool = True,
    note: str = "",
) -> Rendered:
    """The message for a recipient as things stand.

    `events` are further ids that the alert's event is known by. `earlier` False: nobody was told of it before, so that
    nothing has to be looked up.
    """
    names = tuple(dict.fromkeys((alert.event_id, *events))) if earlier else ()
    recipient = mailing.recipients.get(target.recipient)
    opened = next((first for name in names if (first := stored_alerts.first_of(tx, name)) is not None), None)
    try:
        payload = render(
            alert,
            target,
            delivery_id=delivery_id,
            domain=mailing.domain,
            sender=mailing.senders.get(target.channel),
            earlier=bool(names) and held.told_before(tx, names, target.recipient),
            opened=opened if opened is not None and opened.id != alert.id else None,
            zone=recipient.zone if recipient else UTC,
            note=note,
        )
    except AlertsError as error:
        return Rendered(b"", str(error))
    return Rendered(payload)


def failover(
    tx: Connection, alert: Alert, first: Delivery, recipient: Recipient, mailing: Mailing, now: datetime
) -> Delivery | None:
    """The held delivery to a recipient's fallback, looked at when `first` should have been accepted.

    None without a fallback, for what does not interrupt, and where the fallback is told of the alert anyway.
    """
    other = mailing.recipients.get(recipient.fallback or "")
    if other is None or alert.reason not in FAILS_OVER:
        return None
    at = now if first.state == "dead" else now + recipient.failover
    return held_role(tx, alert, other.target, mailing, now, at, Role("failover", first.id, first.severity))


@dataclass(frozen=True, slots=True)
class Role:
    """What a held delivery is there for, and for which other one."""

    name: str
    stands_for: str
    severity: Severity


def held_role(
    tx: Connection, alert: Alert, target: Target, mailing: Mailing, now: datetime, at: datetime, role: Role
) -> Delivery:
    """A delivery that is held until `at` for its role, and rendered anew then; dead where no message can be made."""
    which = f"{role.name}|{role.stands_for}" if role.name == "failover" else role.name
    delivery_id = made_id(alert.id, target, which)
    message = rendered(tx, alert, target, mailing, delivery_id=delivery_id, earlier=False)
    made = Delivery(
        delivery_id,
        alert.id,
        alert.event_id,
        target,
        message.payload,
        now,
        state="held",
        next_at=at,
        severity=role.severity,
        rule=role.name,
        stands_for=role.stands_for,
        role="failover" if role.name == "failover" else "escalation",
    )
    return made if message.error is None else unmade(made, message.error, now)


def unmade(delivery: Delivery, error: str, now: datetime) -> Delivery:
    """A delivery that no message can be made for: it costs this recipient alone, and can be seen."""
    return replace(delivery, state="dead", rule="bad-content", last_error=error, next_at=None, done=now)
