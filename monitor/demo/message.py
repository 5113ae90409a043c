"""PURE: what a received message says to a person: the event, the reason, the words. Read from the message itself.

The demo counts what arrived, not what the store believes was sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

from alerts.records import INTERRUPTS
from monitor.records import MonitorError

_EVENT = re.compile(r"Watch \S+, event (\S+)")
_LINK = re.compile(r"http://127\.0\.0\.1:\d+(/\S+\.html)")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it arrived. `article` is the path of the page it links first, `text` the whole plain text."""

    channel: Literal["mail", "slack"]
    file: str
    event_id: str
    kind: str
    reason: str
    subject: str
    article: str
    text: str

    @property
    def interrupts(self) -> bool:
        """Whether it is a message of its own and no update of an earlier one."""
        return self.reason in INTERRUPTS


def of_mail(file: str, mail: EmailMessage) -> Message:
    """A mail of Parley. MonitorError when it lacks the lines that every alert has."""
    part = mail.get_body(("plain",))
    text = str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
    flat = " ".join(text.split())
    event = _found(_EVENT, flat, file)
    return Message(
        channel="mail",
        file=file,
        event_id=event,
        kind=_kind(event, file),
        reason=str(mail["X-Parley-Reason"]),
        subject=str(mail["Subject"]),
        article=_found(_LINK, text, file),
        text=text,
    )


def of_slack(file: str, payload: Mapping[str, object]) -> Message:
    """A payload of chat.postMessage or of an incoming webhook. MonitorError when it is no alert of Parley."""
    text = str(payload.get("text", ""))
    metadata = payload.get("metadata")
    event = metadata.get("event_payload") if isinstance(metadata, dict) else None
    if not isinstance(event, dict):
        raise MonitorError(f"{file}: the Slack message has no metadata that names its event")
    return Message(
        channel="slack",
        file=file,
        event_id=str(event.get("event_id")),
        kind=_kind(str(event.get("event_id")), file),
        reason=str(event.get("reason")),
        subject=text.partition("\n")[0],
        article=_found(_LINK, text, file),
        text=text,
    )


def _kind(event_id: str, file: str) -> str:
    """The topic, which stands second in the id of an event (see `monitor.resolve.events.event_id`)."""
    parts = event_id.split(".")
    if len(parts) < 3:
        raise MonitorError(f"{file}: {event_id!r} is no id of an event")
    return parts[1]


def _found(pattern: re.Pattern[str], text: str, file: str) -> str:
    match = pattern.search(text)
    if match is None:
        raise MonitorError(f"{file}: the message has nothing like {pattern.pattern!r}")
    return match[1]
