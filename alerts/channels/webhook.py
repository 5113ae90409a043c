"""Any service that takes a POST: a CloudEvent, signed as Standard Webhooks asks.

The body is the stored payload, byte for byte on every attempt; its id is the delivery's, by which a receiver knows a
repeat. Only the timestamp and the signature over it are made anew, since receivers refuse old ones.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr

from alerts.channels import _http
from alerts.channels.shape import (
    ChannelSettings,
    Clock,
    Text,
    Wrong,
    in_clear,
    is_web_address,
    revealed,
)
from alerts.records import Delivery, Finding, Outcome

_CONTENT = frozenset({400, 413, 415, 422})
_PREFIX = "whsec_"


class Settings(ChannelSettings):
    """A receiver's address. `secret` signs the messages (Standard Webhooks); `previous_secret` signs them as well,
    while a receiver changes from one to the other. `in_clear` allows http:// to another machine."""

    needed: ClassVar[tuple[str, ...]] = ("url",)

    kind: Literal["webhook"]
    url: SecretStr | None = None
    url_file: Text | None = None
    secret: SecretStr | None = None
    secret_file: Text | None = None
    previous_secret: SecretStr | None = None
    previous_secret_file: Text | None = None
    in_clear: bool = False
    ca_file: Path | None = None

    def wrong(self) -> Iterator[Wrong]:
        url = revealed(self.url)
        if url and not is_web_address(url):
            yield Wrong("url", "should be the receiver's address, https://…")
        elif url and not self.in_clear and in_clear(url):
            advice = "use https://, or set in_clear: true if the network between is your own"
            yield Wrong("url", "would send alerts in clear to another machine", advice)
        for key in ("secret", "previous_secret"):
            secret: SecretStr | None = getattr(self, key)
            if secret and key_of(revealed(secret)) is None:
                advice = f"make one: echo {_PREFIX}$(openssl rand -base64 32)"
                yield Wrong(key, f"should be {_PREFIX} and 24 to 64 bytes in base64", advice)
        if self.previous_secret and not self.secret:
            yield Wrong("previous_secret", "there is a previous secret but none now")

    def channel(self, name: str, clock: Clock, /) -> "WebhookChannel":
        secrets = tuple(revealed(each) for each in (self.secret, self.previous_secret) if each)
        return WebhookChannel(name, WebhookConfig(revealed(self.url), secrets, self.ca_file), clock)


def key_of(secret: str) -> bytes | None:
    """The key of a secret as Standard Webhooks writes it, 24 to 64 bytes; None where it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return None
    return key if secret.startswith(_PREFIX) and 24 <= len(key) <= 64 else None


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """Where to, and what to sign with: the secret in force first."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    cafile: Path | None = None
    timeout: timedelta = timedelta(seconds=30)


class WebhookChannel:
    """Posts to the one address of its configuration; `Target.address` is for people to read."""

    def __init__(self, name: str, config: WebhookConfig, clock: Clock) -> None:
        self.name = name
        self._config = config
        self._clock = clock
        self._context = _http.trusted(config.cafile)

    async def send(self, delivery: Delivery) -> Outcome:
        """One attempt. A body that is refused is followed by a shorter one within it."""
        async with _http.session(self._config.timeout) as session:
            outcome = await self._post(session, delivery.id, delivery.payload)
            if outcome.kind == "bad_content":
                outcome = await self._post(session, delivery.id, shorter(delivery.payload))
        return outcome

    async def close(self) -> None:
        """Nothing stays open between messages."""

    async def probe(self) -> Sequence[Finding]:
        """TLS with the receiver's host and no more: any request may count as a message."""
        found = await _http.handshake(self._config.url, self._context, self._config.timeout, "the receiver")
        signed = "messages are signed" if self._config.secrets else "to look at: messages are not signed; give a secret"
        return (found, Finding(True, signed))

    async def _post(self, session: aiohttp.ClientSession, message_id: str, body: bytes) -> Outcome:
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": "Parley",
            **signed(message_id, body, self._clock(), self._config.secrets),
        }
        try:
            async with session.post(
                self._config.url, data=body, headers=headers, ssl=self._context, allow_redirects=False
            ) as answer:
                # The body of the answer is never read: it says nothing that the status does not.
                return answered(answer.status, answer.headers)
        except _http.FAULTS as error:
            return _http.broken(error, self._config.url, _host(self._config.url))


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the receiver"


def answered(status: int, headers: Mapping[str, str]) -> Outcome:
    """PURE: what the status of an answer means (reference: delivery 5)."""
    wish = _http.retry_after(headers)
    code = str(status)
    if 200 <= status < 300:
        return Outcome("sent", code)
    if 300 <= status < 400:
        detail = (
            f"the receiver answered {status} and names another address, which is not followed; configure the final one"
        )
        return Outcome("bad_credential", "redirect", detail, wide=True)
    if status in (401, 403, 407):
        return Outcome("bad_credential", code, f"the receiver answered {status}; check address and secret", wide=True)
    if status in (404, 410):
        return Outcome(
            "bad_target", code, f"the receiver answered {status}: nobody takes messages there; check the address"
        )
    if status in (408, 429):
        return Outcome("transient", code, f"the receiver answered {status}: later", retry_after=wish)
    if status in _CONTENT:
        return Outcome("bad_content", code, f"the receiver answered {status}: it does not take this message")
    if status >= 500:
        detail = f"the receiver answered {status}: it failed and may have taken the message"
        return Outcome("ambiguous", code, detail, retry_after=wish, wide=True)
    return Outcome("bad_target", code, f"the receiver answered {status}; see that it takes POST at this address")


def signed(message_id: str, body: bytes, now: datetime, secrets: Sequence[str]) -> dict[str, str]:
    """PURE: the headers of Standard Webhooks, one signature for each secret; without one only id and time."""
    moment = str(int(now.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": moment}
    said = f"{message_id}.{moment}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode()
        for key in map(key_of, secrets)
        if key is not None
    ]
    return headers | ({"webhook-signature": " ".join(signatures)} if signatures else {})


def shorter(payload: bytes) -> bytes:
    """PURE: the same event without what makes it long, its sentences and the message as text."""
    event = json.loads(payload)
    kept = {name: value for name, value in event["data"].items() if name not in ("evidence", "text")}
    return json.dumps(event | {"data": kept}, ensure_ascii=False, separators=(",", ":")).encode()
