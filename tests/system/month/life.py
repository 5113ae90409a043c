"""One life of the service in the month: `python -m month.life HOME SINCE UNTIL LIFE`, seconds of steady time.

What is put in the place of the product's own: the clocks; the scheduler, whose ticks become timers of the virtual loop
and rarer ones (every other minute for the poller instead of every second: 30 days of seconds are 2.6 million ticks);
and the transport below the Fetcher. While the pool works or a message is on its way, virtual time stands still.
"""

import asyncio
import json
import mmap
import os
import pickle
import signal
import struct
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from alerts import attempts, dispatch
from alerts.records import Outcome
from monitor import checks, loops
from monitor.app import assembly, given, lifeline, service
from monitor.app.assembly import Service
from monitor.app.clock import Clocks
from monitor.app.web import fetcher_of as plain_fetcher
from monitor.faults import Faults
from monitor.fetch import Fetcher
from monitor.jobs import Bells, Periods
from monitor.workers import Workers
from month import gauges, home
from month.press import Press
from month.web import Web
from simulated.virtual import VirtualLoop

TICKS = Periods(
    poll=timedelta(minutes=2),
    read=timedelta(minutes=10),
    deliver=timedelta(minutes=10),
    keep_house=timedelta(hours=1),
    watch=timedelta(minutes=10),
)
_ROUND = timedelta(minutes=10)
_EVERY = timedelta(hours=6)


class Ticks:
    """In the stead of APScheduler, which goes by the real clock: each bell rings every so often of virtual time."""

    def __init__(self, bells: Bells, periods: Periods, *_: object) -> None:
        self._bells, self._periods = bells, periods
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        for name in ("poll", "read", "deliver", "keep_house", "watch"):
            self._tasks.append(
                asyncio.create_task(
                    _ring(getattr(self._bells, name), getattr(self._periods, name)), name=f"tick {name}"
                )
            )

    def shutdown(self, *, wait: bool) -> None:
        del wait
        for task in self._tasks:
            task.cancel()


async def _ring(bell: asyncio.Event, period: timedelta) -> None:
    while True:
        await asyncio.sleep(period.total_seconds())
        bell.set()


class Life:
    """The month as this process sees it."""

    def __init__(self, path: Path, since: float, until: float, life: int) -> None:
        self.path, self.life, self.until = path, life, until
        self.loop = VirtualLoop(since)
        self._shown = mmap.mmap(os.open(path / "moment", os.O_RDWR), 8)
        self.press: Press = pickle.loads((path / "press").read_bytes())  # noqa: S301 - the test wrote it

    def now(self) -> datetime:
        """What the clock on the wall shows; the test is told how far time has come."""
        steady = self.loop.time()
        self._shown[:] = struct.pack("d", steady)
        return home.wall(steady)

    def steady(self) -> timedelta:
        return timedelta(seconds=self.loop.time())

    def true(self) -> datetime:
        return home.true(self.loop.time())

    def clocks(self) -> Clocks:
        return Clocks(self.now, self.steady)

    def replace(self) -> None:
        """Put what is made up into its place."""
        life, loop = self, self.loop
        plain_assemble = assembly.assemble
        send, call = attempts.Attempts._send, Workers.call
        web = Web(self.press, self.true, home.intervals(), self.path / "requests", self.story)

        def fetcher_of(*settings: Any) -> Fetcher:
            fetcher = plain_fetcher(*settings)
            vars(fetcher).update(_clock=life.now, _transport=web)
            return fetcher

        async def standing_send(own: attempts.Attempts, *sent: Any) -> Outcome:
            with loop.standing():
                return await send(own, *sent)

        async def standing_call(own: Workers, *work: Any, **more: Any) -> Any:
            with loop.standing():
                return await call(own, *work, **more)

        async def assemble(*parts: Any, **more: Any) -> Service:
            made = await plain_assemble(*parts, **more)
            # The loops come round as seldom as the ticks do.
            made.pulse.margin = 3 * TICKS.watch
            life.beside(made)
            return made

        for module, name, value in (
            (given, "fetcher_of", fetcher_of),
            (service, "assemble", assemble),
            (service, "schedule", Ticks),
            (service, "periods", lambda *_: TICKS),
            (service, "follow", lambda _ticks, _periods: None),
            (service, "keep_time", lambda *_: asyncio.Event().wait()),
            (lifeline, "_LOOK", TICKS.watch),
            (loops, "STILL", 2 * TICKS.watch),
            (dispatch, "_ROUND", _ROUND),
            (attempts.Attempts, "_send", standing_send),
            (Workers, "call", standing_call),
        ):
            setattr(module, name, value)

    def story(self, number: int) -> None:
        """A page of a story is being read: the test may end this process now."""
        print("reading", number, flush=True)

    def beside(self, made: Service) -> None:
        """What goes on beside the service: measuring, its operator's edits, and the end of the month."""
        self._beside = [
            self.loop.create_task(work, name="beside") for work in (self._measure(made), self._edit(), self._end())
        ]

    async def _measure(self, made: Service) -> None:
        with (self.path / "readings").open("a", encoding="utf-8") as sink:
            while True:
                await asyncio.sleep(_wait(self.loop.time(), _EVERY, timedelta(0)))
                taken = await gauges.take(made, self.path, self.true(), self.life)
                sink.write(json.dumps(taken.plain()) + "\n")
                sink.flush()

    async def _edit(self) -> None:
        """Each day at half past three the operator changes something and has it taken up as `parley reload` does."""
        while True:
            await asyncio.sleep(_wait(self.loop.time(), timedelta(days=1), timedelta(hours=3, minutes=30, seconds=17)))
            home.edit(self.path, round(self.loop.time() // 86_400))
            os.kill(os.getpid(), signal.SIGHUP)

    async def _end(self) -> None:
        await asyncio.sleep(self.until - self.loop.time())
        os.kill(os.getpid(), signal.SIGTERM)


def _wait(now: float, every: timedelta, at: timedelta) -> float:
    """Seconds until the next of the moments that are `every` so long, the first of them `at` behind the start."""
    period = every.total_seconds()
    return period - (now - at.total_seconds()) % period


def main(path: Path, since: float, until: float, life: int) -> None:
    found = checks.check(path, os.environ)
    assert not isinstance(found, Faults), found
    this = Life(path, since, until, life)
    this.replace()
    with asyncio.Runner(loop_factory=lambda: this.loop) as runner:
        runner.run(service.serve(found.settings, found.watches, found.feeds, this.clocks()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
