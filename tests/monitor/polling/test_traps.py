"""What libraries and servers do to a reader of feeds (reference: polling 4.1), one named test for each row, end to end.

A row's library is not tested but Parley with it: what a real server sends ends as entries in a real store.
"""

import asyncio
import builtins
import gzip
import html
import resource
import socket
import time
import tomllib
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web
from apscheduler.events import EVENT_JOB_MISSED

from extractors.article import PAGE_CAP
from extractors.records import Entry
from monitor.jobs import Bells, Periods, schedule
from monitor.records import FeedState
from monitor.store import entries, feeds
from monitor.workers import Patience, WorkerFailure, Workers

from .conftest import START, Bench, rss

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ROOT = Path(__file__).parents[3]
# The rows of the table, and what the issue asks for beside them.
ROWS = (
    "unknown zone names", "RFC822 date without zone", "other dates", "dc:date", "skipHours", "no guid",
    "challenge page", "truncated XML", "bare & and the like", "UTF-8 declared windows-1251", "UTF-8 with 2 bad bytes",
    "titles and links not sanitised", "a body that is a path", "entity bombs", "gzip bomb", "slow drip",
    "httpx defaults", "ipaddress", "trafilatura's time", "trafilatura's install", "APScheduler's misfire",
    "feedparser's speed",
    "59-minute repoll", "redirect into a private address", "DNS name of a private address", "validator that lies",
)  # fmt: skip
covered: dict[str, str] = {}
T = TypeVar("T", bound=Callable[..., object])


def trap(row: str) -> Callable[[T], T]:
    """Marks the test of a row."""

    def mark(test: T) -> T:
        assert row in ROWS
        assert row not in covered, f"{row} has two tests"
        covered[row] = test.__name__
        return test

    return mark


def item(title: str = "Talks", link: str = "https://example.org/1", guid: str = "", more: str = "") -> str:
    """An item, published an hour after START unless `more` says something of dates."""
    named = f"<guid isPermaLink='false'>{guid}</guid>" if guid else ""
    date = "" if "ate>" in more else "<pubDate>Fri, 16 May 2025 13:00:00 GMT</pubDate>"
    return f"<item><title>{title}</title><link>{link}</link>{named}{date}{more}</item>"


def channel(*items: str, head: str = "<?xml version='1.0' encoding='utf-8'?>", more: str = "") -> str:
    names = "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:atom='http://www.w3.org/2005/Atom'"
    return f"{head}<rss version='2.0' {names}><channel><title>News</title>{more}{''.join(items)}</channel></rss>"


async def read(bench: Bench, body: bytes | str, zone: str = "UTC", **headers: str) -> tuple[list[Entry], FeedState]:
    """What a poll makes of a body: the entries to be read, in the feed's order, and the feed's state."""
    raw = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/{len(bench.feeds)}"
    bench.stand.answers[path] = lambda _: web.Response(body=raw, headers=named)
    feed = bench.add(path, zone=zone)
    bench.now = max(bench.now, START + 6 * HOUR)
    await bench.poll()
    with bench.store.read() as tx:
        found = [each.entry for each in entries.pending(tx, bench.now, 9999) if each.feed_url == feed.url]
    return found, bench.state(feed)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 5, 16, hour, minute, tzinfo=UTC)


@trap("unknown zone names")
async def test_msk_eet_and_cest_are_the_zones_that_they_name(bench: Bench) -> None:
    zones = {"MSK": at(13), "EET": at(14), "EEST": at(13), "CEST": at(14), "+03": at(13), "GMT+3": at(13)}
    items = [
        item(zone, f"https://example.org/{n}", more=f"<pubDate>Fri, 16 May 2025 16:00:00 {zone}</pubDate>")
        for n, zone in enumerate(zones)
    ]
    found, _ = await read(bench, channel(*items))
    assert {entry.title: entry.published for entry in found} == zones


@trap("RFC822 date without zone")
async def test_a_date_without_zone_is_in_the_feeds_own(bench: Bench) -> None:
    dates = ("Fri, 16 May 2025 16:00:00", "2025-05-16T16:00:00", "2025-05-16 16:00:00")
    items = [item(d, f"https://example.org/{n}", more=f"<pubDate>{d}</pubDate>") for n, d in enumerate(dates)]
    found, _ = await read(bench, channel(*items), zone="Europe/Kyiv")
    assert [(entry.published, entry.date_inferred) for entry in found] == [(at(13), True)] * 3


