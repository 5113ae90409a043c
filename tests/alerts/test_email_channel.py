"""Mail against a real SMTP server: each class of answer, and what never leaves in clear."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.email import EmailChannel, EmailConfig, classify, is_loopback, text_only
from alerts.compose import render
from alerts.records import Alert, AlertsError, Delivery, Target

PASSWORD = "made-up-password"
Make = Callable[..., Delivery]


@pytest.fixture
def mail(alert: Alert, delivery_for: Make) -> Delivery:
    target = Target("ops", "email", "email", "ops@example.org")
    payload = render(alert, target, delivery_id="d1", domain="parley.example", sender=None, earlier=False)
    return delivery_for("email", payload=payload)


def channel(port: int, **more: Any) -> EmailChannel:
    config = EmailConfig(
        "127.0.0.1", port, "bounce@parley.example", hello="localhost", timeout=timedelta(seconds=2),
        data_timeout=timedelta(seconds=2),
    )  # fmt: skip
    return EmailChannel("mail", replace(config, **more))


async def test_an_accepted_message_is_sent_over_tls_as_it_was_rendered(
    mail: Delivery, postbox: Any, mail_server: Any, server_tls: Callable[..., ssl.SSLContext], cafile: Path
) -> None:
    port = await mail_server(postbox, starttls=server_tls(), auth=True)
    outcome = await channel(port, cafile=cafile, username="parley", password=PASSWORD).send(mail)
    assert (outcome.kind, outcome.code, outcome.reference) == ("sent", "250", "2.0.0 queued as Q77")
    assert postbox.messages == [mail.payload]
    assert postbox.over_tls == [True]
    assert postbox.commands == ["MAIL bounce@parley.example", "RCPT ops@example.org"]


async def test_two_attempts_send_the_same_bytes(mail: Delivery, postbox: Any, mail_server: Any) -> None:
    port = await mail_server(postbox)
    for _ in range(2):
        assert (await channel(port, security="none").send(mail)).kind == "sent"
    assert postbox.messages[0] == postbox.messages[1]


async def test_implicit_tls_works_and_is_verified(
    mail: Delivery, postbox: Any, mail_server: Any, server_tls: Callable[..., ssl.SSLContext], cafile: Path
) -> None:
    port = await mail_server(postbox, tls=server_tls())
    assert (await channel(port, security="tls", cafile=cafile).send(mail)).kind == "sent"
    refused = await channel(port, security="tls").send(mail)
    assert (refused.kind, refused.code) == ("bad_credential", "tls")
    assert len(postbox.messages) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("451 4.7.1 Greylisted, try later", "transient"),
        ("421 4.3.2 Shutting down", "transient"),
        ("550 5.1.1 No such user", "bad_target"),
        ("553 5.1.3 Bad address", "bad_target"),
        ("554 5.7.1 Refused", "bad_target"),
        ("552 5.2.2 Mailbox full", "transient"),
        ("530 5.7.0 Authentication required", "bad_credential"),
        ("552 5.3.4 Too big", "bad_content"),
    ],
)
async def test_a_refused_recipient_is_classified(
    mail: Delivery, postbox: Any, mail_server: Any, reply: str, kind: str
) -> None:
    postbox.rcpt["ops@example.org"] = reply
    outcome = await channel(await mail_server(postbox), security="none").send(mail)
    assert (outcome.kind, outcome.code) == (kind, reply[:3])
    assert reply[4:] in outcome.detail
    assert postbox.messages == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("452 4.3.1 Out of space", "transient"),
        ("550 5.7.1 Policy", "bad_target"),
        ("554 5.7.1 Spam", "bad_target"),
        ("552 5.3.4 Too big", "bad_content"),
    ],
)
async def test_a_refused_message_is_classified(
    mail: Delivery, postbox: Any, mail_server: Any, reply: str, kind: str
) -> None:
    postbox.data = reply
    outcome = await channel(await mail_server(postbox), security="none").send(mail)
    assert (outcome.kind, outcome.code) == (kind, reply[:3])


async def test_a_message_too_big_goes_out_as_text_only_in_the_same_attempt(
    mail: Delivery, postbox: Any, mail_server: Any
) -> None:
    postbox.small = True
    outcome = await channel(await mail_server(postbox), security="none").send(mail)
    assert outcome.kind == "sent"
    whole, plain = (message_from_bytes(each, policy=SMTP) for each in postbox.messages)
    assert plain.get_content_type() == "text/plain"
    assert plain["Message-ID"] == whole["Message-ID"]
    assert "North Wire" in plain.get_content()


async def test_a_refused_sender_is_the_operators_to_mend(mail: Delivery, postbox: Any, mail_server: Any) -> None:
    postbox.mail = "550 5.7.1 Sender not allowed"
    outcome = await channel(await mail_server(postbox), security="none").send(mail)
    assert outcome.kind == "bad_credential"


async def test_a_wrong_password_is_a_credential_fault_and_stays_secret(
    mail: Delivery, postbox: Any, mail_server: Any, server_tls: Callable[..., ssl.SSLContext], cafile: Path
) -> None:
    port = await mail_server(postbox, starttls=server_tls(), auth=True)
    mailer = channel(port, cafile=cafile, username="parley", password="wrong-made-up")
    outcome = await mailer.send(mail)
    assert (outcome.kind, outcome.code) == ("bad_credential", "535")
    assert "wrong-made-up" not in repr(outcome)
    assert postbox.commands == []


async def test_a_server_that_says_the_password_back_cannot_put_it_into_the_outcome(
    mail: Delivery, postbox: Any, mail_server: Any, server_tls: Callable[..., ssl.SSLContext], cafile: Path
) -> None:
    postbox.rcpt["ops@example.org"] = f"550 5.1.1 you said {PASSWORD}"
    port = await mail_server(postbox, starttls=server_tls(), auth=True)
    outcome = await channel(port, cafile=cafile, username="parley", password=PASSWORD).send(mail)
    assert outcome.kind == "bad_target"
    assert PASSWORD not in repr(outcome)
    assert "you said ***" in outcome.detail


async def test_without_starttls_nothing_is_sent_in_clear(mail: Delivery, postbox: Any, mail_server: Any) -> None:
    port = await mail_server(postbox)
    outcome = await channel(port, username="parley", password=PASSWORD).send(mail)
    assert (outcome.kind, outcome.code) == ("bad_credential", "no-starttls")
    assert (postbox.commands, postbox.messages) == ([], [])


@pytest.mark.parametrize("name", ["elsewhere.example", None])
async def test_a_certificate_for_another_host_or_from_a_stranger_sends_nothing(
    mail: Delivery,
    postbox: Any,
    mail_server: Any,
    server_tls: Callable[..., ssl.SSLContext],
    cafile: Path,
    name: str | None,
) -> None:
    port = await mail_server(postbox, starttls=server_tls(name or "127.0.0.1"))
    outcome = await channel(port, cafile=cafile if name else None).send(mail)
    assert (outcome.kind, outcome.code) == ("bad_credential", "tls")
    assert "certificate" in outcome.detail.lower() or "not valid for" in outcome.detail
    assert (postbox.commands, postbox.messages) == ([], [])


async def test_a_connection_lost_after_the_message_is_ambiguous(mail: Delivery, postbox: Any, mail_server: Any) -> None:
    postbox.drop = True
    outcome = await channel(await mail_server(postbox), security="none").send(mail)
    assert (outcome.kind, outcome.code) == ("ambiguous", "cut")


async def test_a_server_too_slow_to_answer_the_message_is_ambiguous(
    mail: Delivery, postbox: Any, mail_server: Any
) -> None:
    postbox.wait = 0.5
    mailer = channel(await mail_server(postbox), security="none", data_timeout=timedelta(seconds=0.1))
    assert (await mailer.send(mail)).kind == "ambiguous"


async def test_a_closed_port_is_transient(mail: Delivery, unused_tcp_port: int) -> None:
    outcome = await channel(unused_tcp_port, security="none").send(mail)
    assert (outcome.kind, outcome.code) == ("transient", "unreachable")


async def test_a_server_that_never_greets_is_transient(mail: Delivery) -> None:
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await channel(port, security="none", timeout=timedelta(seconds=0.1)).send(mail)
    assert outcome.kind == "transient"
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    server.close()


def test_clear_text_to_another_machine_is_refused_at_once() -> None:
    with pytest.raises(AlertsError, match="is not this machine"):
        EmailConfig("mail.example.org", 25, "a@example.org", security="none")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.0.0.5", True), ("::1", True), ("[::1]", True), ("localhost.evil.example", False),
     ("10.0.0.1", False), ("mail.example.org", False)],
)  # fmt: skip
def test_loopback_is_known_by_address_or_by_name(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("step", "code", "text", "kind"),
    [
        ("greeting", 554, "5.7.1 Your address is listed", "bad_credential"),
        ("greeting", 421, "Too many connections", "transient"),
        ("starttls", 454, "4.7.0 TLS not available", "transient"),
        ("login", 454, "4.7.0 Temporary failure", "transient"),
        ("login", 504, "5.5.4 Unknown mechanism", "bad_credential"),
        ("sender", 552, "5.3.4 Size exceeds", "bad_content"),
        ("recipient", 501, "5.1.3 Bad syntax", "bad_target"),
        ("recipient", -1, "garbage", "transient"),
        ("data", -1, "garbage", "ambiguous"),
        ("data", 500, "5.5.2 Line too long", "bad_content"),
        ("data", 554, "5.6.0 Malformed", "bad_content"),
    ],
)
def test_every_step_has_its_own_reading_of_a_code(step: Any, code: int, text: str, kind: str) -> None:
    assert classify(step, code, text) == kind


def test_the_text_only_form_is_the_same_each_time(mail: Delivery) -> None:
    assert text_only(mail.payload) == text_only(mail.payload)
    assert text_only(text_only(mail.payload)) == text_only(mail.payload)


def test_a_password_does_not_show_in_the_configuration_printed() -> None:
    assert PASSWORD not in repr(EmailConfig("localhost", 25, "a@example.org", password=PASSWORD))
