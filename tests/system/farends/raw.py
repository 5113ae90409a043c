"""Far ends below the level of any library: they keep every byte that they were sent, and answer as a test says."""

import asyncio
import base64
import binascii
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """One port. `heard` is all that came in, over all connections; over TLS as it was before. `talk` is the answer."""

    def __init__(self, talk: Talk, tls: ssl.SSLContext | None = None) -> None:
        self._talk, self._tls = talk, tls
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.knocks = 0
        self.heard = bytearray()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.knocks += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            with suppress(OSError, EOFError, asyncio.LimitOverrunError, ValueError):  # the other side has had enough
                await self._talk(_Hearing(reader, self.heard), writer)
        finally:
            self._open.discard(task)
            writer.transport.abort()


class _Hearing(asyncio.StreamReader):
    """A reader that notes what it gives."""

    def __init__(self, reader: asyncio.StreamReader, heard: bytearray) -> None:
        super().__init__()
        self._from, self._heard = reader, heard

    async def readline(self) -> bytes:
        line = await self._from.readline()
        self._heard += line
        return line

    async def read(self, n: int = -1) -> bytes:
        data = await self._from.read(n)
        self._heard += data
        return data


@asynccontextmanager
async def running(servers: dict[str, RawServer]) -> AsyncIterator[dict[str, RawServer]]:
    for server in servers.values():
        await server.start()
    try:
        yield servers
    finally:
        for server in servers.values():
            await server.stop()


def smtp(offers: tuple[str, ...], *, tls: ssl.SSLContext | None = None, refuse_at: str = "", code: int = 550) -> Talk:
    """A mail server that says back, in the refusal of the command `refuse_at`, all that it was told, also decoded.

    `offers` are its extensions; with `tls` STARTTLS is one that works.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told: list[str] = []
        writer.write(b"220 mx.test ESMTP\r\n")
        while line := await reader.readline():
            word = line.split(b" ")[0].strip().upper().decode("latin-1")
            told.append(line.decode("latin-1").strip())
            if word == refuse_at:
                said = " / ".join((*told, *(_decoded(each) for each in told)))
                pieces = [said[at : at + 400] for at in range(0, len(said), 400)]
                lines = [f"{code}{'-' if n + 1 < len(pieces) else ' '}5.7.8 {piece}" for n, piece in enumerate(pieces)]
                writer.write("".join(f"{each}\r\n" for each in lines).encode("latin-1", "replace"))
            elif word in ("EHLO", "HELO"):
                known = ["mx.test", *offers, *(["STARTTLS"] if tls else [])]
                lines = [f"250{'-' if n + 1 < len(known) else ' '}{each}" for n, each in enumerate(known)]
                writer.write("".join(f"{each}\r\n" for each in lines).encode())
            elif word == "STARTTLS" and tls:
                writer.write(b"220 go\r\n")
                await writer.drain()
                await writer.start_tls(tls)
            elif word == "AUTH":
                writer.write(b"235 2.7.0 welcome\r\n")
            elif word == "DATA":
                writer.write(b"354 go on\r\n")
                while await reader.readline() not in (b".\r\n", b""):
                    pass
                writer.write(b"250 2.0.0 kept\r\n")
            else:
                writer.write(b"250 2.0.0 OK\r\n")
            await writer.drain()

    return talk


def _decoded(line: str) -> str:
    for word in line.split():
        with suppress(binascii.Error, ValueError):
            plain = base64.b64decode(word, validate=True)
            if len(plain) > 8:
                return plain.decode("latin-1").replace("\0", " ")
    return ""


def http(status: int, body: Callable[[str, str], str], kind: str = "application/json") -> Talk:
    """An HTTP server that answers every request so; `body` is made from the request's address and its whole text."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, length = b"", 0
        while (line := await reader.readline()) not in (b"\r\n", b""):
            head += line
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        whole = head
        while len(whole) < len(head) + length and (more := await reader.read(length)):
            whole += more
        text = body(head.split(b" ")[1].decode(), whole.decode("latin-1")).encode()
        writer.write(
            f"HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\nContent-Length: {len(text)}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        writer.write(text)
        await writer.drain()

    return talk
