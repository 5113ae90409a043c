"""PURE: which entries of a feed are new, and which were there before the watch."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from extractors.records import Entry


@dataclass(frozen=True, slots=True)
class SortedOut:
    """Entries not seen before, each list in the feed's order: `new` are to be read, `baseline` only remembered."""

    new: tuple[Entry, ...]
    baseline: tuple[Entry, ...]


_NO_ADDRESSES: Mapping[str, datetime | None] = {}


def new_entries(
    entries: Sequence[Entry], known_ids: Collection[str], known_urls: Mapping[str, datetime | None] = _NO_ADDRESSES
) -> tuple[Entry, ...]:
    """Entries whose id and address are both unknown. A second entry of one address is an echo of the first.

    Feeds change guids of what they keep showing (a headline in the guid, miniflux#2358), so the address counts too.
    `known_urls` has for each address the latest publication that was given for it: one published later is another.
    """
    ids, urls = set(known_ids), set[str]()
    fresh: list[Entry] = []
    for entry in entries:
        if entry.id in ids or (entry.url and (entry.url in urls or _echo(entry, known_urls))):
            # What is known by id also vouches for its address.
            urls.add(entry.url)
            continue
        fresh.append(entry)
        ids.add(entry.id)
        urls.add(entry.url)
    return tuple(fresh)


def changed(entries: Sequence[Entry], moments: Mapping[str, datetime]) -> tuple[Entry, ...]:
    """Entries whose page says that it has changed: a later date, of publication or change, than `moments` has for its
    address. One entry an address, the latest; what the feed never dated cannot tell."""
    latest: dict[str, tuple[datetime, Entry]] = {}
    for entry in entries:
        dates = [date for date in (entry.published, entry.updated) if date is not None]
        known = latest[entry.url][0] if entry.url in latest else moments.get(entry.url)
        if dates and known is not None and max(dates) > known:
            latest[entry.url] = max(dates), entry
    return tuple(entry for _, entry in latest.values())


def sort_out(
    entries: Sequence[Entry],
    known_ids: Collection[str],
    *,
    first_poll: bool,
    began: datetime | None,
    max_age: timedelta,
    now: datetime,
    known_urls: Mapping[str, datetime | None] = _NO_ADDRESSES,
) -> SortedOut:
    """Split what a poll brought (DESIGN §5). `began`: when the feed's earliest watch began, if it did.

    In a feed's first poll, entries without a date, published before the watch began, or `max_age` ago and more are
    baseline: remembered, not fetched. Later everything unknown is read; the policy decides by its date whether it
    rings, and what is old still informs events. Feeds date to the second, so the second in which the watch begins is
    its own, here as in the policy.
    """
    fresh = new_entries(entries, known_ids, known_urls)
    if not first_poll:
        return SortedOut(fresh, ())
    dated = {
        entry.id
        for entry in fresh
        if entry.published is not None
        and (began is None or entry.published >= began)
        and now - entry.published < max_age
    }
    return SortedOut(
        tuple(entry for entry in fresh if entry.id in dated), tuple(entry for entry in fresh if entry.id not in dated)
    )


def absent(listed: Sequence[Entry], shown: Collection[str]) -> tuple[Entry, ...]:
    """Entries whose address is none of `shown`, however spelt: with http or https, www. or not, a closing slash."""
    known = {_spelt(url) for url in shown}
    return tuple(entry for entry in listed if entry.url and _spelt(entry.url) not in known)


def _spelt(url: str) -> str:
    rest = url.partition("://")[2] or url
    host, _, path = rest.partition("/")
    return f"{host.lower().removeprefix('www.')}/{path}".rstrip("/")


def _echo(entry: Entry, known_urls: Mapping[str, datetime | None]) -> bool:
    """Whether an entry under a new id is what was there before. What rolls on under one address gets later dates."""
    if entry.url not in known_urls:
        return False
    before = known_urls[entry.url]
    return entry.published is None or before is None or entry.published <= before
