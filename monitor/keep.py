"""How an answer of a feed is kept: its entries sorted out and stored, its next state concluded, a gap noted.

One transaction does it, be it the poller's, `parley feeds add`'s, or one of `parley feeds test` that is rolled back.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from extractors.records import Entry
from monitor.changes import changed, sort_out
from monitor.fetch import Fetched
from monitor.poll import Answer, Arrival, Polled, conclude
from monitor.records import Feed, FeedState, Watch
from monitor.store import alerts, entries, feeds, journal, meta
from monitor.store.journal import Line
from monitor.traces import trace_of

# Fewer entries than this and having none in common with the poll before is chance.
_ENOUGH = 5


class Recorder(Protocol):
    """Keeps the answers that were used, within the transaction that uses them."""

    def feed(self, answer: Fetched, *, feed_url: str, now: datetime) -> None:
        """One answer that a feed was read from."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an answer led to in the store: its outcome, and the span (aware UTC) of which the feed may lack some.

    `new` entries are to be read, those edited since an alert (`edited`) included; `baseline` ones only remembered.
    `trace` follows what it brought.
    """

    polled: Polled
    trace: str
    new: int = 0
    baseline: int = 0
    edited: int = 0
    gap: tuple[datetime, datetime] | None = None


def keep(
    tx: Connection,
    feed: Feed,
    state: FeedState,
    answer: Answer,
    *,
    began: datetime,
    max_age: timedelta,
    elsewhere: Collection[str] = frozenset(),
    recorder: Recorder | None = None,
) -> Kept:
    """Keep what a feed answered, but for its next state, which the caller saves (many at once: `feeds.save_all`).

    `state` is that before the answer; the store has a row for it (`feeds.sync`, `feeds.enrol`).
    `began` is when the first of the feed's watches began, `max_age` how old an entry may be that a first poll has read
    (`sort_out`); `elsewhere` are addresses that other feeds are asked at.
    """
    now, shown, trace = answer.at, answer.entries, trace_of(feed.url, answer.at)
    arrival, sorted_out = Arrival(), None
    edited: tuple[Entry, ...] = ()
    if shown:
        # A feed that was never read has nothing in the store that could be known.
        first = state.read_at is None and not state.known
        sorted_out = sort_out(
            shown,
            () if first else feeds.known_ids(tx, feed.url, [entry.id for entry in shown]),
            first_poll=not state.known,
            began=began,
            max_age=max_age,
            now=now,
            known_urls={} if first else entries.known_urls(tx, feed.url, [entry.url for entry in shown]),
        )
        fresh = (*sorted_out.new, *sorted_out.baseline)
        strangers = state.known and state.entries_seen >= _ENOUGH and len(shown) >= _ENOUGH
        gap = strangers and len(fresh) == len(shown)
        arrival = Arrival(len(fresh), tuple(e.published for e in fresh if e.published), gap)
        known = {entry.url for entry in shown} - {entry.url for entry in fresh}
        told = alerts.alerted(tx, known) if known else frozenset()
        edited = changed(shown, entries.moments(tx, feed.url, told)) if told else ()
    polled = conclude(feed, state, answer, arrival, elsewhere)
    if sorted_out is None:
        return Kept(polled, trace)
    if len(shown) > len(sorted_out.new) + len(sorted_out.baseline):
        entries.sighted(tx, feed.url, shown, now)
    baseline = entries.add(tx, feed.url, sorted_out.baseline, status="baseline", now=now, unknown=True, trace=trace)
    new = entries.add(tx, feed.url, sorted_out.new, status="new", now=now, unknown=True, trace=trace)
    again = entries.read_again(tx, feed.url, edited, now, trace) if edited else 0
    if recorder is not None and (new or again or arrival.new):
        for page in answer.pages:
            recorder.feed(page, feed_url=feed.url, now=now)
    if not arrival.gap:
        return Kept(polled, trace, new + again, baseline, again)
    since = state.read_at or state.succeeded_at or now
    detail = f"none of {len(shown)} entries was there at the poll before: some may have come and gone in between"
    journal.write(tx, Line(now, "gap", feed.url, since, now, detail))
    return Kept(polled, trace, new + again, baseline, again, (since, now))


def began(tx: Connection, feed: Feed, watches: Sequence[Watch], now: datetime) -> datetime:
    """When the first of the feed's watches began, as the store remembers it; `now` when none has begun yet."""
    mine = [watch for watch in watches if not feed.watches or watch.id in feed.watches]
    return min((at for watch in mine if (at := meta.watch_began(tx, watch.id))), default=now)
