"""The outbox loop: takes what is due, sends it, records what came of it.

One delivery at a time per target and in order; targets and channels side by side. Whatever a channel does, the others
go on. An attempt is recorded before the network is touched, so that a crash leaves it to be seen.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from alerts.attempts import Attempts
from alerts.gates import Gates, Sleep
from alerts.kinds import KINDS, Pace
from alerts.records import WAITING, Channel, Delivery, Outbox, Target
from alerts.retry import AGAIN, SUSPECT, RetryPolicy
from alerts.ways import ChannelHealth, Log, SentBy, Way

Lane = tuple[str, str]
"""Channel and address: what is sent to one after the other."""

PACES: Mapping[str, Pace] = {name: kind.pace for name, kind in KINDS.items() if kind.pace}
"""How fast each kind is sent to."""

_LOOK = timedelta(seconds=5)  # how often to look when what is due cannot start yet
_STEP = timedelta(seconds=5)  # clocks that are only trimmed go back by less
_ROUND = timedelta(seconds=30)  # how often to come round at least, so that a watchdog sees the loop alive


@dataclass(frozen=True, slots=True)
class Drained:
    """How many attempts ended in acceptance, in another try later, and in giving up."""

    sent: int = 0
    retried: int = 0
    dead: int = 0

    def __add__(self, other: "Drained") -> "Drained":
        return Drained(self.sent + other.sent, self.retried + other.retried, self.dead + other.dead)


class Dispatcher:
    """Drains an outbox through channels, named as in `Target.channel`.

    `clock` gives aware UTC, `sleep` waits for seconds of it. `batch` is how many deliveries are asked for at once,
    `width` how many lanes of one channel are served at once, `grace` how long what is under way may take when the
    dispatcher is cancelled. `kinds` are those of the channels: what was made for another one is given up. `progress` is
    called whenever the loop comes round, which it does at least every 30 seconds however long a send takes. What a
    crash left in the outbox is taken up by `run` alone: whoever calls `drain` without it calls `outbox.recover` first.
    """

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime],
        policy: RetryPolicy,
        log: Log,
        *,
        batch: int = 200,
        width: int = 8,
        grace: timedelta = timedelta(seconds=30),
        paces: Mapping[str, Pace] = PACES,
        kinds: Mapping[str, str] = MappingProxyType({}),
        sleep: Sleep = asyncio.sleep,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._log = log
        self._batch = batch
        self._grace = grace
        self._progress = progress
        self._latest = clock()
        by = SentBy(channels, {name: Way(name, log) for name in channels}, kinds, policy)
        self._attempts = Attempts(outbox, by, Gates(paces, width, clock, sleep), clock, log)

    @property
    def _ways(self) -> Mapping[str, Way]:
        return self._attempts.by.ways

    def use(
        self,
        channels: Mapping[str, Channel],
        kinds: Mapping[str, str],
        policy: RetryPolicy,
        *,
        grace: timedelta | None = None,
    ) -> tuple[Channel, ...]:
        """Send by these from the next attempt on. The channels that are no longer among them: see `left`.

        A channel that is still the same object is known as before; of another nothing is known, and what waits for it
        is due before anything new is sent by it. What is being sent is sent to its end as it began.
        """
        before = self._attempts.by
        kept = {name for name, each in channels.items() if before.channels.get(name) is each}
        ways = {name: before.ways[name] if name in kept else Way(name, self._log) for name in channels}
        anew = (before.anew | (channels.keys() - kept)) & channels.keys()
        self._attempts.by = SentBy(channels, ways, kinds, policy, frozenset(anew))
        self._grace = self._grace if grace is None else grace
        return tuple(each for name, each in before.channels.items() if name not in kept)

    async def left(self, channel: Channel) -> None:
        """Wait until the last send has ended on a channel that `use` took out of use: then it may be closed."""
        await self._attempts.left(channel)

    def channels(self) -> Mapping[str, ChannelHealth]:
        """How each channel does at this moment. One that is down stays so until something is there to try it with."""
        return {name: way.health() for name, way in self._ways.items()}

    async def run(self, wake: asyncio.Event) -> None:
        """Take up what a crash left, then drain whenever something is due or `wake` is set, until cancelled.

        What waits for a back-off is due at the start: its order and the state of the channels are learnt anew, and
        whoever restarts the service has often mended something. Cancelling it starts nothing new, waits up to `grace`
        for what is under way and then cuts it; what was cut is ambiguous. Raises what the outbox raises: without its
        memory, sending would repeat itself.
        """
        now = self._clock()
        left = await self._outbox.recover(now)
        if left:
            self._log.warning("deliveries recovered", count=left, because="an earlier run ended while they were sent")
        for name in self._ways:
            await self._outbox.expedite(name, now)
        await self._serve(wake)

    async def drain(self) -> Drained:
        """Attempt everything that is due now and not held, each delivery once at most. Cancellation is as in `run`."""
        return await self._serve(None)

    async def _serve(self, wake: asyncio.Event | None) -> Drained:
        """The loop of both: start what may start, wait for something to end. A lane that hangs keeps only itself."""
        self._attempts.stop(stopping=False)
        running: dict[Lane, asyncio.Task[Drained]] = {}
        tried: set[str] | None = set() if wake is None else None
        drained = Drained()
        try:
            while True:
                self._progress()
                if wake is not None:
                    wake.clear()
                await self._start(running, tried)
                if wake is None and not running:
                    return drained
                await self._wait(running, wake)
                for lane in [lane for lane, task in running.items() if task.done()]:
                    drained += running.pop(lane).result()
        finally:
            if running:
                self._attempts.stop()
                await self._wind_down(list(running.values()))

    async def _start(self, running: dict[Lane, "asyncio.Task[Drained]"], tried: set[str] | None) -> None:
        now = self._clock()
        if now < self._latest - _STEP:
            await self._set_back(now)
        self._latest = now
        await self._take_up(now)
        await self._outbox.release(now)
        for name, way in self._ways.items():
            if way.breaker.wants_probe(now):
                await self._probe(name, way, running, tried)
        limit = self._batch
        while True:
            due = await self._outbox.due(now, limit, self._shut(now))
            fresh = [delivery for delivery in due if tried is None or delivery.id not in tried]
            lanes: dict[Lane, list[Delivery]] = {}
            for delivery in fresh:
                if _lane_of(delivery) not in running:
                    lanes.setdefault(_lane_of(delivery), []).append(delivery)
            if lanes or len(due) < limit:
                break
            limit *= 4  # deliveries of lanes that are at work fill the batch: look past them
        for lane, waiting in lanes.items():
            running[lane] = asyncio.create_task(self._lane(lane, waiting))
            if tried is not None:
                tried.update(delivery.id for delivery in waiting)

    async def _take_up(self, now: datetime) -> None:
        """What waits for channels that were changed is due first, or what is new would overtake it."""
        by = self._attempts.by
        for name in sorted(by.anew):
            await self._outbox.expedite(name, now)
        # Another `use` may have come in between, with channels of its own to take up.
        self._attempts.by = replace(self._attempts.by, anew=self._attempts.by.anew - by.anew)

    async def _set_back(self, now: datetime) -> None:
        """Nothing waits until a clock that was set back to `now` has caught up."""
        moved = await self._outbox.set_back(now)
        self._log.warning("clock set back", by=str(self._latest - now), deliveries=moved)
        for name, way in self._ways.items():
            way.breaker = way.breaker.set_back(now)
            way.suspects.clear()
            await self._outbox.expedite(name, now)

    async def _probe(
        self, name: str, way: Way, running: dict[Lane, "asyncio.Task[Drained]"], tried: Collection[str] | None
    ) -> None:
        """Try a channel that is down with its oldest delivery whose lane is not at work."""
        now = self._clock()
        passed = {*(tried or ()), *({way.probed} if way.breaker.aside else ())}
        while (delivery := await self._outbox.oldest(name, now, passed)) is not None:
            lane = _lane_of(delivery)
            if lane not in running:
                way.breaker, way.probed = way.breaker.tries(), delivery.id
                running[lane] = asyncio.create_task(self._lane(lane, [delivery], probe=True))
                if isinstance(tried, set):
                    tried.add(delivery.id)
                return
            passed.add(delivery.id)
        way.breaker = way.breaker.without_probe(now, self._attempts.by.policy)

    def _shut(self, now: datetime) -> list[str]:
        return [name for name, way in self._ways.items() if not way.breaker.lets(now)]

    async def _wait(self, running: Mapping[Lane, "asyncio.Task[Drained]"], wake: asyncio.Event | None) -> None:
        """Until a lane ends, `wake` is set or the next delivery is due."""
        if wake is None:
            timeout = _ROUND.total_seconds()
            await asyncio.wait(running.values(), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            return
        pause = await self._pause()
        woken = asyncio.create_task(wake.wait())
        try:
            await asyncio.wait({woken, *running.values()}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    async def _wind_down(self, lanes: Sequence["asyncio.Task[Drained]"]) -> None:
        """Lanes end by themselves once their sends have ended or were cut, so that each can still record its end."""
        try:
            await asyncio.wait(lanes, timeout=self._grace.total_seconds())
        finally:
            if cut := self._attempts.cut():
                self._log.warning("sends cut at stop", count=cut, because="they outlasted the grace period")
            ends = await asyncio.gather(*lanes, self._attempts.recorded(), return_exceptions=True)
            for end in ends:
                if isinstance(end, Exception):
                    self._log.error("a lane failed at stop", error=f"{type(end).__name__}: {end}")

    async def _lane(self, lane: Lane, waiting: Sequence[Delivery], *, probe: bool = False) -> Drained:
        """The deliveries of one target in order, until one says that the target is to be left alone.

        A delivery that fails again and again may itself be what fails, so the next one is tried as well: if that is
        accepted, the lane goes on without the first; if not, both wait for the same moment and keep their order.
        """
        drained = Drained()
        stuck: set[tuple[Target, str]] = set()
        for delivery in waiting:
            if (delivery.target, delivery.event_id) in stuck:
                continue  # an update must not overtake what it updates
            way = self._ways.get(lane[0]) or Way(lane[0], self._log)
            suspect = way.suspects.get(lane[1])
            blocked = suspect if suspect is not None and suspect > self._clock() and not probe else None
            ended = await self._attempts.make(delivery, blocked, probe=probe)
            if ended == "later":
                break  # not even the next one, or it would overtake this one
            if ended == "gone":
                continue
            then, outcome = ended.then, ended.outcome
            drained += Drained(int(then.state == "sent"), int(then.state in WAITING), int(then.state == "dead"))
            if then.state == "sent":
                way.suspects.pop(lane[1], None)
            if then.state not in WAITING or then.at is None:
                continue
            if blocked is not None or ended.number < SUSPECT or outcome.retry_after or outcome.kind not in AGAIN:
                break
            way.suspects[lane[1]] = then.at
            stuck.add((delivery.target, delivery.event_id))
        return drained

    async def _pause(self) -> float:
        """Seconds until there is something to do, or the loop has to come round."""
        now = self._clock()
        moments = [way.breaker.moment() for way in self._ways.values()]
        moments.append(await self._outbox.next_due(self._shut(now)))
        waits = [at - now if at > now else _LOOK for at in moments if at is not None]
        return min([_ROUND, *waits]).total_seconds()


def _lane_of(delivery: Delivery) -> Lane:
    return delivery.target.channel, delivery.target.address
