"""`parley mute`: an event, a topic or a watch kept quiet until a moment; alone, what is muted now."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import click
from sqlalchemy import Connection

from alerts.rules import Mute, Scope
from monitor import app, repair
from monitor.checks import Checked
from monitor.cli.events import opened
from monitor.cli.home import checked
from monitor.cli.moments import Moment, Span
from monitor.store import alerts as stored_alerts
from monitor.store import mutes as stored


@click.command("mute")
@click.option("--event", metavar="ID", help="The event to hear no more of; the id of one of its alerts will do.")
@click.option("--topic", metavar="TOPIC", help="The kind of event to hear no more of, such as summit.")
@click.option("--watch", metavar="ID", help="The watch to hear no more of.")
@click.option("--for", "span", type=Span(), metavar="SPAN", help="For how long: 90m, 4h, 7d.")
@click.option("--until", type=Moment(), metavar="DATE", help="Until when: 2031-05-20 or 2031-05-20T18:00+03:00.")
@click.option("--comment", metavar="TEXT", help="Why; whoever wonders about the silence reads it.")
@click.option("--all", "all_of_them", is_flag=True, help="List also the mutes that are over.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines.")
@click.pass_obj
def mute(
    home: Path,
    event: str | None,
    topic: str | None,
    watch: str | None,
    span: timedelta | None,
    until: datetime | None,
    comment: str | None,
    all_of_them: bool,
    as_json: bool,
) -> None:
    """Keep an event, a topic or a watch quiet until a moment; without any of them, list what is muted.

    What would have been sent stays visible in `parley deliveries` as suppressed. A mute always ends.
    """
    own, now = checked(home), app.utcnow()
    named: list[tuple[Scope, str]] = []
    options: tuple[tuple[Scope, str | None], ...] = (("event", event), ("topic", topic), ("watch", watch))
    named += [(scope, value) for scope, value in options if value is not None]
    if not named:
        if span or until or comment:
            raise click.UsageError("name what to mute: --event ID, --topic TOPIC or --watch ID")
        with opened(own) as store, store.read() as tx:
            found = stored.mutes(tx, now, over=all_of_them)
        for each in found:
            click.echo(_line(each) if as_json else _said(each, now))
        if not found:
            click.echo("nothing is muted", err=True)
        return
    if len(named) > 1:
        raise click.UsageError("name one of --event, --topic and --watch")
    if (span is None) == (until is None):
        raise click.UsageError("say how long by --for 7d or --until 2031-05-20; a mute always ends")
    if not comment:
        raise click.UsageError("say why by --comment TEXT: whoever wonders about the silence will read it")
    end = until if until is not None else now + (span or timedelta())
    if end <= now:
        raise click.UsageError(f"--until {end:%Y-%m-%d %H:%M} UTC is over already")
    scope, value = named[0]
    with opened(own) as store, store.write() as tx:
        made = stored.mute(tx, scope, _meant(tx, own, scope, value), end, comment, now)
    click.echo(_line(made) if as_json else _said(made, now))


def _meant(tx: Connection, own: Checked, scope: Scope, value: str) -> str:
    """The value as the store and the alerts have it. A name that nothing goes by would mute nothing, unnoticed."""
    known: tuple[str, ...]
    if scope == "event":
        return stored_alerts.event_of(tx, value) or repair.living(tx, value).id
    known = own.topics if scope == "topic" else tuple(watch.id for watch in own.watches)
    if value not in known:
        raise click.UsageError(f"unknown {scope} {value}; known: {', '.join(known)}")
    return value


def _said(mute: Mute, now: datetime) -> str:
    over = "" if mute.until > now else ", over"
    return f"{mute.id}  {mute.scope} {mute.value}  until {mute.until:%Y-%m-%d %H:%M} UTC{over}\n    {mute.comment}"


def _line(mute: Mute) -> str:
    value = {
        "id": mute.id,
        "scope": mute.scope,
        "value": mute.value,
        "since": mute.since.isoformat(),
        "until": mute.until.isoformat(),
        "comment": mute.comment,
    }
    return json.dumps(value, ensure_ascii=False)
