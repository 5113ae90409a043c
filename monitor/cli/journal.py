"""`parley journal`: gaps, downtime, and what sitemaps list that feeds never showed."""

import os
import re
from datetime import datetime, timedelta
from pathlib import Path

import click

from monitor import app, settings
from monitor.archive.loading import day_or_moment
from monitor.cli.home import fail
from monitor.faults import Faults, relative
from monitor.records import MonitorError
from monitor.statuslist import in_words, is_there, journal_line
from monitor.store import journal as stored
from monitor.store import open_store


class Since(click.ParamType[datetime]):
    """A day or a time, or how long ago: 90m, 24h, 7d, 2w."""

    name = "span or date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        text = str(value)
        if ago := re.fullmatch(r"(\d{1,5})([mhdw])", text):
            unit = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[ago[2]]
            return app.utcnow() - timedelta(**{unit: int(ago[1])})
        try:
            return day_or_moment(text)
        except ValueError as error:
            self.fail(f"{error}, or how long ago, such as 24h or 7d", param, ctx)


@click.command("journal")
@click.option("--since", type=Since(), default="7d", show_default=True, help="How long back: 24h, 7d, or a date.")
@click.option("--feed", metavar="URL", help="Only what concerns this feed; downtime concerns all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines.")
@click.pass_obj
def journal(home: Path, since: datetime, feed: str | None, as_json: bool) -> None:
    """Show what may be missing and why, the earliest first."""
    own = settings.load(home, os.environ)
    if isinstance(own, Faults):
        fail(relative(own, home))
    lines: tuple[stored.Line, ...] = ()
    try:
        if is_there(home, own.store_url):
            store = open_store(own.store_url.get_secret_value())
            try:
                with store.read() as tx:
                    lines = stored.lines(tx, since=since, feed_url=feed)
            finally:
                store.close()
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    for line in lines:
        click.echo(journal_line(line) if as_json else in_words(line))
    if not lines:
        click.echo(f"nothing in the journal since {since:%Y-%m-%d %H:%M} UTC", err=True)
