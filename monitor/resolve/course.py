"""Where an event stands, from all that was said of it, in order of publication and not of arrival.

Folding the sayings by the time of their publication makes the result independent of the order in which articles are
taken in: an older article that arrives late cannot move the status back (DESIGN §4, §5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.records import PHASES
from extractors.records import Dating, Status
from monitor.records import Identity, Saying
from monitor.resolve.times import moment, when_of

# Of two sayings of one moment (articles dated by the day) the later stage is taken to be the later word.
RANK = {s: i for i, s in enumerate(
    ("proposed", "planned", "agreed", "denied", "postponed", "cancelled", "underway", "concluded")
)}  # fmt: skip
OFF_STRENGTH = {"denied": 0, "postponed": 1, "cancelled": 2}
# Outlets that have not heard yet repeat a plan for some hours after it was called off.
STALE = timedelta(hours=12)


@dataclass(slots=True)
class Course:
    """The fold's state: status, since when, the planned days, those given up, whether the plan was moved, and the
    families that told the plan as it stands."""

    status: Status
    since: datetime
    plan: Dating | None = None
    given_up: tuple[Dating, ...] = ()
    moved: bool = False
    planners: tuple[str, ...] = ()


def ordered(sayings: Sequence[Saying]) -> tuple[Saying, ...]:
    """Sayings by publication; equal moments by stage, then by address, so that arrival does not matter."""
    return tuple(sorted(sayings, key=_place_in_time))


def _place_in_time(saying: Saying) -> tuple[datetime, int, str, tuple[tuple[str, int], ...]]:
    spans = tuple((e.field, e.start) for e in saying.claim.evidence)
    return moment(saying), RANK[saying.claim.status], saying.url, spans


def counting(sayings: Sequence[Saying]) -> tuple[Saying, ...]:
    """The sayings that make facts: news if there is any, else what background tells of a past event."""
    news = tuple(s for s in sayings if s.claim.role == "news")
    past = tuple(s for s in sayings if PHASES.get(s.claim.status) == "happened")
    return news or past or tuple(sayings)


def course(sayings: Sequence[Saying], identity: Identity) -> Course:
    """Fold the sayings of one event (at least one) into where it stands."""
    told = ordered(counting(sayings))
    state = Course(told[0].claim.status, moment(told[0]))
    _plan(state, told[0], identity)
    for saying in told[1:]:
        _step(state, saying, identity)
    return state


def _disjoint(a: Dating, b: Dating) -> bool:
    return a.end < b.start or b.end < a.start


def _planned(saying: Saying, identity: Identity) -> Dating | None:
    when = when_of(saying.claim, moment(saying).date(), identity)
    return saying.claim.date if when.kind == "firm" else None


def _plan(state: Course, saying: Saying, identity: Identity) -> bool:
    """Take up the planned days of a saying; True when they moved a plan that had others."""
    days = _planned(saying, identity)
    if days is None or PHASES.get(saying.claim.status) == "happened" or saying.claim.status == "denied":
        return False
    old, state.plan = state.plan, state.plan or days
    if old is None or days == old:
        state.planners = (*state.planners, saying.family)
        return False
    if not _disjoint(old, days):
        if (days.end - days.start) < (old.end - old.start):
            state.plan = days
        return False
    if days in state.given_up and "moved" not in saying.claim.marks:
        return False
    # Outlets that differ by the slack, or at one moment, contradict each other; only a later word moves a plan.
    apart = max((days.start - old.end).days, (old.start - days.end).days)
    own_word = apart > identity.slack or saying.family in state.planners
    if "moved" not in saying.claim.marks and (moment(saying) <= state.since or not own_word):
        return False
    state.given_up, state.plan, state.planners = (*state.given_up, old), days, (saying.family,)
    return True


def _step(state: Course, saying: Saying, identity: Identity) -> None:
    said, at = saying.claim.status, moment(saying)
    now, then = PHASES.get(said), PHASES.get(state.status)
    if now is None or (then == "happened" and now == "ahead"):
        return
    if now == "happened":
        _happened(state, saying, then)
    elif now == "off":
        _off(state, saying, then, identity)
    elif then is None:
        state.status, state.since = said, at
        _plan(state, saying, identity)
    elif then == "ahead":
        moved = _plan(state, saying, identity)
        if moved:
            state.status, state.moved, state.since = "postponed", True, at
        elif RANK[said] > RANK[state.status]:
            state.status, state.since = said, at
        else:
            state.since = at
    else:
        _back(state, saying, identity)


def _happened(state: Course, saying: Saying, then: str | None) -> None:
    said, at = saying.claim.status, moment(saying)
    if then == "happened":
        if RANK[said] > RANK[state.status]:
            state.status, state.since = said, at
        return
    if then == "off" and (at < state.since or (state.status == "denied" and at == state.since)):
        return
    state.status, state.since = said, at


def _off(state: Course, saying: Saying, then: str | None, identity: Identity) -> None:
    said, at = saying.claim.status, moment(saying)
    if state.status == "concluded" or (then == "happened" and said != "denied"):
        return
    if then is None and said == "denied":  # a refused proposal stays proposed (DESIGN §4)
        return
    if then == "off":
        state.moved = _plan(state, saying, identity) or state.moved
        if OFF_STRENGTH[said] > OFF_STRENGTH[state.status]:
            state.status, state.since = said, at
        return
    state.moved = _plan(state, saying, identity)
    state.status, state.since = said, at


def _back(state: Course, saying: Saying, identity: Identity) -> None:
    """Ahead again after off: a later word with days of its own. A recall of what was agreed or planned does not say
    that it is on again; only of what was denied it does."""
    at, days = moment(saying), _planned(saying, identity)
    if at <= state.since:
        return
    if state.status != "denied" and (days is None or days in state.given_up):
        return
    if state.moved and days == state.plan:
        return
    if days == state.plan and state.status != "denied" and at - state.since < STALE:
        return
    if state.moved and days is not None and state.plan is not None and not _disjoint(days, state.plan):
        return
    _plan(state, saying, identity)
    state.status, state.since, state.moved = saying.claim.status, at, False
