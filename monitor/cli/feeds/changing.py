"""`parley feeds add`, `remove`, `import` and `export`."""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import click

from monitor import app, settings
from monitor.cli.home import checked
from monitor.faults import Faults, duration
from monitor.feedlist import remembered
from monitor.opml import LARGEST
from monitor.records import FeedState, MonitorError
from monitor.subscriptions import Wanted, export_all, import_all, offline
from monitor.subscriptions import add as add_feed
from monitor.subscriptions import remove as remove_feed


class _Duration(click.ParamType[timedelta]):
    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            return duration(value)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


@click.command("add")
@click.argument("url")
@click.option("--outlet", help="Who publishes, as alerts name it; left out: the feed's own title.")
@click.option("--family", help="Its family in config/families.yaml; left out: by the outlet's host.")
@click.option("--language", type=click.Choice(["en", "uk", "ru", "tr"]), help="Left out: as the feed says.")
@click.option("--zone", default="UTC", show_default=True, help="Zone of dates that name none, such as Europe/Kyiv.")
@click.option("--interval", type=_Duration(), help="Your own choice, such as 15m; left out: what etiquette allows.")
@click.option("--sitemap", metavar="URL", help="The outlet's news sitemap, which tells what the feed lacks.")
@click.option("--watch", "watches", multiple=True, metavar="ID", help="Only for this watch; may be given again.")
@click.option("--no-pages", is_flag=True, help="Read what the feed says, and ask for no page.")
@click.option("--offline", "without_asking", is_flag=True, help="Only edit config/feeds.yaml, and ask no server.")
@click.pass_obj
def add(
    home: Path,
    url: str,
    outlet: str | None,
    family: str | None,
    language: str | None,
    zone: str,
    interval: timedelta | None,
    sitemap: str | None,
    watches: tuple[str, ...],
    no_pages: bool,
    without_asking: bool,
) -> None:
    """Add the feed at URL to config/feeds.yaml, after one request that shows that it is one.

    What it answers is its first state, so that a running service need not ask again. A web page is not added: the feeds
    that it names are listed, with the command for each.
    """
    wanted = Wanted(url, outlet, family, language, zone, interval, watches, sitemap, not no_pages)
    try:
        if without_asking:
            click.echo(f"added {offline(home, wanted).url}", err=True)
            return
        own = checked(home)
        added = add_feed(
            own, wanted, lambda feed, state: asyncio.run(app.ask_feed(own.settings, feed, state)), app.utcnow()
        )
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    for note in added.notes:
        click.echo(note, err=True)
    click.echo(f"added {added.feed.url} as {added.feed.outlet}", err=True)
    if added.kept is not None:
        shown, new = added.kept.new + added.kept.baseline, added.kept.new
        entries = "1 entry" if shown == 1 else f"{shown} entries"
        when = f"{added.kept.polled.state.next_at:%Y-%m-%d %H:%MZ}"
        click.echo(f"{entries}, {new} to be read; next poll {when}", err=True)


@click.command("remove")
@click.argument("url")
@click.pass_obj
def remove(home: Path, url: str) -> None:
    """Take the feed at URL out of config/feeds.yaml; the address that it moved to will do as well.

    What it brought stays in the store, and so does its state: added again, it goes on where it was.
    """
    try:
        removed = remove_feed(home, url, _states(home))
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"removed {removed}; what it brought stays in the store", err=True)


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would be added, and change nothing.")
@click.pass_obj
def import_(home: Path, file: BinaryIO, dry_run: bool) -> None:
    """Add the feeds of an OPML file (`-`: standard input), the exchange format of feed readers.

    No server is asked: a running service polls them as their turns come. Folders are flattened; what is there already
    is passed over. Addresses that cannot be added are named; the exit status is then 1.
    """
    try:
        done = import_all(home, file.read(LARGEST + 1), _states(home), dry_run=dry_run)
    except MonitorError as error:
        raise click.ClickException(f"{file.name}: {error}") from error
    for feed in done.added:
        click.echo(f"{feed.url}  {feed.outlet}")
    for fault in done.faulty:
        click.echo(f"{file.name}: {fault}", err=True)
    verb = "would be added" if dry_run else "added"
    passed = f"{done.there} there already, {done.again} given more than once, {len(done.faulty)} faulty"
    click.echo(f"{len(done.added)} {verb}; {passed}", err=True)
    if done.faulty:
        sys.exit(1)


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.pass_obj
def export(home: Path, file: Path | None) -> None:
    """Write the feeds as OPML 2.0 to FILE, which must not be there yet, or to standard output.

    What only Parley knows of a feed stands in attributes of its own, which other readers pass over.
    """
    try:
        text = export_all(home)
        if file is None:
            click.echo(text, nl=False)
            return
        with file.open("x", encoding="utf-8") as sink:
            sink.write(text)
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    except FileExistsError as error:
        raise click.ClickException(f"{file} is there already; name another file, or remove it first") from error
    except OSError as error:
        raise click.ClickException(f"{file} could not be written: {error.strerror}") from error
    click.echo(f"{file} written", err=True)


def _states(home: Path) -> Mapping[str, FeedState]:
    """What is remembered; nothing where the settings have faults, which only `moved` addresses need."""
    own = settings.load(home, os.environ)
    return {} if isinstance(own, Faults) else remembered(own.store_url.get_secret_value()).states
