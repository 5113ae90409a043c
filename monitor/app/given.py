"""What a configuration decides of a service: built off to the side, so that all that can fail fails before it is used.

A reload builds the next one while the service works by the last (`monitor.app.reloading`). What was not changed is
taken over as it is: a channel with all that is known of it, a fetcher, the archive's open file.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from alerts.records import Alert, Channel
from monitor import feeds
from monitor.app.beginning import beginning
from monitor.app.clock import Clocks
from monitor.app.feedbook import FeedBook, Stamp
from monitor.app.heart import Heart
from monitor.app.web import fetcher_of, user_agent
from monitor.archive.recording import ArchiveError, Recorder
from monitor.faults import Faults
from monitor.fetch import Fetched, Fetcher
from monitor.mailing import release
from monitor.poller import PollLimits
from monitor.read import ReadLimits
from monitor.records import Feed, MonitorError, Watch
from monitor.robots import Robots
from monitor.settings import Settings
from monitor.store import feeds as stored_feeds
from monitor.store import meta
from monitor.store.threads import StoreThread
from monitor.traces import trace_of
from monitor.workers import Patience, Workers


@dataclass(frozen=True, slots=True)
class Lasting:
    """What every configuration of one service shares."""

    store: StoreThread
    workers: Workers
    log: FilteringBoundLogger
    clocks: Clocks


@dataclass(frozen=True, slots=True)
class Given:
    """One configuration in force. `watches` know when they began; `files` are digests of the authorities it names.

    `wish`: when the last reading again was asked for that was there before the files were read.
    """

    settings: Settings
    watches: tuple[Watch, ...]
    book: FeedBook
    fetcher: Fetcher
    channels: Mapping[str, Channel]
    heart: Heart
    recorder: Recorder | None
    files: Mapping[Path, str]
    wish: datetime | None = None

    def notified(self) -> tuple[str, ...]:
        """Who hears of trouble."""
        own = self.settings
        return tuple(own.mailing.recipients) if own.notices.to is None else own.notices.to

    def kinds(self) -> dict[str, str]:
        """The kinds of the channels, by name."""
        return {name: each.kind for name, each in self.settings.channels.items()}

    def releasing(self, log: FilteringBoundLogger) -> Callable[[Connection, datetime], int]:
        """What looks at held deliveries."""
        mailing, told = self.settings.mailing, partial(_digest_told, log)
        return lambda tx, now: release(tx, mailing, now, told)

    def reading(self, robots: Robots) -> dict[str, Any]:
        """What `Reader.use` is given."""
        own = self.settings
        return {
            "fetcher": self.fetcher,
            "robots": robots if own.polling.robots else None,
            "watches": self.watches,
            "mailing": own.mailing,
            "feeds": self.book.now,
            "recorder": self.recorder,
            "limits": ReadLimits(own.polling.page_bytes, own.polling.page_deadline, own.polling.pages_abreast),
        }

    def polling(self, lasting: Lasting) -> dict[str, Any]:
        """What `Poller.use` is given."""
        own, now = self.settings.polling, lasting.clocks.now
        return {
            "fetcher": self.fetcher,
            "configured": self.book.now,
            "began": partial(_began, {watch.id: watch.rings.began or now() for watch in self.watches}, now),
            "max_age": max(watch.rings.max_age for watch in self.watches),
            "limits": PollLimits(abreast=own.feeds_abreast, feed_bytes=own.feed_bytes, feed_deadline=own.feed_deadline),
            "recorder": _Careful(self.recorder, lasting.store, lasting.log) if self.recorder else None,
        }


def processes(settings: Settings) -> dict[str, Any]:
    """What `Workers` are made by."""
    own = settings.workers
    patience = Patience(own.feed_timeout, own.page_timeout, own.claims_timeout)
    return {"count": own.count, "memory": own.memory, "patience": patience}


async def prepare(
    settings: Settings,
    watches: Sequence[Watch],
    first: Sequence[Feed],
    lasting: Lasting,
    before: Given | None = None,
    stamp: Stamp | None = None,
    wish: datetime | None = None,
) -> Given:
    """Build what a configuration decides; nothing of `before` is touched. `stamp`: when its feeds were read; `wish` as
    in `Given`.

    The store is told last, in one transaction: watches begin, rows of feeds are made. Raises MonitorError.
    """
    families = feeds.load_families(settings.home / feeds.FAMILIES)
    if isinstance(families, Faults):
        raise MonitorError(str(families))
    files = {path: await asyncio.to_thread(_digest, path) for path in _named(settings)}
    begins = await beginning(watches, lasting.store, lasting.workers, lasting.log)
    async with AsyncExitStack() as made:
        channels: dict[str, Channel] = {}
        for name, each in settings.channels.items():
            same = before is not None and each == before.settings.channels.get(name)
            if before is not None and same and _unchanged(getattr(each, "ca_file", None), files, before):
                channels[name] = before.channels[name]
                continue
            channels[name] = await asyncio.to_thread(each.channel, name, lasting.clocks.now)
            made.push_async_callback(channels[name].close)
        heart = before.heart if before is not None and _beats_as(settings, before.settings) else None
        if heart is None:
            heart = await asyncio.to_thread(_heart, settings, lasting)
            made.push_async_callback(heart.close)
        fetcher = before.fetcher if before is not None and _fetches_as(settings, files, before) else None
        if fetcher is None:
            fetcher = await asyncio.to_thread(fetcher_of, settings, before.fetcher if before else None)
        book = FeedBook(settings, first, lasting.log, stamp)
        recorder = before.recorder if before is not None else None
        if not settings.keep.archive:
            recorder = None
        elif recorder is None:
            committed = await lasting.store.query(lambda tx: meta.get(tx, meta.ARCHIVED))
            recorder = Recorder(settings.archive, program=f"Parley {version('parley')}", committed=committed)
        now, configured, fresh = lasting.clocks.now(), tuple(book.now().values()), begins.stories

        def tell(tx: Connection) -> tuple[Watch, ...]:
            begun = begins.begin(tx, families, now)
            stored_feeds.sync(tx, configured, now)
            if recorder is not None:
                _mark(recorder, begun, lasting.log)
            return begun

        begun = await lasting.store.run(tell)
        made.pop_all()
    for watch, stories in fresh.items():
        lasting.log.info("watch begins", watch=watch, baseline=len(stories))
    return Given(settings, begun, book, fetcher, channels, heart, recorder, files, wish)


def _began(began: Mapping[str, datetime], now: Callable[[], datetime], feed: Feed) -> datetime:
    """When the first of the feed's watches began."""
    return min((at for watch, at in began.items() if not feed.watches or watch in feed.watches), default=now())


