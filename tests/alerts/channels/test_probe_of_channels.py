"""What a channel finds out about itself without sending: the words an operator reads, and that nothing was sent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.channels._smtp import aligned
from alerts.records import Finding

from .conftest import MailWire, WebWire, http

PORT = 1  # tcpmux: nobody has listened there for decades
PASSWORD = "made-up-password"


def told(found: Sequence[Finding]) -> list[tuple[bool, str]]:
    return [(each.fine, each.what) for each in found]


def mail(port: int, **keys: Any) -> dict[str, Any]:
    login = {"username": "ops", "password": PASSWORD}
    return {"host": "127.0.0.1", "port": port, "sender": "Parley <parley@parley.example>"} | login | keys


async def test_a_mail_server_that_is_well_is_asked_up_to_the_sender(
    start: Any, made: Any, server_tls: Any, cafile: Path
) -> None:
    wire = await start(MailWire(tls=server_tls(), offers=("SIZE 10000000", "AUTH PLAIN")))
    channel = made("email", **mail(wire.port, ca_file=cafile))
    answers, tls, login, sender, size = await channel.probe()
    assert told([answers, login, sender, size]) == [
        (True, f"127.0.0.1:{wire.port} answers"),
        (True, "the login of ops is taken"),
        (True, "mail from parley@parley.example is taken"),
        (True, "mails may be up to 10000 kB"),
    ]
    assert told([tls]) == [(True, "TLS works, the certificate is good until 3000-01-01")]
    verbs = [line.split()[0] for line in bytes(wire.seen).decode().splitlines()]
    assert verbs == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RSET"]
    assert wire.messages == []


async def test_a_certificate_that_ends_soon_is_told_in_time(
    start: Any, made: Any, server_tls: Any, cafile: Path
) -> None:
    wire = await start(MailWire(), server_tls())
    channel = made("email", **mail(wire.port, security="tls", ca_file=cafile))
    (line,) = [each.what for each in await channel.probe() if each.what.startswith("TLS works")]
    end = datetime.fromisoformat(f"{line[-10:]}T00:00:00+00:00")
    for days, fine in ((30, True), (10, False)):
        channel._clock = lambda days=days: end - timedelta(days=days)
        (tls,) = [each for each in await channel.probe() if each.what.startswith("TLS works")]
        assert tls.fine is fine
    assert tls.what == f"TLS works, but the certificate ends on {end:%Y-%m-%d}; have it renewed"


@pytest.mark.parametrize(
    ("replies", "offers", "says"),
    [
        ({"AUTH": f"535 5.7.8 {PASSWORD} is wrong"}, (), "at login: 5.7.8 *** is wrong; check username and password"),
        ({"MAIL": "553 5.7.1 not your address"}, (), "at sender: 5.7.1 not your address"),
        ({"connect": "421 4.3.2 too busy"}, (), "at connect: 4.3.2 too busy"),
        ({"connect": "reset"}, (), "at connect: "),
        ({}, ("SIZE 20000",), "mails may be up to 20 kB"),
    ],
)
async def test_what_is_wrong_with_a_mail_server_is_told(
    start: Any, made: Any, replies: dict[str, str], offers: tuple[str, ...], says: str
) -> None:
    wire = await start(MailWire(replies=replies, offers=("AUTH PLAIN", *offers)))
    *_, last = await made("email", **mail(wire.port, security="none")).probe()
    assert not last.fine
    assert says in last.what


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        ("email", {"host": "127.0.0.1", "port": PORT, "sender": "p@parley.example"}, f"127.0.0.1:{PORT}: cannot be "
         "reached (nothing listens there); check host and port, and that no firewall stands between"),
        ("email", {"host": "relay.invalid", "sender": "p@relay.invalid"}, "relay.invalid:587: cannot be reached (the "
         "name is not known); check host and port, and that no firewall stands between"),
        ("slack", {"token": "xoxb-made-up-token", "api_url": f"http://127.0.0.1:{PORT}/api/"}, "Slack could not be "
         f"reached at 127.0.0.1:{PORT} (nothing listens there); check the address and the network"),
        ("slack_webhook", {"url": f"https://127.0.0.1:{PORT}/madeUp"}, f"127.0.0.1:{PORT} cannot be reached (nothing "
         "listens there); check the address and the network"),
    ],
)  # fmt: skip
async def test_a_far_end_that_is_not_there_is_told_with_what_to_look_at(
    made: Any, kind: str, settings: dict[str, Any], says: str
) -> None:
    (found, *_) = await made(kind, **settings).probe()
    assert (found.fine, found.what) == (False, says)


async def test_a_mail_server_without_starttls_is_told_and_gets_no_password(start: Any, made: Any) -> None:
    wire = await start(MailWire())
    (found,) = await made("email", **mail(wire.port)).probe()
    assert not found.fine
    assert "offers no STARTTLS; nothing was sent" in found.what
    assert bytes(wire.seen).startswith(b"EHLO ")
    assert bytes(wire.seen).count(b"\r\n") == 1


@pytest.mark.parametrize(
    ("domain", "relay", "together"),
    [
        ("example.org", "example.org", True),
        ("example.org", "smtp.example.org", True),
        ("alerts.example.org", "smtp.example.org", True),
        ("Example.org", "SMTP.example.org.", True),
        ("gmail.com", "smtp.gmail.com", True),
        ("example.org", "smtp.gmail.com", False),
        ("example.org", "mail.notexample.org", False),
        ("example.org", "relay.org", False),  # no more than a registry in common
        ("relay", "relay", True),
    ],
)
def test_a_relay_fits_a_sender_when_one_is_below_the_others_domain(domain: str, relay: str, together: bool) -> None:
    assert aligned(domain, relay) is together


async def test_a_relay_of_another_domain_is_something_to_look_at(made: Any) -> None:
    channel = made("email", host="relay.invalid", sender="parley@parley.example")
    unreachable, advice = await channel.probe()
    assert not unreachable.fine
    assert advice.fine
    assert advice.what.startswith(
        "to look at: mails from parley.example leave by relay.invalid; see that the SPF record"
    )


def slack(port: int) -> dict[str, Any]:
    return {"token": "xoxb-made-up-token", "api_url": f"http://127.0.0.1:{port}/api/"}


WHO = b'{"ok":true,"user":"parley","team":"Desk"}'


@pytest.mark.parametrize(
    ("scopes", "lines"),
    [
        ("chat:write,channels:history,chat:write.public", [(True, "it may post (chat:write)")]),
        ("channels:history,chat:write.public", [(False, "it may not post: add the scope chat:write")]),
        ("chat:write,chat:write.public", [(True, "it may post"), (True, "to look at: without channels:history")]),
        ("chat:write, groups:history", [(True, "it may post"), (True, "to look at: invite the app to each channel")]),
        ("", [(True, "Slack does not say which scopes the token has")]),
    ],
)
async def test_a_slack_token_is_told_by_its_scopes(
    start: Any, made: Any, scopes: str, lines: list[tuple[bool, str]]
) -> None:
    headers = {"X_OAuth_Scopes": scopes} if scopes else {}
    wire = await start(WebWire(usual=http(200, WHO, Content_Type="application/json", **headers)))
    first, *rest = await made("slack", **slack(wire.port)).probe()
    assert (first.fine, first.what) == (True, "Slack knows the token: parley of Desk")
    assert len(rest) == len(lines)
    for found, (fine, says) in zip(rest, lines, strict=True):
        assert (found.fine, found.what[: len(says)]) == (fine, says)
    assert [message.split(b" ")[1] for message in wire.messages] == [b"/api/auth.test"]


async def test_a_slack_token_that_is_no_good_is_told(start: Any, made: Any) -> None:
    no = http(200, b'{"ok":false,"error":"invalid_auth"}', Content_Type="application/json")
    wire = await start(WebWire(usual=no))
    ((fine, said),) = told(await made("slack", **slack(wire.port)).probe())
    assert not fine
    assert said.startswith("Slack answered invalid_auth; give the Bot User OAuth Token")


@pytest.mark.parametrize("kind", ["slack_webhook", "webhook"])
async def test_a_webhooks_host_is_met_and_nothing_is_asked_of_it(
    kind: str, start: Any, made: Any, server_tls: Any, cafile: Path, stranger: Path
) -> None:
    wire = await start(WebWire(), server_tls())
    url = f"https://127.0.0.1:{wire.port}/madeUpHookSecret"
    first, *_ = await made(kind, url=url, ca_file=cafile).probe()
    assert first.fine
    assert first.what.startswith("127.0.0.1 answers with a certificate that is good; whether")
    assert "cannot be known without sending one" in first.what
    first, *_ = await made(kind, url=url, ca_file=stranger).probe()
    assert (first.fine, "fails (unable to get local issuer certificate)" in first.what) == (False, True)
    first, *_ = await made(kind, url=url.replace("127.0.0.1", "nowhere.invalid"), ca_file=cafile).probe()
    assert (first.fine, first.what.partition(" cannot")[0]) == (False, f"nowhere.invalid:{wire.port}")
    assert (bytes(wire.seen), wire.messages) == (b"", [])


async def test_a_webhook_without_a_secret_is_something_to_look_at(start: Any, made: Any) -> None:
    wire = await start(WebWire())
    url = f"http://127.0.0.1:{wire.port}/in"
    _, unsigned = await made("webhook", url=url).probe()
    _, signed = await made("webhook", url=url, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").probe()
    assert unsigned.what == "to look at: messages are not signed; give a secret"
    assert signed.what == "messages are signed"


async def test_a_far_end_that_hangs_does_not_hold_a_probe_up(start: Any, made: Any) -> None:
    wire = await start(MailWire(replies={"connect": "hang"}))
    channel = made("email", **mail(wire.port, security="none"))
    channel._config = replace(channel._config, timeout=timedelta(seconds=0.1))
    (found,) = await channel.probe()
    assert not found.fine


async def test_an_apprise_url_is_named_by_its_service_and_not_shown(made: Any) -> None:
    (found,) = await made("apprise", url="json://127.0.0.1/madeUpHookSecret").probe()
    assert (found.fine, found.what.partition(";")[0]) == (True, "Apprise knows the URL as JSON")
    assert "madeUpHookSecret" not in found.what
