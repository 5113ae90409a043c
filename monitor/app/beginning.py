"""Watches that begin: their baseline stories read first, then known in the transaction from which on they count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from alerts.rules import Mailing
from extractors.records import Article, Reading
from monitor import archive, feeds
from monitor.intake import take_in
from monitor.records import MonitorError, Watch
from monitor.store import meta
from monitor.store.threads import StoreThread
from monitor.workers import WorkerFailure, Workers


@dataclass(frozen=True, slots=True)
class Beginning:
    """Watches that are to be used together. `stories`: what was read of the baseline of those that have not begun."""

    watches: tuple[Watch, ...]
    stories: Mapping[str, Sequence[tuple[Article, Reading]]]

    def begin(self, tx: Connection, families: Mapping[str, str], now: datetime) -> tuple[Watch, ...]:
        """The watches with the moment they began; those that have not begin `now` and know their stories, or none does.

        Half of the stories, after a crash, would be taken for all; and one watch of several that begin with a reload
        would count from a moment at which nothing was read for it, if the reload came to nothing.
        """
        # Feeds date to the second: an article of the very second in which the watch begins is not from before it.
        now = now.replace(microsecond=0)
        return tuple([self._begun(tx, watch, families, now) for watch in self.watches])

    def _begun(self, tx: Connection, watch: Watch, families: Mapping[str, str], now: datetime) -> Watch:
        moment = meta.watch_began(tx, watch.id)
        if moment is None:
            for read, reading in self.stories.get(watch.id, ()):
                article = replace(read, seen=now)
                family = feeds.family_of(article.outlet, families)
                take_in(
                    tx, article, reading, watches=(watch,), family=family, mailing=Mailing(), now=now, baseline=True
                )
            moment = meta.begin_watch(tx, watch.id, now)
        return replace(watch, rings=replace(watch.rings, began=moment))


async def beginning(
    watches: Sequence[Watch], store: StoreThread, workers: Workers, log: FilteringBoundLogger
) -> Beginning:
    """Read the stories of the watches that have not begun, by the names of all. Raises MonitorError."""
    begun = await store.query(lambda tx: {watch.id for watch in watches if meta.watch_began(tx, watch.id)})
    names = [watch.names for watch in watches]
    stories: dict[str, Sequence[tuple[Article, Reading]]] = {}
    for watch in watches:
        if watch.id in begun:
            continue
        told = archive.load(watch.baseline)
        for problem in told.problems:
            log.error("baseline story not read", watch=watch.id, problem=problem)
        read: list[tuple[Article, Reading]] = []
        for saved in told.articles:
            reading = await workers.read(saved.article, names)
            if isinstance(reading, WorkerFailure):
                raise MonitorError(f"{saved.where}: the baseline story could not be read: {reading.detail}")
            read.append((saved.article, reading))
        stories[watch.id] = read
    return Beginning(tuple(watches), stories)
