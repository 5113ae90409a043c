"""stderr as the log needs it: whole lines, and no end nor halt of the service when nobody takes them."""

import atexit
import contextlib
import functools
import os
import select
import sys
import threading
from collections import deque
from typing import TextIO

# What waits for a reader that hangs (a journal whose disk is slow): some 20,000 lines.
_MOST = 4 * 2**20
# What is written at once where poll(2) says that there is room, without having to wait (pipe(7)).
_AT_ONCE = select.PIPE_BUF
# How long what waits may hold up the end of the process, in seconds.
_LAST_WAIT = 1.0


class Sink:
    """Writes lines to a stream, from any thread. What a full disk or a closed pipe does not take is lost.

    `lost` is how many lines in a row that was; the next one that is taken sets it to nought. The stderr of the process
    is written past Python's buffer: what stays in there would be written again and again, and fail again. Nobody waits
    for its reader: while that one does not read, lines wait, up to 4 MB of them, and more are lost.
    """

    def __init__(self, stream: TextIO, encoding: str | None = None) -> None:
        self._stream, self._encoding = stream, encoding or stream.encoding or "utf-8"
        self._way = _way(stream.fileno()) if stream is sys.__stderr__ else None
        self._lock = threading.RLock()
        self._lost = 0

    @property
    def lost(self) -> int:
        return self._lost if self._way is None else self._way.lost

    def msg(self, line: str) -> None:
        if self._way is not None:
            self._way.put(f"{line}\n".encode(self._encoding, "backslashreplace"))
            return
        with self._lock:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):  # ValueError: closed
                self._lost += 1
            else:
                self._lost = 0

    debug = info = warning = error = critical = msg
    """By which of them a line comes is in the line."""


class _Way:
    """Lines to one descriptor, in order: at once where there is room, else by a thread that may wait for it.

    The lock is one that its holder may take again: the garbage collector can call a destructor in the middle of a line,
    and what that one raises is logged too.
    """

    def __init__(self, descriptor: int) -> None:
        self.lost = 0
        self._descriptor = descriptor
        self._room = select.poll()
        self._room.register(descriptor, select.POLLOUT)
        self._changed = threading.Condition(threading.RLock())
        self._waiting: deque[tuple[bytes, int]] = deque()
        """Each with how many lost ones it tells of. The first may be on its way."""
        self._size = 0
        self._writing = self._torn = False
        self._thread: threading.Thread | None = None

    def put(self, line: bytes) -> None:
        with self._changed:
            if self._writing or self._waiting:
                if self._size + len(line) > _MOST:
                    self.lost += 1
                    return
                self._keep(line)
            else:
                self._writing = True
                try:
                    left = self._write(line, wait=False)
                except OSError:
                    self.lost += 1
                    return
                finally:
                    self._writing = False
                if left:
                    self._keep(left, first=True)
            self.lost = 0

    def end(self) -> None:
        """Wait for what waits, but not for long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, _LAST_WAIT)

    def _keep(self, line: bytes, *, first: bool = False) -> None:
        (self._waiting.appendleft if first else self._waiting.append)((line, self.lost))
        self._size += len(line)
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="log", daemon=True)
            with contextlib.suppress(RuntimeError):  # no more threads: it waits for the end of the process
                self._thread.start()
        self._changed.notify_all()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                line, told = self._waiting[0]
            try:
                self._write(line, wait=True)
                lost = 0
            except OSError:
                lost = 1 + told
            with self._changed:
                self._waiting.popleft()
                self._size -= len(line)
                self.lost += lost
                self._changed.notify_all()

    def _write(self, line: bytes, *, wait: bool) -> bytes:
        """What of the line could not be written without waiting. OSError."""
        # What could be written of the last line is a line of its own, or it would spoil this one.
        left = (b"\n" if self._torn else b"") + line
        whole = len(left)
        try:
            while left and self._room.poll(None if wait else 0):
                with contextlib.suppress(BlockingIOError):
                    left = left[os.write(self._descriptor, left[:_AT_ONCE]) :]
        except OSError:
            self._torn = self._torn if len(left) == whole else True
            raise
        self._torn = False
        return left


@functools.cache
def _way(descriptor: int) -> _Way:
    """The same for all who write there: a reload makes the log anew, and what waits keeps its order."""
    way = _Way(descriptor)
    atexit.register(way.end)
    return way
