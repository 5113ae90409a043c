"""PURE: what is read for one scrape of the metrics, as Prometheus' families: of the store, and of the running parts."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from urllib.parse import urlsplit

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    Metric,
)

from monitor.plain import bare
from monitor.records import SourceState

AGES = tuple(60 * n for n in (5, 15, 30)) + tuple(3600 * n for n in (1, 2, 6, 12, 24, 72, 168))
"""Seconds since a source was last read or found unchanged. Feeds are asked every five minutes to once a day."""
NAMED = 500
"""Up to so many feeds each has a series of its own: a Prometheus keeps them all for weeks."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Deliveries of one channel that are not settled, and those given up. `oldest` waits since (aware UTC)."""

    channel: str
    waiting: int
    held: int
    dead: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What a store knows at one moment. Moments are aware UTC.

    `feeds` counts the configured ones by state. `ages` is how many were last read within each of `AGES` seconds,
    `read` how many were ever, `age_sum` the seconds since, added up. `succeeded` is when each was last read, by
    address, for up to `NAMED` feeds, else empty. `events` counts by status, `troubles` those that last by kind. `cycle`
    is the last full cycle that was written down. `size` is bytes.
    """

    feeds: Mapping[str, int]
    ages: tuple[int, ...]
    read: int
    age_sum: float
    succeeded: Mapping[str, datetime | None]
    queues: tuple[Queue, ...]
    events: Mapping[str, int]
    troubles: Mapping[str, int]
    unread: int
    articles: int
    cycle: datetime | None
    size: int


@dataclass(frozen=True, slots=True)
class Loop:
    """`progress` is when it last came round (aware UTC), or began; `stuck`: longer ago than its patience."""

    name: str
    turns: int
    progress: datetime
    stuck: bool


@dataclass(frozen=True, slots=True)
class Live:
    """What the running parts show. `channels` by name: whether it works. `cycle`: since when all loops came round.

    `failures` of the workers by kind. `wrote` is when the store last took a write; `stalled`: it takes none. `free` is
    bytes of the disk of the store, None if it cannot be asked.
    """

    ready: bool
    loops: tuple[Loop, ...]
    channels: Mapping[str, bool]
    failures: Mapping[str, int]
    cycle: datetime | None
    wrote: datetime | None
    stalled: bool
    free: int | None


def live_families(live: Live) -> Iterator[Metric]:
    """The families of the running parts."""
    yield _gauge("parley_ready", "Whether /readyz answers 200: 1 or 0.", int(live.ready))
    turns = CounterMetricFamily("parley_loop_turns", "How often a loop has come round.", labels=["loop"])
    progress = _labelled("parley_loop_last_progress_timestamp_seconds", "When a loop last came round.", "loop")
    stuck = _labelled("parley_loop_stuck", "Whether a loop has not come round within its patience: 1 or 0.", "loop")
    for loop in live.loops:
        turns.add_metric([loop.name], loop.turns)
        progress.add_metric([loop.name], loop.progress.timestamp())
        stuck.add_metric([loop.name], int(loop.stuck))
    yield from (turns, progress, stuck)
    up = _labelled("parley_channel_up", "Whether a channel works, as far as this run has seen: 1 or 0.", "channel")
    for name, works in sorted(live.channels.items()):
        up.add_metric([name], int(works))
    yield up
    failed = CounterMetricFamily("parley_worker_failures", "Jobs of the pool that came to nothing.", labels=["kind"])
    for kind in ("timeout", "crash", "memory", "error"):
        failed.add_metric([kind], live.failures.get(kind, 0))
    yield failed
    yield _gauge("parley_store_stalled", "Whether the store takes no writes: 1 or 0.", int(live.stalled))
    if live.wrote is not None:
        name, text = "parley_store_last_write_timestamp_seconds", "When the store last took the service's sign of life."
        yield _gauge(name, text, live.wrote.timestamp())
    if live.free is not None:
        yield _gauge("parley_disk_free_bytes", "What is free on the disk of the store.", live.free)


def store_families(figures: Figures | None, channels: Iterable[str], now: datetime) -> Iterator[Metric]:
    """The families of the store; without figures only that it could not be read. `channels` are those configured."""
    yield _gauge(
        "parley_store_up", "Whether the store could be read for this scrape: 1 or 0.", int(figures is not None)
    )
    if figures is None:
        return
    by_state = _labelled("parley_feeds", "Configured feeds by state (README, states of a source).", "state")
    for state in get_args(SourceState):
        by_state.add_metric([state], figures.feeds.get(state, 0))
    yield by_state
    buckets = [(str(float(edge)), number) for edge, number in zip(AGES, figures.ages, strict=True)]
    yield GaugeHistogramMetricFamily(
        "parley_feed_age_seconds",
        "How long ago sources were last read or found unchanged, at this moment; never read ones are left out.",
        buckets=[*buckets, ("+Inf", figures.read)],
        gsum_value=figures.age_sum,
    )
    never = sum(figures.feeds.values()) - figures.read
    yield _gauge("parley_feeds_never_read", "Configured feeds that never were read.", never)
    each = _labelled(
        "parley_feed_last_success_timestamp_seconds", "When a feed was last read or found unchanged; 0: never.", "feed"
    )
    for label, at in zip(labels(figures.succeeded), figures.succeeded.values(), strict=True):
        each.add_metric([label], at.timestamp() if at else 0)
    yield each
    empty = {name: Queue(name, 0, 0, 0, None) for name in channels}
    queues = {**empty, **{queue.channel: queue for queue in figures.queues}}
    yield from _queues([queues[name] for name in sorted(queues)], now)
    events = _labelled("parley_known_events", "Events in the store by status.", "status")
    for status, number in sorted(figures.events.items()):
        events.add_metric([status], number)
    yield events
    troubles = _labelled("parley_troubles", "Troubles of the service that last, by kind.", "kind")
    for kind, number in sorted(figures.troubles.items()):
        troubles.add_metric([kind], number)
    yield troubles
    yield _gauge("parley_entries_waiting", "Entries of feeds that are to be read.", figures.unread)
    yield _gauge("parley_stored_articles", "Versions of articles in the store.", figures.articles)
    yield _gauge("parley_store_size_bytes", "What the database needs on its disk.", figures.size)


def cycle_family(live: Live, figures: Figures | None) -> Iterator[Metric]:
    """The last full cycle: this run's, or before its first one that of the run before."""
    cycle = live.cycle or (figures.cycle if figures else None)
    if cycle is not None:
        text = "The moment after which polling, reading and sending have each come round again."
        yield _gauge("parley_cycle_last_success_timestamp_seconds", text, cycle.timestamp())


