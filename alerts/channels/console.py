"""Alerts on a text stream: for trying things out, and for those who read the journal."""

import asyncio
import select
import sys
from collections.abc import Sequence
from typing import Literal, TextIO

from alerts.channels.shape import ChannelSettings, Clock
from alerts.records import Delivery, Finding, Outcome

_RULE = "─" * 76
# How long a reader may take for the next part of a message before it counts as one that hangs, in seconds.
_PATIENCE, _LOOK = 5.0, 0.05


# Characters, of up to four bytes each.
_PART = select.PIPE_BUF // 4


class Settings(ChannelSettings):
    """Alerts on standard output."""

    kind: Literal["console"]

    def channel(self, name: str, _clock: Clock, /) -> "ConsoleChannel":
        return ConsoleChannel(name, sys.stdout)


class ConsoleChannel:
    """Writes each message to `stream`, between rules. What the stream cannot encode is replaced, never refused.

    Nothing else waits for a reader that hangs, such as the log driver of a container whose disk is slow.
    """

    def __init__(self, name: str, stream: TextIO) -> None:
        self.name = name
        self._stream = stream
        self._turn = asyncio.Lock()

    async def send(self, delivery: Delivery) -> Outcome:
        """Sent once the stream took it; transient when the stream is closed or full, or nobody reads from it."""
        text = f"{_RULE}\n{delivery.payload.decode(errors='replace')}{_RULE}\n"
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            async with self._turn, asyncio.timeout(None) as patience:
                await self._write(text.encode(encoding, "replace").decode(encoding), patience)
        except TimeoutError:
            return Outcome("transient", "stream", "nobody reads what is written to the console", wide=True)
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            return Outcome("transient", "stream", f"the console could not be written to: {error}", wide=True)
        return Outcome("sent", "written")

    async def _write(self, text: str, patience: asyncio.Timeout) -> None:
        """In parts that fit where poll(2) says that there is room (pipe(7))."""
        room = _room(self._stream)
        parts = [text] if room is None else [text[at : at + _PART] for at in range(0, len(text), _PART)]
        for part in parts:
            patience.reschedule(asyncio.get_running_loop().time() + _PATIENCE)
            while room is not None and not room.poll(0):  # noqa: ASYNC110 - a file on a disk has no event (epoll(7))
                await asyncio.sleep(_LOOK)
            self._stream.write(part)
            self._stream.flush()

    async def close(self) -> None:
        """Nothing to close: the stream belongs to whoever handed it in."""

    async def probe(self) -> Sequence[Finding]:
        """Whether the stream is open."""
        closed = self._stream.closed
        return (Finding(not closed, "standard output is closed" if closed else "alerts go to standard output"),)


def _room(stream: TextIO) -> "select.poll | None":
    """What tells whether a stream takes something at once; None for one that is no file."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return None
    room = select.poll()
    room.register(descriptor, select.POLLOUT)
    return room
