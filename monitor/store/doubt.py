"""What a restored store cannot know: what was sent between its backup and its end.

Feeds show those stories still, so that they are alerted again, and a delivery made again has the id of the first time,
which is its Message-ID and what Slack is asked for. So whatever may have been sent in that span counts as an attempt
whose end nobody knows: a mail goes under the same Message-ID, Slack is looked through before anything is posted, and
where nobody can look the message says that it may be a repeat.
"""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import Connection

from alerts.records import Alert, Delivery
from monitor.store import alerts, meta

KEY = "restored"
SPAN = timedelta(days=30)
"""How long after a restore an alert can be of news from before it: `max_age` of watches, with much to spare."""


@dataclass(frozen=True, slots=True)
class Restored:
    """When the backup was made that the store is of, and when it was restored (aware UTC)."""

    made: datetime
    at: datetime


def mark(path: Path, *, made: datetime, now: datetime) -> None:
    """Write into the file of a store that nobody uses that it is of a backup `made` then, and restored `now`."""
    with closing(sqlite3.connect(path)) as store:
        was = store.execute("SELECT value FROM meta WHERE key = ?", (KEY,)).fetchone()
        before = _read(was[0]) if was else None
        if before is not None and made < before.at + SPAN:
            made = min(made, before.made)  # a backup of a restored store: what that one did not know is not known yet
        value = json.dumps({"made": made.astimezone(UTC).isoformat(), "at": now.astimezone(UTC).isoformat()})
        store.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (KEY, value))
        store.commit()
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def restored(tx: Connection) -> Restored | None:
    """Of which backup the store is, None where it never was restored."""
    value = meta.get(tx, KEY)
    return None if value is None else _read(value)


def doubted(tx: Connection, found: Sequence[Delivery]) -> tuple[Delivery, ...]:
    """These deliveries; those that may have been sent between the backup and its restoring as ambiguous ones.

    They count as made when the backup was: since then a channel has to look. Giving up counts from when they were made.
    """
    about = restored(tx) if found else None
    if about is None:
        return tuple(found)
    fresh = [each for each in found if about.at <= each.created < about.at + SPAN]
    told = alerts.several(tx, {each.alert_id for each in fresh}) if fresh else {}
    return tuple(
        _ambiguous(each, about)
        if each.created < about.at or (each.alert_id in told and _old(told[each.alert_id][0], about))
        else each
        for each in found
    )


def _old(alert: Alert, about: Restored) -> bool:
    """Whether an alert may have been decided before, too: it is of news from before, or a digest, which is of many."""
    published = alert.source.published
    return alert.reason == "digest" or published is None or published < about.at


def _ambiguous(delivery: Delivery, about: Restored) -> Delivery:
    return replace(
        delivery,
        state="ambiguous",
        attempts=max(delivery.attempts, 1),
        created=min(delivery.created, about.made),
        revived=delivery.revived or delivery.created,
    )


def _read(value: str) -> Restored:
    data = json.loads(value)
    return Restored(datetime.fromisoformat(data["made"]), datetime.fromisoformat(data["at"]))
