"""An alert becomes deliveries, in the transaction that decided it: sent now, held for a named reason, or suppressed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from alerts import throttle
from alerts.records import Alert, Delivery, Severity
from alerts.routing import Routed, routed
from alerts.rules import Mailing, Mute, Recipient
from monitor.envelopes import Role, failover, held_role, made_id, rendered, unmade
from monitor.releasing import muted, release
from monitor.store import alerts, deliveries, held
from monitor.store import mutes as stored_mutes

__all__ = ["post", "release", "resend"]

GATHERED: frozenset[str] = frozenset({"corrected", "confirmed"})
DAY = timedelta(days=1)


def post(
    tx: Connection, alert: Alert, mailing: Mailing, now: datetime, *, earlier: bool, trace: str | None = None
) -> int:
    """Write an alert and a delivery for each recipient that a route names. How many deliveries are new.

    Each is rendered here. Those of further recipients, for when nobody acknowledges or a channel takes nothing, are
    written with them and held. `earlier`: there were alerts of the event before; who was told is looked up. `trace`:
    what the alert came about by (`alerts.add`).
    """
    found = [each for each in routed(alert, mailing) if each.hears]
    mutes = stored_mutes.mutes(tx, now) if found else ()
    at_once = {each.recipient.target.recipient for each in found if each.digest is None}
    made: list[Delivery] = []
    for each in found:
        made += _deliveries(tx, alert, each, mailing, now, mutes, at_once, earlier=earlier)
    return alerts.add(tx, alert, made, trace)


def resend(
    tx: Connection, alert: Alert, mailing: Mailing, now: datetime, names: Sequence[str] = ()
) -> tuple[Delivery, ...]:
    """Write new deliveries of an alert that wait for nothing: to `names`, or to whom the routes lead it."""
    found = routed(alert, mailing)
    wanted = [each for each in found if (each.recipient.target.recipient in names if names else each.hears)]
    before = len(deliveries.all_deliveries(tx, alert_id=alert.id))
    made = []
    for each in wanted:
        delivery_id = made_id(alert.id, each.recipient.target, f"again|{before}")
        event = alerts.event_of(tx, alert.id)
        message = rendered(
            tx, alert, each.recipient.target, mailing, delivery_id=delivery_id, events=(event,) if event else ()
        )
        one = replace(_plain(alert, each, delivery_id, message.payload, now), rule="by-hand")
        made.append(one if message.error is None else unmade(one, message.error, now))
    alerts.add(tx, alert, made)
    return tuple(made)


def _deliveries(
    tx: Connection,
    alert: Alert,
    to: Routed,
    mailing: Mailing,
    now: datetime,
    mutes: Sequence[Mute],
    at_once: set[str],
    *,
    earlier: bool,
) -> Iterator[Delivery]:
    target = to.recipient.target
    delivery_id = made_id(alert.id, target)
    message = rendered(tx, alert, target, mailing, delivery_id=delivery_id, earlier=earlier)
    first = _plain(alert, to, delivery_id, message.payload, now)
    mute = throttle.muting(alert, (), mutes, now)
    if mute is not None:
        yield replace(first, state="suppressed", rule=muted(mute), next_at=None, done=now)
        return
    if message.error is not None:
        first = unmade(first, message.error, now)
    elif (hold := _hold(tx, alert, to, mailing, now)) is not None:
        first = replace(first, state="held", rule=hold[0], next_at=hold[1])
    yield first
    for step in to.steps:
        at = max(now, alert.decided + step.after)
        yield held_role(
            tx, alert, step.recipient.target, mailing, now, at, Role("escalation", first.id, first.severity)
        )
    if to.digest is None and to.recipient.fallback not in at_once:
        other = failover(tx, alert, first, to.recipient, mailing, now)
        if other is not None:
            yield other


def _plain(alert: Alert, to: Routed, delivery_id: str, payload: bytes, now: datetime) -> Delivery:
    return Delivery(
        delivery_id, alert.id, alert.event_id, to.recipient.target, payload, now, next_at=now, severity=to.severity
    )


def _hold(tx: Connection, alert: Alert, to: Routed, mailing: Mailing, now: datetime) -> tuple[str, datetime] | None:
    """Why a message does not go at once, and when to look again."""
    if to.digest is not None:
        return "digest", throttle.next_digest(to.digest, to.recipient.zone, now)
    if alert.reason in GATHERED:
        waiting = held.of_event(tx, alert.event_id, to.recipient.target.recipient)
        for ahead in waiting:
            # An update must not overtake what it updates; together they will be one message.
            if ahead.rule != "gathering" and ahead.next_at is not None and ahead.next_at > now:
                return ahead.rule, ahead.next_at
        first = next((each.next_at for each in waiting), None)
        until = throttle.gathered_until(first, mailing.gather, now)
        if until is not None:
            return "gathering", until
    hush = throttle.hushed(to.recipient.quiet, to.recipient.zone, to.severity, now)
    if hush is not None:
        return ("quiet" if hush.then == "hold" else "digest"), hush.until
    return _capped(tx, to.recipient, to.severity, now)


def _capped(tx: Connection, recipient: Recipient, severity: Severity, now: datetime) -> tuple[str, datetime] | None:
    cap = recipient.cap.of(severity)
    if cap.hour is None and cap.day is None:
        return None
    overflow = held.overflow_until(tx, recipient.target.recipient)
    if overflow is not None and severity != "urgent":
        # What is held already goes first, or a steady stream would leave no room for it.
        return "cap", overflow
    spent = held.spent(tx, recipient.target, now - DAY)
    if throttle.room(cap, spent.sent, spent.under_way, now) == 0:
        return "cap", throttle.room_at(cap, spent.sent, spent.under_way, now)
    return None
