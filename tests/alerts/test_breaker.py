"""When a channel is taken for down and for up again: a row for each sort of answer, and what always holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.breaker import Breaker
from alerts.records import Outcome
from alerts.retry import RetryPolicy

NOON = datetime(2031, 5, 17, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy()
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DOWN = Outcome("transient", "unreachable", "refused", wide=True)
CUT = Outcome("ambiguous", "timeout", "no answer", wide=True)
OK = Outcome("sent", "ok")
REFUSED = Outcome("bad_credential", "535", "no")


def after(*outcomes: Outcome, breaker: Breaker | None = None, **more: Any) -> Breaker:
    """What so many attempts in a row show, a second apart from noon on."""
    known = breaker or Breaker()
    for n, outcome in enumerate(outcomes):
        known = known.after(outcome, NOON + n * SECOND, POLICY, **more)
    return known


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([DOWN] * 4, "closed"),
        ([DOWN] * 5, "open"),
        ([CUT, DOWN, CUT, DOWN, CUT], "open"),
        ([*[DOWN] * 4, OK, *[DOWN] * 4], "closed"),
        ([*[DOWN] * 4, Outcome("bad_target", "550"), *[DOWN] * 4], "closed"),
        ([*[DOWN] * 4, Outcome("bad_content", "552"), *[DOWN] * 4], "closed"),
        ([*[DOWN] * 4, Outcome("transient", "451"), DOWN], "open"),
        ([Outcome("transient", "451")] * 50, "closed"),
        ([Outcome("ambiguous", "exception")] * 50, "closed"),
        ([Outcome("bad_target", "550", wide=True)] * 50, "closed"),
        ([REFUSED], "open"),
        ([OK, REFUSED], "open"),
        ([*[DOWN] * 5, OK], "open"),
    ],
)
def test_only_failures_of_the_way_in_a_row_open_it(outcomes: list[Outcome], state: str) -> None:
    assert after(*outcomes).state == state


def test_it_says_since_when_and_why() -> None:
    failing = after(DOWN, CUT, DOWN, DOWN, CUT)
    assert (failing.since, failing.failures, failing.because) == (NOON, 5, "timeout no answer")
    assert not failing.lets(NOON + HOUR)


@pytest.mark.parametrize(
    ("outcome", "wait"),
    [
        (DOWN, MINUTE),
        (Outcome("transient", "429", retry_after=7 * SECOND, wide=True), MINUTE),
        (Outcome("transient", "429", retry_after=2 * HOUR, wide=True), 2 * HOUR),
        (Outcome("transient", "429", retry_after=900 * HOUR, wide=True), 24 * HOUR),
        (REFUSED, 10 * MINUTE),
        (Outcome("bad_credential", "535", retry_after=HOUR), HOUR),
    ],
)
def test_it_waits_a_minute_for_the_next_probe_or_as_long_as_it_was_asked_to(outcome: Outcome, wait: timedelta) -> None:
    opened = after(outcome, breaker=after(*[DOWN] * 4))
    assert opened.moment() == NOON + wait
    assert not opened.wants_probe(NOON + wait - SECOND)
    assert opened.wants_probe(NOON + wait)
    probing = opened.tries()
    assert (probing.state, probing.moment(), probing.wants_probe(NOON + wait)) == ("half-open", None, False)
    again = after(outcome, breaker=probing, probe=True)
    assert (again.state, again.moment(), again.since) == ("open", NOON + wait, NOON)


@pytest.mark.parametrize(
    "outcome", [OK, Outcome("bad_target", "550"), Outcome("bad_content", "552"), Outcome("transient", "451")]
)
def test_a_probe_that_got_through_closes_it_whatever_became_of_the_message(outcome: Outcome) -> None:
    assert after(outcome, breaker=after(REFUSED).tries(), probe=True) == Breaker()


def test_what_began_before_it_opened_decides_nothing_but_may_add_a_wait() -> None:
    opened = after(*[DOWN] * 5)
    assert after(OK, Outcome("transient", "451"), breaker=opened) == opened
    assert after(DOWN, breaker=opened).moment() == opened.moment()
    refused = after(REFUSED, breaker=opened)
    assert (refused.moment(), refused.because) == (NOON + 10 * MINUTE, "535 no")
    assert after(DOWN, breaker=opened.tries()).state == "half-open"


def test_a_far_end_that_asks_everybody_to_wait_is_left_alone_without_being_taken_for_down() -> None:
    asked = after(Outcome("transient", "429", retry_after=7 * SECOND, wide=True))
    assert (asked.state, asked.moment()) == ("closed", NOON + 7 * SECOND)
    assert not asked.lets(NOON + 6 * SECOND)
    assert asked.lets(NOON + 7 * SECOND)
    assert not after(OK, breaker=asked).lets(NOON + 6 * SECOND)


def test_each_tenth_probe_in_vain_another_delivery_is_tried_as_well() -> None:
    known = after(*[DOWN] * 5)
    at_once = []
    for n in range(1, 42):
        known = known.tries().after(DOWN, NOON, POLICY, probe=True)
        if known.aside:
            at_once.append(n)
            assert known.wants_probe(NOON)
    assert at_once == [10, 20, 30, 40]


def test_with_nothing_else_to_try_it_waits_for_the_next_minute() -> None:
    known = after(*[DOWN] * 5)
    for _ in range(10):
        known = known.tries().after(DOWN, NOON, POLICY, probe=True)
    alone = known.without_probe(NOON, POLICY)
    assert (alone.aside, alone.moment()) == (False, NOON + MINUTE)


OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(["sent", "transient", "ambiguous", "bad_target", "bad_credential", "bad_content"]),
    retry_after=st.none() | st.timedeltas(timedelta(0), timedelta(days=400)),
    wide=st.booleans(),
)


@given(st.lists(st.tuples(OUTCOMES, st.integers(0, 4000))))
def test_it_never_shuts_for_good_and_never_lets_more_than_one_through_while_open(
    history: list[tuple[Outcome, int]],
) -> None:
    known, now = Breaker(), NOON
    for outcome, seconds in history:
        now += timedelta(seconds=seconds)
        probe = known.wants_probe(now)
        if probe:
            known = known.tries()
            assert not known.wants_probe(now + timedelta(days=9))
        if probe or known.lets(now):
            known = known.after(outcome, now, POLICY, probe=probe)
        moment = known.moment()
        assert moment is None or moment <= now + POLICY.longest_wait
        assert (known.state == "closed") == (known.probe_at is None)
        later = now + POLICY.longest_wait
        assert known.lets(later) or known.wants_probe(later)
