"""`parley reload`: the running service takes up its changed configuration."""

import os
import sys
from pathlib import Path

import click

from monitor import app
from monitor.records import MonitorError


@click.command("reload")
@click.pass_obj
def reload(home: Path) -> None:
    """Have the running service read its configuration again: settings, watches, topics, feeds, families and secrets.

    All of it is put in force, and what changed is printed; or, with any fault, none of it, and every fault is printed
    with exit status 1. Nothing that is under way is cut. store.url and http.listen take a restart.
    """
    try:
        outcome = app.ask_to_reload(home, os.environ)
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
