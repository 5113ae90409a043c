"""The far end: thousands of hosts of one process, which answers a request in some twenty microseconds.

Every address of 127.0.0.0/8 is this machine, so each feed has a host of its own and nobody's limits per host bind.
`python -m polling.server` writes its port to standard output and serves until its standard input ends.

/etag.xml   20 items and validators, by which it answers 304
/plain.xml  the same items without validators, the same bytes each time
/news.xml   10 items; from round 2 on, 10 newer ones before them
/-/round/N  begins round N; the answer is what was served since the last such request, as JSON
"""

import asyncio
import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import ClassVar

ITEMS = 20
NEWS = 10
HOST = b"@HOST@"
# What the watches are not about, in the length of a news item.
WORDS = (
    "The council of the coastal town voted on Tuesday to repair the harbour wall before the winter storms set in, "
    "after three evenings of debate over who is to pay for it. Fishermen had asked for the work since the flood of "
    "last year, when two boats were lost. The mayor said that the first stones would be laid within the month. "
)
PAGE = f"<html><head><title>Harbour</title></head><body><article><p>{WORDS}</p></article></body></html>".encode()
OLD = datetime(2026, 1, 5, 12, tzinfo=UTC)


@cache
def feed(kind: str, first: int, last: int, moment: datetime) -> bytes:
    """RSS with the items `first` to `last`, newest first, dated up to `moment`."""
    items = "".join(
        f"<item><title>Harbour wall to be repaired, part {n} of the story</title>"
        f'<link>http://@HOST@/a/{kind}/{n}</link><guid isPermaLink="false">@HOST@ {kind} {n}</guid>'
        f"<pubDate>{format_datetime(moment - timedelta(minutes=7 * (last - n)))}</pubDate>"
        f"<description>{WORDS}</description></item>\n"
        for n in range(last, first - 1, -1)
    )
    head = "<title>The Courier of @HOST@</title><link>http://@HOST@/</link><description>News</description>"
    return f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


class Far(asyncio.Protocol):
    """One connection, kept alive as long as the client wants."""

    round = 1
    began = OLD
    served: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.got = transport, b""

    def data_received(self, data: bytes) -> None:
        self.got += data
        while b"\r\n\r\n" in self.got:
            head, _, self.got = self.got.partition(b"\r\n\r\n")
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        path = head.split(b" ", 2)[1].decode("latin-1")
        fields = {
            name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
        }
        if path.startswith("/-/round/"):
            told = json.dumps(Far.served).encode()
            Far.round, Far.served, Far.began = int(path.rpartition("/")[2]), Counter(), datetime.now(UTC)  # noqa: TID251
            self._send(b"200 OK", b"application/json", told)
            return
        kind = path.strip("/").partition(".")[0]
        Far.served[path if path.endswith((".xml", ".txt")) else "pages"] += 1
        etag = {"etag": b'"the-one"', "news": b'"round-%d"' % Far.round}.get(kind)
        if etag and fields.get(b"if-none-match") == etag:
            Far.served["304"] += 1
            self.transport.write(b"HTTP/1.1 304 Not Modified\r\nETag: " + etag + b"\r\n\r\n")
            return
        if kind in ("etag", "plain"):
            body = feed(kind, 1, ITEMS, OLD)
        elif kind == "news":
            body = feed(kind, 1, NEWS, OLD) if Far.round == 1 else feed(kind, 1, 2 * NEWS, Far.began)
        elif kind.startswith("a/"):
            self._send(b"200 OK", b"text/html", PAGE)
            return
        else:
            self._send(b"404 Not Found", b"text/plain", b"nothing here")
            return
        validators = b"ETag: " + etag + b"\r\nLast-Modified: Mon, 05 Jan 2026 12:00:00 GMT\r\n" if etag else b""
        self._send(b"200 OK", b"application/rss+xml", body.replace(HOST, fields[b"host"]), validators)

    def _send(self, status: bytes, kind: bytes, body: bytes, extra: bytes = b"") -> None:
        head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (status, kind, len(body), extra)
        self.transport.write(head + body)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Far, "0.0.0.0", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
