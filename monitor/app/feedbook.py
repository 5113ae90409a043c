"""The configured feeds, taken up again when the operator edits them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from monitor import feeds
from monitor.plain import bare
from monitor.records import Feed
from monitor.settings import Settings, in_force

Stamp = tuple[tuple[int, int] | None, ...]
"""What tells an edited file from what it was, of each file; None where there is none."""


def stamp_of(home: Path) -> Stamp:
    """The stamp of the files of a home that feeds are read from."""
    stamps: list[tuple[int, int] | None] = []
    for file in (home / feeds.FEEDS, home / feeds.FAMILIES):
        try:
            stat = file.stat()
            stamps.append((stat.st_mtime_ns, stat.st_size))
        except OSError:
            stamps.append(None)
    return tuple(stamps)


class FeedBook:
    """The configured feeds, read again when config/feeds.yaml changes; a faulty edit keeps what was there.

    `first` are the feeds as a start or a reload gave them; `stamp` is that of before they were read, so that an edit in
    between is seen.
    """

    def __init__(
        self, settings: Settings, first: Sequence[Feed], log: FilteringBoundLogger, stamp: Stamp | None = None
    ) -> None:
        self._settings, self._log = settings, log
        self._files = (settings.home / feeds.FEEDS, settings.home / feeds.FAMILIES)
        self._watches = frozenset(settings.watches)
        self._stamp = stamp or stamp_of(settings.home)
        self.first = self._feeds = self._by_url(first)

    def now(self) -> Mapping[str, Feed]:
        return self._feeds

    def changed(self) -> bool:
        """Whether the file was edited since the last look, and what it says now is in force."""
        stamp = stamp_of(self._settings.home)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        loaded = feeds.load(*self._files)
        if not isinstance(loaded, tuple):
            for fault in loaded:
                self._log.error("feeds not taken up", fault=str(fault))
            return False
        # Of a feed for a watch that only a reload brings, what was read now would be told to nobody, and then be known.
        waits = [
            feed.url
            for feed in loaded
            if feed.watches and self._watches.isdisjoint(feed.watches) and feed.url not in self.first
        ]
        waiting = frozenset(waits)
        self._feeds = self._by_url([feed for feed in loaded if feed.url not in waiting])
        self._log.info("feeds taken up", feeds=len(self._feeds), wait_for_a_reload=list(map(bare, waits)) or None)
        return True

    def _by_url(self, loaded: Sequence[Feed]) -> dict[str, Feed]:
        return {feed.url: in_force(feed, self._settings.polling) for feed in loaded}
