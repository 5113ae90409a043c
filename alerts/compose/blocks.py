"""PURE: the pieces of a Slack message, each within its limit and with nothing in it that Slack would obey.

Sources of the limits: Slack's block reference (50 blocks, header 150, section 3,000, field 2,000) and
slackapi/bolt-js#2509 (about 13,200 characters of blocks in all). Over a limit Slack refuses the whole message, so all
is cut here.
"""

from collections.abc import Iterable
from typing import Any

MOST_BLOCKS = 50
LONGEST_HEADER = 150
LONGEST_SECTION = 3000
LONGEST_FIELD = 2000
LONGEST_ALL = 12_000
LONGEST_ADDRESS = 1800
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_FORMATTING = str.maketrans(dict.fromkeys("*_~`", ""))
Block = dict[str, Any]


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


def within(blocks: Iterable[Block], last: list[Block]) -> list[Block]:
    """As many of `blocks` as there is room for, and always `last`."""
    kept: list[Block] = []
    more = context("There is more than one Slack message holds; the log and the store have all of it.")
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


def plain(text: str, limit: int) -> Block:
    """Text in which nothing has a meaning."""
    return {"type": "plain_text", "text": escaped(text, limit), "emoji": False}


def said(text: str) -> Block:
    """A section of plain text."""
    return {"type": "section", "text": plain(text, LONGEST_SECTION)}


def field(name: str, value: str) -> Block:
    """One of the fields of a section, its name in bold above the value."""
    return _mrkdwn(f"*{label(name)}*\n{label(value, 1500)}")


def section(mrkdwn: str) -> Block:
    """A section of mrkdwn, whose parts must have gone through `label` or `link_to`."""
    return {"type": "section", "text": _mrkdwn(mrkdwn)}


def context(mrkdwn: str) -> Block:
    """A small grey line of mrkdwn, whose parts must have gone through `label` or `link_to`."""
    return {"type": "context", "elements": [_mrkdwn(mrkdwn)]}


def note(text: str, limit: int = LONGEST_FIELD) -> Block:
    """A small grey line of names and ids, whose underscores must stay: plain text."""
    return {"type": "context", "elements": [plain(text, limit)]}


def packed(lines: Iterable[str]) -> Iterable[Block]:
    """As few sections as hold the lines; no line is longer than a section."""
    together = ""
    for text in lines:
        if together and units(together) + 1 + units(text) > LONGEST_SECTION:
            yield section(together)
            together = ""
        together = f"{together}\n{text}" if together else text
    yield section(together)


def label(text: str, limit: int = 1000) -> str:
    """A value of ours or of the watch inside mrkdwn: escaped, and without the characters that would format it."""
    return escaped(text.translate(_FORMATTING), limit)


def link_to(url: str | None, words: str) -> str:
    """A link in mrkdwn, or the words alone when there is no address that Slack would take."""
    address = escaped(url, units(url) * 5 + 1) if url else ""
    if not address or units(address) > LONGEST_ADDRESS:
        return label(words, 400) or "—"  # Slack refuses an empty text
    return f"<{address}|{escaped(words.replace('|', '/'), 400) or '—'}>"


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
