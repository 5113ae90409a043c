"""The store's own thread: the event loop never waits for a disk, and there is one writer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.engine import Connection

from monitor.loops import step
from monitor.store.engine import Store

T = TypeVar("T")
A = TypeVar("A")

# Each transaction takes milliseconds; the longest, which keep the house, some seconds (measured).
LONGEST = timedelta(seconds=60)


class StoreThread:
    """Runs functions of a transaction in one thread, in the order in which they were handed in.

    A caller that is cancelled gives up waiting, not the work: a transaction that has begun ends by itself.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def run(self, fn: Callable[[Connection], T]) -> T:
        """`fn` inside one write transaction, which is rolled back when it raises."""
        return await self._hand_in(self._write, fn)

    async def query(self, fn: Callable[[Connection], T]) -> T:
        """`fn` inside one read transaction."""
        return await self._hand_in(self._read, fn)

    async def call(self, fn: Callable[[Store], T]) -> T:
        """`fn` with the store itself, between transactions: a backup, a checkpoint."""
        return await self._hand_in(fn, self.store)

    def close(self) -> None:
        """Wait for what was handed in, then end the thread. The store stays open."""
        self._pool.shutdown(wait=True)

    async def _hand_in(self, work: Callable[[A], T], on: A) -> T:
        with step("waits for the store", LONGEST):
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, on)

    def _write(self, fn: Callable[[Connection], T]) -> T:
        with self.store.write() as tx:
            return fn(tx)

    def _read(self, fn: Callable[[Connection], T]) -> T:
        with self.store.read() as tx:
            return fn(tx)
