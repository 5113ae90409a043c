"""What every kind of channel keeps, against a far end that does the worst: one outcome, no secret, no repeat, nothing
left open. A new kind needs a rig here, which says how to point it at a far end."""

import asyncio
import io
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.console import ConsoleChannel
from alerts.kinds import KINDS
from alerts.records import Channel, Delivery, Outcome

from .conftest import HUGE, MailWire, WebWire, Wire, http

SECRETS = (
    "made-up-password",
    "AG9wcwBtYWRlLXVwLXBhc3N3b3Jk",  # the login as AUTH PLAIN spells it
    "xoxb-made-up-token",
    "madeUpHookSecret",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
)
Delivering = Callable[..., Delivery]
Making = Callable[..., Channel]


@dataclass(frozen=True)
class Rig:
    """A kind's settings for a far end on a host and port, with TLS or without, and a far end that takes all it gets."""

    settings: Callable[[str, int, bool], dict[str, Any]]
    wire: Callable[[], Wire]
    address: str = "ops@example.org"
    tells: bool = True
    """Whether it tells why it failed; Apprise does not."""
    cafile: str = "ca_file"
    ends: bool = True
    """Whether a cancelled attempt is over at once; a thread cannot be cancelled."""


def _mail(host: str, port: int, tls: bool) -> dict[str, Any]:
    login = {"username": "ops", "password": "made-up-password"}
    return {
        "host": host, "port": port, "security": "tls" if tls else "none", "sender": "parley@parley.example", **login
    }  # fmt: skip


def _url(host: str, port: int, tls: bool, path: str) -> str:
    return f"{'https' if tls else 'http'}://{host}:{port}{path}"


SLACK_YES = http(200, b'{"ok":true,"ts":"1.5","channel":"C0123"}', Content_Type="application/json")
RIGS: dict[str, Rig | None] = {
    "console": None,
    "email": Rig(_mail, MailWire),
    "slack": Rig(
        lambda host, port, tls: {"token": "xoxb-made-up-token", "api_url": _url(host, port, tls, "/api/")},
        lambda: WebWire(usual=SLACK_YES),
        "C0123",
    ),
    "slack_webhook": Rig(
        lambda host, port, tls: {"url": _url(host, port, tls, "/services/T0/B0/madeUpHookSecret")},
        lambda: WebWire(usual=http(200, b"ok", Content_Type="text/plain")),
    ),
    "webhook": Rig(
        lambda host, port, tls: {
            "url": _url(host, port, tls, "/in/madeUpHookSecret"),
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "in_clear": True,
        },
        WebWire,
    ),
    "apprise": Rig(
        lambda host, port, tls: {"url": f"json{'s' if tls else ''}://{host}:{port}/madeUpHookSecret?cto=2&rto=0.3"},
        WebWire,
        tells=False,
        cafile="",
        ends=False,
    ),
}
WIRED = [kind for kind, rig in RIGS.items() if rig is not None]
OVER_HTTP = [kind for kind in WIRED if kind != "email"]


def test_every_kind_has_a_rig() -> None:
    assert list(RIGS) == list(KINDS)


def rig_of(kind: str) -> Rig:
    rig = RIGS[kind]
    assert rig is not None
    return rig


def secretless(*things: object) -> None:
    for secret in SECRETS:
        assert secret not in " ".join(map(repr, things))


@pytest.fixture
async def attempt(made: Making, delivery: Delivering, caplog: pytest.LogCaptureFixture) -> Callable[..., Any]:
    """One attempt by a kind at a host and port; what it says, logs and is holds no secret."""
    caplog.set_level(logging.DEBUG)

    async def send(
        kind: str, host: str, port: int, *, tls: bool = False, cafile: Path | None = None, patience: float = 5
    ) -> Outcome:
        rig = rig_of(kind)
        keys = rig.settings(host, port, tls)
        if cafile is not None and rig.cafile:
            keys[rig.cafile] = str(cafile)
        channel = made(kind, patience, **keys)
        outcome = await channel.send(delivery(kind, rig.address))
        findings = await channel.probe()
        await channel.close()
        secretless(outcome, findings, channel, caplog.text)
        return outcome

    return send


