"""Trouble of the service itself, told by another way: a real process, real mail servers, and what arrives where."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

pytestmark = pytest.mark.slow

Newsroom = Home = Program = Any  # the records of conftest.py, which tests cannot import
PASSWORD = "hunter2-must-stay-here"


@dataclass
class Server:
    """A mail server that asks for a login. `refuses`: whoever logs in gets 535; mail to `gone` gets 550."""

    port: int = 0
    refuses: bool = False
    gone: set[str] = field(default_factory=set)
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    def login(self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, given: object) -> AuthResult:
        assert isinstance(given, LoginPassword)
        return AuthResult(success=not self.refuses and given.password == PASSWORD.encode(), handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.gone:
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd
        mail = message_from_bytes(envelope.content or b"", policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.extend((address, mail) for address in envelope.rcpt_tos)
        return "250 kept"

    def to(self, name: str) -> list[str]:
        """The subjects of what came for somebody, in order."""
        return [str(mail["Subject"]) for address, mail in self.mails if address == f"{name}@example.org"]


async def started(server: Server) -> Any:
    made = await asyncio.get_running_loop().create_server(
        lambda: SMTP(server, hostname="localhost", authenticator=server.login, auth_require_tls=False), "127.0.0.1", 0
    )
    server.port = made.sockets[0].getsockname()[1]
    return made


@pytest.fixture
async def servers() -> AsyncIterator[tuple[Server, Server]]:
    first, second = Server(), Server()
    running = [await started(each) for each in (first, second)]
    yield first, second
    for each in running:
        each.close()


def settings(home: Home, first: Server, second: Server, recipients: str, more: str = "") -> None:
    login = f"username: parley, password: {PASSWORD}, sender: parley@example.org"
    (home.path / "config" / "parley.yaml").write_text(
        "watches: [ru-ua]\n"
        "polling:\n  host_gap: 0s\n  open_to: [127.0.0.0/8]\n"
        "workers:\n  count: 1\n"
        "notices:\n  channel_after: 2s\n"
        f"channels:\n"
        f"  mail: {{kind: email, host: 127.0.0.1, port: {first.port}, security: none, {login}}}\n"
        f"  spare: {{kind: email, host: 127.0.0.1, port: {second.port}, security: none, {login}}}\n"
        f"recipients:\n{recipients}"
        f"routes:\n  - {{to: [desk]}}\n{more}"
    )


def found(server: Server, name: str, words: str) -> bool:
    return any(words in subject for subject in server.to(name))


async def test_a_login_that_is_refused_is_told_by_the_other_channel_once_and_so_is_its_end(
    newsroom: Newsroom, home: Home, servers: tuple[Server, Server]
) -> None:
    mail, spare = servers
    mail.refuses = True
    settings(home, mail, spare, "  desk: {channel: mail, to: desk@example.org}\n"
                                "  night: {channel: spare, to: night@example.org}\n")  # fmt: skip
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(partial(found, spare, "night", "mail takes no messages"), 20)
    asked = newsroom.polls()
    await service.until(lambda: newsroom.polls() > asked + 3)
    assert len(spare.mails) == 1
    plain = spare.mails[0][1].get_body(("plain",)).get_content()
    for words in ("535", "1 message waits", "What to do", "parley check --online"):
        assert words in plain
    code, out, _ = await home.call("status", "--json")
    assert code == 0
    shown = json.loads(out)
    assert [each["key"] for each in shown["troubles"]] == ["channel:mail"]
    assert (shown["queues"]["mail"]["waiting"], shown["queues"]["mail"]["dead"]) == (1, 0)
    _, text, _ = await home.call("status")
    assert "queue       mail: 1 wait since " in text
    assert "trouble     channel:mail since " in text
    await service.end()
    mail.refuses = False
    again = await home.run()
    await again.until(partial(found, spare, "night", "mail works again"), 20)
    asked = newsroom.polls()
    await again.until(lambda: newsroom.polls() > asked + 3)
    await again.until(lambda: len(mail.mails) == 2)
    assert len(spare.mails) == 2
    assert spare.mails[1][1]["References"] == spare.mails[0][1]["References"]
    assert [subject for subject in mail.to("desk") if "works again" not in subject] == mail.to("desk")[:1]
    assert "Fifth round" in mail.mails[0][1].get_body(("plain",)).get_content()
    _, text, _ = await home.call("status")
    assert "trouble     " not in text
    everything = service.log + again.log + out + "".join(each.as_string() for _, each in (*mail.mails, *spare.mails))
    assert PASSWORD not in everything


async def test_a_message_that_nobody_can_take_is_told_once_to_somebody_else(
    newsroom: Newsroom, home: Home, servers: tuple[Server, Server]
) -> None:
    mail, spare = servers
    mail.gone = {"desk@example.org"}
    settings(home, mail, spare, "  desk: {channel: mail, to: desk@example.org}\n"
                                "  boss: {channel: mail, to: boss@example.org}\n")  # fmt: skip
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_plan("Geneva", timedelta(days=10))
    await service.until(partial(found, mail, "boss", "1 message to desk was given up"), 20)
    newsroom.publish_plan("Ankara", timedelta(days=30))
    await service.until(lambda: service.log.count("delivery dead") == 2, 20)
    asked = newsroom.polls()
    await service.until(lambda: newsroom.polls() > asked + 3)
    assert len(mail.mails) == 1
    plain = mail.mails[0][1].get_body(("plain",)).get_content()
    assert "550" in plain
    assert "Geneva" in plain
    _, text, _ = await home.call("status")
    assert "queue       mail: 2 given up\n" in text


async def test_where_no_channel_works_the_log_says_so_and_the_sign_of_life_stops(
    newsroom: Newsroom, home: Home, servers: tuple[Server, Server]
) -> None:
    mail, spare = servers
    newsroom.raw["/sign/secret-uuid"] = (b"OK", "text/plain")
    settings(home, mail, spare, "  desk: {channel: mail, to: desk@example.org}\n",
             f"heartbeat:\n  url: {newsroom.base}/sign/secret-uuid\n  every: 1s\n")  # fmt: skip
    file = home.path / "config" / "parley.yaml"
    file.write_text("".join(line for line in file.read_text().splitlines(True) if "  spare: " not in line))
    service = await home.run()
    # Reading looks for itself every 15 s, so that a full cycle takes as long, however often a sign is wished for.
    await service.until(lambda: newsroom.polls("/sign/secret-uuid") >= 1)
    mail.refuses = True
    newsroom.publish_round()
    await service.until(lambda: "no channel that works to tell it by" in service.log, 20)
    signs = newsroom.polls("/sign/secret-uuid")
    await asyncio.sleep(20)
    assert newsroom.polls("/sign/secret-uuid") == signs
    assert "secret-uuid" not in service.log
    assert mail.mails == []
    mail.refuses = False
    await service.end()
    service = await home.run()
    await service.until(lambda: newsroom.polls("/sign/secret-uuid") > signs)
