"""`parley alerts`: what people were told, whom it reached, and what they should not have been told."""

from pathlib import Path

import click

from monitor import app, repair
from monitor.cli.events import BECAUSE, opened
from monitor.cli.home import checked
from monitor.deliverylist import standing
from monitor.lines import told_line
from monitor.mailing import resend as send_again
from monitor.store import alerts as stored
from monitor.store import deliveries

_JSON = click.option("--json", "as_json", is_flag=True, help="Print alerts as JSON Lines.")
_LIMIT = click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many, newest first."
)


@click.group("alerts", invoke_without_command=True)
@_JSON
@_LIMIT
@click.pass_context
def alerts(ctx: click.Context, as_json: bool, limit: int) -> None:
    """List the alerts with their ids, show one, send one again, or file one as wrong. Alone: as `list`."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(listed, as_json=as_json, limit=limit)


@alerts.command("list")
@_JSON
@_LIMIT
@click.pass_obj
def listed(home: Path, as_json: bool, limit: int) -> None:
    """List the alerts, the newest first."""
    with opened(checked(home)) as store, store.read() as tx:
        told = stored.all_alerts(tx, limit)
    for alert in reversed(told):
        moment = f"{alert.decided:%Y-%m-%d %H:%M} UTC"
        click.echo(told_line(alert) if as_json else f"{alert.id}\n    {moment}  {alert.reason}  {alert.title}")
    if not told:
        click.echo("no alerts yet", err=True)


@alerts.command("show")
@click.argument("alert_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the alert as one JSON line.")
@click.pass_obj
def show(home: Path, alert_id: str, as_json: bool) -> None:
    """Show one alert: what it says, the sentences and rules behind it, and what became of it with each recipient."""
    with opened(checked(home)) as store, store.read() as tx:
        alert = stored.get(tx, alert_id)
        if alert is None:
            raise click.ClickException(_unknown(alert_id))
        sent = deliveries.all_deliveries(tx, alert_id=alert_id)
        trace = stored.trace(tx, alert_id)
    if as_json:
        click.echo(told_line(alert, trace))
        return
    click.echo(f"{alert.id}\n    {alert.decided:%Y-%m-%d %H:%M} UTC  {alert.reason}  {alert.title}")
    stands = f", {alert.status}" if alert.status else ""
    click.echo(f"    event {alert.event_id}{stands}; independent outlets: {alert.families}, articles: {alert.articles}")
    click.echo(f"    {alert.source.outlet}  {alert.source.url}")
    if trace:
        click.echo(f"    trace {trace}; `parley trace {trace}` shows all of it")
    for quote in alert.quotes:
        click.echo(f"    «{quote.text}»")
    if alert.rules:
        click.echo(f"    rules: {', '.join(alert.rules)}")
    click.echo("deliveries:" if sent else "deliveries: none, no route led to anybody")
    for each in sent:
        click.echo(f"  {each.id}  {each.target.recipient} ({each.target.channel})  {standing(each)}")


@alerts.command("resend")
@click.argument("alert_id", metavar="ID")
@click.option("--to", "names", multiple=True, metavar="RECIPIENT", help="To this recipient; left out: as routes say.")
@click.pass_obj
def resend(home: Path, alert_id: str, names: tuple[str, ...]) -> None:
    """Send an alert once more, as new deliveries that wait for nothing. Prints their ids.

    A running service sends them within seconds; without one, the next `parley run` does.
    """
    own = checked(home)
    known = own.settings.mailing.recipients
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"unknown recipient {', '.join(unknown)}; known: {', '.join(known)}")
    with opened(own) as store, store.write() as tx:
        alert = stored.get(tx, alert_id)
        if alert is None:
            raise click.ClickException(_unknown(alert_id))
        made = send_again(tx, alert, own.settings.mailing, app.utcnow(), names)
    for each in made:
        click.echo(each.id)
        click.echo(f"to {each.target.recipient} ({each.target.channel})", err=True)
    if not made:
        raise click.ClickException("no route leads this alert to anybody; name somebody by --to RECIPIENT")


@alerts.command("wrong")
@click.argument("alert_id", metavar="ID")
@click.option(
    "--role",
    type=click.Choice(["background", "news"]),
    default="background",
    show_default=True,
    help="What the article's claim is: a recall, or news that was read wrongly.",
)
@BECAUSE
@click.pass_obj
def wrong(home: Path, alert_id: str, role: str, because: str | None) -> None:
    """File the article behind an alert as a labelled case in state/cases.jsonl, for whoever mends the reading."""
    with opened(checked(home)) as store, store.write() as tx:
        _, path = repair.file_wrong(tx, alert_id, home, role=role, now=app.utcnow(), because=because)
    click.echo(path)


def _unknown(alert_id: str) -> str:
    return f"the store has no alert {alert_id}; `parley alerts` lists them"
