"""A newsroom that publishes one more plan for talks whenever it is told to: each is an event of its own."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from monitor.app import utcnow

PLACES = ("Istanbul", "Geneva", "Abu Dhabi", "Ankara", "Riyadh", "Minsk", "Vienna", "Doha")
_APART = timedelta(days=3)
_FIRST = 11  # rounds that no shipped story knows


def _nth(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}" + {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


class Press:
    """`told` hears of `feed` and `page`, when they are asked for, with the number of the newest story asked for.

    Stories that are `waiting` come into the feed with the next request for it: news of that very poll.
    """

    def __init__(self, told: Callable[[str, int | None], None]) -> None:
        self._told = told
        self._dates: list[datetime] = []
        self._runner: web.AppRunner | None = None
        self.waiting = 0
        self.polls = 0
        self.base = ""

    @property
    def published(self) -> int:
        """How many stories are in the feed."""
        return len(self._dates)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/feed", self._feed)
        app.router.add_get("/story-{number}/", self._page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def _title(self, number: int) -> tuple[str, str, str]:
        day = (self._dates[number] + (number + 1) * _APART).strftime("%-d %B %Y")
        return _nth(number + _FIRST), PLACES[number % len(PLACES)], day

    async def _feed(self, _: web.Request) -> web.StreamResponse:
        self.polls += 1
        fresh = self.waiting
        while self.waiting:
            self.waiting -= 1
            self._dates.append(utcnow())
        items = ""
        for number in reversed(range(self.published)):
            nth, place, day = self._title(number)
            items += (
                f"<item><title>Russia and Ukraine to hold {nth} round of talks in {place} on {day}</title>"
                f"<link>{self.base}/story-{number}/</link><guid>{number}</guid>"
                f"<pubDate>{format_datetime(self._dates[number])}</pubDate></item>"
            )
        text = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Courier</title>{items}</channel></rss>"
        answer = web.Response(text=text, content_type="application/rss+xml")
        if fresh:
            asyncio.get_running_loop().call_soon(self._told, "feed", self.published - 1)
        return answer

    async def _page(self, request: web.Request) -> web.StreamResponse:
        number = int(request.match_info["number"])
        if number >= self.published:
            raise web.HTTPNotFound
        nth, place, day = self._title(number)
        said = (
            f"Russia and Ukraine will hold their {nth} round of talks in {place} on {day}, both delegations said. "
            f"Rustem Umerov will lead the Ukrainian side in {place} and Vladimir Medinsky the Russian one."
        )
        page = f"<html lang='en'><head><title>{nth} round in {place}</title></head><body><article>"
        page += f"<h1>Russia and Ukraine to hold {nth} round of talks in {place} on {day}</h1><p>{said}</p>"
        self._told("page", number)
        return web.Response(text=page + "</article></body></html>", content_type="text/html")
