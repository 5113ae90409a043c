"""The outbox loop: takes what is due, sends it, records what came of it.

One delivery at a time per target and in order; targets and channels side by side. Whatever a channel does, the others
go on. An attempt is recorded before the network is touched, so that a crash leaves it to be seen.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from alerts.kinds import KINDS
from alerts.records import WAITING, Channel, Delivery, Next, Outbox, Outcome
from alerts.retry import RetryPolicy, next_step

Lane = tuple[str, str]
"""Channel and address: what is sent to one after the other."""

PACES: Mapping[str, timedelta] = {name: kind.pace for name, kind in KINDS.items() if kind.pace}
"""The least time between two messages to one target, by kind."""

_AGAIN: frozenset[str] = frozenset({"transient", "ambiguous"})
_SUSPECT = 3  # from this attempt on, the delivery and not its target may be what fails: let the next one try
_LOOK = timedelta(seconds=5)  # how often to look while held deliveries hide from `next_due` what else will be due


class Log(Protocol):
    """The part of a structlog logger that is used here."""

    def info(self, event: str, **values: object) -> object: ...

    def warning(self, event: str, **values: object) -> object: ...

    def error(self, event: str, **values: object) -> object: ...


@dataclass(frozen=True, slots=True)
class Drained:
    """How many attempts ended in acceptance, in another try later, and in giving up."""

    sent: int = 0
    retried: int = 0
    dead: int = 0

    def __add__(self, other: "Drained") -> "Drained":
        return Drained(self.sent + other.sent, self.retried + other.retried, self.dead + other.dead)


@dataclass(slots=True)
class _Holds:
    """Until when lanes and channels are left alone; kept in memory, since a restart may well try once too early.

    `suspects`: when a lane's failing delivery is tried again, while the ones behind it may show whose fault it is.
    """

    lanes: dict[Lane, datetime] = field(default_factory=dict)
    channels: dict[str, datetime] = field(default_factory=dict)
    suspects: dict[Lane, datetime] = field(default_factory=dict)

    def open(self, lane: Lane, now: datetime) -> bool:
        return self.lanes.get(lane, now) <= now and self.channels.get(lane[0], now) <= now

    def next(self, now: datetime) -> datetime | None:
        later = [at for at in (*self.lanes.values(), *self.channels.values()) if at > now]
        return min(later, default=None)


class Dispatcher:
    """Drains an outbox through channels, named as in `Target.channel`.

    `clock` gives aware UTC. `batch` is how many deliveries are asked for at once, `width` how many lanes of one channel
    are served at once, `grace` how long what is under way may take when the dispatcher is cancelled. What a crash left
    in the outbox is taken up by `run` alone: whoever calls `drain` without it calls `outbox.recover` first.
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
        paces: Mapping[str, timedelta] = PACES,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._clock = clock
        self._policy = policy
        self._log = log
        self._batch = batch
        self._grace = grace
        self._paces = paces
        self._holds = _Holds()
        self._room = {name: asyncio.Semaphore(width) for name in channels}
        self._sent_at: dict[Lane, float] = {}
        self._threads: dict[tuple[Lane, str], str] = {}
        self._records: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def run(self, wake: asyncio.Event) -> None:
        """Take up what a crash left, then drain whenever something is due or `wake` is set, until cancelled.

        Cancelling it starts nothing new, waits up to `grace` for what is under way and then cuts it; what was cut stays
        in the outbox as begun. Raises what the outbox raises: without its memory, sending would repeat itself.
        """
        left = await self._outbox.recover(self._clock())
        if left:
            self._log.warning("deliveries recovered", count=left, because="an earlier run ended while they were sent")
        await self._serve(wake)

    async def drain(self) -> Drained:
        """Attempt everything that is due now and not held, each delivery once at most. Cancellation is as in `run`."""
        return await self._serve(None)

    async def _serve(self, wake: asyncio.Event | None) -> Drained:
        """The loop of both: start what may start, wait for something to end. A lane that hangs keeps only itself."""
        self._stopping = False
        running: dict[Lane, asyncio.Task[Drained]] = {}
        tried: set[str] | None = set() if wake is None else None
        drained = Drained()
        try:
            while True:
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
                self._stopping = True
                await self._wind_down(list(running.values()))

    async def _start(self, running: dict[Lane, "asyncio.Task[Drained]"], tried: set[str] | None) -> None:
        limit = self._batch
        while True:
            now = self._clock()
            due = await self._outbox.due(now, limit)
            fresh = [delivery for delivery in due if tried is None or delivery.id not in tried]
            lanes = self._lanes(fresh, now, running)
            if lanes or len(due) < limit:
                break
            limit *= 4  # deliveries of held lanes fill the batch: look past them
        for lane, waiting in lanes.items():
            running[lane] = asyncio.create_task(self._lane(lane, waiting))
            if tried is not None:
                tried.update(delivery.id for delivery in waiting)

    def _lanes(self, due: Sequence[Delivery], now: datetime, running: Collection[Lane]) -> dict[Lane, list[Delivery]]:
        """What may be sent now, by lane. A channel that comes out of a pause is tried with one delivery first."""
        lanes: dict[Lane, list[Delivery]] = {}
        probed = {channel for channel, _ in running}
        for delivery in due:
            lane = (delivery.target.channel, delivery.target.address)
            if lane in running or not self._holds.open(lane, now):
                continue
            if lane[0] in self._holds.channels:
                if lane[0] in probed:
                    continue
                probed.add(lane[0])
            lanes.setdefault(lane, []).append(delivery)
        return lanes

    async def _wait(self, running: Mapping[Lane, "asyncio.Task[Drained]"], wake: asyncio.Event | None) -> None:
        """Until a lane ends, `wake` is set or the next delivery is due."""
        if wake is None:
            await asyncio.wait(running.values(), return_when=asyncio.FIRST_COMPLETED)
            return
        pause = await self._pause()
        woken = asyncio.create_task(wake.wait())
        try:
            await asyncio.wait({woken, *running.values()}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    async def _wind_down(self, tasks: Sequence["asyncio.Task[Drained]"]) -> None:
        try:
            await asyncio.wait(tasks, timeout=self._grace.total_seconds())
        finally:
            cut = [task for task in tasks if task.cancel()]
            if cut:
                self._log.warning("sends cut at stop", count=len(cut), because="they outlasted the grace period")
            ends = await asyncio.gather(*tasks, *self._records, return_exceptions=True)
            for end in ends:
                if isinstance(end, Exception):
                    self._log.error("a lane failed at stop", error=f"{type(end).__name__}: {end}")

    async def _lane(self, lane: Lane, waiting: Sequence[Delivery]) -> Drained:
        """The deliveries of one target in order, until one says that the target is to be left alone.

        A delivery that fails again and again may itself be what fails, so the next one is tried as well: if that is
        accepted, the lane goes on without the first; if not, both wait for the same moment and keep their order.
        """
        drained = Drained()
        for delivery in waiting:
            now = self._clock()
            if self._stopping or not self._holds.open(lane, now):
                break
            suspect = self._holds.suspects.get(lane)
            blocked = suspect if suspect is not None and suspect > now else None
            ended = await self._attempt(lane, delivery, blocked)
            if ended is None:
                continue
            outcome, attempt, then = ended
            drained += Drained(int(then.state == "sent"), int(then.state in WAITING), int(then.state == "dead"))
            if then.state == "sent":
                self._holds.suspects.pop(lane, None)
            if then.state not in WAITING or then.at is None:
                continue
            if blocked is None and attempt >= _SUSPECT and outcome.retry_after is None and outcome.kind in _AGAIN:
                self._holds.suspects[lane] = then.at
            else:
                self._holds.lanes[lane] = then.at
        return drained

    async def _attempt(
        self, lane: Lane, delivery: Delivery, blocked: datetime | None
    ) -> tuple[Outcome, int, Next] | None:
        """One attempt, recorded before and after; None when the delivery is not to be sent any more."""
        channel = self._channels.get(lane[0])
        await self._keep_pace(lane, delivery.target.kind)
        async with self._room.get(lane[0]) or asyncio.Semaphore():
            self._sent_at[lane] = asyncio.get_running_loop().time()
            if self._stopping or not self._holds.open(lane, self._clock()):
                return None
            attempt = await self._outbox.begin(delivery.id, self._clock())
            if attempt is None:
                return None
            if channel is None:
                outcome = Outcome(
                    "bad_target", "no-channel", f"no channel is called {lane[0]!r}; check the configuration"
                )
            else:
                outcome = await self._send(channel, self._threaded(lane, delivery))
        now = self._clock()
        policy = self._policy.of(delivery.target.kind)
        then = next_step(outcome, attempt, delivery.created, now, policy, delivery.id)
        if blocked is not None and then.state in WAITING and outcome.kind in _AGAIN:
            # The target is down after all: both wait for the same moment, so that they arrive in order.
            then = replace(then, at=blocked, rule="in-order")
        self._remember(lane, delivery, outcome, then, now)
        await self._record(delivery.id, attempt, outcome, then, now)
        self._tell(delivery, attempt, outcome, then)
        return outcome, attempt, then

    async def _keep_pace(self, lane: Lane, kind: str) -> None:
        pace = self._paces.get(kind)
        if pace is None:
            return
        loop = asyncio.get_running_loop()
        ready = self._sent_at.get(lane, float("-inf")) + pace.total_seconds()
        if ready > loop.time():
            await asyncio.sleep(ready - loop.time())

    async def _send(self, channel: Channel, delivery: Delivery) -> Outcome:
        try:
            return await channel.send(delivery)
        except Exception as error:  # noqa: BLE001 - one channel's fault must not stop the others (delivery §5)
            self._log.error("channel raised", channel=channel.name, delivery_id=delivery.id, error=type(error).__name__)
            # Only the type: the message of an unforeseen exception may hold anything, also a secret.
            return Outcome("ambiguous", "exception", f"the channel raised {type(error).__name__}; this is a bug")

    def _threaded(self, lane: Lane, delivery: Delivery) -> Delivery:
        """With the thread of a first message that was sent after this delivery had been read."""
        known = self._threads.get((lane, delivery.event_id))
        return replace(delivery, thread=known) if known and delivery.thread is None else delivery

    def _remember(self, lane: Lane, delivery: Delivery, outcome: Outcome, then: Next, now: datetime) -> None:
        if outcome.kind == "bad_credential" and then.at is not None:
            self._holds.channels[lane[0]] = then.at
        elif self._holds.channels.get(lane[0], now + _LOOK) <= now:
            self._holds.channels.pop(lane[0], None)  # the probe got past the login
        if self._holds.lanes.get(lane, now) <= now:
            self._holds.lanes.pop(lane, None)
        if outcome.kind == "sent" and outcome.reference and delivery.thread is None:
            self._threads.setdefault((lane, delivery.event_id), outcome.reference)
            while len(self._threads) > 1000:  # the outbox knows them all; this only bridges one batch
                self._threads.pop(next(iter(self._threads)))

    async def _record(self, delivery_id: str, attempt: int, outcome: Outcome, then: Next, now: datetime) -> None:
        """Written even when this task is cancelled: what was sent and not recorded would be sent again."""
        task = asyncio.create_task(self._outbox.finish(delivery_id, attempt, outcome, then, now))
        self._records.add(task)
        task.add_done_callback(self._records.discard)
        await asyncio.shield(task)

    def _tell(self, delivery: Delivery, attempt: int, outcome: Outcome, then: Next) -> None:
        tell = {"sent": self._log.info, "dead": self._log.error}.get(then.state, self._log.warning)
        tell(
            "delivery " + then.state,
            delivery_id=delivery.id,
            event_id=delivery.event_id,
            recipient=delivery.target.recipient,
            channel=delivery.target.channel,
            attempt=attempt,
            outcome=outcome.kind,
            code=outcome.code,
            rule=then.rule,
            next_at=then.at.isoformat() if then.at else None,
            because=outcome.detail or None,
        )

    async def _pause(self) -> float | None:
        """Seconds until there is something to do; None when nothing waits."""
        now = self._clock()
        due = await self._outbox.next_due()
        if due is None:
            return None
        if due > now:
            return (due - now).total_seconds()
        freed = self._holds.next(now)
        return (min(_LOOK, freed - now) if freed else _LOOK).total_seconds()
