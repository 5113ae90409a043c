"""The real clock. Everything else is handed `now`, or this function."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Now, as aware UTC."""
    return datetime.now(UTC)
