"""Lines 18 and 23 to 26 of the checklist: what is added, what is refused, and what fails for long."""

from datetime import timedelta
from itertools import pairwise

from monitor.health import told
from monitor.records import Feed, MonitorError
from monitor.schedule import NEVER
from monitor.selftest.desk import Desk
from monitor.selftest.rig import DAY, HOUR, Finding, Rig, Tools, waits, words
from monitor.selftest.site import Paper

_NO_FEEDS = {
    "/404": Paper(status=404),
    "/403": Paper(status=403),
    "/410": Paper(status=410),
    "/500": Paper(status=500),
    "/204": Paper(status=204),
    "/page": Paper(body=b"<!doctype html><html><body>Welcome</body></html>"),
    "/challenge": Paper(body=b"<!doctype html><html><title>Just a moment...</title></html>"),
    "/empty": Paper(body=b""),
    "/json": Paper(body=b'{"hello": "world"}'),
    "/words": Paper(body=b"plain words"),
    "/nowhere": Paper(status=301),
}
_ANGRY = b"<html><body><h1>Blocked</h1>by order of the admin\x1b[31m\x07</body></html>"


async def adding(tools: Tools) -> Finding:
    """18: a feed is added by one request, whose body is its first state."""
    async with Desk(tools) as desk:
        rig = desk.rig
        rig.site.papers["/feed"] = Paper(etag='"a"')
        added = await desk.add("/feed")
        first = len(rig.site.requests)
        rig.feeds = {feed.url: feed for feed in desk.configured()}
        await rig.restart()
        await rig.run(59 * HOUR / 60)
        still = len(rig.site.requests)
        await rig.run(HOUR / 2)
    later = rig.site.requests[1:]
    known = added.kept is not None and added.kept.new + added.kept.baseline == 3
    passed = first == still == 1 and known and len(later) == 1 and later[0].conditional
    passed = passed and rig.poller.counts["new"] == 0
    evidence = f"{first} request to add it, {still - first} in the next 59 min, then {len(later)}"
    how = "conditional" if later and later[0].conditional else "bare"
    return Finding(passed, f"{evidence}, {how}, with {rig.poller.counts['new']} entries that the first body had not")


async def refusals(tools: Tools) -> Finding:
    """23: what is not a 200 with a feed in it is not added."""
    refused = 0
    async with Desk(tools) as desk:
        desk.rig.site.papers.update(_NO_FEEDS)
        for path in _NO_FEEDS:
            try:
                await desk.add(path)
            except MonitorError:
                refused += 1
        left = len(desk.configured())
    passed = refused == len(_NO_FEEDS) and not left
    return Finding(passed, f"{refused} of {len(_NO_FEEDS)} answers that are no feeds were refused, {left} were added")


async def server_text(tools: Tools) -> Finding:
    """24: what a server says in an error reaches the operator, without what would drive a terminal."""
    said: list[str] = []
    async with Desk(tools) as desk:
        desk.rig.site.papers["/new"] = Paper(status=403, body=_ANGRY)
        try:
            await desk.add("/new")
        except MonitorError as error:
            said.append(str(error))
        feed = await desk.rig.add("/feed", Paper(status=403, body=_ANGRY))
        await desk.rig.run(timedelta(0))
        said += [(await desk.rig.state(feed)).last_error or "", desk.rig.told(feed)]
    shown = sum("Blocked" in each and "by order of the admin" in each for each in said)
    tame = not any(c in each for each in said for c in "\x1b\x07")
    evidence = f"shown in {shown} of 3 places: adding, the feed's state, the log"
    return Finding(shown == 3 and tame, f"{evidence}; control characters {'replaced' if tame else 'let through'}")


async def long_failures(tools: Tools) -> Finding:
    """25: failures make the wait longer, up to very rarely, and the operator is told once."""
    async with Rig(tools) as rig:
        feed = await rig.add("/feed", Paper(etag='"a"'))
        await rig.turn()
        rig.site.papers["/feed"] = Paper(status=500)
        await rig.run(40 * DAY)
    apart = waits(rig.site.asked("/feed"))[1:]
    growing = all(later >= earlier for earlier, later in pairwise(apart))
    notices = _notices(rig, feed)
    evidence = f"{len(apart)} requests in 40 days, waits from {words(apart[0])} to {words(apart[-1])}"
    passed = growing and apart[-1] >= DAY and len(notices) == 1
    return Finding(passed, f"{evidence}; the operator was told {len(notices)} time, {' '.join(notices[:1])}")


async def gone(tools: Tools) -> Finding:
    """26: a 410 ends the polling at once, and the operator is told."""
    async with Rig(tools) as rig:
        feed = await rig.add("/feed", Paper(etag='"a"'))
        await rig.turn()
        rig.site.papers["/feed"] = Paper(status=410, body=b"We closed in May")
        await rig.turn()
        after = len(rig.site.requests)
        await rig.run(2 * DAY)
        await rig.run(400 * DAY)
        state = await rig.state(feed)
    notices = _notices(rig, feed)
    passed = len(rig.site.requests) == after == 2 and len(notices) == 1 and state.next_at == NEVER
    evidence = f"{len(rig.site.requests) - after} requests in 400 days after the 410"
    return Finding(passed, f"{evidence}; the operator was told {len(notices)} time, {' '.join(notices[:1])}")


def _notices(rig: Rig, feed: Feed) -> list[str]:
    """What the operator was told of a feed, and when."""
    return [
        f"after {told(notice.decided - rig.site.requests[0].at)}: {notice.title}"
        for notice in rig.notices
        for fact in notice.facts
        if fact.source.url == feed.url
    ]
