"""`parley ack`: somebody has taken note of an event, so that nobody else is woken for it."""

import getpass
from pathlib import Path

import click

from monitor import app, repair
from monitor.cli.events import opened
from monitor.cli.home import checked
from monitor.store import alerts as stored_alerts
from monitor.store import mutes as stored


@click.command("ack")
@click.argument("name", metavar="EVENT|ALERT")
@click.option("--by", metavar="NAME", help="Who takes note; left out: the user of this machine.")
@click.option("--comment", metavar="TEXT", default="", help="What is done about it.")
@click.pass_obj
def ack(home: Path, name: str, by: str | None, comment: str) -> None:
    """Acknowledge what was told of an event so far: its escalations stop. What comes later rings and escalates anew."""
    with opened(checked(home)) as store, store.write() as tx:
        event = stored_alerts.event_of(tx, name) or repair.living(tx, name).id
        stored.acknowledge(tx, event, by or getpass.getuser(), comment, app.utcnow())
    click.echo(f"acknowledged {event}: what was told of it so far escalates no further", err=True)
