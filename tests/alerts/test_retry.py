"""What follows an attempt: a row per outcome, and the shape of the back-off."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.records import WAITING, Outcome
from alerts.retry import RetryPolicy, backoff, next_step

FIRST = datetime(2031, 5, 17, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy()
HOUR = timedelta(hours=1)
SOON = timedelta(seconds=20)


@pytest.mark.parametrize(
    ("kind", "attempts", "age", "wished", "state", "rule"),
    [
        ("sent", 1, SOON, None, "sent", "sent"),
        ("sent", 50, 90 * HOUR, None, "sent", "sent"),
        ("transient", 1, SOON, None, "retry", "back-off"),
        ("transient", 1, SOON, HOUR, "retry", "retry-after"),
        ("transient", 40, 47 * HOUR, None, "retry", "back-off"),
        ("transient", 40, 48 * HOUR, None, "dead", "given-up"),
        ("transient", 1, 90 * HOUR, None, "retry", "back-off"),
        ("ambiguous", 1, SOON, None, "ambiguous", "resend-same-id"),
        ("ambiguous", 40, 48 * HOUR, None, "dead", "given-up"),
        ("bad_target", 1, SOON, None, "dead", "bad-target"),
        ("bad_content", 1, SOON, None, "dead", "bad-content"),
        ("bad_credential", 1, SOON, None, "retry", "credential-pause"),
        ("bad_credential", 400, 90 * HOUR, None, "retry", "credential-pause"),
    ],
)
def test_every_outcome_has_its_next_step(
    kind: str, attempts: int, age: timedelta, wished: timedelta | None, state: str, rule: str
) -> None:
    outcome = Outcome(kind, retry_after=wished)
    then = next_step(outcome, attempts, FIRST, FIRST + age, POLICY, "d1")
    assert (then.state, then.rule) == (state, rule)
    assert (then.at is not None) == (state in WAITING)


def test_a_far_end_that_asks_for_more_time_gets_exactly_that() -> None:
    now = FIRST + SOON
    then = next_step(Outcome("transient", retry_after=timedelta(seconds=700)), 1, FIRST, now, POLICY, "d1")
    assert then.at == now + timedelta(seconds=700)


def test_a_wait_that_was_asked_for_is_called_so_even_when_ours_is_longer() -> None:
    then = next_step(Outcome("transient", retry_after=timedelta(microseconds=1)), 12, FIRST, FIRST, POLICY, "d1")
    assert (then.rule, then.at) == ("retry-after", FIRST + backoff("d1", 12, POLICY))


def test_a_far_end_that_asks_for_years_gets_a_day() -> None:
    then = next_step(Outcome("transient", retry_after=timedelta(days=3000)), 1, FIRST, FIRST, POLICY, "d1")
    assert then.at == FIRST + timedelta(days=1)


def test_refused_credentials_pause_for_as_long_as_the_policy_says() -> None:
    then = next_step(Outcome("bad_credential"), 1, FIRST, FIRST, RetryPolicy(pause=HOUR), "d1")
    assert then.at == FIRST + HOUR


def test_the_last_try_is_at_the_moment_of_giving_up() -> None:
    now = FIRST + 48 * HOUR - timedelta(seconds=2)
    ats = {next_step(Outcome("transient"), 40, FIRST, now, POLICY, f"d{n}").at for n in range(50)}
    assert max(at for at in ats if at) == FIRST + 48 * HOUR


@given(attempts=st.integers(1, 10_000), name=st.text(max_size=20), kind=st.sampled_from(["slack", "email", "console"]))
def test_the_wait_lies_between_the_floor_and_the_doubled_base(attempts: int, name: str, kind: str) -> None:
    policy = POLICY.of(kind)
    wait = backoff(name, attempts, policy)
    assert policy.floor <= wait <= min(policy.cap, timedelta(seconds=5 * 2 ** min(attempts - 1, 30)))
    assert wait == backoff(name, attempts, policy)


def test_slack_is_capped_at_a_quarter_of_an_hour_and_mail_at_half_an_hour() -> None:
    for kind, minutes in (("slack", 15), ("slack_webhook", 15), ("email", 30)):
        longest = max(backoff(f"d{n}", 30, POLICY.of(kind)) for n in range(400))
        assert timedelta(minutes=minutes * 0.95) < longest <= timedelta(minutes=minutes)


def test_the_jitter_spreads_deliveries_over_the_whole_wait() -> None:
    waits = [backoff(f"d{n}", 5, POLICY).total_seconds() for n in range(1000)]
    assert 36 < sum(waits) / len(waits) < 44  # uniform over 0–80 s
    assert sum(wait < 8 for wait in waits) > 50


def test_the_jitter_is_the_same_in_every_process() -> None:
    # the first 16 hex digits of sha256("d1\n3"), over 2**64, times 20 s
    assert backoff("d1", 3, POLICY) == timedelta(seconds=12, microseconds=269838)
