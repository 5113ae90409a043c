"""Why a feed is asked when it is: of all bounds the one that decided, by the same rules that decided."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import schedule
from monitor.reasons import why
from monitor.records import Feed, FeedState, Habits

NOW = datetime(2025, 6, 2, 12, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
FEED = Feed("https://example.org/rss", "Example", "example.org")
SPREAD = timedelta(minutes=5)


def asked(feed: Feed, state: FeedState, fresh_for: timedelta | None = None) -> FeedState:
    state = replace(state, polled_at=NOW)
    due = schedule.after_success(feed, state, NOW, fresh_for)
    return replace(state, floor_at=due.floor, next_at=due.at)


def failed(
    feed: Feed, outcome: str, status: int | None = None, wish: timedelta | None = None, row: int = 1
) -> FeedState:
    state = FeedState(feed.url, NOW, etag="v", polled_at=NOW, failures=row, habits=Habits(outcome=outcome))
    weight = "truncated" if outcome == "truncated" else schedule.weigh("status" if status else outcome, status)
    due = schedule.after_failure(feed, state, weight, NOW, wish)
    return replace(state, floor_at=due.floor, next_at=due.at)


HELD = FeedState(FEED.url, NOW, etag="v")
OWN = replace(FEED, interval=HOUR / 4)
OFTEN = Habits(gap=timedelta(minutes=5), arrived_at=NOW)
QUIET = Habits(arrived_at=NOW - 50 * HOUR)


@pytest.mark.parametrize(
    ("feed", "state", "rule", "wait"),
    [
        (FEED, FeedState(FEED.url, NOW), "new", None),
        (FEED, replace(HELD, polled_at=NOW, next_at=schedule.NEVER, last_error="410"), "gone", None),
        (FEED, asked(FEED, replace(HELD, habits=OFTEN)), "conditional", HOUR),
        (FEED, asked(FEED, FeedState(FEED.url, NOW, habits=OFTEN)), "unconditional", 24 * HOUR),
        (FEED, asked(FEED, replace(HELD, habits=replace(OFTEN, doubted_at=NOW))), "unconditional", 24 * HOUR),
        (OWN, asked(OWN, replace(HELD, habits=OFTEN)), "interval", HOUR / 4),
        (FEED, asked(FEED, replace(HELD, habits=replace(OFTEN, ttl=3 * HOUR))), "ttl", 3 * HOUR),
        (FEED, asked(FEED, replace(HELD, habits=OFTEN), 2 * HOUR), "freshness", 2 * HOUR),
        (FEED, asked(FEED, replace(HELD, habits=QUIET)), "pace", 5 * HOUR),
        (FEED, asked(FEED, replace(HELD, habits=QUIET, hot_until=NOW + HOUR)), "conditional", HOUR),
        (FEED, asked(FEED, replace(HELD, habits=replace(OFTEN, skip_hours=(13, 14)))), "rest", 3 * HOUR),
        (FEED, asked(FEED, replace(HELD, habits=replace(OFTEN, skip_hours=(2, 3)))), "conditional", HOUR),
        (FEED, failed(FEED, "status 500", 500), "back-off", 1.5 * HOUR),
        (FEED, failed(FEED, "timeout", row=2), "back-off", 2 * HOUR),
        (FEED, failed(FEED, "truncated"), "back-off", HOUR / 4),
        (FEED, failed(FEED, "status 429", 429, wish=10 * HOUR), "retry-after", 10 * HOUR),
    ],
)  # fmt: skip
def test_the_bound_that_decided_is_the_one_that_is_named(
    feed: Feed, state: FeedState, rule: str, wait: timedelta | None
) -> None:
    (binding,) = (reason for reason in why(feed, state) if reason.binds)
    assert binding.rule == rule
    assert binding.means
    if wait is None:
        assert binding.wait is None
    else:
        assert binding.wait is not None
        assert wait <= binding.wait <= wait + SPREAD


SPANS = st.integers(0, 60 * 40).map(lambda minutes: timedelta(minutes=minutes))
HABITS = st.builds(
    Habits,
    ttl=st.none() | SPANS,
    skip_hours=st.lists(st.integers(0, 23), unique=True, max_size=23).map(tuple),
    skip_days=st.lists(st.integers(0, 6), unique=True, max_size=6).map(tuple),
    overlap=st.none() | st.integers(0, 100),
    gap=st.none() | SPANS,
    arrived_at=st.none() | SPANS.map(lambda span: NOW - span),
    doubted_at=st.none() | st.just(NOW),
)


@settings(max_examples=60, deadline=None)
@given(HABITS, st.none() | SPANS, st.booleans(), st.none() | SPANS.filter(bool), st.booleans())
def test_the_reason_accounts_for_the_next_poll_whatever_is_known(
    habits: Habits, fresh: timedelta | None, hot: bool, interval: timedelta | None, held: bool
) -> None:
    feed = replace(FEED, interval=interval)
    state = FeedState(FEED.url, NOW, etag="v" if held else None, hot_until=NOW + HOUR if hot else None, habits=habits)
    state = asked(feed, state, fresh)
    for given_fresh in (fresh, None):
        (binding,) = (reason for reason in why(feed, state, given_fresh) if reason.binds)
        assert binding.wait is not None
        assert timedelta(0) <= state.next_at - (NOW + binding.wait) <= SPREAD
