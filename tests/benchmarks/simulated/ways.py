"""Ways of polling a world: Parley's own Poller and store in virtual time, and loops that ask every so often."""

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from extractors.feed import ParsedFeed, parse_feed
from extractors.records import Entry
from monitor.fetch import Fetched, FetchFailure
from monitor.poller import Poller, PollLimits
from monitor.records import Feed, FeedState
from monitor.store import feeds as stored
from monitor.store import open_store, tables
from monitor.store.threads import StoreThread
from simulated.wire import Log, Wire
from simulated.world import START, Item, Site

QUIET = structlog.make_filtering_bound_logger(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a way of polling came to: when it saw each item, by guid; the sites' logs; CPU seconds of all of it."""

    items: Mapping[str, datetime]
    logs: Mapping[str, Log]
    early: Counter[str]
    cpu: float
    states: Mapping[str, FeedState]


class Here:
    """Feeds parsed in this process. Each item once: a feed differs from the poll before by its newest items alone.

    A test holds this against the whole body parsed at once.
    """

    def __init__(self) -> None:
        self._heads: dict[bytes, ParsedFeed] = {}
        self._items: dict[bytes, Entry] = {}

    async def parse_feed(
        self, body: bytes, url: str, content_type: str | None, zone: str, now: datetime | None = None
    ) -> ParsedFeed:
        xml, head, *items, tail = body.split(b"\n")
        unknown = [item for item in items if item not in self._items]
        if unknown or head not in self._heads:
            fresh = parse_feed(b"\n".join([xml, head, *unknown, tail]), url, content_type, zone, now)
            self._heads[head] = fresh
            self._items.update(zip(unknown, fresh.entries, strict=True))
        return replace(self._heads[head], entries=tuple(self._items[item] for item in items))


class Clock:
    """The time, which moves only when it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


async def parley(
    sites: Sequence[Site],
    until: datetime,
    intervals: Mapping[str, timedelta],
    workers: Here,
    look: timedelta = timedelta(minutes=1),
) -> Seen:
    """Parley's Poller over a store in memory, woken whenever the store says that a feed is due.

    The service looks for such feeds every second; with `look` in between, fewer looks find more.
    """
    began = time.process_time()
    clock = Clock()
    wire = Wire(sites, clock, intervals)
    feeds = {site.url: Feed(site.url, site.url, site.url, interval=intervals.get(site.url)) for site in sites}
    store = open_store("sqlite://")
    thread = StoreThread(store)
    poller = Poller(
        fetcher=wire,
        workers=workers,
        store=thread,
        configured=lambda: feeds,
        began=lambda _feed: START,
        max_age=timedelta(days=3),
        news=lambda: None,
        clock=clock,
        log=structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=QUIET),
        limits=PollLimits(),
    )
    await thread.run(lambda tx: stored.sync(tx, tuple(feeds.values()), clock.now))
    while (due := await thread.query(stored.next_due)) is not None and due <= until:
        before = sum(poller.counts.values())
        clock.now = max(clock.now + look, due)
        await poller.drain()
        assert sum(poller.counts.values()) > before, f"{due}: due, and not asked"
    await poller.close()
    by_key = {stored.key(item.guid): item for site in sites for item in site.items}
    rows = await thread.query(lambda tx: tx.execute(sa.select(tables.entry.c.key, tables.entry.c.added)).all())
    states = {state.url: state for state in await thread.query(lambda tx: stored.all_states(tx, inactive=True))}
    thread.close()
    store.close()
    items = {by_key[bytes(key)].guid: added for key, added in rows}
    return Seen(items, wire.logs, wire.early(), time.process_time() - began, states)


def every(sites: Sequence[Site], until: datetime, interval: timedelta) -> Seen:
    """A loop that asks every feed so often, with the validators of its last answer and no other manners."""
    began = time.process_time()
    clock = Clock()
    wire = Wire(sites, clock, {})
    seen: dict[str, datetime] = {}
    for n, site in enumerate(sites):
        # Not all at once: nobody's loop can do that.
        clock.now = START + interval * (n / len(sites))
        etag = last_modified = None
        while clock.now <= until:
            answer = wire.ask(site.url, etag, last_modified)
            if isinstance(answer, Fetched):
                for item in site.shown(clock.now):
                    seen.setdefault(item.guid, clock.now)
            if not isinstance(answer, FetchFailure):
                etag, last_modified = answer.etag or etag, answer.last_modified or last_modified
            clock.now += interval
    return Seen(seen, wire.logs, wire.early(), time.process_time() - began, {})


def owed(sites: Sequence[Site], until: datetime) -> list[Item]:
    """What appeared from the start on and until then."""
    return [item for site in sites for item in site.items if START < item.appears <= until]


def delays(items: Sequence[Item], seen: Seen) -> list[float]:
    """Minutes from publication to sight, sorted, of the items that were seen."""
    return sorted(
        (seen.items[item.guid] - item.appears).total_seconds() / 60 for item in items if item.guid in seen.items
    )
