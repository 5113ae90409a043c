"""PURE: which hosts are left alone for a while because their pages do not answer.

Each page of a host that hangs costs its whole deadline, one after the other, and pages are taken in by order of
publication: fifteen of them kept the news of every other newsroom waiting for fifteen deadlines (measured).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

FIRST = timedelta(minutes=1)
# An outage of hours costs one deadline in so many minutes; its pages are read so much after its end at the latest.
LONGEST = timedelta(minutes=30)
# No page is tried for so long (monitor.pages.RETRIES): a host that was silent and is not asked any more is forgotten.
_PAST = timedelta(days=1)
_KEPT = 1_000


@dataclass(slots=True)
class Hosts:
    """What is known of silent hosts, in memory only: a restart may well ask once too early."""

    _silent: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def closed_until(self, host: str, now: datetime) -> datetime | None:
        """Until when to leave the host alone; None: it may be asked."""
        until, _ = self._silent.get(host, (now, 0))
        # A clock set back must not close a host for longer than it ever is.
        return until if now < until <= now + LONGEST else None

    def was_silent(self, host: str, now: datetime) -> datetime | None:
        """The host did not answer. Until when it is left alone: from the second time in a row, longer each time.

        The first time None: one page that hangs, among others that do not, delays none of them.
        """
        _, times = self._silent.get(host, (now, 0))
        wait = min(LONGEST, FIRST * 2 ** min(times - 1, 10)) if times else timedelta(0)
        self._silent[host] = (now + wait, times + 1)
        if len(self._silent) > _KEPT:
            self._silent = {each: known for each, known in self._silent.items() if abs(now - known[0]) < _PAST}
        return now + wait if times else None

    def answered(self, host: str) -> None:
        """The host said something, whatever it was."""
        self._silent.pop(host, None)
