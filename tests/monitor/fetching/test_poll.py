import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.poll import Arrival, ask, conclude
from monitor.records import Feed, FeedState
from monitor.workers import Workers

NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)
ITEM = "<item><title>Talks {0}</title><link>/n/{0}</link><guid>g{0}</guid>"
ITEM += "<pubDate>Fri, 16 May 2025 14:0{0}:00 MSK</pubDate></item>"
RSS = "<rss version='2.0'><channel><title>News</title>" + "".join(ITEM.format(n) for n in range(3)) + "</channel></rss>"
HELD = {"ETag": '"v1"', "Last-Modified": "Fri, 16 May 2025 08:00:00 GMT"}


@pytest.fixture(scope="module")
def workers() -> Workers:
    return Workers(count=1)


@pytest.fixture(scope="module", autouse=True)
def _workers_end(workers):
    yield
    asyncio.run(workers.close())


def fresh(url: str) -> tuple[Feed, FeedState]:
    return Feed(url=url, outlet="example.org", family="example"), FeedState(url=url, next_at=NOW)


async def run(server, fetcher, workers, url, state=None):
    feed, first = fresh(url)
    answer = await ask(feed, state or first, fetcher=fetcher, workers=workers, clock=lambda: NOW)
    return answer, conclude(feed, state or first, answer, Arrival(len(answer.entries)))


async def test_a_feed_gives_its_entries_and_the_state_to_remember(server, fetcher, workers):
    url = server.gives("/feed", RSS.encode(), **HELD)
    answer, polled = await run(server, fetcher, workers, url)
    assert (polled.outcome, polled.ok) == ("read", True)
    assert [entry.url for entry in answer.entries] == [f"{server.base}/n/{n}" for n in range(3)]
    assert answer.entries[1].published == datetime(2025, 5, 16, 11, 1, tzinfo=UTC)
    state = polled.state
    assert (state.etag, state.last_modified, state.known, state.entries_seen) == (
        '"v1"', "Fri, 16 May 2025 08:00:00 GMT", True, 3,
    )  # fmt: skip
    assert NOW + timedelta(hours=1) <= state.next_at <= NOW + timedelta(minutes=66)
    assert "if-none-match" not in server.requests[0][1]
    assert "if-modified-since" not in server.requests[0][1]


async def test_304_is_a_success_and_keeps_validators(server, fetcher, workers):
    url = server.gives("/feed", status=304)
    before = replace(fresh(url)[1], etag='"v1"', last_modified="x", failures=4, last_error="timeout", known=True)
    answer, polled = await run(server, fetcher, workers, url, before)
    assert (polled.outcome, polled.ok, answer.entries) == ("not modified", True, ())
    after = polled.state
    assert (after.etag, after.last_modified, after.failures, after.last_error) == ('"v1"', "x", 0, None)
    assert after.polled_at == after.succeeded_at == NOW


async def test_validators_are_one_set_so_a_200_without_one_clears_it(server, fetcher, workers):
    url = server.gives("/feed", RSS.encode(), ETag='"v2"')
    _, polled = await run(server, fetcher, workers, url, replace(fresh(url)[1], etag='"v1"', last_modified="x"))
    assert (polled.state.etag, polled.state.last_modified) == ('"v2"', None)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (404, b"gone?", "status 404"),
        (410, b"", "gone"),
        (500, b"", "status 500"),
        (200, b"", "empty body"),
        (200, b"<!DOCTYPE html><html><title>Just a moment...</title></html>", "challenge page"),
        (200, b"<!DOCTYPE html><html><title>News</title></html>", "html page"),
        (200, b"hello", "not a feed"),
        (200, RSS[:300].encode(), "truncated"),
    ],
)
async def test_a_failure_leaves_validators_alone_and_is_told(server, fetcher, workers, status, body, outcome):
    url = server.gives("/feed", body, status, ETag='"bad"')
    before = replace(fresh(url)[1], etag='"v1"', last_modified="x", failures=1, known=True)
    _, polled = await run(server, fetcher, workers, url, before)
    assert (polled.outcome, polled.ok) == (outcome, False)
    assert (polled.state.etag, polled.state.last_modified, polled.state.failures) == ('"v1"', "x", 2)
    assert polled.state.last_error is not None
    assert polled.state.last_error.startswith(outcome)
    assert polled.state.next_at > NOW


async def test_a_feed_cut_short_gives_its_whole_entries_and_is_asked_again_sooner(server, fetcher, workers):
    cut = RSS.encode()[: RSS.index("<guid>g2")]
    answer, polled = await run(server, fetcher, workers, server.gives("/feed", cut))
    assert [entry.id for entry in answer.entries] == ["g0", "g1"]
    assert polled.state.next_at < NOW + timedelta(minutes=30)
    assert not polled.state.known


async def test_retry_after_binds(server, fetcher, workers):
    _, polled = await run(server, fetcher, workers, server.gives("/feed", status=429, **{"Retry-After": "36000"}))
    assert polled.state.next_at >= NOW + timedelta(hours=10)


async def test_a_feed_that_moved_for_good_says_where_to(server, fetcher, workers):
    there = server.gives("/new", RSS.encode())
    _, polled = await run(server, fetcher, workers, server.gives("/feed", status=301, Location="/new"))
    assert polled.outcome == "read"
    assert there in polled.detail
    assert polled.state.habits.address == there


async def test_max_age_is_waited_for(server, fetcher, workers):
    url = server.gives("/feed", RSS.encode(), **{"Cache-Control": "max-age=10800"})
    _, polled = await run(server, fetcher, workers, url)
    assert polled.state.next_at >= NOW + timedelta(hours=3)


async def test_an_unasked_304_is_a_failure(server, fetcher, workers):
    _, polled = await run(server, fetcher, workers, server.gives("/feed", status=304))
    assert (polled.outcome, polled.ok) == ("protocol", False)
