"""One feed, end to end: ask, read, and say what to remember. Nothing is stored here, and no feed makes it raise."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from extractors.feed import ParsedFeed
from extractors.records import Entry
from monitor import schedule
from monitor.fetch import Fetched, Fetcher, FetchFailure, NotModified
from monitor.records import Feed, FeedState
from monitor.workers import WorkerFailure, Workers

FEEDS = "application/atom+xml, application/rss+xml, application/xml;q=0.8, */*;q=0.1"
# Miniflux's bound; a feed of 1,000 entries measured 3.4 MB.
FEED_CAP = 15_000_000
FEED_DEADLINE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll came to: the feed's next state, its entries as the feed orders them, and a line for the operator.

    `outcome` is `read`, `not modified`, `truncated`, a problem of the body (`html page`, `empty body`, `not a feed`,
    `challenge page`), `gone`, `status 404` and the like, `parser timeout` and the like, or a kind of FetchFailure.
    """

    state: FeedState
    entries: tuple[Entry, ...]
    outcome: str
    detail: str = ""
    ok: bool = True


async def poll(
    feed: Feed,
    state: FeedState,
    *,
    fetcher: Fetcher,
    workers: Workers,
    clock: Callable[[], datetime],
    cap: int = FEED_CAP,
    deadline: timedelta = FEED_DEADLINE,
) -> Polled:
    """Poll one feed. The caller stores `Polled.state` and sorts out which entries are new.

    Validators are one set, replaced by a whole 200, renewed by a 304 that repeats them, untouched by any failure
    (reference: polling 7, 8). A permanent move is told in `detail`; the address in the configuration is the
    operator's to change.
    """
    got = await fetcher.get(
        feed.url, etag=state.etag, last_modified=state.last_modified, cap=cap, deadline=deadline, accept=FEEDS
    )
    now = clock()
    if isinstance(got, FetchFailure):
        outcome = "gone" if got.status == 410 else f"status {got.status}" if got.kind == "status" else got.kind
        return _failed(feed, state, now, outcome, got.detail, schedule.weigh(got.kind, got.status), got.retry_after)
    moved = f"moved for good to {got.moved}: change its address in the configuration" if got.moved else ""
    if isinstance(got, NotModified):
        if state.etag is None and state.last_modified is None:
            detail = "answered 304 to a request without validators"
            return _failed(feed, state, now, "protocol", detail, "soft", None)
        held = replace(state, etag=got.etag or state.etag, last_modified=got.last_modified or state.last_modified)
        due = schedule.after_success(feed, state, now, changed=False, fresh_for=got.fresh_for)
        return Polled(_succeeded(held, now, due), (), "not modified", moved)
    content_type = f"{got.content_type or ''}; charset={got.charset}" if got.charset else got.content_type
    parsed = await workers.parse_feed(got.body, got.final_url, content_type, feed.zone, now)
    if isinstance(parsed, WorkerFailure):
        return _failed(feed, state, now, f"parser {parsed.kind}", parsed.detail, "soft", None)
    if parsed.problem is not None:
        return _failed(feed, state, now, parsed.problem, _no_feed(got, parsed), "soft", None)
    if parsed.truncated:
        detail = f"the feed breaks off after {len(parsed.entries)} entries"
        failed = _failed(feed, state, now, "truncated", detail, "truncated", None)
        # A first body cut short is no baseline yet: what it lacks would ring as new. One that always is, must do.
        known = state.known or failed.state.failures >= 3
        kept = replace(failed.state, known=known, entries_seen=len(parsed.entries))
        return replace(failed, state=kept, entries=parsed.entries)
    ttl = timedelta(minutes=parsed.ttl) if parsed.ttl else None
    due = schedule.after_success(feed, state, now, changed=True, fresh_for=got.fresh_for, ttl=ttl)
    fresh = replace(state, etag=got.etag, last_modified=got.last_modified, known=True, entries_seen=len(parsed.entries))
    dropped = f"{parsed.dropped} entries without link and title" if parsed.dropped else ""
    return Polled(
        _succeeded(fresh, now, due), parsed.entries, "read", "; ".join(part for part in (moved, dropped) if part)
    )


def _succeeded(state: FeedState, now: datetime, due: datetime) -> FeedState:
    return replace(state, polled_at=now, succeeded_at=now, failures=0, last_error=None, next_at=due)


def _failed(
    feed: Feed,
    state: FeedState,
    now: datetime,
    outcome: str,
    detail: str,
    weight: schedule.FailureWeight,
    retry_after: timedelta | None,
) -> Polled:
    counted = replace(state, polled_at=now, failures=state.failures + 1, last_error=f"{outcome}: {detail}")
    due = schedule.after_failure(feed, counted, weight, now, retry_after)
    return Polled(replace(counted, next_at=due), (), outcome, detail, ok=False)


def _no_feed(got: Fetched, parsed: ParsedFeed) -> str:
    kind = got.content_type or "no content type"
    return f"{got.final_url} answered with {len(got.body)} bytes ({kind}) that are no feed: {parsed.problem}"
