"""How it stands with the delivery that another one is held for: whether an escalation or a failover has to go out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from alerts.records import Alert, Delivery
from alerts.routing import routed
from alerts.rules import Mailing
from alerts.wording import span_words
from monitor.store import deliveries
from monitor.store.mutes import acknowledged

_CARRIED = ("gathered", "in-digest", "overtaken", "failed-over")
_USUAL = timedelta(minutes=30)
_MESSAGES = {"email": "mail", "slack": "Slack message", "slack_webhook": "Slack message"}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is to become of the held one: suppressed for `rule`, held until `until`, else sent with `note`."""

    rule: str = ""
    until: datetime | None = None
    note: str = ""


def standing_of(
    tx: Connection, delivery: Delivery, alert: Alert, event_id: str, mailing: Mailing, now: datetime
) -> Standing:
    """Of an escalation or a failover that is due. `event_id` is what the alert's event is called now.

    What the first recipient has not been sent for a reason (quiet hours, a cap) can neither be acknowledged nor fail:
    the clock starts when it goes out. Where another message carries its news, that one counts.
    """
    if delivery.role == "escalation":
        for event in (delivery.event_id, event_id):
            ack = acknowledged(tx, event, alert.decided)
            if ack is not None:
                return Standing(f"acknowledged: by {ack.by}" + (f": {ack.comment}" if ack.comment else ""))
    first = _carrier(tx, delivery)
    if first is not None and first.state == "suppressed":
        return Standing(first.rule)
    if first is not None and first.state == "held":
        return Standing(until=max(first.next_at or now, now) + _span(delivery, alert, first, mailing))
    if delivery.role == "escalation":
        told = first.done if first is not None and first.state == "sent" and first.done else alert.decided
        return Standing(note=f"Nobody acknowledged this within {span_words(now - told)}.")
    if first is not None and first.state == "sent":
        return Standing("first-channel-sent")
    return Standing(note=_in_place_of(first, mailing))


def _carrier(tx: Connection, delivery: Delivery) -> Delivery | None:
    """The delivery that this one stands for, or the one that carries its news by now."""
    first = deliveries.get(tx, delivery.stands_for or "")
    seen = set()
    while first is not None and first.state == "suppressed" and first.id not in seen:
        seen.add(first.id)
        rule, _, other = first.rule.partition(": ")
        if rule not in _CARRIED:
            break
        first = deliveries.get(tx, other)
    return first


def _span(delivery: Delivery, alert: Alert, first: Delivery, mailing: Mailing) -> timedelta:
    if delivery.role == "failover":
        recipient = mailing.recipients.get(first.target.recipient)
        return recipient.failover if recipient else _USUAL
    steps = [step for each in routed(alert, mailing) for step in each.steps]
    return min((step.after for step in steps if step.recipient.target == delivery.target), default=_USUAL)


def _in_place_of(first: Delivery | None, mailing: Mailing) -> str:
    if first is None:
        return ""
    message = f"the {_MESSAGES.get(first.target.kind, 'message')} to {first.target.recipient}"
    if first.state == "dead":
        return f"Sent to you because {message} could not be delivered."
    recipient = mailing.recipients.get(first.target.recipient)
    within = span_words(recipient.failover if recipient else _USUAL)
    return f"Sent to you because {message} was not accepted within {within}."
