"""`parley restore`: a home made of a backup."""

import os
from importlib.metadata import version
from pathlib import Path

import click

from monitor import app
from monitor.backup import summary
from monitor.cli.home import tidy_when_ended
from monitor.records import MonitorError
from monitor.restore import restore as put_back
from monitor.store import schema


@click.command("restore")
@click.option("--only-store", is_flag=True, help="Take the store alone, into a home that is there: it must have none.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(home: Path, file: Path, *, only_store: bool) -> None:
    """Make a home of FILE, which `parley backup` wrote. Nothing that is there is overwritten.

    All of it is checked before any of it is put in place. The store goes where the settings in FILE say, or
    PARLEY_STORE__URL.
    """
    try:
        with tidy_when_ended():
            done = put_back(home, file, os.environ, version=version("parley"), now=app.utcnow(), only_store=only_store)
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    manifest, count = done.manifest, summary(done.manifest)

    def say(text: str) -> None:
        click.echo(text, err=True)

    if done.taken_away:
        say("an earlier restore had broken off: what it had put in place was removed first")
    say(f"restored from {manifest.made:%Y-%m-%d %H:%M:%S} UTC, made by Parley {manifest.parley}")
    if not only_store:
        say(f"{home}: config/ ({count['config']} files), seeds/ ({count['seeds']} files)")
    if done.store is not None:
        older = manifest.revision != schema.HEAD
        say(
            f"the store: {done.store}"
            + (f", schema {manifest.revision}, which the next start changes" if older else "")
        )
        say(
            "what was sent after that moment is alerted again where feeds still show it: mails under the same "
            "Message-ID, Slack is looked through first, and what a Slack webhook is given says that it may be a repeat"
        )
    elif not only_store:
        say(f"the store is not in it: it was {manifest.store}; put that back before the first start")
    if count["archive"]:
        say(f"the archive: {done.archive}" if done.archive else "the archive in it was left out")
    say(f"next: parley --home {home} check, then start the service")
