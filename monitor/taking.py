"""What one transaction makes of a page: its article is taken in, set aside or withdrawn, and what follows from that.

It goes by one record of watches, mailing, feeds and archive (`By`) from its beginning to its end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from alerts.rules import Mailing
from extractors.records import Article, Entry
from monitor.fetch import Fetched
from monitor.intake import Taken, is_akin, take_in, text_digest, withdraw
from monitor.pages import GONE, Ready, SetAside
from monitor.records import Feed, MonitorError, Watch
from monitor.store import aliases, articles, entries, events, feeds, looks, meta
from monitor.store.articles import ReadFrom
from monitor.store.entries import PendingEntry
from monitor.store.events import Memo
from monitor.store.threads import StoreThread

# How long an event is hot behind its last day, and if its day is not known; and the longest that a plan heats a feed.
HOT_AFTER, HOT_UNDATED, HOT_LONGEST = timedelta(days=2), timedelta(days=3), timedelta(days=14)
LIVE = frozenset({"planned", "agreed", "underway"})


class Recorder(Protocol):
    """Keeps what is taken in, within the transaction that takes it in."""

    @property
    def last(self) -> str:
        """The name of what was written last."""

    def article(
        self,
        article: Article,
        *,
        fetched: Fetched | None,
        entry: Entry,
        feed_url: str,
        watches: Sequence[str],
        family: str,
        source: ReadFrom,
        now: datetime,
    ) -> None:
        """One article, with the answer that it was read from."""

    def withdrawn(self, url: str, because: str, *, watches: Sequence[str], family: str, now: datetime) -> None:
        """One article that was withdrawn."""


@dataclass(frozen=True, slots=True)
class By:
    """What articles are taken in by. A transaction takes this once: never half of it from before a change (`use`).

    `names` is the digest of the names of `watches`: what was read by others is read again first.
    """

    watches: Sequence[Watch]
    mailing: Mailing
    feeds: Callable[[], Mapping[str, Feed]]
    recorder: Recorder | None
    names: str

    def of_feed(self, url: str) -> list[Watch]:
        """The watches that a feed is read for."""
        feed = self.feeds().get(url)
        wanted = feed.watches if feed else ()
        return [watch for watch in self.watches if not wanted or watch.id in wanted]


OUTDATED = Taken(known=True)
"""Instead of what a reading led to: it was made by other names than those in use, and nothing was written."""


class Taking:
    """Takes pages in within transactions of `store`; `memo` spares events being read again for each."""

    def __init__(self, store: StoreThread, memo: Memo, log: FilteringBoundLogger) -> None:
        self._store, self._memo, self._log = store, memo, log

    def settle(self, tx: Connection, by: By, item: PendingEntry, ready: Ready, now: datetime) -> Taken:
        """Take an article in and settle its entry; `OUTDATED` when it was read by other names."""
        if ready.names != by.names:
            return OUTDATED
        taken, reading = self.take(tx, by, item, ready, now), ready.reading
        outcome = "known" if taken.known else f"unread: {reading.unread}" if reading.unread else "read"
        told = f"the same text as {taken.same}" if taken.same else ""
        told = told or f"{len(reading.claims)} claims, {len(taken.alerts)} alerts"
        why = f"; the feed's own words were read: {ready.because}" if ready.source == "summary" else ""
        entries.settle(tx, item.pk, outcome, told + why, now)
        return taken

    def take(self, tx: Connection, by: By, item: PendingEntry, ready: Ready, now: datetime) -> Taken:
        """Take an article in under the address that it is kept at, and note what follows from it."""
        entry, feed = item.entry, by.feeds().get(item.feed_url)
        article = replace(ready.article, url=_kept_at(tx, item.address, ready.article))
        digest = text_digest(article)
        if aliases.lags(tx, item.address, digest):
            return Taken(known=True)
        family = feed.family if feed else article.outlet
        watches = by.of_feed(item.feed_url)
        row = articles.current(tx, article.url)
        if ready.source == "summary" and row is not None and row.read_from == "page":
            # Another feed's entry, or this one's earlier turn, had the page itself.
            return Taken(known=True)
        taken = take_in(
            tx,
            article,
            ready.reading,
            watches=watches,
            family=family,
            mailing=by.mailing,
            now=now,
            memo=self._memo,
            read_from=ready.source,
            trace=item.trace,
        )
        if taken.same:
            aliases.joined(tx, item.address, taken.same, digest, now)
        else:
            aliases.told(tx, item.address, article.url, digest, now)
        if not taken.known:
            self._record(
                tx,
                by.recorder,
                lambda into: into.article(
                    article,
                    fetched=ready.fetched,
                    entry=entry,
                    feed_url=item.feed_url,
                    watches=[watch.id for watch in watches],
                    family=family,
                    source=ready.source,
                    now=now,
                ),
            )
        if taken.alerts and entry.url and (feed is None or feed.pages):
            page = ready.fetched
            etag, last_modified = (page.etag, page.last_modified) if page else (None, None)
            looks.begin(tx, item.pk, now, etag=etag, last_modified=last_modified)
        if until := self._hot_until(tx, taken, now):
            feeds.hurry(tx, item.feed_url, until, now)
        return taken

    def _hot_until(self, tx: Connection, taken: Taken, now: datetime) -> datetime | None:
        """How long a feed that tells of a planned or live event is asked at its floor."""
        told = dict.fromkeys(judged.trace.event_id for judged in taken.judged if judged.trace.event_id)
        untils = []
        for event in (events.get(tx, event_id) for event_id in told):
            if event is not None and event.status in LIVE:
                day = event.date.end if event.date else None
                end = datetime(day.year, day.month, day.day, tzinfo=UTC) + HOT_AFTER if day else now + HOT_UNDATED
                untils.append(min(end, now + HOT_LONGEST))
        return max((until for until in untils if until > now), default=None)

    def set_aside(self, tx: Connection, by: By, item: PendingEntry, why: SetAside, now: datetime) -> Taken:
        """Settle an entry that gives nothing; what is gone for good is withdrawn."""
        entries.settle(tx, item.pk, why.outcome, why.detail, now)
        return self.withdraw(tx, by, item, why, now) if why.outcome in GONE else Taken(known=True)

    def withdraw(self, tx: Connection, by: By, item: PendingEntry, why: SetAside, now: datetime) -> Taken:
        """Take back what the page told, unless it stands elsewhere."""
        kept = articles.address(tx, item.address)
        row = articles.current(tx, kept)
        if why.outcome == "no text" and row is not None and row.read_from == "summary":
            # Its page never had a text that could be read.
            return Taken(known=True)
        aliases.told(tx, item.address, kept, aliases.GONE, now)
        # What is gone from one of its addresses may stand at another: that has the last word.
        if entries.ask_again(tx, aliases.elsewhere(tx, item.address), now, item.trace):
            return Taken(known=True)
        withdrawn = withdraw(
            tx,
            kept,
            watches=by.watches,  # the page is gone for all that heard of it, by whichever feed
            mailing=by.mailing,
            now=now,
            because=why.outcome,
            memo=self._memo,
            trace=item.trace,
        )
        if not withdrawn.known:
            feed = by.feeds().get(item.feed_url)
            family = feed.family if feed else urlsplit(kept).netloc
            told = [watch.id for watch in by.watches]
            self._record(
                tx,
                by.recorder,
                lambda into: into.withdrawn(kept, why.outcome, watches=told, family=family, now=now),
            )
        return withdrawn

    def _record(self, tx: Connection, recorder: Recorder | None, write: Callable[[Recorder], None]) -> None:
        """Keep it in the archive, if there is one. An archive that cannot be written must cost no alert."""
        if recorder is None:
            return
        try:
            write(recorder)
            # What a kill leaves in the archive beyond this was never taken in.
            meta.put(tx, meta.ARCHIVED, recorder.last)
        except MonitorError as error:
            # Once: while the store takes nothing either, the same article is tried again and again.
            if self._store.stalled is None:
                self._log.error("not archived", error=str(error))


def _kept_at(tx: Connection, asked: str, article: Article) -> str:
    """The address under which the article found at `asked` is kept, or is to be."""
    kept = articles.address(tx, asked)
    # What was kept under the feed's address before its page named another one stays there.
    if kept != asked or article.url == asked or articles.current(tx, asked) is not None:
        return kept
    named = articles.address(tx, article.url)
    row = articles.current(tx, named)
    # Two languages of one article may both call the first one's address theirs: as versions of one article they would
    # take each other's news back.
    return named if row is None or is_akin(row, article) else asked
