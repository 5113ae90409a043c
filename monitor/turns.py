"""One thing at a time for each host, with a gap between the starts (reference: polling 17); room for many at once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from monitor.loops import queued, step

_KEPT = 1_000
# Hosts that ask for a longer gap say so again within a day (monitor.robots): what was said longest ago may go.
_SLOWER_KEPT = 10_000


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock
    waiting: int = 0
    started: float = float("-inf")


class Turns:
    """Whose turn it is at which host; first come, first served."""

    def __init__(self, gap: timedelta) -> None:
        self._gap = gap.total_seconds()
        self._turns: dict[str, _Turn] = {}
        self._slower: dict[str, float] = {}

    def use(self, gap: timedelta) -> None:
        """Leave this gap between two starts at a host, counted from the last one."""
        self._gap = gap.total_seconds()

    def slow_down(self, host: str, gap: timedelta) -> None:
        """Leave at least this gap at a host from now on."""
        self._slower.pop(host, None)
        self._slower[host] = gap.total_seconds()
        if len(self._slower) > _SLOWER_KEPT:
            del self._slower[next(iter(self._slower))]

    @asynccontextmanager
    async def of(self, host: str) -> AsyncIterator[None]:
        """Wait for the turn at a host, and hold it."""
        turn = self._turns.get(host)
        if turn is None:
            turn = self._turns[host] = _Turn(asyncio.Lock())
        turn.waiting += 1
        try:
            async with queued(turn.lock, "waits for its turn at the host"):
                gap = max(self._gap, self._slower.get(host, 0.0))
                wait = turn.started + gap - time.monotonic()
                if wait > 0:
                    with step("leaves the host its gap", timedelta(seconds=wait)):
                        await asyncio.sleep(wait)
                turn.started = time.monotonic()
                yield
        finally:
            turn.waiting -= 1
            if len(self._turns) > _KEPT:
                self._forget()

    def _forget(self) -> None:
        past = time.monotonic() - max(self._gap, *self._slower.values(), 0.0)
        self._turns = {host: turn for host, turn in self._turns.items() if turn.waiting or turn.started > past}


class Places:
    """Room for so many at once."""

    def __init__(self, width: int) -> None:
        self._width, self._room = width, asyncio.Semaphore(width)

    def use(self, width: int) -> None:
        """Room for this many, also for those who wait; those inside stay, and are not counted again."""
        if width != self._width:
            before, self._width, self._room = self._room, width, asyncio.Semaphore(width)
            # One place more: whoever waits there is let through it, one after the other, and comes to the new room.
            before.release()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it."""
        while True:
            room = self._room
            async with queued(room, "waits for a place"):
                if room is self._room:
                    yield
                    return
