from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.health import judged, notices, patience, told
from monitor.records import FeedState, Habits

NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STATE = FeedState("https://a.org/feed", NOW)


def of(*, failures: int = 0, last_error: str | None = None, **habits: object) -> FeedState:
    return replace(STATE, failures=failures, last_error=last_error, habits=Habits(**habits))


@pytest.mark.parametrize(
    ("state", "health", "says"),
    [
        (of(), "ok", ""),
        (of(failures=1, last_error="timeout: slow"), "failing", "timeout: slow"),
        (of(failures=7, last_error="status 404: gone?"), "failing", "7 times in a row: status 404: gone?"),
        (of(failures=2, last_error="challenge page", blocked=2), "blocked", "challenge page"),
        (of(failures=1, last_error="truncated: after 9", cut=1), "truncated", "after 9"),
        (of(outcome="gone", failures=1, last_error="gone: 410"), "gone", "410"),
        (of(outcome="merged", last_error="moved to b"), "gone", "moved to b"),
        (of(garbled=1), "garbled", "charset"),
        (of(doubted_at=NOW), "lying", "304"),
        (of(took=11 * timedelta(seconds=1)), "slow", "11 s"),
        (of(arrived_at=NOW - 4 * DAY, gap=HOUR, longest_gap=DAY), "silent", "longest pause was 1 d"),
        (of(arrived_at=NOW - 4 * DAY, gap=6 * HOUR, longest_gap=DAY), "ok", ""),
        (of(arrived_at=NOW - 4 * DAY), "ok", ""),  # too little is known of it
        (of(first_at=NOW - 4 * DAY, gap=HOUR, longest_gap=HOUR), "silent", "nothing new since 2025-05-12"),
        (of(failures=1, last_error="dns", doubted_at=NOW, garbled=1), "failing", "dns"),
    ],
)
def test_a_source_has_one_state_the_gravest_with_its_evidence(state, health, says):
    found = judged(state, NOW).habits
    assert found.health == health
    assert says in found.evidence
    assert found.since == NOW


def test_a_state_keeps_the_moment_since_when_it_holds():
    failing = judged(of(failures=1, last_error="dns"), NOW)
    worse = judged(replace(failing, failures=2), NOW + HOUR)
    assert worse.habits.since == NOW
    well = judged(replace(worse, failures=0, last_error=None), NOW + 2 * HOUR)
    assert (well.habits.health, well.habits.since) == ("ok", NOW + 2 * HOUR)


def test_silence_is_judged_by_the_feeds_own_rate():
    assert patience(Habits()) is None
    assert patience(Habits(gap=timedelta(minutes=5), longest_gap=HOUR)) == 12 * HOUR
    assert patience(Habits(gap=HOUR, longest_gap=9 * HOUR)) == 27 * HOUR
    assert patience(Habits(gap=3 * DAY, longest_gap=7 * DAY)) == 60 * DAY


def test_the_operator_is_told_once_of_what_is_bad_for_long_and_once_when_it_is_well_again():
    bad = of(health="failing", since=NOW - 25 * HOUR)
    young = of(health="failing", since=NOW - 23 * HOUR)
    noticed = of(health="failing", since=NOW - 3 * DAY, noticed=NOW - DAY)
    well = of(health="ok", since=NOW, noticed=NOW - DAY)
    slow = of(health="slow", since=NOW - 9 * DAY)
    due = notices([bad, young, noticed, well, slow], NOW, DAY)
    assert due.bad == (bad,)
    assert due.well == (well,)


@pytest.mark.parametrize(
    ("span", "words"),
    [(timedelta(seconds=40), "40 s"), (timedelta(minutes=25), "25 min"), (3 * HOUR, "3 h"), (1.5 * HOUR, "1 h 30 min"),
     (76 * HOUR, "3 d 4 h"), (2 * DAY, "2 d")],
)  # fmt: skip
def test_spans_are_told_in_words(span, words):
    assert told(span) == words
