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

    def wait(self, now: datetime) -> timedelta:
        """How long the next message has to wait; zero when it may go at `now` (aware UTC).

        Never longer than `pace.every`, even when the clock was set back.
        """
        if self.full is None:
            return _NOW
        return min(self.pace.every, max(_NOW, self.full - self.pace.every * (self.pace.burst - 1) - now))

    def take(self, now: datetime) -> "Bucket":
        """With one message less, which went at `now`."""
        most = now + self.pace.every * (self.pace.burst - 1)
        return replace(self, full=min(max(self.full or now, now), most) + self.pace.every)
