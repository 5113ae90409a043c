"""The real clock. Everything else is handed `now`, or this function."""

import time
from datetime import UTC, datetime, timedelta


def utcnow() -> datetime:
    """Now, as aware UTC."""
    return datetime.now(UTC)


def steady() -> timedelta:
    """Time since some moment, which nobody sets and which stands still while the machine sleeps."""
    return timedelta(seconds=time.monotonic())
