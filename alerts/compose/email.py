"""PURE: a card as an RFC 5322 message, plain text first and HTML as the alternative.

Stable by construction: Message-ID from the delivery, Date from the decision, boundary from a hash. So a message sent
again after an unclear answer is the same message, and servers and readers may drop the copy.

What threads the mails of one event, and for whom (reference: delivery 4):

    Gmail        the same Subject and the same id in References. A reversal has a subject of its own and so becomes a
                 conversation of its own there, on top and unread, which is its purpose.
    Apple Mail,  References and In-Reply-To alone, by the algorithm of jwz.org/doc/threading.html: both name a message
    Thunderbird  that never was, which they put in as an empty parent. A reversal stays in the thread. Some of them join
                 parents by subject too, so the subjects of two events differ.
    Outlook      Thread-Index, made of the event's id, and Thread-Topic, which stays the shared subject (MS-OXOMSG
                 2.2.1.2 and 2.2.1.3). A reversal stays in the conversation.
"""

import hashlib
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts.compose.clean import line
from alerts.compose.parts import Card
from alerts.compose.plain import text_of, who
from alerts.records import AlertsError, Target

_PAGES = Environment(
    loader=PackageLoader("alerts.compose"), autoescape=True, auto_reload=False, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})*")
_DOT_ATOM = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_FILETIME_ZERO = datetime(1601, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_ID = 40  # with a usual domain the id stays on one header line; the email package folds longer ones wrongly


def message(card: Card, target: Target, *, delivery_id: str, domain: str, sender: str | None) -> bytes:
    """The bytes of the message, CRLF line ends. Raises AlertsError for an address or domain that mail cannot carry."""
    if not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise AlertsError(f"email domain {domain!r} is not a host name; set it to one, such as alerts.example.org")
    text = text_of(card)
    page = _PAGES.get_template("alert.html.j2" if card.of_event else "bulletin.html.j2").render(card=card, who=who)
    root = f"<event-{_id(card.event_id)}@{domain}>"
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(sender or f"Parley <parley@{domain}>", "sender")
    mail["To"] = _address(target.address, f"recipient {target.recipient!r}")
    mail["Subject"] = card.subject
    mail["Date"] = format_datetime(card.decided.astimezone(UTC))
    mail["Message-ID"] = f"<{_id(delivery_id)}@{domain}>"
    mail["In-Reply-To"] = root
    mail["References"] = root
    mail["Thread-Topic"] = card.topic
    mail["Thread-Index"] = thread_index(card.event_id, card.began, card.decided)
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


def thread_index(event_id: str, began: datetime, decided: datetime) -> str:
    """Outlook's place in a conversation: 22 bytes that all mails of the event share, and 5 more for a later one.

    The first are a FILETIME cut to 6 bytes, as Outlook itself writes it, and a GUID, here from the event's id. The
    others say how long after `began` the message was decided: a bit for the scale, 31 bits in units of 2^18 or 2^23
    times 100 ns, a byte that Outlook fills at random (MS-OXOMSG 2.2.1.3).
    """
    start = (began - _FILETIME_ZERO) // _MICROSECOND * 10
    guid = hashlib.sha256(f"event {event_id}".encode("utf-8", "surrogatepass")).digest()[:16]
    index = start.to_bytes(8, "big")[:6] + guid
    ticks = (decided - began) // _MICROSECOND * 10
    if ticks > 0:
        scale, unit = (0, 18) if ticks < 1 << 49 else (1, 23)
        index += (scale << 31 | ticks >> unit & 0x7FFFFFFF).to_bytes(4, "big") + b"\0"
    return b64encode(index).decode()


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
