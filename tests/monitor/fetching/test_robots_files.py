"""Files robots.txt that are long, come late, or do not come any more (RFC 9309)."""

import asyncio
import gc
from datetime import datetime, timedelta

import pytest
from aiohttp import web
from protego import Protego

from monitor.fetch import Fetcher
from monitor.robots import Robots

from .conftest import NOW, Server

HOUR = timedelta(hours=1)
CLOSED = b"User-agent: *\nDisallow: /private/\n"


class Clock:
    def __init__(self) -> None:
        self.now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def robots(fetcher: Fetcher, clock: Clock) -> Robots:
    return Robots(fetcher, clock)


async def test_what_was_had_holds_while_the_file_cannot_be_had(server: Server, robots: Robots, clock: Clock) -> None:
    server.gives("/robots.txt", CLOSED)
    assert await robots.allowed(f"{server.base}/private/1") == "no"
    server.gives("/robots.txt", b"", 503)
    for _ in range(3):
        clock.now += 25 * HOUR
        assert await robots.allowed(f"{server.base}/private/1") == "no"
        assert await robots.allowed(f"{server.base}/news/1") == "yes"
    assert len(server.requests) == 4
    server.gives("/robots.txt", b"", 404)
    clock.now += HOUR
    assert await robots.allowed(f"{server.base}/private/1") == "yes"


async def test_of_a_long_file_the_first_500_kib_count(server: Server, robots: Robots) -> None:
    filler = b"".join(b"Disallow: /archive/%06d/\n" % n for n in range(30_000))
    body = b"User-agent: *\nDisallow: /private/\n" + filler + b"Disallow: /news/\n"
    assert len(body) > 700_000
    server.gives("/robots.txt", body)
    assert await robots.allowed(f"{server.base}/private/1") == "no"
    assert await robots.allowed(f"{server.base}/archive/000007/1") == "no"
    assert await robots.allowed(f"{server.base}/news/1") == "yes"


async def test_a_line_that_500_kib_cut_in_half_closes_nothing(server: Server, robots: Robots) -> None:
    head = b"User-agent: *\n#" + b"-" * (500 * 1024 - 14 - 1 - 1 - len(b"Disallow: /")) + b"\n"
    body = head + b"Disallow: /private/\n"
    assert body[: 500 * 1024].endswith(b"\nDisallow: /")
    server.gives("/robots.txt", body)
    assert await robots.allowed(f"{server.base}/news/1") == "yes"


async def test_those_who_ask_at_once_share_one_request(server: Server, robots: Robots) -> None:
    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.1)
        return web.Response(body=CLOSED)

    server.at("/robots.txt", slow)
    asked = (f"{server.base}/private/{n}" for n in range(9))
    assert set(await asyncio.gather(*(robots.allowed(url) for url in asked))) == {"no"}
    assert len(server.requests) == 1


async def test_the_loop_goes_on_while_a_long_file_is_read(server: Server, robots: Robots) -> None:
    server.gives("/robots.txt", b"User-agent: *\n" + b"Disallow: /*a*b$\n" * 30_000)
    loop, gaps = asyncio.get_running_loop(), [0.0]
    began = loop.time()
    Protego.parse("User-agent: *\n" + "Disallow: /*a*b$\n" * 30_000)
    whole = loop.time() - began
    gc.collect()
    gc.freeze()  # a collection of all that the tests of this process hold would be the largest gap

    async def tick() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(0.005)
            gaps.append(loop.time() - before)

    ticking = asyncio.create_task(tick())
    assert await robots.allowed(f"{server.base}/news/1") == "yes"
    ticking.cancel()
    # In the loop itself it would be one gap of the whole time, however busy the machine.
    gc.unfreeze()
    assert max(gaps) < whole * 0.9


@pytest.mark.parametrize("url", ["http://[::1/x", "mailto:desk@example.org"])
async def test_what_is_no_address_is_left_to_the_fetcher(robots: Robots, url: str) -> None:
    assert await robots.allowed(url) == "yes"


async def test_a_clock_that_was_set_back_keeps_no_file_for_longer(server: Server, robots: Robots, clock: Clock) -> None:
    server.gives("/robots.txt", CLOSED)
    clock.now = NOW + 1000 * HOUR
    await robots.allowed(f"{server.base}/news/1")
    clock.now = NOW
    await robots.allowed(f"{server.base}/news/1")
    assert len(server.requests) == 2
