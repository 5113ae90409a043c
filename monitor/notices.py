"""PURE: a message of the service about itself: an alert of kind `self`, which goes the lasting way of all alerts."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from alerts.own import own_alert
from alerts.records import Alert, Fact


def notice(
    title: str, facts: Sequence[Fact], *, turn: str, event_id: str, label: str, count: int, advice: str, now: datetime
) -> Alert:
    """`facts` are a row each, under the outlet of their source; `count` of what `label` names the message is about.

    Messages of one `event_id` stand together. `advice` is where to see more.
    """
    return own_alert(
        id=hashlib.sha256(f"self|{turn}|{now.isoformat()}|{title}".encode()).hexdigest()[:20],
        reason="notice",
        kind="self",
        status=turn,
        event_id=event_id,
        title=title,
        advice=advice,
        families=count,
        now=now,
        facts=facts,
        label=label,
    )
