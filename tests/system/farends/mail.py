"""A mail server with STARTTLS that keeps what it takes and tells of each step."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from farends import Accepted, story_of

_TAKEN = "250 2.0.0 kept"


class MailServer:
    """`told` hears of `connect`, `hello`, `sender`, `recipient`, `data`, `taken` and `answered`, with the story's
    number for the last two. `taken`: the message is kept, and the service does not know it yet. `login` is the name and
    password that it asks for, if any.
    """

    def __init__(
        self,
        told: Callable[[str, int | None], None],
        life: Callable[[], int],
        tls: ssl.SSLContext,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.told, self.life, self.tls, self.login = told, life, tls, login
        self.accepted: list[Accepted] = []
        self.raw: list[bytes] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket | None = None) -> None:
        """On any free port of loopback, or where `listening` is bound to."""
        made = listening or socket.create_server(("127.0.0.1", 0))
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), sock=made)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await asyncio.sleep(0.01)  # aiosmtpd's connections see that their peers are gone


class _Connection(SMTP):
    """The wire of one conversation."""

    def __init__(self, server: MailServer) -> None:
        self._office = server
        self._talk = _Talk(server)
        super().__init__(
            self._talk,
            hostname="mx.test",
            tls_context=server.tls,
            require_starttls=True,
            authenticator=self._known if server.login else None,
            auth_required=server.login is not None,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.session is None:  # not for the second time, over TLS
            self._talk.life = self._office.life()
            self._office.told("connect", None)
        super().connection_made(transport)

    def _known(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        said = (data.login.decode(), data.password.decode())
        return AuthResult(success=said == self._office.login)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self._office.told("data", None)
        await super().smtp_DATA(arg)

    async def push(self, status: Any) -> None:
        await super().push(status)
        if status == _TAKEN:
            self._office.told("answered", self._talk.story)


class _Talk:
    """What is answered in one conversation; it belongs to the run of the service that opened it, `life`."""

    def __init__(self, server: MailServer) -> None:
        self._office = server
        self.life = 0
        self.story: int | None = None

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's names
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self._office.told("hello", None)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        self._office.told("sender", None)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        self._office.told("recipient", None)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.original_content, bytes)
        mail = message_from_bytes(envelope.original_content, policy=default)
        assert isinstance(mail, EmailMessage)
        plain = mail.get_body(("plain",))
        assert plain is not None
        self.story = story_of(plain.get_content())
        self._office.raw.append(envelope.original_content)
        self._office.accepted.append(Accepted(str(mail["Message-ID"]), self.story, self.life))
        self._office.told("taken", self.story)
        return _TAKEN
