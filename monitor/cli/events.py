"""`parley events`: what the service knows."""

from pathlib import Path

import click

from monitor.cli.home import checked
from monitor.lines import event_line
from monitor.records import Event, MonitorError
from monitor.store import events as stored
from monitor.store import open_store


@click.command("events")
@click.option("--watch", help="Only those of this watch.")
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON Lines.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many, newest first."
)
@click.pass_obj
def events(home: Path, watch: str | None, as_json: bool, limit: int) -> None:
    """List the known events with their status, facts, sources and what was told of them."""
    own = checked(home).settings
    try:
        store = open_store(own.store_url.get_secret_value())
        try:
            with store.read() as tx:
                known = stored.all_events(tx, watch, limit)
        finally:
            store.close()
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    for event in sorted(known, key=lambda event: (event.touched, event.id), reverse=True):
        click.echo(event_line(event) if as_json else _line(event))
    if not known:
        click.echo("no events known yet", err=True)


def _line(event: Event) -> str:
    when = "undated" if event.date is None else f"{event.date.start}..{event.date.end}"
    counts = ", ".join(f"{way} {count:,}" for way, count in sorted(event.counts.items()))
    facts = "  ".join(
        part for part in (event.place, f"no. {event.ordinal}" if event.ordinal else None, counts or None) if part
    )
    told = ", ".join(reason for reason, _ in event.told) or ("baseline" if event.baseline else "not told")
    articles = len({saying.url for saying in event.sayings})
    sources = f"{articles} articles, {event.confirmed} families; {told}"
    return f"{event.id}\n    {event.kind}  {event.status}  {when}  {facts}\n    {sources}"
