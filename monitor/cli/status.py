"""`parley status`: what is kept, how large it is, and how the service fares."""

import os
from importlib.metadata import version
from pathlib import Path

import click

from monitor import app, settings
from monitor.cli.home import fail
from monitor.faults import Faults, relative
from monitor.records import MonitorError
from monitor.statuslist import is_there, status_line, status_lines
from monitor.statuslist import status as status_of
from monitor.store import open_store


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.pass_obj
def status(home: Path, as_json: bool) -> None:
    """Show whether the service runs, what is kept, how large it is and what waits: store, endpoint, last reload and
    cycle, feeds, entries, articles, events, alerts, deliveries, queues, troubles, archive, free disk, journal.

    The service may be at work, and need not have run yet.
    """
    own = settings.load(home, os.environ)
    if isinstance(own, Faults):
        fail(relative(own, home))
    try:
        store = open_store(own.store_url.get_secret_value()) if is_there(own) else None
        try:
            shown = status_of(own, store, version("parley"), app.utcnow())
        finally:
            if store is not None:
                store.close()
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    for line in [status_line(shown)] if as_json else status_lines(shown):
        click.echo(line)
