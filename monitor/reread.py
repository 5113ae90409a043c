"""Stored articles read again by watches that have changed, without ringing (`parley reload --reread DAYS`).

What an article tells by the new names takes the place of what it told by the old ones. An event that comes to light so
is baseline: it never rings as new. An event that was known keeps what people were told of it, so that nothing that
they still have to hear is lost. How far it has come stands in the store: a restart goes on from there, and watches that
change meanwhile begin anew, or what was read before them would lack their words.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from alerts.records import Source
from extractors.records import Reading
from monitor.intake import MEMORY
from monitor.records import Event, Feed, Watch
from monitor.resolve import Trace, revise
from monitor.store import articles, entries, events
from monitor.store.articles import ArticleRow
from monitor.store.rereads import Course, course, keep
from monitor.store.threads import StoreThread
from monitor.workers import WorkerFailure, Workers


def read_again(
    tx: Connection,
    row: ArticleRow,
    reading: Reading,
    *,
    watches: Sequence[Watch],
    told: Mapping[str, frozenset[str]],
    now: datetime,
    memo: events.Memo | None = None,
) -> tuple[int, int]:
    """Put a new reading of a stored article in the place of the old one, within `tx`: how many events it changed, and
    how many it opened.

    `told`: for each watch the addresses that its events tell of. An article that cannot be read takes nothing back.
    """
    if reading.unread is not None:
        return 0, 0
    article, changed, opened = row.article, 0, 0
    source = Source(article.url, article.title, article.outlet, row.family, article.published, article.seen or now)
    earlier = [each for each in articles.decisions_of(tx, article.url) if each.article_id == row.id]
    for watch in watches:
        places = [place for place, claim in enumerate(reading.claims) if claim.watch == watch.id]
        if not places and article.url not in told.get(watch.id, frozenset()):
            continue
        known = events.open_events(tx, watch.id, now - MEMORY, memo)
        resolution = revise(
            [reading.claims[place] for place in places],
            source,
            known,
            watch,
            now,
            baseline=True,
            reread=True,
            sketch=row.sketch,
            taken=events.merged(tx, watch.id),
        )
        before = {event.id: event for event in known}
        events.save(tx, resolution.events, memo)
        opened += sum(event.id not in before for event in resolution.events)
        changed += sum(event.id in before and _tells(event) != _tells(before[event.id]) for event in resolution.events)
        mine = [each for each in earlier if each.detail.get("watch") == watch.id]
        articles.drop_decisions(tx, row.id, [each.claim_index for each in mine])
        for trace in resolution.traces:
            place, detail = places[trace.claim], _detail(watch.id, trace, mine, now)
            articles.record_decision(tx, row.id, place, trace.verdict, trace.event_id, trace.rules, detail)
    return changed, opened


def _tells(event: Event) -> tuple[object, ...]:
    return event.status, event.date, event.place, event.ordinal, event.counts, len(event.sayings)


def _detail(watch: str, trace: Trace, earlier: Sequence[articles.DecisionRow], now: datetime) -> dict[str, object]:
    """As `monitor.intake` writes it; whether people were told, and why not, stays as it was decided then."""
    then = [each.detail for each in earlier if each.event_id == trace.event_id]
    return {
        "watch": watch,
        "nearest": [{"event": n.event_id, "fits": list(n.fits), "vetoes": list(n.vetoes)} for n in trace.nearest],
        "alerts": [alert for detail in then for alert in detail["alerts"]],
        "silence": [silence for detail in then for silence in detail["silence"]],
        "reread": now.isoformat(),
    }


def _by(watches: Sequence[Watch]) -> str:
    """What tells watches apart that understand articles differently."""
    meaning = [(watch.id, watch.names, watch.series, sorted(watch.identities.items())) for watch in watches]
    return hashlib.blake2b(repr(meaning).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class _Batch:
    """Articles to be read, what each watch's events tell of by address, and the watches of those that not all take."""

    rows: tuple[tuple[datetime, ArticleRow], ...]
    told: Mapping[str, frozenset[str]]
    only: Mapping[str, frozenset[str]]


