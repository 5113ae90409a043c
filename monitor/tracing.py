"""The whole way of an alert, or of an article that led to none: poll, entry, article, decisions, alerts, deliveries.

Where it is asked for by a trace, that is the way of all that came about by it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from alerts.records import Alert, Delivery
from monitor.deliverylist import meaning
from monitor.plain import bare, printable
from monitor.records import MonitorError
from monitor.store import alerts, articles, deliveries, events, followed
from monitor.store.deliveries import Attempt
from monitor.store.followed import EntryRow, VersionRow
from monitor.traces import began, is_trace, trace_of

# Of what happened at one moment, in one transaction, what led to what.
_ORDER = ("polled", "entry", "looked", "article", "decision", "settled", "alert", "delivery", "attempt")


@dataclass(frozen=True, slots=True)
class Step:
    """What happened at a moment (aware UTC). `values` are plain JSON data, by the names that logs have for them."""

    at: datetime
    what: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Seeds:
    """Where to begin: the alerts, and the articles, by the addresses that they are kept at."""

    alerts: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    entries: tuple[EntryRow, ...] = ()


def follow(tx: Connection, name: str) -> tuple[Step, ...]:
    """The way of what `name` names, in order of time: a trace, an alert, a delivery, an event, or the address of an
    article. MonitorError for what the store does not know."""
    if not _is_text(name):
        raise MonitorError(f"the store knows no trace, alert, delivery, event or article {printable(name)}")
    seeds = _seeds(tx, name)
    told = {each: alert for each in _with_digests(tx, seeds.alerts) if (alert := alerts.get(tx, each)) is not None}
    traces = {each: alerts.trace(tx, each) for each in told}
    own = {each: trace_of(each, alert.decided) for each, alert in told.items()}
    urls = dict.fromkeys([*seeds.urls, *(alert.source.url for alert in told.values() if alert.source.url)])
    rows = (*seeds.entries, *(row for row in followed.entries_at(tx, urls) if row not in seeds.entries))
    steps = list(_polls(rows, {trace for trace in traces.values() if trace}))
    polled = {step.values["trace"] for step in steps}
    for each, trace in traces.items():
        if trace is not None and trace != own[each] and trace not in polled:
            polled.add(trace)
            steps.append(Step(began(trace), "looked", {"trace": trace, "url": told[each].source.url}))
    for row in rows:
        steps += _entry(row)
    for url in urls:
        for version in followed.versions(tx, url):
            steps += _article(tx, version)
    for each, alert in told.items():
        steps.append(_alert(alert, traces[each]))
        for delivery in deliveries.all_deliveries(tx, alert_id=each):
            steps.append(_delivery(delivery))
            steps += (_attempt(delivery, one) for one in deliveries.attempts_of(tx, delivery.id))
    return tuple(sorted(steps, key=lambda step: (step.at, _ORDER.index(step.what))))


def _is_text(name: str) -> bool:
    """Not bytes of a command line that are no text of its encoding, which no store can look for."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def step_line(step: Step) -> str:
    """One step as a line of JSON: `at` in ISO 8601, UTC, then `what`, then its values."""
    return json.dumps({"at": step.at.isoformat(), "what": step.what} | dict(step.values), ensure_ascii=False)


def in_words(step: Step) -> str:
    """The same for a person."""
    return f"{step.at:%Y-%m-%d %H:%M:%S.%f}"[:-3] + f"  {step.what:<9} {_words(step)}"


def _words(step: Step) -> str:
    v = {name: printable(value) if isinstance(value, str) else value for name, value in step.values.items()}
    match step.what:
        case "polled":
            return f"{v['feed']}  trace {v['trace']}"
        case "looked":
            return f"at {v['url']} again  trace {v['trace']}"
        case "entry":
            dated = f", published {v['published']}" if v["published"] else ", without a date"
            return f"{v['title']}  {v['url']}{dated}"
        case "settled":
            return f"{v['outcome']}: {v['detail']}" if v["detail"] else f"{v['outcome']}"
        case "article":
            source = "" if v["source"] == "page" else f", from its {v['source']}"
            return f"{v['title']}  ({v['outlet']}{source})  {v['url']}"
        case "decision":
            quiet = f"; quiet: {', '.join(map(str, _list(v['silence'])))}" if v["silence"] else ""
            return f"{v['verdict']} {v['event_id'] or ''} by {', '.join(map(str, _list(v['rules'])))}{quiet}"
        case "alert":
            return f"{v['alert_id']}  {v['reason']}  {v['title']}  (event {v['event_id']}, trace {v['trace']})"
        case "delivery":
            rule = f": {meaning(str(v['rule']))}" if v["rule"] else ""
            return f"{v['delivery_id']}  to {v['recipient']} ({v['channel']}, {v['address']})  now {v['state']}{rule}"
        case _:
            came = " ".join(str(v[name]) for name in ("outcome", "code", "detail") if v[name]) or "under way"
            return f"{v['delivery_id']}  {v['attempt']}. by {v['channel']}: {came}"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _seeds(tx: Connection, name: str) -> _Seeds:
    if (delivery := deliveries.get(tx, name)) is not None:
        return _Seeds((delivery.alert_id,))
    if alerts.get(tx, name) is not None:
        return _Seeds((name,))
    living = events.merged(tx).get(name, name)
    if (event := events.get(tx, living)) is not None:
        return _Seeds(
            tuple(alert.id for alert in alerts.of_event(tx, living)),
            tuple(dict.fromkeys(saying.url for saying in event.sayings)),
        )
    if is_trace(name):
        rows = followed.entries_with(tx, name)
        found = _Seeds(followed.alerts_with(tx, name), _kept(tx, rows), rows)
        unknown = f"nothing in the store has the trace {name}, begun {began(name):%Y-%m-%d %H:%M:%S} UTC: a poll that "
        unknown += "brought nothing new is in the log alone, and what it brought may have been dropped since"
    else:
        kept = articles.address(tx, name)
        rows = followed.entries_at(tx, (kept, name))
        urls = (kept, *_kept(tx, rows)) if rows or followed.versions(tx, kept) else ()
        found = _Seeds(followed.alerts_on(tx, kept), tuple(dict.fromkeys(urls)), rows)
        unknown = f"the store knows no trace, alert, delivery, event or article {name}"
    if found == _Seeds():
        raise MonitorError(unknown)
    return found


