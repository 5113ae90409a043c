"""`parley alerts`: what people were told, and what they should not have been."""

from pathlib import Path

import click

from monitor import app, repair
from monitor.cli.events import BECAUSE, opened
from monitor.cli.home import checked
from monitor.lines import told_line
from monitor.store import alerts as stored


@click.group("alerts", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print alerts as JSON Lines.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many, newest first."
)
@click.pass_context
def alerts(ctx: click.Context, as_json: bool, limit: int) -> None:
    """List the alerts with their ids, or file one as wrong."""
    if ctx.invoked_subcommand is not None:
        return
    with opened(checked(ctx.obj)) as store, store.read() as tx:
        told = stored.all_alerts(tx, limit)
    for alert in reversed(told):
        moment = f"{alert.decided:%Y-%m-%d %H:%M} UTC"
        click.echo(told_line(alert) if as_json else f"{alert.id}\n    {moment}  {alert.reason}  {alert.title}")
    if not told:
        click.echo("no alerts yet", err=True)


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
