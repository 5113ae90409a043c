"""An event loop on which hours pass in no time: its clock jumps to the next timer whenever everything waits."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2031, 5, 17, 12, tzinfo=UTC)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time is virtual and begins at `since`, in seconds. While a thread works (the store's), it stands still.

    Real sockets and processes can be waited for within `standing` alone: elsewhere the clock would run ahead of them.
    """

    def __init__(self, since: float = 0.0) -> None:
        super().__init__()
        self._virtual = since
        self._jobs = 0
        real: Callable[[float | None], Any] = self._selector.select

        def select(timeout: float | None) -> Any:
            if self._jobs and timeout != 0:
                return real(None)  # the end of what is waited for wakes the loop
            if timeout is None or timeout <= 0:
                return real(timeout)
            self._virtual += timeout
            return real(0)

        self._selector.select = select

    def time(self) -> float:
        return self._virtual

    def now(self) -> datetime:
        """The time as a clock in the wall shows it, aware UTC."""
        return START + timedelta(seconds=self._virtual)

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Time stands still within: nothing in it may wait for a timer of this loop."""
        self._jobs += 1
        try:
            yield
        finally:
            self._jobs -= 1

    def run_in_executor(self, executor: Executor | None, func: Any, *args: Any) -> Any:
        self._jobs += 1
        job = super().run_in_executor(executor, func, *args)
        job.add_done_callback(self._job_done)
        return job

    def _job_done(self, _job: object) -> None:
        self._jobs -= 1
