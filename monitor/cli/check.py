"""`parley check`: everything validated, nothing sent."""

import asyncio
import os
import sys
from pathlib import Path

import click

from monitor import app
from monitor.checks import check as examine
from monitor.faults import Faults
from monitor.settings import Settings


@click.command("check")
@click.option("--online", is_flag=True, help="Ask each channel, without sending, whether it would take a message.")
@click.pass_obj
def check(home: Path, online: bool) -> None:
    """Validate settings, feeds, watches and topics. Exits 2 with every fault, by file and line.

    With --online it exits 1 when a channel would not take a message.
    """
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
    click.echo(f"all good: {said}")
    if online and not _asked(found.settings):
        sys.exit(1)


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