def labels(urls: Iterable[str]) -> Iterator[str]:
    """Feeds as labels: without user info and query, where secrets stand; two that are alike then differ by a digest."""
    given: set[str] = set()
    for url in urls:
        parts = urlsplit(url)
        label = bare(parts._replace(query="", fragment="").geturl())
        if label != url:
            # Of so few bits that no secret can be told from them.
            label += f"#{hashlib.blake2b(url.encode(), digest_size=2).hexdigest()}"
        while label in given:
            label += "+"
        given.add(label)
        yield label


def _queues(queues: Iterable[Queue], now: datetime) -> Iterator[Metric]:
    waiting = _labelled("parley_deliveries_waiting", "Deliveries that are to be sent.", "channel")
    held = _labelled("parley_deliveries_held", "Deliveries held: quiet hours, caps, digests, escalations.", "channel")
    oldest = _labelled("parley_delivery_oldest_pending_seconds", "How long the oldest delivery waits.", "channel")
    dead = _labelled("parley_dead_letters", "Deliveries that were given up, ever.", "channel")
    for queue in queues:
        waiting.add_metric([queue.channel], queue.waiting)
        held.add_metric([queue.channel], queue.held)
        age = (now - queue.oldest).total_seconds() if queue.oldest else 0
        oldest.add_metric([queue.channel], max(age, 0))
        dead.add_metric([queue.channel], queue.dead)
    yield from (waiting, held, oldest, dead)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _labelled(name: str, text: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=[label])
