"""Signals: the first asks the service to stop, the second ends it at once."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ASK = (signal.SIGINT, signal.SIGTERM)


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
        before = {number: signal.signal(number, self._asked) for number in _ASK}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def ask(self, by: str) -> None:
        """Ask it, for a reason."""
        if not self.by:
            self.by = by
            for each in _ASK:
                signal.signal(each, signal.SIG_DFL)
            self._loop.call_soon_threadsafe(self.asked.set)

    def _asked(self, number: int, _frame: FrameType | None) -> None:
        self.ask(signal.Signals(number).name)
