"""What the operator is told of the sources: one message when some have been bad for long, one when they are well again.

Notices go the way of alerts, through the outbox, so that they are as lasting; they are of kind `self`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from alerts.records import Alert, Fact, Source
from alerts.rules import Mailing, Route
from monitor.health import notices, told
from monitor.mailing import post
from monitor.notices import notice
from monitor.plain import bare
from monitor.records import Feed, FeedState
from monitor.store import feeds

Turn = Literal["bad", "well"]


def notify(
    tx: Connection,
    configured: Mapping[str, Feed],
    *,
    to: Sequence[str],
    after: timedelta,
    mailing: Mailing,
    now: datetime,
) -> tuple[Alert, ...]:
    """Write the notices that are due within the transaction, and remember that they were. At most one of each turn."""
    states = [state for state in feeds.all_states(tx) if state.url in configured]
    due = notices(states, now, after)
    made = []
    turns: tuple[tuple[Turn, tuple[FeedState, ...]], ...] = (("bad", due.bad), ("well", due.well))
    for turn, about in turns:
        if not about:
            continue
        told_now = _notice(turn, about, configured, now)
        routes = (Route(tuple(to)),) if to else ()
        post(tx, told_now, replace(mailing, routes=routes), now, earlier=False)
        made.append(told_now)
        for state in about:
            habits = replace(state.habits, noticed=now if turn == "bad" else None)
            feeds.save(tx, replace(state, habits=habits))
    return tuple(made)


def _notice(turn: Turn, about: Sequence[FeedState], configured: Mapping[str, Feed], now: datetime) -> Alert:
    many = "1 source" if len(about) == 1 else f"{len(about)} sources"
    verb = "is" if len(about) == 1 else "are"
    title = f"{many} {verb} in trouble" if turn == "bad" else f"{many} {verb} well again"
    facts = tuple(_fact(turn, state, configured[state.url], now) for state in about)
    return notice(
        title,
        facts,
        turn=turn,
        event_id=f"self-sources-{now:%Y%m%dT%H%M%S}-{turn}",
        label="sources",
        count=len(about),
        advice="`parley feeds` shows every source and what is known of it",
        now=now,
    )


def _fact(turn: Turn, state: FeedState, feed: Feed, now: datetime) -> Fact:
    habits = state.habits
    span = told(now - (habits.since or now))
    what = f"{habits.health} for {span} ({habits.evidence})" if turn == "bad" else f"{habits.health} for {span}"
    return Fact("source", f"{what} {bare(feed.url)}", Source(bare(feed.url), None, feed.outlet, feed.family, None, now))
