"""`parley healthcheck`: whether the service of this home is ready."""

import os
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import click

from monitor import healthcheck as asked
from monitor.healthcheck import Finding, Verdict
from monitor.holder import holder, lock_of


@click.command("healthcheck")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.pass_obj
def healthcheck(home: Path, as_json: bool) -> None:
    """Ask the running service of this home whether it does its work, one line a check; exit 0 if it is ready, 1 if not.

    Made for a container's health check. The one that answers has to be the one that holds this home's store.
    """
    usual = home / "state" / "parley.db"
    # Reading the settings takes five times as long, and settings that someone is just editing must not make a service
    # unhealthy that runs. Where nobody holds the usual store, they say whether it is elsewhere.
    verdict = asked.look(usual, _now) if holder(lock_of(usual)) else _by_settings(home)
    for line in [verdict.as_json()] if as_json else verdict.lines():
        click.echo(line)
    sys.exit(0 if verdict.ready else 1)


def _now() -> datetime:
    from monitor import app

    return app.utcnow()


def _by_settings(home: Path) -> Verdict:
    from monitor import settings
    from monitor.faults import Faults, relative
    from monitor.store import StoreError, meta, open_store
    from monitor.store.lock import running

    url = settings.store_of(home, os.environ)
    if isinstance(url, Faults):
        return Verdict(False, tuple(Finding("configuration", False, str(each)) for each in relative(url, home)))
    if (file := settings.store_file(home, url.get_secret_value())) is not None:
        return asked.look(file, _now)
    try:
        store = open_store(url.get_secret_value())
        with closing(store), store.read() as tx:
            found, alive = running(store), meta.get(tx, meta.ALIVE)
    except StoreError as error:
        return Verdict(False, (Finding("store", False, str(error)),))
    if found is None:
        return asked.nobody(store.where)
    if found.listen is not None:
        return asked.ask(found)
    return asked.judged(found, asked.by_sign(datetime.fromisoformat(alive) if alive else None, _now()))
