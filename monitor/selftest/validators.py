"""Lines 1 to 9 of the checklist: validators are the server's own, as one set, and are not forgotten."""

from datetime import timedelta

from monitor.selftest.rig import DAY, HOUR, Finding, Rig, Tools, unfounded, waits, words
from monitor.selftest.site import START, Paper, http_date

# Spelt as no program would write them anew.
ODD_DATE = "Fri,  16 May 2025 9:00:00 +0000"
ODD_TAG = 'W/"x  y"'
EARLIER, LATER = http_date(START - 2 * HOUR), http_date(START - HOUR)
SINCE, MATCH = "if-modified-since", "if-none-match"


async def last_modified(tools: Tools) -> Finding:
    """1: Last-Modified comes back byte for byte."""
    async with Rig(tools) as rig:
        await rig.add("/feed", Paper(modified=ODD_DATE), interval=HOUR)
        await rig.turn(5)
    return _verbatim(rig, SINCE, ODD_DATE)


async def since_is_of_this_address(tools: Tools) -> Finding:
    """2: If-Modified-Since is what the last answer of this address gave, or is not sent."""
    return await _of_this_address(tools, SINCE)


async def etag(tools: Tools) -> Finding:
    """3: ETag comes back byte for byte, quotes and weakness included."""
    async with Rig(tools) as rig:
        await rig.add("/feed", Paper(etag=ODD_TAG), interval=HOUR)
        await rig.turn(5)
    return _verbatim(rig, MATCH, ODD_TAG)


async def match_is_of_this_address(tools: Tools) -> Finding:
    """4: the same of If-None-Match; both are sent where both are known."""
    found = await _of_this_address(tools, MATCH)
    async with Rig(tools) as rig:
        await rig.add("/feed", Paper(etag='"a"', modified=EARLIER), interval=HOUR)
        await rig.turn(4)
    later = rig.site.asked("/feed")[1:]
    both = sum(MATCH in each.headers and SINCE in each.headers for each in later)
    passed = found.passed and len(later) >= 3 and both == len(later)
    return Finding(passed, f"{found.evidence}; with both known, both in {both} of {len(later)} requests")


async def no_invented_since(tools: Tools) -> Finding:
    """5: a server that gives no Last-Modified is sent no If-Modified-Since."""
    more = f"<lastBuildDate>{EARLIER}</lastBuildDate><pubDate>{EARLIER}</pubDate>"
    return await _none_invented(tools, Paper(more=more, headers={"Expires": EARLIER}), SINCE)


async def no_invented_match(tools: Tools) -> Finding:
    """6: a server that gives no ETag, or an empty one, is sent no If-None-Match."""
    return await _none_invented(tools, Paper(headers={"ETag": ""}), MATCH)


async def one_set(tools: Tools) -> Finding:
    """7: a whole answer replaces both validators, also by nothing; a 304 may bring newer ones."""
    async with Rig(tools) as rig:
        paper = Paper(etag='"a"', modified=EARLIER)
        await rig.add("/feed", paper, interval=HOUR)
        await rig.turn()
        for etag, modified in (('"b"', None), (None, LATER), ('"c"', None)):
            paper.etag, paper.modified, paper.items = etag, modified, (*paper.items, paper.items[-1] + 10)
            await rig.turn()
        paper.status, paper.etag = 304, '"d"'
        await rig.turn(2)
    sent = [(each.headers.get(MATCH), each.headers.get(SINCE)) for each in rig.site.asked("/feed")]
    due = [(None, None), ('"a"', EARLIER), ('"b"', None), (None, LATER), ('"c"', None), ('"d"', None)]
    right = sum(one == other for one, other in zip(sent, due, strict=False))
    return Finding(sent == due, f"{right} of {len(due)} requests sent the set of the answer before, none a mixture")


async def failures_keep_them(tools: Tools) -> Finding:
    """8: whatever fails, the next request is as conditional as the one before."""
    broken = {
        **{f"/{status}": Paper(status=status, etag='"bad"') for status in (403, 404, 429, 500, 503)},
        "/html": Paper(body=b"<html><body>Back soon</body></html>", etag='"bad"'),
        "/cut": Paper(body=Paper().feed("", START)[:-60], etag='"bad"'),
        "/empty": Paper(body=b"", etag='"bad"'),
        "/drip": Paper(drips=True, etag='"bad"'),
        "/break": Paper(breaks=True),
    }
    async with Rig(tools, deadline=timedelta(seconds=0.8)) as rig:
        for path in broken:
            await rig.add(path, Paper(etag='"good"', modified=EARLIER))
        await rig.run(HOUR / 2)
        good = dict(rig.site.papers)
        rig.site.papers.update(broken)
        await rig.run(HOUR)
        rig.site.papers.update(good)
        await rig.run(8 * HOUR)
    kept = 0
    for path in broken:
        asked = rig.site.asked(path)
        third = asked[2].headers if len(asked) > 2 else {}
        kept += (third.get(MATCH), third.get(SINCE)) == ('"good"', EARLIER)
    return Finding(kept == len(broken), f"after {len(broken)} kinds of failure, {kept} next requests were conditional")


async def no_amnesia(tools: Tools) -> Finding:
    """9: neither a restart nor a timer drops them; a test of the server comes once a day at most."""
    async with Rig(tools) as rig:
        await rig.add("/feed", Paper(etag='"a"'), interval=HOUR)
        for _ in range(6):
            await rig.run(DAY / 2)
            await rig.restart()
    asked = rig.site.asked("/feed")
    whole = [each for each in asked if not each.conditional]
    apart = min(waits(whole), default=DAY)
    passed = len(asked) - len(whole) >= 5 and apart >= DAY
    evidence = f"{len(asked)} requests in 3 days with 6 restarts, {len(asked) - len(whole)} conditional"
    return Finding(passed, f"{evidence}; the others, tests of the server, at least {words(apart)} apart")


def _verbatim(rig: Rig, name: str, value: str) -> Finding:
    later = rig.site.asked("/feed")[1:]
    right = sum(each.headers.get(name) == value for each in later)
    return Finding(len(later) >= 3 and right == len(later), f"{right} of {len(later)} later requests sent {value}")


async def _of_this_address(tools: Tools, name: str) -> Finding:
    async with Rig(tools) as rig:
        first = Paper(etag='"a"', modified=EARLIER)
        papers = {"/one": first, "/two": Paper(etag='"z"', modified=LATER), "/none": Paper()}
        for path, paper in papers.items():
            await rig.add(path, paper, interval=HOUR)
        await rig.run(2 * HOUR)
        first.etag, first.modified, first.items = '"b"', LATER, (*first.items, 60)
        await rig.run(3 * HOUR)
    wrong = [value for path in papers for header, value in unfounded(rig.site.asked(path)) if header == name]
    bare = sum(name in each.headers for each in rig.site.asked("/none"))
    sent = sum(name in each.headers for each in rig.site.requests)
    evidence = f"{sent} values sent to 3 addresses, {len(wrong)} that its last answer did not give"
    return Finding(not wrong and not bare, evidence + (f": {wrong[0]}" if wrong else ""))


async def _none_invented(tools: Tools, paper: Paper, name: str) -> Finding:
    async with Rig(tools) as rig:
        await rig.add("/feed", paper, interval=HOUR)
        await rig.run(5 * HOUR)
    asked = rig.site.asked("/feed")
    sent = [each.headers[name] for each in asked if name in each.headers]
    evidence = f"{len(asked)} requests, {len(sent)} with an invented value" + (f": {sent[0]!r}" if sent else "")
    return Finding(len(asked) >= 4 and not sent, evidence)
