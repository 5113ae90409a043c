"""A home with a newsroom, a mail server and a Slack of its own, and `parley run` on it, one life after another."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from farends import without_stories
from farends.mail import MailServer
from farends.press import Press
from farends.slack import TOKEN, SlackServer
from monitor.cli import main
from monitor.homes import initialise


class Desk:
    """`life` counts the runs of the service. `told` is called at each step of a far end; by default it does nothing."""

    def __init__(self, name: str, path: Path, tls: ssl.SSLContext, ca: Path) -> None:
        self.name, self.path = name, path
        self.life = 0
        self.process: asyncio.subprocess.Process | None = None
        self.press = Press(self.told)
        self.mail = MailServer(lambda step, story: self.told(f"mail {step}", story), lambda: self.life, tls)
        self.slack = SlackServer(
            lambda step, story: self.told(f"slack {step}", story), lambda: self.life, f"C0{name.upper()}"
        )
        self._ca = ca

    def told(self, step: str, story: int | None) -> bool:
        """A far end is at `step` (`feed`, `page`, `mail …`, `slack …`) with the story of that number, if it knows.

        Whether the service was ended there.
        """
        return False

    async def open(self) -> None:
        """Start the far ends and write the home.

        Its recipients have no cap, its updates do not wait, and no page is set aside because the machine is slow.
        """
        for end in (self.press, self.mail, self.slack):
            await end.start()
        initialise(self.path)
        without_stories(self.path)
        (self.path / "config" / "parley.yaml").write_text(
            "watches: [ru-ua]\n"
            "polling: {host_gap: 0s, open_to: [127.0.0.0/8], robots: false, feed_deadline: 2m, page_deadline: 2m}\n"
            "workers: {count: 1, feed_timeout: 2m, page_timeout: 2m, claims_timeout: 2m}\n"
            "keep: {archive: 0s}\n"
            "http: {listen: 127.0.0.1:0}\n"
            "delivery: {gather: 0s}\n"
            "channels:\n"
            f"  mail: {{kind: email, host: 127.0.0.1, port: {self.mail.port}, security: starttls,"
            f" sender: parley@example.org, ca_file: '{self._ca}'}}\n"
            f"  room: {{kind: slack, token: {TOKEN}, api_url: '{self.slack.base}'}}\n"
            "recipients:\n"
            "  desk: {channel: mail, to: desk@example.org, cap: {hour: 100000, day: 100000}}\n"
            f"  room: {{channel: room, to: {self.slack.channel}, cap: {{hour: 100000, day: 100000}}}}\n"
            "routes:\n  - {to: [desk, room]}\n"
        )
        (self.path / "config" / "feeds.yaml").write_text(
            f"feeds:\n  - {{url: '{self.press.base}/feed', outlet: Courier, language: en, interval: 1s}}\n"
        )

    async def close(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        for end in (self.press, self.mail, self.slack):
            await end.stop()

    async def begin(self) -> None:
        """Start the service; its log of this life is in `log`."""
        self.life += 1
        with (self.path / f"log-{self.life}").open("wb") as sink:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "monitor", "--home", str(self.path), "run",
                stdout=sink, stderr=sink, env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
            )  # fmt: skip

    async def end(self) -> None:
        """SIGTERM, and wait."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(self.process.wait(), 20)

    def edit(self, file: str, *changes: tuple[str, str]) -> None:
        """Replace what is there once in a file of the home."""
        place = self.path / file
        text = place.read_text()
        for old, new in changes:
            assert text.count(old) == 1, (file, old)
            text = text.replace(old, new)
        place.write_text(text)

    async def call(self, *arguments: str) -> tuple[int, str, str]:
        """Another command of the program: exit status, stdout, stderr."""
        ran = await asyncio.to_thread(CliRunner().invoke, main, ["--home", str(self.path), *arguments])
        return ran.exit_code, ran.stdout, ran.stderr

    async def until(self, reached: Callable[[], object], within: float = 60) -> None:
        """Wait, no longer than so many seconds, and as long as the service lives."""
        try:
            async with asyncio.timeout(within):
                while not reached():
                    assert self.process is not None
                    assert self.process.returncode is None, self.log[-4000:]
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"not within {within} s; the log ends with:\n{self.log[-4000:]}")

    @property
    def log(self) -> str:
        return (self.path / f"log-{self.life}").read_text(encoding="utf-8", errors="replace")


def issued(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context for 127.0.0.1, and the file of the authority that vouches for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context, folder / "ca.pem"
