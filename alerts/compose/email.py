"""PURE: a card as an RFC 5322 message, plain text first and HTML as the alternative.

Stable by construction: Message-ID from the delivery, Date from the decision, boundary from a hash. So a message sent
again after an unclear answer is the same message, and servers and readers may drop the copy. The subject and the id
that References names stay the same for an event, which is what Gmail and the others thread by.
"""

import hashlib
import re
from datetime import UTC
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts.compose.card import Card
from alerts.compose.clean import line
from alerts.compose.plain import text_of
from alerts.records import AlertsError, Target

_PAGES = Environment(
    loader=PackageLoader("alerts.compose"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})*")
_DOT_ATOM = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_LONGEST_ID = 40  # with a usual domain the id stays on one header line; the email package folds longer ones wrongly


def message(card: Card, target: Target, *, delivery_id: str, domain: str, sender: str | None) -> bytes:
    """The bytes of the message, CRLF line ends. Raises AlertsError for an address or domain that mail cannot carry."""
    if not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise AlertsError(f"email domain {domain!r} is not a host name; set it to one, such as alerts.example.org")
    text = text_of(card)
    page = _PAGES.get_template("alert.html.j2").render(card=card)
    root = f"<event-{_id(card.event_id)}@{domain}>"
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(sender or f"Parley <parley@{domain}>", "sender")
    mail["To"] = _address(target.address, f"recipient {target.recipient!r}")
    mail["Subject"] = subject(card)
    mail["Date"] = format_datetime(card.decided.astimezone(UTC))
    mail["Message-ID"] = f"<{_id(delivery_id)}@{domain}>"
    mail["In-Reply-To"] = root
    mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes back
    mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    mail["List-Id"] = f"Parley <parley.{domain}>"
    mail["X-Parley-Reason"] = card.reason_code  # for filters: what interrupts and what only updates
    # Quoted-printable always: base64 reads as spam to some filters, and bare 8bit needs a server that takes it.
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(page, subtype="html", cte="quoted-printable")
    # "=_" cannot stand in quoted-printable text, so no content can forge the boundary.
    mail.set_boundary("=_parley_" + hashlib.sha256(f"{delivery_id}\n{card.title}".encode()).hexdigest()[:24])
    return mail.as_bytes()


def subject(card: Card) -> str:
    """The same for all alerts of an event: only what never changes of it may stand here, so no date and no count."""
    if card.reason_code == "notice":
        return f"[parley] {card.title}"
    return f"[parley] {card.kind}, {card.watch} ({hashlib.sha256(card.event_id.encode()).hexdigest()[:6]})"


def _address(text: str, whose: str) -> Address:
    name, spec = parseaddr(line(text, 400))
    try:
        address = Address(display_name=name, addr_spec=spec)
    except (MessageError, ValueError, IndexError) as error:
        raise AlertsError(f"{whose}: {text!r} is not an email address ({error})") from error
    if not address.username or not _DOMAIN.fullmatch(address.domain) or not spec.isascii():
        raise AlertsError(f"{whose}: {text!r} is not an email address such as name@example.org")
    return address


def _id(text: str) -> str:
    """The id itself where it can stand left of an @ (RFC 5322 dot-atom), else a hash of it."""
    if len(text) <= _LONGEST_ID and _DOT_ATOM.fullmatch(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
