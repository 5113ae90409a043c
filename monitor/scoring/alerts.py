"""Every interruption of a replay, judged by the labels of the article that triggered it.

    right       it tells an event of the labels, of its kind and told as news, in this phase for the first time
    duplicate   that event in that phase was told before
    background  what fits best is recalled by the article: an older event
    overstated  what fits best is only a proposal
    spurious    the article holds no event of that kind, or only another process's
    neutral     nobody is blamed: a neighbouring process, or a plan told as off because its day moved

Owed are the events that some article tells as news in phase ahead or happened. Of an event that was owed, its going
off is owed too, as a reversal. Updates (corrected, confirmed) are counted and not judged, and so are alerts of articles
without labels.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.records import INTERRUPTS, PHASES, Alert
from monitor.scoring.fitting import Scope, best
from monitor.scoring.records import Case, Finding, Gold, Ruling

JUDGED: tuple[Finding, ...] = ("right", "duplicate", "background", "overstated", "spurious", "neutral")
FALSE: tuple[Finding, ...] = ("background", "overstated", "spurious")


@dataclass(frozen=True, slots=True)
class AlertScore:
    """What the alerts of a replay are worth. `rulings` are those on alerts in order, then on what was missed.

    `findings` counts the judged alerts. `owed`/`told` count events, `phases_owed`/`phases_told` each of their phases,
    `reversals_*` their going off. `named` is how many events a right alert named at all, `in_phase` how many right
    alerts have themselves the status of the gold's phase.
    """

    articles: int
    findings: Mapping[str, int]
    updates: int
    unjudged: int
    owed: int
    told: int
    phases_owed: int
    phases_told: int
    reversals_owed: int
    reversals_told: int
    named: int
    in_phase: int
    rulings: tuple[Ruling, ...] = ()

    @property
    def figures(self) -> dict[str, float]:
        """Shares of 1; duplicates for each event that was told; the last two in a hundred articles."""
        right, false = self.findings["right"], sum(self.findings[each] for each in FALSE)
        articles = max(1, self.articles)
        return {
            "precision": right / (right + false) if right + false else 0.0,
            "recall": self.told / self.owed if self.owed else 0.0,
            "phase_recall": self.phases_told / max(1, self.phases_owed),
            "phase_accuracy": self.in_phase / max(1, right),
            "duplicates_per_event": self.findings["duplicate"] / max(1, self.named),
            "background_per_100": 100 * self.findings["background"] / articles,
            "false_per_100": 100 * false / articles,
        }


def score_alerts(cases: Sequence[Case], scope: Scope) -> AlertScore:
    """Judge the alerts of `cases`, which come in the order of the replay."""
    owed = _owed(cases, scope)
    seen: set[tuple[str, str]] = set()
    rulings: list[Ruling] = []
    updates = unjudged = in_phase = 0
    for case in cases:
        for alert in case.alerts:
            if alert.kind not in scope.kinds:
                continue
            if alert.reason not in INTERRUPTS:
                updates += 1
            elif case.gold is None:
                unjudged += 1
            else:
                ruling = _ruling(alert, case, case.gold, scope, seen)
                rulings.append(ruling)
                in_phase += ruling.finding == "right" and PHASES.get(alert.status) == ruling.phase
    ends = {(event, phase): first for (event, phase), first in owed.items() if phase != "off"}
    events = {event for event, _ in ends}
    named = {event for event, phase in seen if phase != "off"}
    findings = Counter(ruling.finding for ruling in rulings)
    missed = [
        Ruling("alert", "missed", case, gold.kind, phase, gold, None)
        for (event, phase), (case, gold) in owed.items()
        if (event, phase) not in seen
    ]
    return AlertScore(
        articles=sum(case.gold is not None for case in cases),
        findings={each: findings[each] for each in JUDGED},
        updates=updates,
        unjudged=unjudged,
        owed=len(events),
        told=len(events & named),
        phases_owed=len(ends),
        phases_told=len(ends.keys() & seen),
        reversals_owed=len(owed) - len(ends),
        reversals_told=len((owed.keys() - ends.keys()) & seen),
        named=len(named),
        in_phase=in_phase,
        rulings=(*rulings, *missed),
    )


def _owed(cases: Sequence[Case], scope: Scope) -> dict[tuple[str, str], tuple[Case, Gold]]:
    """Each (event, phase) that must ring, with the article that tells it first; `off` only of events owed before."""
    owed: dict[tuple[str, str], tuple[Case, Gold]] = {}
    known: set[str] = set()
    for case in cases:
        for gold in case.gold or ():
            if gold.role != "news" or gold.kind not in scope.kinds or scope.standing(gold) != "owed":
                continue
            if gold.event is None or gold.phase is None or (gold.phase == "off" and gold.event not in known):
                continue
            known.add(gold.event)
            owed.setdefault((gold.event, gold.phase), (case, gold))
    return owed


def _ruling(alert: Alert, case: Case, labels: Sequence[Gold], scope: Scope, seen: set[tuple[str, str]]) -> Ruling:
    """Judge one interruption; a right one is put down in `seen` as (event, phase)."""
    gold = best(alert, [each for each in labels if each.kind == alert.kind])
    said = PHASES.get(alert.status)
    finding: Finding = "spurious"
    if gold is not None:
        finding = _finding(gold, scope, said)
        if finding == "right" and gold.phase:
            key = (gold.event or case.article.url, gold.phase)
            finding = "duplicate" if key in seen else "right"
            seen.add(key)
    return Ruling("alert", finding, case, alert.kind, gold.phase if gold else said, gold, alert)


def _finding(gold: Gold, scope: Scope, said: str | None) -> Finding:
    standing = scope.standing(gold)
    if standing == "neighbour" or (gold.role == "news" and gold.phase == "ahead" and said == "off"):
        return "neutral"
    if standing == "other":
        return "spurious"
    if gold.role == "background":
        return "background"
    return "right" if gold.phase else "overstated"
