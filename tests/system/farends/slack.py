"""A Slack by its Web API: it keeps what it accepted, shows it in its history with metadata, and tells of each step."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from farends import Accepted, story_of
from monitor.app import utcnow

TOKEN = "xoxb-made-up-token-of-a-test"
SCOPES = "chat:write,chat:write.public,channels:history,channels:read,groups:history"


class SlackServer:
    """`told` hears of `asked` (a post was read, nothing is kept), `taken` (it is kept, nobody was told) and `answered`.
    Where it says True at `asked`, the caller was ended there, and nothing is kept.

    Of Slack's rules it has those that a sender must keep: a token, a known channel, a thread that exists.
    """

    def __init__(self, told: Callable[[str, int | None], bool], life: Callable[[], int], channel: str) -> None:
        self.told, self.life, self.channel = told, life, channel
        self.accepted: list[Accepted] = []
        self.messages: list[dict[str, Any]] = []
        self.looked = 0
        self.updated = 0
        self.base = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._call)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}/api/"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        life = self.life()
        asked = await _arguments(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _answer({"ok": False, "error": "invalid_auth"})
        match request.match_info["method"]:
            case "auth.test":
                return _answer({"ok": True, "team": "Test", "user": "parley", "team_id": "T0", "user_id": "U0"})
            case "chat.postMessage":
                return await self._post(request, asked, life)
            case "chat.update":
                return self._update(asked)
            case "conversations.history":
                return self._history(asked)
            case "conversations.replies":
                return self._replies(asked)
            case other:
                return _answer({"ok": False, "error": "unknown_method", "needed": other})

    async def _post(self, request: web.Request, asked: dict[str, Any], life: int) -> web.StreamResponse:
        if asked.get("channel") != self.channel:
            return _answer({"ok": False, "error": "channel_not_found"})
        thread = asked.get("thread_ts")
        if thread and all(kept["ts"] != thread for kept in self.messages):
            return _answer({"ok": False, "error": "thread_not_found"})
        story = story_of(json.dumps(asked))
        # Told, not looked for: the connection of a process that was killed may stand for longer than any wait.
        ended = self.told("asked", story)
        await asyncio.sleep(0.005)
        if ended or request.transport is None:
            raise web.HTTPServiceUnavailable
        stamp = f"{utcnow().timestamp():.4f}{len(self.messages) % 100:02}"
        payload = asked.get("metadata", {}).get("event_payload", {})
        self.messages.append(asked | {"ts": stamp, "type": "message", "user": "U0"})
        self.accepted.append(Accepted(str(payload.get("delivery_id")), story, life))
        self.told("taken", story)
        answer = _answer({"ok": True, "channel": self.channel, "ts": stamp, "message": {"ts": stamp}})
        await answer.prepare(request)
        await answer.write_eof()
        self.told("answered", story)
        return answer

    def _update(self, asked: dict[str, Any]) -> web.StreamResponse:
        for kept in self.messages:
            if kept["ts"] == asked.get("ts"):
                kept.update({name: value for name, value in asked.items() if name not in ("ts", "channel")})
                self.updated += 1
                return _answer({"ok": True, "channel": self.channel, "ts": kept["ts"]})
        return _answer({"ok": False, "error": "message_not_found"})

    def _history(self, asked: dict[str, Any]) -> web.StreamResponse:
        self.looked += 1
        top = [kept for kept in self.messages if not kept.get("thread_ts") or kept.get("reply_broadcast")]
        return self._page(list(reversed(top)), asked)

    def _replies(self, asked: dict[str, Any]) -> web.StreamResponse:
        self.looked += 1
        root = asked.get("ts")
        found = [kept for kept in self.messages if root in (kept["ts"], kept.get("thread_ts"))]
        return self._page(found, asked) if found else _answer({"ok": False, "error": "thread_not_found"})

    def _page(self, found: list[dict[str, Any]], asked: dict[str, Any]) -> web.StreamResponse:
        """Slack pages by cursor, and gives metadata only to who asks for it."""
        oldest, latest = float(asked.get("oldest") or 0), float(asked.get("latest") or "inf")
        within = [kept for kept in found if oldest < float(kept["ts"]) < latest]
        start, size = int(asked.get("cursor") or 0), min(int(asked.get("limit") or 100), 999)
        whole = str(asked.get("include_all_metadata", "")).lower() in ("true", "1")
        shown = [
            {name: value for name, value in kept.items() if whole or name != "metadata"}
            for kept in within[start : start + size]
        ]
        more = start + size < len(within)
        return _answer(
            {
                "ok": True,
                "messages": shown,
                "has_more": more,
                "response_metadata": {"next_cursor": str(start + size) if more else ""},
            }
        )


def _answer(body: dict[str, Any]) -> web.Response:
    return web.json_response(body, headers={"X-OAuth-Scopes": SCOPES})


async def _arguments(request: web.Request) -> dict[str, Any]:
    """The arguments of a call, in any of the ways in which Slack takes them."""
    if request.content_type == "application/json":
        loaded = await request.json()
        assert isinstance(loaded, dict)
        return loaded
    given = {**request.query, **{k: v for k, v in (await request.post()).items() if isinstance(v, str)}}
    return {name: json.loads(value) if value[:1] in "[{" else value for name, value in given.items()}
