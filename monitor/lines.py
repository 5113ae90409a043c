"""The JSON Lines that scripts build on: an alert, an explained article, an event. Keys and order are a contract."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from alerts.compose.event import told
from alerts.records import Alert, Span
from extractors.records import Article, Claim, Dating, Evidence
from monitor.records import Event


def alert_line(alert: Alert) -> str:
    """One alert as `parley replay --json` prints it (DESIGN §6)."""
    return _line(told(alert))


def told_line(alert: Alert, trace: str | None = None) -> str:
    """One alert of the store as `parley alerts --json` prints it: the same with its id and when it was decided, and
    with its `trace` where that is given."""
    more = {"trace": trace} if trace else {}
    return _line({"id": alert.id, "decided": alert.decided.isoformat()} | more | told(alert))


def explain_line(article: Article, claims: Iterable[Claim]) -> str:
    """One article with its claims as `parley explain --json` prints it, also without claims (DESIGN §6)."""
    return _line(
        {
            "article": _article(article.url, article.title, article.outlet, article.published),
            "claims": [_claim(claim) for claim in claims],
        }
    )


def event_line(event: Event) -> str:
    """One event of the store as `parley events --json` prints it; `told` are the alerts so far, oldest first.

    `history` says in a line each how it came about, what was edited, and what was put right by hand.
    """
    return _line(
        {
            "event_id": event.id,
            "watch": event.watch,
            "kind": event.kind,
            "status": event.status,
            "date": _date(event.date),
            "place": event.place,
            "ordinal": event.ordinal,
            "series": event.series,
            "counts": dict(sorted(event.counts.items())),
            "articles": len({saying.url for saying in event.sayings}),
            "families": event.confirmed,
            "baseline": event.baseline,
            "told": [{"reason": reason, "status": status} for reason, status in event.told],
            "closed": event.closed,
            "history": list(event.history),
        }
    )


def _claim(claim: Claim) -> dict[str, object]:
    return {
        "watch": claim.watch,
        "kind": claim.kind,
        "status": claim.status,
        "role": claim.role,
        "date": _date(claim.date),
        "place": claim.place,
        "ordinal": claim.ordinal,
        "counts": dict(sorted(claim.counts.items())),
        "parties": list(claim.parties),
        "evidence": _evidence(claim.evidence),
        "rules": list(claim.rules),
    }


def _article(url: str, title: str | None, outlet: str, published: datetime | None) -> dict[str, str | None]:
    when = None if published is None else published.isoformat()
    return {"url": url, "title": title, "outlet": outlet, "published": when}


def _date(date: Span | Dating | None) -> dict[str, str] | None:
    return None if date is None else {"start": str(date.start), "end": str(date.end), "basis": date.basis}


def _evidence(quotes: Sequence[Evidence]) -> list[dict[str, object]]:
    return [{"in": q.field, "text": q.text, "start": q.start, "end": q.end, "rules": list(q.rules)} for q in quotes]


def _line(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False)
