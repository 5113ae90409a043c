"""One scrape: what the running parts show, and what the store says in a thread of its own, which may hang."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta

from monitor.app.assembly import Service
from monitor.app.readiness import Check, Seen, checks
from monitor.app.vitals import LOOPS, health, last_cycle
from monitor.gauges import Figures, Live, Loop
from monitor.statuslist import room
from monitor.store import Store
from monitor.store.figures import figures

# Two scrapers, or one that asks each second, read the store no more often than this.
FRESH = timedelta(seconds=5)
# Prometheus gives up after ten seconds: what the store does not say by then would cost all the rest.
PATIENCE = timedelta(seconds=2)


class Scrape:
    """Reads what `/metrics` and `/readyz` show of `service`; one reading of the store at a time, however it hangs."""

    def __init__(self, service: Service) -> None:
        self.service, self.stopping = service, False
        self._reading: asyncio.Future[tuple[Figures, int | None]] | None = None
        self._began = timedelta(0)

    def checks(self) -> tuple[Check, ...]:
        """Whether the service is ready, at once: nothing is waited for."""
        service = self.service
        steady, wrote = service.clocks.steady(), service.wrote
        stall = service.store.stalled
        return checks(
            Seen(
                health(service),
                dict(service.pulse.turns()),
                None if wrote is None else steady - wrote,
                None if stall is None else (stall.why, stall.since),
                self.stopping,
                service.meter.in_force,
            )
        )

    async def metrics(self, accept: str) -> tuple[bytes, str]:
        """The metrics in the format that `accept` asks for, and its content type, within `PATIENCE`."""
        known, free = await self._figures()
        return self.service.meter.exposition(accept, self._live(free), known, self.service.clocks.now())

    def _live(self, free: int | None) -> Live:
        service, made, now = self.service, self.checks(), self.service.clocks.now()
        vitals, turns = health(service), service.pulse.turns()
        stuck = {each.name for each in vitals.hanging}
        loops = tuple(Loop(name, turns[loop], now - vitals.rounds[name], name in stuck) for loop, name in LOOPS.items())
        return Live(
            ready=all(check.fine for check in made),
            loops=loops,
            channels={name: each.state == "closed" for name, each in service.dispatcher.channels().items()},
            failures=service.workers.failures,
            cycle=last_cycle(service),
            wrote=None if service.wrote is None else now - (service.clocks.steady() - service.wrote),
            stalled=service.store.stalled is not None,
            free=free,
        )

    async def _figures(self) -> tuple[Figures | None, int | None]:
        """What the store knows, and what is free on its disk; None in place of what does not come in time."""
        now = self.service.clocks.steady()
        if self._reading is None or (self._reading.done() and now - self._began >= FRESH):
            self._reading, self._began = _in_thread(self._read), now
        reading = self._reading
        done, _ = await asyncio.wait({reading}, timeout=PATIENCE.total_seconds())
        if not done:
            return None, None
        if (error := reading.exception()) is not None:
            self.service.log.warning("the store could not be read for a scrape", error=str(error))
            return None, None
        return reading.result()

    def _read(self) -> tuple[Figures, int | None]:
        store: Store = self.service.store.store
        with store.read() as tx:
            return figures(tx, self.service.clocks.now()), room(self.service.settings.archive)


def _in_thread(work: Callable[[], tuple[Figures, int | None]]) -> "asyncio.Future[tuple[Figures, int | None]]":
    """`work` in a thread that nobody waits for at the end: on a disk that hangs it never would end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[Figures, int | None]] = loop.create_future()

    def tell(value: tuple[Figures, int | None] | BaseException) -> None:
        if done.done():
            return
        if isinstance(value, BaseException):
            done.set_exception(value)
        else:
            done.set_result(value)

    def run() -> None:
        value: tuple[Figures, int | None] | BaseException
        try:
            value = work()
        except Exception as error:  # noqa: BLE001 - whoever waits for it is told
            value = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, value)

    threading.Thread(target=run, name="scrape", daemon=True).start()
    return done
