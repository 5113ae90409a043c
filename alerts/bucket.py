"""PURE: how fast a far end may be sent to.

A token bucket without a timer: all it keeps is the moment from which it is full again (the generic cell rate algorithm
of ITU-T I.371).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.kinds import Pace

_NOW = timedelta(0)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left of a pace. `full` is when nothing of it is used up any more; None: nothing is."""

    pace: Pace
    full: datetime | None = None

    def at(self, now: datetime) -> "Bucket":
        """As it stands at `now` (aware UTC). When the clock was set back, all of it is used up and nothing more."""
        most = now + self.pace.every * self.pace.burst
        return replace(self, full=most) if self.full is not None and self.full > most else self

    def wait(self, now: datetime) -> timedelta:
        """How long the next message has to wait; zero when it may go at `now`."""
        if self.full is None:
            return _NOW
        return max(_NOW, self.full - self.pace.every * (self.pace.burst - 1) - now)

    def take(self, now: datetime) -> "Bucket":
        """With one message less, which went at `now`."""
        return replace(self, full=max(self.full or now, now) + self.pace.every)