@trap("other dates")
async def test_odd_dates_are_read_and_impossible_ones_are_none(bench: Bench) -> None:
    dates = {
        "16.05.2025 16:00": at(16), "16 мая 2025 16:00:00 +0300": at(13), "1747400400": at(13),
        "Thu, 15 May 2025 24:00:00 GMT": at(0), "1704": None, "Fri, 16 May 1704 10:00:00 GMT": None,
        "Mon, 16 May 2095 10:00:00 GMT": None, "soon": None,
    }  # fmt: skip
    items = [item(d, f"https://example.org/{n}", more=f"<pubDate>{d}</pubDate>") for n, d in enumerate(dates)]
    found, state = await read(bench, channel(*items))
    assert state.entries_seen == len(dates)
    assert {entry.title: entry.published for entry in bench.parser.last.entries} == dates
    # At first sight what has no date is taken for old; what comes later has the time at which it was seen.
    assert {entry.published for entry in found} == {at(16), at(13)}


@trap("dc:date")
async def test_dc_date_is_a_date_of_publication(bench: Bench) -> None:
    found, _ = await read(bench, channel(item(more="<dc:date>2025-05-16T16:00:00+03:00</dc:date>")))
    assert [entry.published for entry in found] == [at(13)]


@trap("skipHours")
async def test_every_hour_of_rest_counts_and_not_only_the_last(bench: Bench) -> None:
    rest = "<skipHours><hour>1</hour><hour>2</hour><hour>24</hour></skipHours><skipDays><day>Sunday</day></skipDays>"
    _, state = await read(bench, channel(item(), more=rest))
    assert state.habits.skip_hours == (0, 1, 2)
    assert state.habits.skip_days == (6,)


@trap("no guid")
async def test_without_guids_an_entry_is_its_link_and_an_empty_body_is_a_failure(bench: Bench) -> None:
    items = [item("One"), item("Two", "https://example.org/2"), item("Three", "")]
    found, state = await read(bench, channel(*items))
    assert [entry.title for entry in found][:2] == ["One", "Two"]
    assert len({entry.id for entry in found}) == len(found)
    assert all(entry.id for entry in found)
    # The same again, with another byte: nothing of it is new.
    bench.stand.answers["/0"] = lambda _: web.Response(body=channel(*items, more=" ").encode())
    await bench.until(state.next_at)
    assert bench.poller is not None
    assert bench.poller.counts["read"] == 2
    assert bench.poller.counts["new"] == len(found)
    _, empty = await read(bench, b" \r\n")
    assert (empty.habits.outcome, empty.failures) == ("empty body", 1)


@trap("challenge page")
async def test_a_challenge_an_html_page_and_json_are_told_from_feeds_and_from_each_other(bench: Bench) -> None:
    bodies = {
        "<!doctype html><title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/x'></script>":
            ("challenge page", "blocked"),
        "<html><head><title>News</title></head><body><p>Hello</p></body></html>": ("html page", "failing"),
        '{"status": "error"}': ("not a feed", "failing"),
        "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>https://example.org/</loc></url></urlset>":
            ("sitemap without news", "failing"),
    }  # fmt: skip
    for body, expected in bodies.items():
        found, state = await read(bench, body, ETag='"x"')
        assert (state.habits.outcome, state.habits.health) == expected
        assert (found, state.known, state.etag) == ([], False, None)


