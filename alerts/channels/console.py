"""Alerts on a text stream: for trying things out, and for those who read the journal."""

import sys
from collections.abc import Sequence
from typing import Literal, TextIO

from alerts.channels.shape import ChannelSettings, Clock
from alerts.records import Delivery, Finding, Outcome

_RULE = "─" * 76


class Settings(ChannelSettings):
    """Alerts on standard output."""

    kind: Literal["console"]

    def channel(self, name: str, _clock: Clock, /) -> "ConsoleChannel":
        return ConsoleChannel(name, sys.stdout)


class ConsoleChannel:
    """Writes each message to `stream`, between rules. What the stream cannot encode is replaced, never refused."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self.name = name
        self._stream = stream

    async def send(self, delivery: Delivery) -> Outcome:
        """Sent once the stream took it; transient when the stream is closed or full."""
        text = f"{_RULE}\n{delivery.payload.decode(errors='replace')}{_RULE}\n"
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            return Outcome("transient", "stream", f"the console could not be written to: {error}", wide=True)
        return Outcome("sent", "written")

    async def close(self) -> None:
        """Nothing to close: the stream belongs to whoever handed it in."""

    async def probe(self) -> Sequence[Finding]:
        """Whether the stream is open."""
        closed = self._stream.closed
        return (Finding(not closed, "standard output is closed" if closed else "alerts go to standard output"),)
