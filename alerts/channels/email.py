"""Mail by SMTP: one connection and one transaction per message.

A connection per message, because long-lived clients hang or meet a closed one (cole/aiosmtplib#243, #38, #48), and a
transaction per recipient, because one refused mailbox must stop nobody else. The steps are walked one by one, so that
each failure is known to lie before or after the moment from which the server may have the message.
"""

import asyncio
import base64
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from pydantic import Field, SecretStr

from alerts.channels._smtp import THEIRS, Step, aligned, classify, lasting, refused, text_only, tls_fault, todo
from alerts.channels.shape import (
    ChannelSettings,
    Clock,
    Text,
    Wrong,
    existing,
    hidden,
    is_loopback,
    mail_address,
    why_not,
)
from alerts.records import AlertsError, Delivery, Finding, Outcome, OutcomeKind

__all__ = ["EmailChannel", "EmailConfig", "Settings", "classify", "is_loopback", "text_only"]
_ROOM = 100_000  # bytes: a mail of ours with many sources and both its parts has less
_UNKNOWN = frozenset({500, 501, 502, 503, 504})  # a method that was offered and is none after all
_USUAL = {"starttls": 587, "tls": 465, "none": 25}


class Settings(ChannelSettings):
    """A mail server to hand alerts to. `sender` is the From of the mails; the port left out is the usual one."""

    kind: Literal["email"]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:\[\]-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Text | None = None
    password: SecretStr | None = None
    password_file: Text | None = None
    sender: Text
    ca_file: Path | None = None

    @classmethod
    def address_fault(cls, to: str | None, channel: str) -> Wrong | None:
        if to is None:
            return Wrong("", f"this key is missing: to; a recipient on {channel} needs an address")
        return None if mail_address(to) else Wrong("to", "should be a mail address, such as desk@example.org")

    def wrong(self) -> Iterator[Wrong]:
        if self.security == "none" and not is_loopback(self.host):
            message = "none would send mail and password in clear; only this machine may be talked to so"
            yield Wrong("security", message, "use starttls or tls")
        if self.username and not self.password:
            advice = "give password, password_file or the credential"
            yield Wrong("password", "there is a username but no password", advice)
        if self.password and not self.username:
            yield Wrong("password", "there is a password but no username")
        if not mail_address(self.sender):
            yield Wrong("sender", "should be a mail address, such as parley@example.org")

    def signs_as(self) -> str | None:
        return self.sender

    def usual_port(self) -> int:
        """The port given, or the one that goes with the security."""
        return self.port or _USUAL[self.security]

    def channel(self, name: str, clock: Clock, /) -> "EmailChannel":
        config = EmailConfig(
            self.host,
            self.usual_port(),
            mail_address(self.sender) or self.sender,
            self.security,
            self.username,
            self.password.get_secret_value() if self.password else None,
            self.ca_file,
        )
        return EmailChannel(name, config, clock)


@dataclass(frozen=True, slots=True)
class EmailConfig:
    """How to hand mail over. `envelope` is the bounce address (MAIL FROM).

    `security`: `starttls` (usual port 587) and `tls` (465) verify the certificate against `host`; `none` is refused
    unless `host` is loopback. `cafile` replaces the system's authorities. `hello` is the name given at EHLO, None for
    the machine's own. `data_timeout` is for the answer to the message itself: RFC 5321 §4.5.3.2.6 asks for ten minutes,
    because giving up earlier on a slow filter makes duplicates. Raises AlertsError for a combination that would send a
    password or an alert in clear.
    """

    host: str
    port: int
    envelope: str
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    cafile: Path | None = None
    hello: str | None = None
    timeout: timedelta = timedelta(seconds=60)
    data_timeout: timedelta = timedelta(minutes=10)

    def __post_init__(self) -> None:
        if self.security == "none" and not is_loopback(self.host):
            raise AlertsError(
                f"email: security is none, but {self.host} is not this machine; use starttls or tls, "
                "or mail and password would cross the network in clear"
            )


