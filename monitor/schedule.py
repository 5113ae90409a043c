"""PURE: when a feed is next due. No chance in it: the spread comes from the address, so a restart changes nothing.

Two moments are decided: the floor, before which etiquette allows no request whatever hurries, and the time at which the
feed is asked if nothing does. A server's wishes bind up to a day; longer ones are mistakes (88 h were seen).
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from monitor.records import Feed, FeedState

# Once an hour is the fastest that strangers' servers are asked without their consent (reference: polling 10), once a
# day where each answer is the whole feed because the server gives no validators (polling 11).
INTERVAL = timedelta(minutes=60)
UNCONDITIONAL = timedelta(hours=24)
LONGEST = timedelta(hours=24)
# How many polls fall into the mean time between two new entries, and into the time since the last one.
OF_GAP = 8
OF_SILENCE = 10
# Fewer entries in common with the poll before than this (per cent) and some may soon be missed.
LITTLE = 33
# The share of the interval by which feeds are spread, later only: a 59-minute interval counts as early.
SPREAD = 0.1
_HOUR = timedelta(hours=1)

FailureWeight = Literal["hard", "soft", "passing", "throttled", "truncated", "gone"]
# How much of an interval each failure in a row adds. Linear: exponential back-off loses feeds that recover.
_WEIGHTS = {"hard": 1.0, "soft": 0.5, "passing": 0.25, "throttled": 3.0}
# When a feed that is gone is asked again (reference: polling 26).
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Due:
    """No request before `floor`; the next one `at`, which is no earlier. Both aware UTC."""

    floor: datetime
    at: datetime


def after_success(feed: Feed, state: FeedState, now: datetime, fresh_for: timedelta | None = None) -> Due:
    """When to ask again after a 200 or 304, by the state as it is after it.

    Lower bounds are the base interval (`base`), `fresh_for` (max-age, Expires), the feed's ttl, and its hours and days
    of rest. Above them the pace follows the feed (`pace`); one that tells of a live event is asked at its floor.
    """
    least = base(feed, state)
    wishes = [min(wish, LONGEST) for wish in (fresh_for, state.habits.ttl) if wish]
    floor = now + max([least, *wishes])
    hot = state.hot_until is not None and now < state.hot_until
    wait = max(floor - now, least if hot else pace(state, now, least))
    return Due(_awake(state, floor), _awake(state, _later(state.url, now, wait), spread=True))


def after_failure(
    feed: Feed, state: FeedState, weight: FailureWeight, now: datetime, retry_after: timedelta | None = None
) -> Due:
    """When to ask again after the failure that made `state.failures` in a row (this one included).

    The server's `retry_after` binds. A feed is never given up, unless it says itself that it is gone.
    """
    if weight == "gone":
        return Due(NEVER, NEVER)
    interval = base(feed, state)
    failures = max(1, state.failures)
    if weight == "truncated":
        # A body cut short once is whole a little later; one that always is must not be asked more often than others.
        wait = min(interval, INTERVAL) / 4 * failures if failures < 4 else interval
    else:
        # A feed without validators is not whole days away: what failed cost its server no feed.
        wait = min(interval, max(INTERVAL, feed.interval or INTERVAL)) * (1 + _WEIGHTS[weight] * failures)
    wait = max(min(wait, max(LONGEST, feed.interval or LONGEST)), min(retry_after or timedelta(0), LONGEST))
    due = _awake(state, _later(state.url, now, wait), spread=True)
    # A hurry must not hammer a server in trouble.
    return Due(due, due)


def base(feed: Feed, state: FeedState) -> timedelta:
    """The least time between two requests that get a whole answer or a 304: the operator's choice, or the etiquette's.

    Where validators were found to lie, every answer is whole, and the feed is asked half as often.
    """
    doubted = state.habits.doubted_at is not None
    if feed.interval is not None:
        return feed.interval * 2 if doubted else feed.interval
    return INTERVAL if (state.etag or state.last_modified) and not doubted else UNCONDITIONAL


def pace(state: FeedState, now: datetime, least: timedelta) -> timedelta:
    """How long to wait by what was learned of the feed: `least` to a day.

    A share of the mean time between new entries, or of the time since the last one where that is longer: only
    something new brings a feed back (reference: polling 15). With little in common between two polls, `least`.
    """
    habits = state.habits
    if habits.overlap is not None and habits.overlap < LITTLE:
        return least
    quiet = now - (habits.arrived_at or habits.first_at or now)
    learned = max((habits.gap or timedelta(0)) / OF_GAP, quiet / OF_SILENCE)
    return max(least, min(learned, LONGEST))


def audit_due(state: FeedState, now: datetime) -> bool:
    """Whether the feed's validators are to be tested by a request without them: once a day, each at its own hour.

    A whole answer in between is as good (reference: polling 2, the conflict settled).
    """
    if state.habits.audited_at is None or not (state.etag or state.last_modified):
        return False
    return now - state.habits.audited_at >= UNCONDITIONAL * (1 + SPREAD * _share(state.url))


def rested(state: FeedState, now: datetime) -> datetime | None:
    """When a feed that is due in its hours or days of rest may be asked; None: now. It came due before them and was not
    asked in time, because the service did not run or the feed had to wait for its turn."""
    awake = _awake(state, now, spread=True)
    return None if awake == now else awake


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


def _awake(state: FeedState, moment: datetime, *, spread: bool = False) -> datetime:
    """The moment, or the first after it outside the feed's hours (GMT) and days of rest. A feed that never wakes is not
    believed."""
    hours, days = state.habits.skip_hours, state.habits.skip_days
    if not _resting(moment, hours, days) or len(set(hours)) >= 24 or len(set(days)) >= 7:
        return moment
    awake = moment.replace(minute=0, second=0, microsecond=0) + _HOUR
    while _resting(awake, hours, days):
        awake += _HOUR
    # Not every feed of a publisher in the same second.
    return awake + timedelta(minutes=5) * _share(state.url) if spread else awake


def _resting(moment: datetime, hours: Collection[int], days: Collection[int]) -> bool:
    return moment.hour in hours or moment.weekday() in days


def _later(url: str, now: datetime, wait: timedelta) -> datetime:
    # At most five minutes: with long waits the feeds lie apart already.
    return now + wait + min(wait * SPREAD, timedelta(minutes=5)) * _share(url)


def _share(url: str) -> float:
    return int.from_bytes(hashlib.blake2b(url.encode(errors="replace"), digest_size=4).digest()) / 2**32
