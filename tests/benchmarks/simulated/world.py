"""A world of feeds, drawn with a seed: who publishes when, and how each server behaves; one for all ways of polling.

Rates are log-normal, from an item a week to 200 a day; newsrooms sleep at night and at weekends, and now and then have
a day on which everything happens. The shares of validators, max-age, ttl and faults are what reference/polling.md and
its sources report of feeds, rounded.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HISTORY = timedelta(days=21)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

Fault = Literal["503", "500", "timeout", "dns"]


@dataclass(frozen=True, slots=True)
class Item:
    """`appears` is when the server first shows it, `dated` what the item says of itself."""

    guid: str
    appears: datetime
    dated: datetime


@dataclass(frozen=True, slots=True)
class Site:
    """One server with one feed. `items` by appearance; it shows the last `window` of them.

    `validators` are both, only Last-Modified, or none. One that `lies` gives the same ETag whatever it shows. Requests
    that follow within `least` get a 429, with a Retry-After if it is `plain_spoken`. From `moved_at` on, the feed is at
    `new_url`; from `gone_at` on there is none.
    """

    url: str
    rate: float
    items: tuple[Item, ...]
    window: int
    validators: Literal["both", "date", "none"] = "both"
    lies: bool = False
    max_age: timedelta | None = None
    ttl: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    outages: tuple[tuple[datetime, datetime, Fault], ...] = ()
    least: timedelta | None = None
    plain_spoken: bool = True
    moved_at: datetime | None = None
    gone_at: datetime | None = None

    @property
    def new_url(self) -> str:
        return self.url.replace("http://", "http://new.")

    @property
    def steady(self) -> bool:
        """Whether it never fails, moves, refuses or lies."""
        return not (self.outages or self.lies or self.least or self.moved_at or self.gone_at)

    def count(self, now: datetime) -> int:
        """How many items have appeared until now."""
        return bisect_right(self.items, now, key=lambda item: item.appears)

    def shown(self, now: datetime) -> tuple[Item, ...]:
        """What it shows, newest first."""
        until = self.count(now)
        return self.items[max(0, until - self.window) : until][::-1]

    def fault(self, now: datetime) -> Fault | None:
        return next((fault for start, end, fault in self.outages if start <= now < end), None)

    def busiest(self, span: timedelta) -> int:
        """The most items that appeared within any such span."""
        return max((self.count(item.appears + span) - n for n, item in enumerate(self.items)), default=0)


def draw(feeds: int, days: int, seed: int) -> tuple[Site, ...]:
    """That many sites for so many days. A site draws from a generator of its own: more of them change none."""
    return tuple(drawn(feeds, days, seed))


def drawn(feeds: int, days: int, seed: int) -> Iterator[Site]:
    """The same, one after another: all that all of them publish in a month are some hundred thousand items."""
    return (_site(n, days, random.Random(f"{seed}:{n}")) for n in range(feeds))


def _site(n: int, days: int, luck: random.Random) -> Site:
    rate = min(200.0, max(1 / 7, luck.lognormvariate(math.log(8), 1.4)))
    # Where the newsroom is: from the Americas to the far east, most of them in Europe.
    ahead = luck.choice((-5, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 8))
    end = START + days * DAY
    kind = luck.random()
    span = timedelta(days=days)

    def moment() -> datetime:
        return START + span * luck.uniform(0.2, 0.8)

    gone = moment() if luck.random() < 0.01 else None
    outages: list[tuple[datetime, datetime, Fault]] = []
    if luck.random() < 0.1:
        begins = moment()
        outages.append((begins, begins + luck.uniform(1, 12) * HOUR, luck.choice(("503", "500", "timeout", "dns"))))
    fresh = luck.choice((5, 10, 15, 30, 60)) if luck.random() < 0.35 else None
    ttl = luck.choice((15, 30, 60, 60, 120)) if luck.random() < 0.2 else None
    nights = tuple(sorted((hour - ahead) % 24 for hour in range(1, 6))) if luck.random() < 0.05 else ()
    picky = luck.random() < 0.05
    return Site(
        url=f"http://site-{n}.example/feed.xml",
        rate=rate,
        items=_published(n, rate, ahead, gone or end, luck),
        # Busy newsrooms show more, though seldom enough.
        window=luck.choice((10, 15, 20, 20, 25, 30) if rate < 20 else (20, 30, 30, 50, 50, 100)),
        validators="both" if kind < 0.7 else "date" if kind < 0.82 else "none",
        lies=kind < 0.02,
        max_age=timedelta(minutes=fresh) if fresh else None,
        ttl=timedelta(minutes=ttl) if ttl else None,
        skip_hours=nights,
        outages=tuple(outages),
        least=timedelta(minutes=20) if picky else None,
        plain_spoken=luck.random() < 0.5,
        moved_at=moment() if luck.random() < 0.03 else None,
        gone_at=gone,
    )


def _published(n: int, rate: float, ahead: int, end: datetime, luck: random.Random) -> tuple[Item, ...]:
    """An inhomogeneous Poisson process: so many an hour, by the newsroom's hour and day and by what happens."""
    hot = {START + luck.uniform(0, 14) * DAY for _ in range(luck.choice((0, 0, 0, 1, 2)))}
    hour, found = START - HISTORY, list[Item]()
    while hour < end:
        local = hour + ahead * HOUR
        daily = 0.15 if local.hour < 6 else 0.7 if local.hour < 8 or local.hour > 20 else 1.55
        weekly = 0.55 if local.weekday() > 4 else 1.18
        burst = 6.0 if any(start <= hour < start + 3 * HOUR for start in hot) else 1.0
        for _ in range(_poisson(rate / 24 * daily * weekly * burst, luck)):
            appears = hour + luck.random() * HOUR
            # Some are written long before they are shown.
            late = luck.uniform(0.5, 5) * HOUR if luck.random() < 0.05 else luck.uniform(0, 3) * HOUR / 60
            found.append(Item("", appears, appears - late))
        hour += HOUR
    found.sort(key=lambda item: item.appears)
    return tuple(Item(f"site-{n}#{k}", item.appears, item.dated) for k, item in enumerate(found) if item.appears < end)


def _poisson(mean: float, luck: random.Random) -> int:
    """Knuth's way: the means are at most a few hundred an hour."""
    count, left = 0, math.exp(-mean)
    product = luck.random()
    while product > left:
        count, product = count + 1, product * luck.random()
    return count
