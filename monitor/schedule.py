"""PURE: when a feed is next due. No chance in it: the spread comes from the address, so a restart changes nothing."""

import hashlib
from datetime import datetime, timedelta
from typing import Literal

from monitor.records import Feed, FeedState

# Once an hour is the fastest that strangers' servers are asked without their consent (reference: polling 10).
INTERVAL = timedelta(minutes=60)
LONGEST = timedelta(hours=24)
# Gone is gone, but feeds do come back from what looks like death (reference: polling 1.9).
GONE = timedelta(days=30)
# The share of the interval by which feeds are spread, later only: a 59-minute interval counts as early.
SPREAD = 0.1

FailureWeight = Literal["hard", "soft", "passing", "throttled", "truncated", "gone"]
# How much of an interval each failure in a row adds. Linear: exponential back-off loses feeds that recover.
_WEIGHTS = {"hard": 1.0, "soft": 0.5, "passing": 0.25, "throttled": 3.0}


def after_success(
    feed: Feed,
    state: FeedState,
    now: datetime,
    *,
    changed: bool,
    fresh_for: timedelta | None = None,
    ttl: timedelta | None = None,
) -> datetime:
    """When to ask again after a 200 or 304.

    `fresh_for` (Cache-Control) binds, `ttl` does unless the operator chose an interval; both count up to a day.
    `changed` says that the answer had a body; a quiet feed keeps its interval.
    """
    interval = feed.interval or INTERVAL
    floors = [interval, min(fresh_for or interval, LONGEST)]
    if feed.interval is None and ttl is not None and changed:
        floors.append(min(ttl, LONGEST))
    return _later(state.url, now, max(floors))


def after_failure(
    feed: Feed, state: FeedState, weight: FailureWeight, now: datetime, retry_after: timedelta | None = None
) -> datetime:
    """When to ask again after the failure that made `state.failures` in a row (this one included).

    The server's `retry_after` binds, up to a day: longer ones are mistakes (88 h were seen). A feed is never given up.
    """
    interval = feed.interval or INTERVAL
    failures = max(1, state.failures)
    if weight == "gone":
        return _later(state.url, now, GONE)
    if weight == "truncated":
        # A body cut short once is whole a little later; one that always is must not be asked more often than others.
        wait = min(interval, interval / 4 * failures)
    else:
        wait = interval * (1 + _WEIGHTS[weight] * failures)
    wait = min(wait, max(LONGEST, interval))
    return _later(state.url, now, max(wait, min(retry_after or wait, LONGEST)))


def weigh(kind: str, status: int | None) -> FailureWeight:
    """How serious a failure is: `kind` of FetchFailure, of a worker's, or of a body that is no feed."""
    if status == 410:
        return "gone"
    if status in (429, 503):
        return "throttled"
    if kind == "dns":
        return "passing"
    soft = kind in ("timeout", "tls", "protocol", "refused", "body") or status in (404, 408) or (status or 0) >= 500
    return "soft" if soft else "hard"


def _later(url: str, now: datetime, wait: timedelta) -> datetime:
    share = int.from_bytes(hashlib.blake2b(url.encode(errors="replace"), digest_size=4).digest()) / 2**32
    # At most five minutes: with long waits the feeds lie apart already.
    return now + wait + min(wait * SPREAD, timedelta(minutes=5)) * share
