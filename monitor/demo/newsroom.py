"""A local newsroom: a real HTTP server on loopback whose feeds gain articles as the script goes on.

It opens when every feed has been polled once, so that the backlog is what a first poll finds however long the service
takes to start. From then on an article appears at its second, and not before the pages of all earlier ones that tell
something were read: the story is told in order on a slow machine too.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from types import TracebackType

from aiohttp import web

from monitor.demo import pages
from monitor.demo.script import Item, Outlet, Script

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PATIENCE = 8.0  # seconds that an article waits for its predecessors to be read; a reader that skips one is not stuck


class Newsroom:
    """The server. `clock` gives aware UTC for what the pages say, `ticks` monotonic seconds for when they appear.

    `asked`: at which tick each page, by its path, was asked for the first time; nobody can know of an event before.
    """

    def __init__(self, script: Script, clock: Callable[[], datetime], ticks: Callable[[], float]) -> None:
        self._script = script
        self._clock = clock
        self._ticks = ticks
        self._started = clock()
        self._opened: float | None = None
        self._polled: set[str] = set()
        self._read: set[str] = set()
        self._appeared: dict[str, datetime] = {}
        self._runner: web.AppRunner | None = None
        self.base = ""
        self.last_read = ticks()
        self.asked: dict[str, float] = {}
        for item in script.items:
            if item.at is None:
                self._appeared[item.id] = (self._started - item.backdated).replace(microsecond=0)

    async def __aenter__(self) -> "Newsroom":
        app = web.Application()
        for outlet in self._script.outlets:
            app.router.add_get(f"/{outlet.id}/feed", self._feed_handler(outlet))
        for item in self._script.items:
            app.router.add_get(item.path, self._page_handler(item))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def feed_url(self, outlet: Outlet) -> str:
        """The address of the outlet's feed."""
        return f"{self.base}/{outlet.id}/feed"

    @property
    def opened(self) -> bool:
        """Whether every feed has been polled once."""
        return self._opened is not None

    @property
    def unread(self) -> tuple[str, ...]:
        """The articles, beside the backlog, whose pages nobody has asked for yet."""
        return tuple(item.id for item in self._script.items if item.at is not None and item.id not in self._read)

    @property
    def over(self) -> bool:
        """Whether the last article has appeared and every page has been asked for."""
        return not self.unread

    def shown(self, outlet: Outlet) -> list[pages.Shown]:
        """What the outlet's feed holds now, oldest first."""
        self._advance()
        return [(item, self._appeared[item.id]) for item in self._on_show() if item.outlet.id == outlet.id]

    def _on_show(self) -> list[Item]:
        return [item for item in self._script.items if item.id in self._appeared]

    def _advance(self) -> None:
        if self._opened is None:
            return
        elapsed = self._ticks() - self._opened
        for item in self._script.items:
            if item.at is None or item.id in self._appeared or elapsed < item.at:
                continue
            earlier = {other.id for other in self._script.items if other.precedes(item)}
            if earlier <= self._read or elapsed >= item.at + PATIENCE:
                self._appeared[item.id] = self._clock().replace(microsecond=0)

    def _feed_handler(self, outlet: Outlet) -> Handler:
        async def serve(request: web.Request) -> web.Response:
            shown = self.shown(outlet)
            body = pages.feed(outlet, shown, self.base)
            latest = max((moment for _, moment in shown), default=self._started)
            headers = {
                "ETag": f'"{hashlib.sha256(body).hexdigest()[:20]}"',
                "Last-Modified": format_datetime(latest, usegmt=True),
            }
            self._note_poll(outlet)
            if _unchanged(request, headers["ETag"], latest):
                return web.Response(status=304, headers=headers)
            return web.Response(body=body, headers=headers, content_type=pages.FEED_TYPES[outlet.feed], charset="utf-8")

        return serve

    def _page_handler(self, item: Item) -> Handler:
        async def serve(_: web.Request) -> web.Response:
            appeared = self._appeared.get(item.id)
            if appeared is None:
                raise web.HTTPNotFound
            self._read.add(item.id)
            self.last_read = self._ticks()
            self.asked.setdefault(item.path, self.last_read)
            if item.page == "missing":
                raise web.HTTPNotFound
            furniture = self._script.furniture[item.outlet.language]
            whole = item.page == "article"
            body = pages.article(item, furniture, appeared) if whole else pages.consent(item, furniture)
            return web.Response(body=body, content_type="text/html", charset="utf-8")

        return serve

    def _note_poll(self, outlet: Outlet) -> None:
        self._polled.add(outlet.id)
        if self._opened is None and self._polled == {each.id for each in self._script.outlets}:
            self._opened = self._ticks()


def _unchanged(request: web.Request, etag: str, latest: datetime) -> bool:
    """RFC 9110 §13.2.2: If-None-Match decides alone when it is there."""
    tags = request.headers.get("If-None-Match")
    if tags is not None:
        return etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))
    since = request.headers.get("If-Modified-Since")
    if since is None:
        return False
    try:
        return latest <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False
