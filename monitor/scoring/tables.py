"""The scores and what to look at, as lines for a person, without colour."""

from collections.abc import Iterable, Iterator

from alerts.records import Alert
from extractors.records import Claim
from extractors.refusals import because
from monitor.plain import dated, described, marked
from monitor.scoring.alerts import AlertScore
from monitor.scoring.claims import ClaimScore, Slot, Tally, language_of
from monitor.scoring.records import WRONG, Case, Gold, Ruling


def alert_table(score: AlertScore) -> Iterator[str]:
    """The figures of the alerts, each with the counts behind it."""
    found = score.findings
    behind: dict[str, str] = {
        "precision": ", ".join(f"{count} {finding}" for finding, count in found.items() if count) or "no alerts",
        "recall": f"{score.told} of {score.owed} events owed",
        "phase_recall": f"{score.phases_told} of {score.phases_owed} phases owed",
        "phase_accuracy": f"{score.in_phase} of {found['right']} right alerts",
        "duplicates_per_event": f"{found['duplicate']} for {score.named} events",
        "background_per_100": f"{found['background']} in {score.articles} articles",
        "false_per_100": "background, overstated and spurious",
    }
    yield "alerts"
    for name, value in score.figures.items():
        yield f"  {name.replace('_', ' '):<22}{value:>7.3f}   {behind[name]}"
    yield f"  {'reversals':<22}{'':>7}   {score.reversals_told} of {score.reversals_owed} owed"
    yield f"  {'updates':<22}{'':>7}   {score.updates}, not judged"
    if score.unjudged:
        yield f"  {'unlabelled':<22}{'':>7}   {score.unjudged} alerts of articles without labels, not judged"


def claim_table(score: ClaimScore) -> Iterator[str]:
    """The figures of the claims by language, and how many slots are right of those that labels have."""
    yield f"{'claims':<10}{'right':>8}{'wrong':>8}{'missed':>8}{'precision':>12}{'recall':>9}{'F1':>8}"
    for language, tally in score.languages.items():
        yield _row(language, tally)
    yield _row("all", score.total)
    yield ""
    yield f"{'slots':<10}{'right':>8}{'of':>8}{'share':>8}"
    for slot, (right, owed) in score.slots.items():
        yield f"  {slot:<8}{right:>8}{owed:>8}{right / owed if owed else 1:>8.3f}"


def _row(name: str, tally: Tally) -> str:
    counts = f"  {name:<8}{tally.right:>8}{tally.wrong:>8}{tally.missed:>8}"
    return f"{counts}{tally.precision:>12.3f}{tally.recall:>9.3f}{tally.f1:>8.3f}"


def misses(alerts: AlertScore, claims: ClaimScore, limit: int) -> Iterator[str]:
    """What was wrong or missed, at most `limit` of the alerts, of the claims and of the slots: why, as far as known."""
    of_alerts = [ruling for ruling in alerts.rulings if ruling.finding in (*WRONG, "missed")]
    of_claims = [ruling for ruling in claims.rulings if ruling.finding in (*WRONG, "missed")]
    told = {ruling.event for ruling in alerts.rulings if ruling.finding == "right" and ruling.phase != "off"}
    shown = (_shown(ruling, in_part=ruling.event in told) for ruling in of_alerts)
    yield from _chapter("alerts that are wrong or missing", shown, len(of_alerts), limit)
    yield from _chapter("claims that are wrong or missing", (_shown(each) for each in of_claims), len(of_claims), limit)
    slips = (_slip(slot, ruling) for slot, ruling in claims.slips)
    yield from _chapter("slots that are not as labelled", slips, len(claims.slips), limit)


def _chapter(title: str, items: Iterable[Iterator[str]], count: int, limit: int) -> Iterator[str]:
    if not count or not limit:
        return
    yield ""
    yield title
    for number, item in enumerate(items):
        if number == limit:
            yield f"  … and {count - limit} more (--misses)"
            return
        yield from item


def _shown(ruling: Ruling, *, in_part: bool = False) -> Iterator[str]:
    """A ruling with its article; `in_part`: an alert told of the event, in another phase than the one missed."""
    yield from _of(ruling.finding, ruling.case)
    if ruling.finding == "missed" and in_part:
        yield f"    only the phase is missing ({ruling.phase}): the event was told in another"
    if isinstance(ruling.said, Alert):
        yield f"    told     {ruling.said.reason}: {_alert(ruling.said)}"
        yield f"      rules: {', '.join(ruling.said.rules)}"
    if isinstance(ruling.said, Claim):
        yield f"    claim    {described(ruling.said)}"
        for evidence in ruling.said.evidence[:1]:
            yield f"      {marked(ruling.case.article, evidence)}"
        yield f"      rules: {', '.join(ruling.said.rules)}"
    if ruling.gold is not None:
        yield f"    gold     {labelled(ruling.gold)}"
    if ruling.finding == "missed":
        yield from _what_was_read(ruling)
    elif ruling.gold is None:
        for gold in ruling.case.gold or ():
            if gold.kind == ruling.kind:
                yield f"    labels   {labelled(gold)}"


def _what_was_read(ruling: Ruling) -> Iterator[str]:
    """The claims of that kind that the article gave, where they went, the rule that kept them quiet; else refusals."""
    case, nothing = ruling.case, True
    for read in case.read:
        if read.claim.kind != ruling.kind:
            continue
        nothing = False
        yield f"    read     {described(read.claim)}"
        yield f"      rules: {', '.join(read.claim.rules) or 'none'}"
        if ruling.about == "alert":
            yield f"      {read.verdict}: {read.event_id or 'no event'} ({', '.join(read.rules) or 'no rule'})"
            for rule, why in read.quiet:
                yield f"      quiet ({rule}): {why}"
    for refused in case.refused:
        if refused.kind == ruling.kind:
            nothing = False
            yield f"    refused  {refused.rule}: {marked(case.article, refused.evidence)} ({because(refused.rule)})"
    if nothing:
        yield f"    read     nothing of {ruling.kind}"


def _slip(slot: Slot, ruling: Ruling) -> Iterator[str]:
    yield from _of(slot, ruling.case)
    if isinstance(ruling.said, Claim) and ruling.gold:
        yield f"    claim    {described(ruling.said)}"
        yield f"    gold     {labelled(ruling.gold)}"


def _of(what: str, case: Case) -> Iterator[str]:
    when = f"{case.article.published:%Y-%m-%d}" if case.article.published else "undated"
    yield f"  {what:<10} {language_of(case)} {when} {case.article.url}"
    if case.article.title:
        yield f"    title    {case.article.title}"


def labelled(gold: Gold) -> str:
    """A gold event in one line, in the order in which claims are described."""
    parts = [gold.kind, gold.status, gold.role]
    if gold.date:
        start, end = gold.date.start, gold.date.end
        parts.append(str(start) if start == end else f"{start} to {end}")
    if gold.place:
        parts.append(f"in {gold.place}")
    if gold.ordinal:
        parts.append(f"no. {gold.ordinal}")
    parts += [f"{way} {count:,}" for way, count in sorted(gold.counts.items())]
    return ", ".join([*parts, gold.event or "without a name"])


def _alert(alert: Alert) -> str:
    parts = [alert.kind, alert.status]
    if alert.date:
        parts.append(dated(alert.date))
    if alert.place:
        parts.append(f"in {alert.place}")
    if alert.ordinal:
        parts.append(f"no. {alert.ordinal}")
    parts += [f"{way} {count:,}" for way, count in sorted(alert.counts.items())]
    return ", ".join(parts)
