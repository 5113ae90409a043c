"""What `parley feeds show` tells of one source, with its evidence: as JSON, and in words."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches

from monitor.feedlist import Listed, Remembered
from monitor.feeds import FEEDS, plain_host
from monitor.health import patience, told
from monitor.plain import printable
from monitor.reasons import Reason, why
from monitor.records import FeedState
from monitor.schedule import NEVER
from monitor.store.journal import Line

# Lines of the journal that are shown.
RECENT = timedelta(days=30)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LEFT = 12


@dataclass(frozen=True, slots=True)
class Source:
    """One feed, its place in the configuration, what is remembered of it, and its part of the journal."""

    listed: Listed
    where: str
    entries: Mapping[str, int]
    journal: Sequence[Line] = ()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return why(self.listed.feed, self.listed.state) if self.listed.state else ()


def found(rows: Sequence[Listed], url: str) -> Listed | None:
    """The feed at an address: that of the configuration, or the one to which it moved for good."""
    for row in rows:
        if url == row.feed.url:
            return row
    return next((row for row in rows if row.state is not None and row.state.habits.address == url), None)


def source(row: Listed, places: Mapping[str, int], known: Remembered) -> Source:
    """The feed with its line of the file (`feeds.places`) and its part of what is remembered."""
    line = places.get(row.feed.url)
    where = f"{FEEDS}:{line}" if line else str(FEEDS)
    url = row.state.url if row.state else row.feed.url
    mine = [line for line in known.journal if line.feed_url in (None, url)]
    return Source(row, where, known.entries.get(url, {}), mine)


def near(urls: Sequence[str], url: str) -> tuple[str, ...]:
    """Up to five configured addresses that may have been meant: those of the same host first, then what is alike."""
    host = plain_host(url)
    same = [each for each in urls if host and plain_host(each) == host]
    alike = get_close_matches(url, same, n=5, cutoff=0) + get_close_matches(url, urls, n=5, cutoff=0.85)
    return tuple(dict.fromkeys(alike))[:5]


def as_json(source: Source) -> str:
    """One object in one line: `where`, `config`, `health`, `state` with `habits`, `reasons`, `entries`, `journal`.

    Times are ISO 8601 in UTC, spans are seconds.
    """
    row = source.listed
    return json.dumps(
        {
            "url": row.feed.url,
            "where": source.where,
            "health": row.health,
            "config": _plain(row.feed),
            "state": _plain(row.state) if row.state else None,
            "silent_after": _plain(patience(row.state.habits)) if row.state else None,
            "reasons": [_plain(reason) for reason in source.reasons],
            "entries": dict(source.entries),
            "journal": [_plain(line) for line in source.journal],
        },
        ensure_ascii=False,
    )


def in_full(source: Source) -> list[str]:
    """Everything in words, a line each under the address."""
    lines = [source.listed.feed.url]
    for name, texts in (*_config(source), *_known(source)):
        for i, text in enumerate(texts):
            lines.append(f"  {'' if i else name:<{_LEFT}}{printable(text)}".rstrip())
    return lines


def _config(source: Source) -> Iterator[tuple[str, Sequence[str]]]:
    feed = source.listed.feed
    yield "configured", [source.where]
    yield "outlet", [f"{feed.outlet}, of the family {feed.family}"]
    yield "language", [feed.language or "as its pages say"]
    yield "zone", [f"{feed.zone} for dates that name none"]
    yield "watches", [", ".join(feed.watches) or "all that are enabled"]
    if not feed.pages:
        yield "pages", ["none is asked for: what the feed says is read"]


def _known(source: Source) -> Iterator[tuple[str, Sequence[str]]]:
    row, state = source.listed, source.listed.state
    if state is None or state.polled_at is None:
        yield "health", ["new: never polled; a running service does it when its turn comes"]
        return
    habits = state.habits
    since = f" since {_minute(habits.since)}" if habits.since else ""
    yield "health", [f"{row.health}{since}" + (f": {habits.evidence}" if habits.evidence else "")]
    if habits.address:
        yield "moved", [f"for good to {habits.address}, where it is asked now; put that into config/feeds.yaml"]
    took = f"; an answer takes {habits.took.total_seconds():.1f} s" if habits.took else ""
    yield "last poll", [f"{_minute(state.polled_at)}: {habits.outcome}{took}"]
    if state.last_error and state.failures:
        yield "said", [state.last_error]
    yield "last read", [f"{_minute(state.read_at)}, {state.entries_seen} entries"]
    yield "next poll", _next(source, state)
    yield "validators", _validators(state)
    asks = [f"ttl {told(habits.ttl)}"] if habits.ttl else []
    asks += [f"rests at {', '.join(f'{hour}:00' for hour in habits.skip_hours)} GMT"] if habits.skip_hours else []
    asks += [f"rests on {', '.join(_DAYS[day] for day in habits.skip_days)}"] if habits.skip_days else []
    yield "asks for", ["; ".join(asks) or "nothing"]
    if habits.hubs:
        yield "hubs", list(habits.hubs)
    yield "rhythm", _rhythm(state)
    yield "entries", [", ".join(f"{number} {outcome}" for outcome, number in sorted(source.entries.items())) or "none"]
    if row.feed.sitemap:
        missed = f"{habits.missed} of {habits.listed} articles were never in the feed, {_minute(habits.checked_at)}"
        yield "sitemap", [f"{row.feed.sitemap}: {missed if habits.checked_at else 'not compared yet'}"]
    yield "journal", [told_line(line) for line in source.journal] or [f"nothing within {told(RECENT)}"]


def told_line(line: Line) -> str:
    """One line of the journal in words."""
    span = f" of {_minute(line.since)} to {_minute(line.until)}" if line.since and line.until else ""
    return f"{_minute(line.at)} {line.kind}{span}: {line.detail}"


def told_reason(reason: Reason) -> str:
    """One bound in words; the one that binds is marked."""
    wait = told(reason.wait) if reason.wait is not None else ""
    return f"{'>' if reason.binds else '-'} {reason.rule} {wait}".rstrip() + f": {reason.means}"


def _next(source: Source, state: FeedState) -> list[str]:
    if state.next_at >= NEVER:
        when = "never"
    else:
        floor = f", not before {_minute(state.floor_at)} whatever hurries" if state.floor_at else ""
        when = f"{_minute(state.next_at)}{floor}"
    return [when, *(told_reason(reason) for reason in source.reasons)]


def _validators(state: FeedState) -> list[str]:
    habits = state.habits
    held = [f"ETag {state.etag}"] if state.etag else []
    held += [f"Last-Modified {state.last_modified}"] if state.last_modified else []
    lines = [", ".join(held) or "none: the server gives none"]
    if habits.validated:
        lines.append(f"they came from {habits.validated}, the end of a redirect")
    if habits.doubted_at:
        lines.append(f"not sent: they lied on {_minute(habits.doubted_at)}")
    elif held and habits.audited_at:
        lines.append(f"tested once a day; the last whole answer came {_minute(habits.audited_at)}")
    return lines


def _rhythm(state: FeedState) -> list[str]:
    habits = state.habits
    lines = [f"last new item {_minute(habits.arrived_at)}, newest of {_minute(habits.newest)}"]
    if habits.gap is not None:
        longest = f", its longest pause was {told(habits.longest_gap)}" if habits.longest_gap else ""
        lines.append(f"something new every {told(habits.gap)} in the mean{longest}")
    if habits.overlap is not None:
        lines.append(f"{habits.overlap} % of what it showed last was there before")
    limit = patience(habits)
    lines.append(f"counts as silent after {told(limit)}" if limit else "too little is known to call it silent")
    return lines


def _plain(value: object) -> object:
    """Records as JSON takes them."""
    if isinstance(value, datetime):
        return None if value >= NEVER else value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%MZ") if moment else "never"
