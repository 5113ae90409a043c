"""PURE: several alerts as one: the updates of an event that came together, a recipient's digest."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.own import own_alert
from alerts.records import Alert, Fact, Source
from alerts.rules import Mute
from alerts.wording import day_words

_ADVICE = "`parley deliveries` shows each of them"
_STRENGTH = ("confirmed", "corrected", "advanced", "new", "reversed")


def strength(alert: Alert) -> int:
    """How much a reason weighs when several come together: new and advanced are new, reversed is above all."""
    return _STRENGTH.index(alert.reason) if alert.reason in _STRENGTH else len(_STRENGTH)


def merged(alerts: Sequence[Alert]) -> Alert:
    """The alerts of one event, the oldest first, as one: the event as the newest has it, for the strongest reason.

    The article and its sentences are those of the newest alert of that reason; what has changed is what all of them
    brought, of one source's word for a slot the newest.
    """
    newest, strongest = alerts[-1], max(reversed(alerts), key=strength)
    since = {(fact.slot, fact.source.url): fact for alert in alerts for fact in alert.since}
    edits = dict.fromkeys(edit for alert in alerts for edit in alert.edits)
    return replace(
        newest,
        id=strongest.id,
        reason=strongest.reason,
        source=strongest.source,
        quotes=strongest.quotes,
        since=tuple(since.values()),
        edits=tuple(edits),
        rules=tuple(dict.fromkeys(rule for alert in alerts for rule in alert.rules)),
    )


def digest_of(
    members: Sequence[Alert],
    ids: Iterable[str],
    recipient: str,
    zone: ZoneInfo,
    since: datetime,
    now: datetime,
    mutes: Iterable[Mute] = (),
) -> Alert:
    """The alerts of several events as one digest, of reason `digest`.

    A fact for each member: its reason, title, article and first sentence; in `since`, one for each mute in force.
    `ids` are those of what it carries, from which its own is made. `since` is when the first of them was made.
    """
    many = "1 alert" if len(members) == 1 else f"{len(members)} alerts"
    watches = {alert.watch for alert in members}
    own = Source("", _ADVICE, "Parley", "parley", now, now)
    return own_alert(
        id="digest-" + hashlib.sha256("|".join(("digest", recipient, *sorted(ids))).encode()).hexdigest()[:20],
        reason="digest",
        watch=watches.pop() if len(watches) == 1 else "",
        kind="digest",
        status="digest",
        event_id=f"digest-{recipient}-{now:%Y%m%dT%H%M%SZ}",
        title=f"{many} held {_from_to(since.astimezone(zone), now.astimezone(zone))}",
        advice=_ADVICE,
        articles=len(members),
        families=len({alert.source.family for alert in members}),
        now=now,
        facts=(
            Fact(alert.reason, alert.title, alert.source, alert.quotes[0] if alert.quotes else None)
            for alert in members
        ),
        since=(Fact("muted", mute_words(each, zone), own) for each in mutes),
        label="digest",
    )


def mute_words(mute: Mute, zone: ZoneInfo) -> str:
    """event ru-ua-4f2 until 2 June 2025 09:00: read already."""
    end = mute.until.astimezone(zone)
    return f"{mute.scope} {mute.value} until {day_words(end.date())} {end:%H:%M}: {mute.comment}"


def _from_to(start: datetime, end: datetime) -> str:
    """By the clock alone within a day, from 22:00 to 07:00; with the days beyond that."""
    if end - start < timedelta(days=1):
        return f"from {start:%H:%M} to {end:%H:%M}"
    return f"from {day_words(start.date())} {start:%H:%M} to {day_words(end.date())} {end:%H:%M}"
