"""Lines 10 to 16 and 19 of the checklist: when a feed is asked again."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from itertools import pairwise

from monitor.selftest.rig import DAY, HOUR, MINUTE, Finding, Rig, Tools, waits, words
from monitor.selftest.site import START, Paper, http_date
from monitor.store import feeds

# So many that the spread of their times hides no interval that is a minute short.
_MANY = 40
# Elsewhere an interval that is a little short is not what a line is about.
ABOUT_AN_HOUR = 55 * MINUTE


async def conditional_interval(tools: Tools) -> Finding:
    """10: with validators, no sooner than an hour, however busy the feed and whatever hurries."""
    async with Rig(tools) as rig:
        for n in range(_MANY):
            await rig.add(f"/{n}", Paper(every=5, etag="*") if n % 8 == 0 else Paper(etag=f'"{n}"'))
        await rig.run(MINUTE)
        for url in list(rig.feeds)[::4]:
            await rig.store.run(partial(feeds.hurry, url=url, until=rig.now + DAY, now=rig.now))
        await rig.run(2 * HOUR + 11 * MINUTE)
    return _no_sooner(rig, HOUR)


async def unconditional_interval(tools: Tools) -> Finding:
    """11: without validators, no sooner than a day, unless the operator says so."""
    async with Rig(tools) as rig:
        for n in range(_MANY):
            await rig.add(f"/{n}", Paper(every=5) if n % 8 == 0 else Paper())
        await rig.run(25 * HOUR)
        found = _no_sooner(rig, DAY)
        await rig.add("/mine", Paper(), interval=2 * HOUR)
        await rig.run(5 * HOUR)
    mine = min(waits(rig.site.asked("/mine")), default=DAY)
    passed = found.passed and 2 * HOUR <= mine < 3 * HOUR
    return Finding(passed, f"{found.evidence}; {words(mine)} where the operator wrote 2h")


async def retry_after(tools: Tools) -> Finding:
    """12: Retry-After binds on 429 and 503, in seconds or as a date by the server's clock; absurd ones are capped."""
    in_seconds, as_date = {"Retry-After": "18000"}, {"Retry-After": lambda now: http_date(now + 5 * HOUR)}
    slow_clock = {"Retry-After": lambda now: http_date(now + 3 * HOUR)}
    asks = {
        "/429-seconds": Paper(status=429, headers={**in_seconds}),
        "/503-seconds": Paper(status=503, headers={**in_seconds}),
        "/429-date": Paper(status=429, headers={**as_date}),
        "/503-date": Paper(status=503, headers={**as_date}),
        "/slow-clock": Paper(status=429, headers={**slow_clock}, behind=2 * HOUR),
        "/absurd": Paper(status=429, headers={"Retry-After": "316800"}),
    }
    async with Rig(tools) as rig:
        await _well_then(rig, asks)
        await rig.run(28 * HOUR)
    after = {path: waits(rig.site.asked(path))[1:2] for path in asks}
    absurd = after.pop("/absurd")
    least = min((each for some in after.values() for each in some), default=timedelta(0))
    passed = all(after.values()) and least >= 5 * HOUR and bool(absurd) and DAY <= absurd[0] < 26 * HOUR
    evidence = f"asked to wait 5 h in {len(after)} ways: the shortest wait {words(least)}"
    return Finding(passed, f"{evidence}; asked for 88 h: {words(absurd[0]) if absurd else 'never asked again'}")


async def bare_refusals(tools: Tools) -> Finding:
    """13: 429 and 503 without a time make the wait grow, and never count towards giving up."""
    async with Rig(tools) as rig:
        asks = {f"/{status}": Paper(status=status) for status in (429, 503)}
        good = await _well_then(rig, asks)
        rig.site.papers.update(asks)
        await rig.run(10 * DAY)
        rig.site.papers.update(good)
        await rig.run(26 * HOUR)
    grew = [waits(rig.site.asked(path))[1:8] for path in asks]
    first = min(some[0] for some in grew)
    growing = all(later >= earlier for some in grew for earlier, later in pairwise(some))
    back = all(rig.site.asked(path)[-1].status in (200, 304) for path in asks)
    evidence = f"waits grow from {words(first)} to {words(max(max(some) for some in grew))}"
    said = "after ten days of it both are asked again" if back else "given up after ten days"
    return Finding(first >= 2 * HOUR and growing and back, f"{evidence}; {said}")


async def freshness(tools: Tools) -> Finding:
    """14: no request before max-age or Expires is over; no-cache and no-store are no reason to hurry."""
    fresh: dict[str, Paper] = {
        "/max-age": Paper(every=5, etag="*", headers={"Cache-Control": "public, max-age=18000"}),
        "/of-304": Paper(etag='"a"', headers={"Cache-Control": "max-age=18000"}),
        "/expires": Paper(every=5, etag="*", headers={"Expires": lambda now: http_date(now + 5 * HOUR)}),
    }
    stale = {f"/{each}": Paper(every=5, etag="*", headers={"Cache-Control": each}) for each in ("no-cache", "no-store")}
    async with Rig(tools) as rig:
        for path, paper in (fresh | stale).items():
            await rig.add(path, paper)
        await rig.run(16 * HOUR)
    least = min((each for path in fresh for each in waits(rig.site.asked(path))), default=timedelta(0))
    other = min((each for path in stale for each in waits(rig.site.asked(path))), default=timedelta(0))
    evidence = f"fresh for 5 h in {len(fresh)} ways: the shortest wait {words(least)}"
    return Finding(
        least >= 5 * HOUR and other >= ABOUT_AN_HOUR, f"{evidence}; with no-cache and no-store {words(other)}"
    )


