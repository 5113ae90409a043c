"""What commands share: a home without faults, or exit 2 with all of them; the watches of a command line; families."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from monitor import checks, feeds, watches
from monitor.checks import Checked
from monitor.faults import Faults
from monitor.records import Watch

WATCHES = click.option(
    "--watch",
    "watch_files",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A watch to use instead of those that the home's configuration enables; may be given again.",
)


@contextmanager
def tidy_when_ended() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, by way of what clears up behind it: timers and `timeout` send that one."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def checked(home: Path) -> Checked:
    """The home's settings, feeds and watches; ends the program with status 2 and every fault."""
    found = checks.check(home, os.environ)
    if isinstance(found, Faults):
        fail(found)
    return found


def chosen(home: Path, files: tuple[Path, ...]) -> tuple[Watch, ...]:
    """The watches of `--watch FILE`, else those that the home's configuration enables."""
    if not files:
        return checked(home).watches
    loaded: list[Watch] = []
    for file in files:
        beside = file.resolve().parent.parent / "topics"
        watch = watches.load_watch(file, beside if beside.is_dir() else home / "seeds" / "topics")
        if isinstance(watch, Faults):
            fail(watch)
        loaded.append(watch)
    return tuple(loaded)


def families_of(home: Path) -> dict[str, str]:
    """Host → family of the home's config, or nothing where there is none: every outlet is then its own family."""
    if not (home / feeds.FAMILIES).exists():
        return {}
    families = feeds.load_families(home / feeds.FAMILIES)
    return {} if isinstance(families, Faults) else dict(families)


def fail(faults: Faults) -> NoReturn:
    """Every fault on stderr, exit status 2."""
    for fault in faults:
        click.echo(str(fault), err=True)
    click.echo(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}; nothing was done", err=True)
    sys.exit(2)
