"""PURE: an alert and a target → the bytes to send, rendered once and kept in the outbox.

`card` says what there is to tell and makes it safe; `plain`, `email`, `slack` and `event` lay it out.
"""

from zoneinfo import ZoneInfo

from alerts.compose.card import card_of
from alerts.compose.email import message
from alerts.compose.event import event
from alerts.compose.plain import text_of
from alerts.compose.slack import post
from alerts.kinds import KINDS
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
    this recipient alone, shown at the top. The form of the target's kind decides (`alerts.kinds`): `mail` is an RFC
    5322 message, `slack` JSON for chat.postMessage and incoming webhooks (see `slack.post`), `event` a CloudEvent,
    `text` plain UTF-8. Raises AlertsError for a kind, domain or address that no message can be made for.
    """
    if target.kind not in KINDS:
        raise AlertsError(
            f"recipient {target.recipient!r}: channel {target.channel!r} is of kind {target.kind!r}, for which there "
            f"is no message; known: {', '.join(KINDS)}"
        )
    kind = KINDS[target.kind]
    card = card_of(alert, earlier=earlier, opened=opened, zone=zone, note=note)
    match kind.form:
        case "mail":
            return message(card, target, delivery_id=delivery_id, domain=domain, sender=sender)
        case "slack":
            replies = earlier or (opened is not None and opened.id != alert.id)
            return post(card, delivery_id=delivery_id, threads=kind.threads and replies)
        case "event":
            return event(alert, card, delivery_id=delivery_id, domain=domain)
        case "text":
            return text_of(card).encode()
