"""`parley init`: a working home."""

from pathlib import Path

import click

from monitor.homes import initialise
from monitor.records import MonitorError


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a working home into FOLDER: config/, seeds/ and state/. Nothing that is there is overwritten."""
    try:
        written = initialise(folder)
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    for path in written:
        click.echo(str(path))
    click.echo(
        f"\nA home in {folder}. Next:\n"
        f"  1. edit {folder / 'config' / 'parley.yaml'}: who hears, and by which channel\n"
        f"  2. parley --home {folder} check\n"
        f"  3. parley --home {folder} run",
        err=True,
    )
