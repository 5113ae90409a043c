"""The outbox that `alerts.dispatch` sends from, kept in the store."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from alerts.records import Delivery, Next, Outcome
from monitor.store import deliveries, queue
from monitor.store.threads import StoreThread


class StoreOutbox:
    """`alerts.records.Outbox` on the store's thread, each call one transaction, as `deliveries` and `queue` say.

    `release` is what looks at held deliveries (`monitor.mailing`), within the transaction that it is given.
    """

    def __init__(self, thread: StoreThread, release: Callable[[Connection, datetime], int]) -> None:
        self._thread = thread
        self._release = release

    def use(self, release: Callable[[Connection, datetime], int]) -> None:
        """Look at held deliveries so, from the next transaction on."""
        self._release = release

    async def release(self, now: datetime) -> int:
        if not await self._thread.query(lambda tx: queue.any_to_release(tx, now)):
            return 0
        return await self._thread.run(lambda tx: self._release(tx, now))

    async def oldest(self, channel: str, now: datetime, but: Collection[str] = ()) -> Delivery | None:
        return await self._thread.query(lambda tx: queue.oldest(tx, channel, now, but))

    async def expedite(self, channel: str, now: datetime) -> int:
        return await self._thread.run(lambda tx: queue.expedite(tx, channel, now))

    async def set_back(self, now: datetime) -> int:
        return await self._thread.run(lambda tx: deliveries.set_back(tx, now))

    async def due(self, now: datetime, limit: int, but: Collection[str] = ()) -> Sequence[Delivery]:
        return await self._thread.query(lambda tx: queue.due(tx, now, limit, but))

    async def begin(self, delivery_id: str, now: datetime) -> int | None:
        return await self._thread.run(lambda tx: deliveries.begin(tx, delivery_id, now))

    async def finish(self, delivery_id: str, attempt: int, outcome: Outcome, then: Next, now: datetime) -> None:
        await self._thread.run(lambda tx: deliveries.finish(tx, delivery_id, attempt, outcome, then, now))

    async def next_due(self, but: Collection[str] = ()) -> datetime | None:
        return await self._thread.query(lambda tx: queue.next_due(tx, but))

    async def recover(self, now: datetime) -> int:
        def work(tx: Connection) -> int:
            deliveries.set_back(tx, now)
            return deliveries.recover(tx, now)

        return await self._thread.run(work)
