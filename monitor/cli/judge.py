"""`parley replay` and `parley explain`: saved articles through the pipeline, and why one did or did not ring."""

import difflib
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from alerts.records import Alert
from extractors.lexicon import compile_lexicon
from extractors.records import Article
from monitor import explain as explaining
from monitor import feeds, settings
from monitor.archive import Loaded, load
from monitor.cli.home import WATCHES, chosen, families_of
from monitor.cli.moments import Moment
from monitor.lines import alert_line, explain_line
from monitor.records import MonitorError
from monitor.replay import differing, missing, steps


@click.command("replay")
@click.option("--json", "as_json", is_flag=True, help="Print alerts as JSON Lines.")
@WATCHES
@click.option("--published", type=Moment(), help="Publication of articles that have none: a day or an ISO 8601 time.")
@click.option("--known", multiple=True, metavar="PATH", help="Saved articles read first, as a baseline.")
@click.option(
    "--expect",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare with a file of alerts as --json prints them; exit 1 with the differences.",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.pass_obj
def replay(
    home: Path,
    as_json: bool,
    watch_files: tuple[Path, ...],
    published: datetime | None,
    known: tuple[str, ...],
    expect: Path | None,
    paths: tuple[str, ...],
) -> None:
    """Take saved articles through the whole pipeline from an empty memory and print the alerts.

    PATH is a folder, .jsonl, .html, .md, .txt, .warc or .warc.gz. Order: publication, then as given.

    What the service archived (state/archive) is taken in as it was then: the same alerts in the same order. The stories
    that its watches began with are read from the home, unless --known names what is read first.
    """
    watches = chosen(home, watch_files)
    told, read = load(known, published), load(paths, published)
    families = families_of(home)
    lacking = () if known else missing(read.sequence, watches)
    printed: list[str] = []
    articles = withdrawn = 0
    for step in steps(
        read.sequence,
        watches,
        _articles(told),
        family_of=lambda outlet: feeds.family_of(outlet, families),
        stories=not known,
    ):
        articles, withdrawn = articles + (step.withdrawn is None), withdrawn + (step.withdrawn is not None)
        if step.reading.unread:
            click.echo(f"{step.article.url}: not understood: {step.reading.unread}", err=True)
        for alert in step.alerts:
            printed.append(alert_line(alert))
            if expect is None:
                click.echo(printed[-1] if as_json else _for_a_person(alert))
    _problems(told, read)
    for problem in lacking:
        click.echo(problem, err=True)
    if changed := differing(read.sequence):
        click.echo(f"{changed} articles are read otherwise than when the service took them in", err=True)
    unreadable = len(told.problems) + len(read.problems) + len(lacking)
    tally = f"{articles} articles, {f'{withdrawn} withdrawn, ' if withdrawn else ''}{len(printed)} alerts"
    click.echo(f"{tally}; {unreadable} could not be read" if unreadable else tally, err=True)
    if expect is not None:
        # not splitlines: titles may hold a line separator that JSON leaves as it is
        wanted = [line for line in expect.read_text(encoding="utf-8").split("\n") if line]
        diff = list(difflib.unified_diff(wanted, printed, str(expect), "replay", lineterm="", n=0))
        for line in diff:
            click.echo(line)
        if diff:
            sys.exit(1)
    if unreadable:
        sys.exit(1)


@click.command("explain")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per article: its claims alone.")
@WATCHES
@click.option("--published", type=Moment(), help="Publication of articles that have none: a day or an ISO 8601 time.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH|URL...")
@click.pass_obj
def explain(
    home: Path, as_json: bool, watch_files: tuple[Path, ...], published: datetime | None, paths: tuple[str, ...]
) -> None:
    """Show the claims of saved articles, or of pages the service has read, and why they would or would not ring.

    Each article is judged alone. Without --json also the nearest known events, what kept them apart, and the decision;
    what is known comes from the home's store, or from the baseline stories when there is none.
    """
    watches = chosen(home, watch_files)
    addresses = [path for path in paths if explaining.is_address(path)]
    read = load([path for path in paths if not explaining.is_address(path)], published)
    families = families_of(home)
    lexicon = compile_lexicon([watch.names for watch in watches])
    own = settings.load(home, os.environ)
    try:
        known = None
        if isinstance(own, settings.Settings):
            known = explaining.remembered(own.store_url.get_secret_value(), watches, addresses)
        memory = known or explaining.baseline(watches, lexicon)
    except MonitorError as error:
        raise click.ClickException(str(error)) from error
    found = [*_articles(read), *(article for url in addresses for article in memory.pages.get(url, ()))]
    missing = [
        f"{url}: the service has not read this page; save it first: parley save {url} DIR"
        for url in addresses
        if not memory.pages.get(url)
    ]
    shown = explaining.explained(
        found, watches, memory, lexicon, family_of=lambda outlet: feeds.family_of(outlet, families)
    )
    for number, one in enumerate(shown):
        if as_json:
            click.echo(explain_line(one.article, one.reading.claims))
            continue
        if number:
            click.echo()
        for line in explaining.lines(one, memory):
            click.echo(line)
    for note in missing:
        click.echo(note, err=True)
    _problems(read)
    unreadable = len(read.problems) + len(missing)
    if unreadable:
        click.echo(f"{len(found)} articles; {unreadable} could not be read", err=True)
        sys.exit(1)


def _articles(loaded: Loaded) -> Sequence[Article]:
    return [saved.article for saved in loaded.articles]


def _problems(*loaded: Loaded) -> None:
    for problem in (problem for each in loaded for problem in each.problems):
        click.echo(problem, err=True)


def _for_a_person(alert: Alert) -> str:
    published = alert.source.published.strftime("%Y-%m-%d %H:%M") if alert.source.published else "undated"
    said = [f"«{alert.quotes[0].text}»"] if alert.quotes and not alert.edits else []
    for edit in alert.edits:
        said.append(f"old: «{edit.old.text if edit.old else ''}»")
        said.append(f"new: «{edit.new.text}»" if edit.new else "new: no longer says so")
    said.append(f"{alert.source.outlet}  {alert.source.url}")
    return "\n    ".join((f"{published:<16}  {alert.reason:<9}  {alert.title}", *said))
