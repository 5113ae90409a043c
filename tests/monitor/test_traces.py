from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.traces import began, is_trace, trace_of

MOMENTS = st.integers(0, (2**32 - 1) * 10**6).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)


def test_a_trace_is_the_same_in_every_process():
    assert trace_of("https://a.example/feed", datetime(2031, 5, 17, 12, 0, 0, 250_000, UTC)) == "737100c033bc3041"


@given(st.text(), MOMENTS)
def test_a_trace_says_in_which_second_it_began(what: str, at: datetime):
    trace = trace_of(what, at)
    assert is_trace(trace)
    assert began(trace) == at.replace(microsecond=0)


@given(MOMENTS, MOMENTS)
def test_traces_sort_by_time(one: datetime, other: datetime):
    if abs(one - other) >= timedelta(seconds=1):
        assert (trace_of("a", one) < trace_of("a", other)) == (one < other)


def test_feeds_polled_in_one_moment_have_traces_of_their_own():
    at = datetime(2031, 5, 17, 12, tzinfo=UTC)
    assert len({trace_of(f"https://a.example/{n}", at) for n in range(1_000)}) == 1_000


@pytest.mark.parametrize(
    "text", ["", "ru-ua.talks_round.1", "735B00C0F0D40D32", "735b00c0f0d40d3", "https://a.example"]
)
def test_other_ids_are_no_traces(text: str):
    assert not is_trace(text)
