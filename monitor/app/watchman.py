"""The watch over the service itself: loops, channels, queue and disk looked at, told through the outbox, and reported.

It waits for none of the loops that it watches, nor for the store: what is stuck there is seen from here.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from monitor.app.assembly import Service
from monitor.app.vitals import last_cycle
from monitor.lookout import Told, look
from monitor.statuslist import room
from monitor.store import meta
from monitor.store.errors import StoreError
from monitor.trouble import WAITED, ChannelSeen, Limits, Observed, StallSeen

# How long the store may take: its longest work is a restart's recovery, or the folding of its log.
STORE_PATIENCE = timedelta(seconds=20)


class Health(Protocol):
    """What a sender knows of a channel: `state` is closed while it works; `since` when it does not."""

    @property
    def state(self) -> str: ...

    @property
    def since(self) -> datetime | None: ...

    @property
    def because(self) -> str: ...

    @property
    def last_sent(self) -> datetime | None: ...


def channels_seen(health: Mapping[str, Health], now: datetime) -> tuple[ChannelSeen, ...]:
    """A sender's knowledge of its channels, as trouble is judged by."""
    return tuple(
        ChannelSeen(name, each.state != "closed", each.since or now, each.because, each.last_sent)
        for name, each in sorted(health.items())
    )


class Watchman:
    """One turn is one look at `service`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._looking: asyncio.Task[None] | None = None
        self._clocks = service.clocks.now(), service.clocks.steady()

    async def turn(self) -> None:
        """Look, tell, report. Raises StoreError when the store is lost."""
        service, log, stall = self._service, self._service.log, self._service.store.stalled
        late = service.pulse.late()
        for name, span in late:
            log.error("loop is stuck", loop=name, seconds=int(span.total_seconds()))
        # The beats first: what the store lets wait shows in them soon enough.
        channels = channels_seen(service.dispatcher.channels(), service.clocks.now())
        reachable = stall is None and (not channels or not all(each.down for each in channels))
        stuck = [name for name, _ in late]
        if stall is not None and service.clocks.now() - stall.since >= WAITED:
            # The outbox is what is stalled: only the outside can be told, and tells people meanwhile.
            stuck.append("store")
        await service.heart.look(service.pulse.turns(), stuck, reachable=reachable)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="look")
        done, _ = await asyncio.wait({self._looking}, timeout=STORE_PATIENCE.total_seconds())
        if done:
            ended, self._looking = self._looking, None
            ended.result()
        elif service.store.stalled is None:
            log.error("the store does not answer", seconds=int(STORE_PATIENCE.total_seconds()))

    async def _look(self) -> None:
        service = self._service
        # A file that was moved away while its disk was full takes nothing whatever room is made.
        if lost := await service.store.call(lambda store: store.lost()):
            raise StoreError(lost)
        if service.store.stalled is not None:
            # Wait for its end first, or what is told then would be how things stood before.
            alive = service.clocks.now().isoformat()
            await service.store.run(lambda tx: meta.put(tx, meta.ALIVE, alive))
        own, to, now = service.settings, service.notified(), service.clocks.now()
        free = await asyncio.to_thread(room, own.archive)
        channels, ended = channels_seen(service.dispatcher.channels(), now), tuple(service.store.ended)
        stalls = tuple(StallSeen(each.since, each.until or now, each.why) for each in ended)
        seen = Observed(channels, loops=service.pulse.late(), free=free, stalls=stalls, jump=self._jump(now))
        limits = Limits(own.notices.channel_after, own.notices.queue_after)
        cycle = last_cycle(service)

        def work(tx: Connection) -> tuple[Told, ...]:
            meta.put(tx, meta.ALIVE, now.isoformat())
            if cycle is not None:
                meta.put(tx, meta.CYCLE, cycle.isoformat())
            return look(tx, seen, to=to, mailing=own.mailing, limits=limits, now=now)

        told = await service.store.run(work)
        for _ in ended:
            service.store.ended.popleft()
        service.wrote = service.clocks.steady()
        for each in told:
            self._log(each)
        if told:
            service.bells.deliver.set()

    def _jump(self, now: datetime) -> timedelta:
        """How far the clock was set since the last look, beyond the time that went by."""
        was, passed = self._clocks
        self._clocks = now, self._service.clocks.steady()
        return (now - was) - (self._clocks[1] - passed)

    def _log(self, told: Told) -> None:
        log = self._service.log.bind(trace=told.trace)
        if told.tell.turn == "well":
            log.info("trouble is over", what=told.title, alert_id=told.alert_id, to=list(told.to))
            return
        report = log.error if told.tell.severity == "urgent" else log.warning
        report("trouble", what=told.title, alert_id=told.alert_id, to=list(told.to), details=list(told.details))
        if told.to and not told.reaches:
            log.error("no channel that works to tell it by", what=told.title, waits_for=list(told.to))
