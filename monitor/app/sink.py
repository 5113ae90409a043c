"""stderr as the log needs it: whole lines, and no end of the service when nobody takes them."""

import os
import sys
import threading
from typing import TextIO


class Sink:
    """Writes lines to a stream, from any thread. What a full disk or a closed pipe does not take is lost.

    `lost` is how many lines in a row that was; the next one that is taken sets it to nought. The stderr of the process
    is written past Python's buffer: what stays in there would be written again and again, and fail again.
    """

    def __init__(self, stream: TextIO, encoding: str | None = None) -> None:
        self._stream, self._encoding = stream, encoding or stream.encoding or "utf-8"
        self._descriptor = stream.fileno() if stream is sys.__stderr__ else None
        self._torn = False
        self._lock = threading.Lock()
        self.lost = 0

    def msg(self, line: str) -> None:
        with self._lock:
            try:
                self._write(line)
            except (OSError, ValueError):  # ValueError: closed
                self.lost += 1
            else:
                self.lost = 0

    debug = info = warning = error = critical = msg
    """By which of them a line comes is in the line."""

    def _write(self, line: str) -> None:
        if self._descriptor is None:
            self._stream.write(line + "\n")
            self._stream.flush()
            return
        # What could be written of the last line is a line of its own, or it would spoil this one.
        left = (("\n" if self._torn else "") + line + "\n").encode(self._encoding, "backslashreplace")
        whole = len(left)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        finally:
            if len(left) < whole:
                self._torn = bool(left)
