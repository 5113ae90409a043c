"""What the settings of every kind of channel have in common, and what is asked of them."""

import errno
import ipaddress
import re
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, StringConstraints

from alerts.records import Channel

Clock = Callable[[], datetime]
"""Gives the moment as aware UTC."""


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("should hold no line breaks or control characters")
    return value


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True), AfterValidator(_printable)]


def _web_address(value: str) -> str:
    if not is_web_address(value):
        raise ValueError("should be a whole address that begins with https:// or http://")
    return value


WebAddress = Annotated[Text, AfterValidator(_web_address)]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What no single key can tell: the key it is about (empty: the channel as a whole), the fault, what to do."""

    key: str
    message: str
    advice: str = ""


class ChannelSettings(BaseModel, ABC):
    """A channel as config/parley.yaml has it; unknown keys are faults.

    Every key of type SecretStr can also be given as `<key>_file` or as a credential; `needed` names those without which
    there is no channel. `ca_file`, where a kind has it, replaces the system's authorities.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    needed: ClassVar[tuple[str, ...]] = ()

    kind: str

    @classmethod
    def secrets(cls) -> tuple[str, ...]:
        """The keys that hold secrets."""
        return tuple(name for name, each in cls.model_fields.items() if _is_secret(each.annotation))

    @classmethod
    def address_fault(cls, to: str | None, channel: str) -> Wrong | None:  # noqa: ARG003 - most kinds need no address
        """What is wrong with a recipient's `to` on such a channel; None without one means that its name will do."""
        return None

    def wrong(self) -> Iterator[Wrong]:
        """Faults across keys, asked when the secrets have been found."""
        yield from ()

    def signs_as(self) -> str | None:
        """Whom its messages are from, where they say so (the From of mail)."""
        return None

    @abstractmethod
    def channel(self, name: str, clock: Clock, /) -> Channel:
        """The channel itself. It may take a tenth of a second: libraries are imported and authorities read."""


def _is_secret(note: Any) -> bool:
    return note is SecretStr or SecretStr in get_args(note)


def revealed(secret: SecretStr | None) -> str:
    """The secret itself, empty without one."""
    return secret.get_secret_value() if secret else ""


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def is_web_address(text: str) -> bool:
    """Whether it begins as a whole address of the web."""
    return re.match(r"https?://[^/\s]+", text) is not None and not re.search(r"\s", text)


def in_clear(url: str) -> bool:
    """Whether what is sent to an address can be read on its way to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


_WHY_NOT = {
    errno.ECONNREFUSED: "nothing listens there",
    errno.EHOSTUNREACH: "there is no way to it",
    errno.ENETUNREACH: "there is no network",
}


def why_not(error: BaseException | None) -> str:
    """Why there was no connection, in words that hold no address; empty when it is none of the usual reasons."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return "the name is not known"
        if isinstance(error, TimeoutError):
            return "no answer in time"
        if isinstance(error, OSError) and error.errno in _WHY_NOT:
            return _WHY_NOT[error.errno]
        error = error.__cause__
    return ""


def mail_address(text: str | None) -> str | None:
    """The bare address of `Name <address>` or of an address; None when it is none."""
    found = re.fullmatch(r"(?:[^<>@]*<)?([^\s<>@,;:]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)>?", text or "")
    return found[1] if found else None


def existing(path: Path | None) -> str | None:
    """As `ssl` wants a file of authorities."""
    return str(path) if path else None


def hidden(text: str, *secrets: str | None) -> str:
    """`text` with each secret as stars, and a blank for what would move a cursor: a far end can say back anything."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return "".join(letter if letter.isprintable() else " " for letter in text)
