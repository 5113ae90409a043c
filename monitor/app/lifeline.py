"""What the service manager and the log hear of progress: pings while there is any, and a line of figures.

It is a task of the event loop, so that a blocked loop is not told as alive; it waits for none of the loops, nor for the
store.
"""

import asyncio
from datetime import datetime, timedelta

from monitor.app.assembly import Service
from monitor.app.statusline import Figures, status_line
from monitor.app.systemd import Manager
from monitor.app.vitals import Vitals, health
from monitor.health import BAD
from monitor.store import feeds, trouble

# How often the store is asked for the figures, and how often at most everything else is looked at.
_FIGURES, _LOOK = timedelta(seconds=30), timedelta(seconds=1)


class Lifeline:
    """Pings the watchdog of `manager` while every loop makes progress, and keeps its line on the service up to date.

    Set `unloaded` to the moment of a reload that failed, to None when one did not.
    """

    def __init__(self, service: Service, manager: Manager) -> None:
        self.unloaded: datetime | None = None
        self._service, self._manager = service, manager
        self._asked: timedelta | None = None
        self._asking: asyncio.Task[None] | None = None
        self._bad = self._waiting = 0
        self._hanging: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Until cancelled. Raises StoreError when the store is lost."""
        watchdog, steady = self._manager.watchdog, self._service.clocks.steady
        every = watchdog / 3 if watchdog else None
        pause = min(_LOOK, every / 4) if every else _LOOK
        pinged: timedelta | None = None
        try:
            while True:
                self._service.pulse.awake()
                now, vitals = steady(), health(self._service)
                self._log(vitals)
                if every and vitals.well and (pinged is None or now - pinged >= every):
                    self._manager.progress()
                    pinged = now
                self._count(now)
                self._manager.status(self.line(vitals))
                await asyncio.sleep(pause.total_seconds())
        finally:
            if self._asking is not None:
                self._asking.cancel()

    def line(self, vitals: Vitals | None = None) -> str:
        """The figures of this moment as one line."""
        now, service = vitals or health(self._service), self._service
        down = [name for name, each in sorted(service.dispatcher.channels().items()) if each.state != "closed"]
        cycle, stall = max(now.rounds.values()), service.store.stalled
        return status_line(
            Figures(
                len(service.book.now()), cycle, self._bad, self._waiting, down, now.hanging, stall.why if stall else "",
                self.unloaded,
            )
        )  # fmt: skip

    def _log(self, vitals: Vitals) -> None:
        """A loop that begins to hang, and one that goes on, a line each."""
        log, hanging = self._service.log, frozenset(each.name for each in vitals.hanging)
        for each in vitals.hanging:
            if each.name not in self._hanging:
                log.error("loop hangs", loop=each.name, since=each.since.isoformat("T", "seconds"), doing=each.doing)
        for name in sorted(self._hanging - hanging):
            log.info("loop goes on", loop=name)
        self._hanging = hanging

    def _count(self, now: timedelta) -> None:
        """Ask the store for its figures, unless it was asked just now or has not answered yet."""
        if self._asking is not None and self._asking.done():
            ended, self._asking = self._asking, None
            ended.result()
        if self._asking is None and (self._asked is None or now - self._asked >= _FIGURES):
            self._asked = now
            self._asking = asyncio.create_task(self._ask(), name="figures")

    async def _ask(self) -> None:
        states, queues = await self._service.store.query(lambda tx: (feeds.by_health(tx), trouble.tallies(tx)))
        self._bad = sum(number for state, number in states.items() if state in BAD)
        self._waiting = sum(each.waiting for each in queues)
