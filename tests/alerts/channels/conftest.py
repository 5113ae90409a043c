"""Far ends on loopback that do at each step what they are told, byte by byte, and note all that they are sent."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from alerts.channels import settings_of
from alerts.records import Alert, Channel, Delivery, Target

NOON = datetime(2031, 5, 17, 12, 0, tzinfo=UTC)
HUGE = 50_000_000


def http(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer of an HTTP server that closes behind it."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Wire:
    """A server. `seen` is every byte that it could read, `messages` the whole requests or mails among them.

    Steps that it can be told: bytes to answer with, or `reset`, `hang`, `garbage`, `huge`, `redirect`, `echo`.
    """

    port: int = 0
    seen: bytearray = field(default_factory=bytearray)
    messages: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    poured: int = 0
    shut: asyncio.Event = field(default_factory=asyncio.Event)
    got: asyncio.Event = field(default_factory=asyncio.Event)

    async def line(self, reader: asyncio.StreamReader) -> bytes:
        read = await reader.readuntil(b"\r\n")
        self.seen += read
        return read

    async def do(self, step: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What a far end can do to us instead of answering."""
        if step == "reset":
            writer.transport.abort()
        elif step == "hang":
            await reader.read()
        elif step == "garbage":
            writer.write(b"\x16\x03\xff\x00 no protocol at all \x80\r\n\r\n")
            await writer.drain()
        raise ConnectionError

    async def pour(self, begin: bytes, writer: asyncio.StreamWriter) -> None:
        """An answer that is far longer than any needs to be; `poured` is how much of it was taken."""
        writer.write(begin)
        for _ in range(HUGE // 100_000):
            writer.write(b" " * 100_000)
            await writer.drain()
            self.poured += 100_000

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            await self.talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            self.open -= 1
            self.shut.set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


@dataclass
class WebWire(Wire):
    """One step a request, `usual` when there is none; `on_accept` is done before anything is read."""

    usual: bytes = http(200)
    script: list[bytes | str] = field(default_factory=list)
    on_accept: str = ""
    elsewhere: str = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.on_accept:
            await self.do(self.on_accept, reader, writer)
        head = await reader.read(1)
        if head == b"\x16":  # a handshake, to a server that speaks no TLS
            writer.write(http(400))
            return
        head += await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        whole = head + await reader.readexactly(length)
        self.seen += whole
        self.messages.append(whole)
        self.got.set()
        step = self.script.pop(0) if self.script else self.usual
        if step == "redirect":
            step = http(307, Location=self.elsewhere)
        elif step == "echo":
            step = http(400, whole, Content_Type="text/plain")
        elif step == "huge":
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            await self.pour(head % HUGE, writer)
            return
        if isinstance(step, str):
            await self.do(step, reader, writer)
            return
        writer.write(step)
        await writer.drain()


@dataclass
class MailWire(Wire):
    """Replies by verb (`connect` for the greeting, `data` for the end of a message), or a step; all is well without."""

    replies: dict[str, str] = field(default_factory=dict)
    offers: tuple[str, ...] = ("SIZE 10000000", "AUTH PLAIN LOGIN", "8BITMIME")
    tls: ssl.SSLContext | None = None
    USUAL: ClassVar[dict[str, str]] = {
        "connect": "220 mx.test", "STARTTLS": "220 go on", "AUTH": "235 2.7.0 in", "DATA": "354 go on",
        "data": "250 2.0.0 queued as Q77",
    }  # fmt: skip

    async def reply(self, verb: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        said = self.replies.get(verb, self.USUAL.get(verb, "250 2.1.0 fine"))
        if said == "echo":
            said = "550 5.7.1 you said " + " ".join(self.seen.decode(errors="replace").split())[:300]
        if said == "huge":
            await self.pour(b"250-", writer)
            said = ""
        if said and not said[0].isdecimal():
            await self.do(said, reader, writer)
        writer.write(said.encode() + b"\r\n")
        await writer.drain()
        if said.startswith("421"):  # RFC 5321 §3.8: it closes behind it
            raise ConnectionError
        return said

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.reply("connect", reader, writer)
        secure = False
        while True:
            line = await self.line(reader)
            verb = line.split()[0].decode().upper()
            if verb == "EHLO" and "EHLO" not in self.replies:
                offers = [*self.offers, *(["STARTTLS"] if self.tls and not secure else [])]
                writer.write("".join(f"250-{each}\r\n" for each in ("mx.test", *offers)).encode() + b"250 HELP\r\n")
                continue
            said = await self.reply(verb, reader, writer)
            if verb == "STARTTLS" and said.startswith("220"):
                assert self.tls is not None
                await writer.start_tls(self.tls)
                secure = True
            if verb == "DATA" and said.startswith("354"):
                message = bytearray()
                while not message.endswith(b"\r\n.\r\n"):
                    message += await self.line(reader)
                self.messages.append(bytes(message))
                self.got.set()
                await self.reply("data", reader, writer)


Start = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """`await start(wire, tls=None)` sets a wire up on a free port and gives it back."""
    servers: list[asyncio.Server] = []

    async def begin(wire: Wire, tls: ssl.SSLContext | None = None) -> Wire:
        server = await asyncio.start_server(wire.serve, "127.0.0.1", 0, ssl=tls, limit=2**20)
        servers.append(server)
        wire.port = server.sockets[0].getsockname()[1]
        return wire

    yield begin
    for server in servers:
        server.close()
    await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def made(cafile: Path) -> Callable[..., Channel]:
    """A channel by its settings as an operator writes them, but with so many seconds' patience."""

    def make(kind: str, patience: float = 5, **keys: Any) -> Channel:
        shape = settings_of(kind)
        if "ca_file" in shape.model_fields:
            keys.setdefault("ca_file", cafile)  # the system's authorities take a twentieth of a second to read
        settings = shape.model_validate({"kind": kind, **keys})
        assert list(settings.wrong()) == []
        channel: Any = settings.channel("way", lambda: NOON)
        waits = [name for name in ("timeout", "data_timeout") if hasattr(channel._config, name)]
        channel._config = replace(channel._config, **dict.fromkeys(waits, timedelta(seconds=patience)))
        return channel

    return make


@pytest.fixture
def delivery(alert: Alert) -> Callable[..., Delivery]:
    """A delivery of the made-up alert, rendered for a kind of channel."""
    from alerts.compose import render

    def make(kind: str, address: str = "ops@example.org", **more: Any) -> Delivery:
        target = Target("ops", "way", kind, address)
        payload = render(alert, target, delivery_id="d1", domain="parley.example", sender=None, earlier=False)
        return Delivery("d1", alert.id, alert.event_id, target, payload, NOON, **more)

    return make


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """The certificate of an authority that nobody here was certified by."""
    import trustme

    file = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return file
