"""The command line: one file per group of commands, no logic. Results on stdout, everything else on stderr."""

from importlib.metadata import version
from pathlib import Path

import click

from monitor.cli.alerts import alerts
from monitor.cli.check import check
from monitor.cli.demo import demo
from monitor.cli.evaluate import evaluate
from monitor.cli.events import events
from monitor.cli.feeds import feeds
from monitor.cli.init import init
from monitor.cli.judge import explain, replay
from monitor.cli.run import run
from monitor.cli.save import save
from monitor.cli.testalert import test_alert

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--home",
    envvar="PARLEY_HOME",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder that holds config/, seeds/ and state/ (or PARLEY_HOME; default: the current folder).",
)
@click.version_option(version("parley"), prog_name="parley")
@click.pass_context
def main(ctx: click.Context, home: Path) -> None:
    """Parley watches news feeds and tells people, once, when a new round of talks or a new exchange is reported.

    Exit status: 0 done, 1 it failed, 2 wrong usage or configuration.
    """
    ctx.obj = home


for command in (run, init, check, replay, explain, evaluate, save, events, alerts, feeds, test_alert, demo):
    main.add_command(command)
