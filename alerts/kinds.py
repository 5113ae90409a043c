"""PURE: the kinds of channel there are. A new one is a line here and a file `alerts/channels/KIND.py`.

The line holds what those must know who never touch the network: how its messages are laid out, how fast they may go,
how long it is waited for at most. Everything else is in the file, which is imported where a channel of the kind is
configured and not before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Form = Literal["text", "mail", "slack", "event"]
"""How a message is laid out (`alerts.compose`): plain words, RFC 5322, Slack's JSON, a CloudEvent."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`pace` is the least time between two messages to one target, `cap` the longest wait between two attempts.

    None: nothing is known that the usual would not suit.
    """

    form: Form
    pace: timedelta | None = None
    cap: timedelta | None = None


_SECOND, _QUARTER = timedelta(seconds=1), timedelta(minutes=15)
KINDS: Mapping[str, Kind] = {
    "console": Kind("text"),
    "email": Kind("mail"),
    "slack": Kind("slack", _SECOND, _QUARTER),  # one message a second and channel (reference: delivery 3)
    "slack_webhook": Kind("slack", _SECOND, _QUARTER),
    "webhook": Kind("event", cap=_QUARTER),
    "apprise": Kind("text", _SECOND),
}
