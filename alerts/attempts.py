"""One attempt at a delivery: recorded before the network is touched and after, and what it shows of the channel."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from alerts.gates import Gates
from alerts.records import WAITING, Channel, Delivery, Next, Outbox, Outcome
from alerts.retry import AGAIN, next_step
from alerts.ways import Log, SentBy, Way

Unmade = Literal["later", "gone"]


@dataclass(frozen=True, slots=True)
class Ended:
    """What attempt number `number` came to, and what is next."""

    outcome: Outcome
    number: int
    then: Next


class Attempts:
    """Makes attempts, as many at once as `gates` let pass, until `stop` was called, by what was given last."""

    def __init__(
        self,
        outbox: Outbox,
        by: SentBy,
        gates: Gates,
        clock: Callable[[], datetime],
        log: Log,
    ) -> None:
        self._outbox = outbox
        self.by = by
        self._gates = gates
        self._clock = clock
        self._log = log
        self._threads: dict[tuple[str, str, str], str] = {}
        self._sending: dict[asyncio.Future[Outcome], Channel] = {}
        self._records: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def make(self, delivery: Delivery, blocked: datetime | None = None, *, probe: bool = False) -> Ended | Unmade:
        """One attempt; `later` when none may begin now, `gone` when the delivery is not waiting any more.

        `blocked` is when an earlier delivery to the same target that has just failed is tried again. `probe`: its
        channel is down, and this is to show whether it still is.
        """
        name, asked = delivery.target.channel, self._way(delivery)

        def go() -> bool:
            return not self._stopping and (probe or self._way(delivery).breaker.lets(self._clock()))

        unmade: Unmade = "later"

        async def begin() -> int | None:
            nonlocal unmade
            unmade = "gone"
            return await self._outbox.begin(delivery.id, self._clock())

        async with self._gates.passed(delivery.target, go, begin) as number:
            if number is None:
                if probe:
                    asked.breaker = asked.breaker.without_probe(self._clock(), self.by.policy)
                return unmade
            # From here on by what is in use now: the channel may have been changed while this waited for its turn.
            by, way = self.by, self._way(delivery)
            way.under_way[delivery.id] = self._clock()
            try:
                outcome = await self._send(delivery, by)
            finally:
                del way.under_way[delivery.id]
        now = self._clock()
        policy = by.policy.of(delivery.target.kind)
        then = next_step(outcome, number, delivery.revived or delivery.created, now, policy, delivery.id)
        if blocked is not None and then.state in WAITING and outcome.kind in AGAIN and not outcome.retry_after:
            # The target is down after all: both wait for the same moment, so that they arrive in order.
            then = replace(then, at=blocked, rule="in-order")
        if outcome.kind == "sent":
            way.last_sent = now
            self._remember(delivery, outcome)
        works = way.learn(outcome, now, policy, probe=probe)
        await self._record(delivery.id, number, outcome, then, now)
        self._tell(delivery, number, outcome, then)
        if works is not None:
            way.rise(works, now, await self._outbox.expedite(name, now))
        return Ended(outcome, number, then)

    def stop(self, *, stopping: bool = True) -> None:
        """Begin no attempt from now on."""
        self._stopping = stopping
        if stopping:
            self._gates.wake()

    def cut(self) -> int:
        """Have every send that is under way end here, as ambiguous. How many."""
        return sum(sending.cancel() for sending in self._sending)

    async def recorded(self) -> None:
        """Wait until the end of each attempt is written, also of those whose task was cancelled meanwhile."""
        await asyncio.gather(*self._records)

    async def left(self, channel: Channel) -> None:
        """Wait until the last send has ended on a channel that no new ones are begun on."""
        if sends := [sending for sending, used in self._sending.items() if used is channel]:
            await asyncio.wait(sends)

    def _way(self, delivery: Delivery) -> Way:
        name = delivery.target.channel
        return self.by.ways.get(name) or Way(name, self._log)

    async def _send(self, delivery: Delivery, by: SentBy) -> Outcome:
        name = delivery.target.channel
        channel = by.channels.get(name)
        if channel is None:
            return Outcome("bad_target", "no-channel", f"no channel is called {name!r}; check the configuration")
        made_for, kind = delivery.target.kind, by.kinds.get(name)
        if kind not in (None, made_for):
            again = f"`parley alerts resend {delivery.alert_id}` makes it anew"
            return Outcome(
                "bad_target", "other-kind", f"{name} is of kind {kind} now and this was made for {made_for}; {again}"
            )
        sending = asyncio.ensure_future(channel.send(self._threaded(delivery)))
        self._sending[sending] = channel
        try:
            await asyncio.wait({sending})
        finally:
            del self._sending[sending]
            sending.cancel()
        if sending.cancelled():
            return Outcome("ambiguous", "stopped", "the service stopped while this was being sent")
        error = sending.exception()
        if error is None:
            return sending.result()
        if not isinstance(error, Exception):
            raise error
        # One channel's fault must not stop the others (reference: delivery 5). Only the type is told: the message of an
        # unforeseen exception may hold anything, also a secret.
        self._log.error("channel raised", channel=channel.name, delivery_id=delivery.id, error=type(error).__name__)
        return Outcome("ambiguous", "exception", f"the channel raised {type(error).__name__}; this is a bug")

    def _threaded(self, delivery: Delivery) -> Delivery:
        """With the thread of a first message that was sent after this delivery had been read."""
        known = self._threads.get(_thread_of(delivery))
        return replace(delivery, thread=known) if known and delivery.thread is None else delivery

    def _remember(self, delivery: Delivery, outcome: Outcome) -> None:
        if outcome.reference and delivery.thread is None:
            self._threads.setdefault(_thread_of(delivery), outcome.reference)
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


def _thread_of(delivery: Delivery) -> tuple[str, str, str]:
    return delivery.target.channel, delivery.target.address, delivery.event_id
