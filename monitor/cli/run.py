"""`parley run`: the service, or one turn of it."""

import asyncio
import sys
from pathlib import Path

import click

from monitor import app
from monitor.cli.home import checked
from monitor.records import MonitorError


@click.command("run")
@click.option("--once", is_flag=True, help="Poll what is due, deliver, and exit; failing feeds are counted on stderr.")
@click.pass_obj
def run(home: Path, once: bool) -> None:
    """Run the service until SIGINT or SIGTERM. A second run on one store is refused.

    SIGHUP has it read its configuration again (see `parley reload`), under nohup as well. When the terminal that it was
    started at ends, it stops; started without one, or under nohup, it goes on.
    """
    found = checked(home)
    try:
        if not once:
            asyncio.run(app.serve(found.settings, found.watches, found.feeds))
            return
        did = asyncio.run(app.once(found.settings, found.watches, found.feeds))
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    except Exception as error:
        click.echo(f"Error: the service ended: {type(error).__name__}: {error}", err=True)
        raise
    polled = {outcome: number for outcome, number in sorted(did.polled.items()) if outcome != "new"}
    failing = sum(number for outcome, number in polled.items() if outcome not in app.FINE)
    click.echo(
        f"{sum(polled.values())} feeds polled, {failing} failing"
        + (f" ({', '.join(f'{n} {outcome}' for outcome, n in polled.items())})" if polled else "")
        + f"; {did.polled['new']} new entries, {did.read['read']} articles read, {did.read['set aside']} set aside, "
        f"{did.read['alerts']} alerts; {did.delivered.sent} messages sent, {did.delivered.retried} to be tried again, "
        f"{did.delivered.dead} given up",
        err=True,
    )
    sys.exit(0)
