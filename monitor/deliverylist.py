"""Deliveries in words and as JSON Lines, for `parley deliveries` and `parley alerts show`: what became of each message.

What is printed never holds a payload's bytes or a secret: outcomes are kept without them.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from alerts.records import Alert, Delivery
from monitor.store.deliveries import Attempt

# What the rules of a delivery mean, for a person; the others say it themselves.
_RULES = {
    "quiet": "quiet hours of the recipient",
    "cap": "the recipient has had as many messages as its cap allows",
    "gathering": "updates of one event wait for each other",
    "digest": "comes with the recipient's digest",
    "escalation": "goes out unless somebody acknowledges the event",
    "failover": "goes out unless the first channel takes the message",
    "back-off": "tried in vain, and again a little later each time",
    "retry-after": "the far end asked for this much time",
    "resend-same-id": "nobody knows whether it was taken: it goes again under the same id",
    "credential-pause": "the far end refuses our credentials: mend them",
    "by-hand": "put back by hand",
    "dropped": "dropped by hand",
    "no-recipient": "the recipient is not in config/parley.yaml any more",
    "muted": "muted",
    "given-up": "tried for as long as delivery.give_up_after allows",
    "bad-target": "the far end does not know the address",
    "bad-content": "the far end takes no such message, not even as plain text",
    "gathered": "told with a later update",
    "in-digest": "told in a digest",
    "overtaken": "a later message of the event was sent already",
    "stale": "too old to be told",
    "acknowledged": "somebody acknowledged the event",
    "first-channel-sent": "the first channel took it",
    "failed-over": "told by the recipient's other channel",
}


def delivery_line(delivery: Delivery, attempts: Sequence[Attempt] | None = None) -> str:
    """One delivery as JSON; with its `attempts` where they are given. Times are ISO 8601 in UTC."""
    value: dict[str, object] = {
        "id": delivery.id,
        "alert_id": delivery.alert_id,
        "event_id": delivery.event_id,
        "recipient": delivery.target.recipient,
        "channel": delivery.target.channel,
        "kind": delivery.target.kind,
        "address": delivery.target.address,
        "state": delivery.state,
        "rule": delivery.rule,
        "severity": delivery.severity,
        "created": _iso(delivery.created),
        "next_at": _iso(delivery.next_at),
        "done": _iso(delivery.done),
        "attempts": delivery.attempts,
        "reference": delivery.provider_ref,
        "last_error": delivery.last_error,
        "role": delivery.role,
        "stands_for": delivery.stands_for,
        "trace": delivery.trace,
    }
    if attempts is not None:
        value["tries"] = [
            {
                "n": each.n,
                "started": _iso(each.started),
                "ended": _iso(each.ended),
                "outcome": each.outcome,
                "code": each.code,
                "detail": each.detail,
            }
            for each in attempts
        ]
    return json.dumps(value, ensure_ascii=False)


def in_short(delivery: Delivery, alert: Alert | None) -> str:
    """A delivery in three lines: its id and state, whom it goes to, what it says."""
    target = delivery.target
    what = f"{alert.reason}  {alert.title}" if alert else delivery.alert_id
    whom = f"to {target.recipient} ({target.channel}, {target.address})"
    return f"{delivery.id}  {standing(delivery)}\n    {whom}\n    {what}"


def in_full(delivery: Delivery, alert: Alert | None, attempts: Sequence[Attempt]) -> Iterator[str]:
    """A delivery with every attempt at it."""
    yield in_short(delivery, alert)
    yield f"    alert {delivery.alert_id}, severity {delivery.severity}, made {_moment(delivery.created)}"
    if delivery.trace:
        yield f"    trace {delivery.trace}; `parley trace {delivery.trace}` shows all of it"
    if delivery.stands_for:
        yield f"    {'follows' if delivery.role == 'escalation' else 'stands in for'} {delivery.stands_for}"
    if delivery.provider_ref:
        yield f"    the far end calls it {delivery.provider_ref}"
    if delivery.last_error:
        yield f"    last error: {delivery.last_error}"
    yield "attempts:" if attempts else "attempts: none"
    for each in attempts:
        ended = f"{(each.ended - each.started).total_seconds():.1f} s" if each.ended else "under way"
        came = " ".join(part for part in (each.outcome, each.code, each.detail) if part)
        yield f"  {each.n}. {_moment(each.started)}  {ended}  {came}".rstrip()


def standing(delivery: Delivery) -> str:
    """The state of a delivery in one line, with its rule and what comes next."""
    said = f"{delivery.state}"
    if delivery.state == "sent" and delivery.done:
        return f"{said} {_moment(delivery.done)}"
    if delivery.rule:
        said += f": {meaning(delivery.rule)}"
    return f"{said}, next {_moment(delivery.next_at)}" if delivery.next_at else said


def meaning(rule: str) -> str:
    """The rule of a delivery with what stands behind it, and in words."""
    name, _, behind = rule.partition(":")
    said = name + (f" {behind.strip()}" if behind else "")
    return f"{said} ({_RULES[name]})" if _RULES.get(name, name) != name else said


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
