"""`parley run`: the service, or one turn of it."""

import asyncio
import gc
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import click
from structlog.typing import FilteringBoundLogger

from monitor import app, checks
from monitor.checks import Checked
from monitor.cli.home import fail
from monitor.faults import Faults
from monitor.records import MonitorError


@click.command("run")
@click.option("--once", is_flag=True, help="Poll what is due, deliver, and exit; failing feeds are counted on stderr.")
@click.pass_obj
def run(home: Path, once: bool) -> None:
    """Run the service until SIGINT or SIGTERM. A second run on one store is refused.

    The first of them lets what is being sent end, for delivery.grace at most. A second ends the service at once, and
    what was being sent then may come twice.

    SIGHUP has it read its configuration again (see `parley reload`), under nohup as well. When the terminal that it was
    started at ends, it stops; started without one, or under nohup, it goes on.
    """
    # What is read here stays. Looking for garbage in it again and again took a third of the reading (10,000 feeds).
    gc.disable()
    try:
        with nullcontext() if once else app.hangups_held():
            found = _checked(home)
    finally:
        gc.enable()
    try:
        if not once:
            asyncio.run(app.serve(found.settings, found.watches, found.feeds))
            return
        did = asyncio.run(app.once(found.settings, found.watches, found.feeds))
    except MonitorError as error:
        if not once:
            _log(found).error("service ended", because=str(error))
            sys.exit(1)
        raise click.ClickException(str(error)) from error
    except Exception as error:
        if not once:
            _log(found).exception("service ended", because=f"{type(error).__name__}: {error}")
            sys.exit(1)
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


def _checked(home: Path) -> Checked:
    """As `checked`; where stderr is read by a program, every fault in the form that it reads."""
    found = checks.check(home, os.environ)
    if not isinstance(found, Faults):
        return found
    form = app.chosen(os.environ.get("PARLEY_LOG__FORMAT", "auto"), sys.stderr, os.environ)
    if form not in ("json", "journald"):
        fail(found)
    log = app.logger("info", form)
    for fault in found:
        log.error("fault", what=str(fault))
    log.error("service not started", faults=len(found))
    sys.exit(2)


def _log(found: Checked) -> FilteringBoundLogger:
    return app.logger(found.settings.log_level, found.settings.log_format)
