"""Private addresses are refused at the moment of connecting, whatever names them; and what stays on the wire."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from monitor.addresses import Opened, opened
from monitor.fetch import Fetched, Fetcher, FetchFailure

NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)


def fetcher(*items: str) -> Fetcher:
    some = opened(items)
    assert isinstance(some, Opened)
    return Fetcher(user_agent="Parley/0", clock=lambda: NOW, gap=timedelta(0), opened=some)


async def get(some: Fetcher, url: str) -> object:
    return await some.get(url, cap=10_000, deadline=timedelta(seconds=5), accept="*/*")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "017700000001", "127.1", "[::1]", "[::ffff:127.0.0.1]",
     "0.0.0.0", "[64:ff9b::7f00:1]", "user:secret@127.0.0.1"],
)  # fmt: skip
async def test_no_spelling_of_this_machine_is_connected_to(server, host):
    port = server.base.rpartition(":")[2]
    server.gives("/x", b"secret")
    got = await get(fetcher(), f"http://{host}:{port}/x")
    assert isinstance(got, FetchFailure)
    assert got.kind in ("forbidden", "dns")
    assert server.requests == []
    assert "secret@" not in got.detail


async def test_the_refusal_says_what_it_is_and_how_to_open_it(server):
    got = await get(fetcher(), server.base)
    assert isinstance(got, FetchFailure)
    assert got.kind == "forbidden"
    assert "127.0.0.1, this machine" in got.detail
    assert "polling.open_to" in got.detail


async def test_a_redirect_into_a_private_address_is_refused(server):
    server.gives("/x", b"secret")
    url = server.gives("/feed", status=302, Location=f"http://localhost:{server.base.rpartition(':')[2]}/x")
    got = await get(fetcher("127.0.0.1"), url)  # the first host is open by its address, the second by nothing
    assert isinstance(got, Fetched)  # localhost is that very address
    got = await get(fetcher("127.0.0.1/32"), server.gives("/feed", status=302, Location="http://10.0.0.1/x"))
    assert isinstance(got, FetchFailure)
    assert got.kind == "forbidden"
    assert "10.0.0.1, a private network" in got.detail


async def test_a_name_that_leads_to_a_private_address_is_refused(server, monkeypatch):
    asked = []

    def resolve(host, port, **_):
        asked.append(host.decode())
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    port = server.base.rpartition(":")[2]
    server.gives("/x", b"secret")
    got = await get(fetcher(), f"http://news.example.org:{port}/x")
    assert isinstance(got, FetchFailure)
    assert "news.example.org leads to 127.0.0.1" in got.detail
    assert server.requests == []
    assert isinstance(await get(fetcher("news.example.org"), f"http://news.example.org:{port}/x"), Fetched)
    assert asked == ["news.example.org"] * 2  # once each: no second answer can slip in


async def test_of_several_addresses_only_the_judged_ones_are_used(server, monkeypatch):
    def resolve(host, port, **_):
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("10.255.255.1", port)), (*kind, ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server.gives("/x", b"fine")
    got = await get(fetcher("127.0.0.0/8"), f"http://news.example.org:{server.base.rpartition(':')[2]}/x")
    assert isinstance(got, Fetched)


@pytest.mark.parametrize(
    "url", ["http://good.example\\@127.0.0.1/", "http://127.0.0.1\\.good.example/", "http://[::1/"]
)
async def test_addresses_that_parsers_read_differently_are_not_asked(url):
    got = await get(fetcher("127.0.0.0/8"), url)
    assert isinstance(got, FetchFailure)
    assert got.kind in ("bad_url", "dns", "refused")


@pytest.fixture
async def wire() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that keeps what came over the wire."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    served = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}", heads
    served.close()


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("/rss", b"/rss"),
        ("/rss?", b"/rss?"),
        ("/rss?a=1&b=%7e+%D0%BE&a=2", b"/rss?a=1&b=%7e+%D0%BE&a=2"),
        ("/a/%2e%2e/b;v=1,2", b"/a/%2e%2e/b;v=1,2"),
        ("/новости", b"/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"),
        ("/rss#top", b"/rss"),
    ],
)
async def test_an_address_is_asked_for_as_it_is_written(wire, asked, target):
    base, heads = wire
    assert isinstance(await get(fetcher("127.0.0.0/8"), base + asked), Fetched)
    assert heads[0].split(b" ")[:2] == [b"GET", target]


async def test_a_password_in_an_address_goes_to_its_own_host_alone(server):
    there = server.gives("/there", b"x")
    url = server.gives("/feed", status=302, Location=there.replace("127.0.0.1", "localhost"))
    await get(fetcher("127.0.0.0/8"), url.replace("http://", "http://me:word@"))
    assert "authorization" in server.requests[0][1]
    assert "authorization" not in server.requests[1][1]


async def test_members_of_gzip_that_hold_nothing_come_to_an_end(server):
    import gzip

    url = server.gives("/x", gzip.compress(b"") * 2_000, Content_Encoding="gzip")
    got = await get(fetcher("127.0.0.0/8"), url)
    assert isinstance(got, FetchFailure)
    assert got.kind == "too_big"


async def test_an_answer_without_an_end_of_headers_is_a_failure(wire):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            for n in range(100_000):
                writer.write(b"X-%d: %s\r\n" % (n, b"y" * 100))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    served = await asyncio.start_server(serve, "127.0.0.1", 0)
    got = await get(fetcher("127.0.0.0/8"), f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}/")
    served.close()
    assert isinstance(got, FetchFailure)
    assert got.kind == "protocol"


@pytest.mark.parametrize(
    ("headers", "hours"),
    [
        ({"Expires": "Fri, 16 May 2025 15:00:00 GMT", "Date": "Fri, 16 May 2025 13:00:00 GMT"}, 2),
        ({"Expires": "Friday, 16-May-25 15:00:00 GMT", "Date": "Fri, 16 May 2025 13:00:00 GMT"}, 2),
        ({"Expires": "Fri May 16 15:00:00 2025", "Date": "Fri, 16 May 2025 13:00:00 GMT"}, 2),
        ({"Expires": "0"}, 0),
        ({"Expires": "Fri, 16 May 2025 11:00:00 GMT", "Date": "Fri, 16 May 2025 13:00:00 GMT"}, 0),
        ({"Cache-Control": "max-age=3600", "Expires": "Fri, 16 May 2025 23:00:00 GMT"}, 1),
        ({"Cache-Control": "no-store, no-cache"}, None),
        ({"Cache-Control": "public, max-age=7200", "Age": "3600"}, 1),
    ],
)
async def test_freshness_is_read_from_max_age_or_else_from_expires(server, headers, hours):
    got = await get(fetcher("127.0.0.0/8"), server.gives("/x", b"x", **headers))
    assert isinstance(got, Fetched)
    assert got.fresh_for == (None if hours is None else timedelta(hours=hours))


async def test_validators_go_to_the_feed_and_to_where_they_came_from_and_to_no_other_hop(server):
    server.gives("/end", b"x")
    server.gives("/between", status=302, Location="/end")
    url = server.gives("/feed", status=302, Location="/between")
    await fetcher("127.0.0.0/8").get(
        url, etag='"1"', validated=server.base + "/end", cap=99, deadline=timedelta(seconds=5), accept="*/*"
    )
    assert ["if-none-match" in headers for _, headers in server.requests] == [True, False, True]


async def test_a_host_that_asks_for_more_time_between_requests_gets_it(server):
    some = fetcher("127.0.0.0/8")
    some.slow_down("127.0.0.1", timedelta(seconds=0.3))
    url = server.gives("/x", b"x")
    began = asyncio.get_running_loop().time()
    await get(some, url)
    await get(some, url)
    assert asyncio.get_running_loop().time() - began >= 0.3


async def test_an_answer_comes_with_its_headers_and_its_time(server):
    got = await get(fetcher("127.0.0.0/8"), server.gives("/x", b"x", X_Odd="1"))
    assert isinstance(got, Fetched)
    assert ("X-Odd", "1") in got.headers
    assert (got.reason, got.took > timedelta(0)) == ("OK", True)
