"""Slack by incoming webhook: no token and no scopes, but no threads either, and no way to see what was posted."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from alerts.channels import _slack
from alerts.records import Delivery, Outcome


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
        self._context = _slack.trusted(config.cafile)

    async def send(self, delivery: Delivery) -> Outcome:
        """One attempt; refused blocks are followed by the text alone within it."""
        body = _slack.content(delivery)
        body.pop("reply_broadcast", None)
        async with _slack.session(self._config.timeout) as session:
            outcome = await self._post(session, body)
            if outcome.kind == "bad_content":
                outcome = await self._post(session, _slack.text_only(body))
        return outcome

    async def close(self) -> None:
        """Nothing stays open between messages."""

    async def _post(self, session: aiohttp.ClientSession, body: dict[str, Any]) -> Outcome:
        client = AsyncWebhookClient(
            self._config.url, ssl=self._context, session=session, logger=_slack.SDK_LOG, retry_handlers=[]
        )
        client.proxy = None  # the session knows the proxy, and when not to use it
        try:
            response = await client.send_dict(body)
        except _slack.FAULTS as error:
            return _slack.broken(error, self._config.url)
        return self._answered(response.status_code, response.body, response.headers)

    def _answered(self, status: int, text: str, headers: dict[str, str]) -> Outcome:
        wish = _slack.retry_after(headers)
        if status == 200 and text.strip() == "ok":
            return Outcome("sent", "ok")
        if status == 429:
            return Outcome("transient", "429", "Slack asks for a slower pace", retry_after=wish)
        if status >= 500:
            return Outcome("ambiguous", str(status), "Slack failed and may have posted", retry_after=wish)
        name = text.strip() if text.strip().replace("_", "").isalnum() else ""
        if status in (404, 410):
            return Outcome("bad_target", str(status), f"the webhook is gone ({name or status}); make a new one")
        known = _slack.classify(name)
        if 400 <= status < 500 and known == "ambiguous":
            known = "bad_credential" if status in (401, 403) else "bad_content"
        return Outcome(
            known, name[:80] or str(status), f"Slack answered {status} {name[:80]}".rstrip(), retry_after=wish
        )
