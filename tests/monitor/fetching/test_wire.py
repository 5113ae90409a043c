"""What goes over the wire, byte for byte, and what a server may send back."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from monitor.fetch import Fetched, Fetcher, NotModified


async def get(fetcher: Fetcher, url: str, *, seconds: float = 5, cap: int = 1_000_000, **more: str) -> Any:
    return await fetcher.get(url, cap=cap, deadline=timedelta(seconds=seconds), accept="text/html", **more)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("", "/"),
        ("/", "/"),
        ("/feed", "/feed"),
        ("/feed?", "/feed?"),
        ("?a=b", "/?a=b"),
        ("/feed?a=b&a=b&c", "/feed?a=b&a=b&c"),
        ("/%7enews/%7E", "/%7enews/%7E"),
        ("/a+b?q=c+d%20e", "/a+b?q=c+d%20e"),
        ("/a|b?c|d", "/a|b?c|d"),
        ("/a^b[1]?x[]=^", "/a^b[1]?x[]=^"),
        ("/a;b,c=d:e@f!$&'()*", "/a;b,c=d:e@f!$&'()*"),
        ("//double//slash", "//double//slash"),
        ("/100%", "/100%"),
        ("/%zz?%", "/%zz?%"),
        ("/a%2Fb%2e%2e/c", "/a%2Fb%2e%2e/c"),
        ("/feed?a=\"b\"&c='d'", "/feed?a=%22b%22&c='d'"),
        ("/a b?c d", "/a%20b?c%20d"),
        ("/{a}?{b}", "/%7Ba%7D?{b}"),
        ("/новини?мир=да", "/%D0%BD%D0%BE%D0%B2%D0%B8%D0%BD%D0%B8?%D0%BC%D0%B8%D1%80=%D0%B4%D0%B0"),
        ("/a/../b/./c", "/b/c"),
        ("/feed#part", "/feed"),
        ("/feed?#", "/feed?"),
    ],
)
async def test_an_address_is_asked_for_as_it_was_given(wire, fetcher, given, sent):
    got = await get(fetcher, wire.base + given)
    assert isinstance(got, Fetched)
    assert wire.heard[0].split(b"\r\n")[0].decode() == f"GET {sent} HTTP/1.1"


async def test_a_request_is_these_bytes_and_no_others(wire, fetcher):
    await get(fetcher, f"{wire.base}/feed")
    assert sorted(wire.heard[0].split(b"\r\n")[1:-2]) == [
        b"Accept-Encoding: gzip, deflate",
        b"Accept: text/html",
        b"Connection: close",
        b"Host: " + wire.base.removeprefix("http://").encode(),
        b"User-Agent: Parley/0 (+mailto:desk@example.org)",
    ]


@pytest.mark.parametrize(
    "etag", [b'"plain"', b'W/"weak  two"', '"ü"'.encode(), b'"\xfc"', b"unquoted", b'"a", "b"', b'"' + b"x" * 900]
)
async def test_validators_go_back_with_the_bytes_that_came(wire, fetcher, etag):
    wire.answer = (b"HTTP/1.1 200 OK\r\nETag: " + etag + b"\r\nLast-Modified: M\xe9 \r\nContent-Length: 0\r\n\r\n",)
    got = await get(fetcher, f"{wire.base}/feed")
    wire.answer = (b"HTTP/1.1 304 Not Modified\r\n\r\n",)
    again = await get(fetcher, f"{wire.base}/feed", etag=got.etag, last_modified=got.last_modified)
    assert isinstance(again, NotModified)
    assert b"\r\nIf-None-Match: " + etag + b"\r\n" in wire.heard[1]
    assert b"\r\nIf-Modified-Since: M\xe9\r\n" in wire.heard[1]


async def test_headers_are_kept_as_they_came(wire, fetcher):
    wire.answer = (b"HTTP/1.1 200 Sure Thing\r\nX-a: 1\r\nset-Cookie: a=1\r\nX-A:  2 \r\nContent-Length: 0\r\n\r\n",)
    got = await get(fetcher, f"{wire.base}/feed")
    assert got.headers == (("X-a", "1"), ("set-Cookie", "a=1"), ("X-A", "2"), ("Content-Length", "0"))
    assert got.reason == "Sure Thing"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(20_000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 300_000,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\x00\x00",
        b"\x00" * 400_000,
        b"",
    ],
)
async def test_an_answer_that_is_none_is_a_failure(wire, fetcher, answer):
    wire.answer = (answer,)
    got = await get(fetcher, f"{wire.base}/feed")
    assert got.kind in ("protocol", "status")


@pytest.mark.parametrize(
    "header",
    [b"Retry-After: " + b"9" * 6_000, b"Age: " + b"9" * 6_000 + b"\r\nCache-Control: max-age=" + b"9" * 6_000,
     b"Expires: Fri, 16 May 2025 12:00:00 +99999999999999999999", b"Expires: Fri, 31 Dec 9999 23:59:59 -2359",
     b"Content-Type: \xff\xfe/\xfd; charset*=x'y'%ff", b"Content-Type: text/html; charset=\"" + b"x" * 9_000,
     b"Location: http://[::1", b"Content-Encoding: , ,", b"Cf-Mitigated: \xff"],
)  # fmt: skip
@pytest.mark.parametrize(
    "status", [b"200 OK", b"302 Found", b"304 Not Modified", b"429 Slow Down", b"999 \xff", b"204 "]
)
async def test_no_header_raises(wire, fetcher, header, status):
    wire.answer = (b"HTTP/1.1 " + status + b"\r\n" + header + b"\r\nContent-Length: 0\r\n\r\n",)
    got = await get(fetcher, f"{wire.base}/feed")
    assert got is not None


async def test_a_drip_in_the_headers_ends_at_the_deadline(wire, fetcher):
    wire.answer, wire.pause = (b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 60), 0.05
    began = time.monotonic()
    assert (await get(fetcher, f"{wire.base}/feed", seconds=0.3)).kind == "timeout"
    assert time.monotonic() - began < 1.5


async def test_a_server_that_says_wait_for_ever_ends_at_the_deadline(wire, fetcher):
    wire.answer, wire.pause = (b"HTTP/1.1 100 Continue\r\n\r\n",) * 60, 0.05
    assert (await get(fetcher, f"{wire.base}/feed", seconds=0.3)).kind == "timeout"


@pytest.mark.parametrize("port", ["0", "65536", "99999", "-1"])
async def test_a_port_that_is_none_is_no_address(fetcher, port):
    assert (await get(fetcher, f"http://127.0.0.1:{port}/")).kind == "bad_url"


async def test_user_and_password_are_for_their_host_alone(wire, server, fetcher):
    wire.answer = (b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",)
    await get(fetcher, f"http://me:p%40ss@127.0.0.1:{wire.port}/feed")
    assert all(b"\r\nAuthorization: Basic bWU6cEBzcw==\r\n" in each for each in wire.heard)
    assert len(wire.heard) == 6
    there = server.gives("/b", b"there")
    wire.answer = (f"HTTP/1.1 301 Moved\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n".encode(),)
    got = await get(fetcher, f"http://me:secret@127.0.0.1:{wire.port}/feed")
    assert (got.body, got.final_url, got.moved) == (b"there", there, there)
    assert "authorization" not in server.requests[0][1]


async def test_no_password_comes_from_a_server_or_goes_into_a_message(wire, server, fetcher):
    there = server.gives("/b", status=500).replace("http://", "http://you:theirs@")
    wire.answer = (f"HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n".encode(),)
    got = await get(fetcher, f"http://me:secret@127.0.0.1:{wire.port}/feed")
    assert got.status == 500
    assert "authorization" not in server.requests[0][1]
    wire.answer = (b"",)
    got = await get(fetcher, f"http://me:secret@127.0.0.1:{wire.port}/feed")
    assert got.kind == "protocol"
    assert "secret" not in got.detail


async def test_validators_go_to_the_feed_and_to_where_they_came_from_and_to_no_other(server, fetcher):
    end = server.gives("/end", b"x")
    server.gives("/middle", status=302, Location=end)
    url = server.gives("/feed", status=302, Location="/middle")
    await get(fetcher, url, etag='"v"', last_modified="M", validated=end)
    await get(fetcher, url, etag='"v"', last_modified="M")
    held = [(path, sent.get("if-none-match"), sent.get("if-modified-since")) for path, sent in server.requests]
    assert held == [
        ("/feed", '"v"', "M"), ("/middle", None, None), ("/end", '"v"', "M"),
        ("/feed", '"v"', "M"), ("/middle", None, None), ("/end", None, None),
    ]  # fmt: skip


async def test_a_304_says_where_it_came_from(server, fetcher):
    end = server.gives("/end", status=304)
    url = server.gives("/feed", status=302, Location=end)
    got = await get(fetcher, url, etag='"v"', validated=end)
    assert (got.url, got.final_url, got.moved) == (url, end, None)


@pytest.mark.parametrize("status", [200, 304])
async def test_a_move_for_good_ends_well_or_is_none(server, fetcher, status):
    end = server.gives("/end", status=status)
    url = server.gives("/feed", status=308, Location=end)
    assert (await get(fetcher, url, etag='"v"', validated=end)).moved == end
    server.gives("/end", status=404)
    assert (await get(fetcher, url, etag='"v"')).kind == "status"


async def test_retry_after_counts_with_an_error_alone(server, fetcher):
    server.gives("/b", b"x", Retry_After="120")
    url = server.gives("/a", status=302, Location="/b", Retry_After="120")
    assert isinstance(await get(fetcher, url), Fetched)
    got = await get(fetcher, server.gives("/c", status=403, Retry_After="120"))
    assert got.retry_after == timedelta(minutes=2)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_bytes_that_come_to_nothing_are_capped_too(wire, fetcher, encoding):
    empty = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0"
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
    wire.answer = (head, *[empty * 1_000] * 100)
    assert (await get(fetcher, f"{wire.base}/feed", cap=100_000)).kind == "too_big"


async def test_a_body_in_crumbs_neither_holds_up_the_others_nor_takes_the_cpu(wire, fetcher):
    wire.answer = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n" * 10_000] * 100)
    longest = 0.0

    async def others() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - began)

    beside = asyncio.create_task(others())
    began = time.process_time()
    got = await get(fetcher, f"{wire.base}/feed", seconds=20)
    beside.cancel()
    assert (got.kind, got.detail.partition(": ")[2]) == ("protocol", "the body comes in crumbs")
    assert longest < 0.5
    assert time.process_time() - began < 8


async def test_a_handshake_that_never_ends_does_at_the_deadline(wire, fetcher):
    got = await get(fetcher, f"https://127.0.0.1:{wire.port}/", seconds=0.3)
    assert got.kind == "timeout"
