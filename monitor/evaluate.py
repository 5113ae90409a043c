"""Labelled articles, end to end: replayed, read, and judged by their labels.

    result = evaluate(load([path]), watches, scope_of("primary", watches))

Replaying gives the claims of each article as well as the alerts: reading does not look at what is known, so they are
those that `parley explain` shows of the article alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from extractors.records import Reading
from monitor.archive import Loaded
from monitor.intake import Judged
from monitor.records import MonitorError, Watch
from monitor.replay import Step, steps
from monitor.scoring.alerts import AlertScore, score_alerts
from monitor.scoring.claims import ClaimScore, score_claims
from monitor.scoring.fitting import OWED, Scope
from monitor.scoring.labels import KINDS, labels
from monitor.scoring.records import PRIMARY, RETURNS, Case, Gold, Read

GROUPS = ("primary", "returns", "all")


class LabelError(MonitorError):
    """Labels that cannot be judged by; the message has every fault on a line of its own, with file and line."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A judged replay: the articles in its order, and both scores."""

    cases: tuple[Case, ...]
    scope: Scope
    alerts: AlertScore
    claims: ClaimScore


def scope_of(group: str, watches: Sequence[Watch], prefixes: Sequence[str] = ()) -> Scope:
    """What is judged: `group` is one of GROUPS; `prefixes` are how the names of events owed begin.

    Without `prefixes` events are owed that are named for a watch, or as the labelled news of this project names them.
    """
    rings = {kind for watch in watches for kind in watch.rings.kinds}
    own = [name for watch in watches if not (name := f"{watch.id}.").startswith(OWED)]
    kinds = {"primary": PRIMARY, "returns": RETURNS, "all": PRIMARY | RETURNS | rings}[group]
    return Scope(frozenset(kinds), tuple(prefixes) or (*OWED, *own))


def evaluate(
    loaded: Loaded, watches: Sequence[Watch], scope: Scope, *, family_of: Callable[[str], str] = str
) -> Evaluation:
    """Replay `loaded` from an empty memory and judge it. Raises LabelError before anything is replayed."""
    gold = _gold(loaded, watches)
    told = steps([saved.article for saved in loaded.articles], watches, family_of=family_of)
    cases = tuple(_case(step, mine) for step, mine in zip(told, gold, strict=True))
    return Evaluation(cases, scope, score_alerts(cases, scope), score_claims(cases, scope))


def _gold(loaded: Loaded, watches: Sequence[Watch]) -> list[tuple[Gold, ...] | None]:
    """The labels of each article, in order."""
    own = (topic for watch in watches for topic in watch.identities)
    kinds = tuple(dict.fromkeys((*KINDS, *own)))
    read = [(saved.where, *labels(saved.about, kinds)) for saved in loaded.articles]
    # in the order of the file, which is not that of the replay
    faults = [
        f"{where}: {fault}" for where, _, found in sorted(read, key=lambda each: _line(each[0])) for fault in found
    ]
    if faults:
        raise LabelError("\n".join(faults))
    return [gold for _, gold, _ in read]


def _line(where: str) -> tuple[str, int]:
    """`news.jsonl:12` as what sorts by line."""
    file, _, line = where.rpartition(":")
    return (file, int(line)) if line.isdigit() else (where, 0)


def _case(step: Step, gold: tuple[Gold, ...] | None) -> Case:
    # a copy of an article that is known already is judged by nobody, so nothing is known of where its claims went
    judged = {each.index: each for each in step.judged}
    read = tuple(_read(step.reading, at, judged.get(at)) for at in range(len(step.reading.claims)))
    return Case(step.article, gold, read, step.reading.rejections, step.alerts)


def _read(reading: Reading, at: int, judged: Judged | None) -> Read:
    claim = reading.claims[at]
    if judged is None:
        return Read(claim, "kept", None, ("already-taken-in",))
    silences = [decision.silence for decision in judged.decisions if decision.silence]
    quiet = tuple((each.rule, each.because) for each in silences)
    return Read(claim, judged.trace.verdict, judged.trace.event_id, judged.trace.rules, quiet)
