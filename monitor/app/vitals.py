"""How the service does at this moment, as one record: for the watchdog, the status line and /readyz."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.app.clock import Clocks
from monitor.loops import Pulse

LOOPS: Mapping[str, str] = {"poll": "poller", "read": "reader", "deliver": "sender"}
"""What people call the loops."""


class Watched(Protocol):
    """The parts of a service that tell how it does."""

    @property
    def pulse(self) -> Pulse: ...

    @property
    def clocks(self) -> Clocks: ...


@dataclass(frozen=True, slots=True)
class Hanging:
    """A loop that makes no progress: `name` is poller, reader or sender, `since` aware UTC, `doing` for a log line."""

    name: str
    since: datetime
    span: timedelta
    doing: str

    def __str__(self) -> str:
        return f"{self.name} has made no progress for {self.span.total_seconds():.0f} s ({self.doing})"


@dataclass(frozen=True, slots=True)
class Vitals:
    """How a service does `at` (aware UTC). `rounds` is how long ago each loop came round, by name as in `Hanging`.

    `excused`: it waits for a reason that it knows, such as a full disk, and nothing counts as hanging.
    """

    at: datetime
    hanging: tuple[Hanging, ...]
    rounds: Mapping[str, timedelta]
    excused: bool = False

    @property
    def well(self) -> bool:
        """Whether every loop makes progress; a watchdog is told so while it does."""
        return not self.hanging


def health(service: Watched) -> Vitals:
    """How the service does now. Nothing is waited for, neither the store nor a loop."""
    now, pulse = service.clocks.now(), service.pulse
    hanging = tuple(Hanging(LOOPS[each.loop], now - each.span, each.span, each.doing) for each in pulse.hangs())
    rounds = {LOOPS[name]: ago for name, ago in pulse.rounds().items()}
    return Vitals(now, hanging, rounds, pulse.excused())


def last_cycle(service: Watched) -> datetime | None:
    """The moment after which every loop has come round again; None before the first time."""
    if not all(service.pulse.turns().values()):
        return None
    return service.clocks.now() - max(service.pulse.rounds().values())
