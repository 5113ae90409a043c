"""The command line: one file per group of commands, no logic. Results on stdout, everything else on stderr."""

from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import click

__all__ = ["main"]

# In the order of their names in --help; each module holds one command of its own name, or that of the second column.
_COMMANDS = {
    "ack": "ack",
    "alerts": "alerts",
    "check": "check",
    "deliveries": "deliveries",
    "demo": "demo",
    "evaluate": "evaluate",
    "events": "events",
    "explain": "judge",
    "feeds": "feeds",
    "init": "init",
    "journal": "journal",
    "mute": "mute",
    "reload": "reload",
    "replay": "judge",
    "route": "route",
    "run": "run",
    "save": "save",
    "status": "status",
    "test-alert": "testalert",
    "unmute": "unmute",
}


class _Commands(click.Group):
    """Imports a command when it is asked for: all of them together take most of a second, and a service needs one."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"monitor.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