async def quiet_feeds(tools: Tools) -> Finding:
    """15: a feed without news is asked ever less often; a new date of old news changes nothing, news does."""
    async with Rig(tools) as rig:
        paper = Paper(etag='"a"')
        await rig.add("/feed", paper)
        await rig.run(8 * DAY)
        quiet = waits(rig.site.asked("/feed"))
        paper.etag, paper.more = '"b"', f"<lastBuildDate>{http_date(rig.now)}</lastBuildDate>"
        await rig.turn(3)
        touched = waits(rig.site.asked("/feed"))[-1]
        minutes = int((rig.now - START) / MINUTE)
        paper.etag, paper.items = '"c"', (*paper.items, *range(minutes, minutes + 60, 10))
        await rig.turn(2)
        news = waits(rig.site.asked("/feed"))[-1]
    passed = len(quiet) > 4 and max(quiet) >= 4 * quiet[0] and touched >= max(quiet) / 2 and news < max(quiet) / 2
    evidence = f"{words(quiet[0])} at first, {words(max(quiet))} after 8 quiet days"
    return Finding(passed, f"{evidence}, {words(touched)} after a mere touch, {words(news)} after news")


async def wishes_of_the_feed(tools: Tools) -> Finding:
    """16: ttl, skipHours and skipDays are lower bounds; sy:updatePeriod makes nothing faster."""
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(14, 21))
    papers = {
        "/ttl": "<ttl>180</ttl>",
        "/hours": f"<skipHours>{hours}</skipHours>",
        "/days": "<skipDays><day>Saturday</day><day>Sunday</day></skipDays>",
        "/sy": "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>60</sy:updateFrequency>",
    }
    async with Rig(tools) as rig:
        for path, more in papers.items():
            mine = {} if path == "/sy" else {"interval": 2 * HOUR}
            await rig.add(path, Paper(every=5, etag="*", more=more), **mine)
        await rig.run(60 * HOUR)
    asked = {path: rig.site.asked(path) for path in papers}
    least = {path: min(waits(some), default=timedelta(0)) for path, some in asked.items()}
    resting = sum(14 <= each.at.hour <= 20 for each in asked["/hours"])
    weekend = sum(each.at.weekday() >= 5 for each in asked["/days"])
    passed = least["/ttl"] >= 3 * HOUR and not resting and not weekend and least["/sy"] >= ABOUT_AN_HOUR
    evidence = f"ttl of 3 h: {words(least['/ttl'])}; in skipped hours {resting} requests, on skipped days {weekend}"
    return Finding(passed, f"{evidence}; updated 60 times an hour, it says: {words(least['/sy'])}")


async def restarts(tools: Tools) -> Finding:
    """19: due times outlive the process."""
    floors = {"/plain": ABOUT_AN_HOUR, "/max-age": 5 * HOUR, "/retry-after": 5 * HOUR}
    async with Rig(tools) as rig:
        await rig.add("/plain", Paper(every=5, etag="*"))
        await rig.add("/max-age", Paper(every=5, etag="*", headers={"Cache-Control": "max-age=18000"}))
        await rig.add("/retry-after", Paper(status=503, headers={"Retry-After": "18000"}))
        for _ in range(12):
            await rig.run(HOUR / 2)
            await rig.restart()
    apart = {path: waits(rig.site.asked(path)) for path in floors}
    early = sum(each < floors[path] for path, some in apart.items() for each in some)
    evidence = f"{len(rig.site.requests)} requests by 13 processes on one store in 6 h, {early} of them early"
    return Finding(not early and all(apart.values()), evidence)


async def _well_then(rig: Rig, papers: Mapping[str, Paper]) -> dict[str, Paper]:
    """Each feed answers well once, and a second time as it is to. The papers that answer well, in force again."""
    for path in papers:
        await rig.add(path, Paper(etag='"a"'))
    await rig.run(HOUR / 2)
    good = dict(rig.site.papers)
    rig.site.papers.update(papers)
    await rig.run(HOUR)
    rig.site.papers.update(good)
    return good


def _no_sooner(rig: Rig, floor: timedelta) -> Finding:
    asked = [rig.site.asked(f"/{n}") for n in range(_MANY)]
    apart = [each for some in asked for each in waits(some)]
    least = min(apart, default=timedelta(0))
    early = sum(each < floor for each in apart)
    evidence = f"{len(apart) + _MANY} requests for {_MANY} feeds, {early} early, the shortest wait {words(least)}"
    return Finding(not early and len(apart) >= _MANY, evidence)
