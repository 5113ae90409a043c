"""`parley evaluate`: how good the alerts and claims are, measured on labelled articles."""

import sys
from pathlib import Path

import click

from monitor import feeds
from monitor.archive import load
from monitor.cli.home import WATCHES, chosen, families_of
from monitor.evaluate import GROUPS, Evaluation, LabelError, scope_of
from monitor.evaluate import evaluate as evaluated
from monitor.scoring.comparing import change_lines, comparison_lines
from monitor.scoring.fitting import OWED
from monitor.scoring.runs import Run, read_run, run_lines
from monitor.scoring.tables import alert_table, claim_table, misses


@click.command("evaluate")
@click.option("--json", "as_json", is_flag=True, help="Print the figures and every decision as JSON Lines.")
@WATCHES
@click.option(
    "--kinds",
    type=click.Choice(GROUPS),
    default="primary",
    show_default=True,
    help="Judge talks and prisoner exchanges, bodies and children returned, or whatever rings.",
)
@click.option(
    "--scope",
    metavar="PREFIXES",
    default="",
    help=f"How the names of events that are owed begin, with commas. Default: {','.join(OWED)}, the watches' ids.",
)
@click.option(
    "--misses",
    "limit",
    type=click.IntRange(min=0),
    metavar="N",
    default=20,
    show_default=True,
    help="Show at most N of the alerts, of the claims and of the slots that are not right.",
)
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Compare with an earlier run as --json printed it: which articles are newly right, wrong or missed.",
)
@click.argument("corpus", nargs=-1, required=True, metavar="CORPUS...")
@click.pass_obj
def evaluate(
    home: Path,
    as_json: bool,
    watch_files: tuple[Path, ...],
    kinds: str,
    scope: str,
    limit: int,
    against: Path | None,
    corpus: tuple[str, ...],
) -> None:
    """Replay labelled articles and say how good the alerts are, and the claims read in each article alone.

    CORPUS is saved articles as for replay, with gold labels under `events`. Articles without labels are replayed and
    not judged. Faults in labels are named with file and line, and nothing is done.
    """
    watches = chosen(home, watch_files)
    before = None if against is None else _earlier(against)
    read = load(corpus)
    families = families_of(home)
    prefixes = [prefix for each in scope.split(",") if (prefix := each.strip())]
    try:
        made = evaluated(
            read,
            watches,
            scope_of(kinds, watches, prefixes),
            family_of=lambda outlet: feeds.family_of(outlet, families),
        )
    except LabelError as error:
        click.echo(f"{error}\nnothing was done; put the labels right", err=True)
        sys.exit(2)
    lines = list(run_lines(made.cases, made.alerts, made.claims, made.scope, [watch.id for watch in watches]))
    for line in lines if as_json else _for_a_person(made, limit):
        click.echo(line)
    if before is not None:
        after = read_run(lines)
        if not as_json:
            click.echo()
        for line in (change_lines if as_json else comparison_lines)(before, after):
            click.echo(line)
    for problem in read.problems:
        click.echo(problem, err=True)
    unlabelled = sum(case.gold is None for case in made.cases)
    click.echo(f"{len(made.cases)} articles, {unlabelled} without labels", err=True)
    if read.problems:
        sys.exit(1)


def _earlier(file: Path) -> Run:
    try:
        # not splitlines: an address may hold a line separator that JSON leaves as it is
        return read_run(file.read_text(encoding="utf-8").split("\n"))
    except ValueError as error:
        raise click.BadParameter(f"{file}: {error}", param_hint="--against") from error


def _for_a_person(made: Evaluation, limit: int) -> list[str]:
    return [
        *alert_table(made.alerts),
        "",
        *claim_table(made.claims),
        *misses(made.alerts, made.claims, limit),
    ]
