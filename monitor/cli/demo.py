"""`parley demo`: see it work, in under a minute and without a network."""

import sys
from pathlib import Path

import click

from monitor.app import utcnow
from monitor.records import MonitorError


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-out"),
    show_default=True,
    help="Folder for the mails (.eml, .html), the Slack payloads (.json) and the service's log.",
)
def demo(out: Path) -> None:
    """Run the real service on a local newsroom and show what people would receive.

    Six invented newspapers in four languages publish for half a minute. The messages go to a mail server and a
    Slack-like endpoint on this machine and are kept in a folder. Exits 1 when an event interrupted more or less than
    once per phase.
    """
    from monitor.demo import run  # its servers are needed by no other command

    try:
        result = run(out, clock=utcnow, say=click.echo)
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    for fault in result.faults:
        click.echo(f"fault: {fault}", err=True)
    mails = [message for message in result.messages if message.channel == "mail"]
    interrupts = sum(message.interrupts for message in mails)
    click.echo(
        f"{len(result.script.items)} articles, {interrupts} interrupts and {len(mails) - interrupts} updates by mail, "
        f"all {len(result.messages)} messages with those on Slack are in {out}, after {result.seconds:.0f} s"
    )
    for channel, speed in result.speeds.items():
        click.echo(
            f"from detection to acceptance by {channel}: median {speed.median:.2f} s, 95 % within {speed.p95:.2f} s "
            f"({speed.messages} that interrupt)"
        )
    if not result.ok:
        sys.exit(1)
