"""How fast a far end may be sent to."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.bucket import Bucket, Pace

NOON = datetime(2031, 5, 17, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def moments(pace: Pace, wanted: list[float]) -> list[float]:
    """When messages go that are wanted at these seconds, in order."""
    bucket, went = Bucket(pace), []
    now = NOON
    for second in wanted:
        now = max(now, NOON + timedelta(seconds=second))
        now += bucket.wait(now)
        assert not bucket.wait(now)
        bucket = bucket.take(now)
        went.append((now - NOON).total_seconds())
    return went


def test_slack_takes_one_a_second_and_saves_nothing_up() -> None:
    assert moments(Pace(SECOND), [0, 0, 0, 10, 10, 10.5]) == [0, 1, 2, 10, 11, 12]


def test_a_burst_goes_at_once_and_then_one_by_one_until_it_has_filled_up_again() -> None:
    pace = Pace(SECOND, burst=3)
    assert moments(pace, [0] * 5) == [0, 0, 0, 1, 2]
    assert moments(pace, [0] * 3 + [2] * 4) == [0, 0, 0, 2, 2, 3, 4]
    assert moments(pace, [0] * 3 + [60] * 4) == [0, 0, 0, 60, 60, 60, 61]


@given(
    every=st.integers(1, 5000),
    burst=st.integers(1, 20),
    gaps=st.lists(st.integers(0, 20_000), min_size=1, max_size=60),
)
def test_no_window_holds_more_than_the_burst_and_what_its_length_allows(
    every: int, burst: int, gaps: list[int]
) -> None:
    wanted = [sum(gaps[: n + 1]) / 1000 for n in range(len(gaps))]
    pace = Pace(timedelta(milliseconds=every), burst)
    went = moments(pace, wanted)
    for n, first in enumerate(went):
        for k, last in enumerate(went[n:]):
            assert k + 1 <= burst + (last - first) * 1000 / every + 1e-6
    # Nobody waits who need not: after a rest as long as all of them take, the next one goes when it is wanted.
    rested = went[-1] + (burst * every + 1) / 1000
    assert moments(pace, [*wanted, rested])[-1] < rested + 1e-5


@given(back=st.integers(0, 10**8), taken=st.integers(1, 5))
def test_a_clock_that_is_set_back_costs_one_wait_at_most(back: int, taken: int) -> None:
    bucket = Bucket(Pace(SECOND, burst=5))
    for _ in range(taken):
        bucket = bucket.take(NOON)
    earlier = NOON - timedelta(seconds=back)
    bucket = bucket.at(earlier)
    assert bucket.wait(earlier) <= SECOND
    assert bucket.at(earlier + SECOND).wait(earlier + SECOND) == timedelta(0)
    if back == 0:
        assert bucket.wait(earlier) == max(timedelta(0), (taken - 4) * SECOND)
