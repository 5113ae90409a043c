"""What a person puts right, each in one write transaction. A service that runs sees it at its next article.

Events are merged, split and closed; an alert that should not have been is filed as a labelled case. All of it is noted
in the history of the event. What cannot be done raises MonitorError with the reason, and nothing is written.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from alerts.records import Alert, Span
from extractors.records import Article
from monitor.records import Event, Identity, MonitorError, Watch
from monitor.resolve import repairing
from monitor.store import alerts, articles, events

CASES = Path("state", "cases.jsonl")
"""Where cases are filed, from the home on."""


def living(tx: Connection, event_id: str) -> Event:
    """The event of an id; of one that was merged, the event that it went into. MonitorError for an unknown id."""
    found = events.get(tx, events.merged(tx).get(event_id, event_id))
    if found is None:
        raise MonitorError(f"there is no event {event_id}; `parley events` lists them")
    return found


def merge(
    tx: Connection, one: str, other: str, watches: Sequence[Watch], *, now: datetime, because: str | None
) -> Event:
    """Make two events one: the older id stays, with the sayings of both and what was told of both."""
    first, second = living(tx, one), living(tx, other)
    if first.id == second.id:
        raise MonitorError(f"{one} and {other} are one event already: {first.id}")
    if (first.watch, first.kind) != (second.watch, second.kind):
        kinds = f"{first.kind} of {first.watch} and {second.kind} of {second.watch}"
        raise MonitorError(f"only events of one watch and one kind can be merged, not {kinds}")
    identity = _identity(first, watches)
    whole, left = repairing.merge(first, second, now=now, identity=identity, because=because)
    events.save(tx, (whole, left))
    events.hand_over(tx, left.id, whole.id)
    alerts.move(tx, [alert.id for alert in alerts.of_event(tx, left.id)], whole.id)
    return whole


def split(
    tx: Connection,
    event_id: str,
    urls: Sequence[str],
    watches: Sequence[Watch],
    *,
    now: datetime,
    because: str | None,
) -> tuple[Event, Event]:
    """Have the sayings of the articles at `urls` leave an event. What stays of it, and the new event."""
    event = living(tx, event_id)
    tellers = {saying.url for saying in event.sayings}
    if unknown := [url for url in urls if url not in tellers]:
        raise MonitorError(f"{', '.join(unknown)} tells nothing of {event.id}; `parley events show` lists what does")
    if tellers <= set(urls):
        raise MonitorError(f"nothing would be left of {event.id}: name some of its articles, not all")
    kept, made, moving = repairing.split(
        event,
        urls,
        alerts.of_event(tx, event.id),
        now=now,
        identity=_identity(event, watches),
        taken=events.ids(tx, event.watch),
        because=because,
    )
    events.save(tx, (kept, made))
    alerts.move(tx, [alert.id for alert in moving], made.id)
    return kept, made


def close(tx: Connection, event_id: str, *, now: datetime, because: str | None) -> Event:
    """Have no later claim join an event, and nothing of it ring any more."""
    event = living(tx, event_id)
    if event.closed:
        raise MonitorError(f"{event.id} is closed already")
    closed = repairing.close(event, now=now, because=because)
    events.save(tx, (closed,))
    return closed


def file_wrong(
    tx: Connection, alert_id: str, home: Path, *, role: str, now: datetime, because: str | None
) -> tuple[Alert, Path]:
    """File the article behind an alert as a case: what it says, and that it should not have rung. Where it is filed."""
    alert = alerts.get(tx, alert_id)
    if alert is None:
        raise MonitorError(f"there is no alert {alert_id}; `parley alerts` lists them")
    article = _told_by(tx, alert)
    path = home / CASES
    case = case_of(alert, article, role=role, because=because)
    if case["id"] in _filed(path):
        raise MonitorError(f"{alert_id} is filed already, as {case['id']} in {path}")
    event = living(tx, alerts.event_of(tx, alert_id) or alert.event_id)
    events.save(tx, (repairing.noted(event, now, f"alert {alert_id} marked as wrong", because),))
    # Last, so that a case is filed only if the note can be: the transaction has nothing more to do than to end.
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(case, ensure_ascii=False) + "\n")
    return alert, path


def case_of(alert: Alert, article: Article, *, role: str, because: str | None) -> Mapping[str, object]:
    """The article with the label that it should have had, as a line of the labelled news that `score.py` reads."""
    labelled = {
        "kind": alert.kind,
        "status": alert.status,
        "date": _days(alert.date),
        "place": alert.place,
        "ordinal": alert.ordinal,
        "counts": dict(sorted(alert.counts.items())),
        "role": role,
        "event_id": alert.event_id,
    }
    return {
        "id": f"case-{hashlib.sha256(alert.id.encode()).hexdigest()[:8]}",
        "url": article.url,
        "outlet": article.outlet,
        "lang": article.language,
        "published": article.published.date().isoformat() if article.published else None,
        "title": article.title,
        "text": article.text,
        "topic": alert.watch,
        "events": [labelled],
        "alert_candidates": [alert.event_id] if role == "news" else [],
        "hard_because": because or f"rang as {alert.reason}",
    }


def _filed(path: Path) -> set[str]:
    if not path.exists():
        return set()
    # not splitlines: texts may hold a line separator that JSON leaves as it is
    lines = path.read_text(encoding="utf-8").split("\n")
    try:
        return {json.loads(line)["id"] for line in lines if line.strip()}
    except (ValueError, KeyError, TypeError) as error:
        raise MonitorError(f"{path} is no file of cases ({error}): mend it or move it away") from error


def _told_by(tx: Connection, alert: Alert) -> Article:
    """The version of the article that says what the alert quotes; else the latest that says anything."""
    versions = [article for article in articles.by_url(tx, alert.source.url) if article.text or article.title]
    if not versions:
        raise MonitorError(f"the text of {alert.source.url} is not kept any more: there is nothing to file")
    quotes = [*alert.quotes, *(edit.old for edit in alert.edits if edit.old and not alert.quotes)]
    for article in versions:
        fields = {"title": article.title or "", "text": article.text}
        if quotes and all(fields[quote.field][quote.start : quote.end] == quote.text for quote in quotes):
            return article
    return versions[-1]


def _identity(event: Event, watches: Sequence[Watch]) -> Identity:
    for watch in watches:
        if watch.id == event.watch and event.kind in watch.identities:
            return watch.identities[event.kind]
    raise MonitorError(f"{event.id} is a {event.kind} of the watch {event.watch}, which does not track that at present")


def _days(date: Span | None) -> str | None:
    if date is None or date.basis == "publication":
        return None
    return str(date.start) if date.start == date.end else f"{date.start}/{date.end}"
