"""A made-up alert, and the far ends it goes to: an SMTP server with TLS, a Slack, an outbox in memory."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from aiosmtpd import smtp

from alerts.records import WAITING, Alert, Delivery, Fact, Next, Outcome, Quote, Source, Span, Target
from alerts.retry import OUR_WAITS, bars

NOON = datetime(2031, 5, 17, 12, 0, tzinfo=UTC)


@pytest.fixture
def alert() -> Alert:
    """Made up: an exchange on which two outlets differ."""
    ours = Source(
        "https://north.example/a?x=1&y=2", "Обмін: 40 на 40", "North Wire", "north", NOON, NOON + timedelta(minutes=2)
    )
    theirs = Source("https://south.example/b", None, "South Post", "south", NOON, NOON + timedelta(minutes=3))
    says = Quote("text", "Forty prisoners came home from each side on Saturday.", 0, 53, ("swap",))
    other = Quote("text", "Both sides handed over 38 people.", 10, 43, ("swap",))
    facts = (Fact("counts", "40 each", ours, says), Fact("counts", "38 each", theirs, other))
    return Alert(
        id="al1",
        reason="new",
        watch="russia-ukraine",
        kind="prisoner_exchange",
        status="concluded",
        event_id="ev7",
        title="Russia and Ukraine exchanged prisoners, 40 each",
        date=Span(date(2031, 5, 17), date(2031, 5, 17), "relative"),
        place="Chernihiv region",
        ordinal=3,
        series="spring-2031",
        counts={"each": 40, "total": 80, "Russia->Ukraine": 40},
        parties=("Russia", "Ukraine"),
        source=ours,
        quotes=(says,),
        articles=5,
        families=2,
        rules=("read:past-tense", "policy:first_news"),
        decided=NOON + timedelta(minutes=4),
        facts=facts,
        since=(facts[1],),
    )


@pytest.fixture
def delivery_for() -> Callable[..., Delivery]:
    """A delivery with defaults, every field of which a test may set."""

    def make(kind: str = "console", address: str = "ops@example.org", **more: Any) -> Delivery:
        base = Delivery(
            id="d1",
            alert_id="al1",
            event_id="ev7",
            target=Target("ops", more.pop("channel", kind), kind, address),
            payload=more.pop("payload", b"hello\n"),
            created=NOON,
        )
        return replace(base, **more)

    return make


# --- the clock and the outbox -----------------------------------------------------------------------------------------


@dataclass
class Clock:
    """A clock that moves only when told."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class MemoryOutbox:
    """The Outbox protocol over a dict, with a journal of what was called."""

    rows: dict[str, Delivery] = field(default_factory=dict)
    journal: list[tuple[str, str]] = field(default_factory=list)
    outcomes: list[tuple[str, Outcome, Next]] = field(default_factory=list)
    broken: bool = False

    def add(self, *deliveries: Delivery) -> None:
        self.rows.update({delivery.id: delivery for delivery in deliveries})

    def _waiting(self) -> list[Delivery]:
        waiting = [row for row in self.rows.values() if row.state in WAITING]
        return sorted(waiting, key=lambda row: (row.created, row.id))

    async def release(self, now: datetime) -> int:
        held = [row for row in self.rows.values() if row.state == "held" and row.next_at and row.next_at <= now]
        self.add(*(replace(row, state="pending") for row in held))
        over = [row for row in self.rows.values() if row.lease_until is not None and row.lease_until <= now]
        self.add(*(replace(row, state="ambiguous", next_at=now, lease_until=None) for row in over))
        return len(held) + len(over)

    def _asked(self, address: str) -> datetime | None:
        """Until when the far end asked to send nothing to an address."""
        rows = [row for row in self._waiting() if row.rule == "retry-after" and row.target.address == address]
        return max((row.next_at for row in rows if row.next_at), default=None)

    def _free(self, but: Collection[str] = ()) -> list[tuple[datetime, Delivery]]:
        """What waits, with the moment when its time has come and nothing to its target bars it any more."""
        barred: dict[str, datetime] = {}
        free = []
        for row in self._waiting():
            address, when = f"{row.target.channel} {row.target.address}", row.next_at or row.created
            if row.target.channel not in but:
                later = (barred.get(address), self._asked(row.target.address))
                free.append((max(when, *(at for at in later if at), when), row))
            if bars(row):
                barred[address] = max(when, barred.get(address, when))
        return free

    async def due(self, now: datetime, limit: int, but: Collection[str] = ()) -> Sequence[Delivery]:
        return [row for when, row in self._free(but) if when <= now][:limit]

    async def oldest(self, channel: str, now: datetime, but: Collection[str] = ()) -> Delivery | None:
        rows = [row for row in self._waiting() if row.target.channel == channel and row.id not in but]
        return next((row for row in rows if (self._asked(row.target.address) or now) <= now), None)

    async def begin(self, delivery_id: str, now: datetime) -> int | None:
        row = self.rows[delivery_id]
        if row.state not in WAITING:
            return None
        self.journal.append(("begin", delivery_id))
        self.add(replace(row, state="leased", attempts=row.attempts + 1, lease_until=now + timedelta(minutes=20)))
        return row.attempts + 1

    async def finish(self, delivery_id: str, attempt: int, outcome: Outcome, then: Next, now: datetime) -> None:
        if self.broken:
            raise RuntimeError("the disk is gone")
        await asyncio.sleep(0)  # a store answers from its own thread
        self.journal.append((outcome.kind, delivery_id))
        self.outcomes.append((delivery_id, outcome, then))
        row = self.rows[delivery_id]
        self.add(replace(row, state=then.state, next_at=then.at, rule=then.rule, lease_until=None))

    async def expedite(self, channel: str, now: datetime) -> int:
        waiting = [row for row in self._waiting() if row.target.channel == channel]
        self.add(*(replace(row, next_at=now) for row in waiting if row.rule in OUR_WAITS and row.next_at))
        return len(waiting)

    async def set_back(self, now: datetime) -> int:
        ahead = [row for row in self._waiting() if row.created > now]
        self.add(*(replace(row, created=now, next_at=now) for row in ahead))
        return len(ahead)

    async def next_due(self, but: Collection[str] = ()) -> datetime | None:
        held = [row.next_at for row in self.rows.values() if row.state == "held" and row.next_at]
        return min((*(when for when, _ in self._free(but)), *held), default=None)

    async def recover(self, now: datetime) -> int:
        left = [row for row in self.rows.values() if row.state == "leased"]
        self.add(*(replace(row, state="ambiguous", next_at=now, lease_until=None) for row in left))
        return len(left)


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


