"""Slack by token and by webhook against a local server: each class of answer, threads, the second look."""

import asyncio
import json
import logging
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from alerts.channels import _http, _slack
from alerts.channels.slack import SlackChannel, SlackConfig
from alerts.channels.slack_webhook import SlackWebhookChannel, SlackWebhookConfig
from alerts.records import Delivery

TOKEN = "xoxb-made-up-token"
Make = Callable[..., Delivery]


def bot(slack: Any, **more: Any) -> SlackChannel:
    return SlackChannel("slack", replace(SlackConfig(TOKEN, slack.base_url, timeout=timedelta(seconds=2)), **more))


def hook(slack: Any, **more: Any) -> SlackWebhookChannel:
    return SlackWebhookChannel(
        "hook", replace(SlackWebhookConfig(slack.hook_url, timeout=timedelta(seconds=2)), **more)
    )


@pytest.fixture
def message(delivery_for: Make, slack_payload: bytes) -> Delivery:
    return delivery_for("slack", "C0123", payload=slack_payload)


async def test_a_post_is_sent_to_the_channel_and_gives_its_ts(slack: Any, message: Delivery) -> None:
    outcome = await bot(slack).send(message)
    assert (outcome.kind, outcome.reference) == ("sent", "1000000000.000100")
    assert slack.tokens == {f"Bearer {TOKEN}"}
    (posted,) = slack.posted
    assert posted["channel"] == "C0123"
    assert posted["metadata"]["event_payload"]["delivery_id"] == "d1"
    assert "thread_ts" not in posted
    assert "reply_broadcast" not in posted


async def test_a_later_message_of_an_event_goes_into_its_thread(slack: Any, message: Delivery) -> None:
    await bot(slack).send(replace(message, thread="1.5"))
    assert (slack.posted[0]["thread_ts"], slack.posted[0]["reply_broadcast"]) == ("1.5", True)


async def test_a_thread_that_is_gone_gives_a_message_of_its_own(slack: Any, message: Delivery) -> None:
    slack.script = [{"error": "cannot_reply_to_message"}]
    assert (await bot(slack).send(replace(message, thread="1.5"))).kind == "sent"
    assert "thread_ts" not in slack.posted[0]


BOT_ANSWERS = [
    ("ratelimited", "transient"),
    ("channel_not_found", "bad_target"),
    ("is_archived", "bad_target"),
    ("not_in_channel", "bad_target"),
    ("invalid_auth", "bad_credential"),
    ("token_revoked", "bad_credential"),
    ("account_inactive", "bad_credential"),
    ("missing_scope", "bad_credential"),
    ("internal_error", "ambiguous"),
    ("fatal_error", "ambiguous"),
    ("an_error_of_next_year", "ambiguous"),
]


@pytest.mark.parametrize(("error", "kind"), BOT_ANSWERS)
async def test_an_error_name_is_classified(slack: Any, message: Delivery, error: str, kind: str) -> None:
    slack.script = [{"error": error}]
    outcome = await bot(slack).send(message)
    assert (outcome.kind, outcome.code) == (kind, error)
    assert len(slack.requests) == 1
    assert TOKEN not in repr(outcome)


def answer(status: int, **more: Any) -> web.Response:
    return web.Response(status=status, **more)


async def test_too_many_requests_is_transient_and_says_for_how_long(slack: Any, message: Delivery) -> None:
    for send in (bot(slack).send, hook(slack).send):
        slack.script = [answer(429, headers={"Retry-After": "7"}, text='{"ok":false}', content_type="application/json")]
        outcome = await send(message)
        assert (outcome.kind, outcome.retry_after) == ("transient", timedelta(seconds=7))
    assert len(slack.requests) == 2


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 500, "text": "oops"},
        {"status": 503, "text": '{"ok":false,"error":"service_unavailable"}', "content_type": "application/json"},
        {"status": 502, "text": "<html>", "content_type": "text/html"},
        {"status": 500, "text": "not json", "content_type": "application/json"},
    ],
)
async def test_a_server_failure_after_the_whole_request_is_ambiguous(
    slack: Any, message: Delivery, reply: dict[str, Any]
) -> None:
    for send in (bot(slack).send, hook(slack).send):
        slack.script = [answer(**reply)]
        assert (await send(message)).kind == "ambiguous"
    assert len(slack.requests) == 2


async def test_an_answer_that_is_not_slacks_is_ambiguous(slack: Any, message: Delivery) -> None:
    for send in (bot(slack).send, hook(slack).send):
        slack.script = [answer(200, text="Welcome to the hotel network")]
        assert (await send(message)).kind == "ambiguous"


