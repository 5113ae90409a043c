"""What the ticks wake turns in loops, and the watch over those that come round no more, or whose work does not end.

A loop that raises ends the process (see `monitor.app`); a feed, page or channel that fails is a value and never does.
Much takes long and is well: sixteen feeds of one slow host behind each other, a crawl delay, a mail server that filters
for ten minutes. So what is at work says what it does, and within what time that ends by its own rules (`step`). It
hangs when that time is long over, when it says nothing at all, or when all of it waits and nobody is what it waits for.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

# A third of a minute is what the watchman gives the store; a machine that is busy for a while may need more.
MARGIN = timedelta(seconds=90)
# After so long without a sign of itself the process was stopped, frozen or held by a debugger.
STILL = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Hang:
    """A loop (`poll`, `read`, `deliver`) that makes no progress: for how long, and what it was doing."""

    loop: str
    span: timedelta
    doing: str


@dataclass(slots=True, eq=False)
class _Work:
    pulse: "Pulse"
    loop: str
    what: str
    since: timedelta
    open: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    work: _Work
    doing: str
    since: timedelta
    limit: timedelta | None


_at_work: ContextVar[_Work | None] = ContextVar("at_work", default=None)


class Pulse:
    """When each loop last came round, how often, and what is under way in it; `hangs` names what makes no progress.

    `steady` is a clock that only goes forward: one that is set would make every loop late at once, or none for long.
    What should have ended counts as hanging after `margin`. While `excused`, nothing does (a service that waits for
    room on its disk is not stuck), and all of it starts anew afterwards. `patience` is for `late` alone. Time in which
    the process itself stood still is nobody's, once it has said that it is `awake`.
    """

    def __init__(
        self,
        names: Sequence[str],
        patience: timedelta,
        steady: Callable[[], timedelta],
        *,
        margin: timedelta = MARGIN,
        excused: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock, self._patience, self.margin, self.excused = steady, patience, margin, excused
        self._awake: timedelta | None = None
        self._stood = timedelta(0)
        self._last = dict.fromkeys(names, steady())
        self._moved = dict.fromkeys(names, steady())
        self._turns = dict.fromkeys(names, 0)
        self._works: set[_Work] = set()
        self._steps: set[_Step] = set()
        self._anew = steady()

    def awake(self) -> None:
        """The event loop runs: to be told each second or so."""
        self._steady()
        self._awake = self._clock()

    def beat(self, name: str) -> None:
        """The loop came round."""
        self._last[name] = self._steady()
        self._turns[name] += 1

    def turns(self) -> Mapping[str, int]:
        """How often each loop has come round, by name."""
        return dict(self._turns)

    def rounds(self) -> Mapping[str, timedelta]:
        """How long ago each loop came round last, by name."""
        now = self._steady()
        return {name: now - last for name, last in self._last.items()}

    @contextmanager
    def work(self, loop: str, what: str) -> Iterator[None]:
        """One piece of a loop's work, such as a feed's poll, in a task of its own; its steps are told by `step`."""
        now = self._steady()
        mine = _Work(self, loop, what, now)
        if not any(each.loop == loop for each in self._works):
            self._moved[loop] = now
        self._works.add(mine)
        token = _at_work.set(mine)
        try:
            yield
        finally:
            _at_work.reset(token)
            self._works.discard(mine)

    @contextmanager
    def doing(self, loop: str, what: str, limit: timedelta) -> Iterator[None]:
        """A piece of work that is one step."""
        with self.work(loop, what), step("at work", limit):
            yield

    def late(self) -> tuple[tuple[str, timedelta], ...]:
        """The loops that have made no progress within the patience, and for how long, by name."""
        return tuple((each.loop, each.span) for each in self._judged(self._patience))

    def hangs(self) -> tuple[Hang, ...]:
        """What makes no progress now: of each loop what hangs for longest, by name of the loop."""
        return self._judged(self.margin)

    def _judged(self, margin: timedelta) -> tuple[Hang, ...]:
        now = self._steady()
        if self.excused():
            self._anew = now
            return ()
        worst: dict[str, Hang] = {}
        for each in self._all(now, margin):
            if each.loop not in worst or each.span > worst[each.loop].span:
                worst[each.loop] = each
        return tuple(worst[name] for name in sorted(worst))

    def _all(self, now: timedelta, margin: timedelta) -> Iterator[Hang]:
        def span(since: timedelta) -> timedelta:
            return now - max(since, self._anew)

        for loop, last in self._last.items():
            if span(last) > margin:
                yield Hang(loop, span(last), "its loop does not come round")
        for each in self._steps:
            if each.limit is not None and span(each.since) > each.limit + margin:
                yield Hang(each.work.loop, span(each.since), f"{each.work.what}: {each.doing}")
        for work in self._works:
            if not work.open and span(work.since) > margin:
                yield Hang(work.loop, span(work.since), f"{work.what}: does nothing")
        busy = {each.work.loop for each in self._steps if each.limit is not None}
        for loop in {work.loop for work in self._works} - busy:
            # Other loops hold hosts and workers too, but for no longer than anybody is patient.
            if span(self._moved[loop]) > (max(self._patience, margin) if busy else margin):
                waiting = sum(work.loop == loop for work in self._works)
                yield Hang(loop, span(self._moved[loop]), f"{waiting} wait and nothing is under way")

    def begin(self, step: _Step) -> None:
        self._steps.add(step)
        step.work.open += 1
        if step.limit is not None:
            self._moved[step.work.loop] = step.since

    def end(self, step: _Step) -> None:
        self._steps.discard(step)
        step.work.open -= 1
        step.work.since = self._steady()
        if step.limit is not None:
            self._moved[step.work.loop] = step.work.since

    def now(self) -> timedelta:
        return self._steady()

    def _steady(self) -> timedelta:
        now = self._clock()
        # CLOCK_MONOTONIC goes on while a process is stopped, and a cgroup or a virtual machine is frozen.
        if self._awake is not None and now - self._awake > STILL:
            self._stood += now - self._awake
            self._awake = now
        return now - self._stood


@contextmanager
def step(doing: str, limit: timedelta | None) -> Iterator[None]:
    """What the piece of work at hand does, which ends by its own rules within `limit`; elsewhere this does nothing.

    None is for waiting in a queue, which may last as long as somebody is served in it.
    """
    work = _at_work.get()
    if work is None:
        yield
        return
    mine = _Step(work, doing, work.pulse.now(), limit)
    work.pulse.begin(mine)
    try:
        yield
    finally:
        work.pulse.end(mine)


@asynccontextmanager
async def queued(place: asyncio.Lock | asyncio.Semaphore, doing: str) -> AsyncIterator[None]:
    """Hold a place that others want too, with the wait for it told as such."""
    with step(doing, None):
        await place.acquire()
    try:
        yield
    finally:
        place.release()


async def forever(bell: asyncio.Event, turn: Callable[[], Awaitable[object]], beat: Callable[[], None]) -> None:
    """Take a turn whenever the bell has rung. Rings during a turn are one further turn."""
    while True:
        await bell.wait()
        bell.clear()
        await turn()
        beat()
