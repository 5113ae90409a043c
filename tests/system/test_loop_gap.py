"""While mail servers and Slack hang and the store is at work, the event loop goes on: the largest gap is measured."""

import asyncio
import gc
import json
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP

from alerts.channels.email import EmailChannel, EmailConfig
from alerts.channels.slack import SlackChannel, SlackConfig
from alerts.dispatch import Dispatcher
from alerts.records import Alert, Channel, Delivery, Source, Target
from alerts.retry import RetryPolicy
from monitor.app import utcnow
from monitor.store import alerts, deliveries, open_store
from monitor.store.outbox import StoreOutbox
from monitor.store.threads import StoreThread

LONGEST = 0.25  # reference: delivery 10, anchor 10
LASTS = 15.0
CHANNELS = ("mute", "stuck", "slack")


@contextmanager
def elsewhere(serving: Callable[[], AbstractAsyncContextManager[int]]) -> Iterator[int]:
    """The port of a server on a loop and a thread of its own, so that its work is none of the loop that is measured."""
    ports: queue.Queue[tuple[int, Callable[[], object]]] = queue.Queue()

    async def serve() -> None:
        end = asyncio.Event()
        async with serving() as port:
            ports.put((port, lambda: loop.call_soon_threadsafe(end.set)))
            loop = asyncio.get_running_loop()
            await end.wait()
        await asyncio.sleep(0.2)  # connections see that their peers are gone

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    port, stop = ports.get(timeout=10)
    yield port
    stop()
    thread.join(10)


@asynccontextmanager
async def mute() -> AsyncIterator[int]:
    """Takes connections and says nothing, not even hello."""

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@asynccontextmanager
async def stuck() -> AsyncIterator[int]:
    """A mail server that takes the whole message and never answers."""

    class Stuck:
        async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
            await asyncio.Event().wait()
            return "250 OK"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Stuck(), hostname="mx.test", loop=loop), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@asynccontextmanager
async def slack() -> AsyncIterator[int]:
    """Reads the whole request and never answers."""

    async def hang(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.Event().wait()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", hang)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@dataclass
class Log:
    lines: list[str] = field(default_factory=list)

    def info(self, event: str, **values: object) -> None:
        self.lines.append(event)

    warning = error = info


@pytest.fixture
def heap_of_a_service() -> Iterator[None]:
    """Without what hundreds of test modules left in this process: a full collection of that takes 0.36 s (measured)."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.slow
@pytest.mark.usefixtures("heap_of_a_service")
async def test_the_loop_never_stops_for_a_quarter_of_a_second_while_far_ends_hang(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'parley.db'}")
    thread = StoreThread(store)
    outbox = StoreOutbox(thread, lambda tx, now: deliveries.recover(tx, now, expired_only=True))
    gaps: list[float] = []
    log = Log()
    with ExitStack() as far_ends:
        servers = dict(zip(CHANNELS, (mute, stuck, slack), strict=True))
        ports = {name: far_ends.enter_context(elsewhere(serving)) for name, serving in servers.items()}
        short = timedelta(seconds=2)
        mail = EmailConfig(
            "127.0.0.1", 0, "b@parley.example", security="none", hello="me", timeout=short, data_timeout=short
        )
        bot = SlackConfig("xoxb-made-up", f"http://127.0.0.1:{ports['slack']}/", timeout=short)
        channels: dict[str, Channel] = {
            "mute": EmailChannel("mute", replace(mail, port=ports["mute"])),
            "stuck": EmailChannel("stuck", replace(mail, port=ports["stuck"])),
            "slack": SlackChannel("slack", bot),
        }
        dispatcher = Dispatcher(outbox, channels, utcnow, RetryPolicy(), log, grace=timedelta(seconds=1))
        wake = asyncio.Event()

        async def tick() -> None:
            last = time.perf_counter()
            while True:
                await asyncio.sleep(0.005)
                gaps.append((now := time.perf_counter()) - last)
                last = now

        async def write() -> None:
            for number in range(100_000):
                await thread.run(lambda tx, n=number: post(tx, n))
                wake.set()

        work = [asyncio.create_task(each) for each in (tick(), dispatcher.run(wake), write())]
        await asyncio.sleep(LASTS)
        health = dispatcher.channels()
        for task in reversed(work):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    with store.read() as tx:
        rows = deliveries.all_deliveries(tx)
    thread.close()
    store.close()
    gaps.sort()
    tried = {name: sum(row.attempts for row in rows if row.target.channel == name) for name in CHANNELS}
    print(
        f"\nlargest gap of the loop {gaps[-1] * 1000:.0f} ms, p99 {gaps[int(len(gaps) * 0.99)] * 1000:.0f} ms in "
        f"{LASTS:.0f} s; {len(rows)} deliveries written meanwhile, attempts {tried}"
    )
    assert all(tried.values())
    assert all(health[name].under_way or health[name].state == "open" for name in CHANNELS)
    assert not any(row.state in ("sent", "leased") for row in rows)
    assert len(rows) > 100
    assert gaps[-1] < LONGEST


def post(tx: Any, number: int) -> None:
    now = utcnow()
    source = Source("https://a.example/1", None, "A", "a", None, now)
    alert = Alert(
        f"al{number}", "new", "w", "talks_round", "agreed", f"ev{number}", "Talks", None, None, None, None, {}, (),
        source, (), 1, 1, (), now,
    )  # fmt: skip
    text = b"From: a@a.example\r\nTo: b@b.example\r\nSubject: talks\r\n\r\n" + b"Talks are to be held.\r\n" * 400
    targets = (
        Target("a", "mute", "email", f"{number % 40}@example.org"),
        Target("b", "stuck", "email", f"{number % 40}@example.org"),
        Target("c", "slack", "slack", f"C{number % 40}"),
    )
    payloads = (text, text, json.dumps({"text": "talks"}).encode())
    alerts.add(
        tx,
        alert,
        [
            Delivery(f"{number}{to.channel}", alert.id, alert.event_id, to, payload, now, next_at=now)
            for to, payload in zip(targets, payloads, strict=True)
        ],
    )
