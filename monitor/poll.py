"""One feed, end to end: ask it, and conclude what to remember. Nothing is stored here, and no feed makes it raise.

`ask` has the network and the parser; `conclude` is pure, and is told how much of the answer the store did not know.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from extractors.feed import ParsedFeed
from extractors.records import Entry
from monitor import health, schedule
from monitor.fetch import Fetched, Fetcher, FetchFailure, NotModified
from monitor.records import Feed, FeedState, Habits
from monitor.workers import WorkerFailure, Workers

FEEDS = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.8, */*;q=0.1"
# Miniflux's bound; a feed of 1,000 entries measured 3.4 MB.
FEED_CAP = 15_000_000
FEED_DEADLINE = timedelta(seconds=30)
# Of an index of sitemaps those that changed last: the others are the archive.
CHILDREN = 3
# Statuses of servers that mean: not for programs, or not for you.
_BLOCKED = frozenset({401, 402, 403, 407, 451})
# An entry dated so long before a 304 was on the page that the 304 denied.
_DENIED = timedelta(hours=1)
# So many suspicions in a row convict validators.
_CONVICTED = 2
# For how long validators that lied are not sent.
_DOUBT = timedelta(days=30)
# The weight of the latest in a running mean.
_LATEST = 0.3


@dataclass(frozen=True, slots=True)
class Answer:
    """What asking a feed came to at `at` (aware UTC), after `took`.

    `conditional`: validators were sent. `parsed` is None for a failure, a 304, and a body that is the same as the last
    one (`same`). `digest` is that of the body. `pages` are the answers that it was read from.
    """

    at: datetime
    took: timedelta
    conditional: bool
    got: Fetched | NotModified | FetchFailure
    parsed: ParsedFeed | WorkerFailure | None = None
    digest: str | None = None
    same: bool = False
    pages: tuple[Fetched, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the feed shows, as far as it was read."""
        read = isinstance(self.parsed, ParsedFeed) and self.parsed.problem is None
        return self.parsed.entries if read and isinstance(self.parsed, ParsedFeed) else ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """How the store knew the entries of an answer: how many of them it did not (`new`), and when those were published.

    `gap` is set when a feed that is known shows nothing of what it showed before.
    """

    new: int = 0
    published: tuple[datetime, ...] = ()
    gap: bool = False


FINE = frozenset({"read", "not modified", "same body"})
"""Outcomes of a poll that are no failure."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll came to: the feed's next state, and a line for the operator.

    `outcome` is `read`, `not modified`, `same body`, `truncated`, a problem of the body (`html page`, `empty body`,
    `not a feed`, `challenge page`), `gone`, `merged`, `status 404` and the like, `parser timeout` and the like, or a
    kind of FetchFailure.
    """

    state: FeedState
    outcome: str
    detail: str = ""
    ok: bool = True


async def ask(
    feed: Feed,
    state: FeedState,
    *,
    fetcher: Fetcher,
    workers: Workers,
    clock: Callable[[], datetime],
    cap: int = FEED_CAP,
    deadline: timedelta = FEED_DEADLINE,
) -> Answer:
    """Ask a feed where it lives now, with its validators unless they are doubted or due to be tested."""
    began = clock()
    conditional = bool(state.etag or state.last_modified) and not _doubted(state, began)
    conditional = conditional and not schedule.audit_due(state, began)
    got = await fetcher.get(
        state.habits.address or feed.url,
        etag=state.etag if conditional else None,
        last_modified=state.last_modified if conditional else None,
        validated=state.habits.validated,
        cap=cap,
        deadline=deadline,
        accept=FEEDS,
    )
    now = clock()
    took = now - began if isinstance(got, FetchFailure) else got.took
    asked = Answer(now, max(took, timedelta(0)), conditional, got)
    if not isinstance(got, Fetched):
        return asked
    digest: str | None = hashlib.blake2b(got.body, digest_size=16).hexdigest()
    if digest == state.habits.digest:
        return replace(asked, digest=digest, same=True, pages=(got,))
    parsed = await _parse(feed, got, workers, now)
    pages = [got]
    if isinstance(parsed, ParsedFeed) and parsed.children:
        listed: list[Entry] = []
        for child in parsed.children[:CHILDREN]:
            page = await fetcher.get(child.url, cap=cap, deadline=deadline, accept=FEEDS)
            inside = await _parse(feed, page, workers, now) if isinstance(page, Fetched) else None
            if isinstance(page, Fetched) and isinstance(inside, ParsedFeed) and inside.problem is None:
                listed += inside.entries
                pages.append(page)
        parsed = replace(parsed, entries=tuple(listed), problem=None if len(pages) > 1 else "not a feed")
        digest = None
    return replace(asked, parsed=parsed, digest=digest, pages=tuple(pages))


