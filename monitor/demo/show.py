"""PURE: the demo's account for a person: each message as it arrives, and the table at the end."""

import textwrap

from alerts.compose.words import REASONS
from alerts.wording import kind_words
from monitor.demo.message import Message
from monitor.demo.verdict import Verdict

_WIDTH = 130


def arrived(message: Message, seconds: float) -> str:
    """A message as it came: when, its file, why, and for a mail that interrupts the sentence that says so."""
    reason = REASONS.get(message.reason, message.reason)
    if not message.interrupts:
        reason = f"update, {reason.lower()}"
    title = " ".join(message.text.partition("\n\n")[0].split()) if message.channel == "mail" else message.subject
    head = f"[{seconds:5.1f} s] {message.file:13}  " + textwrap.shorten(f"{reason}: {title}", _WIDTH, placeholder=" …")
    if message.channel != "mail" or not message.interrupts:
        return head
    told, *sections = message.text.partition("\n\n")[2].split("\n\n")
    says = next((section for section in sections if section.startswith("It says:")), "")
    lines = [f"Subject: {message.subject}", *told.splitlines(), *says.splitlines()[1:]]
    return "\n".join([head, *(f"            {line}" for line in lines)])


def table(verdict: Verdict) -> str:
    """Event by event: what should have interrupted and what did."""
    head = ("event", "should interrupt", "by mail", "on Slack", "")
    rows = [
        (
            kind_words(row.kind),
            ", ".join(row.expected) or "nothing",
            ", ".join(row.got["mail"]) or "nothing",
            ", ".join(row.got["slack"]) or "nothing",
            "right" if row.right else "WRONG",
        )
        for row in verdict.rows
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)
