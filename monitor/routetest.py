"""Who would hear of an alert, when and why: the transaction that posts it, run and taken back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from alerts.headline import headline
from alerts.records import Alert, Delivery, Reason, Severity, Source
from alerts.routing import Routed, routed
from alerts.rules import Mailing, Recipient
from alerts.wording import span_words
from monitor.deliverylist import meaning
from monitor.mailing import post
from monitor.store import Store, deliveries

STATUSES: Mapping[Reason, str] = {
    "new": "planned",
    "advanced": "concluded",
    "reversed": "postponed",
    "corrected": "concluded",
    "confirmed": "concluded",
}
"""What an event usually stands at when it is told for a reason."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What one recipient would get. `delivery` is None for who gets nothing; `because` says which route, or why none.

    One recipient may have several: at once, and another one's in case that is not taken.
    """

    recipient: Recipient
    severity: Severity
    because: str
    delivery: Delivery | None


def sample(watch: str, kind: str, reason: Reason, status: str, now: datetime) -> Alert:
    """An alert of an event that there is not, decided `now`."""
    source = Source("https://example.org/", "An article that is not there", "Example", "example", now, now)
    title = headline(
        kind=kind, label="", done="concluded", status=status, parties=(), ordinal=None, place=None, date=None, counts={}
    )
    return Alert(
        id="route-test", reason=reason, watch=watch, kind=kind, status=status, event_id="route-test", title=title,
        date=None, place=None, ordinal=None, series=None, counts={}, parties=(), source=source, quotes=(), articles=1,
        families=1, rules=(), decided=now,
    )  # fmt: skip


def planned(store: Store, alert: Alert, mailing: Mailing, now: datetime) -> tuple[Planned, ...]:
    """What posting `alert` at `now` would lead to, by what the store knows. Writes nothing."""
    with store.rehearse() as tx:
        return tuple(_posted(tx, replace(alert, id=f"{alert.id}.route-test", decided=now), mailing, now))


def _posted(tx: Connection, alert: Alert, mailing: Mailing, now: datetime) -> list[Planned]:
    post(tx, alert, mailing, now, earlier=False)
    made = deliveries.all_deliveries(tx, alert_id=alert.id)
    found = []
    for each in routed(alert, mailing):
        own = [one for one in made if one.target == each.recipient.target]
        found += [Planned(each.recipient, each.severity, _because(each, one, made, mailing), one) for one in own]
        if not own:
            found.append(Planned(each.recipient, each.severity, each.because, None))
    return found


def _because(each: Routed, one: Delivery, made: Sequence[Delivery], mailing: Mailing) -> str:
    """Why there is this delivery: by a route, or in case that another one is not acknowledged or not taken."""
    first = next((other for other in made if other.id == one.stands_for), None)
    if first is None:
        return each.because
    name = first.target.recipient
    if one.role == "failover":
        within = span_words(mailing.recipients[name].failover)
        return f"only if {first.target.channel} has not taken the message to {name} within {within} (its fallback)"
    return f"only if nobody acknowledges what {name} is told" if each.hears else each.because


def planned_line(each: Planned) -> str:
    """One line of JSON: `state` and `rule` as `parley deliveries` has them, `at` in UTC, null where nothing is sent."""
    made, target = each.delivery, each.recipient.target
    value = {
        "recipient": target.recipient,
        "channel": target.channel,
        "address": target.address,
        "state": made.state if made else None,
        "rule": made.rule if made else None,
        "at": made.next_at.isoformat() if made and made.next_at else None,
        "severity": each.severity,
        "because": each.because,
    }
    return json.dumps(value, ensure_ascii=False)


def in_words(each: Planned) -> str:
    """The same for a person, with the time by the recipient's clock."""
    target, made = each.recipient.target, each.delivery
    who = f"{target.recipient} ({target.channel}, {target.address})"
    if made is None:
        return f"{who}: nothing\n    {each.because}"
    if made.state == "held" and made.next_at:
        local = made.next_at.astimezone(each.recipient.zone)
        what = f"held until {local:%Y-%m-%d %H:%M} {each.recipient.zone.key}: {meaning(made.rule)}"
    elif made.state in ("suppressed", "dead"):
        what = f"{made.state}: {meaning(made.rule)}" + (f" ({made.last_error})" if made.last_error else "")
    else:
        what = "at once"
    return f"{who}: {what}\n    {each.because}; severity {each.severity}"
