"""PURE: what a mail server's replies, faults and certificate mean, and the plainer form of a mail."""

import re
import ssl
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Literal

from alerts.records import Finding, Outcome, OutcomeKind

Step = Literal["connect", "greeting", "starttls", "login", "sender", "recipient", "data"]
THEIRS: frozenset[Step] = frozenset({"recipient", "data"})
"""The steps at which a refusal is about the recipient or the message; before them it is about us or the server."""

_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")
_CREDENTIAL = frozenset({530, 534, 535, 538})
_LONGEST_HINT = timedelta(hours=24)
_SOON = timedelta(days=21)  # public authorities renew at thirty days: what is left with less is not renewed by itself
_UNITS = {"s": 1, "m": 60, "h": 3600}
# "try again in 300 seconds", "greylisted for 5 minutes", "please retry after 4m", "(wait 60s)", "300 seconds left"
_SPAN = re.compile(
    r"\b(?:in|after|for|wait|within)\s+(?:about |at least |another )?(\d{1,5})\s*"
    r"(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?)\b",
    re.IGNORECASE,
)
_LEFT = re.compile(r"\b(\d{1,5})\s*(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?)\b(?=[^.;]*\b(?:left|remain))", re.IGNORECASE)
_COUNTDOWN = re.compile(r"\b(?:in|after)\s+(\d{1,2}):([0-5]\d):([0-5]\d)\b", re.IGNORECASE)  # as milter-greylist says


def refused(step: Step, code: int, text: str) -> Outcome:
    """The outcome of a reply that is no yes. `detail` is the server's text, which may hold what it was told.

    Wide is what the server says of itself or of us: before a recipient is named, and at any time when it closes (421).
    """
    kind = classify(step, code, text)
    wide = kind == "bad_credential" or code == 421 or (kind == "transient" and step not in THEIRS)
    wish = hinted(text) if kind == "transient" else None
    return Outcome(kind, str(code), f"at {step}: {text}", retry_after=wish, wide=wide)


def todo(outcome: Outcome, step: Step) -> str:
    """What to do about a refusal, where the server's own words may not say; empty where it will pass by itself."""
    if outcome.kind == "bad_target" and step == "recipient":
        return "check the recipient's `to`"
    if outcome.kind != "bad_credential":
        return ""
    if step == "login":
        return "check username and password"
    if outcome.code == "530":
        return "the server wants a login: give username and password"
    return "see that the server lets this machine send" + (" for the domain of `sender`" if step == "sender" else "")


def classify(step: Step, code: int, text: str) -> OutcomeKind:
    """The class of an SMTP refusal (reference: delivery outcomes table): 4xx may pass, 5xx will not.

    A refusal before the recipient is named is about us, not about them: it is mended in the configuration and must not
    use deliveries up. Mailbox full (x.2.2) is permanent by its number and passes by its nature.
    """
    found = _ENHANCED.match(text.strip())
    detail = found.group(1)[2:] if found else ""
    if code in _CREDENTIAL or (step == "login" and code >= 500):
        return "bad_credential"
    if code < 400:  # no refusal and not what was to come: before the data nothing has happened, after it nobody knows
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


def hinted(text: str) -> timedelta | None:
    """The time after which a server says to come back, as greylisting does; None where it names none.

    At most a day: what asks for more is no greylisting.
    """
    plain = " ".join(text.split())
    if found := _COUNTDOWN.search(plain):
        hours, minutes, seconds = map(int, found.groups())
        return min(timedelta(hours=hours, minutes=minutes, seconds=seconds), _LONGEST_HINT)
    found = _SPAN.search(plain) or _LEFT.search(plain)
    if found is None:
        return None
    return min(timedelta(seconds=int(found[1]) * _UNITS[found[2][0].lower()]), _LONGEST_HINT)


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


def aligned(domain: str, relay: str) -> bool:
    """Whether a sender's domain and a relay's name belong together: one is the other's domain, or below it.

    Receivers compare the From with what SPF and DKIM vouch for; a relay of another name has to be let in by the
    sender's domain first (RFC 7489 §3.1).
    """
    domain, host = domain.lower(), relay.rstrip(".").lower()
    home = host.partition(".")[2]
    above = host == domain or host.endswith(f".{domain}")
    return above or ("." in home and (domain == home or domain.endswith(f".{home}")))


def tls_fault(error: BaseException) -> str | None:
    """What is wrong with the other side's certificate or protocol; None when the connection merely broke."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return None
        if isinstance(seen, ssl.SSLError):
            return getattr(seen, "verify_message", "") or seen.reason or "protocol error"
        seen = seen.__cause__
    return None


def lasting(end: datetime, now: datetime | None) -> Finding:
    """How long a certificate is good for. Without `now` that is all there is to say."""
    if now is not None and end - now < _SOON:
        return Finding(False, f"TLS works, but the certificate ends on {end:%Y-%m-%d}; have it renewed")
    return Finding(True, f"TLS works, the certificate is good until {end:%Y-%m-%d}")
