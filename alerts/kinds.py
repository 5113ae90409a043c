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
class Pace:
    """One message `every` so often, and up to `burst` at once after a rest; for each target, or for a whole channel."""

    every: timedelta
    burst: int = 1
    per: Literal["target", "channel"] = "target"


@dataclass(frozen=True, slots=True)
class Kind:
    """`pace` is how fast messages may go, `cap` the longest wait between two attempts. `threads`: it knows replies.
    An attempt ends by its channel's own timeouts within `longest`.

    None: nothing is known that the usual would not suit.
    """

    form: Form
    pace: Pace | None = None
    cap: timedelta | None = None
    threads: bool = False
    longest: timedelta = timedelta(minutes=5)


_SECOND, _QUARTER = Pace(timedelta(seconds=1)), timedelta(minutes=15)
# One message a second and channel, and short bursts beyond it (reference: delivery 3): an interruption need not wait
# because two updates went just before it. Where Slack asks for time all the same, it gets it.
_SLACK = Pace(timedelta(seconds=1), burst=3)
KINDS: Mapping[str, Kind] = {
    "console": Kind("text"),
    # A minute for each of a dozen steps and ten for each half of DATA; all of it twice, when only plain text is taken.
    "email": Kind("mail", Pace(timedelta(seconds=1), burst=20, per="channel"), longest=timedelta(minutes=65)),
    "slack": Kind("slack", _SLACK, _QUARTER, threads=True),
    "slack_webhook": Kind("slack", _SLACK, _QUARTER),
    "webhook": Kind("event", cap=_QUARTER),
    "apprise": Kind("text", Pace(timedelta(seconds=1), per="channel")),
}