@dataclass(slots=True)
class _Talk:
    """One connection and how far it has come."""

    client: SMTP
    step: Step = "connect"

    def end(self) -> None:
        # No QUIT: the message is accepted or not by now, and a server slow to say goodbye holds nobody up. Nor does
        # TLS's own goodbye: left waiting for it, the connection would outlive the loop of `parley test-alert`.
        connection = self.client.transport
        self.client.close()
        if isinstance(connection, asyncio.Transport):
            connection.abort()


class EmailChannel:
    """Sends RFC 5322 bytes to `Target.address`. The certificate authorities are read once, here.

    `clock` is for `probe` alone, which warns of a certificate that ends soon.
    """

    def __init__(self, name: str, config: EmailConfig, clock: Clock | None = None) -> None:
        self.name = name
        self._config = config
        self._clock = clock
        self._context = ssl.create_default_context(cafile=existing(config.cafile))
        login = f"\0{config.username}\0{config.password}"
        self._secrets = (config.password, _spelt(config.password), _spelt(login)) if config.password else ()

    async def send(self, delivery: Delivery) -> Outcome:
        """One attempt. A message refused for its size or form goes out as text only within the same attempt."""
        outcome = await self._attempt(delivery.target.address, delivery.payload)
        if outcome.kind == "bad_content":
            plainer = text_only(delivery.payload)
            if len(plainer) < len(delivery.payload):
                return await self._attempt(delivery.target.address, plainer)
        return outcome

    async def close(self) -> None:
        """Nothing stays open between messages."""

    async def probe(self) -> Sequence[Finding]:
        """Connection, TLS and the end of its certificate, login, sender and size, up to MAIL FROM and RSET; and whether
        the sender's domain and the server's belong together."""
        config, talk, found = self._config, self._talk(), list[Finding]()
        try:
            fault = await self._enter(talk)
            if fault is None:
                await self._ask(talk, found)
            else:
                found.append(Finding(False, fault.detail))
        except SMTPResponseException as error:
            found.append(Finding(False, self._refused(talk.step, error).detail))
        except (SMTPException, OSError) as error:
            found.append(Finding(False, self._broken(talk.step, error).detail))
        finally:
            talk.end()
        domain = config.envelope.rpartition("@")[2]
        if not is_loopback(config.host) and not aligned(domain, config.host):
            advice = (
                f"to look at: mails from {domain} leave by {config.host}; see that the SPF record of {domain} names "
                f"this server, or that it signs with DKIM for {domain}: else mails may be taken for forged"
            )
            found.append(Finding(True, advice))
        return tuple(found)

    async def _ask(self, talk: _Talk, found: list[Finding]) -> None:
        """Add to what is `found` what a server says once it let us in."""
        config, client = self._config, talk.client
        found.append(Finding(True, f"{config.host}:{config.port} answers"))
        certificate = client.get_transport_info("peercert")
        if certificate:
            seconds = ssl.cert_time_to_seconds(certificate["notAfter"])
            now = self._clock() if self._clock else None
            found.append(lasting(datetime.fromtimestamp(seconds, UTC), now))
        if config.username is not None:
            found.append(Finding(True, f"the login of {config.username} is taken"))
        talk.step = "sender"
        await client.mail(config.envelope)
        found.append(Finding(True, f"mail from {config.envelope} is taken"))
        await client.rset()
        size = client.esmtp_extensions.get("size", "")
        if size.isdecimal() and int(size):
            found.append(Finding(int(size) >= _ROOM, f"mails may be up to {int(size) // 1000} kB"))

    def _talk(self) -> _Talk:
        config = self._config
        client = SMTP(
            hostname=config.host,
            port=config.port,
            local_hostname=config.hello,
            timeout=config.timeout.total_seconds(),
            use_tls=config.security == "tls",
            start_tls=False,  # done by hand below; the library's default would go on in clear without it
            tls_context=self._context,
        )
        return _Talk(client)

    async def _enter(self, talk: _Talk) -> Outcome | None:
        """Up to the moment at which a sender can be named; None when there. Raises what the library raises too."""
        config, client = self._config, talk.client
        try:
            await client.connect()
            talk.step = "greeting"
            await client.ehlo()
            if config.security == "starttls":
                talk.step = "starttls"
                if not client.supports_extension("starttls"):
                    advice = "the server offers no STARTTLS; nothing was sent. Use another port, or security: tls"
                    return self._fault("bad_credential", "no-starttls", advice, wide=True)
                await client.starttls(server_hostname=config.host)
                await client.ehlo()
            if config.username is not None:
                talk.step = "login"
                await self._login(client, config.username, config.password or "")
        except SMTPResponseException as error:
            return self._refused(talk.step, error)
        except (SMTPException, OSError) as error:
            return self._broken(talk.step, error)
        return None

    async def _login(self, client: SMTP, username: str, password: str) -> None:
        """By the first method that the server does know. The library would try a refused password by all of them, and
        three refusals at once are what accounts are locked for."""
        unknown: Exception = SMTPException("it offers none of CRAM-MD5, PLAIN and LOGIN")
        for method in client.supported_auth_methods:
            by = {"cram-md5": client.auth_crammd5, "plain": client.auth_plain, "login": client.auth_login}.get(method)
            if by is None:
                continue
            try:
                await by(username, password)
            except SMTPAuthenticationError as error:
                if error.code not in _UNKNOWN:
                    raise
                unknown = error
            else:
                return
        raise unknown

    async def _attempt(self, address: str, message: bytes) -> Outcome:
        if not address.isascii():
            return Outcome(
                "bad_target", "address", f"{address}: only ASCII addresses can be served; check the recipient"
            )
        talk = self._talk()
        client = talk.client
        try:
            fault = await self._enter(talk)
            if fault is not None:
                return fault
            talk.step = "sender"
            sized = [f"SIZE={len(message)}"] if client.supports_extension("size") else []
            await client.mail(self._config.envelope, options=sized)
            talk.step = "recipient"
            await client.rcpt(address)
            talk.step = "data"
            reply = await client.data(message, timeout=self._config.data_timeout.total_seconds())
        except SMTPResponseException as error:
            return self._refused(talk.step, error)
        except (SMTPException, OSError) as error:
            return self._broken(talk.step, error)
        finally:
            talk.end()
        return Outcome("sent", str(reply.code), reference=self._hidden(reply.message)[:200] or None)

    def _broken(self, step: Step, error: Exception) -> Outcome:
        tls = tls_fault(error)
        if tls is not None:
            # what OpenSSL calls a server that answers in clear
            todo = "check port and security" if "WRONG_VERSION" in tls else "check host and ca_file"
            detail = f"TLS with the server failed, nothing was sent ({tls}); {todo}"
            return self._fault("bad_credential", "tls", detail, wide=True)
        if step == "data":
            return self._fault("ambiguous", "cut", f"the connection ended before the server took the message: {error}")
        if step == "login" and not isinstance(error, SMTPServerDisconnected | SMTPTimeoutError | OSError):
            return self._fault("bad_credential", "login", f"the server offers no usable login: {error}", wide=True)
        why = why_not(error)
        if step == "connect" and why:
            detail = f"cannot be reached ({why}); check host and port, and that no firewall stands between"
            return self._fault("transient", "unreachable", detail, wide=True)
        return self._fault("transient", "unreachable", f"at {step}: {error}", wide=step not in THEIRS)

    def _refused(self, step: Step, error: SMTPResponseException) -> Outcome:
        outcome = self._told(refused(step, error.code, error.message))
        advice = todo(outcome, step)
        return replace(outcome, detail=f"{outcome.detail}; {advice}") if advice else outcome

    def _fault(self, kind: OutcomeKind, code: str, detail: str, *, wide: bool = False) -> Outcome:
        return self._told(Outcome(kind, code, detail, wide=wide))

    def _told(self, outcome: Outcome) -> Outcome:
        """With where it happened, and without what must stay secret."""
        where = f"{self._config.host}:{self._config.port}"
        return replace(outcome, detail=self._hidden(f"{where}: {outcome.detail}")[:500])

    def _hidden(self, text: str) -> str:
        """`text` on one line, without the password: a server can say back whatever it was told."""
        return hidden(" ".join(text.split()), *self._secrets)


def _spelt(text: str) -> str:
    """As it goes over the wire at AUTH PLAIN and LOGIN."""
    return base64.b64encode(text.encode()).decode()
