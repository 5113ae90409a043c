"""`parley feeds list` and `show`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from monitor import app, feedpage, settings
from monitor import feeds as feeds_file
from monitor.faults import Faults, relative
from monitor.feedlist import STATES, chosen, counted, listed, remembered, table
from monitor.feedpage import RECENT, found, in_full, near, source
from monitor.records import Feed, MonitorError
from monitor.settings import Settings, in_force

STATE = click.option(
    "--state", type=click.Choice(["bad", *STATES]), help="Only feeds in this state; `bad`: those that need looking at."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one object a line, with everything that is known.")


def print_list(home: Path, state: str | None, as_json: bool) -> None:
    """The list of `parley feeds`."""
    own, loaded = configured(home)
    try:
        known = remembered(own.store_url.get_secret_value())
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    rows = listed(loaded, known.states)
    picked = chosen(rows, state)
    if as_json:
        places = feeds_file.places(home / feeds_file.FEEDS)
        lines = [feedpage.as_json(source(row, places, known)) for row in picked]
    else:
        lines = table(picked)
    for line in lines:
        click.echo(line)
    click.echo(counted(rows), err=True)


@click.command("show")
@click.argument("url")
@JSON
@click.pass_obj
def show(home: Path, url: str, as_json: bool) -> None:
    """Show what is known of the feed at URL: its state and since when, why its next poll is when it is, its rhythm."""
    own, loaded = configured(home)
    try:
        known = remembered(own.store_url.get_secret_value(), journal_since=app.utcnow() - RECENT)
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    row = found(listed(loaded, known.states), url)
    if row is None:
        for line in unknown(url, [feed.url for feed in loaded]):
            click.echo(line, err=True)
        sys.exit(2)
    page = source(row, feeds_file.places(home / feeds_file.FEEDS), known)
    for line in [feedpage.as_json(page)] if as_json else in_full(page):
        click.echo(line)


def unknown(url: str, urls: Sequence[str]) -> list[str]:
    """What to say of an address that is not configured."""
    meant = near(urls, url)
    said = "; did you mean" if meant else "; `parley feeds` lists what is"
    return [f"{url} is not in {feeds_file.FEEDS}{said}", *(f"    {each}" for each in meant)]


def configured(home: Path) -> tuple[Settings, list[Feed]]:
    """The settings, and the feeds with the interval in force; ends the program with status 2 and every fault."""
    loaded = feeds_file.load(home / feeds_file.FEEDS, home / feeds_file.FAMILIES)
    own = settings.load(home, os.environ)
    if isinstance(loaded, Faults) or isinstance(own, Faults):
        for each in (loaded, own):
            if isinstance(each, Faults):
                click.echo(str(relative(each, home)), err=True)
        sys.exit(2)
    return own, [in_force(feed, own.polling) for feed in loaded]
