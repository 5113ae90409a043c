"""What the ticks wake turns in loops, and the watch over those that come round no more.

A loop that raises ends the process (see `monitor.app`); a feed, page or channel that fails is a value and never does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta


class Pulse:
    """When each loop last came round, and how often; `late` names those that are stuck.

    `steady` is a clock that only goes forward: one that is set would make every loop late at once, or none for long.
    """

    def __init__(self, names: Sequence[str], patience: timedelta, steady: Callable[[], timedelta]) -> None:
        self._steady, self._patience = steady, patience
        self._last = dict.fromkeys(names, steady())
        self._turns = dict.fromkeys(names, 0)

    def beat(self, name: str) -> None:
        self._last[name] = self._steady()
        self._turns[name] += 1

    def excuse(self) -> None:
        """What the loops wait for is known and no fault of theirs: their patience begins anew."""
        self._last = dict.fromkeys(self._last, self._steady())

    def turns(self) -> Mapping[str, int]:
        """How often each loop has come round, by name."""
        return dict(self._turns)

    def late(self) -> tuple[tuple[str, timedelta], ...]:
        """The loops that have not come round within the patience, and for how long, by name."""
        now = self._steady()
        return tuple((name, now - last) for name, last in sorted(self._last.items()) if now - last > self._patience)


async def forever(bell: asyncio.Event, turn: Callable[[], Awaitable[object]], beat: Callable[[], None]) -> None:
    """Take a turn whenever the bell has rung. Rings during a turn are one further turn."""
    while True:
        await bell.wait()
        bell.clear()
        await turn()
        beat()