async def test_a_reset_after_acceptance_posts_once_and_is_ambiguous(slack: Any, message: Delivery) -> None:
    for number, send in enumerate((bot(slack).send, hook(slack).send), 1):
        slack.script = ["reset"]
        assert (await send(message)).kind == "ambiguous"
        assert len(slack.posted) == number


async def test_a_slow_answer_is_ambiguous(slack: Any, message: Delivery) -> None:
    for sender in (bot(slack, timeout=timedelta(seconds=0.2)), hook(slack, timeout=timedelta(seconds=0.2))):
        slack.script = [0.6]
        outcome = await sender.send(message)
        assert (outcome.kind, outcome.code) == ("ambiguous", "timeout")
    await asyncio.sleep(0.5)


async def test_a_closed_port_is_transient_and_names_no_secret(
    slack: Any, message: Delivery, unused_tcp_port: int
) -> None:
    address = f"http://127.0.0.1:{unused_tcp_port}/services/T/B/madeUpHookSecret"
    for sender in (bot(slack, base_url=f"http://127.0.0.1:{unused_tcp_port}/api/"), hook(slack, url=address)):
        outcome = await sender.send(message)
        assert (outcome.kind, outcome.code) == ("transient", "unreachable")
        assert "madeUpHookSecret" not in repr(outcome)


async def test_a_certificate_that_cannot_be_verified_sends_nothing(
    slack: Any, message: Delivery, server_tls: Callable[..., ssl.SSLContext]
) -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=server_tls())
    port = server.sockets[0].getsockname()[1]
    for sender in (
        bot(slack, base_url=f"https://127.0.0.1:{port}/api/"),
        hook(slack, url=f"https://127.0.0.1:{port}/x"),
    ):
        outcome = await sender.send(message)
        assert (outcome.kind, outcome.code) == ("bad_credential", "tls")
    server.close()


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_blocks_too_long", "msg_too_long"])
async def test_refused_content_goes_out_as_text_in_the_same_attempt(slack: Any, message: Delivery, error: str) -> None:
    slack.script = [{"error": error}, "ok", answer(400, text=error)]
    for send in (bot(slack).send, hook(slack).send):
        assert (await send(message)).kind == "sent"
    assert ["blocks" in body for body in slack.requests] == [True, False, True, False]
    assert slack.posted[0]["text"] == "plain words"


async def test_content_refused_twice_is_a_content_fault(slack: Any, message: Delivery) -> None:
    slack.script = [{"error": "invalid_blocks"}, {"error": "no_text"}]
    assert (await bot(slack).send(message)).kind == "bad_content"
    slack.script = [answer(400, text="invalid_payload"), answer(400, text="no_text")]
    assert (await hook(slack).send(message)).kind == "bad_content"


async def test_after_a_reset_the_second_attempt_finds_the_post_and_posts_nothing(slack: Any, message: Delivery) -> None:
    slack.script = ["reset"]
    await bot(slack).send(message)
    outcome = await bot(slack).send(replace(message, attempts=1))
    assert (outcome.kind, outcome.code, outcome.reference) == ("sent", "found", "1000000000.000100")
    assert len(slack.posted) == 1


async def test_a_lost_reply_is_looked_for_in_its_thread(slack: Any, message: Delivery) -> None:
    slack.script = ["reset"]
    reply = replace(message, thread="1.5")
    await bot(slack).send(reply)
    assert (await bot(slack).send(replace(reply, attempts=1))).code == "found"
    assert len(slack.posted) == 1


@pytest.mark.parametrize("thread", [None, "1.5"])
async def test_a_post_is_found_behind_all_that_was_said_since(
    slack: Any, message: Delivery, thread: str | None
) -> None:
    told = replace(message, thread=thread)
    said: list[dict[str, Any]] = [
        {"ts": f"2.{n}", "thread_ts": thread} if thread else {"ts": f"2.{n}"} for n in range(450)
    ]
    slack.posted = list(said) if thread else []
    await bot(slack).send(told)
    slack.posted += [] if thread else said
    assert (await bot(slack).send(replace(told, attempts=1))).code == "found"
    assert (len(slack.posted), slack.looked) == (451, 3)


async def test_a_channel_of_which_no_end_is_seen_is_looked_through_for_so_long_and_no_longer(
    slack: Any, message: Delivery
) -> None:
    slack.posted = [{"ts": f"2.{n}"} for n in range(10_000)]
    assert (await bot(slack).send(replace(message, attempts=1))).code == "ok"
    assert slack.looked == 20