def conclude(
    feed: Feed, state: FeedState, answer: Answer, arrival: Arrival, elsewhere: Collection[str] = frozenset()
) -> Polled:
    """What an answer means for the state of its feed. PURE.

    Validators are one set, replaced by a whole 200, renewed by a 304 that repeats them, untouched by any failure
    (reference: polling 7, 8). A permanent move is remembered once the new address has given a feed (polling 27);
    `elsewhere` are addresses that other feeds are asked at.
    """
    now, got, parsed = answer.at, answer.got, answer.parsed
    if isinstance(got, FetchFailure):
        # What a passing redirect leads to may be gone; the feed has not said so of itself.
        gone = got.status == 410 and not got.detour
        outcome = "gone" if gone else f"status {got.status}" if got.kind == "status" else got.kind
        weight = "hard" if got.status == 410 and got.detour else schedule.weigh(got.kind, got.status)
        return _failed(feed, state, answer, outcome, got.detail, weight, got.retry_after)
    if isinstance(got, NotModified):
        if not answer.conditional:
            return _failed(feed, state, answer, "protocol", "answered 304 to a request without validators", "soft")
        kept = replace(state, etag=got.etag or state.etag, last_modified=got.last_modified or state.last_modified)
        return _succeeded(feed, kept, answer, "not modified", elsewhere)
    if isinstance(parsed, WorkerFailure):
        return _failed(feed, state, answer, f"parser {parsed.kind}", parsed.detail, "soft")
    if parsed is not None and parsed.problem is not None:
        kind = got.content_type or "no content type"
        detail = f"{got.final_url} answered with {len(got.body)} bytes ({kind}) that are no feed: {parsed.problem}"
        return _failed(feed, state, answer, parsed.problem, detail, "soft")
    learned = _learned(state, answer, arrival)
    if parsed is not None and parsed.truncated:
        # A first body cut short is no baseline yet: what it lacks would ring as new. One that always is, must do.
        known = state.known or state.failures >= 2
        shown = len(parsed.entries)
        cut = replace(learned, known=known, entries_seen=shown, read_at=now, etag=state.etag)
        # The validators that stay are those of where they came from, not of where this came from.
        habits = replace(cut.habits, cut=cut.habits.cut + 1, validated=state.habits.validated)
        cut = replace(cut, last_modified=state.last_modified, habits=habits)
        return _failed(feed, cut, answer, "truncated", f"the feed breaks off after {shown} entries", "truncated")
    # What an index leads to changes without it: its validators say nothing.
    index = parsed is not None and bool(parsed.children)
    fresh = replace(learned, etag=None if index else got.etag, last_modified=None if index else got.last_modified)
    if parsed is None:
        return _succeeded(feed, fresh, answer, "same body", elsewhere)
    fresh = replace(fresh, known=True, entries_seen=len(parsed.entries), read_at=now)
    dropped = f"{parsed.dropped} entries without link and title" if parsed.dropped else ""
    return _succeeded(feed, fresh, answer, "read", elsewhere, dropped)


async def _parse(feed: Feed, got: Fetched, workers: Workers, now: datetime) -> ParsedFeed | WorkerFailure:
    content_type = f"{got.content_type or ''}; charset={got.charset}" if got.charset else got.content_type
    return await workers.parse_feed(got.body, got.final_url, content_type, feed.zone, now)


def _learned(state: FeedState, answer: Answer, arrival: Arrival) -> FeedState:
    """What a whole answer taught of the feed: what it asks for, how often it brings something new, whether it lies."""
    habits, got, parsed, now = state.habits, answer.got, answer.parsed, answer.at
    assert isinstance(got, Fetched)
    habits = replace(habits, audited_at=now, validated=got.final_url if got.final_url != got.url else None)
    if habits.doubted_at is not None and not _doubted(state, now):
        habits = replace(habits, doubted_at=None)
    if (tested := _tested(state, answer, arrival)) is not None:
        habits = replace(habits, suspicions=tested)
        if tested >= _CONVICTED and habits.doubted_at is None:
            habits = replace(habits, doubted_at=now, suspicions=0)
    if not isinstance(parsed, ParsedFeed):
        return replace(state, habits=habits)
    shown = len(parsed.entries)
    habits = replace(
        habits,
        digest=None if parsed.truncated else answer.digest,
        ttl=timedelta(minutes=parsed.ttl) if parsed.ttl else None,
        skip_hours=tuple(sorted(parsed.skip_hours)),
        skip_days=tuple(sorted(parsed.skip_days)),
        hubs=parsed.hubs,
        overlap=round(100 * (shown - arrival.new) / shown) if shown and state.known else None,
        garbled=habits.garbled + 1 if parsed.garbled else 0,
        cut=habits.cut if parsed.truncated else 0,
        newest=max((e.published for e in parsed.entries if e.published), default=habits.newest),
    )
    if not state.known:
        return replace(state, habits=_first_sight(habits, parsed, now))
    if not arrival.new:
        return replace(state, habits=habits)
    since = now - (habits.arrived_at or habits.first_at or now)
    gap = since / arrival.new
    mean = gap if habits.gap is None else habits.gap + _LATEST * (gap - habits.gap)
    # The longest pause fades by a hundredth with each arrival: feeds change their habits.
    longest = max(since, (habits.longest_gap or since) * 0.99)
    return replace(state, habits=replace(habits, arrived_at=now, gap=mean, longest_gap=longest))


