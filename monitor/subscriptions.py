"""What is polled, changed: a feed added by one request, which makes its first state; lists in and out; one removed.

When a feed is added, the store and config/feeds.yaml change together or not at all. The row is made first and sleeps;
then the answer is kept and the file put in force within one transaction. A service that reads the file in between finds
the row; a crash leaves a row asleep at worst, or a feed that is polled once more.
"""

import contextlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

from extractors.article import plain
from extractors.decode import decode
from extractors.feed import ParsedFeed
from monitor import feeds as feeds_file
from monitor import opml
from monitor.checks import Checked
from monitor.faults import Faults, Language
from monitor.feededit import Edit, adding, removing
from monitor.feedlist import remembered
from monitor.fetch import Fetched, FetchFailure, NotModified
from monitor.keep import Kept, began, keep
from monitor.plain import printable
from monitor.poll import Answer
from monitor.records import Feed, FeedState, MonitorError
from monitor.settings import in_force
from monitor.store import Store, StoreError, open_store
from monitor.store import feeds as stored
from monitor.workers import WorkerFailure

_EXCERPT_BYTES = 4_000
_EXCERPT = 200
_NAME = 80

Ask = Callable[[Feed, FeedState], Answer]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A feed as the operator asks for it; what is None comes from the feed itself, its host or families.yaml."""

    url: str
    outlet: str | None = None
    family: str | None = None
    language: str | None = None
    zone: str = "UTC"
    interval: timedelta | None = None
    watches: tuple[str, ...] = ()
    sitemap: str | None = None
    pages: bool = True


@dataclass(frozen=True, slots=True)
class Added:
    """A feed that is configured now; `kept` what its first body led to, None where none was asked for. `notes` are
    sentences for the operator."""

    feed: Feed
    kept: Kept | None = None
    notes: tuple[str, ...] = ()


def add(home: Checked, wanted: Wanted, ask: Ask, now: datetime) -> Added:
    """Ask the address once and add it. `ask` makes the request.

    Raises MonitorError, with what to do, when it is there already, is no feed, or cannot be written; then nothing is
    changed. A web page's error names the feeds that the page names.
    """
    known = remembered(home.settings.store_url.get_secret_value()).states
    taken = _taken(home.feeds, known)
    past, notes = known.get(wanted.url), list[str]()
    if past is not None and past.habits.address:
        # The old address is never asked again (reference: polling 27).
        notes.append(f"{wanted.url} moved for good, as is known from before: the new address is meant")
        wanted = replace(wanted, url=past.habits.address)
        past = known.get(wanted.url)
    if wanted.url in taken:
        raise MonitorError(f"{wanted.url} is there already{_as(wanted.url, taken)}; nothing was changed")
    families = _families(home.settings.home)
    draft = _feed(wanted, None, families)
    # What is wrong with the options is told before a server is asked.
    edit = _edit(home.settings.home, draft, wanted)
    if past is not None and past.known and not past.failures and past.floor_at and now < past.floor_at:
        edit.apply()
        when = past.floor_at.strftime("%Y-%m-%d %H:%MZ")
        notes.append(f"it was here before and may not be asked before {when}: its state is as it was")
        return Added(draft, None, tuple(notes))
    answer = ask(in_force(draft, home.settings.polling), _anew(past, wanted.url, now))
    parsed = _read(answer, wanted.url)
    feed = _feed(wanted, parsed, families)
    got = answer.got
    assert isinstance(got, Fetched)
    if got.moved:
        if got.moved in taken:
            raise MonitorError(
                f"{wanted.url} moved for good to {got.moved}, which is there already{_as(got.moved, taken)}; "
                "nothing was changed"
            )
        feed = _feed(replace(wanted, url=got.moved), parsed, families)
        answer = replace(answer, got=replace(got, url=got.moved, moved=None))
        notes.append(f"{wanted.url} moved for good: the new address was added")
    if parsed.truncated:
        notes.append(f"the feed breaks off after {len(parsed.entries)} entries; it is asked again a little later")
    edit = _edit(home.settings.home, feed, wanted)
    store = open_store(home.settings.store_url.get_secret_value())
    try:
        return Added(feed, _together(store, home, feed, answer, edit), tuple(notes))
    finally:
        store.close()


def offline(home: Path, wanted: Wanted) -> Feed:
    """Add the address to the file of a home without asking it. Raises MonitorError as `add`."""
    feed = _feed(wanted, None, _families(home))
    _edit(home, feed, wanted).apply()
    return feed


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a list of feeds: those that are new, and how many were there already or came more than once."""

    added: tuple[Feed, ...]
    there: int
    again: int
    faulty: tuple[str, ...]


def import_all(home: Path, body: bytes, known: Mapping[str, FeedState], *, dry_run: bool = False) -> Imported:
    """Add the feeds of an OPML file with one edit, asking none: the poller takes them up and spreads them.

    `known` are the remembered states, by which moved addresses are recognised. Raises MonitorError when nothing can be
    read or written.
    """
    families = _families(home)
    watches = _watches(home)
    read = opml.parse(body, families, watches)
    there = feeds_file.load(home / feeds_file.FEEDS, home / feeds_file.FAMILIES)
    taken = {} if isinstance(there, Faults) else _taken(there, known)
    new = tuple(feed for feed in read.feeds if feed.url not in taken)
    edit = adding(home / feeds_file.FEEDS, home / feeds_file.FAMILIES, new, explicit=read.explicit, watches=watches)
    if new and not dry_run:
        edit.apply()
    return Imported(new, len(read.feeds) - len(new), read.again, read.faulty)


