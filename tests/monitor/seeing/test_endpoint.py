"""The endpoint over real HTTP: what it answers, and what no client can do to it."""

import asyncio
import contextlib
import gzip
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import structlog

from monitor.app import endpoint as endpoint_module
from monitor.app import scrape as scrape_module
from monitor.app.endpoint import ABREAST, Endpoint
from monitor.records import Feed, FeedState, Habits
from monitor.store import feeds

Seen = Any  # the record of conftest.py, which tests cannot import
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


async def get(url: str, method: str = "GET", **headers: str) -> tuple[int, str, dict[str, str]]:
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(method, url, headers={"Accept-Encoding": "identity", **headers}) as answer,
    ):
        body = await answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return answer.status, body.decode(), dict(answer.headers)


async def metric(seen: Seen, name: str) -> float | None:
    _, text, _ = await get(f"{seen.base}/metrics")
    found = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(found[0]) if found else None


async def test_it_is_alive_at_once_and_ready_when_all_loops_have_come_round(seen: Seen) -> None:
    assert (await get(f"{seen.base}/healthz"))[:2] == (200, "alive\n")
    status, text, _ = await get(f"{seen.base}/readyz")
    assert status == 503
    assert "NOT first cycle: poller and reader and sender not come round yet\n" in text
    seen.work()
    assert (await get(f"{seen.base}/readyz"))[0] == 200
    seen.scrape.stopping = True
    assert (await get(f"{seen.base}/readyz"))[0] == 503
    assert (await get(f"{seen.base}/healthz"))[0] == 200


@pytest.mark.parametrize(("loop", "name"), [("poll", "poller"), ("read", "reader"), ("deliver", "sender")])
async def test_the_loop_that_hangs_is_named_with_since_when(seen: Seen, loop: str, name: str) -> None:
    seen.work()
    others = {"poll", "read", "deliver"} - {loop}
    for _ in range(3):
        seen.goes(MINUTE, *others)
    status, text, headers = await get(f"{seen.base}/readyz", Accept="application/json")
    value = json.loads(text)
    assert (status, headers["Content-Type"], value["pid"]) == (503, "application/json; charset=utf-8", os.getpid())
    (hung,) = [check for check in value["checks"] if not check["ok"]]
    assert (hung["name"], hung["since"]) == (name, "2026-03-01T12:00:01+00:00")
    assert hung["detail"].startswith("hangs for 3 min (")
    _, text, _ = await get(f"{seen.base}/metrics")
    assert f'parley_loop_stuck{{loop="{name}"}} 1.0\n' in text
    assert text.count("parley_loop_stuck{") == 3
    assert "parley_ready 0.0\n" in text


