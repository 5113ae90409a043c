"""Lines 17, 20 to 22 and 27 to 31 of the checklist: what goes over the wire, redirects, and what a poll may cost."""

import asyncio
import re
import time
from datetime import timedelta
from itertools import pairwise
from statistics import median

from monitor.selftest.desk import Desk
from monitor.selftest.pace import ABOUT_AN_HOUR
from monitor.selftest.rig import HOUR, Finding, Rig, Tools, waits, words
from monitor.selftest.site import Paper

_NEEDED = frozenset(
    ("host", "user-agent", "accept", "accept-encoding", "connection", "if-none-match", "if-modified-since")
)
_NAMED = re.compile(r"[A-Za-z][\w-]*/\d[\w.+-]* \(\+(?:https?://|mailto:)?\S+[@.]\S+\)")
_SUSPECT = re.compile(r"(?i)mozilla|httpx|python|aiohttp|bot|crawler|spider|scrap|gpt|\bai\b")


async def one_at_a_time(tools: Tools) -> Finding:
    """17: feeds and pages of one host are asked one after the other, with a gap."""
    gap = timedelta(milliseconds=80)
    async with Rig(tools, gap=gap) as rig:
        for n in range(5):
            await rig.add(f"/{n}", Paper(slow=0.02))
        page = rig.site.base + "/page"
        asking = rig.fetcher.get(page, cap=1000, deadline=timedelta(seconds=5), accept="text/html")
        await asyncio.gather(rig.run(timedelta(0)), asking)
    starts = [each.started for each in rig.site.requests]
    # The median: a moment in which this process is not run makes one request arrive late and so the next one close.
    apart = median(later - earlier for earlier, later in pairwise(starts)) if len(starts) > 1 else 0.0
    passed = len(starts) == 6 and rig.site.busiest == 1 and apart >= gap.total_seconds() * 0.75
    evidence = f"{len(starts)} requests due at once, at most {rig.site.busiest} at a time"
    return Finding(passed, f"{evidence}, {apart * 1000:.0f} ms between two starts where the gap is 80 ms")


async def only_get(tools: Tools) -> Finding:
    """20: GET and nothing else, also for redirects, failures and what is added."""
    async with Desk(tools) as desk:
        rig = desk.rig
        await rig.add("/feed", Paper(etag='"a"'), interval=HOUR)
        await rig.add("/moved", Paper(status=301, headers={"Location": "/feed"}))
        await rig.add("/broken", Paper(status=500))
        rig.site.papers["/new"] = Paper()
        await desk.add("/new")
        await rig.run(5 * HOUR)
    methods = sorted({each.method for each in rig.site.requests})
    return Finding(methods == ["GET"], f"{len(rig.site.requests)} requests: {', '.join(methods)}")


async def user_agent(tools: Tools) -> Finding:
    """21: who asks, and how to reach them, in words that no filter against robots looks for."""
    async with Rig(tools) as rig:
        await rig.add("/feed", Paper(), interval=HOUR)
        await rig.run(3 * HOUR)
    said = {each.headers.get("user-agent", "") for each in rig.site.requests}
    passed = len(said) == 1 and all(_NAMED.fullmatch(each) and not _SUSPECT.search(each) for each in said)
    return Finding(passed, f"{len(rig.site.requests)} requests by {' and '.join(sorted(said))}")


async def no_junk(tools: Tools) -> Finding:
    """22: no cookies, no Referer, nothing added to the address."""
    address = "/feed?b=2&a=%7E1&c=&d"
    async with Rig(tools) as rig:
        cookie = {"Set-Cookie": "id=7; Path=/"}
        await rig.add(address, Paper(headers={**cookie}), interval=HOUR)
        await rig.add("/hop", Paper(status=302, headers={**cookie, "Location": "/end?x=1"}), interval=HOUR)
        rig.site.papers["/end"] = Paper(headers={**cookie})
        await rig.run(4 * HOUR)
    asked = rig.site.requests
    junk = sorted({name for each in asked for name in each.headers} - _NEEDED)
    changed = sorted({each.path for each in asked} - {address, "/hop", "/end?x=1"})
    evidence = f"{len(asked)} requests, {len(asked) - len(rig.site.asked('/hop'))} after a cookie was set"
    said = (
        f"{evidence}: needless headers: {', '.join(junk) or 'none'}; changed addresses: {', '.join(changed) or 'none'}"
    )
    return Finding(len(asked) >= 9 and not junk and not changed, said)


