from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.records import Feed, FeedState, Habits
from monitor.schedule import NEVER, Due, after_failure, after_success, audit_due, weigh

NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)  # a Friday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SPREAD = timedelta(minutes=5)
FEED = Feed(url="https://a.org/feed", outlet="a.org", family="a")
STATE = FeedState(url=FEED.url, next_at=NOW, etag='"v1"')


def learned(**habits: object) -> FeedState:
    return replace(STATE, habits=Habits(**habits))


def near(due: Due, wait: timedelta) -> bool:
    return NOW + wait <= due.at <= NOW + wait + SPREAD and due.floor <= due.at


def test_a_feed_is_asked_every_hour_and_never_early():
    due = after_success(FEED, STATE, NOW)
    assert near(due, HOUR)
    assert due.floor == NOW + HOUR


def test_a_feed_without_validators_is_asked_once_a_day_unless_the_operator_says_otherwise():
    bare = replace(STATE, etag=None)
    assert near(after_success(FEED, bare, NOW), DAY)
    assert near(after_success(replace(FEED, interval=15 * MINUTE), bare, NOW), 15 * MINUTE)


def test_a_feed_whose_validators_lie_is_asked_half_as_often():
    lying = learned(doubted_at=NOW)
    assert near(after_success(FEED, lying, NOW), DAY)
    assert near(after_success(replace(FEED, interval=15 * MINUTE), lying, NOW), 30 * MINUTE)


def test_the_spread_is_the_same_after_a_restart_and_differs_between_feeds():
    urls = [f"https://a.org/{n}" for n in range(50)]
    dues = [after_success(replace(FEED, url=u), replace(STATE, url=u), NOW) for u in urls]
    assert dues == [after_success(replace(FEED, url=u), replace(STATE, url=u), NOW) for u in urls]
    assert len({due.at for due in dues}) == 50


def test_the_operators_interval_wins_over_the_default_but_not_over_what_the_server_asks():
    often = replace(FEED, interval=5 * MINUTE)
    assert near(after_success(often, STATE, NOW), 5 * MINUTE)
    assert near(after_success(often, learned(ttl=2 * HOUR), NOW), 2 * HOUR)
    assert near(after_success(often, STATE, NOW, HOUR / 2), HOUR / 2)
    assert near(after_success(FEED, learned(ttl=2 * HOUR), NOW), 2 * HOUR)
    assert near(after_success(FEED, STATE, NOW, timedelta(days=400)), DAY)


@pytest.mark.parametrize(
    ("hours", "days", "expected"),
    [
        ({13}, (), NOW + 2 * HOUR),
        ({13, 14, 15}, (), NOW + 4 * HOUR),
        ((), {4}, datetime(2025, 5, 17, tzinfo=UTC)),
        ((), {4, 5, 6}, datetime(2025, 5, 19, tzinfo=UTC)),
        ({0, 1}, {4, 5}, datetime(2025, 5, 18, 2, tzinfo=UTC)),
        ({5}, {6}, NOW + HOUR),
        (set(range(24)), (), NOW + HOUR),  # a feed that never wakes is not believed
        ((), set(range(7)), NOW + HOUR),
    ],
)
def test_hours_and_days_of_rest_are_waited_out(hours, days, expected):
    due = after_success(FEED, learned(skip_hours=tuple(hours), skip_days=tuple(days)), NOW)
    assert due.floor == expected
    assert expected <= due.at <= expected + SPREAD


@pytest.mark.parametrize(
    ("habits", "wait"),
    [
        ({"arrived_at": NOW, "gap": 10 * MINUTE}, HOUR),
        ({"arrived_at": NOW, "gap": 16 * HOUR}, 2 * HOUR),
        ({"arrived_at": NOW - 50 * HOUR, "gap": 16 * HOUR}, 5 * HOUR),
        ({"arrived_at": NOW - 90 * DAY, "gap": HOUR}, DAY),
        ({"first_at": NOW - 30 * HOUR}, 3 * HOUR),
        ({"arrived_at": NOW, "gap": 16 * HOUR, "overlap": 20}, HOUR),
    ],
)
def test_the_pace_follows_how_often_a_feed_has_something_new(habits, wait):
    assert near(after_success(FEED, learned(**habits), NOW), wait)


