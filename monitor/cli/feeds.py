"""`parley feeds`: list, add and remove what is polled."""

import os
import sys
from pathlib import Path

import click

from monitor import feeds as feeds_file
from monitor import settings
from monitor.faults import Faults, relative
from monitor.feedlist import HEAD, rows, states
from monitor.records import Feed, MonitorError


@click.group("feeds", invoke_without_command=True)
@click.pass_context
def feeds(ctx: click.Context) -> None:
    """List the feeds with what the store knows of them, or edit config/feeds.yaml."""
    if ctx.invoked_subcommand is None:
        _list(ctx.obj)


def _list(home: Path) -> None:
    loaded = feeds_file.load(home / feeds_file.FEEDS, home / feeds_file.FAMILIES)
    own = settings.load(home, os.environ)
    broken = [each for each in (loaded, own) if isinstance(each, Faults)]
    if isinstance(loaded, Faults) or isinstance(own, Faults):
        for each in broken:
            click.echo(str(relative(each, home)), err=True)
        sys.exit(2)
    try:
        known, counts = states(own.store_url.get_secret_value())
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    table = rows(loaded, known, counts)
    widths = [max(len(cell) for cell in column) for column in zip(HEAD, *table, strict=True)]
    for line in (HEAD, *table):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    if not known:
        click.echo("nothing polled yet", err=True)


@feeds.command("add")
@click.argument("url")
@click.option("--outlet", required=True, help="Host of the outlet, such as example.org.")
@click.option("--family", help="Its family in config/families.yaml; left out: by the outlet's host.")
@click.option("--language", type=click.Choice(["en", "uk", "ru", "tr"]))
@click.option("--zone", default="UTC", show_default=True, help="Zone of dates that name none, such as Europe/Kyiv.")
@click.pass_obj
def add(home: Path, url: str, outlet: str, family: str | None, language: str | None, zone: str) -> None:
    """Add a feed to config/feeds.yaml. A running service polls it at its next tick."""
    feed = Feed(url=url, outlet=outlet, family=family or outlet, language=language, zone=zone)
    try:
        feeds_file.add(home / feeds_file.FEEDS, home / feeds_file.FAMILIES, feed, explicit_family=family is not None)
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"added {url}", err=True)


@feeds.command("remove")
@click.argument("url")
@click.pass_obj
def remove(home: Path, url: str) -> None:
    """Take a feed out of config/feeds.yaml. What it brought stays in the store."""
    try:
        feeds_file.remove(home / feeds_file.FEEDS, home / feeds_file.FAMILIES, url)
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"removed {url}", err=True)