async def test_metrics_come_in_the_format_that_is_asked_for_and_compressed(seen: Seen) -> None:
    seen.work()
    _, plain, headers = await get(f"{seen.base}/metrics")
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "_created" not in plain
    _, text, headers = await get(f"{seen.base}/metrics", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert "parley_ready 1.0\n" in text
    asked = {"Accept": "application/openmetrics-text; version=1.0.0"}
    _, text, headers = await get(f"{seen.base}/metrics", **asked)
    assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")


async def test_what_the_store_and_the_parts_know_is_shown(seen: Seen) -> None:
    known = [Feed(f"https://{n}.example/rss", n, n) for n in ("a", "b", "c")]
    with seen.store.write() as tx:
        feeds.sync(tx, known, seen.now)
        feeds.save(tx, FeedState(known[0].url, seen.now, succeeded_at=seen.now - HOUR))
        feeds.save(tx, FeedState(known[1].url, seen.now, succeeded_at=seen.now, habits=Habits(health="blocked")))
    seen.states["mail"] = "open"
    seen.work()
    _, text, _ = await get(f"{seen.base}/metrics")
    for line in (
        'parley_feeds{state="ok"} 2.0',
        'parley_feeds{state="blocked"} 1.0',
        "parley_feeds_never_read 1.0",
        'parley_feed_age_seconds_bucket{le="300.0"} 1.0',
        'parley_feed_age_seconds_bucket{le="7200.0"} 2.0',
        'parley_feed_last_success_timestamp_seconds{feed="https://a.example/rss"} 1.7723628e+09',
        'parley_feed_last_success_timestamp_seconds{feed="https://c.example/rss"} 0.0',
        'parley_channel_up{channel="mail"} 0.0',
        'parley_deliveries_waiting{channel="mail"} 0.0',
        'parley_worker_failures_total{kind="crash"} 2.0',
        "parley_store_up 1.0",
        "parley_cycle_last_success_timestamp_seconds 1.772366401e+09",
    ):
        assert f"{line}\n" in text


async def test_a_store_that_hangs_costs_a_scrape_its_figures_and_nothing_else(
    seen: Seen, monkeypatch: pytest.MonkeyPatch, logged: list[Any]
) -> None:
    monkeypatch.setattr(scrape_module, "PATIENCE", timedelta(seconds=0.2))
    seen.work()
    going_on, begun = threading.Event(), []

    def hang(*_: object) -> None:
        begun.append(1)
        going_on.wait(20)
        raise OSError("too late")

    monkeypatch.setattr(scrape_module, "figures", hang)
    try:
        for number in (1, 2, 3):
            seen.goes(MINUTE, "poll", "read", "deliver")
            _, text, _ = await get(f"{seen.base}/metrics")
            assert "parley_store_up 0.0\n" in text
            assert "parley_ready 1.0\n" in text
            assert f"parley_scrape_errors_total {number}.0\n" in text
            assert "parley_feeds{" not in text
        assert begun == [1], "a reading that hangs is not doubled"
    finally:
        going_on.set()
    monkeypatch.undo()
    seen.goes(MINUTE, "poll", "read", "deliver")
    while await metric(seen, "parley_store_up") != 1:
        await asyncio.sleep(0.02)
        seen.goes(MINUTE, "poll", "read", "deliver")


async def test_a_store_that_cannot_be_read_is_told_in_the_log(seen: Seen, logged: list[Any]) -> None:
    with seen.store.write() as tx:
        tx.exec_driver_sql("DROP TABLE entry")
    assert await metric(seen, "parley_store_up") == 0
    assert [line["event"] for line in logged] == ["the store could not be read for a scrape"]


async def test_a_scrape_keeps_the_loop_for_less_than_50_ms_with_10_000_feeds(seen: Seen) -> None:
    many = [Feed(f"https://{n}.example/rss", str(n), str(n)) for n in range(10_000)]
    with seen.store.write() as tx:
        feeds.sync(tx, many, seen.now)
        feeds.save_all(tx, [FeedState(feed.url, seen.now, succeeded_at=seen.now) for feed in many])
    await seen.scrape.metrics("")  # what is loaded at the first scrape
    seen.goes(MINUTE, "poll", "read", "deliver")
    # The loop's own thread, whatever else the machine does; the store is read in another.
    before = time.thread_time()
    body, _ = await seen.scrape.metrics("")
    assert time.thread_time() - before < 0.05
    assert b'parley_feeds{state="ok"} 10000.0\n' in body
    assert b"parley_feed_last_success_timestamp_seconds{" not in body, "too many for a series each"


async def test_on_loopback_no_name_of_a_strange_site_leads_here(seen: Seen) -> None:
    for host in ("127.0.0.1:9713", "localhost:9713", "parley.localhost", "[::1]:9713"):
        assert (await get(f"{seen.base}/metrics", Host=host))[0] == 200, host
    for host in ("evil.example", "evil.example:9713", "127.0.0.1.evil.example", "localhost.evil.example:80", ""):
        assert (await get(f"{seen.base}/metrics", Host=host))[0] == 421, host


async def test_where_others_may_ask_any_name_may_be_its_own(seen: Seen) -> None:
    other = Endpoint("0.0.0.0:0", seen.scrape, structlog.get_logger())
    where = await other.open()
    assert where is not None
    port = where.rpartition(":")[2]
    assert (await get(f"http://127.0.0.1:{port}/healthz", Host="parley.internal:9713"))[0] == 200
    await other.close()


async def test_there_is_nothing_to_write_to_and_what_there_is_is_listed(seen: Seen) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        status, _, headers = await get(f"{seen.base}/metrics", method)
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
    _, index, _ = await get(f"{seen.base}/")
    assert [line.split()[0] for line in index.splitlines()] == ["Parley", "/healthz", "/readyz", "/metrics"]
    assert (await get(f"{seen.base}/nothing"))[:2] == (404, index)
    status, body, headers = await get(f"{seen.base}/readyz", "HEAD")
    assert (status, body) == (503, "")
    assert headers["Cache-Control"] == "no-store"


def connected(seen: Seen) -> socket.socket:
    host, port = seen.base.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def ended(client: socket.socket) -> bool:
    """Whether the far end cut the connection without a word."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


async def test_who_says_nothing_or_does_not_read_is_cut_off(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "LIFE", timedelta(seconds=0.3))
    with closing(connected(seen)) as mute, closing(connected(seen)) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: 127.0")
        for client in (mute, slow):
            assert await asyncio.to_thread(ended, client)


async def test_who_opens_many_connections_gets_no_more_than_there_are(seen: Seen) -> None:
    many = await asyncio.to_thread(lambda: [connected(seen) for _ in range(ABREAST + 8)])
    try:
        await asyncio.sleep(0.1)
        cut = 0
        for client in many:
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                cut += ended(client)
        assert cut == 8
    finally:
        for client in many:
            client.close()
    await asyncio.sleep(0.1)
    assert (await get(f"{seen.base}/healthz"))[0] == 200


async def test_a_request_that_is_no_http_is_refused_without_a_trace_in_the_log(
    seen: Seen, logged: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    for rubbish in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n"):
        with closing(connected(seen)) as client:
            client.sendall(rubbish)
            assert (await asyncio.to_thread(client.recv, 100)).startswith(b"HTTP/1.")
    assert (await get(f"{seen.base}/healthz"))[0] == 200
    assert logged == []
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_bug_in_what_is_shown_is_logged_and_answered(
    seen: Seen, monkeypatch: pytest.MonkeyPatch, logged: list[Any]
) -> None:
    monkeypatch.setattr(seen.scrape, "checks", lambda: 1 / 0)
    assert (await get(f"{seen.base}/readyz"))[:2] == (500, "a fault of Parley: see its log\n")
    assert [(line["event"], line["path"]) for line in logged] == [("the endpoint failed", "/readyz")]
    assert (await get(f"{seen.base}/healthz"))[0] == 200


@pytest.mark.parametrize("listen", ["taken", "203.0.113.7:80"])
async def test_where_it_cannot_listen_the_service_goes_on_and_is_told_what_to_do(
    seen: Seen, logged: list[Any], listen: str
) -> None:
    address = seen.base.removeprefix("http://") if listen == "taken" else listen
    other = Endpoint(address, seen.scrape, structlog.get_logger())
    assert await other.open() is None
    await other.close()
    (line,) = logged
    assert (line["log_level"], line["event"], line["listen"]) == ("error", "no endpoint", address)
    assert line["because"] in ("Address already in use", "Cannot assign requested address")
    assert "set http.listen to an address of this machine and a free port, or to off" in line["advice"]


async def test_the_lag_of_the_event_loop_is_measured(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "_TICK", 0.01)
    lag = asyncio.create_task(seen.endpoint._measure())
    await asyncio.sleep(0.05)
    time.sleep(0.15)  # noqa: ASYNC251 - this is what it is to notice
    await asyncio.sleep(0.05)
    lag.cancel()
    assert (await metric(seen, "parley_event_loop_lag_seconds_sum") or 0) > 0.1