def test_a_feed_that_tells_of_a_live_event_is_asked_at_its_floor():
    quiet = learned(arrived_at=NOW - 50 * DAY)
    assert near(after_success(FEED, quiet, NOW), DAY)
    assert near(after_success(FEED, replace(quiet, hot_until=NOW + HOUR), NOW), HOUR)
    assert near(after_success(FEED, replace(quiet, hot_until=NOW), NOW), DAY)
    assert near(after_success(FEED, replace(quiet, hot_until=NOW + HOUR), NOW, 3 * HOUR), 3 * HOUR)


@pytest.mark.parametrize(
    ("weight", "failures", "hours"),
    [
        ("hard", 1, 2), ("hard", 5, 6), ("hard", 99, 24), ("soft", 1, 1.5), ("soft", 4, 3), ("passing", 4, 2),
        ("throttled", 1, 4), ("throttled", 2, 7), ("truncated", 1, 0.25), ("truncated", 9, 1),
    ],
)  # fmt: skip
def test_failures_in_a_row_make_the_wait_longer_in_even_steps(weight, failures, hours):
    assert near(after_failure(FEED, replace(STATE, failures=failures), weight, NOW), hours * HOUR)


def test_what_fails_before_it_ever_gave_validators_is_tried_again_within_hours():
    assert near(after_failure(FEED, replace(STATE, etag=None, failures=1), "soft", NOW), 1.5 * HOUR)


def test_what_is_gone_is_never_asked_again():
    assert after_failure(FEED, replace(STATE, failures=1), "gone", NOW) == Due(NEVER, NEVER)


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


def test_validators_are_tested_once_a_day_each_at_its_own_hour():
    audited = learned(audited_at=NOW)
    assert not audit_due(audited, NOW + DAY - MINUTE)
    assert audit_due(audited, NOW + DAY * 1.1)
    assert not audit_due(replace(audited, etag=None), NOW + 2 * DAY)
    assert not audit_due(STATE, NOW + 2 * DAY)


@given(
    st.sampled_from(["hard", "soft", "passing", "throttled"]),
    st.integers(1, 10_000),
    st.timedeltas(timedelta(minutes=1), timedelta(days=7)),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=9999)),
)
def test_a_failing_feed_is_never_asked_early_nor_given_up(weight, failures, interval, asked):
    feed = replace(FEED, interval=interval)
    due = after_failure(feed, replace(STATE, failures=failures), weight, NOW, asked)
    assert NOW + interval <= due.at <= NOW + max(interval, DAY) + SPREAD


spans = st.timedeltas(timedelta(0), timedelta(days=40))


@given(
    interval=st.none() | st.timedeltas(MINUTE, 2 * DAY),
    fresh_for=st.none() | spans,
    ttl=st.none() | spans,
    gap=st.none() | spans,
    quiet=st.none() | spans,
    hot=st.booleans(),
    hours=st.frozensets(st.integers(0, 23)),
    days=st.frozensets(st.integers(0, 6)),
)
def test_whatever_was_learned_no_request_is_early(interval, fresh_for, ttl, gap, quiet, hot, hours, days):
    habits = Habits(
        ttl=ttl,
        gap=gap,
        arrived_at=None if quiet is None else NOW - quiet,
        skip_hours=tuple(hours),
        skip_days=tuple(days),
    )
    state = replace(STATE, habits=habits, hot_until=NOW + DAY if hot else None)
    due = after_success(replace(FEED, interval=interval), state, NOW, fresh_for)
    nothing = timedelta(0)
    least = max(interval or HOUR, min(fresh_for or nothing, DAY), min(ttl or nothing, DAY))
    assert NOW + least <= due.floor <= due.at
    if len(hours) < 24 and len(days) < 7:
        assert due.at.hour not in hours
        assert due.floor.hour not in hours
        assert due.at.weekday() not in days
