"""Days of polling in virtual time, judged by the servers' own logs (the week of 300 feeds is in tests/benchmarks)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from extractors.feed import parse_feed
from simulated.ways import Here, Seen, owed, parley
from simulated.wire import Wire, rss
from simulated.world import DAY, HOUR, START, Site, draw

pytestmark = pytest.mark.slow

DAYS = 3
UNTIL = START + DAYS * DAY
# What a day's pace, its spread and a newsroom's night add up to at most.
PATIENCE = 30 * HOUR


def world() -> tuple[Site, ...]:
    """Eleven sites as they are drawn, and one of each sort that may be missing among them."""
    drawn = draw(11, DAYS, seed=6)
    plain = next(site for site in drawn if site.steady and site.rate > 5)
    made = {
        "gone": replace(plain, gone_at=START + 26 * HOUR),
        "moved": replace(plain, moved_at=START + 26 * HOUR),
        "lying": replace(plain, lies=True, validators="both"),
        "down": replace(plain, outages=((START + 20 * HOUR, START + 29 * HOUR, "503"),)),
        "picky": replace(plain, least=timedelta(minutes=20), plain_spoken=False),
        "fresh": replace(plain, max_age=timedelta(hours=3)),
        "slow": replace(plain, ttl=timedelta(hours=2)),
        "night": replace(plain, skip_hours=(0, 1, 2, 3, 4, 5)),
        "rolling": replace(plain, validators="none"),
    }
    return (*drawn, *(_named(site, name) for name, site in made.items()))


def _named(site: Site, name: str) -> Site:
    items = tuple(replace(item, guid=f"{name}#{n}") for n, item in enumerate(site.items))
    return replace(site, url=f"http://{name}.example/feed.xml", items=items)


@pytest.fixture(scope="module")
def sites() -> tuple[Site, ...]:
    return world()


@pytest.fixture(scope="module")
def seen(sites: tuple[Site, ...]) -> Seen:
    """What Parley makes of them when its operator chose 30 minutes for every third."""
    chosen = {site.url: timedelta(minutes=30) for site in sites[::3]}
    return asyncio.run(parley(sites, UNTIL, chosen, Here(), look=timedelta(minutes=5)))


def test_no_request_is_early_by_the_servers_own_logs(seen: Seen) -> None:
    assert not seen.early
    assert sum(len(log.requests) for log in seen.logs.values()) > 10 * len(seen.logs)


def test_every_item_of_a_feed_that_shows_it_long_enough_is_seen(sites: tuple[Site, ...], seen: Seen) -> None:
    enough = [site for site in sites if site.steady and site.busiest(PATIENCE) < site.window]
    assert len(enough) > 5
    assert not [item.guid for item in owed(enough, UNTIL - PATIENCE) if item.guid not in seen.items]


def test_a_feed_that_is_gone_is_never_asked_again(seen: Seen) -> None:
    log = seen.logs["http://gone.example/feed.xml"]
    assert log.told_gone
    assert log.requests[-2] < START + 26 * HOUR <= log.requests[-1]


def test_a_feed_that_lies_is_found_out_within_two_days(sites: tuple[Site, ...], seen: Seen) -> None:
    liar = next(site for site in sites if site.url == "http://lying.example/feed.xml")
    doubted = seen.states[liar.url].habits.doubted_at
    assert doubted is not None
    assert doubted <= START + 2 * DAY
    assert all(seen.items[item.guid] <= doubted for item in liar.shown(doubted))


def test_a_feed_that_was_down_is_back_within_a_day(sites: tuple[Site, ...], seen: Seen) -> None:
    down = next(site for site in sites if site.url == "http://down.example/feed.xml")
    _, end, _ = down.outages[0]
    assert any(end <= moment < end + DAY for moment in seen.logs[down.url].requests)


def test_a_feed_that_moved_is_read_where_it_lives_now(sites: tuple[Site, ...], seen: Seen) -> None:
    moved = next(site for site in sites if site.url == "http://moved.example/feed.xml")
    assert seen.states[moved.url].habits.address == moved.new_url
    assert all(item.guid in seen.items for item in owed([moved], START + 40 * HOUR))


async def test_the_simulation_parses_as_the_service_does(sites: tuple[Site, ...]) -> None:
    for site in sites[:5]:
        body = rss(site, site.shown(UNTIL))
        whole = parse_feed(body, site.url, "application/rss+xml; charset=utf-8", "UTC", UNTIL)
        assert await Here().parse_feed(body, site.url, "application/rss+xml; charset=utf-8", "UTC", UNTIL) == whole


async def test_the_servers_notice_who_asks_too_early(sites: tuple[Site, ...]) -> None:
    now = START
    site = next(site for site in sites if site.url == "http://fresh.example/feed.xml")
    wire = Wire([site], lambda: now, {})
    first = await wire.get(site.url)
    now += timedelta(minutes=59)
    await wire.get(site.url, etag=getattr(first, "etag", None))
    now += timedelta(minutes=61)
    await wire.get(site.url)
    assert wire.early() == {"60 minutes or the interval": 1, "max-age": 2, "24 hours for a whole body": 1}
