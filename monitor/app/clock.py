"""The real clock. Everything else is handed `now`, or this function."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def utcnow() -> datetime:
    """Now, as aware UTC."""
    return datetime.now(UTC)


def steady() -> timedelta:
    """Time since some moment, which nobody sets and which stands still while the machine sleeps."""
    return timedelta(seconds=time.monotonic())


@dataclass(frozen=True, slots=True)
class Clocks:
    """What a service goes by: `now` is aware UTC and may be set, `steady` only goes forward."""

    now: Callable[[], datetime] = utcnow
    steady: Callable[[], timedelta] = steady


REAL = Clocks()
