"""The 31 lines of what a polite reader of feeds does (reference: polling 2), one named test for each, by its requests.

Every figure is taken at the server: when a request came by the virtual clock, and what stood in it.
"""

import asyncio
import gzip
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web

from monitor import health
from monitor.schedule import NEVER
from monitor.store import entries, feeds

from .conftest import START, Bench, Handler, rss

pytestmark = pytest.mark.slow

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Jitter is upward only, a tenth of the wait and at most this.
JITTER = 5 * MINUTE
ETAG, MODIFIED = 'W/"5f-a"', "Fri, 16 May 2025 11:00:00 GMT"

T = TypeVar("T", bound=Callable[..., object])
covered: dict[int, str] = {}


def line(number: int) -> Callable[[T], T]:
    """Marks the test of a line of the checklist."""

    def mark(test: T) -> T:
        assert number not in covered, f"line {number} has two tests: {covered[number]}"
        covered[number] = test.__name__
        return test

    return mark


def says(status: int = 200, body: bytes = b"", **headers: str) -> Handler:
    """An answer; `_` in the name of a header is `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=status, body=body, headers=named)


def in_turn(*each: Handler) -> Handler:
    """One answer after the other; the last one stays."""
    left = list(each)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0])(request)


def feed(bench: Bench, numbers: list[int], channel: str = "", **headers: str) -> Handler:
    """A whole feed of these entries, with more elements in its channel."""
    body = rss(bench.stand.base, numbers).replace(b"<channel>", b"<channel>" + channel.encode())
    return says(body=body, **headers)


def conditional(bench: Bench, numbers: list[int], channel: str = "", **headers: str) -> Handler:
    """A feed that answers 304 to its own validators and the whole to anything else."""
    whole = feed(bench, numbers, channel, **(headers or {"ETag": ETAG}))

    def answer(request: web.Request) -> web.StreamResponse:
        same = request.headers.get("If-None-Match") == ETAG or request.headers.get("If-Modified-Since") == MODIFIED
        return web.Response(status=304) if same else whole(request)

    return answer


def alive(bench: Bench, every: timedelta, **headers: str) -> Handler:
    """A feed that has a new entry every so often by the virtual clock, with an ETag of its own for each state."""

    def answer(request: web.Request) -> web.StreamResponse:
        count = (bench.now - START) // every
        numbers = [int(n * every / MINUTE) for n in range(max(0, count - 5), count + 1)]
        tag = f'"{count}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=rss(bench.stand.base, numbers), headers={"ETag": tag, **headers})

    return answer


def stored(bench: Bench, moment: datetime) -> list[str]:
    """The addresses of the entries that wait to be read."""
    with bench.store.read() as tx:
        return [item.entry.url for item in entries.pending(tx, moment, 999)]


@line(1)
@pytest.mark.parametrize(
    "value",
    ["Fri, 16 May 2025 11:00:00 GMT", "Fri, 16 May 2025 11:00:00 +0000", "Fri, 16-May-25 11:00:00 GMT",
     "2025-05-16T11:00:00Z", "fri, 16 may 2025  11:00:00 gmt", "yesterday at noon", "0"],
)  # fmt: skip
async def test_last_modified_goes_back_byte_for_byte_whatever_it_is(bench: Bench, value: str) -> None:
    bench.add("/f")
    bench.stand.answers["/f"] = feed(bench, [1, 2], Last_Modified=value)
    await bench.until(START + 5 * HOUR)
    first, *later = bench.stand.sent("/f", "If-Modified-Since")
    assert first is None
    assert len(later) >= 3
    assert set(later) == {value}


@line(2)
async def test_if_modified_since_is_of_the_last_200_of_this_address_or_absent(bench: Bench) -> None:
    bench.add("/f")
    bench.add("/g")
    bench.stand.answers["/f"] = in_turn(
        feed(bench, [1], Last_Modified="one"),
        says(404, b"no", Last_Modified="of an error"),
        says(304),
        feed(bench, [1, 2], Last_Modified="two"),
        feed(bench, [1, 2, 3]),
        feed(bench, [1, 2, 3, 4]),
    )
    bench.stand.answers["/g"] = feed(bench, [9], Last_Modified="of another feed")
    await bench.until(START + 14 * DAY)
    assert bench.stand.sent("/f", "If-Modified-Since")[:6] == [None, "one", "one", "one", "two", None]
    assert set(bench.stand.sent("/g", "If-Modified-Since")) == {None, "of another feed"}


@line(3)
@pytest.mark.parametrize(
    "value", ['"abc"', 'W/"abc"', "abc", '"a b"', "W/abc", '"abc-gzip"', 'w/"x"', '"68a7;6\\"1"', "'1'", '"a,b"']
)
async def test_an_etag_goes_back_byte_for_byte_with_its_quotes_and_w(bench: Bench, value: str) -> None:
    bench.add("/f")
    bench.stand.answers["/f"] = feed(bench, [1, 2], ETag=value)
    await bench.until(START + 5 * HOUR)
    first, *later = bench.stand.sent("/f", "If-None-Match")
    assert first is None
    assert len(later) >= 3
    assert set(later) == {value}


@line(4)
async def test_if_none_match_is_of_the_last_200_and_goes_with_if_modified_since(bench: Bench) -> None:
    bench.add("/f")
    bench.stand.answers["/f"] = in_turn(
        feed(bench, [1], ETag='"1"', Last_Modified="one"),
        says(500, b"no", ETag='"of an error"'),
        says(304),
        feed(bench, [1, 2], ETag='"2"', Last_Modified="two"),
    )
    await bench.until(START + 12 * HOUR)
    pairs = list(zip(bench.stand.sent("/f", "If-None-Match"), bench.stand.sent("/f", "If-Modified-Since"), strict=True))
    assert pairs[:5] == [(None, None), ('"1"', "one"), ('"1"', "one"), ('"1"', "one"), ('"2"', "two")]


DATED = (
    "<lastBuildDate>Fri, 16 May 2025 10:00:00 GMT</lastBuildDate><pubDate>Fri, 16 May 2025 10:00:00 GMT</pubDate>"
    "<atom:updated xmlns:atom='http://www.w3.org/2005/Atom'>2025-05-16T10:00:00Z</atom:updated>"
)


@line(5)
async def test_if_modified_since_is_never_invented(bench: Bench) -> None:
    bench.add("/f", interval=HOUR)
    bench.stand.answers["/f"] = feed(bench, [1, 2], DATED, Date="Fri, 16 May 2025 10:00:00 GMT", ETag=ETAG)
    bench.add("/bare", interval=HOUR)
    bench.stand.answers["/bare"] = feed(bench, [1, 2], DATED, Last_Modified="")
    await bench.until(START + 3 * DAY)
    for path in ("/f", "/bare"):
        assert len(bench.stand.at(path)) > 8
        assert set(bench.stand.sent(path, "If-Modified-Since")) == {None}


@line(6)
async def test_if_none_match_is_never_invented(bench: Bench) -> None:
    bench.add("/f", interval=HOUR)
    bench.stand.answers["/f"] = feed(bench, [1, 2], Last_Modified=MODIFIED)
    bench.add("/bare", interval=HOUR)
    bench.stand.answers["/bare"] = feed(bench, [1, 2], ETag="")
    await bench.until(START + 3 * DAY)
    for path in ("/f", "/bare"):
        assert len(bench.stand.at(path)) > 8
        assert set(bench.stand.sent(path, "If-None-Match")) == {None}


@line(7)
async def test_validators_are_one_set_that_a_200_replaces_and_a_304_may_renew(bench: Bench) -> None:
    bench.add("/f")
    bench.stand.answers["/f"] = in_turn(
        feed(bench, [1], ETag='"1"', Last_Modified="one"),
        feed(bench, [1, 2], ETag='"2"'),
        feed(bench, [1, 2, 3], Last_Modified="three"),
        feed(bench, [1, 2, 3, 4], ETag='"4"', Last_Modified="four"),
        says(304, ETag='"5"', Last_Modified="five"),
        says(304),
    )
    await bench.until(START + 20 * HOUR)
    pairs = list(zip(bench.stand.sent("/f", "If-None-Match"), bench.stand.sent("/f", "If-Modified-Since"), strict=True))
    assert pairs[:6] == [
        (None, None), ('"1"', "one"), ('"2"', None), (None, "three"), ('"4"', "four"), ('"5"', "five")
    ]  # fmt: skip


async def stall(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@line(8)
async def test_errors_leave_validators_alone_and_the_next_try_is_conditional(bench: Bench) -> None:
    bench.begin(deadline=timedelta(milliseconds=300))
    troubles = {
        "404": says(404, ETag='"e"'), "403": says(403, Last_Modified="e"), "500": says(500), "503": says(503),
        "429": says(429, ETag='"e"'), "time": stall, "cut": hang_up, "empty": says(200, b"", ETag='"e"'),
        "html": says(200, b"<html><body>Sorry", ETag='"e"', Last_Modified="e"), "nowhere": says(302),
        "torn": says(200, b"<rss><chan", ETag='"e"'), "packing": says(200, b"j", Content_Encoding="gzip", ETag='"e"'),
    }  # fmt: skip
    for name, trouble in troubles.items():
        bench.add(f"/{name}")
        bench.stand.answers[f"/{name}"] = in_turn(feed(bench, [1, 2], ETag=ETAG, Last_Modified=MODIFIED), trouble)
    await bench.until(START + 9 * HOUR)
    for url, each in bench.feeds.items():
        path = url.removeprefix(bench.stand.base)
        assert bench.state(each).failures >= 1, path
        assert len(bench.stand.at(path)) >= 3, path
        assert set(bench.stand.sent(path, "If-None-Match")[1:]) == {ETAG}, path
        assert set(bench.stand.sent(path, "If-Modified-Since")[1:]) == {MODIFIED}, path


@line(9)
async def test_neither_a_restart_nor_a_timer_makes_it_forget_validators(bench: Bench) -> None:
    bench.add("/f", interval=HOUR)
    bench.stand.answers["/f"] = conditional(bench, [1, 2])
    for hours in range(0, 4 * 24, 7):
        await bench.until(START + hours * HOUR)
        bench.begin()
    bare = [visit.at for visit in bench.stand.at("/f") if "if-none-match" not in visit.headers]
    assert len(bench.stand.at("/f")) > 20
    # Only the daily test of the validators goes without them.
    assert all(later - earlier >= DAY for earlier, later in pairwise(bare))
    assert len(bare) <= 4


@line(10)
async def test_a_conditional_feed_is_asked_no_more_often_than_once_an_hour(bench: Bench) -> None:
    # So many that the spread, which comes from the address, does not hide an interval of 59 minutes.
    many = [f"/{n}" for n in range(40)]
    for path in many:
        bench.add(path)
        bench.stand.answers[path] = alive(bench, 30 * HOUR)
    await bench.until(START + 2 * HOUR + 2 * JITTER)
    assert min(wait for path in many for wait in bench.stand.waits(path)) >= HOUR
    bench.feeds.clear()
    for path, every in (("/busy", 20 * MINUTE), ("/slow", 30 * HOUR)):
        bench.add(path)
        bench.stand.answers[path] = alive(bench, every)
    await bench.until(START + 10 * DAY)
    for path in ("/busy", "/slow"):
        assert len(bench.stand.at(path)) > 10
        assert min(bench.stand.waits(path)) >= HOUR
    assert 220 <= len(bench.stand.at("/busy")) <= 240


@line(11)
async def test_a_feed_without_validators_is_asked_once_a_day_or_as_the_operator_says(bench: Bench) -> None:
    bench.stand.etags = False
    for path in ("/f", "/own"):
        bench.add(path, interval=15 * MINUTE if path == "/own" else None)
        bench.stand.shows[path] = [1, 2, 3]
    await bench.until(START + 10 * DAY)
    assert len(bench.stand.at("/f")) == 10
    assert min(bench.stand.waits("/f")) >= DAY
    assert 15 * MINUTE <= min(bench.stand.waits("/own")) <= 15 * MINUTE * 1.1


@line(12)
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date", "date of a wrong clock", "for ever", "in the past"])
async def test_retry_after_is_waited_for_up_to_a_day(bench: Bench, status: int, form: str) -> None:
    bench.add("/f")
    clock = START + 90 * MINUTE if form == "date of a wrong clock" else START
    asked = {"seconds": str(9 * 3600), "for ever": "99999999999", "in the past": "Fri, 16 May 2003 12:00:00 GMT"}
    wish = asked.get(form, format_datetime(clock + 9 * HOUR, usegmt=True))
    refused = says(status, Retry_After=wish, Date=format_datetime(clock, usegmt=True))
    bench.stand.answers["/f"] = in_turn(refused, conditional(bench, [1]))
    await bench.until(START + 30 * HOUR)
    wait = bench.stand.waits("/f")[0]
    least = {"for ever": DAY, "in the past": HOUR}.get(form, 9 * HOUR)
    assert least <= wait <= max(least, 4 * HOUR) + JITTER


@line(13)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_bare_429_or_503_makes_waits_grow_and_retires_nobody(bench: Bench, status: int) -> None:
    this = bench.add("/f")
    bench.stand.answers["/f"] = says(status)
    await bench.until(START + 60 * DAY)
    waits = bench.stand.waits("/f")
    assert [round(wait / HOUR) for wait in waits[:4]] == [4, 7, 10, 13]
    assert len(waits) >= 55
    assert max(waits) <= DAY + JITTER
    assert bench.state(this).next_at < bench.now + DAY + JITTER
    bench.stand.answers["/f"] = conditional(bench, [1])
    await bench.until(bench.now + 2 * DAY)
    assert bench.state(this).failures == 0


@line(14)
@pytest.mark.parametrize(
    ("headers", "hours"),
    [
        ({"Cache_Control": "public, max-age=18000"}, 5),
        ({"Cache_Control": "s-maxage=1, max-age=18000", "Expires": "0"}, 5),
        ({"Expires": "Fri, 16 May 2025 17:00:00 GMT", "Date": "Fri, 16 May 2025 12:00:00 GMT"}, 5),
        ({"Cache_Control": "max-age=99999999"}, 24),
        ({"Cache_Control": "no-cache"}, 1),
        ({"Cache_Control": "no-store, max-age=0", "Expires": "0"}, 1),
        ({"Cache_Control": "max-age=60"}, 1),
    ],
)
async def test_no_request_comes_before_max_age_is_over(bench: Bench, headers: dict[str, str], hours: int) -> None:
    bench.add("/f")
    bench.add("/own", interval=10 * MINUTE)
    for path in ("/f", "/own"):
        bench.stand.answers[path] = conditional(bench, [1, 2], **{"ETag": ETAG, **headers})
    await bench.until(START + 26 * HOUR)
    assert hours * HOUR <= bench.stand.waits("/f")[0] <= hours * HOUR + JITTER
    # The operator's own interval makes no exception.
    own = hours * HOUR if hours > 1 else 10 * MINUTE
    assert own <= bench.stand.waits("/own")[0] <= own + JITTER


@line(15)
async def test_a_quiet_feed_is_asked_ever_less_often_until_something_is_new(bench: Bench) -> None:
    bench.add("/f")
    shown = [0, -60, -120]
    edits = 0

    def answer(request: web.Request) -> web.StreamResponse:
        # Another body each time, with nothing new in it.
        nonlocal edits
        edits += 1
        return feed(bench, shown, f"<lastBuildDate>{edits}</lastBuildDate>", ETag=f'"{edits}"')(request)

    bench.stand.answers["/f"] = answer
    await bench.until(START + 10 * DAY)
    waits = bench.stand.waits("/f")
    assert waits[0] < 2 * HOUR
    assert waits[-1] > 18 * HOUR
    assert all(later >= earlier - JITTER for earlier, later in pairwise(waits))
    news = int((bench.now - START) / MINUTE)
    before = len(waits)
    for n in range(12):
        shown.append(news + n * 30)
        await bench.until(bench.now + DAY)
    # News every day: asked about every three hours, an eighth of the time between two.
    assert min(bench.stand.waits("/f")[before + 2 :]) < 6 * HOUR


@line(16)
async def test_ttl_and_hours_and_days_of_rest_are_lower_bounds_and_update_period_is_none(bench: Bench) -> None:
    sy = "<sy:updatePeriod xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>hourly</sy:updatePeriod>"
    hurried = sy + "<sy:updateFrequency xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>60</sy:updateFrequency>"
    hours = "<skipHours>" + "".join(f"<hour>{n}</hour>" for n in (0, 1, 2, 3, 4, 5, 22, 23)) + "</skipHours>"
    days = "<skipDays><day>Saturday</day><day>Sunday</day></skipDays>"
    channels = {"/ttl": "<ttl>300</ttl>", "/hours": hours, "/days": days, "/hourly": sy, "/hurried": hurried}
    for path, channel in channels.items():
        bench.add(path, interval=HOUR if path in ("/hours", "/days") else None)
        bench.stand.answers[path] = conditional(bench, [1, 2], channel)
    await bench.until(START + 8 * DAY)
    assert min(bench.stand.waits("/ttl")) >= 5 * HOUR
    assert {visit.at.hour for visit in bench.stand.at("/hours")} <= set(range(6, 22))
    assert {visit.at.weekday() for visit in bench.stand.at("/days")} <= set(range(5))
    assert min(len(bench.stand.at("/hours")), len(bench.stand.at("/days"))) > 10
    for path in ("/hourly", "/hurried"):
        assert min(bench.stand.waits(path)) >= HOUR
        # "hourly" is what WordPress says everywhere: a quiet feed is asked less often all the same.
        assert max(bench.stand.waits(path)) > 12 * HOUR


@line(17)
async def test_one_host_gets_one_request_at_a_time_with_a_gap_between_starts(bench: Bench) -> None:
    gap = timedelta(milliseconds=60)
    bench.begin(gap=gap)

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.03)
        return web.Response(body=rss(bench.stand.base, [1]), headers={"ETag": ETAG})

    # With a redirect: its second hop is a request to the host as well.
    bench.stand.answers |= {f"/{n}": slow for n in range(6)} | {"/4": says(302, Location="/other"), "/other": slow}
    for n in range(6):
        bench.add(f"/{n}")
    await bench.poll()
    assert len(bench.stand.visits) == 7
    assert {visit.abreast for visit in bench.stand.visits} == {1}
    starts = [visit.real for visit in bench.stand.visits]
    # What the start takes to reach the server varies a little.
    assert all(later - earlier >= gap.total_seconds() - 0.02 for earlier, later in pairwise(starts))


@line(18)
async def test_adding_a_feed_costs_one_request_whose_body_is_the_first_state(bench: Bench) -> None:
    this = bench.add("/f")
    bench.stand.answers["/f"] = conditional(bench, [-9000, -8000, 1, 2])
    await bench.poll()
    await bench.until(START + 59 * MINUTE)
    # Taken out and put in again, as by an operator who tries: no further request.
    del bench.feeds[this.url]
    with bench.store.write() as tx:
        feeds.sync(tx, (), bench.now)
    bench.add("/f")
    await bench.until(START + 59 * MINUTE + timedelta(seconds=59))
    assert len(bench.stand.visits) == 1
    state = bench.state(this)
    assert (state.known, state.etag, state.entries_seen) == (True, ETAG, 4)
    # What is too old to be news is known from this body on; what is news is waiting to be read.
    assert stored(bench, bench.now) == [f"{bench.stand.base}/n/{n}" for n in (1, 2)]


@line(19)
async def test_due_times_survive_kill_9(bench: Bench, tmp_path: Path) -> None:
    for path in ("/f", "/own", "/later", "/failing", "/gone"):
        bench.add(path, interval=20 * MINUTE if path == "/own" else None)
    for path in ("/f", "/own"):
        bench.stand.answers[path] = conditional(bench, [1, 2])
    bench.stand.answers["/later"] = says(503, Retry_After="40000")
    bench.stand.answers["/failing"] = says(500)
    bench.stand.answers["/gone"] = says(410)
    await bench.poll()
    for n in range(12):
        await bench.until(START + n * 13 * MINUTE)
        await bench.kill(tmp_path / f"{n}.db")
        await bench.poll()
    assert min(bench.stand.waits("/f")) >= HOUR
    assert min(bench.stand.waits("/own")) >= 20 * MINUTE
    assert min(bench.stand.waits("/failing")) >= HOUR
    assert [len(bench.stand.at(path)) for path in ("/f", "/later", "/failing", "/gone")] == [3, 1, 2, 1]
    # In 143 minutes, by where the spread of this address puts them: 20 to 22 minutes apart.
    assert len(bench.stand.at("/own")) in (7, 8)


@line(20)
async def test_get_is_the_only_method(bench: Bench) -> None:
    answers = {"/fine": conditional(bench, [1]), "/no": says(404), "/not": says(405, Allow="HEAD, POST"),
               "/moved": says(308, Location="/fine"), "/see": says(303, Location="/fine"), "/failing": says(500),
               "/html": says(200, b"<html>")}  # fmt: skip
    bench.stand.answers |= answers
    for path in answers:
        bench.add(path)
    await bench.until(START + 2 * DAY)
    assert {visit.method for visit in bench.stand.visits} == {"GET"}
    assert len(bench.stand.visits) > 30
    # And nothing is asked for beside the feeds: no robots.txt, no icon, no page of an entry.
    assert {visit.path for visit in bench.stand.visits} == set(answers)


@line(21)
async def test_the_user_agent_names_the_program_and_a_contact_and_wears_no_mask(bench: Bench) -> None:
    bench.add("/f")
    bench.stand.answers["/f"] = conditional(bench, [1])
    await bench.until(START + 2 * HOUR)
    (agent,) = set(bench.stand.sent("/f", "User-Agent"))
    assert agent is not None
    assert re.fullmatch(r"Parley/\d+\.\d+[\w.+]* \(\+desk@example\.org\)", agent)
    assert not re.search(
        r"mozilla|chrome|safari|gecko|httpx|aiohttp|python|requests|urllib|curl|feedparser", agent, re.IGNORECASE
    )
    assert not re.search(r"bot|crawl|spider|scrap|gpt|\bai\b|llm", agent, re.IGNORECASE)


@line(22)
async def test_a_request_has_no_cookies_no_referer_and_no_address_but_the_one_configured(bench: Bench) -> None:
    target = "/f/a%2Fb%7e/?b=2&a=1&a=&x=%D0%BF+1"
    bench.add(target)
    path = target.partition("?")[0]
    cookie = {"Set_Cookie": "id=7; Path=/; Max-Age=9999999"}
    whole = feed(bench, [1], ETag=ETAG, **cookie)

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.raw_path.startswith("/there"):
            return whole(request)
        return web.Response(status=302, headers={"Location": "/there?c=3", "Set-Cookie": "id=8; Path=/"})

    bench.stand.answer = answer
    await bench.until(START + 3 * HOUR)
    assert {visit.target for visit in bench.stand.visits} == {target, "/there?c=3"}
    assert len(bench.stand.at(path)) == 3
    allowed = {"host", "accept", "accept-encoding", "user-agent", "if-none-match", "if-modified-since", "connection"}
    assert {name for visit in bench.stand.visits for name in visit.headers} <= allowed


@line(23)
@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [(200, b"<!doctype html><html><head><title>News</title></head></html>", "html page"), (200, b"", "empty body"),
     (200, b'{"error": "no such feed"}', "not a feed"), (200, b"Hello", "not a feed"), (404, b"", "status 404"),
     (404, rss("http://a.example", [1]), "status 404"), (500, rss("http://a.example", [1]), "status 500"),
     (204, b"", "status 204"), (202, rss("http://a.example", [1]), "status 202"), (304, b"", "protocol"),
     (206, rss("http://a.example", [1]), "status 206")],
)  # fmt: skip
async def test_what_is_no_200_with_a_real_feed_is_no_feed(bench: Bench, status: int, body: bytes, outcome: str) -> None:
    this = bench.add("/f")
    bench.stand.answers["/f"] = says(status, body, ETag=ETAG)
    await bench.poll()
    state = bench.state(this)
    assert (state.habits.outcome, state.failures, state.known, state.etag) == (outcome, 1, False, None)
    assert state.last_error
    assert stored(bench, bench.now) == []


@line(24)
async def test_what_the_server_says_of_its_error_reaches_the_operator_on_one_harmless_line(bench: Bench) -> None:
    this = bench.add("/f")
    page = "Your reader\x1b[2J asked\r\n too often; write to ops@example.org\u202e <script>" + "x" * 5000
    bench.stand.answers["/f"] = says(403, page.encode())
    await bench.poll()
    state = bench.state(this)
    assert state.last_error is not None
    told = "403 Forbidden: Your reader\ufffd[2J asked too often; write to ops@example.org\ufffd <script>"
    assert told in state.last_error
    assert state.last_error.isprintable()
    assert len(state.last_error) < 300
    assert (state.habits.health, state.last_error in state.habits.evidence) == ("blocked", True)


@line(25)
async def test_repeated_failure_is_asked_ever_less_often_and_told(bench: Bench) -> None:
    troubles = {"/500": says(500), "/404": says(404), "/403": says(403), "/html": says(200, b"<html>"), "/cut": hang_up}
    for path, trouble in troubles.items():
        bench.add(path)
        bench.stand.answers[path] = trouble
    await bench.until(START + 20 * DAY)
    for path in troubles:
        waits = bench.stand.waits(path)
        assert all(later >= earlier - JITTER for earlier, later in pairwise(waits)), path
        assert waits[0] < 3 * HOUR, path
        assert 15 * HOUR < waits[-1] <= DAY + JITTER, path
    bad = health.notices([bench.state(each) for each in bench.feeds.values()], bench.now, DAY).bad
    assert {state.url for state in bad} == set(bench.feeds)
    assert all("in a row" in state.habits.evidence for state in bad)


@line(26)
async def test_410_stops_polling_at_once_and_is_told(bench: Bench) -> None:
    this = bench.add("/f")
    bench.stand.answers["/f"] = in_turn(conditional(bench, [1]), says(410, b"Moved to paper"), conditional(bench, [2]))
    await bench.until(START + 3 * HOUR)
    bench.begin()
    await bench.until(START + 1000 * DAY)
    assert len(bench.stand.at("/f")) == 2
    state = bench.state(this)
    assert (state.next_at, state.habits.health) == (NEVER, "gone")
    assert "Moved to paper" in state.habits.evidence
    assert health.notices([state], bench.now, DAY).bad == (state,)


@line(27)
@pytest.mark.parametrize(
    ("chain", "end", "saved"),
    [
        ((301,), "feed", True),
        ((308,), "feed", True),
        ((301, 308, 301), "feed", True),
        ((301, 302), "feed", False),
        ((302, 301), "feed", False),
        ((308, 307, 301), "feed", False),
        ((301, 303), "feed", False),
        ((301,), "404", False),
        ((301, 308), "html", False),
        ((308,), "500", False),
    ],
)
async def test_a_move_is_kept_only_if_every_step_is_permanent_and_it_leads_to_a_feed(
    bench: Bench, chain: tuple[int, ...], end: str, saved: bool
) -> None:
    this = bench.add("/0")
    for n, status in enumerate(chain):
        bench.stand.answers[f"/{n}"] = says(status, Location=f"/{n + 1}")
    last = f"/{len(chain)}"
    ends = {"feed": conditional(bench, [1]), "404": says(404), "500": says(500), "html": says(200, b"<html>")}
    bench.stand.answers[last] = ends[end]
    await bench.until(START + 20 * HOUR)
    assert bench.state(this).habits.address == (bench.stand.base + last if saved else None)
    assert len(bench.stand.at(last)) > 2
    assert (len(bench.stand.at("/0")) == 1) == saved
    if saved:
        # The validators moved along.
        assert set(bench.stand.sent(last, "If-None-Match")[1:]) == {ETAG}


@line(28)
@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_temporary_redirect_is_followed_each_time_and_never_kept(bench: Bench, status: int) -> None:
    this = bench.add("/f")
    bench.stand.answers["/f"] = says(status, Location="/today", ETag='"of the redirect"')
    bench.stand.answers["/today"] = conditional(bench, [1, 2])
    await bench.until(START + 8 * HOUR)
    state = bench.state(this)
    assert state.habits.address is None
    # Validators are those of the feed, kept for the address that is configured.
    assert (state.etag, state.failures, state.habits.outcome) == (ETAG, 0, "not modified")
    assert len(bench.stand.at("/f")) == len(bench.stand.at("/today")) >= 4
    assert set(bench.stand.sent("/today", "If-None-Match")[1:]) == {ETAG}
    # The target changes: the next one is asked without what another one said.
    bench.stand.answers["/f"] = says(status, Location="/tomorrow")
    bench.stand.answers["/tomorrow"] = conditional(bench, [3])
    await bench.until(START + 16 * HOUR)
    assert bench.stand.sent("/tomorrow", "If-None-Match")[0] is None


@line(29)
@pytest.mark.parametrize("members", [1, 3])
async def test_gzip_is_asked_for_and_undone(bench: Bench, members: int) -> None:
    this = bench.add("/f")
    body = rss(bench.stand.base, list(range(30)))
    size = len(body) // members + 1
    packed = b"".join(gzip.compress(body[at : at + size], mtime=0) for at in range(0, len(body), size))
    bench.stand.answers["/f"] = says(200, packed, Content_Encoding="gzip", ETag=ETAG)
    await bench.poll()
    (visit,) = bench.stand.at("/f")
    assert "gzip" in [coding.strip() for coding in visit.headers["accept-encoding"].split(",")]
    assert (bench.state(this).entries_seen, bench.state(this).failures) == (30, 0)


@line(30)
async def test_304_is_a_success_without_a_body_that_ends_a_row_of_failures(bench: Bench) -> None:
    this = bench.add("/f")
    bench.stand.answers["/f"] = in_turn(feed(bench, [1, 2], ETag=ETAG), says(500), says(502), says(304))
    await bench.until(START + 4 * HOUR)
    assert bench.state(this).failures == 2
    before = bench.state(this)
    await bench.until(before.next_at)
    state = bench.state(this)
    assert (state.failures, state.last_error, state.habits.health) == (0, None, "ok")
    assert state.succeeded_at == state.polled_at == before.next_at
    assert HOUR <= state.next_at - before.next_at <= HOUR + JITTER
    assert (state.entries_seen, state.etag) == (2, ETAG)


@line(31)
@pytest.mark.parametrize(
    ("answer", "most", "outcome"),
    [
        (says(302, Location="/f"), 6, "redirects"),
        (says(301, Location="/g"), 6, "redirects"),
        (stall, 1, "timeout"),
        (hang_up, 1, "protocol"),
        (says(500), 1, "status 500"),
        (says(200, b"<html>"), 1, "html page"),
    ],
    ids=["itself", "each other", "no answer", "cut", "500", "html"],
)
async def test_a_poll_ends_and_is_not_tried_again(bench: Bench, answer: Handler, most: int, outcome: str) -> None:
    bench.begin(deadline=timedelta(milliseconds=250))
    this = bench.add("/f")
    bench.stand.answers |= {"/f": answer, "/g": says(301, Location="/f")}
    began = time.monotonic()
    await bench.until(START + 59 * MINUTE)
    assert time.monotonic() - began < 2
    assert len(bench.stand.visits) == most
    assert bench.state(this).habits.outcome == outcome


def test_all_31_lines_have_a_test() -> None:
    assert sorted(covered) == list(range(1, 32))
