"""`parley check`: everything validated, nothing sent."""

import os
import sys
from pathlib import Path

import click

from monitor.checks import check as examine
from monitor.faults import Faults


@click.command("check")
@click.pass_obj
def check(home: Path) -> None:
    """Validate settings, feeds, watches and topics. Exits 2 with every fault, by file and line."""
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
