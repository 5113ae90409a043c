"""A newsroom and a post office on loopback, and the real program as a process."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from farends import debianroot, without_stories
from farends.image import Image, build
from monitor.app import utcnow
from monitor.homes import initialise

CHECKOUT = Path(__file__).parents[2]
ROUND = (
    "Fifth round of talks between Russia and Ukraine ends in Istanbul",
    "The delegations of Russia and Ukraine ended their fifth round of talks in Istanbul {day}. "
    "Rustem Umerov led the Ukrainian side and Vladimir Medinsky the Russian one. "
    "Both sides left the palace without a word to the press, and their experts go on in writing next week.",
)
PLAN = (
    "Russia and Ukraine to hold talks in {place} on {day}",
    "Russia and Ukraine will hold a round of talks in {place} on {day}, both delegations said. "
    "Rustem Umerov will lead the Ukrainian side in {place} and Vladimir Medinsky the Russian one.",
)


@dataclass(slots=True)
class Story:
    """One article of the newsroom: its page as the server will answer."""

    path: str
    title: str
    text: str
    published: datetime
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    base: str = ""


@dataclass(slots=True)
class Newsroom:
    """An HTTP server with one feed. `requests` are the paths asked for, in order, with the headers that matter."""

    base: str = ""
    stories: list[Story] = field(default_factory=list)
    raw: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    hanging: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    edition: int = 0

    def edit(self, story: Story, text: str) -> None:
        """Change a page; the feed dates it anew under the same guid."""
        story.text, story.published, self.edition = text, utcnow() + timedelta(seconds=1), self.edition + 1

    def publish(
        self, title: str, text: str, *, ago: timedelta = timedelta(0), path: str | None = None, base: str = ""
    ) -> Story:
        """`base`: under which of its names the newsroom links to it."""
        published = utcnow() - ago
        story = Story(path or f"/news/{len(self.stories)}", title, text, published, base=base or self.base)
        self.stories.insert(0, story)
        return story

    def publish_round(self, *, ago: timedelta = timedelta(0)) -> Story:
        day = (utcnow() - ago).strftime("on %-d %B %Y")
        return self.publish(ROUND[0], ROUND[1].format(day=day), ago=ago)

    def publish_plan(self, place: str, ahead: timedelta) -> Story:
        day = (utcnow() + ahead).strftime("%-d %B %Y")
        return self.publish(PLAN[0].format(place=place, day=day), PLAN[1].format(place=place, day=day))

    def polls(self, path: str = "/feed") -> int:
        return sum(asked == path for asked, _ in self.requests)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, request.headers.get("If-None-Match")))
        if request.path in self.hanging:
            return await self.hanging[request.path](request)
        if request.path in self.raw:
            body, kind = self.raw[request.path]
            return web.Response(body=body, headers={"Content-Type": kind})
        if request.path == "/feed":
            return self._feed(request)
        for story in self.stories:
            if story.path == request.path:
                if story.answer is not None:
                    return await story.answer(request)
                paragraphs = "".join(f"<p>{part}</p>" for part in story.text.split("\n"))
                page = f"<html lang='en'><head><title>{story.title}</title></head><body><nav>Home | World</nav>"
                page += f"<article><h1>{story.title}</h1>{paragraphs}</article></body></html>"
                return web.Response(text=page, content_type="text/html")
        raise web.HTTPNotFound

    def _feed(self, request: web.Request) -> web.StreamResponse:
        tag = f'"{len(self.stories)}-{self.edition}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        items = "".join(
            f"<item><title>{s.title}</title><link>{s.base}{s.path}</link><guid>{s.path}</guid>"
            f"<pubDate>{format_datetime(s.published)}</pubDate></item>"
            for s in self.stories
        )
        text = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Test Courier</title>{items}</channel></rss>"
        return web.Response(text=text, content_type="application/rss+xml", headers={"ETag": tag})


@dataclass(slots=True)
class PostOffice:
    """An SMTP server. While `deaf`, it takes connections and says nothing: a delivery hangs in the middle.

    `takes` is how many seconds it thinks about the message to an address before it keeps it, `handed` are the addresses
    of those that it was given.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    deaf: bool = False
    knocks: int = 0
    takes: Callable[[str], float] | None = None
    handed: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd
        self.handed += envelope.rcpt_tos
        if self.takes is not None:
            await asyncio.sleep(self.takes(envelope.rcpt_tos[0]))
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 kept"

    def interrupting(self) -> list[str]:
        """The reasons of the mails that interrupt, in order."""
        return [r for r in (_reason(mail) for mail in self.mails) if r in ("new", "advanced", "reversed")]


def _reason(mail: EmailMessage) -> str:
    said = mail.get("X-Parley-Reason")
    assert said is not None
    return str(said)


class _Listener(SMTP):
    """Tells the post office that somebody knocked, and stays silent while it is deaf."""

    def __init__(self, office: PostOffice) -> None:
        super().__init__(office, hostname="localhost", enable_SMTPUTF8=True)
        self._office = office

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._office.knocks += 1
        if not self._office.deaf:
            super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._office.deaf:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._office.deaf else super().eof_received()

    def connection_lost(self, error: BaseException | None) -> None:
        if self.transport is not None:
            super().connection_lost(error)


