"""`parley feeds`: what is polled and how it fares (`showing`), changed (`changing`), tried out (`testing`)."""

from pathlib import Path

import click

from monitor.cli.feeds.changing import add, export, import_, remove
from monitor.cli.feeds.showing import JSON, STATE, print_list, show
from monitor.cli.feeds.testing import self_test, test

__all__ = ["feeds"]


@click.group("feeds", invoke_without_command=True)
@STATE
@JSON
@click.pass_context
def feeds(ctx: click.Context, state: str | None, as_json: bool) -> None:
    """List the feeds with the state of each, its last news and its next poll; or change what config/feeds.yaml says.

    Without a command it is `parley feeds list`.
    """
    if ctx.invoked_subcommand is None:
        print_list(ctx.obj, state, as_json)


@feeds.command("list")
@STATE
@JSON
@click.pass_obj
def list_(home: Path, state: str | None, as_json: bool) -> None:
    """List the feeds: state, outlet, last new item, next poll, interval in force, evidence, address. Times are UTC.

    The numbers of each state stand at the end, on stderr.
    """
    print_list(home, state, as_json)


for command in (show, add, remove, import_, export, test, self_test):
    feeds.add_command(command)
