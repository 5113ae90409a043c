"""The watch over the service itself: loops, channels, queue and disk looked at, told through the outbox, and reported.

It waits for none of the loops that it watches, nor for the store: what is stuck there is seen from here.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from monitor.app.assembly import Service
from monitor.lookout import Told, look
from monitor.statuslist import room
from monitor.store import meta
from monitor.store.errors import StoreError
from monitor.trouble import ChannelSeen, Limits, Observed

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
        service, log, late = self._service, self._service.log, self._service.pulse.late()
        for name, span in late:
            log.error("loop is stuck", loop=name, seconds=int(span.total_seconds()))
        # The beats first: what the store lets wait shows in them soon enough.
        channels = channels_seen(service.dispatcher.channels(), service.clocks.now())
        reachable = not channels or not all(each.down for each in channels)
        await service.heart.look(service.pulse.turns(), [name for name, _ in late], reachable=reachable)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(channels, late), name="look")
        done, _ = await asyncio.wait({self._looking}, timeout=STORE_PATIENCE.total_seconds())
        if done:
            ended, self._looking = self._looking, None
            ended.result()
        else:
            log.error("the store does not answer", seconds=int(STORE_PATIENCE.total_seconds()))

    async def _look(self, channels: tuple[ChannelSeen, ...], late: tuple[tuple[str, timedelta], ...]) -> None:
        service = self._service
        if lost := await service.store.call(lambda store: store.lost()):
            raise StoreError(lost)
        own, to, now = service.settings, service.notified(), service.clocks.now()
        free = await asyncio.to_thread(room, own.archive)
        seen = Observed(channels, loops=late, free=free, jump=self._jump(now))
        limits = Limits(own.notices.channel_after, own.notices.queue_after)

        def work(tx: Connection) -> tuple[Told, ...]:
            meta.put(tx, meta.ALIVE, now.isoformat())
            return look(tx, seen, to=to, mailing=own.mailing, limits=limits, now=now)

        told = await service.store.run(work)
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
        log = self._service.log
        if told.tell.turn == "well":
            log.info("trouble is over", what=told.title, to=list(told.to))
            return
        log.error("trouble", what=told.title, to=list(told.to), details=list(told.details))
        if told.to and not told.reaches:
            log.error("no channel that works to tell it by", what=told.title, waits_for=list(told.to))
