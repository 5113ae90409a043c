"""Two runs over labelled articles compared: which decisions changed, article by article, and which figures moved."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.scoring.records import WRONG
from monitor.scoring.runs import Decision, Run


@dataclass(frozen=True, slots=True)
class Difference:
    """One decision that is not what it was. `how`: newly right, newly wrong, newly missed, no longer right or wrong."""

    how: str
    url: str
    decision: Decision


def compared(before: Run, after: Run) -> tuple[Difference, ...]:
    """What changed in the articles that both runs have, by address in the order of the later one.

    A decision that is gone is only named where nothing new says the same: what was missed and is now right is newly
    right, and nothing else.
    """
    found: list[Difference] = []
    for url, now in after.decisions.items():
        if url not in before.decisions:
            continue
        came, gone = Counter(now), Counter(before.decisions[url])
        came, gone = came - gone, gone - came
        new = {(each.about, each.kind, each.phase, each.event) for each in came}
        for each in sorted(came.elements()):
            if each.finding != "neutral":
                how = "wrong" if each.finding in WRONG else each.finding
                found.append(Difference(f"newly {how}", url, each))
        for each in sorted(gone.elements()):
            told_anew = (each.about, each.kind, each.phase, each.event) in new
            if each.finding not in ("neutral", "missed") and not told_anew:
                how = "wrong" if each.finding in WRONG else each.finding
                found.append(Difference(f"no longer {how}", url, each))
    return tuple(found)


def moved(before: Run, after: Run) -> Iterator[tuple[str, str, float, float]]:
    """Each figure that is not what it was: table, name, before, after."""
    for table, figures in after.figures.items():
        earlier = before.figures.get(table, {})
        for name, value in figures.items():
            # what the earlier run did not count (another language) was nothing there
            if earlier.get(name, 0) != value:
                yield table, name, earlier.get(name, 0), value


def comparison_lines(before: Run, after: Run) -> Iterator[str]:
    """The comparison for a person: figures that moved, decisions that changed, and what cannot be compared."""
    yield "against the earlier run"
    figures = list(moved(before, after))
    for table, name, earlier, now in figures:
        yield f"  {table:<8}{name:<24}{_number(earlier):>8} → {_number(now)}"
    differences = compared(before, after)
    for each in differences:
        what = " ".join(part for part in (each.decision.kind, each.decision.phase, each.decision.event) if part)
        finding = "" if each.how.endswith(each.decision.finding) else f" ({each.decision.finding})"
        yield f"  {each.how}{finding}: {each.decision.about} {what}\n    {each.url}"
    if not figures and not differences:
        yield "  nothing changed"
    for articles, where in (
        (before.decisions.keys() - after.decisions.keys(), "the earlier run"),
        (after.decisions.keys() - before.decisions.keys(), "this run"),
    ):
        if articles:
            yield f"  {len(articles)} articles are only in {where} and not compared"


def change_lines(before: Run, after: Run) -> Iterator[str]:
    """The same as JSON Lines: {"change", "article", "about", "finding", "kind", "phase", "event"}."""
    for each in compared(before, after):
        d = each.decision
        about = {"about": d.about, "finding": d.finding, "kind": d.kind, "phase": d.phase or None}
        line = {"change": each.how, "article": each.url, **about, "event": d.event or None}
        yield json.dumps(line, ensure_ascii=False)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"
