"""`parley feeds test` and `self-test`."""

import asyncio
import os
import sys
import time
from pathlib import Path

import click

from monitor import app, settings
from monitor.cli.feeds.showing import JSON
from monitor.cli.home import checked
from monitor.feedtest import as_json as json_line
from monitor.feedtest import in_words, try_out
from monitor.records import MonitorError
from monitor.settings import Settings


@click.command("test")
@click.argument("url")
@JSON
@click.pass_obj
def test(home: Path, url: str, as_json: bool) -> None:
    """Ask the feed at URL once and tell, rule by rule, what a poll would make of it. Nothing is changed.

    A known feed is asked with the validators that it gave; URL need not be configured. Exit status 1 when a poll would
    fail.
    """
    own = checked(home)
    try:
        tested = try_out(
            own, url, lambda feed, state: asyncio.run(app.ask_feed(own.settings, feed, state)), app.utcnow()
        )
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    for line in [json_line(tested)] if as_json else in_words(tested):
        click.echo(line)
    if not tested.ok:
        sys.exit(1)


@click.command("self-test")
@JSON
@click.pass_obj
def self_test(home: Path, as_json: bool) -> None:
    """Put this Parley before a hostile server on this machine, and print its score card: 31 lines of etiquette.

    Nothing is asked of the network, and no home is needed or changed; one gives its contact to the User-Agent. Exit
    status 1 when a line fails.
    """
    from monitor import selftest  # its server is needed by no other command

    own = settings.load(home, os.environ)
    contact = own.contact if isinstance(own, Settings) else None
    if contact is None:
        click.echo("no `contact` in config/parley.yaml: servers are told so; tested with one of nobody", err=True)
    worded = selftest.as_json if as_json else selftest.in_words
    began = time.monotonic()
    card, totals = asyncio.run(
        selftest.run(
            user_agent=app.user_agent(contact or "mailto:nobody@example.org"),
            say=lambda verdict: click.echo(worded(verdict)),
        )
    )
    passed = sum(verdict.passed for verdict in card)
    click.echo(f"{passed} of {len(card)} lines pass, in {time.monotonic() - began:.0f} s; {totals}", err=as_json)
    if passed < len(card):
        sys.exit(1)
