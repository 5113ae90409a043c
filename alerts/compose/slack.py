"""PURE: a card as the JSON that Slack takes, for chat.postMessage, chat.update and incoming webhooks alike.

A header, a line, the stage, what changed, fields, the sentence, two to five sources, a context line (reference:
delivery 3). Words of articles stand in plain_text or as the label of a link, where `*`, `_`, `~` and backticks mean
nothing; in mrkdwn they could not be escaped.
"""

import json
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from alerts.compose.blocks import (
    LONGEST_HEADER,
    Block,
    context,
    escaped,
    field,
    label,
    link_to,
    note,
    packed,
    plain,
    said,
    section,
    units,
    within,
)
from alerts.compose.parts import Card, Telling
from alerts.compose.plain import steps_text

LONGEST_TEXT = 3000
MOST_SOURCES = 5
MOST_ITEMS = 15
MOST_FIELDS = 10
_SHORT = 120  # what fits a column of two


def post(card: Card, *, delivery_id: str, threads: bool = False) -> bytes:
    """The JSON bytes: everything of the call but channel and thread_ts, which the delivery knows when it is sent.

    `reply_broadcast` says that a reply in the event's thread must also show in the channel. With `threads` the message
    may become such a reply; `root` is then what the first message of the thread is updated to, the present status.
    Neither is an argument that Slack knows under that name on a webhook: the channel takes them out.
    """
    body: dict[str, Any] = {
        "text": fallback(card),
        "mrkdwn": False,
        "blocks": within(_blocks(card), list(_last(card))),
        "unfurl_links": False,
        "unfurl_media": False,
        "reply_broadcast": card.reason_code == "reversed",
        "metadata": {
            "event_type": "parley_alert",
            "event_payload": {"delivery_id": delivery_id, "event_id": card.event_id, "reason": card.reason_code},
        },
    }
    if threads and card.of_event:
        body["root"] = {"text": fallback(card), "blocks": within(_present(card), [_footer(card)])}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def fallback(card: Card) -> str:
    """The message without blocks: for push notices and screen readers, and alone when the blocks are refused."""
    lines = [card.head, card.note, card.title if card.of_event else "", _reason(card), steps_text(card.steps)]
    lines += [f"Since the last alert: {change}" for change in card.since]
    lines += [f"{card.edited}: old: {edit.old} new: {edit.new}" for edit in card.edits]
    lines += [f"{name}: {value}" for name, value in card.rows]
    lines += [f"“{quote}”" for quote in card.quotes[:1]]
    for item in card.items:
        lines += [": ".join(part for part in (item.tag, item.text) if part), f"{item.outlet} {item.url or ''}".strip()]
    if card.more:
        lines.append(f"and {card.more} more")
    lines += [f"Muted at present: {mute}" for mute in card.mutes]
    lines.append(f"{card.article.outlet}: {card.article.value} {card.article.url or ''}".strip(" :"))
    lines.append(card.timing)
    return escaped("\n".join(text for text in lines if text), LONGEST_TEXT)


def _reason(card: Card) -> str:
    told = " You have been told of this event before." if card.earlier else ""
    return f"{card.reason}. {card.outlets}.{told}" if card.outlets else f"{card.reason}.{told}"


def _blocks(card: Card) -> Iterable[Block]:
    yield {"type": "header", "text": plain(card.head, LONGEST_HEADER)}
    if card.note:
        yield note(card.note)
    # Which event it is stands whole below a header that could not hold it.
    if card.of_event or units(escaped(card.head, 3000)) > LONGEST_HEADER:
        yield said(card.title)
    yield section(f"*{label(card.reason)}*" + (f" · {label(card.outlets)}." if card.outlets else ""))
    if not card.of_event:
        yield from _items(card)
        return
    if card.earlier:
        yield context("You have been told of this event before.")
    yield from _stage(card)
    if card.since:
        yield from packed(["*Since the last alert*", *(f"• {label(change)}" for change in card.since)])
    if card.edits:
        yield section(f"*{label(card.edited)}*")
    for edit in card.edits:
        if edit.moved:
            yield from packed(f"• {label(moved)}" for moved in edit.moved)
        # The fields of a section are what Slack puts side by side; beside each other in plain text, like all quotes.
        yield {"type": "section", "fields": [plain(f"old: {edit.old}", 2000), plain(f"new: {edit.new}", 2000)]}
    yield from _fields(card)
    for quote in card.quotes:
        yield said(f"“{quote}”")
    article = card.article
    yield context(f"{label(article.outlet, 400)}{_when(article)}: {link_to(article.url, article.value)}")
    yield from _sources(card)


