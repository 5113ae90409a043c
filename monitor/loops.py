"""What the ticks wake: polling, housekeeping, the watch over the service itself. Reading and sending have their own.

A loop that raises ends the process (see `monitor.app`); a feed, page or channel that fails is a value and never does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from structlog.typing import FilteringBoundLogger

from monitor.store import articles, entries
from monitor.store.threads import StoreThread

# Entries that no feed has shown for this long cannot come back as new; texts are kept for explain and corroboration.
ENTRY_LIFE = timedelta(days=30)
ARTICLE_LIFE = timedelta(days=400)


async def keep_house(store: StoreThread, now: datetime, log: FilteringBoundLogger) -> None:
    """Drop what is past its use, and fold SQLite's write-ahead log into the file."""
    dropped_entries = await store.run(lambda tx: entries.forget(tx, now - ENTRY_LIFE))
    dropped_articles = await store.run(lambda tx: articles.forget(tx, now - ARTICLE_LIFE))
    await store.call(lambda opened: opened.checkpoint())
    log.info("house kept", entries=dropped_entries, articles=dropped_articles)


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
