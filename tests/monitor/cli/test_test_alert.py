"""`parley test-alert` against a real mail server that wants TLS and a password."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from threading import Thread

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from click.testing import Result

Parley = Callable[..., Result]

PASSWORD = "hunter2-made-up"
SETTINGS = """\
watches: [small]
channels:
  console: {{kind: console}}
  mail:
    kind: email
    host: 127.0.0.1
    port: {port}
    username: parley
    password_file: {folder}/password
    sender: Parley <parley@alerts.example>
    ca_file: {folder}/ca.pem
recipients:
  me: {{channel: console}}
  desk: {{channel: mail, to: desk@news.example, zone: Europe/Kyiv}}
  stranger: {{channel: mail, to: stranger@news.example}}
"""


@dataclass
class PostOffice:
    """What the server took. It knows one password and refuses one address."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("stranger"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert session.ssl is not None
        self.mails.append(envelope.original_content or b"")
        return "250 2.0.0 queued as Q77"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@pytest.fixture
def office(home: Path) -> Iterator[PostOffice]:
    """A server in a thread of its own: the command runs a loop of its own."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(home / "ca.pem"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    office = PostOffice()
    loop = asyncio.new_event_loop()

    def connection() -> SMTP:
        return SMTP(
            office,
            hostname="mx.test",
            loop=loop,
            tls_context=tls,
            require_starttls=True,
            authenticator=office.authenticate,
            auth_required=True,
        )

    server = loop.run_until_complete(loop.create_server(connection, "127.0.0.1", 0))
    office.port = server.sockets[0].getsockname()[1]
    thread = Thread(target=loop.run_forever)
    thread.start()
    (home / "password").write_text(PASSWORD + "\n")
    (home / "config/parley.yaml").write_text(SETTINGS.format(port=office.port, folder=home))
    yield office

    async def close() -> None:
        server.close()
        if talking := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(talking)  # aiosmtpd's connections see that their peers are gone
        await asyncio.sleep(0.01)

    asyncio.run_coroutine_threadsafe(close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_named_recipient_gets_a_mail(parley: Parley, office: PostOffice) -> None:
    result = parley("test-alert", "desk")
    assert result.exit_code == 0
    assert result.stderr.startswith("desk (mail, email): sent 250")
    (mail,) = (message_from_bytes(each, policy=default) for each in office.mails)
    assert (mail["To"], mail["From"]) == ("desk@news.example", "Parley <parley@alerts.example>")
    plain = mail.get_body(("plain",))
    assert plain is not None
    said = plain.get_content().replace("\r\n", "\n")
    assert said.startswith("Test · Alerts of Parley reach you here\nThis is not news")
    assert "(Europe/Kyiv)" in said, "the recipient's clock"
    assert mail["Subject"] == "[parley] Test · Alerts of Parley reach you here"


def test_what_fails_is_told_beside_what_was_sent_and_exits_with_1(parley: Parley, office: PostOffice) -> None:
    result = parley("test-alert")
    assert result.exit_code == 1
    told = {line.split()[0]: line for line in result.stderr.splitlines()}
    assert list(told) == ["me", "desk", "stranger"]
    assert told["me"].startswith("me (console, console): sent")
    assert told["stranger"].startswith("stranger (mail, email): NOT SENT (550): ")
    assert told["stranger"].endswith("no such mailbox; check the recipient's `to`")
    assert len(office.mails) == 1
    assert "Test · Alerts of Parley reach you here" in result.stdout


def test_a_wrong_password_fails_and_is_not_printed(parley: Parley, home: Path, office: PostOffice) -> None:
    (home / "password").write_text("swordfish-made-up\n")
    result = parley("test-alert", "desk")
    assert result.exit_code == 1
    assert "NOT SENT (535): " in result.stderr
    assert result.stderr.endswith("; check username and password\n")
    assert "swordfish" not in result.output
    assert PASSWORD not in result.output
    assert office.mails == []


def test_a_server_that_is_not_there_fails(parley: Parley, home: Path, office: PostOffice) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (home / "config/parley.yaml").write_text(SETTINGS.format(port=port, folder=home))
    result = parley("test-alert", "desk")
    assert result.exit_code == 1
    assert result.stderr.startswith("desk (mail, email): ")
    assert PASSWORD not in result.output


def test_an_unknown_recipient_is_wrong_usage(parley: Parley, office: PostOffice) -> None:
    result = parley("test-alert", "boss")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "unknown recipient boss; known in config/parley.yaml: me, desk, stranger" in result.stderr
    assert office.mails == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--channel", "mail", "--to", "somebody"), "--to somebody: should be a mail address"),
        (("--channel", "mail", "me"), "none of me is a recipient of channel mail; give an address by --to"),
        (("--to", "x@news.example"), "--to ADDRESS goes with --channel NAME, and with no recipient"),
        (("--channel", "pigeons"), "unknown channel pigeons; known in config/parley.yaml: console, mail"),
    ],
)
def test_a_way_that_leads_nowhere_is_wrong_usage(
    parley: Parley, office: PostOffice, options: tuple[str, ...], fault: str
) -> None:
    result = parley("test-alert", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert fault in result.stderr
    assert office.mails == []


def test_an_address_that_mail_cannot_carry_stops_no_other_recipient(
    parley: Parley, home: Path, office: PostOffice
) -> None:
    file = home / "config/parley.yaml"
    file.write_text(file.read_text().replace("stranger@news.example", "a..b@news.example"))
    result = parley("test-alert", "stranger", "desk")
    assert result.exit_code == 1
    assert "stranger (mail, email): NOT SENT (address): " in result.stderr
    assert "desk (mail, email): sent 250" in result.stderr
