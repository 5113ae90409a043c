"""The sign of life: for a full cycle of polling, reading and sending only, and never with its address in the log."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import structlog
import trustme
from aiohttp import web
from pydantic import SecretStr

from monitor.app import heart as heart_module
from monitor.app.heart import Heart
from monitor.loops import Pulse
from monitor.settings import Heartbeat

MINUTE = timedelta(minutes=1)
EVERY, STUCK = 5 * MINUTE, 15 * MINUTE
LOOPS = ("poll", "read", "deliver")
SECRET = "4f9d2c1e-secret"


@dataclass
class Switch:
    """A dead-man's switch: `asked` are method, path and body of what came; `answer` is its status."""

    base: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    answer: int = 200
    hangs: bool = False

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path_qs, await request.text()))
        if self.hangs:
            await asyncio.sleep(60)
        # Endless: whoever reads it all never comes back.
        if request.path.endswith("/endless"):
            answer = web.StreamResponse()
            await answer.prepare(request)
            while True:
                await answer.write(b"OK " * 1000)
                await asyncio.sleep(0.01)
        return web.Response(status=self.answer, text="OK", headers={"Location": "/elsewhere"})


async def serve(switch: Switch, tls: ssl.SSLContext | None = None) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", switch.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    switch.base = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    return runner


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    made = Switch()
    runner = await serve(made)
    yield made
    await runner.cleanup()


@pytest.fixture
def logged() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


class Service:
    """A heart and the pulse of three loops on a clock that the test moves; each minute the loops that go come round."""

    def __init__(self, url: str | None) -> None:
        self.now = timedelta(0)
        self.pulse = Pulse(LOOPS, STUCK, lambda: self.now)
        own = Heartbeat(SecretStr(url) if url else None, EVERY)
        self.heart = Heart(own, "Parley/test", lambda: self.now, structlog.get_logger())
        self.reachable = True

    async def minutes(self, number: int, *, but: str = "") -> None:
        for _ in range(number):
            self.now += MINUTE
            for name in LOOPS:
                if name != but:
                    self.pulse.beat(name)
            late = [name for name, _ in self.pulse.late()]
            await self.heart.look(self.pulse.turns(), late, reachable=self.reachable)


@pytest.fixture
async def service(switch: Switch) -> AsyncIterator[Service]:
    made = Service(f"{switch.base}/{SECRET}")
    yield made
    await made.heart.close()


def signs(switch: Switch) -> int:
    return sum(method == "GET" for method, _, _ in switch.asked)


async def test_while_all_goes_well_there_is_one_sign_in_each_interval(switch: Switch, service: Service) -> None:
    await service.minutes(60)
    assert switch.asked == [("GET", f"/{SECRET}", "")] * 12


async def stops(switch: Switch, service: Service, loop: str) -> None:
    await service.minutes(11)
    before = signs(switch)
    assert before == 3
    await service.minutes(60, but=loop)
    assert signs(switch) == before
    assert switch.asked[before:] == [("POST", f"/{SECRET}/fail", f"stuck: {loop}\n")]


async def test_it_stops_within_one_cycle_when_polling_stalls(switch: Switch, service: Service) -> None:
    await stops(switch, service, "poll")


async def test_it_stops_within_one_cycle_when_reading_stalls(switch: Switch, service: Service) -> None:
    await stops(switch, service, "read")


async def test_it_stops_within_one_cycle_when_sending_stalls(switch: Switch, service: Service) -> None:
    await stops(switch, service, "deliver")


async def test_it_starts_again_with_the_loop_and_the_next_standstill_is_reported_anew(
    switch: Switch, service: Service
) -> None:
    await service.minutes(6)
    await service.minutes(30, but="deliver")
    before = signs(switch)
    await service.minutes(1)
    assert signs(switch) == before + 1
    await service.minutes(5)
    assert signs(switch) == before + 2
    await service.minutes(30, but="read")
    fails = [body for method, _, body in switch.asked if method == "POST"]
    assert fails == ["stuck: deliver\n", "stuck: read\n"]


async def test_nothing_is_shown_before_each_loop_has_come_round_once(switch: Switch, service: Service) -> None:
    await service.minutes(14, but="deliver")
    assert switch.asked == []


async def test_it_stops_when_no_channel_can_reach_anybody(switch: Switch, service: Service) -> None:
    await service.minutes(1)
    service.reachable = False
    await service.minutes(30)
    assert signs(switch) == 1
    service.reachable = True
    await service.minutes(1)
    assert signs(switch) == 2


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_switch_that_refuses_is_logged_once_and_once_when_it_takes_again(
    switch: Switch, service: Service, logged: list[dict[str, object]], status: int
) -> None:
    switch.answer = status
    await service.minutes(3)
    assert signs(switch) == 3
    switch.answer = 200
    await service.minutes(20)
    assert logged == [
        {"event": "heartbeat not taken", "because": f"status {status}", "log_level": "warning"},
        {"event": "heartbeat taken again", "log_level": "info"},
    ]


@pytest.mark.parametrize(
    ("url", "because"),
    [
        (f"http://127.0.0.1:9/{SECRET}", "ConnectError"),
        (f"http://no-such-host.invalid/{SECRET}", "ConnectError"),
        (f"http://127.0.0.1:99999/{SECRET}", "ExceptionGroup"),
    ],
)
async def test_a_switch_that_cannot_be_reached_costs_nothing_and_its_address_stays_secret(
    logged: list[dict[str, object]], url: str, because: str
) -> None:
    service = Service(url)
    await service.minutes(3)
    await service.heart.close()
    assert [line["because"] for line in logged] == [because]
    assert SECRET not in str(logged)


async def test_a_switch_that_is_silent_or_never_ends_is_left_after_the_deadline(
    switch: Switch, logged: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heart_module, "DEADLINE", timedelta(seconds=1))
    endless = Service(f"{switch.base}/{SECRET}/endless")
    await asyncio.wait_for(endless.minutes(1), 10)
    await endless.heart.close()
    assert logged == []
    switch.hangs = True
    silent = Service(f"{switch.base}/{SECRET}")
    await asyncio.wait_for(silent.minutes(1), 10)
    await silent.heart.close()
    assert [line["because"] for line in logged] == ["no answer within 1 s"]


async def test_a_certificate_that_nobody_vouches_for_gets_no_address(logged: list[dict[str, object]]) -> None:
    context, switch = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), Switch()
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    runner = await serve(switch, context)
    service = Service(f"{switch.base}/{SECRET}")
    await service.minutes(1)
    await service.heart.close()
    await runner.cleanup()
    assert switch.asked == []
    assert [line["because"] for line in logged] == ["ConnectError"]


async def test_without_an_address_nobody_is_asked(logged: list[dict[str, object]]) -> None:
    service = Service(None)
    await service.minutes(30)
    await service.heart.close()
    assert logged == []


async def test_a_query_stays_behind_the_path_of_a_failure(switch: Switch) -> None:
    service = Service(f"{switch.base}/{SECRET}/?create=1")
    await service.minutes(20, but="poll")
    await service.heart.close()
    assert [path for _, path, _ in switch.asked] == [f"/{SECRET}/fail?create=1"]
