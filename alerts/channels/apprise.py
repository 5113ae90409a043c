"""Everything else, by Apprise: one of its URLs is one channel. An optional extra, `parley[apprise]`.

Apprise blocks, so it runs in a thread of its own: a daemon one and no pool's, because Python waits at its end for the
threads of pools, and one that hangs would keep the service from stopping. Apprise's own threads, retries and pauses are
switched off: the outbox retries. It tells success from failure and no more, and it logs URLs, which are secrets.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import SecretStr

from alerts.channels.shape import ChannelSettings, Clock, Text, Wrong, revealed
from alerts.records import AlertsError, Delivery, Finding, Outcome

if TYPE_CHECKING:
    from apprise import Apprise

_EXTRA = "pip install 'parley[apprise]'"
_MOST_STUCK = 4
"""How many abandoned threads of a channel there may be before no more are begun."""


class Settings(ChannelSettings):
    """An URL of Apprise's, which is the secret."""

    needed: ClassVar[tuple[str, ...]] = ("url",)

    kind: Literal["apprise"]
    url: SecretStr | None = None
    url_file: Text | None = None

    def wrong(self) -> Iterator[Wrong]:
        if find_spec("apprise") is None:
            yield Wrong("kind", "Apprise is not installed", _EXTRA)
        elif self.url and _loaded(revealed(self.url)) is None:
            yield Wrong("url", "is no URL that Apprise knows", "https://appriseit.com/services/ lists them")

    def channel(self, name: str, _clock: Clock, /) -> "AppriseChannel":
        return AppriseChannel(name, AppriseConfig(revealed(self.url)))


@dataclass(frozen=True, slots=True)
class AppriseConfig:
    """`timeout` is for the whole attempt; the sockets' own are Apprise's (4 s) or those of the URL (`cto`, `rto`)."""

    url: str = field(repr=False)
    timeout: timedelta = timedelta(seconds=60)


class AppriseChannel:
    """Sends the words of a message, the first paragraph as its title; `Target.address` is for people to read.

    Raises AlertsError when Apprise is not installed.
    """

    def __init__(self, name: str, config: AppriseConfig) -> None:
        if find_spec("apprise") is None:
            raise AlertsError(f"channel {name}: Apprise is not installed; {_EXTRA}")
        self.name = name
        self._config = config
        self._service = _loaded(config.url)
        self._stuck: list[threading.Thread] = []

    async def send(self, delivery: Delivery) -> Outcome:
        """One attempt, or none while too many earlier ones hang."""
        service = self._service
        if service is None:
            return Outcome("bad_credential", "url", "Apprise does not know the URL; check the configuration", wide=True)
        self._stuck = [thread for thread in self._stuck if thread.is_alive()]
        if len(self._stuck) >= _MOST_STUCK:
            detail = f"{len(self._stuck)} earlier attempts still hang in Apprise; nothing was sent"
            return Outcome("transient", "stuck", detail, wide=True)
        title, body = parted(delivery.payload.decode(errors="replace"))
        try:
            status = await self._aside(lambda: service.notify(body=body, title=title, body_format="text").status.name)
        except TimeoutError:
            return answered("TIMEOUT")
        return answered(status)

    async def close(self) -> None:
        """Nothing to close: a thread that hangs ends with its sockets' timeouts, or with the process."""

    async def probe(self) -> Sequence[Finding]:
        """Whether Apprise can read the URL; services are asked for nothing."""
        if self._service is None:
            return (
                Finding(False, "Apprise does not know the URL; https://appriseit.com/services/ lists those it knows"),
            )
        service = self._service[0].service_name
        return (
            Finding(True, f"Apprise knows the URL as {service}; whether it takes messages cannot be known without one"),
        )

    async def _aside(self, work: Callable[[], str]) -> str:
        """`work` in a thread of its own; TimeoutError, and the thread left behind, when it takes too long."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[str] = loop.create_future()

        def settle(came: str) -> None:
            if not ended.done():
                ended.set_result(came)

        def run() -> None:
            try:
                came = work()
            except Exception as error:  # noqa: BLE001 - whatever a plug-in raises; its words may hold the URL
                came = type(error).__name__
            try:
                loop.call_soon_threadsafe(settle, came)
            except RuntimeError:  # the loop has ended without waiting for us
                return

        thread = threading.Thread(target=run, name=f"apprise {self.name}", daemon=True)
        thread.start()
        try:
            return await asyncio.wait_for(ended, self._config.timeout.total_seconds())
        finally:
            if thread.is_alive():
                self._stuck.append(thread)


def answered(status: str) -> Outcome:
    """PURE: the outcome of a status of AppriseResult's, or of an exception's name.

    A failure has no reason: Apprise tells only its log what it heard. It counts as the way's: the URL has no target
    besides itself, Apprise cuts messages to what a service takes, and what is left is mostly a service out of reach.
    """
    match status:
        case "SUCCESS":
            return Outcome("sent", "success")
        case "NOMATCH":
            return Outcome("bad_credential", "url", "Apprise loaded no service from the URL; check it", wide=True)
        case "FAILURE":
            return Outcome("transient", "failure", "the service took nothing; Apprise does not say why", wide=True)
        case "TIMEOUT":
            return Outcome("ambiguous", "timeout", "Apprise did not end in time and may have sent the message")
        case "PARTIAL":
            return Outcome(
                "ambiguous", "partial", "some of the URL's targets did not take the message; give each its own URL"
            )
    return Outcome("ambiguous", "exception", f"Apprise failed with {status}")


def parted(text: str) -> tuple[str, str]:
    """PURE: the first paragraph on one line, and the rest."""
    title, _, body = text.strip().partition("\n\n")
    title = " ".join(title.split())
    return title, body.strip() or title


def _loaded(url: str) -> "Apprise | None":
    """One service, stripped of everything that would try again, wait or follow by itself; None for a URL of none."""
    import apprise  # here, because it takes half a second, and only who has such a channel needs it

    # Its log and that of the library below quote URLs.
    for name, level in (("apprise", logging.CRITICAL + 1), ("urllib3", logging.WARNING)):
        logging.getLogger(name).setLevel(level)
    asset = apprise.AppriseAsset(
        async_mode=False, http_redirects=False, storage_mode="memory", service_timeout=0, default_service_retry=0
    )
    service: Any = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service is None:
        return None
    service.retry, service.request_rate_per_sec = 0, 0
    service.optional = False  # or a failure would be told as a success
    holder = apprise.Apprise(asset=asset)
    holder.add(service)
    return holder