def _batch(tx: Connection, now: Course, watches: Sequence[Watch], feeds: Mapping[str, Feed], size: int) -> _Batch:
    rows = articles.taken_in(tx, now.since, now.until or now.asked, now.after, size)
    told = {watch.id: events.addresses(tx, watch.id) for watch in watches}
    narrow = {url: frozenset(feed.watches) for url, feed in feeds.items() if feed.watches}
    brought = entries.feeds_of(tx, [row.article.url for _, row in rows]) if narrow else {}
    every = frozenset(watch.id for watch in watches)
    only = {url: frozenset().union(*(narrow.get(each, every) for each in by)) for url, by in brought.items()}
    return _Batch(rows, told, only)


class Rereader:
    """Goes through what is to be read again, beside the service's own work: one article at a time."""

    def __init__(
        self,
        *,
        store: StoreThread,
        workers: Workers,
        memo: events.Memo,
        clock: Callable[[], datetime],
        log: FilteringBoundLogger,
        size: int = 100,
    ) -> None:
        self._store, self._workers, self._memo, self._size = store, workers, memo, size
        self._clock, self._log = clock, log
        self._watches: Sequence[Watch] = ()
        self._by = ""
        self._feeds: Callable[[], Mapping[str, Feed]] = dict
        self._wish: datetime | None = None

    def use(
        self, watches: Sequence[Watch], feeds: Callable[[], Mapping[str, Feed]], wish: datetime | None = None
    ) -> None:
        """Read for these from now on: `Workers.use` was given their names. Some feeds may be for some watches only.

        `wish` is when the last wish was asked for that was there before the files of these watches were read: a later
        one is for watches that are still to come.
        """
        self._watches, self._feeds, self._by, self._wish = watches, feeds, _by(watches), wish

    async def turn(self) -> Course | None:
        """Read again until nothing is left of what was asked for, and how that ended. New watches are taken up at once;
        a new wish ends the turn, until the reload that belongs to it."""
        while (now := await self._store.query(course)) is not None and now.ended is None and now.asked == self._wish:
            watches, feeds = self._watches, self._feeds()
            if now.by != self._by:
                now = replace(now, by=self._by, until=self._clock(), after=None, read=0, failed=0)
            batch = await self._store.query(partial(_batch, now=now, watches=watches, feeds=feeds, size=self._size))
            if not batch.rows:
                await self._end(now)
            for moment, row in batch.rows:
                reading = await self._workers.read(row.article)
                if self._watches is not watches:
                    break
                done = await self._store.run(partial(self._take, now, moment, row, reading, watches, batch))
                if not done:
                    break
                if isinstance(reading, WorkerFailure):
                    self._log.warning("not read again", url=row.article.url, detail=reading.detail)
        return now

    async def _end(self, now: Course) -> None:
        ended = replace(now, ended=self._clock())

        def write(tx: Connection) -> None:
            stands = course(tx)
            if stands is not None and stands.asked == now.asked:
                keep(tx, ended)

        await self._store.run(write)
        self._log.info(
            "read again", since=now.since.isoformat(timespec="seconds"), articles=now.read, events_changed=now.changed,
            events_opened=now.opened, failed=now.failed,
        )  # fmt: skip

    def _take(
        self,
        begun: Course,
        moment: datetime,
        row: ArticleRow,
        reading: Reading | WorkerFailure,
        watches: Sequence[Watch],
        batch: _Batch,
        tx: Connection,
    ) -> bool:
        """One article, and the way come so far, in one transaction; False when something else was asked for since."""
        now = course(tx)
        if now is None or now.asked != begun.asked:
            return False
        now = replace(now if now.by == begun.by else begun, after=(moment, row.id))
        current = articles.current(tx, row.article.url)
        if isinstance(reading, WorkerFailure):
            now = replace(now, failed=now.failed + 1)
        elif current is not None and current.id == row.id:  # else it was edited meanwhile, and read by the new names
            only = batch.only.get(row.article.url)
            mine = [watch for watch in watches if only is None or watch.id in only]
            changed, opened = read_again(
                tx, row, reading, watches=mine, told=batch.told, now=self._clock(), memo=self._memo
            )
            now = replace(now, read=now.read + 1, changed=now.changed + changed, opened=now.opened + opened)
        keep(tx, now)
        return True
