"""The console."""

import io
from collections.abc import Callable

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
