"""Signals: the first asks the service to stop, the second ends it at once."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# The end of the terminal comes as several of them, from the kernel and from the shell.
_ASK = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INSIST = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether somebody asked the service to stop, and by which signal. To be made on the event loop."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.by = ""
        self._loop = asyncio.get_running_loop()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Listen for them. From the first on, SIGINT and SIGTERM do what the system does with them: the process ends
        there and then, with the signal as its status. What was being sent is then taken up as after a crash."""
        # Not the loop's own handlers: these come through while a start blocks the loop.
        before = {number: signal.getsignal(number) for number in _ASK}
        for number in _ASK:
            # Under nohup the end of the terminal is ignored, and shall be.
            if number != signal.SIGHUP or before[number] != signal.SIG_IGN:
                signal.signal(number, self._ask)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        if not self.by:
            self.by = signal.Signals(number).name
            for each in _INSIST:
                signal.signal(each, signal.SIG_DFL)
            self._loop.call_soon_threadsafe(self.asked.set)
