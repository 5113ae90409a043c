"""One look at the service itself: what is wrong is remembered and told, in one transaction, through the outbox.

A message goes to who is to hear of trouble, by a channel that is not the one in trouble where there is another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from alerts.records import Alert, Fact, Source
from alerts.rules import UTC, Mailing, Route, SeverityRule
from monitor.mailing import post
from monitor.notices import notice
from monitor.store import trouble
from monitor.traces import trace_of
from monitor.trouble import LATELY, Limits, Observed, Tell, hearers, judge
from monitor.troublewords import rows, title


@dataclass(frozen=True, slots=True)
class Told:
    """A message about trouble: its line, who gets it, and whether a channel that works leads there. `alert_id` and
    `trace` are what it is followed by."""

    tell: Tell
    title: str
    to: tuple[str, ...]
    reaches: bool
    details: tuple[str, ...]
    alert_id: str
    trace: str


def look(
    tx: Connection, seen: Observed, *, to: Sequence[str], mailing: Mailing, limits: Limits, now: datetime
) -> tuple[Told, ...]:
    """Take what the store shows to what was `seen`, tell what is to be told, and remember it.

    `to` are the recipients who hear of trouble; with none of them it is remembered, and told in the log alone.
    """
    known = tuple(mailing.recipients)
    seen = replace(seen, queues=trouble.queues(tx, known, now), dead=trouble.dead(tx, known, now - LATELY))
    judged = judge(seen, trouble.rows(tx), limits, now)
    trouble.write(tx, judged.rows, judged.gone)
    down = frozenset(each.name for each in seen.channels if each.down)
    targets = {name: each.target for name, each in mailing.recipients.items()}
    told = []
    for tell in judged.tells:
        names, reaches = hearers(to, targets, down, tell)
        alert = _post(tx, tell, names, mailing, now)
        trace = trace_of(alert.id, alert.decided)
        details = tuple(f"{label}: {text}" for label, text in rows(tell, now))
        told.append(Told(tell, title(tell), names, reaches, details, alert.id, trace))
    return tuple(told)


def _post(tx: Connection, tell: Tell, to: Sequence[str], mailing: Mailing, now: datetime) -> Alert:
    first = tell.matters[0]
    zones = {mailing.recipients[name].zone for name in to}
    zone = zones.pop() if len(zones) == 1 else UTC  # one message for all of them
    alert = notice(
        title(tell),
        [Fact("trouble", text, Source("", None, label, "parley", None, now)) for label, text in rows(tell, now, zone)],
        turn="urgent" if tell.severity == "urgent" else tell.turn,
        # The same for the recovery: it stands under what it ends.
        event_id=f"self-{first.key.replace(':', '-')}-{first.since:%Y%m%dT%H%M%S}",
        label="trouble" if len(tell.matters) == 1 else "troubles",
        count=len(tell.matters),
        advice="`parley status` shows what is wrong and what waits",
        now=now,
    )
    routes = (Route(tuple(to)),) if to else ()
    own = replace(mailing, routes=routes, severities=(SeverityRule(tell.severity),))
    post(tx, alert, own, now, earlier=tell.turn != "bad")
    return alert
