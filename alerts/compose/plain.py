"""PURE: a card as plain text, complete on its own: the text part of mail, and what the console prints."""

import textwrap

from alerts.compose.card import Card, FactCard, Telling

_WIDTH = 76


def text_of(card: Card) -> str:
    """Lines of at most 76 columns where words allow; links are never broken, so that they stay links."""
    lines = [*_wrap(card.title), "", *_wrap(f"{card.reason}. {card.outlets}.")]
    if card.earlier:
        lines += _wrap("You have been told of this event before.")
    lines.append("")
    width = max(len(label) for label, _ in card.rows) + 2
    for label, value in card.rows:
        lines += _wrap(value, first=f"{label + ':':<{width}}", rest=" " * width)
    if card.since:
        lines += ["", "Since the last alert:"]
        for change in card.since:
            lines += _wrap(change, first="  - ", rest="    ")
    if card.edits:
        lines += ["", f"{card.edited}:"]
        for edit in card.edits:
            for moved in edit.moved:
                lines += _wrap(moved, first="  - ", rest="    ")
            lines += _wrap(edit.old, first="  old: ", rest="       ")
            lines += _wrap(edit.new, first="  new: ", rest="       ")
    if card.quotes:
        lines += ["", "It says:"]
    for quote in card.quotes:
        lines += _wrap(f"“{quote}”", first="  ", rest="  ")
    lines += _source(card.article)
    if card.facts:
        lines += ["", "Who says what:"]
        for fact in card.facts:
            lines += _fact(fact)
    lines += ["", *_wrap(card.timing)]
    if card.rules:
        lines += _wrap("Rules: " + ", ".join(card.rules))
    lines += _wrap(f"Watch {card.watch}, event {card.event_id}")
    return "\n".join(lines) + "\n"


def _fact(fact: FactCard) -> list[str]:
    lines = _wrap(f"{fact.label}: {fact.value}", first="  ", rest="    ")
    for telling in fact.tellings:
        lines += _wrap(f"{telling.value}: {telling.outlet}", first="    - ", rest="      ")
        if telling.quote:
            lines += _wrap(f"“{telling.quote}”", first="      ", rest="      ")
        if telling.url:
            lines.append(f"      {telling.url}")
    if fact.more:
        lines.append(f"    and {fact.more} more")
    return lines


def _source(article: Telling) -> list[str]:
    lines = _wrap(f"{article.outlet}: {article.value}", first="  — ", rest="    ")
    return [*lines, f"    {article.url}"] if article.url else lines


def _wrap(text: str, *, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
