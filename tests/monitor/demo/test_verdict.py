from dataclasses import replace

import pytest

from monitor.demo.message import Message
from monitor.demo.script import Script
from monitor.demo.show import arrived, table
from monitor.demo.verdict import Speed, complete, judge, speed

EVENTS = {"talks_round": "ev-talks", "prisoner_exchange": "ev-swap", "remains_repatriation": "ev-bodies"}


def right(script: Script) -> list[Message]:
    """The interrupts of a demo in which everything goes as it should, on both channels."""
    told: list[Message] = []
    kinds = [(event.kind, reason) for event in script.events for reason in event.interrupts]
    articles = {}
    for item in script.items:
        if item.expects in ("new", "advanced", "reversed"):
            articles.setdefault(item.expects, []).append(item.path)
    for number, (kind, reason) in enumerate(kinds, 1):
        path = articles[reason].pop(0)
        mail = Message(
            "mail",
            f"{number:02d}-mail.eml",
            EVENTS[kind],
            kind,
            reason,
            "subject",
            path,
            "Title\n\nNew. 1 outlet.\n\nWhat: X",
        )
        told += [mail, replace(mail, channel="slack", file=f"{number:02d}-slack.json", subject="Title", text="Title")]
    return told


def test_what_was_expected_is_right(script: Script) -> None:
    verdict = judge(script, right(script))
    assert verdict.faults == ()
    assert [row.right for row in verdict.rows] == [True] * len(script.events)
    assert complete(script, right(script))


def test_a_missing_interrupt_is_a_fault_and_leaves_the_demo_incomplete(script: Script) -> None:
    messages = [message for message in right(script) if message.reason != "reversed"]
    assert not complete(script, messages)
    [fault] = judge(script, messages).faults
    assert fault == ("talks_round: expected new, reversed, advanced; mail got new, advanced; slack got new, advanced")


def test_a_second_interrupt_of_one_phase_is_a_fault(script: Script) -> None:
    messages = right(script)
    assert any(
        "remains_repatriation: expected new" in fault for fault in judge(script, [*messages, *messages[-2:]]).faults
    )


def test_an_event_nobody_expected_is_a_row_of_its_own(script: Script) -> None:
    messages = right(script)
    stray = [replace(message, event_id="ev-other") for message in messages[:2]]
    verdict = judge(script, [*messages, *stray])
    assert verdict.rows[-1].expected == ()
    assert "talks_round: expected nothing; mail got new; slack got new" in verdict.faults


def test_a_message_on_one_channel_only_is_a_fault(script: Script) -> None:
    faults = judge(script, right(script)[:-1]).faults
    assert any("do not tell the same" in fault for fault in faults)
    assert any("slack got nothing" in fault for fault in faults)


@pytest.mark.parametrize("reason", ["new", "confirmed"])
def test_any_message_from_a_quiet_article_is_a_fault(script: Script, reason: str) -> None:
    quiet = next(item for item in script.items if item.expects == "quiet")
    stray = [replace(message, reason=reason, article=quiet.path) for message in right(script)[:2]]
    assert any(f"{reason} from {quiet.id}, which should be quiet" in fault for fault in judge(script, stray).faults)


def test_an_update_from_an_article_that_adds_a_source_is_no_fault(script: Script) -> None:
    source = next(item for item in script.items if item.expects == "confirmed")
    messages = right(script)
    updates = [replace(message, reason="confirmed", article=source.path) for message in messages[:2]]
    assert judge(script, [*messages, *updates]).faults == ()


def test_an_interrupt_from_the_wrong_article_is_a_fault(script: Script) -> None:
    source = next(item for item in script.items if item.expects == "confirmed")
    messages = [replace(message, article=source.path) for message in right(script)]
    assert all("which should be confirmed" in fault for fault in judge(script, messages).faults)
    assert judge(script, messages).faults


def test_a_link_that_leads_elsewhere_is_a_fault(script: Script) -> None:
    messages = [replace(message, article="/nowhere.html") for message in right(script)]
    assert any("no page of the newsroom" in fault for fault in judge(script, messages).faults)


def test_the_speed_is_the_median_and_what_95_of_100_messages_stay_within() -> None:
    assert speed([0.4]) == Speed(1, 0.4, 0.4)
    assert speed([float(n) for n in range(100, 0, -1)]) == Speed(100, 50.5, 95.0)


def test_the_table_shows_every_event_and_marks_what_is_wrong(script: Script) -> None:
    text = table(judge(script, right(script)[2:]))
    assert "Talks round" in text
    assert text.count("WRONG") == 1
    assert text.count("right") == len(script.events) - 1


def test_the_account_quotes_an_interrupt_and_gives_an_update_one_line(script: Script) -> None:
    mail, post = right(script)[:2]
    text = "Title\nin two lines\n\nNew. 1 outlet.\n\nWhat: X\n\nIt says:\n  “They met.”\n  — Courier\n\nWatch w"
    assert arrived(replace(mail, text=text), 1.25).splitlines() == [
        "[  1.2 s] 01-mail.eml    New: Title in two lines",
        "            Subject: subject",
        "            New. 1 outlet.",
        "              “They met.”",
        "              — Courier",
    ]
    assert arrived(post, 2.0) == "[  2.0 s] 01-slack.json  New: Title"
    assert (
        arrived(replace(mail, reason="confirmed"), 3.0)
        == "[  3.0 s] 01-mail.eml    update, confirmed by more outlets: Title"
    )
