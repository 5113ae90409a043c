"""What one conditional GET answered by 304 costs, beside bare httpx, each of 2,000 feeds on a host of its own."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from monitor.addresses import Opened, opened
from monitor.fetch import Fetcher, NotModified

pytestmark = [pytest.mark.bench, pytest.mark.timeout(120)]

FEEDS = 2_000
VALIDATORS = {"If-None-Match": '"v1"', "If-Modified-Since": "Fri, 16 May 2025 08:00:00 GMT"}
# A process of its own, so that its CPU time is not counted.
SERVER = r"""
import asyncio
ANSWER = (b"HTTP/1.1 304 Not Modified\r\nDate: Fri, 16 May 2025 12:00:00 GMT\r\nServer: nginx\r\nETag: \"v1\"\r\n"
          b"Last-Modified: Fri, 16 May 2025 08:00:00 GMT\r\nCache-Control: max-age=600\r\n\r\n")
class Feed(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.heard = transport, b""
    def data_received(self, data):
        self.heard += data
        while b"\r\n\r\n" in self.heard:
            head, _, self.heard = self.heard.partition(b"\r\n\r\n")
            self.transport.write(ANSWER)
            if b"onnection: close" in head:
                self.transport.close()
async def main():
    server = await asyncio.get_running_loop().create_server(Feed, "0.0.0.0", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@pytest.fixture
def urls() -> Iterator[list[str]]:
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield [f"http://127.0.{1 + n // 200}.{1 + n % 200}:{port}/feed.xml" for n in range(FEEDS)]
    finally:
        process.kill()
        process.communicate()


async def _abreast(urls: list[str], get: Callable[[str], Awaitable[None]], count: int) -> None:
    left = iter(urls)

    async def one_after_the_other() -> None:
        for url in left:
            await get(url)

    await asyncio.gather(*(one_after_the_other() for _ in range(count)))


async def one_client(urls: list[str], abreast: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:

        async def get(url: str) -> None:
            assert (await client.get(url, headers=VALIDATORS)).status_code == 304

        await _abreast(urls, get, abreast)


async def client_each(urls: list[str], abreast: int) -> None:
    tls = httpx.create_ssl_context(trust_env=False)

    async def get(url: str) -> None:
        async with httpx.AsyncClient(verify=tls, trust_env=False) as client:
            assert (await client.get(url, headers=VALIDATORS)).status_code == 304

    await _abreast(urls, get, abreast)


async def parley(urls: list[str], abreast: int) -> None:
    loopback = opened(("127.0.0.0/8",))
    assert isinstance(loopback, Opened)
    fetcher = Fetcher(user_agent="Parley/0", clock=lambda: datetime(2025, 5, 16, 12, tzinfo=UTC), opened=loopback)

    async def get(url: str) -> None:
        got = await fetcher.get(
            url,
            etag=VALIDATORS["If-None-Match"],
            last_modified=VALIDATORS["If-Modified-Since"],
            cap=15_000_000,
            deadline=timedelta(seconds=30),
            accept="application/rss+xml",
        )
        assert isinstance(got, NotModified), got

    await _abreast(urls, get, abreast)


def test_an_unchanged_feed_costs_less_than_with_bare_httpx(urls: list[str]) -> None:
    runs = {
        "httpx, one client, one at a time": (one_client, 1),
        "httpx, one client, 16 abreast": (one_client, 16),
        "httpx, a client each, 16 abreast": (client_each, 16),
        "Parley's fetcher, 16 abreast": (parley, 16),
    }
    cpu: dict[str, float] = {}
    print(f"\n\n{'':<36}{'CPU, µs a feed':>16}{'feeds/s':>10}")
    for name, (run, abreast) in runs.items():
        began, cpu_began = time.perf_counter(), time.process_time()
        asyncio.run(run(urls, abreast))
        cpu[name] = (time.process_time() - cpu_began) / FEEDS * 1e6
        print(f"{name:<36}{cpu[name]:>16.0f}{FEEDS / (time.perf_counter() - began):>10.0f}")
    *bare, ours = cpu.values()
    assert ours < min(bare) * 0.75
