"""`parley test-alert`: a message to each recipient on the real path, now."""

import asyncio
import sys
from pathlib import Path

import click

from monitor import app
from monitor.cli.home import checked


@click.command("test-alert")
@click.argument("recipients", nargs=-1, metavar="[RECIPIENT]...")
@click.pass_obj
def test_alert(home: Path, recipients: tuple[str, ...]) -> None:
    """Send a test alert to the named recipients, or to all, and print what came of each."""
    own = checked(home).settings
    unknown = [name for name in recipients if name not in own.mailing.recipients]
    if unknown:
        known = ", ".join(own.mailing.recipients) or "none"
        raise click.UsageError(f"unknown recipient {', '.join(unknown)}; known in config/parley.yaml: {known}")
    failed = 0
    for target, outcome in asyncio.run(app.send_test(own, recipients or tuple(own.mailing.recipients))):
        failed += outcome.kind != "sent"
        said = " ".join(part for part in (outcome.code, outcome.detail, outcome.reference) if part)
        click.echo(f"{target.recipient} ({target.channel}, {target.kind}): {outcome.kind} {said}".rstrip(), err=True)
    if failed:
        sys.exit(1)
