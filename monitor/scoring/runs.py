"""A run over labelled articles as JSON Lines, one object a line, and read again for `parley evaluate --against`.

    {"run": {"watches", "kinds", "scope", "articles", "unlabelled"}, "alerts": {…figures}, "claims": {…figures}}
    {"article": {"url", "language", "published"},
     "rulings": [{"about", "finding", "kind", "phase", "event", "status", "date", "ordinal", "counts"}]}

`about` is alert, claim, or the slot (date, ordinal, counts) that a right claim has not as labelled; `event` is the
gold's name, null where there is no gold; status, date, ordinal and counts are what was said, null where nothing was.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.scoring.alerts import AlertScore
from monitor.scoring.claims import ClaimScore, language_of
from monitor.scoring.fitting import Scope
from monitor.scoring.records import Case, Ruling

Figures = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, order=True, slots=True)
class Decision:
    """One ruling as it can be compared: what was found of what, without the words of the article.

    `event` and `phase` are empty where there are none.
    """

    about: str
    finding: str
    kind: str
    phase: str
    event: str


@dataclass(frozen=True, slots=True)
class Run:
    """What is kept of a run: its figures by table, and the decisions of each article by its address, in order."""

    figures: Figures
    decisions: Mapping[str, tuple[Decision, ...]]


def figures_of(alerts: AlertScore, claims: ClaimScore) -> Figures:
    """Both tables as numbers by name: shares of 1, counts, and per hundred articles where the name says so."""
    counts = ("updates", "unjudged", "owed", "told", "phases_owed", "phases_told", "reversals_owed", "reversals_told")
    total = claims.total
    of_claims: dict[str, float] = {"precision": total.precision, "recall": total.recall, "f1": total.f1}
    for name, tally in [("all", total), *claims.languages.items()]:
        of_claims |= {f"{name}.right": tally.right, f"{name}.wrong": tally.wrong, f"{name}.missed": tally.missed}
    for slot, (right, owed) in claims.slots.items():
        of_claims |= {f"{slot}.right": right, f"{slot}.owed": owed}
    found = {f"found.{finding}": count for finding, count in alerts.findings.items()}
    of_alerts: dict[str, float] = {**alerts.figures}
    of_alerts |= {each: getattr(alerts, each) for each in counts} | found
    return {"alerts": of_alerts, "claims": of_claims}


def run_lines(
    cases: Sequence[Case], alerts: AlertScore, claims: ClaimScore, scope: Scope, watches: Sequence[str]
) -> Iterator[str]:
    """A run as JSON Lines: its figures, then each article of the corpus with what was found in it."""
    run = {
        "watches": list(watches),
        "kinds": sorted(scope.kinds),
        "scope": list(scope.owed),
        "articles": len(cases),
        "unlabelled": sum(case.gold is None for case in cases),
    }
    yield json.dumps({"run": run, **figures_of(alerts, claims)}, ensure_ascii=False)
    made: dict[str, list[dict[str, object]]] = {case.article.url: [] for case in cases}
    for about, ruling in _rulings(alerts, claims):
        made[ruling.case.article.url].append(_line_of(about, ruling))
    shown = {case.article.url: case for case in cases}
    for url, case in shown.items():
        yield json.dumps({"article": _article(case), "rulings": made[url]}, ensure_ascii=False)


def read_run(lines: Iterable[str]) -> Run:
    """A run from its lines; ValueError with the number of the line that is none. Lines of changes are passed over."""
    figures: dict[str, Mapping[str, float]] = {}
    decisions: dict[str, tuple[Decision, ...]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if "run" in value:
                figures = {table: dict(value[table]) for table in ("alerts", "claims")}
            elif "article" in value:
                url = value["article"]["url"]
                decisions[url] = decisions.get(url, ()) + tuple(map(_decision, value["rulings"]))
            elif "change" not in value:
                raise ValueError("neither a run, an article nor a change")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"line {number}: not a line of `parley evaluate --json` ({error})") from error
    if not figures:
        raise ValueError("line 1: the figures of the run are missing; was it written by `parley evaluate --json`?")
    return Run(figures, decisions)


def _decision(value: Mapping[str, str | None]) -> Decision:
    about, finding, kind = value["about"], value["finding"], value["kind"]
    if about is None or finding is None or kind is None:
        raise ValueError("about, finding and kind must be there")
    return Decision(about, finding, kind, value["phase"] or "", value["event"] or "")


def _rulings(alerts: AlertScore, claims: ClaimScore) -> Iterator[tuple[str, Ruling]]:
    """Every ruling with what it is about: first the alerts', then the claims', then the slots'."""
    yield from ((ruling.about, ruling) for ruling in (*alerts.rulings, *claims.rulings))
    yield from claims.slips


def _line_of(about: str, ruling: Ruling) -> dict[str, object]:
    said = ruling.said
    date = said.date if said else None
    return {
        "about": about,
        "finding": ruling.finding if about == ruling.about else "wrong",
        "kind": ruling.kind,
        "phase": ruling.phase,
        "event": ruling.event,
        "status": said.status if said else None,
        "date": {"start": str(date.start), "end": str(date.end), "basis": date.basis} if date else None,
        "ordinal": said.ordinal if said else None,
        "counts": dict(sorted(said.counts.items())) if said else None,
    }


def _article(case: Case) -> dict[str, str | None]:
    article = case.article
    when = None if article.published is None else article.published.isoformat()
    return {"url": article.url, "language": language_of(case), "published": when}