def _heart(settings: Settings, lasting: Lasting) -> Heart:
    return Heart(settings.heartbeat, user_agent(settings.contact), lasting.clocks.steady, lasting.log)


def _beats_as(settings: Settings, before: Settings) -> bool:
    return (settings.heartbeat, settings.contact) == (before.heartbeat, before.contact)


def _fetches_as(settings: Settings, files: Mapping[Path, str], before: Given) -> bool:
    own, old = settings, before.settings
    same = (own.contact, own.proxy, own.ca_file, own.opened) == (old.contact, old.proxy, old.ca_file, old.opened)
    return same and _unchanged(own.ca_file, files, before)


def _named(settings: Settings) -> set[Path]:
    """The files of authorities that settings name."""
    named = [settings.ca_file, *(getattr(each, "ca_file", None) for each in settings.channels.values())]
    return {path for path in named if path is not None}


def _digest(path: Path) -> str:
    """Empty for what cannot be read: whoever needs it will say so."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _unchanged(path: Path | None, files: Mapping[Path, str], before: Given) -> bool:
    return path is None or files.get(path) == before.files.get(path)


def _mark(recorder: Recorder, watches: Sequence[Watch], log: FilteringBoundLogger) -> None:
    """The archive tells first when each watch began."""
    try:
        for watch in watches:
            assert watch.rings.began is not None
            recorder.began(watch.id, watch.rings.began, [story.name for story in watch.baseline])
    except ArchiveError as error:
        # Like every record that cannot be written: an archive must cost no alert.
        log.error("not archived", error=str(error))


def _digest_told(log: FilteringBoundLogger, alert: Alert, recipient: str, members: Sequence[str]) -> None:
    log.info(
        "alert",
        trace=trace_of(alert.id, alert.decided),
        alert_id=alert.id,
        event_id=alert.event_id,
        reason=alert.reason,
        recipients=[recipient],
        of=list(members),
    )


@dataclass(frozen=True, slots=True)
class _Careful:
    """The archive as polls write to it: one that cannot be written is told in the log, and costs no news."""

    recorder: Recorder
    store: StoreThread
    log: FilteringBoundLogger

    def feed(self, answer: Fetched, *, feed_url: str, now: datetime) -> None:
        try:
            self.recorder.feed(answer, feed_url=feed_url, now=now)
        except ArchiveError as error:
            if self.store.stalled is None:
                self.log.error("not archived", error=str(error))
