"""PURE: why a feed is asked when it is: every bound on its next poll, and the one that binds."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args

from extractors.entries import FeedProblem
from monitor import schedule
from monitor.records import Feed, FeedState

_NEXT_TO_NOTHING = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Reason:
    """One bound on the next poll: no sooner than `wait` after the last one (None: never, or at once).

    `binds` is set of the one that decides; `means` is a sentence for a person.
    """

    rule: str
    wait: timedelta | None
    means: str
    binds: bool = False


def why(feed: Feed, state: FeedState, fresh_for: timedelta | None = None) -> tuple[Reason, ...]:
    """The bounds that led to `state.next_at`, in the order of the checklist; exactly one binds.

    `feed` has the interval in force. `fresh_for` (max-age, Expires) is not remembered: left out, it shows in a floor
    that nothing else explains.
    """
    if state.next_at >= schedule.NEVER:
        return (Reason("gone", None, f"never asked again: {state.last_error or 'it is gone'}", binds=True),)
    if state.polled_at is None:
        return (Reason("new", None, "not polled yet: asked as soon as its turn comes", binds=True),)
    if state.failures:
        return _after_failure(feed, state, state.polled_at)
    return _after_success(feed, state, state.polled_at, fresh_for)


def _after_failure(feed: Feed, state: FeedState, polled: datetime) -> tuple[Reason, ...]:
    weight = _weight(state.habits.outcome)
    plain = schedule.after_failure(feed, state, weight, polled)
    asked = state.next_at > plain.at + _NEXT_TO_NOTHING
    row = f"{state.failures} failures in a row" if state.failures > 1 else "a failure"
    if weight == "truncated":
        means = "the feed broke off: asked again a little sooner, and as usual from the fourth time in a row"
    else:
        means = f"{row}, weighed as {weight}: each adds to the wait, up to a day"
    back_off = Reason("back-off", plain.at - polled, means, binds=not asked)
    if not asked:
        return (back_off,)
    wished = "the server asked for it (Retry-After), or the interval was longer then"
    return (Reason("retry-after", state.next_at - polled, wished, binds=True), back_off)


def _after_success(feed: Feed, state: FeedState, polled: datetime, fresh_for: timedelta | None) -> tuple[Reason, ...]:
    habits = state.habits
    least = schedule.base(feed, state)
    found = [Reason(_least(feed, state), least, _least_means(feed, state))]
    plain = schedule.after_success(feed, state, polled, fresh_for)
    if fresh_for:
        wait = min(fresh_for, schedule.LONGEST)
        found.append(Reason("freshness", wait, "the answer stays fresh so long (Cache-Control, Expires)"))
    elif state.floor_at is not None and state.floor_at > plain.floor + _NEXT_TO_NOTHING:
        fresh_for = state.floor_at - polled
        plain = schedule.after_success(feed, state, polled, fresh_for)
        means = "the server said so (Cache-Control, Expires), or the interval was longer then"
        found.append(Reason("freshness", min(fresh_for, schedule.LONGEST), means))
    if habits.ttl:
        found.append(Reason("ttl", min(habits.ttl, schedule.LONGEST), "the feed asks readers for it"))
    if state.hot_until is not None and polled < state.hot_until:
        found.append(Reason("live event", least, "it tells of a planned or live event: asked as often as it may be"))
    else:
        found.append(Reason("pace", schedule.pace(state, polled, least), _pace_means(state, polled, least)))
    longest = max(range(len(found)), key=lambda i: (found[i].wait or timedelta(0), -i))
    tired = replace(state, habits=replace(habits, skip_hours=(), skip_days=()))
    rests = schedule.after_success(feed, tired, polled, fresh_for).at < plain.at
    found = [replace(reason, binds=i == longest and not rests) for i, reason in enumerate(found)]
    if habits.skip_hours or habits.skip_days:
        means = "the feed's hours (GMT) and days of rest; the first moment after them"
        wait = plain.at - polled if rests else timedelta(0)
        found.append(Reason("rest", wait, means, binds=rests))
    return tuple(found)


def _least(feed: Feed, state: FeedState) -> str:
    if feed.interval is not None:
        return "interval"
    return "conditional" if schedule.base(feed, state) == schedule.INTERVAL else "unconditional"


def _least_means(feed: Feed, state: FeedState) -> str:
    doubted = ", doubled since its validators lied" if state.habits.doubted_at is not None else ""
    if feed.interval is not None:
        return f"the operator's own choice{doubted}"
    if schedule.base(feed, state) == schedule.INTERVAL:
        return "the server gives validators, so an unchanged feed costs it a 304: an hour is what strangers may ask"
    if doubted:
        return "its validators lied, so every answer is the whole feed: once a day"
    return "the server gives no validators, so every answer is the whole feed: once a day, unless `interval` is set"


def _pace_means(state: FeedState, polled: datetime, least: timedelta) -> str:
    habits = state.habits
    if habits.overlap is not None and habits.overlap < schedule.LITTLE:
        return f"only {habits.overlap} % of what it showed was there before: as fast as it may be"
    if schedule.pace(state, polled, least) > least:
        return "learned: it brings something new so seldom, or has been quiet for long"
    return "learned: it brings something new often enough to be asked as fast as it may be"


def _weight(outcome: str) -> schedule.FailureWeight:
    """How serious a failure was, by the outcome that is remembered of it (`poll.Polled`)."""
    if outcome == "truncated":
        return "truncated"
    if outcome in ("gone", "merged"):
        return "gone"
    kind, _, status = outcome.partition(" ")
    if kind == "status" and status.isdigit():
        return schedule.weigh("status", int(status))
    body = kind == "parser" or outcome in get_args(FeedProblem)
    return schedule.weigh("body" if body else outcome, None)
