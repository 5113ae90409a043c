"""An alert becomes deliveries, in the transaction that decided it."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection

from alerts.compose import render
from alerts.records import Alert, Delivery
from alerts.rules import Mailing
from monitor.store import alerts, deliveries


def post(tx: Connection, alert: Alert, mailing: Mailing, now: datetime, *, earlier: bool) -> int:
    """Write an alert and a delivery for each recipient that a route names. How many deliveries are new.

    Each is rendered once, so that every attempt sends the same bytes. `earlier`: people were told of the event before.
    """
    wanted: list[str] = []
    for route in mailing.routes:
        if (
            (not route.watches or alert.watch in route.watches)
            and (not route.kinds or alert.kind in route.kinds)
            and (not route.reasons or alert.reason in route.reasons)
        ):
            wanted += [name for name in route.to if name not in wanted]
    made = []
    for name in wanted:
        target = mailing.recipients[name].target
        delivery_id = hashlib.sha256(f"{alert.id}|{target.channel}|{target.address}".encode()).hexdigest()[:20]
        payload = render(
            alert,
            target,
            delivery_id=delivery_id,
            domain=mailing.domain,
            sender=mailing.senders.get(target.channel),
            earlier=earlier,
        )
        made.append(Delivery(delivery_id, alert.id, alert.event_id, target, payload, now, next_at=now))
    return alerts.add(tx, alert, made)


def release(tx: Connection, _mailing: Mailing, now: datetime) -> int:
    """Look at what is held and due, and take up what an expired lease left. How many deliveries were written."""
    return deliveries.recover(tx, now, expired_only=True)
