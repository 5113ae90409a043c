"""What is told of polls: what they brought, in a line each; that they brought nothing, in a line a minute."""

import logging
from datetime import timedelta

import sqlalchemy as sa
import structlog
from structlog.testing import LogCapture

from monitor.store import tables as t
from monitor.traces import trace_of

from .conftest import START, Bench

MINUTE = timedelta(minutes=1)


def listen(bench: Bench) -> LogCapture:
    heard = LogCapture()
    log = structlog.wrap_logger(
        None, processors=[heard], wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG)
    )
    bench.begin(log=log)
    return heard


def levels(heard: LogCapture) -> list[str]:
    return [line["log_level"] for line in heard.entries if line["event"] == "feed polled"]


async def test_a_poll_that_shows_something_is_told_and_one_that_shows_nothing_is_for_debug(bench: Bench):
    heard = listen(bench)
    bench.stand.shows["/a"] = [1, 2]
    bench.add("/a")
    await bench.until(START + 90 * MINUTE)
    assert levels(heard)[0] == "info"
    assert set(levels(heard)[1:]) == {"debug"}
    heard.entries.clear()
    bench.stand.shows["/a"] = [1, 2, 3]
    await bench.until(START + 300 * MINUTE)
    assert levels(heard).count("info") == 1


async def test_a_poll_that_fails_is_a_warning_and_the_one_that_works_again_is_told(bench: Bench):
    bench.add("/a")
    heard = listen(bench)
    await bench.poll()
    bench.stand.shows["/a"] = [1]
    await bench.until(START + 300 * MINUTE)
    said = levels(heard)
    assert said[0] == "warning"
    assert next(level for level in said if level != "warning") == "info"


async def test_user_and_password_of_a_feed_stand_in_no_line(bench: Bench):
    heard = listen(bench)
    host = bench.stand.base
    bench.stand.base = host.replace("//", "//reader:geheim@")
    bench.stand.shows["/a"] = [1]
    bench.add("/a", sitemap=bench.stand.base + "/map")
    bench.add("/none")
    await bench.poll()
    said = [line for line in heard.entries if "feed" in line]
    assert {line["event"] for line in said} >= {"feed polled", "sitemap not read"}
    assert {line["feed"] for line in said} == {host + "/a", host + "/none"}
    assert "geheim" not in str(heard.entries)


async def test_the_polls_of_a_minute_are_summed_up_in_one_line_if_there_were_any(bench: Bench):
    heard = listen(bench)
    for name in ("/a", "/b", "/c"):
        bench.add(name)
    bench.stand.shows |= {"/a": [1], "/b": []}
    await bench.poll()
    for seconds in (1, 2, 59, 60, 61, 200):
        bench.now = START + timedelta(seconds=seconds)
        await bench.poll()
    sums = [line for line in heard.entries if line["event"] == "feeds polled"]
    assert [(line["polls"], line["new"], line["failing"]) for line in sums] == [(3, 1, 1)]


async def test_what_a_poll_brought_has_the_trace_of_its_line(bench: Bench):
    heard = listen(bench)
    bench.stand.shows["/a"] = [1, 2]
    feed = bench.add("/a")
    await bench.poll()
    (line,) = [line for line in heard.entries if line["event"] == "feed polled"]
    assert line["trace"] == trace_of(feed.url, START)
    with bench.store.read() as tx:
        assert set(tx.execute(sa.select(t.entry.c.trace)).scalars()) == {line["trace"]}
