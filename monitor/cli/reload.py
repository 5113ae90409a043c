"""`parley reload`: the running service takes up its changed configuration."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import click

from monitor import app
from monitor.records import MonitorError


@click.command("reload")
@click.option(
    "--reread",
    metavar="DAYS",
    type=click.IntRange(1, 3650),
    help="Read the articles of so many days again by the watches as they are then; nobody is rung for what they tell.",
)
@click.pass_obj
def reload(home: Path, reread: int | None) -> None:
    """Have the running service read its configuration again: settings, watches, topics, feeds, families and secrets.

    All of it is put in force, and what changed is printed; or, with any fault, none of it, and every fault is printed
    with exit status 1. Nothing that is under way is cut. store.url and http.listen take a restart, and
    so do secrets that systemd hands over.
    """
    try:
        outcome = app.ask_to_reload(home, os.environ, timedelta(days=reread) if reread else None)
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    for line in outcome.faults:
        click.echo(line, err=True)
    if not outcome.ok:
        count = len(outcome.faults)
        click.echo(f"{count} fault{'s' if count > 1 else ''}; what was in force stays in force", err=True)
        sys.exit(1)
    for line in outcome.changed or ("nothing changed",):
        click.echo(line)
    if reread:
        click.echo(f"articles of the last {reread} days are being read again; `parley status` says how far that is")
