"""/healthz, /readyz and /metrics over HTTP, for probes and scrapers on this machine. No access log.

A port that is taken, a scraper that does not read, a client that says nothing: none of it may cost an alert. Each
connection is one request and lives for ten seconds; there are few at a time; there is nothing to write to.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any

from aiohttp import web
from structlog.typing import FilteringBoundLogger

from monitor.app.readiness import as_json, as_text
from monitor.app.scrape import Scrape

LIFE = timedelta(seconds=10)
ABREAST = 32
# How often the lag of the event loop is measured, in seconds.
_TICK = 1.0
INDEX = """\
Parley
/healthz   the service is alive: its event loop answers
/readyz    every check by which it does its work; 503 unless all are fine
/metrics   for Prometheus
"""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Endpoint:
    """Answers at `listen` (address:port; port 0 is any that is free) from `open` to `close`."""

    def __init__(self, listen: str, scrape: Scrape, log: FilteringBoundLogger) -> None:
        host, _, port = listen.rpartition(":")
        self._host, self._port, self._scrape, self._log = host.strip("[]"), int(port), scrape, log
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._lag: asyncio.Task[None] | None = None

    async def open(self) -> str | None:
        """Where it answers, or None: then the log says why not and what to do, and the service goes on without."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
            ]
        )
        # What clients do wrong is not worth a line; what goes wrong here is logged by `_guard`.
        silent = logging.Logger("endpoint", logging.CRITICAL + 1)
        options: dict[str, Any] = {"access_log": None, "logger": silent, "keepalive_timeout": 0}
        runner = web.AppRunner(app, shutdown_timeout=1, handler_cancellation=True, **options)
        await runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._accept, self._host, self._port, backlog=ABREAST)
        except (OSError, OverflowError) as error:
            await runner.cleanup()
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
            advice = "set http.listen to an address of this machine and a free port, or to off; nothing else is lost"
            self._log.error("no endpoint", listen=f"{self._host}:{self._port}", because=why, advice=advice)
            return None
        self._runner = runner
        self._lag = asyncio.create_task(self._measure(), name="lag")
        host, port = self._server.sockets[0].getsockname()[:2]
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._log.info("endpoint", listen=where)
        return where

    async def close(self) -> None:
        if self._lag is not None:
            self._lag.cancel()
            await asyncio.gather(self._lag, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _accept(self) -> asyncio.BaseProtocol:
        assert self._runner is not None
        assert self._runner.server is not None
        server, loop = self._runner.server, asyncio.get_running_loop()
        handler = server()

        def end() -> None:
            # Closing would wait for whoever does not read.
            if handler.transport is not None:
                handler.transport.abort()

        def crowd() -> None:
            if handler in server.connections[ABREAST:]:
                end()

        loop.call_soon(loop.call_soon, crowd)  # a turn later it is among the connections, in the order of coming
        loop.call_later(LIFE.total_seconds(), end)
        return handler

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        answer: web.StreamResponse
        if not self._known(request.host):
            answer = web.Response(status=421, text="this is Parley on this machine: ask for it by its address\n")
        elif request.method not in ("GET", "HEAD"):
            answer = web.Response(status=405, text="GET or HEAD\n", headers={"Allow": "GET, HEAD"})
        else:
            try:
                answer = await handler(request)
            except web.HTTPNotFound:
                answer = web.Response(status=404, text=INDEX)
            except Exception as error:  # noqa: BLE001 - a bug in what is shown must not end what is done
                self._log.exception("the endpoint failed", path=request.path, error=repr(error))
                answer = web.Response(status=500, text="a fault of Parley: see its log\n")
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.force_close()
        return answer

    def _known(self, host: str) -> bool:
        """On loopback, a page in this machine's browser could have its own name lead here (DNS rebinding) and read what
        stands here: the feeds of a newsroom are nobody's business. Elsewhere any name may be the right one."""
        if not _loopback(self._host):
            return True
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        return name == "localhost" or name.endswith(".localhost") or _is_address(name.strip("[]"))

    async def _index(self, _: web.Request) -> web.Response:
        return web.Response(text=INDEX)

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _readyz(self, request: web.Request) -> web.Response:
        checks = self._scrape.checks()
        status = 200 if all(check.fine for check in checks) else 503
        if "json" in request.headers.get("Accept", ""):
            text = as_json(checks, pid=os.getpid(), version=version("parley"))
            return web.Response(status=status, text=text, content_type="application/json")
        return web.Response(status=status, text=as_text(checks))

    async def _metrics(self, request: web.Request) -> web.Response:
        body, content_type = await self._scrape.metrics(request.headers.get("Accept", ""))
        answer = web.Response(body=body, headers={"Content-Type": content_type})
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            answer.enable_compression(web.ContentCoding.gzip)
        return answer

    async def _measure(self) -> None:
        """How late the loop wakes, each second."""
        loop, meter = asyncio.get_running_loop(), self._scrape.service.meter
        while True:
            asked = loop.time() + _TICK
            await asyncio.sleep(_TICK)
            meter.lagged(timedelta(seconds=loop.time() - asked))


def _loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, UnicodeError):
            continue
        return True
    return False
