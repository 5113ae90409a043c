"""PURE: an alert and a target → the bytes to send, rendered once and kept in the outbox.

`card` says what there is to tell and makes it safe; `plain`, `email` and `slack` lay it out.
"""

from zoneinfo import ZoneInfo

from alerts.compose.card import card_of
from alerts.compose.email import message
from alerts.compose.plain import text_of
from alerts.compose.slack import post
from alerts.records import Alert, AlertsError, Target
from alerts.rules import UTC

__all__ = ["render"]


def render(
    alert: Alert,
    target: Target,
    *,
    delivery_id: str,
    domain: str,
    sender: str | None,
    earlier: bool,
    opened: Alert | None = None,
    zone: ZoneInfo = UTC,
    note: str = "",
) -> bytes:
    """The payload of one delivery, the same bytes for the same arguments in any process.

    `domain` is the right side of the ids in mail; `sender` the From of mail, None for parley@domain. `earlier`: this
    target was told of the event before. `opened` is the first alert of the event, None when this one is: subject and
    thread are made from it alone, so that they stay. Times are printed in `zone`, the reader's. `note` is a line for
    this recipient alone, shown at the top. Kinds: `email` gives an RFC 5322 message, `slack` and `slack_webhook` JSON
    for chat.postMessage and incoming webhooks (see `slack.post`), `console` plain UTF-8 text. Raises AlertsError for a
    kind, domain or address that no message can be made for.
    """
    card = card_of(alert, earlier=earlier, opened=opened, zone=zone, note=note)
    if target.kind == "email":
        return message(card, target, delivery_id=delivery_id, domain=domain, sender=sender)
    if target.kind in ("slack", "slack_webhook"):
        # A webhook knows no threads: what it posts is nobody's reply.
        threads = target.kind == "slack" and (earlier or (opened is not None and opened.id != alert.id))
        return post(card, delivery_id=delivery_id, threads=threads)
    if target.kind == "console":
        return text_of(card).encode()
    raise AlertsError(
        f"recipient {target.recipient!r}: channel {target.channel!r} is of kind {target.kind!r}, for which there is "
        "no message; use email, slack, slack_webhook or console"
    )