# --- a mail server ----------------------------------------------------------------------------------------------------


@dataclass
class Postbox:
    """What the mail server does, and what it was told. `rcpt` is the reply per address, `data` the reply to a message.

    `drop` hangs up after the message instead of replying; `wait` keeps the reply back for so many seconds.
    """

    rcpt: dict[str, str] = field(default_factory=dict)
    mail: str = "250 2.1.0 OK"
    data: str = "250 2.0.0 queued as Q77"
    small: bool = False
    drop: bool = False
    wait: float = 0
    login: tuple[bytes, bytes] = (b"parley", b"made-up-password")
    messages: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.commands.append(f"MAIL {address}")
        if self.mail.startswith("250"):
            envelope.mail_from = address
        return self.mail

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.commands.append(f"RCPT {address}")
        reply = self.rcpt.get(address, "250 2.1.5 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(envelope.original_content)
        self.over_tls.append(session.ssl is not None)
        if self.wait:
            await asyncio.sleep(self.wait)
        if self.drop:
            server.transport.abort()
        if self.small and b"text/html" in envelope.original_content:
            return "552 5.3.4 Message too big"
        return self.data

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> smtp.AuthResult:
        return smtp.AuthResult(success=(data.login, data.password) == self.login, handled=False)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """A certificate authority of the tests' own, and the file with its certificate."""
    issuer = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    issuer.cert_pem.write_to_path(str(file))
    return issuer, file


@pytest.fixture
def cafile(authority: tuple[trustme.CA, Path]) -> Path:
    return authority[1]


@pytest.fixture
def server_tls(authority: tuple[trustme.CA, Path]) -> Callable[..., ssl.SSLContext]:
    """A server's context with a certificate for the given name, from our authority."""

    def make(name: str = "127.0.0.1") -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority[0].issue_cert(name).configure_cert(context)
        return context

    return make


StartMail = Callable[..., Any]


@pytest.fixture
async def mail_server() -> AsyncIterator[StartMail]:
    """Starts SMTP servers on free ports: await mail_server(postbox, starttls=… | tls=…, auth=…) gives the port."""
    servers: list[asyncio.Server] = []
    loop = asyncio.get_running_loop()

    async def start(
        postbox: Postbox,
        *,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        auth: bool = False,
    ) -> int:
        def connection() -> smtp.SMTP:
            return smtp.SMTP(
                postbox,
                hostname="mx.test",
                loop=loop,
                tls_context=starttls,
                authenticator=postbox.authenticate if auth else None,
                auth_required=auth,
                auth_require_tls=starttls is not None,
            )

        server = await loop.create_server(connection, "127.0.0.1", 0, ssl=tls)
        servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    yield start
    for server in servers:
        server.close()
    await asyncio.sleep(0.01)  # let aiosmtpd's connections see that their peers are gone


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


# --- a Slack ----------------------------------------------------------------------------------------------------------

Answer = Callable[[web.Request], Any]


@dataclass
class Workspace:
    """What Slack does next, and what it holds. `script` has one answer a request; without one it accepts."""

    base_url: str = ""
    hook_url: str = ""
    script: list[Any] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)
    looked: int = 0
    looking: Any = None
    updates: list[dict[str, Any]] = field(default_factory=list)
    updating: Any = None
    tokens: set[str] = field(default_factory=set)

    async def post(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.tokens.add(request.headers.get("Authorization", ""))
        self.requests.append(body)
        step = self.script.pop(0) if self.script else "ok"
        if isinstance(step, dict):
            return web.json_response({"ok": False, **step})
        if isinstance(step, web.StreamResponse):
            return step
        if isinstance(step, float):
            await asyncio.sleep(step)
        body["ts"] = f"1{len(self.posted):09}.000100"
        self.posted.append(body)
        if step == "reset":
            assert request.transport is not None
            request.transport.abort()
        if "services" in request.path:
            return web.Response(text="ok")
        return web.json_response({"ok": True, "ts": body["ts"], "channel": body["channel"]})

    async def update(self, request: web.Request) -> web.StreamResponse:
        self.updates.append(await request.json())
        if isinstance(self.updating, web.StreamResponse):
            return self.updating
        if self.updating == "reset":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"ok": not self.updating, "error": self.updating})

    async def look(self, request: web.Request) -> web.StreamResponse:
        self.looked += 1
        if isinstance(self.looking, web.StreamResponse):
            return self.looking
        if self.looking:
            return web.json_response({"ok": False, "error": self.looking})
        thread, start = request.query.get("ts"), int(request.query.get("cursor") or 0)
        end = start + int(request.query["limit"])
        found = [body for body in self.posted if body.get("thread_ts") == thread]
        found = found if thread else found[::-1]  # a thread is told from its beginning, a channel from its end
        cursor = str(end) if end < len(found) else ""
        return web.json_response(
            {"ok": True, "messages": found[start:end], "response_metadata": {"next_cursor": cursor}}
        )


@pytest.fixture
async def slack(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workspace]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    workspace = Workspace()
    app = web.Application()
    app.router.add_post("/api/chat.postMessage", workspace.post)
    app.router.add_post("/api/chat.update", workspace.update)
    app.router.add_get("/api/conversations.history", workspace.look)
    app.router.add_get("/api/conversations.replies", workspace.look)
    app.router.add_post("/services/{rest:.*}", workspace.post)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    workspace.base_url = f"http://127.0.0.1:{port}/api/"
    workspace.hook_url = f"http://127.0.0.1:{port}/services/T0/B0/madeUpHookSecret"
    yield workspace
    await runner.cleanup()


@pytest.fixture
def slack_payload() -> bytes:
    body = {
        "text": "plain words",
        "blocks": [{"type": "divider"}],
        "reply_broadcast": True,
        "metadata": {"event_type": "parley_alert", "event_payload": {"delivery_id": "d1"}},
    }
    return json.dumps(body).encode()
