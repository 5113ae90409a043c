"""The far end of the web: each request of the service's own Fetcher answered in process, feeds, pages and robots.txt.

Feeds are answered and judged by `simulated.wire`, by the true time and not by what the service's clock shows.
"""

import asyncio
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx

from monitor.fetch import Fetched, FetchFailure
from month import press as written
from month.press import Press
from simulated.wire import Wire
from simulated.world import Item, Site

_HOST = re.compile(r"(?:new\.)?site-(\d+)\.example")
_NONE: Mapping[str, str] = {}
_PAGE = re.compile(r"/(?:news/(\w+)|story-(\d+)/\d+)")


def whole(number: int) -> bool:
    """Whether that newsroom's feed holds the texts, so that its pages need not be asked for."""
    return number % 5 < 2


class Web(httpx.AsyncBaseTransport):
    """In the stead of `monitor.transport.Transport`. `clock` is the true time.

    `requests` is a file with a line for each request to a feed: the time, the newsroom, and why it came too early if it
    did. What the lines of an earlier life tell of the last request of each is remembered. `told` hears of each page of
    a story that is asked for.
    """

    def __init__(
        self,
        press: Press,
        clock: Callable[[], datetime],
        intervals: Mapping[str, timedelta],
        requests: Path,
        told: Callable[[int], None],
    ) -> None:
        self._press, self._clock, self._told = press, clock, told
        self._wire = Wire(press.sites, clock, intervals, self._rss)
        # What each newsroom's feed showed last: the next one shows most of it again.
        self._shown: dict[int, dict[str, str]] = {}
        self._log = os.open(requests, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        for line in requests.read_text(encoding="utf-8").splitlines():
            moment, number, *_ = line.split(" ", 2)
            self._wire.logs[press.sites[int(number)].url].requests[:] = [datetime.fromisoformat(moment)]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = _HOST.fullmatch(request.url.host)
        if host is None:
            raise httpx.ConnectError("no such name") from socket.gaierror(socket.EAI_NONAME, "unknown")
        number = int(host[1])
        site, path, now = self._press.sites[number], request.url.path, self._clock()
        if path == "/feed.xml":
            return await self._feed(number, site, request)
        if fault := site.fault(now):
            await _break(fault)
            return self._answer(503 if fault == "503" else 500)
        if path == "/robots.txt":
            if number % 3:
                return self._answer(404)
            return self._answer(
                200, b"User-agent: *\nDisallow: /private/\nCrawl-delay: 3\n", {"Content-Type": "text/plain"}
            )
        page = _PAGE.fullmatch(path)
        if page is None:
            return self._answer(404)
        if page[2]:
            self._told(int(page[2]))
        tag = {"ETag": f'"{path}"', "Content-Type": "text/html; charset=utf-8"}
        if request.headers.get("If-None-Match") == tag["ETag"]:
            return self._answer(304, b"", tag)
        name = f"s{page[2]}" if page[2] else page[1]
        return self._answer(200, written.page(self._press, number, f"site-{number}#{name}"), tag)

    async def _feed(self, number: int, site: Site, request: httpx.Request) -> httpx.Response:
        now, url, log = self._clock(), str(request.url), self._wire.logs[site.url]
        if site.moved_at and now >= site.moved_at and url == site.url:
            return self._answer(301, b"", {"Location": site.new_url})
        before = len(log.early)
        got = self._wire.ask(url, request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since"))
        early = "; ".join(reason for _, reason in log.early[before:])
        os.write(self._log, f"{now.isoformat()} {number} {early}\n".encode())
        if isinstance(got, FetchFailure):
            if got.status is None:
                await _break(got.kind)
            wait = {"Retry-After": str(int(got.retry_after.total_seconds()))} if got.retry_after else {}
            return self._answer(got.status or 500, b"", wait)
        headers = {"ETag": got.etag or "", "Last-Modified": got.last_modified or ""}
        headers["Cache-Control"] = f"max-age={int(got.fresh_for.total_seconds())}" if got.fresh_for else ""
        if isinstance(got, Fetched):
            return self._answer(200, got.body, headers | {"Content-Type": "application/rss+xml; charset=utf-8"})
        return self._answer(304, b"", headers)

    def _rss(self, site: Site, items: Sequence[Item]) -> bytes:
        number = int(site.url.removeprefix("http://site-").partition(".")[0])
        before = self._shown.get(number, {})
        self._shown[number] = {
            item.guid: before.get(item.guid) or written.entry(self._press, number, item, whole=whole(number))
            for item in items
        }
        return written.rss(self._press, number, self._shown[number].values())

    def _answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] = _NONE) -> httpx.Response:
        said = {"Date": format_datetime(self._clock(), usegmt=True), "Content-Length": str(len(body)), **headers}
        shown = {name: value for name, value in said.items() if value}
        return httpx.Response(status, headers=shown, stream=httpx.ByteStream(body))


async def _break(fault: str) -> None:
    """What is no answer at all."""
    if fault == "dns":
        raise httpx.ConnectError("no such name") from socket.gaierror(socket.EAI_NONAME, "unknown")
    if fault == "timeout":
        await asyncio.sleep(timedelta(hours=1).total_seconds())