def told(wire: Wire, step: str) -> None:
    """The far end does so when it has the whole message."""
    if isinstance(wire, MailWire):
        wire.replies["data"] = step
    else:
        assert isinstance(wire, WebWire)
        wire.script = [step]


# --- what is taken ----------------------------------------------------------------------------------------------------


# Apprise verifies by the authorities of the system alone, to which a test's own does not belong.
@pytest.mark.parametrize(
    ("kind", "tls"), [(kind, tls) for kind in WIRED for tls in (False, True) if not tls or rig_of(kind).cafile]
)
async def test_what_is_taken_is_sent_once(
    kind: str, tls: bool, start: Any, made: Making, delivery: Delivering, server_tls: Any
) -> None:
    rig = rig_of(kind)
    wire = await start(rig.wire(), server_tls() if tls else None)
    outcome = await made(kind, **rig.settings("127.0.0.1", wire.port, tls)).send(delivery(kind, rig.address))
    assert (outcome.kind, outcome.wide, len(wire.messages)) == ("sent", False, 1)
    await asyncio.wait_for(wire.shut.wait(), 1)


async def test_the_console_writes_once_and_finds_itself_fine(delivery: Delivering) -> None:
    stream = io.StringIO()
    channel = ConsoleChannel("here", stream)
    assert (await channel.send(delivery("console"))).kind == "sent"
    assert stream.getvalue().count("policy:first_news") == 1
    assert [found.fine for found in await channel.probe()] == [True]


# --- what breaks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WIRED)
async def test_a_closed_port_is_transient_and_wide(kind: str, attempt: Any, unused_tcp_port: int) -> None:
    outcome = await attempt(kind, "127.0.0.1", unused_tcp_port)
    assert (outcome.kind, outcome.wide) == ("transient", True)
    assert outcome.code == ("unreachable" if rig_of(kind).tells else "failure")


@pytest.mark.parametrize("kind", WIRED)
async def test_a_host_that_nobody_knows_is_transient_and_wide(kind: str, attempt: Any) -> None:
    outcome = await attempt(kind, "nowhere.invalid", 4711, tls=True)
    assert (outcome.kind, outcome.wide) == ("transient", True)
    assert outcome.code == ("unreachable" if rig_of(kind).tells else "failure")


@pytest.mark.parametrize("kind", WIRED)
@pytest.mark.parametrize("flaw", ["stranger", "wrong host", "no tls"])
async def test_tls_that_is_not_good_gets_neither_secret_nor_message(
    kind: str, flaw: str, start: Any, attempt: Any, server_tls: Any, cafile: Path, stranger: Path
) -> None:
    rig = rig_of(kind)
    context = server_tls("elsewhere.example" if flaw == "wrong host" else "127.0.0.1")
    wire = await start(rig.wire(), None if flaw == "no tls" else context)
    outcome = await attempt(kind, "127.0.0.1", wire.port, tls=True, cafile=stranger if flaw == "stranger" else cafile)
    assert (outcome.kind, outcome.code, outcome.wide) == ("bad_credential", "tls", True) or (
        not rig.tells and outcome.kind == "transient"
    )
    secretless(bytes(wire.seen))
    assert (wire.messages, b"North Wire" in wire.seen) == ([], False)


@pytest.mark.parametrize("kind", WIRED)
async def test_a_handshake_that_does_not_end_is_transient_and_wide(kind: str, start: Any, attempt: Any) -> None:
    wire = await start(WebWire(on_accept="hang"))
    outcome = await attempt(kind, "127.0.0.1", wire.port, tls=True, patience=0.5)
    assert (outcome.kind, outcome.code, outcome.wide) == ("transient", "unreachable", True) or not rig_of(kind).tells


