"""What the ticks wake turns in loops, and the watch over those that come round no more.

A loop that raises ends the process (see `monitor.app`); a feed, page or channel that fails is a value and never does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta


class Pulse:
    """When each loop last came round; `late` names those that are stuck."""

    def __init__(self, names: Sequence[str], patience: timedelta, clock: Callable[[], datetime]) -> None:
        self._clock, self._patience = clock, patience
        self._last = dict.fromkeys(names, clock())

    def beat(self, name: str) -> None:
        self._last[name] = self._clock()

    def late(self) -> tuple[tuple[str, timedelta], ...]:
        """The loops that have not come round within the patience, and for how long, by name."""
        now = self._clock()
        return tuple((name, now - last) for name, last in sorted(self._last.items()) if now - last > self._patience)


async def forever(bell: asyncio.Event, turn: Callable[[], Awaitable[object]], beat: Callable[[], None]) -> None:
    """Take a turn whenever the bell has rung. Rings during a turn are one further turn."""
    while True:
        await bell.wait()
        bell.clear()
        await turn()
        beat()