async def test_a_token_that_may_not_look_posts_again(slack: Any, message: Delivery) -> None:
    slack.looking = "missing_scope"
    assert (await bot(slack).send(replace(message, attempts=1))).code == "ok"
    assert len(slack.posted) == 1


async def test_another_delivery_of_the_channel_is_not_taken_for_this_one(slack: Any, message: Delivery) -> None:
    await bot(slack).send(message)
    outcome = await bot(slack).send(replace(message, id="d2", attempts=1))
    assert (outcome.code, len(slack.posted)) == ("ok", 2)


async def test_the_first_attempt_does_not_look(slack: Any, message: Delivery) -> None:
    await bot(slack).send(message)
    assert slack.looked == 0


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (404, "no_team", "bad_target"),
        (410, "channel_is_archived", "bad_target"),
        (404, "", "bad_target"),
        (403, "invalid_token", "bad_credential"),
        (403, "no_service", "bad_credential"),
        (403, "", "bad_credential"),
        (400, "invalid_token", "bad_credential"),
        (403, "action_prohibited", "bad_credential"),
    ],
)
async def test_a_webhooks_refusal_is_classified(
    slack: Any, message: Delivery, status: int, text: str, kind: str
) -> None:
    slack.script = [answer(status, text=text)]
    outcome = await hook(slack).send(message)
    assert outcome.kind == kind
    assert "madeUpHookSecret" not in repr(outcome)


async def test_a_webhook_that_says_ok_is_sent_without_what_only_the_api_takes(slack: Any, message: Delivery) -> None:
    outcome = await hook(slack).send(replace(message, thread="1.5"))
    assert (outcome.kind, outcome.reference) == ("sent", None)
    assert "thread_ts" not in slack.posted[0]
    assert "reply_broadcast" not in slack.posted[0]


