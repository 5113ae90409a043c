"""PURE: the state of a source, with its evidence, and which of them the operator is to be told of.

One state each, the gravest first: gone, blocked, failing, truncated, garbled, lying, silent, slow, ok.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.records import FeedState, Habits, SourceState

# An answer that takes as long as this, in the mean, is about to time out.
SLOW = timedelta(seconds=10)
# How much longer than usual a feed brings nothing new before it counts as silent: times the longest pause that was
# seen, times the mean one, and never less than half a day.
PAUSES = 3
GAPS = 20
LEAST_SILENCE = timedelta(hours=12)
# States that the operator is told of. A slow source still brings what it has.
BAD: frozenset[SourceState] = frozenset(
    ("silent", "failing", "blocked", "lying", "truncated", "garbled", "gone"),
)


@dataclass(frozen=True, slots=True)
class Notices:
    """Addresses of sources that have been bad for so long, and of those that are well again after that was told."""

    bad: tuple[FeedState, ...]
    well: tuple[FeedState, ...]


def judged(state: FeedState, now: datetime) -> FeedState:
    """The state with its health as it is `now`; `since` is kept while the health is the same."""
    health, evidence = _health(state, now)
    same = health == state.habits.health and state.habits.since is not None
    since = state.habits.since if same else now
    return replace(state, habits=replace(state.habits, health=health, evidence=evidence, since=since))


def patience(habits: Habits) -> timedelta | None:
    """For how long the source may bring nothing new before it counts as silent; None: not enough is known of it."""
    if habits.longest_gap is None:
        return None
    return max(LEAST_SILENCE, habits.longest_gap * PAUSES, (habits.gap or timedelta(0)) * GAPS)


def notices(states: Iterable[FeedState], now: datetime, after: timedelta) -> Notices:
    """What the operator is to be told `now`: bad for `after` and not told yet; well again, and told that it was bad."""
    bad, well = [], []
    for state in states:
        habits = state.habits
        if habits.health in BAD:
            if habits.noticed is None and habits.since is not None and now - habits.since >= after:
                bad.append(state)
        elif habits.noticed is not None:
            well.append(state)
    return Notices(tuple(bad), tuple(well))


def _health(state: FeedState, now: datetime) -> tuple[SourceState, str]:
    habits = state.habits
    if habits.outcome in ("gone", "merged"):
        return "gone", state.last_error or habits.outcome
    row = f"{state.failures} times in a row: {state.last_error}" if state.failures > 1 else str(state.last_error)
    if habits.blocked:
        return "blocked", row
    if habits.cut:
        return "truncated", row
    if state.failures:
        return "failing", row
    if habits.garbled:
        return "garbled", "its text is damaged: read in a wrong charset, by the server or before it"
    if habits.doubted_at is not None:
        day = habits.doubted_at.strftime("%Y-%m-%d %H:%MZ")
        return "lying", f"on {day} it had news that it had denied by 304; asked without validators, half as often"
    last, limit = habits.arrived_at or habits.first_at, patience(habits)
    if last is not None and limit is not None and now - last > limit:
        usual = told(habits.longest_gap or timedelta(0))
        return "silent", f"nothing new since {last.strftime('%Y-%m-%d %H:%MZ')}; its longest pause was {usual}"
    if habits.took is not None and habits.took > SLOW:
        return "slow", f"an answer takes {habits.took.total_seconds():.0f} s"
    return "ok", ""


def told(span: timedelta) -> str:
    """A span in words: `3 d 4 h`, `25 min`, `40 s`."""
    if span < timedelta(minutes=1):
        return f"{round(span.total_seconds())} s"
    minutes = round(span.total_seconds() / 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {rest} min" if hours and rest else f"{hours} h" if hours else f"{rest} min"
