"""`parley deliveries`: every alert to every recipient, what became of it, and what a person puts right."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from alerts.records import Delivery, DeliveryState
from monitor import app, deliverylist
from monitor.cli.events import opened
from monitor.cli.home import checked
from monitor.store import alerts as stored_alerts
from monitor.store import deliveries as stored

STATES = get_args(DeliveryState)
F = TypeVar("F", bound=Callable[..., Any])


def _listing(command: F) -> F:
    """The options of the list, which the group takes as well when it stands alone."""
    options = (
        click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only so; may be repeated."),
        click.option("--channel", metavar="NAME", help="Only by this channel."),
        click.option("--recipient", metavar="NAME", help="Only to this recipient."),
        click.option("--json", "as_json", is_flag=True, help="Print deliveries as JSON Lines."),
        click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group("deliveries", invoke_without_command=True)
@_listing
@click.pass_context
def deliveries(ctx: click.Context, /, **options: object) -> None:
    """List the deliveries, show one with its attempts, try one again or drop it. Alone: as `list`."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(listed, **options)


@deliveries.command("list")
@_listing
@click.pass_obj
def listed(
    home: Path, states: tuple[str, ...], channel: str | None, recipient: str | None, as_json: bool, limit: int
) -> None:
    """List deliveries, the newest first, with their state, why they are in it and when they are tried next."""
    with opened(checked(home)) as store, store.read() as tx:
        found = stored.all_deliveries(tx, limit, states=states, channel=channel, recipient=recipient)
        told = {each.alert_id: stored_alerts.get(tx, each.alert_id) for each in found}
    for each in reversed(found):
        click.echo(deliverylist.delivery_line(each) if as_json else deliverylist.in_short(each, told[each.alert_id]))
    if not found:
        click.echo("no such deliveries", err=True)


@deliveries.command("show")
@click.argument("delivery_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the delivery and its attempts as one JSON line.")
@click.option("--message", is_flag=True, help="Print the message itself, as it is sent.")
@click.pass_obj
def show(home: Path, delivery_id: str, as_json: bool, message: bool) -> None:
    """Show one delivery with every attempt at it: when, what came of it, what the far end said."""
    with opened(checked(home)) as store, store.read() as tx:
        found = stored.get(tx, delivery_id)
        if found is None:
            raise click.ClickException(_unknown(delivery_id))
        attempts = stored.attempts_of(tx, delivery_id)
        alert = stored_alerts.get(tx, found.alert_id)
    if message:
        click.echo(found.payload, nl=False)
    elif as_json:
        click.echo(deliverylist.delivery_line(found, attempts))
    else:
        for line in deliverylist.in_full(found, alert, attempts):
            click.echo(line)


@deliveries.command("retry")
@click.argument("delivery_ids", nargs=-1, required=True, metavar="ID...")
@click.pass_obj
def retry(home: Path, delivery_ids: tuple[str, ...]) -> None:
    """Have deliveries tried now: given up, held, suppressed or waiting ones, with the same bytes and id.

    A running service sees them within seconds; without one, the next `parley run` does.
    """
    now = app.utcnow()
    with opened(checked(home)) as store, store.write() as tx:
        done = {each: stored.revive(tx, each, now) for each in delivery_ids}
        why = {each: stored.get(tx, each) for each, went in done.items() if not went}
    _report(done, why, "will be tried now")


@deliveries.command("drop")
@click.argument("delivery_ids", nargs=-1, required=True, metavar="ID...")
@click.pass_obj
def drop(home: Path, delivery_ids: tuple[str, ...]) -> None:
    """Have deliveries go to nobody. They stay in the list as suppressed, rule dropped; `retry` takes them back."""
    now = app.utcnow()
    with opened(checked(home)) as store, store.write() as tx:
        done = {each: stored.drop(tx, each, now) for each in delivery_ids}
        why = {each: stored.get(tx, each) for each, went in done.items() if not went}
    _report(done, why, "dropped")


def _report(done: dict[str, bool], why: dict[str, Delivery | None], said: str) -> None:
    for each, went in done.items():
        if went:
            click.echo(f"{each} {said}", err=True)
        elif (found := why[each]) is None:
            click.echo(_unknown(each), err=True)
        else:
            unmade = "" if found.payload else f", and has no message; `parley alerts resend {found.alert_id}` makes one"
            click.echo(f"{each} stays as it is: {found.state}{unmade}", err=True)
    if not all(done.values()):
        sys.exit(1)


def _unknown(delivery_id: str) -> str:
    return f"the store has no delivery {delivery_id}; `parley deliveries` lists them"
