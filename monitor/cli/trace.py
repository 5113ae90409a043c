"""`parley trace`: the whole way of an alert, from the poll that brought its news to each attempt at a delivery."""

from pathlib import Path

import click

from monitor import tracing
from monitor.cli.events import opened
from monitor.cli.home import checked


@click.command("trace")
@click.argument("name", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the steps as JSON Lines.")
@click.pass_obj
def trace(home: Path, name: str, as_json: bool) -> None:
    """Show how something came about and what became of it, in order of time (UTC).

    ID is a trace, as log lines have it, an alert, a delivery, an event, or the address of an article.
    """
    with opened(checked(home)) as store, store.read() as tx:
        for step in tracing.follow(tx, name):
            click.echo(tracing.step_line(step) if as_json else tracing.in_words(step))
