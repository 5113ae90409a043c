"""Mail by SMTP: one connection and one transaction per message.

A connection per message, because long-lived clients hang or meet a closed one (cole/aiosmtplib#243, #38, #48), and a
transaction per recipient, because one refused mailbox must stop nobody else. The steps are walked one by one, so that
each failure is known to lie before or after the moment from which the server may have the message.
"""

import asyncio
import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Literal

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError

from alerts.records import AlertsError, Delivery, Outcome, OutcomeKind

_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")
_CREDENTIAL = frozenset({530, 534, 535, 538})
Step = Literal["connect", "greeting", "starttls", "login", "sender", "recipient", "data"]


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


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


class EmailChannel:
    """Sends RFC 5322 bytes to `Target.address`. The certificate authorities are read once, here."""

    def __init__(self, name: str, config: EmailConfig) -> None:
        self.name = name
        self._config = config
        self._context = ssl.create_default_context(cafile=str(config.cafile) if config.cafile else None)

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

    async def _attempt(self, address: str, message: bytes) -> Outcome:
        if not address.isascii():
            return Outcome(
                "bad_target", "address", f"{address}: only ASCII addresses can be served; check the recipient"
            )
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
        step: Step = "connect"
        try:
            await client.connect()
            step = "greeting"
            await client.ehlo()
            if config.security == "starttls":
                step = "starttls"
                if not client.supports_extension("starttls"):
                    return self._fault(
                        "bad_credential",
                        "no-starttls",
                        "the server offers no STARTTLS; nothing was sent. Use another port",
                    )
                await client.starttls(server_hostname=config.host)
                await client.ehlo()
            if config.username is not None:
                step = "login"
                await client.login(config.username, config.password or "")
            step = "sender"
            sized = [f"SIZE={len(message)}"] if client.supports_extension("size") else []
            await client.mail(config.envelope, options=sized)
            step = "recipient"
            await client.rcpt(address)
            step = "data"
            reply = await client.data(message, timeout=config.data_timeout.total_seconds())
        except SMTPResponseException as error:
            return self._refused(step, error.code, error.message)
        except (SMTPException, OSError) as error:
            return self._broken(step, error)
        finally:
            # No QUIT: the message is accepted or not by now, and a server slow to say goodbye holds nobody up. Nor does
            # TLS's own goodbye: left waiting for it, the connection would outlive the loop of `parley test-alert`.
            connection = client.transport
            client.close()
            if isinstance(connection, asyncio.Transport):
                connection.abort()
        return Outcome("sent", str(reply.code), reference=self._hidden(reply.message)[:200] or None)

    def _refused(self, step: Step, code: int, text: str) -> Outcome:
        return self._fault(classify(step, code, text), str(code), f"at {step}: {text}")

    def _broken(self, step: Step, error: Exception) -> Outcome:
        tls = _tls_fault(error)
        if tls is not None:
            return self._fault(
                "bad_credential", "tls", f"TLS with the server failed, nothing was sent ({tls}); check host and cafile"
            )
        if step == "data":
            return self._fault("ambiguous", "cut", f"the connection ended before the server took the message: {error}")
        if step == "login" and not isinstance(error, SMTPServerDisconnected | SMTPTimeoutError | OSError):
            return self._fault("bad_credential", "login", f"the server offers no usable login: {error}")
        return self._fault("transient", "unreachable", f"at {step}: {error}")

    def _fault(self, kind: OutcomeKind, code: str, detail: str) -> Outcome:
        where = f"{self._config.host}:{self._config.port}"
        return Outcome(kind, code, self._hidden(f"{where}: {detail}")[:500])

    def _hidden(self, text: str) -> str:
        """`text` on one line, without the password: a server can say back whatever it was told."""
        secret = self._config.password
        shown = " ".join(text.split())
        return shown.replace(secret, "***") if secret else shown


def classify(step: Step, code: int, text: str) -> OutcomeKind:
    """The class of an SMTP refusal (reference: delivery outcomes table): 4xx may pass, 5xx will not.

    A refusal before the recipient is named is about us, not about them: it is mended in the configuration and must not
    use deliveries up. Mailbox full (x.2.2) is permanent by its number and passes by its nature.
    """
    found = _ENHANCED.match(text.strip())
    detail = found.group(1)[2:] if found else ""
    if code in _CREDENTIAL or (step == "login" and code >= 500):
        return "bad_credential"
    if code < 200:  # not a reply at all: before the data nothing has happened, after it nobody knows
        return "ambiguous" if step == "data" else "transient"
    if code < 500 or detail == "2.2":
        return "transient"
    if step in ("sender", "data") and (code == 552 or detail.startswith(("3.4", "2.3", "6."))):
        return "bad_content"
    if step == "recipient":
        return "bad_content" if detail == "3.4" else "bad_target"
    if step == "data":
        return "bad_target" if 550 <= code <= 554 else "bad_content"
    return "bad_credential"


def text_only(message: bytes) -> bytes:
    """The same message, ids and all, with its plain text part alone; pure, so every degraded attempt is the same."""
    whole = message_from_bytes(message, policy=SMTP_POLICY)
    assert isinstance(whole, EmailMessage)
    body = whole.get_body(("plain",))
    if body is None or body is whole:
        return message
    plain = EmailMessage(policy=SMTP_POLICY)
    for name, value in whole.items():
        if name.lower() not in ("content-type", "content-transfer-encoding", "mime-version"):
            plain[name] = value
    plain.set_content(body.get_content().replace("\r\n", "\n"), cte="quoted-printable")
    return plain.as_bytes()


def _tls_fault(error: BaseException) -> str | None:
    """What is wrong with the other side's certificate or protocol; None when the connection merely broke."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return None
        if isinstance(seen, ssl.SSLError):
            return getattr(seen, "verify_message", "") or seen.reason or "protocol error"
        seen = seen.__cause__
    return None
