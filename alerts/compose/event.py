"""PURE: an alert as a CloudEvent 1.0 in structured JSON, for programs; and as plain JSON, a contract (DESIGN §6)."""

import json
from datetime import UTC

from alerts.compose.parts import Card
from alerts.compose.plain import text_of
from alerts.records import Alert


def event(alert: Alert, card: Card, *, delivery_id: str, domain: str) -> bytes:
    """The bytes of the event. Its `id` is the delivery's: with `source` it tells a repeat from a new one."""
    body = {
        "specversion": "1.0",
        "id": delivery_id,
        "source": f"https://{domain}/parley",
        "type": f"parley.alert.{alert.reason}",
        "subject": alert.event_id,
        "time": alert.decided.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": told(alert) | {"text": text_of(card)},
    }
    # A lone surrogate of a headline has no bytes in UTF-8; what a reader gets of it is a question mark.
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def told(alert: Alert) -> dict[str, object]:
    """The alert by the names that scripts build on, in their order (DESIGN §6)."""
    article, date = alert.source, alert.date
    return {
        "reason": alert.reason,
        "watch": alert.watch,
        "kind": alert.kind,
        "status": alert.status,
        "event_id": alert.event_id,
        "title": alert.title,
        "date": date and {"start": str(date.start), "end": str(date.end), "basis": date.basis},
        "place": alert.place,
        "ordinal": alert.ordinal,
        "series": alert.series,
        "counts": dict(sorted(alert.counts.items())),
        "parties": list(alert.parties),
        "article": {
            "url": article.url,
            "title": article.title,
            "outlet": article.outlet,
            "published": article.published and article.published.isoformat(),
        },
        "evidence": [
            {"in": q.field, "text": q.text, "start": q.start, "end": q.end, "rules": list(q.rules)}
            for q in alert.quotes
        ],
        "articles": alert.articles,
        "families": alert.families,
    }
