"""`parley status`: what is kept, how large it is, and how the service fares."""

import os
import sys
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

    The service may be at work, and need not have run yet. With faults in the settings, which a service that runs does
    not go by, all of it is shown that can be, then the faults, and it exits 2.
    """
    own = settings.load(home, os.environ)
    url = settings.store_of(home, os.environ) if isinstance(own, Faults) else own.store_url
    if isinstance(url, Faults):
        fail(relative(own if isinstance(own, Faults) else url, home))
    good = None if isinstance(own, Faults) else own
    try:
        store = open_store(url.get_secret_value()) if is_there(home, url) else None
        try:
            shown = status_of(home, url, good, store, version("parley"), app.utcnow())
        finally:
            if store is not None:
                store.close()
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    for line in [status_line(shown)] if as_json else status_lines(shown):
        click.echo(line)
    if isinstance(own, Faults):
        for fault in relative(own, home):
            click.echo(str(fault), err=True)
        click.echo(f"{len(own)} fault{'s' if len(own) > 1 else ''} in the settings as they are now", err=True)
        sys.exit(2)
