"""The store's own thread: the event loop never waits for a disk, and there is one writer.

Where the store takes nothing for a reason that somebody can mend (`StoreStalled`: a full disk), a service waits: ending
it would forget what was sent and could not be written down, and nothing would be better for it.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

from sqlalchemy.engine import Connection
from structlog.typing import FilteringBoundLogger

from monitor.loops import step
from monitor.store.engine import Store
from monitor.store.errors import StoreStalled

T = TypeVar("T")
# Seconds between two tries of what does not go through: doubled each time, to the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0


@dataclass(frozen=True, slots=True)
class Stall:
    """The store took nothing from `since` to `until` (aware UTC; None while it lasts), because of `why`."""

    since: datetime
    why: str
    until: datetime | None = None


class Follower(Protocol):
    """What is written outside the store within a transaction and goes with it: `take_back` when nothing of it is kept.

    Both are called in the store's thread, `take_back` with what `mark` returned at the beginning.
    """

    def mark(self) -> object: ...

    def take_back(self, mark: object) -> None: ...


def as_time_goes(now: datetime) -> Callable[[], datetime]:
    """The moment of a transaction that may have to be tried again: `now` at first, then later by what has passed."""
    first: list[float] = []

    def moment() -> datetime:
        first.append(monotonic())
        return now + timedelta(seconds=first[-1] - first[0])

    return moment


# Each transaction takes milliseconds; the longest, which keep the house, some seconds (reasoned).
LONGEST = timedelta(seconds=60)


class StoreThread:
    """Runs functions of a transaction in one thread, in the order in which they were handed in.

    A caller that is cancelled gives up waiting, not the work: a transaction that has begun ends by itself.

    From `endure` on, a transaction that the store cannot take now (`StoreStalled`) is tried again until it goes through
    or its caller is cancelled: so its function may be called several times, each time in a new transaction, and must
    change nothing outside it. One try at a time, in turn: those that do not fit keep no others back for long.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ended: deque[Stall] = deque(maxlen=50)
        """The stalls that are over and that nobody has taken from here yet."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._followers: list[Follower] = []
        self._clock: Callable[[], datetime] | None = None
        self._log: FilteringBoundLogger | None = None
        self._stall: Stall | None = None
        self._began = 0.0
        self._line = asyncio.Lock()
        self._waiting = 0
        self._pause = 0.0
        self._hasten = asyncio.Event()

    @property
    def stalled(self) -> Stall | None:
        """Since when, and why, there is something that the store does not take."""
        return self._stall

    def endure(self, clock: Callable[[], datetime], log: FilteringBoundLogger) -> None:
        """From now on wait instead of failing. Until then StoreStalled is raised: whoever starts must hear of it."""
        self._clock, self._log = clock, log

    def hasten(self) -> None:
        """The end is near: wait no more. What does not go through at its next try raises StoreStalled."""
        self._clock = None
        self._hasten.set()

    def follow(self, follower: Follower) -> None:
        """Have `follower` take back what was written with a transaction that is not kept."""
        self._followers.append(follower)

    def leave(self, follower: Follower) -> None:
        """No more; in the store's thread, between two transactions."""
        self._followers.remove(follower)

    async def run(self, fn: Callable[[Connection], T]) -> T:
        """`fn` inside one write transaction, which is rolled back when it raises."""
        # What is new must not overtake what has waited: a lease would run out before it is known that it was kept.
        if self._stall is None:
            try:
                return await self._once(partial(self._write, fn))
            except StoreStalled:
                if self._clock is None:
                    raise
        return await self._in_turn(partial(self._write, fn), writes=True)

    async def query(self, fn: Callable[[Connection], T]) -> T:
        """`fn` inside one read transaction."""
        try:
            return await self._once(partial(self._read, fn))
        except StoreStalled:
            if self._clock is None:
                raise
        return await self._in_turn(partial(self._read, fn), writes=False)

    async def call(self, fn: Callable[[Store], T]) -> T:
        """`fn` with the store itself, between transactions: a backup, a checkpoint. It is never tried again."""
        with step("waits for the store", LONGEST):
            return await asyncio.get_running_loop().run_in_executor(self._pool, fn, self.store)

    def close(self) -> None:
        """Wait for what was handed in, then end the thread. The store stays open."""
        self._pool.shutdown(wait=True)

    async def _once(self, work: Callable[[], T]) -> T:
        """One try; that the store takes nothing is noted."""
        try:
            with step("waits for the store", LONGEST):
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except StoreStalled as fault:
            if self._clock is not None and self._log is not None:
                if self._stall is None:
                    self._stall, self._began = Stall(self._clock(), str(fault)), monotonic()
                    promise = "nothing is lost; it is tried again until it goes through"
                    self._log.error("the store takes nothing", because=str(fault), meanwhile=promise)
                self._stall = replace(self._stall, why=str(fault))
            raise

    async def _in_turn(self, work: Callable[[], T], *, writes: bool) -> T:
        """Try until it goes through, with those that wait for the same."""
        self._waiting += 1
        try:
            while True:
                async with self._line:
                    if self._pause:
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(self._hasten.wait(), self._pause)
                    try:
                        result = await self._once(work)
                    except StoreStalled:
                        if self._clock is None:
                            raise
                        self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, 2 * self._pause))
                        continue
                    if writes:
                        self._pause = 0.0
                    break
        finally:
            self._waiting -= 1
        if writes and not self._waiting:
            self._over()
        return result

    def _over(self) -> None:
        stall, self._stall = self._stall, None
        if stall is None or self._clock is None or self._log is None:
            return
        self.ended.append(replace(stall, until=self._clock()))
        seconds = round(monotonic() - self._began, 1)
        self._log.warning("the store takes everything again", seconds=seconds, because=stall.why)

    def _write(self, fn: Callable[[Connection], T]) -> T:
        marks = [(each, each.mark()) for each in self._followers]
        try:
            with self.store.write() as tx:
                return fn(tx)
        except BaseException:
            for each, mark in marks:
                each.take_back(mark)
            raise

    def _read(self, fn: Callable[[Connection], T]) -> T:
        with self.store.read() as tx:
            return fn(tx)
