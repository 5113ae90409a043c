"""PURE: an alert and a target → the bytes to send, rendered once and kept in the outbox.

`card` says what there is to tell and makes it safe; `plain`, `email` and `slack` lay it out.
"""

from datetime import tzinfo

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
    opened: Alert | None = None,  # noqa: ARG001
    zone: tzinfo = UTC,  # noqa: ARG001
    note: str = "",  # noqa: ARG001
) -> bytes:
    """The payload of one delivery, the same bytes for the same arguments in any process.

    `domain` is the right side of the ids in mail; `sender` the From of mail, None for parley@domain. `earlier`: this
    target was told of the event before. Kinds: `email` gives an RFC 5322 message, `slack` and `slack_webhook` JSON for
    chat.postMessage and incoming webhooks, `console` plain UTF-8 text. Raises AlertsError for a kind, domain or
    address that no message can be made for.
    """
    card = card_of(alert, earlier=earlier)
    if target.kind == "email":
        return message(card, target, delivery_id=delivery_id, domain=domain, sender=sender)
    if target.kind in ("slack", "slack_webhook"):
        return post(card, delivery_id=delivery_id)
    if target.kind == "console":
        return text_of(card).encode()
    raise AlertsError(
        f"recipient {target.recipient!r}: channel {target.channel!r} is of kind {target.kind!r}, for which there is "
        "no message; use email, slack, slack_webhook or console"
    )
