"""What `parley feeds` shows: the feeds of the configuration beside what the store remembers of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from monitor.records import Feed, FeedState
from monitor.store import entries, open_store
from monitor.store import feeds as stored

HEAD = ("url", "outlet", "family", "lang", "last success", "next", "failures", "entries", "last error")


def states(store_url: str) -> tuple[Mapping[str, FeedState], Mapping[str, Mapping[str, int]]]:
    """What the store knows, by address; nothing when there is no store yet. Raises StoreError when it cannot open."""
    address = make_url(store_url)
    if address.get_backend_name() == "sqlite" and not _is_file(address.database):
        return {}, {}
    store = open_store(store_url)
    try:
        with store.read() as tx:
            return {each.url: each for each in stored.all_states(tx)}, entries.counts(tx)
    finally:
        store.close()


def rows(
    feeds: Sequence[Feed], known: Mapping[str, FeedState], counts: Mapping[str, Mapping[str, int]]
) -> list[tuple[str, ...]]:
    """One row a feed in the order of the configuration, under HEAD. Times are UTC to the minute."""
    out: list[tuple[str, ...]] = []
    for feed in feeds:
        state = known.get(feed.url)
        seen = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.get(feed.url, {}).items()))
        row = (feed.url, feed.outlet, feed.family, feed.language or "-")
        if state is None:
            out.append((*row, "-", "-", "-", seen or "-", "-"))
            continue
        error = (state.last_error or "-") if state.failures else "-"
        times = (_minute(state.succeeded_at), _minute(state.next_at))
        out.append((*row, *times, str(state.failures), seen or "-", error))
    return out


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%MZ") if moment else "-"


def _is_file(database: str | None) -> bool:
    return database is not None and Path(database).is_file()