def export_all(home: Path) -> str:
    """The configured feeds as OPML. Raises MonitorError with the faults of the files."""
    loaded = feeds_file.load(home / feeds_file.FEEDS, home / feeds_file.FAMILIES)
    if isinstance(loaded, Faults):
        raise MonitorError(f"nothing was exported:\n{loaded}")
    return opml.written(loaded, _families(home))


def remove(home: Path, url: str, known: Mapping[str, FeedState]) -> str:
    """Take a feed out, by its address or by that to which it moved for good. The address that the file had.

    What it brought stays in the store. Raises MonitorError as `add`.
    """
    there = feeds_file.load(home / feeds_file.FEEDS, home / feeds_file.FAMILIES)
    taken = {} if isinstance(there, Faults) else _taken(there, known)
    configured = taken.get(url, url)
    removing(home / feeds_file.FEEDS, home / feeds_file.FAMILIES, configured).apply()
    return configured


def _together(store: Store, home: Checked, feed: Feed, answer: Answer, edit: Edit) -> Kept:
    """The answer kept and the edit in force, or neither."""
    now = answer.at
    with store.write() as tx:
        before = stored.get(tx, feed.url)
        state = stored.enrol(tx, feed.url, now)
    try:
        with store.write() as tx:
            kept = keep(
                tx,
                in_force(feed, home.settings.polling),
                state,
                answer,
                began=began(tx, feed, home.watches, now),
                max_age=max(watch.rings.max_age for watch in home.watches),
            )
            stored.save(tx, kept.polled.state)
            edit.apply()
    except BaseException:
        edit.undo()
        if before is None:
            with contextlib.suppress(StoreError), store.write() as tx:
                stored.drop(tx, feed.url)
        raise
    return kept


def _read(answer: Answer, url: str) -> ParsedFeed:
    """The feed of an answer; MonitorError for anything else, in the server's own words (reference: polling 23, 24)."""
    got, parsed = answer.got, answer.parsed
    if isinstance(got, FetchFailure):
        kind = "" if got.kind == "status" else f"{got.kind}: "
        raise MonitorError(f"{url} was not added: {kind}{printable(got.detail)}")
    if isinstance(got, NotModified) or parsed is None:
        raise MonitorError(f"{url} was not added: it answered 304 to a request without validators")
    if isinstance(parsed, WorkerFailure):
        raise MonitorError(f"{url} was not added: it could not be read: {parsed.kind}: {parsed.detail}")
    if parsed.problem is None:
        return parsed
    if parsed.alternates:
        # The page's own words on lines of their own: a command that is copied has none of them in it.
        offers = "".join(
            f"\n  {printable(each.title) or each.kind}\n    parley feeds add {shlex.quote(each.url)}"
            for each in parsed.alternates
        )
        raise MonitorError(f"{url} is a web page and was not added; it names these feeds:{offers}")
    kind = got.content_type or "no content type"
    said = excerpt(got)
    advice = "; look there for the address of its feed" if parsed.problem == "html page" else ""
    raise MonitorError(
        f"{url} was not added: {parsed.problem} ({kind}, {len(got.body)} bytes)"
        + (f", which says: {said}" if said else "")
        + advice
    )


def excerpt(got: Fetched) -> str:
    """The beginning of what a server answered, in one line without markup or control characters."""
    text = printable(plain(decode(got.body[:_EXCERPT_BYTES], got.charset)))
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"


def _feed(wanted: Wanted, parsed: ParsedFeed | None, families: Mapping[str, str]) -> Feed:
    title = printable(parsed.title or "")[:_NAME].strip() if parsed else ""
    spoken = parsed.language if parsed and parsed.language in get_args(Language) else None
    outlet = wanted.outlet or title or feeds_file.plain_host(wanted.url) or wanted.url
    return Feed(
        url=wanted.url,
        outlet=outlet,
        family=wanted.family or feeds_file.own_family(outlet, wanted.url, families),
        language=wanted.language or spoken,
        zone=wanted.zone,
        interval=wanted.interval,
        watches=wanted.watches,
        sitemap=wanted.sitemap,
        pages=wanted.pages,
    )


def _edit(home: Path, feed: Feed, wanted: Wanted) -> Edit:
    explicit = frozenset({feed.url}) if wanted.family else frozenset[str]()
    files = home / feeds_file.FEEDS, home / feeds_file.FAMILIES
    return adding(*files, [feed], explicit=explicit, watches=_watches(home))


def _watches(home: Path) -> list[str]:
    return sorted(file.stem for file in (home / "seeds" / "watches").glob("*.yaml"))


def _families(home: Path) -> Mapping[str, str]:
    families = feeds_file.load_families(home / feeds_file.FAMILIES)
    return {} if isinstance(families, Faults) else families


def _taken(feeds: Sequence[Feed], known: Mapping[str, FeedState]) -> dict[str, str]:
    """Every address that a configured feed is asked at → the address that it is configured under."""
    taken = {feed.url: feed.url for feed in feeds}
    for feed in feeds:
        state = known.get(feed.url)
        if state is not None and state.habits.address:
            taken.setdefault(state.habits.address, feed.url)
    return taken


def _as(url: str, taken: Mapping[str, str]) -> str:
    return f" as {taken[url]}, which moved there" if taken[url] != url else ""


def _anew(past: FeedState | None, url: str, now: datetime) -> FeedState:
    """The state to ask by: a feed that is added answers in full, whatever is remembered of it."""
    if past is None:
        return FeedState(url, now)
    habits = replace(past.habits, digest=None, address=None, validated=None)
    return replace(past, etag=None, last_modified=None, habits=habits)
