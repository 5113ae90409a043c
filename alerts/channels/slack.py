"""Slack by bot token (chat.postMessage): threads, and a second look after an attempt that nobody knows the end of."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from alerts.channels import _slack
from alerts.records import Delivery, Outcome

# The first message is gone, or its channel lets nobody reply: better a new message than none.
_THREADLESS = frozenset(
    [
        "cannot_reply_to_message",
        "thread_not_found",
        "message_not_found",
        "invalid_thread_ts",
        "restricted_action_thread_locked",
        "restricted_action_non_threadable_channel",
    ]
)
_LOOK_BACK = timedelta(minutes=5)  # Slack's clock and ours


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """A bot token with chat:write; with channels:history (groups:history) an unclear post is looked for first."""

    token: str = field(repr=False)
    base_url: str = "https://slack.com/api/"
    cafile: Path | None = None
    timeout: timedelta = timedelta(seconds=30)


class SlackChannel:
    """Posts to the channel whose id is `Target.address`; later messages of an event go into its thread."""

    def __init__(self, name: str, config: SlackConfig) -> None:
        self.name = name
        self._config = config
        self._context = _slack.trusted(config.cafile)

    async def send(self, delivery: Delivery) -> Outcome:
        """One attempt. Refused blocks are followed by the text alone, a lost thread by a message of its own."""
        body = _slack.content(delivery)
        broadcast = body.pop("reply_broadcast", False)
        body["channel"] = delivery.target.address
        if delivery.thread:
            body |= {"thread_ts": delivery.thread, "reply_broadcast": broadcast}
        async with _slack.session(self._config.timeout) as session:
            client = AsyncWebClient(
                token=self._config.token, base_url=self._config.base_url, ssl=self._context, session=session,
                logger=_slack.SDK_LOG, retry_handlers=[],
            )  # fmt: skip
            client.proxy = None  # the session knows the proxy, and when not to use it
            if delivery.attempts > 0:
                known = await self._found(client, delivery)
                if known is not None:
                    return known
            outcome = await self._post(client, body)
            if outcome.code in _THREADLESS and delivery.thread:
                del body["thread_ts"], body["reply_broadcast"]
                outcome = await self._post(client, body)
            if outcome.kind == "bad_content":
                outcome = await self._post(client, _slack.text_only(body))
            return outcome

    async def close(self) -> None:
        """Nothing stays open between messages."""

    async def _post(self, client: AsyncWebClient, body: dict[str, Any]) -> Outcome:
        called = await self._call(client, "chat.postMessage", body)
        if isinstance(called, Outcome):
            return called
        return Outcome("sent", "ok", reference=str(called.get("ts") or "") or None)

    async def _found(self, client: AsyncWebClient, delivery: Delivery) -> Outcome | None:
        """Sent, when an earlier attempt did post; None when it did not or the token may not look.

        Slack has no idempotency key, so the delivery's id rides in the metadata and is looked for (delivery §5). When
        Slack cannot be reached at all nothing is posted either: the look comes first on the next attempt again.
        """
        asked: dict[str, Any] = {
            "channel": delivery.target.address,
            "oldest": f"{(delivery.created - _LOOK_BACK).timestamp():.6f}",
            "include_all_metadata": True,
            "limit": 200,
        }
        if delivery.thread:
            method, asked["ts"] = "conversations.replies", delivery.thread
        else:
            method = "conversations.history"
        called = await self._call(client, method, asked, query=True)
        if isinstance(called, Outcome):
            unreachable = called.code in ("unreachable", "timeout", "cut", "tls")
            return Outcome("transient", called.code, called.detail) if unreachable else None
        for message in called.get("messages") or ():
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("delivery_id") == delivery.id:
                return Outcome("sent", "found", "an earlier attempt had posted it", reference=message.get("ts"))
        return None

    async def _call(
        self, client: AsyncWebClient, method: str, body: dict[str, Any], *, query: bool = False
    ) -> dict[str, Any] | Outcome:
        try:
            if query:
                response = await client.api_call(method, http_verb="GET", params=body)
            else:
                response = await client.api_call(method, json=body)
        except SlackApiError as error:
            return self._refused(error)
        except _slack.FAULTS as error:
            return _slack.broken(error, self._config.token)
        except AttributeError:  # slack_sdk takes the answer apart as a dict, also when a proxy answered with plain text
            return Outcome("ambiguous", "answer", "Slack's answer is not JSON; is there a proxy in between?")
        return dict(response.data) if isinstance(response.data, dict) else {}

    def _refused(self, error: SlackApiError) -> Outcome:
        answer = error.response
        data = getattr(answer, "data", None)
        status = getattr(answer, "status_code", None) or getattr(answer, "status", None) or 0
        name = str(data.get("error") or "") if isinstance(data, dict) else ""
        wish = _slack.retry_after(getattr(answer, "headers", None) or {})
        if status == 429 or name in _slack.TRANSIENT:
            return Outcome("transient", name or "429", "Slack asks for a slower pace", retry_after=wish)
        if status in (401, 403) and not name:
            return Outcome("bad_credential", str(status), "Slack refuses the token; check it")
        if not name or status >= 500:  # a server's failure after a whole request, whatever it calls itself
            return Outcome("ambiguous", str(status or "answer"), "Slack failed and may have posted", retry_after=wish)
        detail = f"Slack answered {name}" + (f" (needs {data.get('needed')})" if data and data.get("needed") else "")
        return Outcome(_slack.classify(name), name, detail.replace(self._config.token, "***")[:300], retry_after=wish)
