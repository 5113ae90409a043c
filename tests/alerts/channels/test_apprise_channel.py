"""Apprise against a local service that takes JSON: what it gets, and that nothing of Apprise's own holds us up."""

import asyncio
import importlib.util
import json
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from typing import Any

import pytest

from alerts.channels.apprise import AppriseChannel, AppriseConfig, Settings, answered, parted
from alerts.records import AlertsError

from .conftest import WebWire, http
from .test_webhook_channel import request


def channel(port: int, more: str = "", **config: Any) -> AppriseChannel:
    return AppriseChannel("phone", AppriseConfig(f"json://127.0.0.1:{port}/topic{more}", **config))


async def test_a_service_gets_the_words_as_plain_text_with_the_first_paragraph_as_title(
    start: Any, delivery: Any
) -> None:
    wire = await start(WebWire())
    outcome = await channel(wire.port).send(delivery("apprise"))
    assert outcome.kind == "sent"
    got = json.loads(request(wire.messages[0])[1])
    title, body = parted(delivery("apprise").payload.decode())
    assert (got["title"], got["message"]) == (title, body)
    assert "https://north.example/a?x=1&y=2" in got["message"]  # not escaped as HTML


@pytest.mark.parametrize("more", ["?retry=3&wait=0.1", "?optional=yes"])
async def test_what_a_url_says_of_trying_again_or_not_caring_is_not_heeded(
    start: Any, delivery: Any, more: str
) -> None:
    wire = await start(WebWire(usual=http(503)))
    outcome = await channel(wire.port, more).send(delivery("apprise"))
    assert (outcome.kind, len(wire.messages)) == ("transient", 1)


async def test_messages_one_after_the_other_do_not_wait_for_apprises_own_pause(start: Any, delivery: Any) -> None:
    wire = await start(WebWire())
    phone = channel(wire.port)
    before = time.monotonic()
    for _ in range(3):
        assert (await phone.send(delivery("apprise"))).kind == "sent"
    assert time.monotonic() - before < 2  # 11 s with the pauses (measured; reference: delivery 2)


async def test_a_service_that_hangs_holds_neither_the_loop_nor_more_than_four_threads(
    start: Any, delivery: Any
) -> None:
    wire = await start(WebWire(script=["hang"] * 4))
    phone = channel(wire.port, "?rto=1", timeout=timedelta(seconds=0.1))
    gaps = []

    async def beat() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - before)

    beating = asyncio.create_task(beat())
    outcomes = await asyncio.gather(*(phone.send(delivery("apprise")) for _ in range(4)))
    assert {(outcome.kind, outcome.code) for outcome in outcomes} == {("ambiguous", "timeout")}
    fifth = await phone.send(delivery("apprise"))
    assert (fifth.kind, fifth.code, fifth.wide) == ("transient", "stuck", True)
    assert len(wire.messages) == 4
    beating.cancel()
    assert max(gaps) < 0.25
    for thread in phone._stuck:
        await asyncio.to_thread(thread.join)
    assert (await phone.send(delivery("apprise"))).kind == "sent"


async def test_a_thread_left_behind_does_not_keep_the_program_from_ending(start: Any) -> None:
    wire = await start(WebWire(script=["hang"]))
    program = f"""
        import asyncio
        from datetime import UTC, datetime, timedelta
        from alerts.channels.apprise import AppriseChannel, AppriseConfig
        from alerts.records import Delivery, Target
        url = "json://127.0.0.1:{wire.port}/topic?rto=60"
        phone = AppriseChannel("phone", AppriseConfig(url, timedelta(seconds=0.2)))
        one = Delivery("d1", "a", "e", Target("me", "phone", "apprise", "me"), b"words", datetime.now(UTC))
        print(asyncio.run(phone.send(one)).kind)
    """
    before = time.monotonic()
    ran = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(program), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await asyncio.wait_for(ran.communicate(), 20)
    assert (out, err) == (b"ambiguous\n", b"")
    assert time.monotonic() - before < 15  # of the 60 s for which the thread would wait


@pytest.mark.parametrize("url", ["", "nonsense", "pigeon://loft", "json://"])
async def test_a_url_of_no_service_is_a_fault_and_is_not_printed(url: str, delivery: Any) -> None:
    (wrong,) = Settings.model_validate({"kind": "apprise", "url": url or "x"}).wrong()
    assert wrong.key == "url"
    outcome = await AppriseChannel("phone", AppriseConfig(url)).send(delivery("apprise"))
    assert (outcome.kind, outcome.wide) == ("bad_credential", True)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("SUCCESS", "sent"),
        ("FAILURE", "transient"),
        ("TIMEOUT", "ambiguous"),
        ("PARTIAL", "ambiguous"),
        ("NOMATCH", "bad_credential"),
        ("KeyError", "ambiguous"),
    ],
)
def test_each_of_apprises_results_has_its_outcome(status: str, kind: str) -> None:
    assert answered(status).kind == kind


def test_apprise_has_no_result_that_is_not_known_here() -> None:
    from apprise.result import AppriseResultStatus

    assert all(answered(status.name).code != "exception" for status in AppriseResultStatus)


def test_without_the_extra_an_operator_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = importlib.util.find_spec
    monkeypatch.setattr("alerts.channels.apprise.find_spec", lambda name: None if name == "apprise" else whole(name))
    (wrong,) = Settings.model_validate({"kind": "apprise", "url": "json://127.0.0.1"}).wrong()
    assert (wrong.key, wrong.message, wrong.advice) == (
        "kind", "Apprise is not installed", "pip install 'parley[apprise]'"
    )  # fmt: skip
    with pytest.raises(AlertsError, match=r"channel phone: Apprise is not installed; pip install 'parley\[apprise\]'"):
        channel(1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Title\n\nbody\n\nmore\n", ("Title", "body\n\nmore")),
        ("A title of\ntwo lines\n\nbody", ("A title of two lines", "body")),
        ("only words\n", ("only words", "only words")),
    ],
)
def test_the_first_paragraph_is_the_title(text: str, parts: tuple[str, str]) -> None:
    assert parted(text) == parts
