"""The records of the monitor: feeds and their state, watches, events. Frozen, with aware UTC datetimes."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from alerts.records import Rings
from extractors.records import Claim, Dating, Names


class MonitorError(Exception):
    """Root of what this package raises; the message says what happened, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Feed:
    """An address polled for news. `interval` is the operator's own choice; `zone` is for dates without one (IANA).

    `sitemap` is the outlet's news sitemap, by which the feed is checked for completeness. Without `pages` what the feed
    itself says is read, and no page is asked for.
    """

    url: str
    outlet: str
    family: str
    language: str | None = None
    zone: str = "UTC"
    interval: timedelta | None = None
    watches: tuple[str, ...] = ()
    sitemap: str | None = None
    pages: bool = True


SourceState = Literal["ok", "slow", "silent", "failing", "blocked", "lying", "truncated", "garbled", "gone"]


@dataclass(frozen=True, slots=True)
class Habits:
    """What was learned of a feed. Times are aware UTC.

    `address` is where it lives since it moved for good, `validated` where the validators came from if that was the end
    of a redirect (reference: polling 27, 28). `digest` is that of the last body that was read. `ttl`, `skip_hours`
    (GMT) and `skip_days` (0 is Monday) are what the feed asks of readers, `hubs` are its WebSub hubs. `overlap` is the
    share (per cent) of the entries shown last that the feed had shown before. `arrived_at` is the last poll that
    brought something new, `gap` the mean time between two new entries, `longest_gap` the longest between two arrivals,
    `newest` the latest publication. `audited_at` is the last whole answer, `doubted_at` when validators were found to
    lie, `suspicions` how many tests in a row spoke against them. `took` is the mean time of an answer. `garbled` and
    `cut` count such answers in a row, `blocked` refusals of programs. `health`, `since` and `evidence` are the source's
    state; `noticed` is when the operator was told of it. `checked_at` is the last comparison with the sitemap, `missed`
    of how many `listed` the feed never showed; before `sitemap_at` the sitemap is not asked again.
    """

    address: str | None = None
    validated: str | None = None
    digest: str | None = None
    ttl: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    hubs: tuple[str, ...] = ()
    overlap: int | None = None
    first_at: datetime | None = None
    arrived_at: datetime | None = None
    gap: timedelta | None = None
    longest_gap: timedelta | None = None
    newest: datetime | None = None
    audited_at: datetime | None = None
    doubted_at: datetime | None = None
    suspicions: int = 0
    outcome: str = ""
    took: timedelta | None = None
    garbled: int = 0
    cut: int = 0
    blocked: int = 0
    health: SourceState = "ok"
    since: datetime | None = None
    evidence: str = ""
    noticed: datetime | None = None
    checked_at: datetime | None = None
    sitemap_at: datetime | None = None
    missed: int = 0
    listed: int = 0


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the store remembers of a feed between polls. Validators are opaque and one set (reference: polling 1-8).

    `floor_at` is the earliest moment at which it may be asked again, whatever hurries; `hot_until` how long it tells of
    a planned or live event. `read_at` is when a body of it was last read.
    """

    url: str
    next_at: datetime
    etag: str | None = None
    last_modified: str | None = None
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    entries_seen: int = 0
    known: bool = False
    floor_at: datetime | None = None
    hot_until: datetime | None = None
    read_at: datetime | None = None
    habits: Habits = Habits()


@dataclass(frozen=True, slots=True)
class Series:
    """A run of talks of one format, within which ordinals count. `end` None: still open."""

    id: str
    title: str
    kind: str
    start: dt.date
    end: dt.date | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two claims of a topic one event (DESIGN §4).

    `window`: how long an undated claim joins the live event. `slack`: days by which two dated claims may differ.
    `label` and `done`: what people call such an event and its end ("prisoner exchange", "carried out").
    `ordinals`: whether ordinals count within a `series`, within a `year`, or mean nothing for identity (`none`).
    `deals`: agreements may be carried out by separate events. `parts`: one event may take several days or legs.
    """

    topic: str
    label: str
    window: timedelta
    slack: int = 1
    ordinals: Literal["series", "year", "none"] = "none"
    deals: bool = False
    parts: bool = False
    rings: bool = True
    done: str = "concluded"


@dataclass(frozen=True, slots=True)
class Watch:
    """What is tracked: `names` for extractors, `identities` (by topic) and `series` for resolve, `rings` for alerts.

    `baseline` are the files of the stories that are read when the watch begins.
    """

    id: str
    title: str
    names: Names
    identities: Mapping[str, Identity]
    series: tuple[Series, ...]
    rings: Rings
    baseline: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Saying:
    """One claim as it joined an event: who said what when.

    `independent` is False for a copy of another article; `sketch` are the hashed word shingles that tell.
    """

    claim: Claim
    url: str
    title: str | None
    outlet: str
    family: str
    published: datetime | None
    seen: datetime
    independent: bool = True
    sketch: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing in the world, told by many claims.

    `id` is fixed when the event opens, from the watch and its first claim, and never changes. `date` is the best known.
    `sayings` keep what each source said, oldest first; conflicts stay in them. `told` are the alerts so far as (reason,
    status). `parent` is the deal that this event carries out. `days` are the days on which parts of it were reported.
    `closed` by hand: no claim joins it any more. `merged_into` is set on what is left of an event that was merged.
    """

    id: str
    watch: str
    kind: str
    status: str
    date: Dating | None
    place: str | None
    ordinal: int | None
    series: str | None
    counts: Mapping[str, int]
    parties: tuple[str, ...]
    opened: datetime
    touched: datetime
    sayings: tuple[Saying, ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    baseline: bool = False
    parent: str | None = None
    days: tuple[dt.date, ...] = ()
    confirmed: int = 1
    closed: bool = False
    history: tuple[str, ...] = field(default=())
    merged_into: str | None = None
