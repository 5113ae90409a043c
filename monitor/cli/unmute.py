"""`parley unmute`: a mute lifted before its end."""

from pathlib import Path

import click

from monitor import app
from monitor.cli.events import opened
from monitor.cli.home import checked
from monitor.store import mutes as stored


@click.command("unmute")
@click.argument("mute_id", metavar="ID", type=int)
@click.pass_obj
def unmute(home: Path, mute_id: int) -> None:
    """Lift a mute now. What it kept quiet stays so; `parley deliveries retry` sends it all the same."""
    with opened(checked(home)) as store, store.write() as tx:
        lifted = stored.unmute(tx, mute_id, app.utcnow())
    if lifted is None:
        raise click.ClickException(f"no mute {mute_id} is in force; `parley mute` lists them")
    click.echo(f"{lifted.scope} {lifted.value} is heard of again", err=True)
