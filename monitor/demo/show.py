"""PURE: the demo's account for a person: each message as it arrives, and the table at the end."""

import textwrap

from alerts.compose.card import REASONS, kind_words
from monitor.demo.message import Message
from monitor.demo.verdict import Verdict

_WIDTH = 150


def arrived(message: Message, seconds: float) -> str:
    """A message as it came: when, where, why, and its first lines. Updates take one line."""
    reason = REASONS.get(message.reason, message.reason)
    title = " ".join(message.text.partition("\n\n")[0].split()) if message.channel == "mail" else message.subject
    head = f"[{seconds:5.1f} s] {message.channel:5}  "
    if not message.interrupts:
        return head + _short(f"update: {reason.lower()}: {title}  ({message.file})")
    if message.channel != "mail":
        return head + _short(f"{reason}: {title}  ({message.file})")
    body = message.text.partition("\n\n")[2].splitlines()
    lines = [f"{head}{reason}: {title}", f"           subject: {message.subject}  ({message.file})"]
    return "\n".join([*lines, *(f"           | {line}" for line in body[:10])])


def _short(text: str) -> str:
    return textwrap.shorten(text, _WIDTH, placeholder=" …")


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
