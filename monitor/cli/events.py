"""`parley events`: what the service knows, one event in full, and what a person puts right."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy import Connection

from monitor import app, repair
from monitor.checks import Checked
from monitor.cli.home import checked
from monitor.eventlist import in_full, in_short
from monitor.lines import event_line
from monitor.records import MonitorError
from monitor.store import Store, open_store
from monitor.store import alerts as stored_alerts
from monitor.store import events as stored

T = TypeVar("T")
BECAUSE = click.option("--because", metavar="TEXT", help="Why, for the history of the event.")


@click.group("events", invoke_without_command=True)
@click.option("--watch", help="Only those of this watch.")
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON Lines.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many, newest first."
)
@click.pass_context
def events(ctx: click.Context, watch: str | None, as_json: bool, limit: int) -> None:
    """List the known events with their status, facts, sources and what was told of them, or put them right."""
    if ctx.invoked_subcommand is not None:
        return
    with opened(checked(ctx.obj)) as store, store.read() as tx:
        known = stored.all_events(tx, watch, limit)
    for event in sorted(known, key=lambda event: (event.touched, event.id), reverse=True):
        click.echo(event_line(event) if as_json else in_short(event))
    if not known:
        click.echo("no events known yet", err=True)


@events.command("show")
@click.argument("event_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the event as one JSON line.")
@click.pass_obj
def show(home: Path, event_id: str, as_json: bool) -> None:
    """Show one event: its facts by source, its history and its alerts. The id of a merged event leads to the other."""
    with opened(checked(home)) as store, store.read() as tx:
        event = repair.living(tx, event_id)
        told = stored_alerts.of_event(tx, event.id)
    if event.id != event_id:
        click.echo(f"{event_id} was merged into {event.id}", err=as_json)
    for line in [event_line(event)] if as_json else in_full(event, told):
        click.echo(line)


@events.command("merge")
@click.argument("one", metavar="ID")
@click.argument("other", metavar="ID")
@BECAUSE
@click.pass_obj
def merge(home: Path, one: str, other: str, because: str | None) -> None:
    """Make two events one. The older id stays, with the sayings of both; what was told of both rings no more."""
    own = checked(home)
    made = _put_right(own, lambda tx: repair.merge(tx, one, other, own.watches, now=app.utcnow(), because=because))
    click.echo(f"merged into {made.id}, {made.status}", err=True)


@events.command("split")
@click.argument("event_id", metavar="ID")
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@BECAUSE
@click.pass_obj
def split(home: Path, event_id: str, urls: tuple[str, ...], because: str | None) -> None:
    """Have what the articles at URL tell of an event leave it for a new one, with what was told on their word."""
    own = checked(home)
    kept, made = _put_right(
        own, lambda tx: repair.split(tx, event_id, urls, own.watches, now=app.utcnow(), because=because)
    )
    click.echo(f"{kept.id} stays, {kept.status}", err=True)
    click.echo(made.id)


@events.command("close")
@click.argument("event_id", metavar="ID")
@BECAUSE
@click.pass_obj
def close(home: Path, event_id: str, because: str | None) -> None:
    """Close an event: no later claim joins it, and nothing of it rings any more."""
    closed = _put_right(checked(home), lambda tx: repair.close(tx, event_id, now=app.utcnow(), because=because))
    click.echo(f"closed {closed.id}", err=True)


@contextmanager
def opened(own: Checked) -> Iterator[Store]:
    """The store of a home; what it or the block raises as MonitorError ends the program with status 1."""
    try:
        store = open_store(own.settings.store_url.get_secret_value())
        try:
            yield store
        finally:
            store.close()
    except MonitorError as error:
        raise click.ClickException(str(error)) from error


def _put_right(own: Checked, write: Callable[[Connection], T]) -> T:
    with opened(own) as store, store.write() as tx:
        return write(tx)
