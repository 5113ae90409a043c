"""PURE: a card as the JSON that Slack takes, for chat.postMessage and for incoming webhooks alike.

Sources of the limits: Slack's block reference (50 blocks, header 150, section 3,000, field 2,000) and
slackapi/bolt-js#2509 (about 13,200 characters of blocks in all). Over a limit Slack refuses the whole message, so all
is cut here. Words of articles stand in plain_text or as the label of a link, where `*`, `_`, `~` and backticks mean
nothing; in mrkdwn they could not be escaped.
"""

import json
from collections.abc import Iterable
from typing import Any

from alerts.compose.card import Card, FactCard, Telling

MOST_BLOCKS = 50
LONGEST_HEADER = 150
LONGEST_SECTION = 3000
LONGEST_FIELD = 2000
LONGEST_ALL = 12_000
LONGEST_TEXT = 3000
LONGEST_ADDRESS = 1800
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_FORMATTING = str.maketrans(dict.fromkeys("*_~`", ""))
Block = dict[str, Any]


def post(card: Card, *, delivery_id: str) -> bytes:
    """The JSON bytes: everything of the call but channel and thread_ts, which the delivery knows when it is sent.

    `reply_broadcast` says that a reply in the event's thread must also show in the channel.
    """
    body = {
        "text": fallback(card),
        "mrkdwn": False,
        "blocks": _within(_blocks(card), list(_last(card))),
        "unfurl_links": False,
        "unfurl_media": False,
        "reply_broadcast": card.reason_code in ("reversed", "advanced"),
        "metadata": {
            "event_type": "parley_alert",
            "event_payload": {"delivery_id": delivery_id, "event_id": card.event_id, "reason": card.reason_code},
        },
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def fallback(card: Card) -> str:
    """The message without blocks: for push notices and screen readers, and alone when the blocks are refused."""
    lines = [card.title, f"{card.reason}. {card.outlets}."]
    lines += [f"{label}: {value}" for label, value in card.rows]
    lines += [f"Since the last alert: {change}" for change in card.since]
    lines += [f"{card.edited}: old: {edit.old} new: {edit.new}" for edit in card.edits]
    lines += [f"“{quote}”" for quote in card.quotes[:1]]
    lines.append(f"{card.article.outlet}: {card.article.value} {card.article.url or ''}".rstrip())
    lines.append(card.timing)
    return escaped("\n".join(lines), LONGEST_TEXT)


def escaped(text: str, limit: int) -> str:
    """`text` with exactly & < > escaped, cut so that the result is at most `limit` UTF-16 units and no entity broken.

    UTF-16, because what Slack counts is not written down and this is the larger of the likely ways.
    """
    whole = "".join(_ENTITIES.get(character, character) for character in text)
    if units(whole) <= limit:
        return whole
    kept: list[str] = []
    room = limit - 1
    for character in text:
        piece = _ENTITIES.get(character, character)
        room -= units(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + "…"


def units(text: str) -> int:
    """The length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def _within(blocks: Iterable[Block], last: list[Block]) -> list[Block]:
    """As many of `blocks` as there is room for, and always `last`."""
    kept: list[Block] = []
    more = _context("There is more than one Slack message holds; the log and the store have all of it.")
    room = LONGEST_ALL - _cost(last) - _cost(more)
    for block in blocks:
        cost = _cost(block)
        if len(kept) + 1 + len(last) == MOST_BLOCKS or cost > room:
            kept.append(more)
            break
        room -= cost
        kept.append(block)
    return kept + last


def _cost(part: object) -> int:
    if isinstance(part, str):
        return units(part)
    if isinstance(part, dict):
        return sum(_cost(value) for value in part.values())
    return sum(_cost(value) for value in part) if isinstance(part, list) else 0


def _blocks(card: Card) -> Iterable[Block]:
    yield {"type": "header", "text": _plain(card.title, LONGEST_HEADER)}
    told = " You have been told of this event before." if card.earlier else ""
    if units(escaped(card.title, LONGEST_SECTION)) > LONGEST_HEADER:
        yield _said(card.title)  # the header holds 150 characters; the whole line stands below it
    yield _section(f"*{_label(card.reason)}* · {_label(card.outlets)}.{told}")
    yield from _sections(f"*{_label(label)}:* {_label(value)}" for label, value in card.rows)
    if card.since:
        yield from _sections(["*Since the last alert*", *(f"• {_label(change)}" for change in card.since)])
    if card.edits:
        yield _section(f"*{_label(card.edited)}*")
    for edit in card.edits:
        if edit.moved:
            yield from _sections(f"• {_label(moved)}" for moved in edit.moved)
        # The fields of a section are what Slack puts side by side; beside each other in plain text, like all quotes.
        yield {"type": "section", "fields": [_field("old: ", edit.old), _field("new: ", edit.new)]}
    for quote in card.quotes:
        yield _said(f"“{quote}”")
    yield _context(f"{_label(card.article.outlet, 400)}: {_link(card.article.url, card.article.value)}")
    for fact in card.facts:
        yield from _fact(fact)


def _last(card: Card) -> Iterable[Block]:
    yield _context(_label(card.timing))
    if card.rules:
        yield _note("Rules: " + ", ".join(card.rules))
    yield _note(f"Watch {card.watch}, event {card.event_id}")


def _fact(fact: FactCard) -> Iterable[Block]:
    yield {"type": "divider"}
    yield _section(f"*{_label(fact.label)}:* {_label(fact.value)}")
    for telling in fact.tellings:
        yield _context(_teller(telling))
        if telling.quote:
            yield _said(f"“{telling.quote}”")
    if fact.more:
        yield _context(f"and {fact.more} more")


def _teller(telling: Telling) -> str:
    return f"{_label(telling.value, 400)}: {_link(telling.url, telling.outlet)}"


def _said(text: str) -> Block:
    return {"type": "section", "text": _plain(text, LONGEST_SECTION)}


def _field(label: str, text: str) -> Block:
    return _plain(f"{label}{text}", LONGEST_FIELD)


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": escaped(text, limit), "emoji": False}


def _sections(lines: Iterable[str]) -> Iterable[Block]:
    """As few sections as hold the lines; no line is longer than a section."""
    packed = ""
    for text in lines:
        if packed and units(packed) + 1 + units(text) > LONGEST_SECTION:
            yield _section(packed)
            packed = ""
        packed = f"{packed}\n{text}" if packed else text
    yield _section(packed)


def _section(mrkdwn: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}}


def _context(mrkdwn: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn, "verbatim": True}]}


def _note(text: str) -> Block:
    """Names and ids, whose underscores must stay: plain text."""
    return {"type": "context", "elements": [_plain(text, 2000)]}


def _label(text: str, limit: int = 1000) -> str:
    """A value of ours or of the watch inside mrkdwn: escaped, and without the characters that would format it."""
    return escaped(text.translate(_FORMATTING), limit)


def _link(url: str | None, label: str) -> str:
    address = escaped(url, units(url) * 5 + 1) if url else ""
    if not address or units(address) > LONGEST_ADDRESS:
        return _label(label, 400)
    return f"<{address}|{escaped(label.replace('|', '/'), 400)}>"