@dataclass(slots=True)
class Program:
    """`parley run` as a process of its own; `log` is what it wrote on stderr so far."""

    process: asyncio.subprocess.Process
    path: Path

    @property
    def log(self) -> str:
        return self.path.read_text(encoding="utf-8")

    async def until(self, done: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for `done`; fails with the log when the program ends or time is up first."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not done():
            if self.process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"did not come to pass (exit {self.process.returncode}):\n{self.log}")
            await asyncio.sleep(0.05)

    async def started(self) -> None:
        await self.until(lambda: "service started" in self.log)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal and wait; how many seconds it took."""
        loop = asyncio.get_running_loop()
        before = loop.time()
        if self.process.returncode is None:
            self.process.send_signal(number)
        await asyncio.wait_for(self.process.wait(), 20)
        return loop.time() - before


@dataclass(slots=True)
class Home:
    """A home whose feeds are the newsroom's and whose mails go to the post office. `lock` is beside its store."""

    path: Path
    lock: Path
    running: list[Program] = field(default_factory=list)

    async def run(
        self, *more: str, env: Mapping[str, str] | None = None, program: Sequence[str] = ("-m", "monitor")
    ) -> Program:
        """`parley run`; `env` is laid over the environment, `program` is what Python runs instead of the usual."""
        log = self.path / f"log-{len(self.running)}"
        with log.open("wb") as sink:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *program, "--home", str(self.path), "run", *more, stdout=sink, stderr=sink,
                env={**os.environ, **(env or {})},
            )  # fmt: skip
        program = Program(process, log)
        self.running.append(program)
        return program

    async def call(self, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Any other command: exit status, stdout, stderr."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "monitor",
            "--home",
            str(self.path),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **(env or {})},
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    @property
    def endpoint(self) -> str:
        return f"http://{json.loads(self.lock.read_text())['listen']}"

    async def get(self, path: str) -> tuple[int, str]:
        """What the endpoint of the running service answers: status and text."""
        async with aiohttp.ClientSession() as session, session.get(self.endpoint + path) as answer:
            return answer.status, await answer.text()

    async def metrics(self) -> dict[str, float]:
        """Every sample of `/metrics`, by its name and labels."""
        _, text = await self.get("/metrics")
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def feeds(self, *urls: str, interval: str = "1s", watches: str = "") -> None:
        only = f", watches: [{watches}]" if watches else ""
        rows = "".join(
            f"  - {{url: '{url}', outlet: Test Courier {n}, language: en, interval: {interval}{only}}}\n"
            for n, url in enumerate(urls)
        )
        (self.path / "config" / "feeds.yaml").write_text(f"feeds:\n{rows}" if rows else "feeds: []\n")

    def settings(self, **changes: str) -> None:
        """Replace lines of parley.yaml by key."""
        file = self.path / "config" / "parley.yaml"
        text = file.read_text()
        for key, value in changes.items():
            text, done = re.subn(rf"(?m)^(\s*){key}:.*$", rf"\g<1>{key}: {value}", text)
            assert done, f"no {key} in parley.yaml"
        file.write_text(text)


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    made = Newsroom()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    made = PostOffice()
    server = await asyncio.get_running_loop().create_server(lambda: _Listener(made), "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@pytest.fixture
async def home(tmp_path: Path, newsroom: Newsroom, office: PostOffice) -> AsyncIterator[Home]:
    path = tmp_path / "home"
    initialise(path)
    without_stories(path)
    (path / "config" / "parley.yaml").write_text(
        "watches: [ru-ua]\n"
        "polling:\n  host_gap: 0s\n  open_to: [127.0.0.0/8]\n  page_deadline: 3s\n  page_bytes: 5MB\n"
        "workers:\n  count: 1\n  page_timeout: 3s\n"
        "channels:\n"
        f"  mail: {{kind: email, host: 127.0.0.1, port: {office.port}, security: none, sender: parley@example.org}}\n"
        "delivery:\n  gather: 1s\n  grace: 2s\n"
        "http:\n  listen: 127.0.0.1:0\n"
        "recipients:\n  desk: {channel: mail, to: desk@example.org}\n"
        "routes:\n  - {to: [desk]}\n"
    )
    made = Home(path, path / "state" / "parley.db.lock")
    made.feeds(f"{newsroom.base}/feed")
    yield made
    for program in made.running:
        if program.process.returncode is None:
            program.process.kill()
            await program.process.wait()


@pytest.fixture(scope="session")
def debian() -> Iterator[debianroot.Layer]:
    """A bare Debian, made once: tests write to layers above it."""
    with debianroot.bare() as layer:
        yield layer


@pytest.fixture(scope="session")
def image(debian: debianroot.Layer) -> Image:
    """Made once. Built from a checkout in which somebody has worked: with a store, a secret and what Python leaves
    behind."""
    python = debian.above()
    python.run("apt-get install -qq --no-install-recommends python3 python3-venv && ln -s python3 /usr/bin/python")
    context = python.beside / "checkout"
    shutil.copytree(CHECKOUT, context, ignore=shutil.ignore_patterns(".git", ".venv", "tests", ".*_cache"))
    for secret in ("state/parley.db", ".env", "config/mail.password", "monitor/__pycache__/old.pyc"):
        (context / secret).parent.mkdir(exist_ok=True)
        (context / secret).write_text("SECRET")
    return build(CHECKOUT / "config" / "Containerfile", context, python)
