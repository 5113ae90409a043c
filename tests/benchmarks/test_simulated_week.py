"""A week of 300 feeds in virtual time: what politeness costs, and what it saves, beside asking every 15 or 60 minutes.

Parley is its own Poller over its own store; only the clock and the far end of the wire are made up (`simulated`). Early
requests are judged by the servers' own logs, for the loops by the same rules. Delays are those of the items seen.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import median

import pytest

from simulated.ways import Here, Seen, delays, every, owed, parley
from simulated.world import DAY, START, Site, draw

pytestmark = [pytest.mark.bench, pytest.mark.timeout(2_400)]

FEEDS, DAYS, SEED = 300, 7, 4
# What appears on the last day may well be seen the day after.
UNTIL = START + (DAYS + 1) * DAY


def table(ways: Mapping[str, Seen], sites: Sequence[Site], days: int) -> None:
    """Print one line for each way of polling."""
    counted = START + days * DAY
    busy = sorted(sites, key=lambda site: -site.rate)[: len(sites) // 3]
    polite = [site for site in sites if site.validators != "none" and not site.lies]
    print(
        f"{'':<34}{'polls a':>9}{'MB a':>7}{'early':>8}{'items':>8}  delay in minutes, median and p95: {'CPU, s':>14}"
    )
    print(f"{'':<34}{'feed-day':>9}{'day':>7}{'':>8}{'seen':>8}{'all':>13}{'busy third':>14}{'validators':>14}")
    for name, seen in ways.items():
        logs = seen.logs.values()
        polls = sum(len(log.requests) for log in logs) / len(sites) / (days + 1)
        size = sum(log.bytes for log in logs) / (days + 1) / 1e6
        items = owed(sites, counted)
        share = sum(item.guid in seen.items for item in items) / len(items)
        parts = []
        for some in (sites, busy, polite):
            taken = delays(owed(some, counted), seen)
            parts.append(f"{median(taken):.0f} {taken[int(len(taken) * 0.95)]:.0f}")
        early = sum(seen.early.values())
        print(
            f"{name:<34}{polls:>9.1f}{size:>7.0f}{early:>8}{share:>8.1%}{parts[0]:>13}{parts[1]:>14}{parts[2]:>14}"
            f"{seen.cpu:>9.0f}"
        )


async def test_a_week_of_300_feeds() -> None:
    sites = draw(FEEDS, DAYS + 1, SEED)
    rated = sorted(sites, key=lambda site: -site.rate)
    chosen = {site.url: timedelta(minutes=15) for site in rated[: FEEDS // 2]}
    workers = Here()
    ways = {
        "Parley": await parley(sites, UNTIL, {}, workers),
        "Parley, 15 min for the busy half": await parley(sites, UNTIL, chosen, workers),
        "every 15 minutes": every(sites, UNTIL, timedelta(minutes=15)),
        "every 60 minutes": every(sites, UNTIL, timedelta(minutes=60)),
    }
    items = len(owed(sites, START + DAYS * DAY))
    print(f"\n\n{FEEDS} feeds, {DAYS} days, {items} items\n")
    table(ways, sites, DAYS)
    for name, seen in ways.items():
        assert not (name.startswith("Parley") and seen.early), f"{name}: {dict(seen.early)}"
