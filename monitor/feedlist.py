"""What `parley feeds` shows: the feeds of the configuration beside what the store remembers of them, a line each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import make_url

from monitor import schedule
from monitor.health import BAD, told
from monitor.plain import printable
from monitor.records import Feed, FeedState
from monitor.store import Store, entries, open_store
from monitor.store import feeds as stored
from monitor.store import journal as stored_journal
from monitor.store.journal import Line

# What a source can be: the states of health, and one of those that were never asked.
STATES = ("ok", "slow", "silent", "failing", "blocked", "lying", "truncated", "garbled", "gone", "new")
HEAD = ("state", "outlet", "last new", "next poll", "every", "evidence", "url")
WIDTH = 120
_OUTLET = 20
_EVIDENCE = 16


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the store knows, sleeping feeds included: states and the outcomes of entries by address, and the journal."""

    states: Mapping[str, FeedState]
    entries: Mapping[str, Mapping[str, int]]
    journal: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """One feed (with the interval in force) and what is remembered of it; `health` is one of STATES."""

    feed: Feed
    state: FeedState | None
    health: str

    @property
    def bad(self) -> bool:
        return self.health in BAD


def opened(store_url: str) -> Store | None:
    """The store, or None when there is none yet: to look at feeds makes none. Raises StoreError when it cannot open."""
    address = make_url(store_url)
    if address.get_backend_name() == "sqlite" and not (address.database and Path(address.database).is_file()):
        return None
    return open_store(store_url)


def remembered(store_url: str, *, journal_since: datetime | None = None) -> Remembered:
    """What the store knows; nothing when there is none yet. The journal only with a moment to begin at (aware UTC)."""
    store = opened(store_url)
    if store is None:
        return Remembered({}, {})
    try:
        with store.read() as tx:
            states = {each.url: each for each in stored.all_states(tx, inactive=True)}
            lines = stored_journal.lines(tx, since=journal_since) if journal_since else ()
            return Remembered(states, entries.counts(tx), lines)
    finally:
        store.close()


def listed(feeds: Sequence[Feed], known: Mapping[str, FeedState]) -> tuple[Listed, ...]:
    """The feeds in the order of the configuration. One whose address was brought up to date has its state from before
    (`store.feeds.sync` will move it)."""
    moved = {state.habits.address: state for state in known.values() if state.habits.address}
    out: list[Listed] = []
    for feed in feeds:
        state = known.get(feed.url) or moved.get(feed.url)
        asked = state is not None and state.polled_at is not None
        out.append(Listed(feed, state, state.habits.health if asked and state is not None else "new"))
    return tuple(out)


def chosen(rows: Sequence[Listed], state: str | None) -> tuple[Listed, ...]:
    """Those in a state of STATES, or in any that the operator is told of (`bad`), or all."""
    if state is None:
        return tuple(rows)
    return tuple(row for row in rows if (row.bad if state == "bad" else row.health == state))


def counted(rows: Sequence[Listed]) -> str:
    """`300 feeds: 290 ok, 8 failing, 2 new`."""
    number = Counter(row.health for row in rows)
    parts = ", ".join(f"{number[state]} {state}" for state in STATES if number[state])
    return f"{len(rows)} feed{'' if len(rows) == 1 else 's'}" + (f": {parts}" if parts else "")


def every(row: Listed) -> timedelta | None:
    """The interval in force, learned pace included; None when it is never asked again."""
    feed, state = row.feed, row.state
    if state is None or state.polled_at is None:
        return feed.interval or schedule.INTERVAL
    if state.next_at >= schedule.NEVER:
        return None
    least = schedule.base(feed, state)
    hot = state.hot_until is not None and state.polled_at < state.hot_until
    return least if hot else schedule.pace(state, state.polled_at, least)


def table(rows: Sequence[Listed], width: int = WIDTH) -> list[str]:
    """A line a feed under HEAD, the address last; evidence is cut to what `width` leaves. Times are UTC."""
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEAD))]
    others = sum(widths) - widths[5] + 2 * (len(HEAD) - 1)
    widths[5] = min(widths[5], max(_EVIDENCE, width - others))
    return [
        "  ".join(_cut(cell, wide).ljust(wide) for cell, wide in zip(row[:-1], widths, strict=False)) + "  " + row[-1]
        for row in cells
    ]


def _cells(row: Listed) -> tuple[str, ...]:
    state, outlet = row.state, _cut(printable(row.feed.outlet), _OUTLET)
    if state is None or state.polled_at is None:
        return row.health, outlet, "-", "-", told(every(row) or timedelta(0)), "-", row.feed.url
    wait, habits = every(row), state.habits
    coming = "never" if state.next_at >= schedule.NEVER else _minute(state.next_at)
    new = _minute(habits.arrived_at or habits.newest)
    evidence = printable(habits.evidence) or "-"
    return row.health, outlet, new, coming, told(wait) if wait else "-", evidence, row.feed.url


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%m-%d %H:%MZ") if moment else "-"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
