import asyncio
import gzip
import socket
import ssl
import time
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import pairwise
from typing import Any

import pytest
import trustme
from aiohttp import web

from monitor.addresses import Opened
from monitor.fetch import Fetched, Fetcher, FetchFailure, NotModified

NOW = datetime(2025, 1, 1, tzinfo=UTC)
HERE = Opened(networks=(ip_network("127.0.0.0/8"),))


async def get(fetcher: Fetcher, url: str, *, cap: int = 1_000_000, seconds: float = 5, **more: str) -> Any:
    return await fetcher.get(url, cap=cap, deadline=timedelta(seconds=seconds), accept="text/html", **more)


def plain(got: Fetched | NotModified) -> Fetched | NotModified:
    """Without what differs from run to run."""
    if isinstance(got, NotModified):
        return replace(got, took=timedelta(0))
    return replace(got, took=timedelta(0), reason="", headers=())


async def test_a_page_comes_back_with_its_validators_as_the_server_wrote_them(server, fetcher):
    stamp = "Fri,  16 May 2025 9:00:00 +0000"
    url = server.gives(
        "/a", b"hello", ETag='W/"x  y"', Last_Modified=stamp, Content_Type="text/html; charset=windows-1251"
    )
    got = plain(await get(fetcher, url))
    assert got == Fetched(url, url, 200, b"hello", "text/html", "windows-1251", etag='W/"x  y"', last_modified=stamp)


async def test_validators_are_sent_back_byte_for_byte_and_304_is_no_failure(server, fetcher):
    url = server.gives("/a", status=304, ETag='W/"new"', Cache_Control="public, max-age=7200", Age="200")
    got = plain(await get(fetcher, url, etag='W/"x  y"', last_modified="Fri, 16 May 2025 9:00:00 +0000"))
    assert got == NotModified(url, 'W/"new"', None, fresh_for=timedelta(seconds=7000), took=got.took, final_url=url)
    sent = server.requests[0][1]
    assert sent["if-none-match"] == 'W/"x  y"'
    assert sent["if-modified-since"] == "Fri, 16 May 2025 9:00:00 +0000"


async def test_a_request_carries_what_it_must_and_nothing_else(server, fetcher):
    await get(fetcher, server.gives(["/a", "b=c"][0]) + "?b=c#part")
    path, sent = server.requests[0]
    assert path == "/a?b=c"
    assert sent == {
        "host": server.base.removeprefix("http://"),
        "user-agent": "Parley/0 (+mailto:desk@example.org)",
        "accept": "text/html",
        "accept-encoding": "gzip, deflate",
        "connection": "close",
    }


async def test_cookies_are_never_sent_back(server, fetcher):
    server.gives("/b", b"b", Set_Cookie="more=1")
    url = server.gives("/a", status=302, Set_Cookie="id=7; Path=/", Location="/b")
    await get(fetcher, url)
    await get(fetcher, url)
    assert len(server.requests) == 4
    assert all("cookie" not in sent and "referer" not in sent for _, sent in server.requests)


@pytest.mark.parametrize("fill", ["headers", "body"])
async def test_a_drip_ends_at_the_total_deadline(server, fetcher, fill):
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if fill == "headers":
            await asyncio.sleep(3)
        await response.prepare(request)
        for _ in range(60):
            await response.write(b".")
            await asyncio.sleep(0.05)
        return response

    began = time.monotonic()
    got = await get(fetcher, server.at("/a", drip), seconds=0.4)
    assert got.kind == "timeout"
    assert time.monotonic() - began < 2


async def test_the_deadline_covers_all_redirects_together(server, fetcher):
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return web.Response(status=302, headers={"Location": "/a"})

    got = await get(fetcher, server.at("/a", slow), seconds=0.5)
    assert got.kind == "timeout"
    assert len(server.requests) <= 3


def _deflated(body: bytes) -> bytes:
    raw = zlib.compressobj(wbits=-15)
    return raw.compress(body) + raw.flush()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"news " * 1000, mtime=0)),
        ("x-gzip", gzip.compress(b"news " * 500, mtime=0) + gzip.compress(b"news " * 500, mtime=0)),
        ("gzip", gzip.compress(b"news " * 1000, mtime=0) + b"\0" * 20),
        ("deflate", zlib.compress(b"news " * 1000)),
        ("deflate", _deflated(b"news " * 1000)),
        ("identity", b"news " * 1000),
    ],
)
async def test_compressed_bodies_are_undone(server, fetcher, encoding, packed):
    got = await get(fetcher, server.gives("/a", packed, Content_Encoding=encoding))
    assert got.body == b"news " * 1000


async def test_a_gzip_bomb_stops_at_the_cap(server, fetcher):
    bomb = gzip.compress(bytes(300_000_000), 1, mtime=0)
    began = time.monotonic()
    got = await get(fetcher, server.gives("/a", bomb, Content_Encoding="gzip"), cap=2_000_000)
    assert got.kind == "too_big"
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "gzip, deflate"])
async def test_packing_that_was_not_asked_for_is_refused(server, fetcher, encoding):
    body = gzip.compress(gzip.compress(bytes(1000), mtime=0))
    got = await get(fetcher, server.gives("/a", body, Content_Encoding=encoding))
    assert got.kind == "protocol"
    assert encoding in got.detail


@pytest.mark.parametrize("body", [gzip.compress(b"news " * 1000, mtime=0)[:-12], b"no gzip at all"])
async def test_a_broken_compressed_body_is_a_failure(server, fetcher, body):
    got = await get(fetcher, server.gives("/a", body, Content_Encoding="gzip"))
    assert got.kind == "protocol"


