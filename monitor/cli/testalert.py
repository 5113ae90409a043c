"""`parley test-alert`: a message to each recipient on the real path, now."""

import asyncio
import sys
from pathlib import Path

import click

from alerts.records import Outcome, Target
from monitor import app
from monitor.cli.home import checked
from monitor.settings import Settings


@click.command("test-alert")
@click.argument("recipients", nargs=-1, metavar="[RECIPIENT]...")
@click.option("--channel", metavar="NAME", help="To the recipients of this channel.")
@click.option("--to", metavar="ADDRESS", help="With --channel: to this address, which need be no recipient.")
@click.pass_obj
def test_alert(home: Path, recipients: tuple[str, ...], channel: str | None, to: str | None) -> None:
    """Send a test alert to the named recipients, or to all, and print what came of each."""
    own = checked(home).settings
    failed = 0
    for target, outcome in asyncio.run(app.send_test(own, _targets(own, recipients, channel, to))):
        failed += outcome.kind != "sent"
        click.echo(f"{target.recipient} ({target.channel}, {target.kind}): {_said(outcome)}", err=True)
    if failed:
        sys.exit(1)


def _said(outcome: Outcome) -> str:
    if outcome.kind == "sent":
        return " ".join(part for part in ("sent", outcome.code, outcome.detail, outcome.reference) if part)
    what = "NOT SURE WHETHER SENT" if outcome.kind == "ambiguous" else "NOT SENT"
    return f"{what} ({outcome.code}): {outcome.detail}"


def _targets(own: Settings, names: tuple[str, ...], channel: str | None, to: str | None) -> tuple[Target, ...]:
    known = own.mailing.recipients
    if unknown := [name for name in names if name not in known]:
        listed = ", ".join(known) or "none"
        raise click.UsageError(f"unknown recipient {', '.join(unknown)}; known in config/parley.yaml: {listed}")
    if channel is not None and channel not in own.channels:
        raise click.UsageError(f"unknown channel {channel}; known in config/parley.yaml: {', '.join(own.channels)}")
    if to is not None:
        if channel is None or names:
            raise click.UsageError("--to ADDRESS goes with --channel NAME, and with no recipient")
        wrong = own.channels[channel].address_fault(to, channel)
        if wrong is not None:
            raise click.UsageError("; ".join(part for part in (f"--to {to}: {wrong.message}", wrong.advice) if part))
        return (Target("test", channel, own.channels[channel].kind, to),)
    targets = [known[name].target for name in names or known]
    found = tuple(target for target in targets if channel in (None, target.channel))
    if not found:
        who = f"none of {', '.join(names)} is a recipient" if names else "there is no recipient"
        raise click.UsageError(f"{who} of channel {channel}; give an address by --to ADDRESS alone")
    return found
