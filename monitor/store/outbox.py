"""The outbox that `alerts.dispatch` sends from, kept in the store."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from alerts.records import Delivery, Next, Outcome
from monitor.store import deliveries, doubt, held, queue
from monitor.store.threads import StoreThread, as_time_goes


class StoreOutbox:
    """`alerts.records.Outbox` on the store's thread, each call one transaction, as `deliveries` and `queue` say; what a
    restored store cannot know was sent is given as ambiguous (`doubt`).

    `release` is what looks at held deliveries (`monitor.mailing`), within the transaction that it is given.
    """

    def __init__(self, thread: StoreThread, release: Callable[[Connection, datetime], int]) -> None:
        self._thread = thread
        self._release = release
        self._changed: tuple[str, ...] = ()

    def use(self, release: Callable[[Connection, datetime], int], changed: Iterable[str] = ()) -> None:
        """Look at held deliveries so, from the next transaction on. What quiet hours and caps hold back from recipients
        that were `changed` is looked at once more: their night may be over now."""
        self._release, self._changed = release, (*self._changed, *changed)

    async def release(self, now: datetime) -> int:
        changed = self._changed
        if not changed and not await self._thread.query(lambda tx: queue.any_to_release(tx, now)):
            return 0

        def work(tx: Connection) -> int:
            held.look_again(tx, changed, now)
            return self._release(tx, now)

        written = await self._thread.run(work)
        # Another `use` may have come in between, with recipients of its own.
        self._changed = self._changed[len(changed) :]
        return written

    async def oldest(self, channel: str, now: datetime, but: Collection[str] = ()) -> Delivery | None:
        def work(tx: Connection) -> Delivery | None:
            found = queue.oldest(tx, channel, now, but)
            return None if found is None else doubt.doubted(tx, (found,))[0]

        return await self._thread.query(work)

    async def expedite(self, channel: str, now: datetime) -> int:
        return await self._thread.run(lambda tx: queue.expedite(tx, channel, now))

    async def set_back(self, now: datetime) -> int:
        return await self._thread.run(lambda tx: deliveries.set_back(tx, now))

    async def due(self, now: datetime, limit: int, but: Collection[str] = ()) -> Sequence[Delivery]:
        return await self._thread.query(lambda tx: doubt.doubted(tx, queue.due(tx, now, limit, but)))

    async def begin(self, delivery_id: str, now: datetime) -> int | None:
        # A lease counts from when it is kept: one that had run out by then would have this sent a second time.
        moment = as_time_goes(now)
        return await self._thread.run(lambda tx: deliveries.begin(tx, delivery_id, moment()))

    async def finish(self, delivery_id: str, attempt: int, outcome: Outcome, then: Next, now: datetime) -> None:
        await self._thread.run(lambda tx: deliveries.finish(tx, delivery_id, attempt, outcome, then, now))

    async def next_due(self, but: Collection[str] = ()) -> datetime | None:
        return await self._thread.query(lambda tx: queue.next_due(tx, but))

    async def recover(self, now: datetime) -> int:
        def work(tx: Connection) -> int:
            deliveries.set_back(tx, now)
            return deliveries.recover(tx, now)

        return await self._thread.run(work)
