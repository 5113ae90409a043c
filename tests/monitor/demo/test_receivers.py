import json
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import aiosmtplib
import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from monitor.demo.message import Message
from monitor.demo.receivers import CHANNEL, TOKEN, Receivers

TEXT = """Agreed · Round of talks, Istanbul

Russia and Ukraine will meet
in Istanbul
Update: confirmed by more outlets. 2 independent outlets, of 2 articles.

What:    Round of talks
Place:   Istanbul

It says:
  “They will meet.”
  — Boğaz Postası: Görüşme
    http://127.0.0.1:4711/bogaz/03.html

Watch ru-ua, event ru-ua.talks_round.2031-05-17.abcd
"""


@pytest.fixture
def heard() -> list[Message]:
    return []


@pytest.fixture
async def receivers(tmp_path: Path, heard: list[Message]) -> AsyncIterator[Receivers]:
    async with Receivers(tmp_path, heard.append) as receivers:
        yield receivers


def mail(text: str = TEXT) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Parley <parley@demo.example>"
    message["To"] = "desk@demo.example"
    message["Subject"] = "Round of talks, Russia–Ukraine #abcd"
    message["X-Parley-Reason"] = "confirmed"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative("<p>Boğaz Postası</p>", subtype="html", cte="quoted-printable")
    return message.as_bytes()


async def send(receivers: Receivers, raw: bytes) -> None:
    await aiosmtplib.send(
        raw,
        sender="parley@demo.example",
        recipients=["desk@demo.example"],
        hostname="127.0.0.1",
        port=receivers.smtp_port,
        start_tls=False,
    )


PAYLOAD = {
    "text": "Fourth round\nNew. 1 independent outlet, of 1 article.\nWhat: Round of talks\n"
    "Harbour Courier: Fourth round http://127.0.0.1:4711/harbour/01.html",
    "metadata": {
        "event_type": "parley_alert",
        "event_payload": {"event_id": "ru-ua.talks_round.2031-05-17.abcd", "reason": "new"},
    },
}


def slack(receivers: Receivers, token: str = TOKEN) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=receivers.slack_url, retry_handlers=[])


async def test_a_mail_is_kept_byte_for_byte_with_its_page_beside_it(receivers, heard, tmp_path) -> None:
    raw = mail()
    await send(receivers, raw)
    assert (tmp_path / "01-mail.eml").read_bytes() == raw
    assert "<p>Boğaz Postası</p>" in (tmp_path / "01-mail.html").read_text(encoding="utf-8")
    [message] = heard
    assert (message.channel, message.event_id, message.kind) == (
        "mail",
        "ru-ua.talks_round.2031-05-17.abcd",
        "talks_round",
    )
    assert (message.reason, message.interrupts, message.article) == ("confirmed", False, "/bogaz/03.html")


async def test_mails_are_numbered_in_order_of_arrival(receivers, heard) -> None:
    for _ in range(3):
        await send(receivers, mail())
    assert [message.file for message in heard] == ["01-mail.eml", "02-mail.eml", "03-mail.eml"]


async def test_a_mail_that_is_no_alert_is_accepted_and_reported(receivers, heard, tmp_path) -> None:
    await send(receivers, mail("Hello there"))
    assert heard == []
    assert (tmp_path / "01-mail.eml").exists()
    [fault] = receivers.faults
    assert fault.startswith("01-mail.eml")


async def test_a_posted_message_is_answered_like_slack_does_and_kept(receivers, heard, tmp_path) -> None:
    first = await slack(receivers).chat_postMessage(channel=CHANNEL, **PAYLOAD)
    second = await slack(receivers).chat_postMessage(channel=CHANNEL, thread_ts=first["ts"], **PAYLOAD)
    assert first["ok"]
    assert first["channel"] == CHANNEL
    assert first["ts"] < second["ts"]
    kept = json.loads((tmp_path / "02-slack.json").read_text(encoding="utf-8"))
    assert kept["thread_ts"] == first["ts"]
    assert [(each.event_id, each.reason, each.article) for each in heard] == [
        ("ru-ua.talks_round.2031-05-17.abcd", "new", "/harbour/01.html")
    ] * 2


async def test_a_wrong_token_and_a_wrong_channel_are_refused_in_slacks_words(receivers, heard) -> None:
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await slack(receivers, "xoxb-other").chat_postMessage(channel=CHANNEL, **PAYLOAD)
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await slack(receivers, "xoxb-other").auth_test()
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await slack(receivers).chat_postMessage(channel="C0OTHER", **PAYLOAD)
    assert heard == []


async def test_the_token_is_known(receivers) -> None:
    assert (await slack(receivers).auth_test())["ok"]


async def test_a_method_that_the_endpoint_lacks_is_refused_as_json(receivers) -> None:
    with pytest.raises(SlackApiError, match="unknown_method"):
        await slack(receivers).api_call("conversations.history", http_verb="GET", params={"channel": CHANNEL})


async def test_a_call_may_come_as_a_form(receivers, heard) -> None:
    form = {"channel": CHANNEL, "text": PAYLOAD["text"], "metadata": json.dumps(PAYLOAD["metadata"])}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            receivers.slack_url + "chat.postMessage", data=form, headers={"Authorization": f"Bearer {TOKEN}"}
        )
    assert answer.json()["ok"]
    assert [message.event_id for message in heard] == ["ru-ua.talks_round.2031-05-17.abcd"]


async def test_the_incoming_webhook_answers_ok_in_plain_text(receivers, heard) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(receivers.hook_url, json=PAYLOAD)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert [message.reason for message in heard] == ["new"]


async def test_a_slack_message_without_an_event_is_reported(receivers, heard) -> None:
    await slack(receivers).chat_postMessage(channel=CHANNEL, text="hello")
    assert heard == []
    assert "metadata" in receivers.faults[0]
