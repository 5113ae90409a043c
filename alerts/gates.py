"""What an attempt passes before it may begin: the pace of its far end, and room in its channel."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.bucket import Bucket
from alerts.kinds import Pace
from alerts.records import Target

Sleep = Callable[[float], Awaitable[object]]


@dataclass(slots=True)
class _Gate:
    bucket: Bucket
    # Who waits longest goes first, and only one sleeps for the next message that may go.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Gates:
    """Keeps `paces` by kind of channel, and at most `width` attempts at once on one channel.

    `clock` gives aware UTC, `sleep` waits for seconds of that clock.
    """

    def __init__(self, paces: Mapping[str, Pace], width: int, clock: Callable[[], datetime], sleep: Sleep) -> None:
        self._paces = paces
        self._clock = clock
        self._sleep = sleep
        self._gates: dict[tuple[str, str, str], _Gate] = {}
        self._rooms: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(width))
        self._waiting: set[asyncio.Future[object]] = set()

    @asynccontextmanager
    async def passed(
        self, target: Target, go: Callable[[], bool], begin: Callable[[], Awaitable[int | None]]
    ) -> AsyncIterator[int | None]:
        """What `begin` gave once pace and room allowed it; the room is kept until the end of the block.

        None without `begin` as soon as `go` says no. A message that does not begin uses nothing of the pace up.
        """
        async with AsyncExitStack() as room:
            pace = self._paces.get(target.kind)
            if pace is None:
                yield await self._enter(room, target, go, begin)
                return
            # By kind as well: a reload may give a channel's name to one of another kind.
            place = target.channel, target.kind, target.address if pace.per == "target" else ""
            gate = self._gates.setdefault(place, _Gate(Bucket(pace)))
            async with gate.turn:
                while go():
                    now = self._clock()
                    gate.bucket = gate.bucket.at(now)
                    if not (wait := gate.bucket.wait(now)):
                        break
                    await self._wait(wait)
                begun = await self._enter(room, target, go, begin)
                if begun is not None:
                    gate.bucket = gate.bucket.take(self._clock())
            yield begun

    def wake(self) -> None:
        """Whoever waits for the pace asks `go` again now."""
        for waiting in self._waiting:
            waiting.cancel()

    async def _enter(
        self, room: AsyncExitStack, target: Target, go: Callable[[], bool], begin: Callable[[], Awaitable[int | None]]
    ) -> int | None:
        if not go():
            return None
        await room.enter_async_context(self._rooms[target.channel])
        return await begin() if go() else None

    async def _wait(self, wait: timedelta) -> None:
        waiting = asyncio.ensure_future(self._sleep(wait.total_seconds()))
        self._waiting.add(waiting)
        try:
            await asyncio.wait({waiting})
        finally:
            self._waiting.discard(waiting)
            waiting.cancel()
