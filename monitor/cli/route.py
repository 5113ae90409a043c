"""`parley route test`: who would get an alert, when and why."""

from datetime import datetime
from pathlib import Path

import click

from alerts.records import PHASES, Alert, Reason
from monitor import app, routetest
from monitor.checks import Checked
from monitor.cli.events import opened
from monitor.cli.home import checked
from monitor.cli.moments import Moment
from monitor.statuslist import is_there
from monitor.store import Store, open_store
from monitor.store import alerts as stored_alerts


@click.group("route")
def route() -> None:
    """Try the routes of config/parley.yaml."""


@route.command("test")
@click.option("--watch", metavar="ID", help="The watch of the alert; left out: the first that is enabled.")
@click.option("--kind", metavar="TOPIC", help="The kind of event; left out: the watch's first that rings.")
@click.option(
    "--reason", type=click.Choice(list(routetest.STATUSES)), default="new", show_default=True, help="Why it rings."
)
@click.option(
    "--status", type=click.Choice(list(PHASES)), help="Where the event stands; left out: what goes with the reason."
)
@click.option("--alert", "alert_id", metavar="ID", help="An alert of the store, instead of all of these.")
@click.option("--at", type=Moment(), metavar="DATE", help="When it is decided; left out: now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines.")
@click.pass_obj
def test(
    home: Path,
    watch: str | None,
    kind: str | None,
    reason: Reason,
    status: str | None,
    alert_id: str | None,
    at: datetime | None,
    as_json: bool,
) -> None:
    """Say for each recipient whether it would get an alert, when, and by which route, or why not. Sends nothing."""
    own = checked(home)
    now = at or app.utcnow()
    names = {each.id: each for each in own.watches}
    if watch is not None and watch not in names:
        raise click.UsageError(f"unknown watch {watch}; enabled: {', '.join(names)}")
    if kind is not None and kind not in own.topics:
        raise click.UsageError(f"unknown topic {kind}; known: {', '.join(own.topics)}")
    chosen = names[watch] if watch else own.watches[0]
    kind = kind or next((each for each in chosen.identities if each in chosen.rings.kinds), own.topics[0])
    alert = routetest.sample(chosen.id, kind, reason, status or routetest.STATUSES[reason], now)
    if is_there(home, own.settings.store_url) or alert_id is not None:
        with opened(own) as store:
            if alert_id is not None:
                with store.read() as tx:
                    known = stored_alerts.get(tx, alert_id)
                if known is None:
                    raise click.ClickException(f"the store has no alert {alert_id}; `parley alerts` lists them")
                alert = known
            _show(own, store, alert, now, as_json=as_json)
        return
    memory = open_store("sqlite://")
    try:
        _show(own, memory, alert, now, as_json=as_json)
    finally:
        memory.close()


def _show(own: Checked, store: Store, alert: Alert, now: datetime, *, as_json: bool) -> None:
    for each in routetest.planned(store, alert, own.settings.mailing, now):
        click.echo(routetest.planned_line(each) if as_json else routetest.in_words(each))
