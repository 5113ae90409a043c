"""The generic webhook: what a receiver gets, and how it can tell who sent it and that it is no repeat."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.channels.webhook import Settings, WebhookChannel, WebhookConfig, key_of, shorter, signed
from alerts.records import Alert, Delivery

from .conftest import NOON, WebWire, http

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def request(whole: bytes) -> tuple[dict[str, str], bytes]:
    """The headers of a request in small letters, and its body."""
    head, _, body = whole.partition(b"\r\n\r\n")
    lines = [line.partition(":") for line in head.decode().split("\r\n")[1:]]
    return {name.lower(): value.strip() for name, _, value in lines}, body


def verified(whole: bytes, secret: str) -> bool:
    """As a receiver does it, from the specification of Standard Webhooks 1.0 and not from our code."""
    headers, body = request(whole)
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret[6:])
    mine = "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    return mine in headers["webhook-signature"].split(" ")


def test_the_signature_is_that_of_the_specifications_own_example() -> None:
    moment = datetime.fromtimestamp(1614265330, UTC)
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', moment, [SECRET])
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


async def test_every_attempt_posts_the_stored_bytes_with_a_fresh_time_and_signature(start: Any, delivery: Any) -> None:
    wire = await start(WebWire(script=[http(500), http(200)]))
    now = NOON
    channel = WebhookChannel("way", WebhookConfig(f"http://127.0.0.1:{wire.port}/in", (SECRET,)), lambda: now)
    first: Delivery = delivery("webhook")
    assert (await channel.send(first)).kind == "ambiguous"
    now += timedelta(hours=3)
    assert (await channel.send(replace(first, attempts=1, state="ambiguous"))).kind == "sent"
    asked = [request(whole) for whole in wire.messages]
    assert [body for _, body in asked] == [first.payload] * 2
    assert {headers["webhook-id"] for headers, _ in asked} == {first.id}
    times = [int(headers["webhook-timestamp"]) for headers, _ in asked]
    assert (times[0], times[1] - times[0]) == (int(NOON.timestamp()), 3 * 3600)
    assert all(verified(whole, SECRET) and not verified(whole, OTHER) for whole in wire.messages)


async def test_while_secrets_change_either_verifies(start: Any, made: Any, delivery: Any) -> None:
    wire = await start(WebWire())
    url = f"http://127.0.0.1:{wire.port}/in"
    await made("webhook", url=url, secret=OTHER, previous_secret=SECRET).send(delivery("webhook"))
    await made("webhook", url=url).send(delivery("webhook"))
    both, none = wire.messages
    assert verified(both, SECRET)
    assert verified(both, OTHER)
    assert "webhook-signature" not in request(none)[0]


async def test_the_body_is_a_cloudevent_with_the_alert_as_scripts_know_it(
    start: Any, made: Any, delivery: Any, alert: Alert
) -> None:
    wire = await start(WebWire())
    await made("webhook", url=f"http://127.0.0.1:{wire.port}/in").send(delivery("webhook"))
    headers, body = request(wire.messages[0])
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    event = json.loads(body)
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "id": "d1",
        "source": "https://parley.example/parley",
        "type": "parley.alert.new",
        "subject": "ev7",
        "time": "2031-05-17T12:04:00Z",
        "datacontenttype": "application/json",
    }
    assert alert.title in data.pop("text")
    from monitor.lines import alert_line

    assert data == json.loads(alert_line(alert))


async def test_a_message_that_is_refused_goes_shorter_once_under_its_id(start: Any, made: Any, delivery: Any) -> None:
    wire = await start(WebWire(script=[http(413), http(200)]))
    outcome = await made("webhook", url=f"http://127.0.0.1:{wire.port}/in", secret=SECRET).send(delivery("webhook"))
    assert outcome.kind == "sent"
    whole, short = (json.loads(request(each)[1]) for each in wire.messages)
    assert set(whole["data"]) - set(short["data"]) == {"evidence", "text"}
    assert (short["id"], short["data"]["title"]) == (whole["id"], whole["data"]["title"])
    assert all(verified(each, SECRET) for each in wire.messages)


def test_the_shorter_form_is_the_same_each_time(delivery: Any) -> None:
    payload = delivery("webhook").payload
    assert shorter(payload) == shorter(payload) == shorter(shorter(payload))


@pytest.mark.parametrize(
    ("keys", "about"),
    [
        ({"url": "http://receiver.example.org/in"}, "url"),
        ({"url": "receiver.example.org"}, "url"),
        ({"url": "https://receiver.example.org", "secret": "hunter2"}, "secret"),
        ({"url": "https://receiver.example.org", "secret": "whsec_c2hvcnQ="}, "secret"),
        ({"url": "https://receiver.example.org", "previous_secret": SECRET}, "previous_secret"),
    ],
)
def test_settings_that_would_leak_or_not_sign_are_faults(keys: dict[str, str], about: str) -> None:
    (wrong,) = Settings.model_validate({"kind": "webhook", **keys}).wrong()
    assert wrong.key == about
    assert "hunter2" not in repr(wrong)


@pytest.mark.parametrize(
    "keys",
    [
        {"url": "http://localhost:8080/in"},
        {"url": "http://[::1]:8080/in"},
        {"url": "http://receiver.lan/in", "in_clear": True},
        {"url": "https://receiver.example.org/in", "secret": SECRET, "previous_secret": OTHER},
    ],
)
def test_settings_that_are_safe_are_no_faults(keys: dict[str, Any]) -> None:
    assert list(Settings.model_validate({"kind": "webhook", **keys}).wrong()) == []


@pytest.mark.parametrize(("length", "good"), [(23, False), (24, True), (64, True), (65, False)])
def test_a_key_has_24_to_64_bytes(length: int, good: bool) -> None:
    assert (key_of("whsec_" + base64.b64encode(b"x" * length).decode()) is not None) is good
