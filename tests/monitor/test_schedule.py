from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.records import Feed, FeedState
from monitor.schedule import after_failure, after_success, weigh

NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPREAD = timedelta(minutes=5)
FEED = Feed(url="https://a.org/feed", outlet="a.org", family="a")
STATE = FeedState(url=FEED.url, next_at=NOW)


def near(moment: datetime, wait: timedelta) -> bool:
    return NOW + wait <= moment <= NOW + wait + SPREAD


def test_a_feed_is_asked_every_hour_and_never_early():
    assert near(after_success(FEED, STATE, NOW, changed=True), HOUR)
    assert near(after_success(FEED, STATE, NOW, changed=False), HOUR)


def test_the_spread_is_the_same_after_a_restart_and_differs_between_feeds():
    urls = [f"https://a.org/{n}" for n in range(50)]
    waits = [after_success(replace(FEED, url=u), replace(STATE, url=u), NOW, changed=True) for u in urls]
    assert waits == [after_success(replace(FEED, url=u), replace(STATE, url=u), NOW, changed=True) for u in urls]
    assert len(set(waits)) == 50


def test_the_operators_interval_wins_over_the_default_and_ttl_but_not_over_max_age():
    often = replace(FEED, interval=timedelta(minutes=5))
    assert near(after_success(often, STATE, NOW, changed=True, ttl=2 * HOUR), timedelta(minutes=5))
    assert near(after_success(often, STATE, NOW, changed=True, fresh_for=HOUR / 2), HOUR / 2)
    assert near(after_success(FEED, STATE, NOW, changed=True, ttl=2 * HOUR), 2 * HOUR)
    assert near(after_success(FEED, STATE, NOW, changed=True, fresh_for=timedelta(days=400)), 24 * HOUR)


@pytest.mark.parametrize(
    ("weight", "failures", "hours"),
    [
        ("hard", 1, 2), ("hard", 5, 6), ("hard", 99, 24), ("soft", 1, 1.5), ("soft", 4, 3), ("passing", 4, 2),
        ("throttled", 1, 4), ("throttled", 2, 7), ("gone", 1, 720), ("truncated", 1, 0.25), ("truncated", 9, 1),
    ],
)  # fmt: skip
def test_failures_in_a_row_make_the_wait_longer_in_even_steps(weight, failures, hours):
    assert near(after_failure(FEED, replace(STATE, failures=failures), weight, NOW), hours * HOUR)


@pytest.mark.parametrize(("asked", "hours"), [(timedelta(seconds=1), 4), (10 * HOUR, 10), (88 * HOUR, 24), (None, 4)])
def test_retry_after_binds_up_to_a_day(asked, hours):
    assert near(after_failure(FEED, replace(STATE, failures=1), "throttled", NOW, asked), hours * HOUR)


@pytest.mark.parametrize(
    ("kind", "status", "weight"),
    [
        ("status", 410, "gone"), ("status", 429, "throttled"), ("status", 503, "throttled"), ("status", 404, "soft"),
        ("status", 500, "soft"), ("status", 403, "hard"), ("dns", None, "passing"), ("timeout", None, "soft"),
        ("tls", None, "soft"), ("too_big", None, "hard"), ("bad_url", None, "hard"), ("redirects", None, "hard"),
    ],
)  # fmt: skip
def test_failures_weigh_by_how_lasting_they_are(kind, status, weight):
    assert weigh(kind, status) == weight


@given(
    st.sampled_from(["hard", "soft", "passing", "throttled"]),
    st.integers(1, 10_000),
    st.timedeltas(timedelta(minutes=1), timedelta(days=7)),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=9999)),
)
def test_a_failing_feed_is_never_asked_early_nor_given_up(weight, failures, interval, asked):
    feed = replace(FEED, interval=interval)
    due = after_failure(feed, replace(STATE, failures=failures), weight, NOW, asked)
    assert NOW + interval <= due <= NOW + max(interval, 24 * HOUR) + SPREAD
