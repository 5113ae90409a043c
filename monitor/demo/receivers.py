"""Where the demo's messages arrive: a real SMTP server and an endpoint that answers like Slack, both on loopback.

Each message is kept as it came: NN-mail.eml with NN-mail.html, and NN-slack.json.
"""

import asyncio
import itertools
import json
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import TracebackType

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from monitor.demo.message import Message, of_mail, of_slack
from monitor.records import MonitorError

TOKEN = "xoxb-demo"  # noqa: S105 - known to everybody: it opens nothing but the endpoint below
CHANNEL = "C0DEMO"
HOOK = "/services/T0DEMO/B0DEMO/demo"


class Receivers:
    """Both servers. `heard` is told of every message once it lies in `out`; numbers count each channel from 1.

    `faults` are messages that arrived and are no alert that a person could read.
    """

    def __init__(self, out: Path, heard: Callable[[Message], None]) -> None:
        self._out = out
        self._heard = heard
        self._counts = {"mail": itertools.count(1), "slack": itertools.count(1)}
        self._stamps = itertools.count(1)
        self._mail: asyncio.Server | None = None
        self._slack: web.AppRunner | None = None
        self.faults: list[str] = []
        self.smtp_port = 0
        self.slack_url = ""

    async def __aenter__(self) -> "Receivers":
        # aiosmtpd's own Controller runs a second loop in a thread and cannot listen on port 0; its protocol can.
        self._mail = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", 0
        )
        self.smtp_port = self._mail.sockets[0].getsockname()[1]
        app = web.Application()
        app.router.add_post("/api/chat.postMessage", self._post_message)
        app.router.add_post("/api/auth.test", self._auth_test)
        app.router.add_route("*", "/api/{method}", _unknown)
        app.router.add_post(HOOK, self._webhook)
        self._slack = web.AppRunner(app, access_log=None)
        await self._slack.setup()
        await web.TCPSite(self._slack, "127.0.0.1", 0).start()
        self.slack_url = f"http://127.0.0.1:{self._slack.addresses[0][1]}/api/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._mail is not None:
            self._mail.close()
            await self._mail.wait_closed()
        if self._slack is not None:
            await self._slack.cleanup()

    @property
    def hook_url(self) -> str:
        """The address of the incoming webhook."""
        return self.slack_url.removesuffix("/api/") + HOOK

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        raw = envelope.original_content or b""
        name = f"{next(self._counts['mail']):02d}-mail"
        mail = message_from_bytes(raw, policy=default)
        assert isinstance(mail, EmailMessage)
        page = mail.get_body(("html",))
        (self._out / f"{name}.eml").write_bytes(raw)
        if page is not None:
            (self._out / f"{name}.html").write_text(page.get_content().replace("\r\n", "\n"), encoding="utf-8")
        self._tell(lambda: of_mail(f"{name}.eml", mail))
        return f"250 2.0.0 Ok: kept as {name}.eml"

    async def _post_message(self, request: web.Request) -> web.Response:
        if not _authorised(request):
            return web.json_response({"ok": False, "error": "invalid_auth"})
        payload = await _payload(request)
        if payload.get("channel") != CHANNEL:
            return web.json_response({"ok": False, "error": "channel_not_found"})
        stamp = f"1700000000.{next(self._stamps):06d}"
        self._keep(payload)
        return web.json_response({"ok": True, "channel": CHANNEL, "ts": stamp, "message": {"ts": stamp}})

    async def _auth_test(self, request: web.Request) -> web.Response:
        if not _authorised(request):
            return web.json_response({"ok": False, "error": "invalid_auth"})
        return web.json_response(
            {"ok": True, "team": "Demo", "user": "parley", "team_id": "T0DEMO", "user_id": "U0DEMO"}
        )

    async def _webhook(self, request: web.Request) -> web.Response:
        self._keep(await _payload(request))
        return web.Response(text="ok")

    def _keep(self, payload: dict[str, object]) -> None:
        name = f"{next(self._counts['slack']):02d}-slack.json"
        text = json.dumps(payload, ensure_ascii=False, indent=2) + "\n"
        (self._out / name).write_text(text, encoding="utf-8")
        self._tell(lambda: of_slack(name, payload))

    def _tell(self, read: Callable[[], Message]) -> None:
        try:
            message = read()
        except MonitorError as error:
            # The far end took the message; that a person could not read it is the demo's finding, not the sender's.
            self.faults.append(str(error))
        else:
            self._heard(message)


def _authorised(request: web.Request) -> bool:
    return request.headers.get("Authorization") == f"Bearer {TOKEN}"


async def _unknown(_: web.Request) -> web.Response:
    return web.json_response({"ok": False, "error": "unknown_method"})


async def _payload(request: web.Request) -> dict[str, object]:
    """The arguments of a call, sent as JSON or as a form (Slack takes both; in a form, lists and objects are JSON)."""
    if request.content_type == "application/json":
        loaded = await request.json()
        return loaded if isinstance(loaded, dict) else {}
    form = await request.post()
    return {key: _unpacked(value) for key, value in form.items() if isinstance(value, str)}


def _unpacked(value: str) -> object:
    if value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