@trap("truncated XML")
async def test_a_feed_cut_short_gives_its_entries_but_no_validators_and_is_asked_sooner(bench: Bench) -> None:
    whole = rss("https://example.org", list(range(50)))
    bodies = [whole[: len(whole) // 2]]
    bench.stand.answers["/f"] = lambda _: web.Response(body=bodies[0], headers={"ETag": '"x"'})
    feed = bench.add("/f")
    bench.now = START + HOUR
    await bench.poll()
    state = bench.state(feed)
    assert 20 <= state.entries_seen <= 25
    assert (state.etag, state.habits.outcome, state.habits.health) == (None, "truncated", "truncated")
    assert 15 * MINUTE <= state.next_at - bench.now <= 17 * MINUTE
    await bench.until(bench.now + 12 * HOUR)
    waits = bench.stand.waits("/f")
    assert [round(wait / MINUTE / 15) for wait in waits[:3]] == [1, 2, 3]
    assert min(waits[3:], default=DAY) >= DAY
    assert set(bench.stand.sent("/f", "If-None-Match")) == {None}
    bodies[0] = whole
    await bench.until(bench.now + DAY)
    state = bench.state(feed)
    assert (state.etag, state.entries_seen, state.habits.health) == ('"x"', 50, "ok")


@trap("bare & and the like")
@pytest.mark.parametrize(
    "flaw", ["&", "\x0b", "&nbsp;", "&hellip;", "&#0;", "&#xD800;", "&#x110000;", f"&#{'9' * 5000};", "<br>"]
)
async def test_a_feed_that_is_not_well_formed_is_read_all_the_same(bench: Bench, flaw: str) -> None:
    items = [item(f"Talks {flaw} peace {n}", f"https://example.org/{n}") for n in range(20)]
    found, state = await read(bench, channel(*items), ETag='"x"')
    assert len(found) == state.entries_seen == 20
    assert all(entry.title.startswith("Talks") and "peace" in entry.title for entry in found)
    assert (state.etag, state.failures, state.habits.health) == ('"x"', 0, "ok")


@trap("UTF-8 declared windows-1251")
async def test_utf8_that_is_declared_windows_1251_is_read_as_utf8(bench: Bench) -> None:
    body = channel(item("Обмен военнопленными"), head="<?xml version='1.0' encoding='windows-1251'?>")
    found, _ = await read(bench, body.encode(), Content_Type="text/xml; charset=windows-1251")
    assert [entry.title for entry in found] == ["Обмен военнопленными"]
    found, state = await read(bench, body.encode("cp1251"), Content_Type="text/xml")
    assert [entry.title for entry in found] == ["Обмен военнопленными"]
    assert state.habits.health == "ok"


@trap("UTF-8 with 2 bad bytes")
async def test_two_bad_bytes_cost_two_characters_and_not_the_feed(bench: Bench) -> None:
    items = [item(f"Обмен пленными № {n}", f"https://example.org/{n}") for n in range(20)]
    body = channel(*items).encode()
    first, second = body.index("№ 3".encode()), body.index("№ 7".encode())
    found, _ = await read(bench, body[:first] + b"\xff" + body[first:second] + b"\xfe" + body[second:])
    titles = [entry.title for entry in found]
    assert len(titles) == 20
    assert [n for n, title in enumerate(titles) if title != f"Обмен пленными № {n}"] == [3, 7]
    assert titles[3] == "Обмен пленными \ufffd№ 3"


@trap("titles and links not sanitised")
async def test_scripts_in_titles_are_text_and_links_that_run_are_no_links(bench: Bench) -> None:
    script = html.escape("<script>alert(1)</script>Talks <b>today</b>")
    links = ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", " JaVaScRiPt:alert(1)", "vbscript:x")
    items = [item(script, "https://example.org/1"), *[item(f"Link {n}", link) for n, link in enumerate(links)]]
    found, _ = await read(bench, channel(*items))
    assert found
    assert [entry.url for entry in found] == ["https://example.org/1"] + [""] * len(links)
    assert not any("<" in entry.title for entry in found)
    assert "Talks today" in found[0].title


@trap("a body that is a path")
async def test_a_body_that_is_a_path_or_an_address_has_nothing_opened(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text(channel(item("Secret")))
    opened: list[str] = []
    real = builtins.open

    def spy(path: object, *args: object, **more: object) -> object:
        opened.append(str(path))
        return real(path, *args, **more)

    bench.stand.answers["/inside"] = lambda _: web.Response(body=secret.read_bytes())
    monkeypatch.setattr(builtins, "open", spy)
    for body in (str(secret), f"file://{secret}", f"{bench.stand.base}/inside"):
        found, state = await read(bench, body)
        assert (found, state.habits.outcome) == ([], "not a feed")
    assert not [path for path in opened if "secret" in path]
    assert bench.stand.asked("/inside") == 0


@trap("entity bombs")
async def test_entities_neither_grow_nor_load_anything(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    levels = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    laughs = f"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY l0 'ha'>{levels}]>"
    quadratic = f"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY b '{'b' * 50_000}'>]>"
    outside = f"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY s SYSTEM 'file://{tmp_path}/secret'>]>"
    remote = f"<?xml version='1.0'?><!DOCTYPE rss SYSTEM '{bench.stand.base}/dtd'>"
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for head, title in ((laughs, "&l9;"), (quadratic, "&b;" * 20_000), (outside, "&s;"), (remote, "Talks")):
        found, _ = await read(bench, channel(item(title), head=head))
        assert all(len(entry.title) < 2_000 and "SECRET" not in entry.title + entry.summary for entry in found)
    # What expat lets the first one grow to; without its limit it is two gigabytes.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 2**10
    assert time.process_time() - began < 4
    assert bench.stand.asked("/dtd") == 0


@trap("gzip bomb")
async def test_a_kilobyte_of_doubly_packed_zeros_takes_no_memory(bench: Bench) -> None:
    once = gzip.compress(bytes(2**20), mtime=0) * 300
    twice = gzip.compress(once, mtime=0)
    assert len(twice) < 5_000
    bench.now = START + HOUR
    packed = {"gzip, gzip": twice, "gzip,x-gzip": twice, "gzip": once, "deflate, gzip": twice, "br": b"x"}
    for n, (encoding, body) in enumerate(packed.items()):
        tracemalloc.start()
        _, state = await read(bench, body, Content_Encoding=encoding, ETag='"x"')
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # 300 MiB if anything undid it; one packing may fill the cap of 15 MB, and a growing buffer a little more.
        assert peak < (50 if n == 2 else 4) * 2**20, (encoding, peak)
        assert (state.habits.outcome, state.etag) == ("too_big" if n == 2 else "protocol", None)


@trap("slow drip")
async def test_a_server_that_drips_is_left_at_the_total_deadline(bench: Bench) -> None:
    bench.begin(deadline=timedelta(milliseconds=400))

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    bench.stand.answers["/drip"] = drip
    feed = bench.add("/drip")
    began = time.monotonic()
    await bench.poll()
    assert time.monotonic() - began < 2
    assert bench.state(feed).habits.outcome == "timeout"


@trap("httpx defaults")
async def test_no_default_of_the_http_library_is_relied_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    bench.begin()
    found, _ = await read(bench, channel(item()))
    assert len(found) == 1
    (visit,) = bench.stand.visits
    assert visit.headers["user-agent"].startswith("Parley/")
    assert visit.headers["accept-encoding"] == "gzip, deflate"


async def refused(bench: Bench, location: str) -> str:
    """What becomes of a feed that redirects to there: its outcome; that nothing else was asked is checked."""
    path = f"/{len(bench.feeds)}"
    bench.stand.answers[path] = lambda _: web.Response(status=302, headers={"Location": location})
    feed = bench.add(path)
    before = len(bench.stand.visits)
    await bench.poll()
    assert len(bench.stand.visits) == before + 1
    return bench.state(feed).habits.outcome


@trap("ipaddress")
async def test_addresses_that_the_library_calls_public_are_refused(bench: Bench) -> None:
    special = ("100.64.0.1", "224.0.0.1", "[2002:0a00:1::]", "[64:ff9b::a00:1]", "[::ffff:10.0.0.1]", "198.18.0.1",
               "240.0.0.1", "[ff02::1]", "255.255.255.255")  # fmt: skip
    assert {host: await refused(bench, f"http://{host}/") for host in special} == dict.fromkeys(special, "forbidden")


@trap("redirect into a private address")
async def test_a_redirect_into_a_private_address_is_not_followed(bench: Bench) -> None:
    private = ("10.0.0.1", "192.168.1.1", "172.16.0.9", "169.254.169.254", "[fe80::1]", "[fd00::1]", "0.0.0.0", "[::1]")
    assert {host: await refused(bench, f"http://{host}/") for host in private} == dict.fromkeys(private, "forbidden")


@trap("DNS name of a private address")
async def test_a_name_whose_address_is_private_is_not_connected_to(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[str] = []

    def resolve(host: bytes, port: int, *_: object, **__: object) -> list[object]:
        resolved.append(host.decode())
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.5", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert await refused(bench, "http://intranet.example.org/feed") == "forbidden"
    assert resolved == ["intranet.example.org"]


@trap("trafilatura's time")
@pytest.mark.slow
async def test_a_page_that_takes_trafilatura_minutes_is_ended_at_its_limit_and_costs_itself_alone() -> None:
    body = b"<p>Talks were held in Istanbul today, both sides said.</p>"
    page = b"<html><body><article>" + body * ((PAGE_CAP - 100) // len(body)) + b"</article></body></html>"
    workers = Workers(count=1, patience=Patience(page=timedelta(seconds=1)))
    try:
        small = b"<html><body><article>" + body * 20 + b"</article></body></html>"
        assert not isinstance(await workers.extract(small, "https://example.org/1", None), WorkerFailure)
        began = time.monotonic()
        failed = await workers.extract(page, "https://example.org/2", None)
        assert isinstance(failed, WorkerFailure)
        assert failed.kind == "timeout"
        assert time.monotonic() - began < 4
        # What is above the cap is not even tried.
        above = await workers.extract(page + b" " * 200, "https://example.org/3", None)
        assert not isinstance(above, WorkerFailure)
        assert above.problem == "too big"
    finally:
        await workers.close()


@trap("trafilatura's install")
def test_lxml_html_clean_is_declared_for_what_needs_it() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert any(each.startswith("lxml-html-clean>=") for each in declared)
    assert import_module("lxml_html_clean").Cleaner


@trap("APScheduler's misfire")
async def test_a_bell_that_a_busy_loop_delays_by_more_than_a_second_still_rings() -> None:
    bells, day, missed = Bells(), timedelta(days=1), []
    scheduler = schedule(bells, Periods(timedelta(milliseconds=100), day, day, day, day), lambda _: None)
    scheduler.add_listener(missed.append, EVENT_JOB_MISSED)
    scheduler.start()
    try:
        time.sleep(1.25)  # noqa: ASYNC251 - the loop is to be busy
        await asyncio.wait_for(bells.poll.wait(), 5)
    finally:
        scheduler.shutdown(wait=False)
    assert missed == []


@trap("feedparser's speed")
async def test_a_feed_of_a_thousand_long_entries_is_read_in_a_second(bench: Bench) -> None:
    text = f"<description>{'Talks were held today. ' * 145}</description>"
    items = [item(f"Talks {n}", f"https://example.org/{n}", more=text) for n in range(1000)]
    body = channel(*items)
    assert len(body) > 3_400_000
    began = time.process_time()
    found, _ = await read(bench, body)
    assert len(found) == 1000
    assert time.process_time() - began < 3


@trap("59-minute repoll")
async def test_nothing_makes_a_second_request_within_59_minutes(bench: Bench) -> None:
    bench.stand.shows["/f"] = [1, 2, 3]
    feed = bench.add("/f")
    await bench.poll()
    with bench.store.write() as tx:
        feeds.hurry(tx, feed.url, START + DAY, START)
    for minutes in (1, 30, 59):
        bench.now = START + minutes * MINUTE
        bench.begin()
        await bench.poll()
    bench.now = START + 59 * MINUTE + timedelta(seconds=59)
    await bench.poll()
    assert len(bench.stand.visits) == 1
    await bench.until(START + 12 * HOUR)
    assert all(later.at - earlier.at >= HOUR for earlier, later in pairwise(bench.stand.visits))
    assert len(bench.stand.visits) >= 11


@trap("validator that lies")
async def test_a_validator_that_lies_costs_two_days_at_most_and_is_not_sent_for_a_month(bench: Bench) -> None:
    def lie(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers={"ETag": '"same"'})
        newest = int((bench.now - START) / HOUR)
        body = rss(bench.stand.base, [60 * n for n in range(max(0, newest - 30), newest + 1)])
        return web.Response(body=body, headers={"ETag": '"same"'})

    bench.stand.answers["/f"] = lie
    feed = bench.add("/f")
    await bench.until(START + 2 * DAY)
    doubted = bench.state(feed).habits.doubted_at
    assert doubted is not None
    assert bench.state(feed).habits.health == "lying"
    bench.stand.visits.clear()
    await bench.until(doubted + 29 * DAY)
    assert set(bench.stand.sent("/f", "If-None-Match")) == {None}
    # Every answer is whole now, so it is asked for half as often as without validators it might be: once a day.
    assert min(bench.stand.waits("/f")) >= DAY
    assert bench.poller is not None
    assert bench.poller.counts["new"] > 24 * 25


def test_every_row_has_a_test() -> None:
    assert set(covered) == set(ROWS)
