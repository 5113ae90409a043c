"""`parley save`: a page becomes a test article."""

import asyncio
import os
from pathlib import Path

import click

from monitor import app, archive, settings
from monitor.fetch import Fetched
from monitor.settings import Settings


@click.command("save")
@click.argument("url")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.pass_obj
def save(home: Path, url: str, folder: Path) -> None:
    """Save the page at URL into DIR as a test article that replay and explain read."""
    own = settings.load(home, os.environ)
    got = asyncio.run(app.page(url, own if isinstance(own, Settings) else None))
    if not isinstance(got, Fetched):
        raise click.ClickException(f"{url} could not be had: {got.kind}: {got.detail}")
    try:
        click.echo(str(archive.save(got, folder)))
    except OSError as error:
        raise click.ClickException(f"{folder} could not be written: {error}") from error
