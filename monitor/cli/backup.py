"""`parley backup`: the whole home as one file, while the service runs."""

import os
from importlib.metadata import version
from pathlib import Path

import click

from monitor import app, settings
from monitor.backup import Made, What, dump_command, summary
from monitor.backup import backup as make
from monitor.cli.home import fail, tidy_when_ended
from monitor.documents import read
from monitor.faults import Faults, relative
from monitor.manifest import FOLDERS
from monitor.records import MonitorError
from monitor.whereabouts import Whereabouts, whereabouts


@click.command("backup")
@click.option("--archive", is_flag=True, help="Take the archive of pages along, which may be large.")
@click.option("--without-store", is_flag=True, help="Take config/ and seeds/ alone: for a store that is a PostgreSQL.")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup(home: Path, file: Path, *, archive: bool, without_store: bool) -> None:
    """Write config/, seeds/, the store and the labelled cases to FILE (such as parley.tar.gz), which must be new.

    The service may be at work. What was written is read back and checked before it is called FILE. `parley restore`
    makes a home of it.
    """
    url = settings.store_of(home, os.environ)
    if isinstance(url, Faults):
        fail(relative(url, home))
    what = What(url.get_secret_value(), store=not without_store, archive=archive)
    try:
        with tidy_when_ended():
            made = make(home, file, what, version=version("parley"), now=app.utcnow())
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    _tell(made, what, whereabouts(read(home / settings.FILE), home, FOLDERS))


def _tell(made: Made, what: What, secrets: Whereabouts) -> None:
    def say(text: str) -> None:
        click.echo(text, err=True)

    manifest = made.manifest
    say(f"{made.file}: {_size(made.size)}, of {manifest.made:%Y-%m-%d %H:%M:%S} UTC, read back and whole")
    count = summary(manifest)
    held = [f"{root}/ ({count[root]} files)" for root in FOLDERS]
    if manifest.revision is not None:
        held.insert(0, f"the store {manifest.store} (schema {manifest.revision})")
    held += ["state/cases.jsonl"] if count["state"] else []
    held += [f"the archive ({count['archive']} files)"] if what.archive else []
    say(f"in it: {', '.join(held)}")
    if manifest.revision is None:
        say(f"not in it: the store {manifest.store}")
        if manifest.store.startswith("postgresql"):
            say(f"  its own tool backs it up: {dump_command(what.url)}")
    if not what.archive:
        say("not in it: the archive of pages (--archive takes it along)")
    if secrets.inside:
        say(f"in it, so keep it from others: the secrets at {', '.join(secrets.inside)}")
    for key, path in secrets.elsewhere.items():
        say(f"not in it: {path}, which {key} names; keep a copy of it elsewhere")
    for key in secrets.unnamed:
        say(f"not in it: {key}, which comes from the environment or a credential of the service")
    for path in made.passed_over:
        say(f"not in it: {path}, which is no file, or leads back to a folder that it lies in")
    if made.unnoted is not None:
        say(f"to look at: {made.unnoted}")


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:,.1f} kB"