async def test_no_secret_is_logged_even_at_debug(
    slack: Any, message: Delivery, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for send in (bot(slack).send, hook(slack).send):
        slack.script = [{"error": "internal_error"}]
        await send(message)
    assert TOKEN not in caplog.text
    assert "madeUpHookSecret" not in caplog.text


def test_a_broken_connection_that_names_the_secret_is_quoted_without_it() -> None:
    outcome = _http.broken(aiohttp.ClientPayloadError(f"from {TOKEN}, half"), TOKEN, "Slack")
    assert (outcome.kind, outcome.code) == ("ambiguous", "cut")
    assert TOKEN not in outcome.detail
    assert "from ***, half" in outcome.detail


def test_no_secret_shows_in_the_configuration_printed() -> None:
    assert TOKEN not in repr(SlackConfig(TOKEN))
    assert "madeUp" not in repr(SlackWebhookConfig("https://hooks.slack.com/services/madeUp"))


def test_no_error_name_stands_in_two_classes() -> None:
    names = [name for group in (_slack.CREDENTIAL, _slack.TARGET, _slack.CONTENT, _slack.TRANSIENT) for name in group]
    assert len(names) == len(set(names))


# --- the first message of a thread ------------------------------------------------------------------------------------

ROOT = {"text": "now agreed", "blocks": [{"type": "divider"}]}


@pytest.fixture
def reply(message: Delivery) -> Delivery:
    """A message for a thread, with what its first message is to say from now on."""
    body = json.loads(message.payload) | {"root": ROOT}
    return replace(message, payload=json.dumps(body).encode(), thread="1.5")


async def test_a_reply_brings_the_first_message_of_its_thread_up_to_date_before(slack: Any, reply: Delivery) -> None:
    assert (await bot(slack).send(reply)).kind == "sent"
    assert slack.updates == [{"channel": "C0123", "ts": "1.5", **ROOT}]
    assert "root" not in slack.posted[0]
    assert slack.posted[0]["reply_broadcast"] is True


async def test_the_first_message_itself_and_a_webhook_update_nothing(slack: Any, reply: Delivery) -> None:
    for send in (bot(slack).send, hook(slack).send):
        assert (await send(replace(reply, thread=None))).kind == "sent"
    assert slack.updates == []
    assert all("root" not in body for body in slack.posted)


async def test_a_payload_without_a_root_updates_nothing(slack: Any, message: Delivery) -> None:
    assert (await bot(slack).send(replace(message, thread="1.5"))).kind == "sent"
    assert slack.updates == []


@pytest.mark.parametrize("error", ["cant_update_message", "message_not_found", "edit_window_closed", "invalid_blocks"])
async def test_a_first_message_that_cannot_be_changed_costs_no_reply(slack: Any, reply: Delivery, error: str) -> None:
    slack.updating = error
    assert (await bot(slack).send(reply)).kind == "sent"
    assert (len(slack.updates), len(slack.posted)) == (1, 1)


async def test_a_slack_that_cannot_be_talked_to_for_the_update_is_posted_nothing(slack: Any, reply: Delivery) -> None:
    slack.updating = answer(429, headers={"Retry-After": "7"}, text="{}", content_type="application/json")
    outcome = await bot(slack).send(reply)
    assert (outcome.kind, outcome.retry_after) == ("transient", timedelta(seconds=7))
    slack.updating = "reset"
    assert (await bot(slack).send(reply)).kind == "transient"
    assert slack.posted == []


# --- what may be a repeat ---------------------------------------------------------------------------------------------


def repeats(body: dict[str, Any]) -> bool:
    """Whether it says so in its text and, where it has blocks, in the first of them."""
    first = body["blocks"][0].get("elements", [{}])[0].get("text", "") if body.get("blocks") else _slack.REPEAT
    said = body["text"].startswith("This may be a repeat: ")
    assert said == first.startswith("This may be a repeat: ") or "blocks" not in body
    return said


async def test_a_webhooks_resend_after_an_unclear_attempt_says_that_it_may_be_a_repeat(
    slack: Any, message: Delivery
) -> None:
    await hook(slack).send(message)
    await hook(slack).send(replace(message, attempts=1, state="retry"))
    await hook(slack).send(replace(message, attempts=1, state="ambiguous"))
    assert [repeats(body) for body in slack.posted] == [False, False, True]


async def test_a_bot_that_may_not_look_says_that_it_may_be_a_repeat(slack: Any, message: Delivery) -> None:
    slack.looking = "missing_scope"
    await bot(slack).send(replace(message, attempts=1, state="retry"))
    await bot(slack).send(replace(message, attempts=1, state="ambiguous"))
    slack.looking = None
    await bot(slack).send(replace(message, id="d2", attempts=1, state="ambiguous"))  # looked, and it is not there
    assert [repeats(body) for body in slack.posted] == [False, True, False]


async def test_a_repeat_whose_blocks_are_refused_still_says_so(slack: Any, message: Delivery) -> None:
    slack.script = [answer(400, text="invalid_blocks")]
    assert (await hook(slack).send(replace(message, attempts=1, state="ambiguous"))).kind == "sent"
    assert "blocks" not in slack.posted[0]
    assert repeats(slack.posted[0])


def test_the_line_of_a_repeat_keeps_within_slacks_fifty_blocks() -> None:
    whole = {"text": "words", "blocks": [{"type": "divider"}] * 50}
    marked = _slack.repeated(whole)
    assert (len(marked["blocks"]), marked["blocks"][0]["type"]) == (50, "context")
    assert len(whole["blocks"]) == 50


async def test_the_doubt_stays_while_later_attempts_surely_post_nothing(slack: Any, message: Delivery) -> None:
    slow = {"headers": {"Retry-After": "7"}, "text": "{}", "content_type": "application/json"}
    doubtful = replace(message, attempts=1, state="ambiguous")
    slack.looking = "missing_scope"
    for send in (bot(slack).send, hook(slack).send):
        slack.script = [answer(429, **slow)]
        outcome = await send(doubtful)
        assert (outcome.kind, outcome.retry_after) == ("ambiguous", timedelta(seconds=7))
    assert slack.posted == []


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_while_slack_cannot_be_asked_whether_it_posted_nothing_is_posted(
    slack: Any, message: Delivery, status: int
) -> None:
    slack.looking = answer(status, text="{}", content_type="application/json")
    outcome = await bot(slack).send(replace(message, attempts=1, state="retry"))
    assert outcome.kind == "transient"
    assert (slack.looked, slack.posted) == (1, [])


@pytest.mark.parametrize("said", [TOKEN, "madeUpHookSecret", "x" * 100_000, "no such thing", ""])
async def test_what_is_no_name_of_an_error_is_not_repeated(slack: Any, message: Delivery, said: str) -> None:
    slack.script = [{"error": said}, answer(404, text=said), answer(200, text=said)]
    outcomes = [await send(message) for send in (bot(slack).send, hook(slack).send, hook(slack).send)]
    assert [outcome.kind for outcome in outcomes] == ["ambiguous", "bad_target", "ambiguous"]
    assert said == "" or said not in repr(outcomes)
