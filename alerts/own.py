"""PURE: alerts that no change of an event stands behind: digests, notices, tests."""

from collections.abc import Iterable
from datetime import datetime

from alerts.records import Alert, Fact, Reason, Source


def own_alert(
    *,
    id: str,  # noqa: A002 - as the record has it
    reason: Reason,
    kind: str,
    status: str,
    event_id: str,
    title: str,
    now: datetime,
    watch: str = "",
    advice: str | None = None,
    articles: int = 0,
    families: int = 0,
    facts: Iterable[Fact] = (),
    since: Iterable[Fact] = (),
    label: str = "",
) -> Alert:
    """An alert of Parley itself, decided `now` (aware UTC), with no slots of an event. `advice`: where to see more."""
    return Alert(
        id=id,
        reason=reason,
        watch=watch,
        kind=kind,
        status=status,
        event_id=event_id,
        title=title,
        date=None,
        place=None,
        ordinal=None,
        series=None,
        counts={},
        parties=(),
        source=Source("", advice, "Parley", "parley", now, now),
        quotes=(),
        articles=articles,
        families=families,
        rules=(),
        decided=now,
        facts=tuple(facts),
        since=tuple(since),
        label=label,
    )
