"""`parley check`: everything validated, nothing sent."""

import asyncio
import os
import sys
from pathlib import Path

import click

from monitor import app, settings
from monitor.checks import check as examine
from monitor.faults import Faults
from monitor.records import MonitorError
from monitor.settings import Settings
from monitor.store import soundness


@click.command("check")
@click.option("--online", is_flag=True, help="Ask each channel, without sending, whether it would take a message.")
@click.option("--store", is_flag=True, help="Look through the whole store for damage, which may take minutes.")
@click.pass_obj
def check(home: Path, online: bool, store: bool) -> None:
    """Validate settings, feeds, watches and topics. Exits 2 with every fault, by file and line.

    With --online it exits 1 when a channel would not take a message, with --store when the store is damaged, with every
    fault of it.
    """
    whole = _whole(home) if store else True
    found = examine(home, os.environ)
    if isinstance(found, Faults):
        for fault in found:
            click.echo(str(fault), err=True)
        click.echo(f"{len(found)} fault{'s' if len(found) > 1 else ''}", err=True)
        sys.exit(2)
    counts = {
        "feed": len(found.feeds),
        "watch": len(found.watches),
        "topic": len(found.topics),
        "recipient": len(found.settings.mailing.recipients),
    }
    plural = {"watch": "watches"}
    said = ", ".join(
        f"{count} {word if count == 1 else plural.get(word, word + 's')}" for word, count in counts.items()
    )
    click.echo(f"{'all good' if whole else 'but for the store, all good'}: {said}")
    if (online and not _asked(found.settings)) or not whole:
        sys.exit(1)


def _whole(home: Path) -> bool:
    """Whether the store is; what is wrong with it stands on stderr. Also where the settings have other faults."""
    url = settings.store_of(home, os.environ)
    if isinstance(url, Faults):
        return False  # which faults these are, all of the settings say
    try:
        faults = soundness.look_through(url.get_secret_value())
    except MonitorError as error:
        faults = (str(error),)
    for fault in faults:
        click.echo(f"store: {fault}", err=True)
    if not faults:
        click.echo("store: whole")
    return not faults


def _asked(own: Settings) -> bool:
    """Whether every channel in use would take a message; what each says stands on stdout."""
    good = True
    for name, findings in asyncio.run(app.probe(own)).items():
        for each in findings:
            good &= each.fine
            # what is only "to look at" says so itself
            mark = "" if each.what.startswith("to look at: ") else "ok: " if each.fine else "NOT OK: "
            click.echo(f"{name}: {mark}{each.what}")
    return good
