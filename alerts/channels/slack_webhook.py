"""Slack by incoming webhook: no token and no scopes, but no threads either, and no way to see what was posted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import aiohttp
from pydantic import SecretStr
from slack_sdk.webhook.async_client import AsyncWebhookClient

from alerts.channels import _http, _slack
from alerts.channels.shape import ChannelSettings, Clock, Text, Wrong, in_clear, is_web_address, revealed
from alerts.records import Delivery, Finding, Outcome, OutcomeKind

_ONLY_THE_API = ("reply_broadcast", "root")


class Settings(ChannelSettings):
    """An incoming webhook of Slack: its address fixes the channel and is the secret."""

    needed: ClassVar[tuple[str, ...]] = ("url",)

    kind: Literal["slack_webhook"]
    url: SecretStr | None = None
    url_file: Text | None = None
    ca_file: Path | None = None

    def wrong(self) -> Iterator[Wrong]:
        if self.url and not is_web_address(revealed(self.url)):
            yield Wrong("url", "should be the address that Slack gave, https://…")
        elif in_clear(revealed(self.url)):
            yield Wrong("url", "would send alerts and the address itself in clear to another machine", "use https://")

    def channel(self, name: str, _clock: Clock, /) -> "SlackWebhookChannel":
        return SlackWebhookChannel(name, SlackWebhookConfig(revealed(self.url), cafile=self.ca_file))


@dataclass(frozen=True, slots=True)
class SlackWebhookConfig:
    """The address that Slack gave at installation. It fixes the channel, and it is the secret."""

    url: str = field(repr=False)
    cafile: Path | None = None
    timeout: timedelta = timedelta(seconds=30)


class SlackWebhookChannel:
    """Posts to the one channel of its webhook; `Target.address` is for people to read."""

    def __init__(self, name: str, config: SlackWebhookConfig) -> None:
        self.name = name
        self._config = config
        self._context = _http.trusted(config.cafile)

    async def send(self, delivery: Delivery) -> Outcome:
        """One attempt; refused blocks are followed by the text alone within it.

        Nobody can look whether an unclear attempt posted, so the next one says that it may be a repeat.
        """
        body = {name: value for name, value in _slack.content(delivery).items() if name not in _ONLY_THE_API}
        unclear = delivery.state == "ambiguous"
        if unclear:
            body = _slack.repeated(body)
        async with _http.session(self._config.timeout) as session:
            outcome = await self._post(session, body)
            if outcome.kind == "bad_content":
                outcome = await self._post(session, _slack.text_only(body))
        # The doubt stays while only attempts are added that surely posted nothing.
        return replace(outcome, kind="ambiguous") if unclear and outcome.kind == "transient" else outcome

    async def close(self) -> None:
        """Nothing stays open between messages."""

    async def probe(self) -> Sequence[Finding]:
        """TLS with Slack's host and no more: a webhook answers to nothing but a message."""
        return (await _http.handshake(self._config.url, self._context, self._config.timeout, "the webhook"),)

    async def _post(self, session: aiohttp.ClientSession, body: dict[str, Any]) -> Outcome:
        client = AsyncWebhookClient(
            self._config.url, ssl=self._context, session=session, logger=_slack.SDK_LOG, retry_handlers=[]
        )
        client.proxy = None  # the session knows the proxy, and when not to use it
        try:
            response = await client.send_dict(body)
        except _http.FAULTS as error:
            return _http.broken(error, self._config.url, "Slack")
        except ValueError:  # UnicodeDecodeError: the answer is no text
            return _slack.refused(0, "", None)
        return answered(response.status_code, response.body, response.headers)


def answered(status: int, text: str, headers: Mapping[str, str]) -> Outcome:
    """PURE: what a webhook's answer means. Slack says `ok`, or the name of an error, as plain text."""
    wish = _http.retry_after(headers)
    name = _slack.word(text.strip())
    if status == 200 and name == "ok":
        return Outcome("sent", "ok")
    if status in (404, 410):
        return Outcome("bad_target", str(status), f"the webhook is gone ({name or status}); make a new one")
    outcome = _slack.refused(status, name, wish)
    if 400 <= status < 500 and outcome.kind == "ambiguous":  # a refusal by an unknown name is a refusal all the same
        kind: OutcomeKind = "bad_credential" if status in (401, 403) else "bad_content"
        detail = f"Slack answered {status} {name}".rstrip()
        return Outcome(kind, name or str(status), detail, retry_after=wish, wide=kind == "bad_credential")
    return outcome
