"""`parley feeds test`."""

import asyncio
import sys
from pathlib import Path

import click

from monitor import app
from monitor.cli.feeds.showing import JSON
from monitor.cli.home import checked
from monitor.feedtest import as_json as json_line
from monitor.feedtest import in_words, try_out
from monitor.records import MonitorError


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