def _present(card: Card) -> Iterable[Block]:
    """How the event stands, without what changed: for the head of a thread whose replies tell that."""
    yield {"type": "header", "text": plain(card.head, LONGEST_HEADER)}
    yield said(card.title)
    yield section(f"{label(card.outlets)}.")
    yield from _stage(card)
    yield from _fields(card)
    article = card.article
    yield context(f"{label(article.outlet, 400)}{_when(article)}: {link_to(article.url, article.value)}")
    yield from _sources(card)
    yield context("How it stands now; what came when is in the thread.")


def _stage(card: Card) -> Iterable[Block]:
    marks = {"here": "● *{}*", "off": "✕ *{}*"}
    words = " ─ ".join(marks.get(step.place, "{}").format(label(step.word)) for step in card.steps)
    if words:
        yield context(words)


def _fields(card: Card) -> Iterable[Block]:
    """Short values in two columns, long ones over the whole width."""
    short = [row for row in card.rows if len(row[1]) <= _SHORT][:MOST_FIELDS]
    if short:
        yield {"type": "section", "fields": [field(name, value) for name, value in short]}
    rest = [f"*{label(name)}:* {label(value)}" for name, value in card.rows if (name, value) not in short]
    if rest:
        yield from packed(rest)


def _sources(card: Card) -> Iterable[Block]:
    """Two to five sources besides the alert's own, each value's first witness before anybody's second word."""
    shown: dict[tuple[str, str | None], list[Telling]] = {}
    total = sum(len(fact.tellings) + fact.more for fact in card.facts)
    for row in zip_longest(*(fact.tellings for fact in card.facts)):
        for telling in (telling for telling in row if telling):
            source = (telling.outlet, telling.url)
            if source in shown or len(shown) < MOST_SOURCES:
                shown.setdefault(source, []).append(telling)
    if shown:
        conflicts = [fact for fact in card.facts if fact.conflict]
        heads = (f"{label(fact.label)}: {label(fact.value)} — {label(fact.conflict or '')}" for fact in conflicts)
        yield from packed(["*Who says what*", *heads])
    for tellings in shown.values():
        values = "; ".join(dict.fromkeys(telling.value for telling in tellings if telling.value))
        first = tellings[0]
        words = f"{link_to(first.url, first.outlet)}{_when(first)}: {label(values, 600)}"
        quotes = list(dict.fromkeys(telling.quote for telling in tellings if telling.quote))
        yield {
            "type": "context",
            "elements": [context(words)["elements"][0], *(plain(f"“{quote}”", 1000) for quote in quotes[:3])],
        }
    told = sum(len(tellings) for tellings in shown.values())
    if total > told:
        yield context(f"and {total - told} more")


def _items(card: Card) -> Iterable[Block]:
    for item in card.items[:MOST_ITEMS]:
        yield said(": ".join(part for part in (item.tag, item.text) if part) or "—")
        elements = [context(link_to(item.url, item.outlet))["elements"][0]] if item.outlet else []
        if item.quote:
            elements.append(plain(f"“{item.quote}”", 700))
        if elements:
            yield {"type": "context", "elements": elements}
    more = card.more + len(card.items[MOST_ITEMS:])
    if more:
        yield context(f"and {more} more")


def _last(card: Card) -> Iterable[Block]:
    if card.mutes:
        yield note("Muted at present: " + "; ".join(card.mutes), 1500)
    if not card.of_event and card.article.value:
        yield note(card.article.value)
    if card.rules:
        yield note("Rules: " + ", ".join(card.rules), 1000)
    if card.commands:
        yield note("\n".join(f"{name}: {command}" for name, command in card.commands))
    yield _footer(card)


def _footer(card: Card) -> Block:
    return note(f"{card.timing}\n{card.mark}")


def _when(telling: Telling) -> str:
    return f", {telling.when}" if telling.when else ""