@pytest.mark.parametrize("kind", WIRED)
@pytest.mark.parametrize("step", ["reset", "hang", "garbage", "huge"])
async def test_an_answer_that_never_comes_is_ambiguous_and_nothing_goes_twice(
    kind: str, step: str, start: Any, attempt: Any
) -> None:
    rig = rig_of(kind)
    wire = await start(rig.wire())
    told(wire, step)
    before = time.monotonic()
    outcome = await attempt(kind, "127.0.0.1", wire.port, patience=0.5 if step == "hang" else 5)
    assert time.monotonic() - before < 3
    assert wire.poured < HUGE / 4 or kind == "apprise"
    assert len(wire.messages) <= 1 + (kind == "slack")  # the probe of a bot asks, and posts nothing
    assert sum(b"North Wire" in message for message in wire.messages) == 1
    if step == "huge" and kind == "webhook":
        assert outcome.kind == "sent"  # its status says it all, and the rest is not read
    elif step == "huge" and kind == "apprise":
        assert outcome.kind in ("sent", "ambiguous")  # it reads all of it, as long as it is given
    else:
        assert (outcome.kind, outcome.wide) == (("ambiguous", False) if rig.tells else ("transient", True))


@pytest.mark.parametrize("kind", OVER_HTTP)
async def test_a_connection_reset_before_the_request_is_read_is_tried_once(kind: str, start: Any, attempt: Any) -> None:
    rig = rig_of(kind)
    wire = await start(rig.wire())
    wire.on_accept = "reset"
    outcome = await attempt(kind, "127.0.0.1", wire.port)
    # Over HTTP nobody can tell whether it was read.
    assert outcome.kind == ("ambiguous" if rig.tells else "transient")
    assert wire.connections == 1 + (kind in ("slack", "slack_webhook", "webhook"))  # and one for the probe


@pytest.mark.parametrize("kind", OVER_HTTP)
async def test_a_redirect_is_not_followed(kind: str, start: Any, attempt: Any) -> None:
    rig = rig_of(kind)
    other = await start(WebWire())
    wire = await start(rig.wire())
    wire.script, wire.elsewhere = ["redirect"], f"http://127.0.0.1:{other.port}/stolen"
    outcome = await attempt(kind, "127.0.0.1", wire.port)
    assert (outcome.kind, outcome.code, outcome.wide) == ("bad_credential", "redirect", True) or (
        not rig.tells and outcome.kind == "transient"
    )
    assert (other.connections, bytes(other.seen)) == (0, b"")


@pytest.mark.parametrize("kind", WIRED)
async def test_a_far_end_that_says_back_what_it_was_told_is_not_repeated(kind: str, start: Any, attempt: Any) -> None:
    wire = await start(rig_of(kind).wire())
    if isinstance(wire, MailWire):
        wire.replies["RCPT"] = "echo"
    else:
        wire.script = ["echo", "echo"]
    outcome = await attempt(kind, "127.0.0.1", wire.port)
    assert outcome.kind != "sent"
    assert any(secret.encode() in wire.seen for secret in SECRETS) or kind == "webhook"


# --- what is cut ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WIRED)
async def test_a_cancelled_attempt_leaves_nothing_open(
    kind: str, start: Any, made: Making, delivery: Delivering
) -> None:
    rig = rig_of(kind)
    wire = await start(rig.wire())
    told(wire, "hang")
    sending = asyncio.create_task(
        made(kind, **rig.settings("127.0.0.1", wire.port, False)).send(delivery(kind, rig.address))
    )
    await asyncio.wait_for(wire.got.wait(), 2)
    before = time.monotonic()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert time.monotonic() - before < 0.2
    await asyncio.wait_for(wire.shut.wait(), 0.3 if rig.ends else 3)
    assert (wire.open, len(wire.messages)) == (0, 1)


@pytest.mark.parametrize("kind", WIRED)
def test_settings_print_no_secret(kind: str, made: Making) -> None:
    from alerts.channels import settings_of

    settings = settings_of(kind).model_validate({"kind": kind, **rig_of(kind).settings("127.0.0.1", 1, False)})
    secretless(settings, str(settings), settings.model_dump(), settings.model_dump_json())


def test_authorities_are_verified_by_default() -> None:
    from alerts.channels import _http

    context = _http.trusted(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
