"""Slack by bot token (chat.postMessage): threads, and a second look after an attempt that nobody knows the end of."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from alerts.channels import _http, _slack
from alerts.channels.shape import ChannelSettings, Clock, Text, WebAddress, Wrong, hidden, in_clear, revealed
from alerts.records import Delivery, Finding, Outcome

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
_PAGES = 20  # of 200 messages: after a restore, what was posted since the backup is looked through
_LOOK_BACK = timedelta(minutes=5)  # Slack's clock and ours
_HISTORY = frozenset({"channels:history", "groups:history"})
_WHO = "Slack"


class Settings(ChannelSettings):
    """A Slack app with a bot token; `api_url` is for a server that speaks Slack's interface."""

    needed: ClassVar[tuple[str, ...]] = ("token",)

    kind: Literal["slack"]
    token: SecretStr | None = None
    token_file: Text | None = None
    api_url: WebAddress | None = None
    ca_file: Path | None = None

    @classmethod
    def address_fault(cls, to: str | None, channel: str) -> Wrong | None:
        if to is None:
            return Wrong("", f"this key is missing: to; a recipient on {channel} needs an address")
        if re.fullmatch(r"[A-Z][A-Z0-9]{2,}", to):
            return None
        return Wrong("to", "should be a Slack channel's id, such as C0123ABCD", "its details in Slack show it")

    def wrong(self) -> Iterator[Wrong]:
        if self.api_url and in_clear(self.api_url):
            yield Wrong("api_url", "would send alerts and the token in clear to another machine", "use https://")

    def channel(self, name: str, _clock: Clock, /) -> "SlackChannel":
        config = SlackConfig(revealed(self.token), cafile=self.ca_file)
        return SlackChannel(name, replace(config, base_url=self.api_url) if self.api_url else config)


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """A bot token with chat:write; with channels:history (groups:history) an unclear post is looked for first."""

    token: str = field(repr=False)
    base_url: str = "https://slack.com/api/"
    cafile: Path | None = None
    timeout: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What Slack said yes with."""

    data: dict[str, Any]
    headers: dict[str, str]


class SlackChannel:
    """Posts to the channel whose id is `Target.address`; later messages of an event go into its thread."""

    def __init__(self, name: str, config: SlackConfig) -> None:
        self.name = name
        self._config = config
        self._context = _http.trusted(config.cafile)

    async def send(self, delivery: Delivery) -> Outcome:
        """One attempt. Refused blocks are followed by the text alone, a lost thread by a message of its own.

        A message for a thread brings its first message up to date before, as the payload's `root` says. When an earlier
        attempt may have posted, it is looked for first; where that is not allowed, the message says what it may be.
        """
        body = _slack.content(delivery)
        broadcast, root = body.pop("reply_broadcast", False), body.pop("root", None)
        body["channel"] = delivery.target.address
        if delivery.thread:
            body |= {"thread_ts": delivery.thread, "reply_broadcast": broadcast}
        async with _http.session(self._config.timeout) as session:
            client = self._client(session)
            unclear = False
            if delivery.attempts > 0:
                known = await self._found(client, delivery)
                if known is not None and known.kind in ("sent", "transient"):
                    return _doubtful(known, delivery.state == "ambiguous")
                unclear = known is not None and delivery.state == "ambiguous"
            if unclear:
                body = _slack.repeated(body)
            if delivery.thread and root is not None:
                halt = await self._updated(client, delivery, root)
                if halt is not None:
                    return _doubtful(halt, unclear)
            return _doubtful(await self._posted(client, body), unclear)

    async def close(self) -> None:
        """Nothing stays open between messages."""

    async def probe(self) -> Sequence[Finding]:
        """Whose token it is, and whether its scopes are those that sending and looking need."""
        async with _http.session(self._config.timeout) as session:
            called = await self._call(self._client(session), "auth.test", {})
        if isinstance(called, Outcome):
            return (Finding(False, called.detail),)
        who = f"{called.data.get('user', 'a bot')} of {called.data.get('team', 'a workspace')}"
        found = [Finding(True, f"Slack knows the token: {who}"[:200])]
        scopes = {each.strip() for each in called.headers.get("x-oauth-scopes", "").split(",") if each.strip()}
        if not scopes:
            return (*found, Finding(True, "Slack does not say which scopes the token has; it needs chat:write"))
        if "chat:write" in scopes:
            found.append(Finding(True, "it may post (chat:write)"))
        else:
            found.append(Finding(False, "it may not post: add the scope chat:write and install the app anew"))
        if not scopes & _HISTORY:
            found.append(
                Finding(
                    True,
                    "to look at: without channels:history (private channels: groups:history) a post whose answer got "
                    "lost is posted again, marked as a possible repeat",
                )
            )
        if "chat:write.public" not in scopes:
            found.append(
                Finding(
                    True, "to look at: invite the app to each channel it posts to, or add the scope chat:write.public"
                )
            )
        return tuple(found)

    def _client(self, session: Any) -> AsyncWebClient:
        client = AsyncWebClient(
            token=self._config.token, base_url=self._config.base_url, ssl=self._context, session=session,
            logger=_slack.SDK_LOG, retry_handlers=[],
        )  # fmt: skip
        client.proxy = None  # the session knows the proxy, and when not to use it
        return client

    async def _posted(self, client: AsyncWebClient, body: dict[str, Any]) -> Outcome:
        outcome = await self._post(client, body)
        if outcome.code in _THREADLESS and "thread_ts" in body:
            body = {name: value for name, value in body.items() if name not in ("thread_ts", "reply_broadcast")}
            outcome = await self._post(client, body)
        if outcome.kind == "bad_content":
            outcome = await self._post(client, _slack.text_only(body))
        return outcome

    async def _post(self, client: AsyncWebClient, body: dict[str, Any]) -> Outcome:
        called = await self._call(client, "chat.postMessage", body)
        if isinstance(called, Outcome):
            return called
        return Outcome("sent", "ok", reference=str(called.data.get("ts") or "") or None)

    async def _updated(self, client: AsyncWebClient, delivery: Delivery, root: dict[str, Any]) -> Outcome | None:
        """Bring the first message of the thread up to date. An outcome when Slack cannot be talked to now: nothing has
        been posted then. Every other refusal costs no news: the reply has all of it."""
        body = root | {"channel": delivery.target.address, "ts": delivery.thread}
        called = await self._call(client, "chat.update", body)
        if not isinstance(called, Outcome):
            return None
        if called.kind == "transient" or called.code in ("timeout", "cut"):
            return replace(called, kind="transient")
        return called if called.code in ("tls", "redirect") else None

    async def _found(self, client: AsyncWebClient, delivery: Delivery) -> Outcome | None:
        """Sent, when an earlier attempt did post; None when it did not. Transient: Slack cannot be asked now, and
        nothing is to be posted either. Everything else: the token may not look.

        Slack has no idempotency key, so the delivery's id rides in the metadata and is looked for (delivery §5).
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
        for _ in range(_PAGES):
            called = await self._call(client, method, asked, query=True)
            if isinstance(called, Outcome):
                asks_later = called.kind in ("transient", "ambiguous") or called.code in ("tls", "redirect")
                return replace(called, kind="transient") if asks_later else called
            for message in called.data.get("messages") or ():
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if payload.get("delivery_id") == delivery.id:
                    return Outcome("sent", "found", "an earlier attempt had posted it", reference=message.get("ts"))
            if not (cursor := (called.data.get("response_metadata") or {}).get("next_cursor")):
                break
            asked["cursor"] = cursor
        return None

    async def _call(
        self, client: AsyncWebClient, method: str, body: dict[str, Any], *, query: bool = False
    ) -> _Answer | Outcome:
        try:
            if query:
                response = await client.api_call(method, http_verb="GET", params=body)
            else:
                response = await client.api_call(method, json=body)
        except SlackApiError as error:
            return self._refused(error)
        except _http.FAULTS as error:
            return _http.broken(error, self._config.token, _WHO)
        except (
            AttributeError,
            ValueError,
            RecursionError,
        ):  # slack_sdk takes what a proxy or a stranger answered for JSON in UTF-8
            return Outcome("ambiguous", "answer", "Slack's answer is not JSON; is there a proxy in between?")
        headers = {name.lower(): str(value) for name, value in response.headers.items()}
        return _Answer(dict(response.data) if isinstance(response.data, dict) else {}, headers)

    def _refused(self, error: SlackApiError) -> Outcome:
        if isinstance(error.__context__, _http.FAULTS):  # the body broke off while slack_sdk read it a second time
            return _http.broken(error.__context__, self._config.token, _WHO)
        answer = error.response
        data = getattr(answer, "data", None)
        status = getattr(answer, "status_code", None) or getattr(answer, "status", None) or 0
        said = data if isinstance(data, dict) else {}
        wish = _http.retry_after(getattr(answer, "headers", None) or {})
        outcome = _slack.refused(status, str(said.get("error") or ""), wish, str(said.get("needed") or ""))
        return replace(outcome, detail=hidden(outcome.detail, self._config.token))


def _doubtful(outcome: Outcome, unclear: bool) -> Outcome:
    """While nobody could look whether an earlier attempt posted, a later one that surely did not settles nothing."""
    return replace(outcome, kind="ambiguous") if unclear and outcome.kind == "transient" else outcome