async def permanent_moves(tools: Tools) -> Finding:
    """27: an address is given up only for one that every step calls permanent and that works; and the operator told."""
    async with Rig(tools) as rig:
        for path, status, to in (("/a", 301, "/b"), ("/p", 308, "/q"), ("/x", 301, "/lost"), ("/old", 301, "/known")):
            await rig.add(path, Paper(status=status, headers={"Location": to}))
        rig.site.papers["/b"] = Paper(status=308, headers={"Location": "/c"})
        rig.site.papers["/q"] = Paper(status=302, headers={"Location": "/r"})
        rig.site.papers |= {"/c": Paper(etag='"c"'), "/r": Paper(etag='"r"')}
        await rig.add("/known", Paper(etag='"k"'))
        await rig.run(8 * HOUR)
    times = {path: len(rig.site.asked(path)) for path in ("/a", "/b", "/c", "/p", "/x", "/old")}
    told = "/c" in rig.told(rig.feeds[rig.site.base + "/a"]) and "/known" in rig.told(rig.feeds[rig.site.base + "/old"])
    known = min(waits(rig.site.asked("/known"))[1:], default=timedelta(0))
    saved = times["/a"] == times["/b"] == times["/old"] == 1 and times["/c"] >= 4
    passed = saved and min(times["/p"], times["/x"]) >= 3 and told and known >= ABOUT_AN_HOUR
    evidence = f"301, 308, 200: old address asked {times['/a']} time, new one {times['/c']}; 308, 302, 200: old one "
    evidence += f"{times['/p']} times; 301, 404: {times['/x']} times; moved onto a known one: {times['/old']} time"
    return Finding(passed, f"{evidence}; the operator was {'told' if told else 'not told'}")


async def passing_moves(tools: Tools) -> Finding:
    """28: 302, 303 and 307 are followed and never saved; the validators belong to the subscribed address."""
    async with Rig(tools) as rig:
        for status in (302, 303, 307):
            await rig.add(f"/{status}", Paper(status=status, headers={"Location": f"/to/{status}"}))
            rig.site.papers[f"/to/{status}"] = Paper(etag=f'"{status}"')
        await rig.run(9 * HOUR)
    asked = [rig.site.asked(f"/{status}") for status in (302, 303, 307)]
    ends = [rig.site.asked(f"/to/{status}") for status in (302, 303, 307)]
    times = [len(some) for some in asked]
    kept = all(each.conditional for some in asked for each in some[1:])
    unchanged = sum(each.status == 304 for some in ends for each in some)
    passed = min(times) >= 4 and [len(some) for some in ends] == times and kept and unchanged == sum(times) - 3
    evidence = f"asked {sum(times)} times in 9 h, each time at the subscribed address"
    return Finding(passed, f"{evidence}, later ones {'conditional' if kept else 'bare'}; {unchanged} ended in a 304")


async def packed(tools: Tools) -> Finding:
    """29: gzip is asked for and undone."""
    async with Rig(tools) as rig:
        feed = await rig.add("/feed", Paper(packed=True))
        await rig.run(timedelta(0))
        seen = (await rig.state(feed)).entries_seen
    sent = rig.site.requests[0].headers.get("accept-encoding", "")
    return Finding("gzip" in sent and seen == 3, f"Accept-Encoding: {sent}; {seen} of 3 entries read of a packed body")


async def not_modified(tools: Tools) -> Finding:
    """30: a 304 is a success: it ends a row of failures, and the schedule goes on."""
    async with Rig(tools) as rig:
        feed = await rig.add("/feed", Paper(etag='"a"'))
        await rig.turn()
        good = rig.site.papers["/feed"]
        rig.site.papers["/feed"] = Paper(status=500)
        await rig.turn(3)
        failures = (await rig.state(feed)).failures
        rig.site.papers["/feed"] = good
        await rig.turn()
        state = await rig.state(feed)
        await rig.turn()
    asked = rig.site.asked("/feed")
    before, after = waits(asked)[-2:]
    passed = asked[-2].status == 304 and failures == 3 and state.failures == 0 and state.habits.health == "ok"
    evidence = f"{failures} failures, then a 304: {state.failures} failures, health {state.habits.health}"
    said = f"{evidence}; the wait {words(after)} instead of {words(before)}"
    return Finding(passed and after <= before, said)


async def bounded(tools: Tools) -> Finding:
    """31: loops end, everything has one deadline, and nothing is asked twice in a poll."""
    async with Rig(tools, deadline=timedelta(seconds=0.6)) as rig:
        await rig.add("/loop", Paper(status=302, headers={"Location": "/loop"}))
        await rig.run(timedelta(0))
        loop = len(rig.site.asked("/loop"))
        await rig.add("/drip", Paper(drips=True))
        began = time.monotonic()
        await rig.run(timedelta(0))
        seconds = time.monotonic() - began
        await rig.add("/500", Paper(status=500))
        await rig.add("/break", Paper(breaks=True))
        await rig.run(timedelta(0))
    times = max(len(rig.site.asked(path)) for path in ("/drip", "/500", "/break"))
    evidence = f"a loop ends after {loop} requests, a drip after {seconds:.1f} s of a deadline of 0.6 s"
    passed = 2 <= loop <= 11 and seconds < 3 and times == 1
    return Finding(passed, f"{evidence}; what failed was asked {times} time in its poll")