def _kept(tx: Connection, rows: tuple[EntryRow, ...]) -> tuple[str, ...]:
    return tuple(articles.address(tx, row.entry.url) for row in rows if row.entry.url)


def _with_digests(tx: Connection, ids: tuple[str, ...]) -> Iterator[str]:
    """The alerts with those by whose message they were told, and with what they told of when they are digests."""
    seen: dict[str, None] = dict.fromkeys(ids)
    for each in ids:
        for delivery in deliveries.all_deliveries(tx, alert_id=each):
            how, _, carrier = delivery.rule.partition(": ")
            if how in ("in-digest", "gathered") and (other := deliveries.get(tx, carrier)) is not None:
                seen[other.alert_id] = None
            if delivery.role == "digest":
                seen |= dict.fromkeys(followed.carried_by(tx, delivery.id))
    yield from seen


def _polls(rows: tuple[EntryRow, ...], wanted: set[str]) -> Iterator[Step]:
    """The polls behind the entries. One that was read again has the trace of the later poll, and its first one shows in
    the alerts that it led to."""
    found: dict[str, Step] = {}
    for row in rows:
        first = trace_of(row.feed_url, row.added)
        for trace in filter(None, (row.trace, first if first in wanted else None)):
            at = row.added if timedelta(0) <= row.added - began(trace) < timedelta(seconds=1) else began(trace)
            found.setdefault(trace, Step(at, "polled", {"feed": bare(row.feed_url), "trace": trace}))
    yield from found.values()


def _entry(row: EntryRow) -> Iterator[Step]:
    entry = row.entry
    yield Step(
        row.added,
        "entry",
        {
            "feed": bare(row.feed_url), "url": entry.url, "title": entry.title, "published": _iso(entry.published),
            "trace": row.trace,
        },
    )  # fmt: skip
    if row.settled is not None:
        yield Step(row.settled, "settled", {"url": entry.url, "outcome": row.outcome, "detail": row.detail})


def _article(tx: Connection, row: VersionRow) -> Iterator[Step]:
    yield Step(
        row.added,
        "article",
        {
            "url": row.url, "outlet": row.outlet, "title": row.title, "published": _iso(row.published),
            "source": row.read_from,
        },
    )  # fmt: skip
    for each in followed.decided(tx, row.id):
        detail = each.detail
        yield Step(
            row.added,
            "decision",
            {
                "url": row.url, "claim": each.claim_index, "watch": detail["watch"], "verdict": each.verdict,
                "event_id": each.event_id, "rules": list(each.rules),
                "alerts": [alert["id"] for alert in detail["alerts"]],
                "silence": [silence["rule"] for silence in detail["silence"]],
            },
        )  # fmt: skip


def _alert(alert: Alert, trace: str | None) -> Step:
    values = {"alert_id": alert.id, "reason": alert.reason, "title": alert.title, "event_id": alert.event_id}
    return Step(alert.decided, "alert", {**values, "watch": alert.watch, "rules": list(alert.rules), "trace": trace})


def _delivery(made: Delivery) -> Step:
    return Step(
        made.created,
        "delivery",
        {
            "delivery_id": made.id, "alert_id": made.alert_id, "recipient": made.target.recipient,
            "channel": made.target.channel, "address": made.target.address, "role": made.role, "state": made.state,
            "rule": made.rule, "next_at": _iso(made.next_at), "done": _iso(made.done),
        },
    )  # fmt: skip


def _attempt(made: Delivery, one: Attempt) -> Step:
    return Step(
        one.started,
        "attempt",
        {
            "delivery_id": made.id, "channel": made.target.channel, "attempt": one.n, "ended": _iso(one.ended),
            "outcome": one.outcome, "code": one.code, "detail": one.detail,
        },
    )  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