@pytest.mark.parametrize("announced", [True, False])
async def test_a_page_of_30_megabytes_is_not_taken_in(server, fetcher, announced):
    sent = 0

    async def huge(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Length": "30000000"} if announced else {})
        await response.prepare(request)
        for _ in range(300):
            await response.write(bytes(100_000))
            sent += 100_000
        return response

    got = await get(fetcher, server.at("/a", huge), cap=1_000_000)
    assert got.kind == "too_big"
    assert sent < 30_000_000


async def test_a_redirect_loop_ends(server, fetcher):
    got = await get(fetcher, server.gives("/a", status=301, Location="/a"))
    assert got.kind == "redirects"
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("first", "second", "moved"), [(301, 308, True), (301, 302, False), (307, 301, False), (303, 303, False)]
)
async def test_a_move_is_permanent_only_if_every_step_is(server, fetcher, first, second, moved):
    end = server.gives("/c", b"here")
    server.gives("/b", status=second, Location=end)
    got = await get(fetcher, server.gives("/a", status=first, Location="b"))
    assert (got.body, got.final_url) == (b"here", end)
    assert got.moved == (end if moved else None)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "javascript:alert(1)", "http://", "http://[bad", ""])
async def test_a_redirect_to_anything_but_the_web_is_a_failure(server, fetcher, location):
    got = await get(fetcher, server.gives("/a", status=302, Location=location))
    assert got.kind in ("bad_url", "redirects")


@pytest.mark.parametrize("url", ["", "feed", "file:///etc/passwd", "ftp://example.org/", "http://", "http://exa mple/"])
async def test_what_is_no_web_address_is_not_asked(fetcher, url):
    got = await get(fetcher, url)
    assert got.kind == "bad_url"


async def test_a_connection_that_breaks_is_a_failure(server, fetcher):
    async def reset(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    got = await get(fetcher, server.at("/a", reset))
    assert got.kind == "protocol"


async def test_nobody_listening_is_refused(fetcher):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        got = await get(fetcher, f"http://127.0.0.1:{probe.getsockname()[1]}/")
    assert got.kind == "refused"


async def test_a_name_that_does_not_exist_is_a_failure_of_dns(fetcher):
    assert (await get(fetcher, "http://nowhere.invalid/", seconds=20)).kind == "dns"


async def test_an_untrusted_certificate_is_refused_and_a_trusted_one_is_not(serve_tls, fetcher):
    authority = trustme.CA()
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(here)
    server = await serve_tls(here)
    url = server.gives("/a", b"hello")
    assert (await get(fetcher, url)).kind == "tls"
    assert server.requests == []
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    got = await get(Fetcher(user_agent="Parley/0", opened=HERE, clock=lambda: NOW, tls=trusting), url)
    assert got.body == b"hello"


async def test_410_tells_what_the_server_said_on_one_line(server, fetcher):
    got = await get(fetcher, server.gives("/a", b"The feed\n\x1b[31mhas ended " + b"x" * 9000, status=410))
    assert (got.kind, got.status) == ("status", 410)
    assert got.detail.startswith("410 Gone: The feed \N{REPLACEMENT CHARACTER}[31mhas ended xxx")
    assert len(got.detail) < 250


async def test_a_challenge_page_is_named(server, fetcher):
    got = await get(fetcher, server.gives("/a", b"Just a moment", status=403, **{"cf-mitigated": "challenge"}))
    assert "challenge" in got.detail


AT_NOON = "Fri, 16 May 2025 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "120"}, timedelta(minutes=2)),
        ({"Retry-After": "Fri, 16 May 2025 12:10:00 GMT", "Date": AT_NOON}, timedelta(minutes=10)),
        ({"Retry-After": "Fri, 16 May 2025 11:00:00 GMT", "Date": AT_NOON}, timedelta(0)),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_read_as_seconds_or_by_the_servers_clock(server, fetcher, headers, wait, status):
    got = await get(fetcher, server.gives("/a", status=status, **headers))
    assert got == FetchFailure("status", got.detail, status, wait)


async def test_one_host_is_asked_one_thing_at_a_time_with_a_gap(server):
    at_once, most, starts = 0, 0, []

    async def slow(request: web.Request) -> web.StreamResponse:
        nonlocal at_once, most
        starts.append(time.monotonic())
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1
        return web.Response(body=b"x")

    url = server.at("/a", slow)
    polite = Fetcher(user_agent="Parley/0", opened=HERE, clock=lambda: NOW, gap=timedelta(seconds=0.25))
    # Waiting for the turn does not count: the last of four waits longer than its deadline.
    got = await asyncio.gather(*(get(polite, url, seconds=0.6) for _ in range(4)))
    assert [each.body for each in got] == [b"x"] * 4
    assert most == 1
    # Half the gap is left to a busy machine; without a gap the next would come after 0.05.
    assert all(later - sooner > 0.125 for sooner, later in pairwise(starts))


async def test_different_hosts_do_not_wait_for_each_other(server):
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.4)
        return web.Response(body=b"x")

    url = server.at("/a", slow)
    polite = Fetcher(user_agent="Parley/0", opened=HERE, clock=lambda: NOW, gap=timedelta(0))
    began = time.monotonic()
    await asyncio.gather(get(polite, url), get(polite, url.replace("127.0.0.1", "localhost")))
    assert time.monotonic() - began < 0.75


async def test_the_environments_proxy_is_not_used(server, fetcher, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert (await get(fetcher, server.gives("/a", b"direct"))).body == b"direct"
