"""What was held is looked at again when its moment has come: it goes out, waits on, or is told in another message.

Each recipient's rows are decided together, for that is who hears: the messages of one event become one, a digest is one
message, a cap counts them all. Everything is read and written in the transaction that is given, so that a crash leaves
it as it was and a repeat finds nothing to do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from alerts import throttle
from alerts.bundle import digest_of, merged, strength
from alerts.records import Alert, Delivery, Severity
from alerts.rules import Mailing, Mute, Recipient
from monitor.envelopes import failover, made_id, rendered, unmade
from monitor.standing import Standing, standing_of
from monitor.store import alerts as stored_alerts
from monitor.store import deliveries, held
from monitor.store import mutes as stored_mutes

RECIPIENTS = 50
"""How many recipients one transaction looks at."""
MOST = 500
"""How many rows of one recipient it looks at; what a digest holds at most."""
_URGENCY: Mapping[Severity, int] = {"low": 0, "normal": 1, "urgent": 2}
_DAY = timedelta(days=1)
_SOON = timedelta(minutes=1)

Told = Callable[[Alert, str, Sequence[str]], None]
"""Hears of each digest: the alert that it is, its recipient, and the ids of the alerts that it tells of."""
Group = list[Delivery]
"""What one recipient shall hear of one event, the oldest first."""


def release(tx: Connection, mailing: Mailing, now: datetime, told: Told = lambda *_: None) -> int:
    """Look at what is held and due, and take up what an expired lease left. How many deliveries were written.

    A call looks at so many recipients and rows at most; what is left is due still, and the next call's.
    """
    written = deliveries.recover(tx, now, expired_only=True)
    names = held.recipients_due(tx, now, RECIPIENTS)
    mutes = stored_mutes.mutes(tx, now) if names else ()
    for name in names:
        rows = held.due_of(tx, name, now, MOST)
        recipient = mailing.recipients.get(name)
        if recipient is None:
            written += _orphaned(tx, rows, now)
        else:
            written += _Looking(tx, mailing, recipient, mutes, now, told).at(rows)
    return written


def muted(mute: Mute) -> str:
    """The rule of a delivery that a mute suppressed."""
    return f"muted: {mute.scope} {mute.value} until {mute.until:%Y-%m-%d %H:%M} UTC: {mute.comment}"


def _orphaned(tx: Connection, rows: Sequence[Delivery], now: datetime) -> int:
    """Nobody is there to get these any more. That is told as every loss is, and what stands in for them goes out; what
    stood in itself leaves nothing untold."""
    first = [row for row in rows if not row.role]
    written = held.suppress(tx, [row.id for row in rows if row.role], "no-recipient", now)
    for row in first:
        error = f"{row.target.recipient} is not among the recipients in config/parley.yaml any more"
        written += held.bury(tx, row, "no-recipient", error, now)
    return written


class _Looking:
    """One look at the due rows of one recipient."""

    def __init__(
        self,
        tx: Connection,
        mailing: Mailing,
        recipient: Recipient,
        mutes: Sequence[Mute],
        now: datetime,
        told: Told,
    ) -> None:
        self._told = told
        self._tx, self._mailing, self._recipient, self._mutes, self._now = tx, mailing, recipient, mutes, now
        self._name = recipient.target.recipient
        self._alerts: dict[str, tuple[Alert, str]] = {}
        self._notes: dict[str, str] = {}
        self._ahead = held.Ahead({}, {})

    def at(self, rows: Sequence[Delivery]) -> int:
        self._alerts = stored_alerts.several(self._tx, {row.alert_id for row in rows})
        self._ahead = held.ahead_of(self._tx, rows, {event for _, event in self._alerts.values()}, self._name)
        written = 0
        items: dict[str, Group] = {}
        bound: dict[str, Group] = {}
        for row in rows:
            settled = self._settled(row)
            written += settled
            if not settled:
                together = row.rule == "digest" or (row.rule == "cap" and row.severity != "urgent")
                place = bound if together else items
                place.setdefault(self._event_of(row), []).append(row)
        for event_id in bound.keys() & items.keys():
            bound[event_id] += items.pop(event_id)
        return written + self._decide(list(items.values()), list(bound.values()))

    def _event_of(self, row: Delivery) -> str:
        """What its alert counts for now: events may have been made one, or two, since it was written."""
        return self._alerts[row.alert_id][1]

    def _settled(self, row: Delivery) -> int:
        """Suppress or hold on a row for what only concerns itself. How many were written: 0 when it is to be told."""
        alert, event_id = self._alerts[row.alert_id]
        # What is for a digest waits for its moment however long that is.
        since = row.next_at if row.rule == "digest" and row.next_at else row.created
        if throttle.stale(since, self._mailing.stale_after, self._now):
            return self._suppress([row], "stale")
        mute = throttle.muting(alert, (event_id,), self._mutes, self._now)
        if mute is not None:
            return self._suppress([row], muted(mute))
        overtaking = self._ahead.overtaking.get(row.id)
        if overtaking is not None:
            if overtaking.sent:
                return self._suppress([row], f"overtaken: {overtaking.id}")
            # It tells this too once it is accepted; if it never is, this one still has to.
            until = max(overtaking.next_at or self._now, self._now + _SOON)
            return held.hold(self._tx, [row.id], until)
        told = self._ahead.told.get(row.alert_id)
        if told is not None:
            return self._suppress([row], f"gathered: {told}")
        if not row.role:
            return 0
        found: Standing = standing_of(self._tx, row, alert, event_id, self._mailing, self._now)
        if found.rule:
            return self._suppress([row], found.rule)
        if found.until is not None:
            return held.hold(self._tx, [row.id], max(found.until, self._now + _SOON), row.role)
        self._notes[row.id] = found.note
        return 0

    def _decide(self, items: list[Group], bound: list[Group]) -> int:
        """Hold on for quiet hours and the cap; send the rest, each by itself or as one digest."""
        written = 0
        ringing = []
        for group in items:
            hush = self._hushed([group])
            if hush is None:
                ringing.append(group)
            else:
                rule = "quiet" if hush.then == "hold" else "digest"
                written += held.hold(self._tx, _ids(group), hush.until, rule)
        if bound and (hush := self._hushed(bound)) is not None:
            written += self._hold_on(bound, hush.until)
            bound = []
        urgent, ringing = self._urgent(ringing)
        written += sum(self._send(group) for group in urgent)
        cap = self._recipient.cap
        spent = held.spent(self._tx, self._recipient.target, self._now - _DAY)
        room = throttle.room(cap, spent.sent, spent.under_way, self._now)
        if room is not None and room < len(ringing) + bool(bound):
            if room == 0:
                for group in ringing:
                    written += held.hold(self._tx, _ids(group), self._room_at(_severity(group), spent), "cap")
                return written + self._hold_on(bound, self._room_at("normal", spent))
            ringing.sort(key=lambda group: -_URGENCY[_severity(group)])
            ringing, bound = ringing[: room - 1], [*ringing[room - 1 :], *bound]
        if len(bound) == 1:
            ringing.append(bound.pop())
        return written + sum(self._send(group) for group in ringing) + (self._send_digest(bound) if bound else 0)

    def _urgent(self, groups: list[Group]) -> tuple[list[Group], list[Group]]:
        """The urgent ones for which their own cap has room, and the others."""
        spent = held.spent(self._tx, self._recipient.target, self._now - _DAY)
        room = throttle.room(self._recipient.cap.of("urgent"), spent.sent, spent.under_way, self._now)
        urgent = [group for group in groups if _severity(group) == "urgent"][:room]
        return urgent, [group for group in groups if group not in urgent]

    def _room_at(self, severity: Severity, spent: held.Spent) -> datetime:
        until = throttle.room_at(self._recipient.cap.of(severity), spent.sent, spent.under_way, self._now)
        return max(until, self._now + timedelta(seconds=1))

    def _hushed(self, groups: Iterable[Group]) -> throttle.Hush | None:
        severity = max((_severity(group) for group in groups), key=lambda each: _URGENCY[each])
        return throttle.hushed(self._recipient.quiet, self._recipient.zone, severity, self._now)

    def _hold_on(self, groups: Iterable[Group], until: datetime) -> int:
        return held.hold(self._tx, [each for group in groups for each in _ids(group)], until)

    def _send(self, group: Group) -> int:
        """The messages of one event as one, with those that would have followed soon."""
        group = self._with_followers(group)
        told = [self._alerts[row.alert_id][0] for row in group]
        carrier = max(reversed(group), key=lambda row: strength(self._alerts[row.alert_id][0]))
        alert = merged(told) if len(group) > 1 else told[0]
        severity = _severity(group)
        note = next((self._notes[row.id] for row in group if row.id in self._notes), "")
        target = self._recipient.target
        event_id = self._event_of(carrier)
        message = rendered(
            self._tx, alert, target, self._mailing, delivery_id=carrier.id, events=(event_id,), note=note
        )
        others = [row for row in group if row.id != carrier.id]
        if message.error is not None:
            written = held.bury(self._tx, carrier, "bad-content", message.error, self._now)
        else:
            written = held.free(self._tx, carrier, message.payload, target, severity, self._now)
            written += self._on_from(carrier)
        return written + self._suppress(others, f"gathered: {carrier.id}")

    def _with_followers(self, group: Group) -> Group:
        """With the updates that wait for each other still, and what quiet hours hold, of the same event."""
        known = {row.id for row in group}
        more = [
            row
            for row in held.of_event(self._tx, self._event_of(group[0]), self._name)
            if row.id not in known and row.rule in ("gathering", "quiet") and row.next_at and row.next_at > self._now
        ]
        self._alerts |= stored_alerts.several(self._tx, {row.alert_id for row in more} - self._alerts.keys())
        return sorted([*group, *more], key=lambda row: row.created) if more else group

    def _on_from(self, carrier: Delivery) -> int:
        """One that stands in for another can have one of its own."""
        if not carrier.role:
            return 0
        alert = self._alerts[carrier.alert_id][0]
        other = failover(self._tx, alert, carrier, self._recipient, self._mailing, self._now)
        if other is None or held.told_of(self._tx, alert.id, other.target.recipient):
            return 0
        return stored_alerts.add(self._tx, alert, [other])

    def _send_digest(self, groups: list[Group]) -> int:
        """Several events as one message."""
        rows = [row for group in groups for row in group]
        members = [merged([self._alerts[row.alert_id][0] for row in group]) for group in groups]
        recipient, target = self._recipient, self._recipient.target
        since = min(row.created for row in rows)
        alert = digest_of(members, _ids(rows), self._name, recipient.zone, since, self._now, self._mutes)
        delivery_id = made_id(alert.id, target)
        message = rendered(self._tx, alert, target, self._mailing, delivery_id=delivery_id, earlier=False)
        severity = max((_severity(group) for group in groups), key=lambda each: _URGENCY[each])
        made = Delivery(
            delivery_id, alert.id, alert.event_id, target, message.payload, self._now,
            next_at=self._now, severity=severity, role="digest",
        )  # fmt: skip
        if message.error is not None:
            made = unmade(made, message.error, self._now)
        self._told(alert, self._name, list(dict.fromkeys(row.alert_id for row in rows)))
        return stored_alerts.add(self._tx, alert, [made]) + self._suppress(rows, f"in-digest: {made.id}")

    def _suppress(self, rows: Sequence[Delivery], rule: str) -> int:
        return held.suppress(self._tx, _ids(rows), rule, self._now)


def _ids(rows: Iterable[Delivery]) -> list[str]:
    return [row.id for row in rows]


def _severity(group: Iterable[Delivery]) -> Severity:
    return max((row.severity for row in group), key=lambda each: _URGENCY[each])
