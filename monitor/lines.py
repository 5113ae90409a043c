"""The JSON Lines that scripts build on: one alert, one explained article (DESIGN §6). Keys and order are a contract."""

import json
from collections.abc import Iterable

from alerts.records import Alert
from extractors.records import Article, Claim


def alert_line(alert: Alert) -> str:
    """One alert as `parley replay --json` prints it."""
    return _line(
        {
            "reason": alert.reason,
            "watch": alert.watch,
            "kind": alert.kind,
            "status": alert.status,
            "event_id": alert.event_id,
            "title": alert.title,
            "date": None
            if alert.date is None
            else {"start": str(alert.date.start), "end": str(alert.date.end), "basis": alert.date.basis},
            "place": alert.place,
            "ordinal": alert.ordinal,
            "series": alert.series,
            "counts": dict(sorted(alert.counts.items())),
            "parties": list(alert.parties),
            "article": {
                "url": alert.source.url,
                "title": alert.source.title,
                "outlet": alert.source.outlet,
                "published": None if alert.source.published is None else alert.source.published.isoformat(),
            },
            "evidence": [
                {"in": q.field, "text": q.text, "start": q.start, "end": q.end, "rules": list(q.rules)}
                for q in alert.quotes
            ],
            "articles": alert.articles,
            "families": alert.families,
        }
    )


def explain_line(article: Article, claims: Iterable[Claim]) -> str:
    """One article with its claims as `parley explain --json` prints it, also without claims."""
    return _line(
        {
            "article": {
                "url": article.url,
                "title": article.title,
                "outlet": article.outlet,
                "published": None if article.published is None else article.published.isoformat(),
            },
            "claims": [_claim(claim) for claim in claims],
        }
    )


def _claim(claim: Claim) -> dict[str, object]:
    return {
        "watch": claim.watch,
        "kind": claim.kind,
        "status": claim.status,
        "role": claim.role,
        "date": None
        if claim.date is None
        else {"start": str(claim.date.start), "end": str(claim.date.end), "basis": claim.date.basis},
        "place": claim.place,
        "ordinal": claim.ordinal,
        "counts": dict(sorted(claim.counts.items())),
        "parties": list(claim.parties),
        "evidence": [
            {"in": e.field, "text": e.text, "start": e.start, "end": e.end, "rules": list(e.rules)}
            for e in claim.evidence
        ],
        "rules": list(claim.rules),
    }


def _line(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
