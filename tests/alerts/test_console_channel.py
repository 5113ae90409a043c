"""The console."""

import asyncio
import io
import os
from collections.abc import Callable

import pytest

from alerts.channels import console
from alerts.channels.console import ConsoleChannel
from alerts.records import Delivery


async def test_a_message_is_written_between_rules_and_flushed(delivery_for: Callable[..., Delivery]) -> None:
    stream = io.StringIO()
    outcome = await ConsoleChannel("here", stream).send(delivery_for(payload="обмін\n".encode()))
    assert outcome.kind == "sent"
    above, words, below = stream.getvalue().splitlines()
    assert (words, above) == ("обмін", below)


async def test_a_stream_of_few_letters_gets_question_marks_and_no_fault(
    delivery_for: Callable[..., Delivery],
) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    outcome = await ConsoleChannel("here", stream).send(delivery_for(payload="обмін x\n".encode()))
    assert outcome.kind == "sent"
    assert b"????? x" in raw.getvalue()


async def test_a_closed_stream_is_transient(delivery_for: Callable[..., Delivery]) -> None:
    stream = io.StringIO()
    stream.close()
    outcome = await ConsoleChannel("here", stream).send(delivery_for())
    assert (outcome.kind, outcome.code) == ("transient", "stream")


async def test_a_reader_that_hangs_holds_up_nobody_else_and_later_gets_whole_messages(
    delivery_for: Callable[..., Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_PATIENCE", 0.3)
    reading, writing = os.pipe()
    long = "обмін\n" * 5_000
    with open(writing, "w", encoding="utf-8") as stream, open(reading, encoding="utf-8") as reader:  # noqa: ASYNC230, PTH123
        channel = ConsoleChannel("here", stream)
        sends = [asyncio.create_task(channel.send(delivery_for(payload=long.encode()))) for _ in range(4)]
        outcomes = await asyncio.wait_for(asyncio.gather(*sends), 10)
        assert [outcome.kind for outcome in outcomes[1:]] == ["transient"] * 3
        assert "nobody reads" in outcomes[-1].detail
        hearing = asyncio.create_task(asyncio.to_thread(reader.read))
        await asyncio.sleep(0.1)
        assert (await channel.send(delivery_for(payload=long.encode()))).kind == "sent"
        stream.close()
        heard = await hearing
    assert heard.endswith(f"{long}{'─' * 76}\n")
