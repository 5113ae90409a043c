"""PURE: which entries of a feed are new, and which were there before the watch."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from extractors.records import Entry


@dataclass(frozen=True, slots=True)
class SortedOut:
    """Entries not seen before, each list in the feed's order: `new` are to be read, `baseline` only remembered."""

    new: tuple[Entry, ...]
    baseline: tuple[Entry, ...]


def new_entries(
    entries: Sequence[Entry], known_ids: Collection[str], known_urls: Collection[str] = ()
) -> tuple[Entry, ...]:
    """Entries whose id and address are both unknown. A second entry of one address is an echo of the first.

    Feeds change guids of what they keep showing (a headline in the guid, miniflux#2358), so the address counts too.
    """
    ids, urls = set(known_ids), set(known_urls)
    fresh: list[Entry] = []
    for entry in entries:
        if entry.id in ids or (entry.url and entry.url in urls):
            # What is known by id also vouches for its address.
            urls.add(entry.url)
            continue
        fresh.append(entry)
        ids.add(entry.id)
        urls.add(entry.url)
    return tuple(fresh)


def sort_out(
    entries: Sequence[Entry],
    known_ids: Collection[str],
    *,
    first_poll: bool,
    began: datetime | None,
    max_age: timedelta,
    now: datetime,
    known_urls: Collection[str] = (),
) -> SortedOut:
    """Split what a poll brought (DESIGN §5). `began`: when the feed's earliest watch began, if it did.

    In a feed's first poll, entries without a date, published before the watch began, or `max_age` ago and more are
    baseline: remembered, not fetched. Later everything unknown is read; the policy decides by its date whether it
    rings, and what is old still informs events.
    """
    fresh = new_entries(entries, known_ids, known_urls)
    if not first_poll:
        return SortedOut(fresh, ())
    oldest = now - max_age if began is None else max(began, now - max_age)
    dated = {entry.id for entry in fresh if entry.published is not None and entry.published > oldest}
    return SortedOut(
        tuple(entry for entry in fresh if entry.id in dated), tuple(entry for entry in fresh if entry.id not in dated)
    )