def _first_sight(habits: Habits, parsed: ParsedFeed, now: datetime) -> Habits:
    """What the dates of a feed's first entries tell of its rate."""
    dates = sorted(entry.published for entry in parsed.entries if entry.published and entry.published <= now)
    habits = replace(habits, first_at=now)
    if len(dates) < 3:
        return habits
    gaps = [later - earlier for earlier, later in pairwise(dates)]
    return replace(habits, gap=(dates[-1] - dates[0]) / len(gaps), longest_gap=max(gaps))


def _tested(state: FeedState, answer: Answer, arrival: Arrival) -> int | None:
    """How far a test of the validators convicts them; None: it was no test.

    The same ones on another body with news in it are proof. All news being older than the 304 that denied it is only
    suspicious, since feeds may date by the day: twice in a row convicts.
    """
    got, habits = answer.got, state.habits
    if answer.conditional or not state.known or not isinstance(got, Fetched) or habits.doubted_at is not None:
        return None
    held = (state.etag, state.last_modified)
    if not any(held):
        return None
    if arrival.new and held == (got.etag, got.last_modified):
        return _CONVICTED
    denied = state.polled_at - _DENIED if state.polled_at and habits.outcome == "not modified" else None
    old = denied is not None and len(arrival.published) >= 2 and max(arrival.published) < denied
    return habits.suspicions + 1 if old else 0


def _doubted(state: FeedState, now: datetime) -> bool:
    return state.habits.doubted_at is not None and now - state.habits.doubted_at < _DOUBT


def _succeeded(
    feed: Feed, state: FeedState, answer: Answer, outcome: str, elsewhere: Collection[str], detail: str = ""
) -> Polled:
    got, now, habits = answer.got, answer.at, state.habits
    assert not isinstance(got, FetchFailure)
    said = [detail] if detail else []
    if got.moved and got.moved != (habits.address or feed.url):
        if got.moved in elsewhere:
            said.append(
                f"moved for good to {got.moved}, which is asked already: take this one out of config/feeds.yaml"
            )
            gone = replace(state, polled_at=now, last_error=said[-1], next_at=schedule.NEVER, floor_at=schedule.NEVER)
            gone = replace(gone, habits=replace(habits, outcome="merged"))
            return Polled(health.judged(gone, now), "merged", "; ".join(said), ok=False)
        said.append(f"moved for good to {got.moved}, where it is asked from now on: put that into config/feeds.yaml")
        habits = replace(habits, address=got.moved)
    habits = replace(habits, outcome=outcome, blocked=0, cut=0, audited_at=habits.audited_at or now)
    habits = replace(habits, took=_mean(habits.took, answer.took))
    done = replace(state, polled_at=now, succeeded_at=now, failures=0, last_error=None, habits=habits)
    due = schedule.after_success(feed, done, now, got.fresh_for)
    done = replace(done, floor_at=due.floor, next_at=due.at)
    return Polled(health.judged(done, now), outcome, "; ".join(said))


def _failed(
    feed: Feed,
    state: FeedState,
    answer: Answer,
    outcome: str,
    detail: str,
    weight: schedule.FailureWeight,
    retry_after: timedelta | None = None,
) -> Polled:
    now = answer.at
    status = answer.got.status if isinstance(answer.got, FetchFailure) else None
    blocked = outcome == "challenge page" or status in _BLOCKED
    habits = replace(state.habits, outcome=outcome, blocked=state.habits.blocked + 1 if blocked else 0)
    habits = habits if outcome == "truncated" else replace(habits, cut=0)
    counted = replace(state, polled_at=now, failures=state.failures + 1, last_error=f"{outcome}: {detail}")
    counted = replace(counted, habits=habits)
    due = schedule.after_failure(feed, counted, weight, now, retry_after)
    return Polled(health.judged(replace(counted, floor_at=due.floor, next_at=due.at), now), outcome, detail, ok=False)


def _mean(before: timedelta | None, latest: timedelta) -> timedelta:
    return latest if before is None else before + _LATEST * (latest - before)
