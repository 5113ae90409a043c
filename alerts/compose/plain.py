"""PURE: a card as plain text, complete on its own: the text part of mail, and what the console prints."""

import textwrap

from alerts.compose.parts import Card, FactCard, Step, Telling

_WIDTH = 76


def text_of(card: Card) -> str:
    """Lines of at most 76 columns where words allow; links and commands are never broken, so that they work.

    The first lines say how it stands and with which event, as in every other form.
    """
    lines = [*_wrap(card.head), *_wrap(card.note)]
    lines += _told(card) if card.of_event else _gathered(card)
    lines += ["", *_wrap(card.timing)]
    if card.rules:
        lines += _wrap("Rules: " + ", ".join(card.rules))
    lines += _wrap(card.mark)
    lines += [f"{label}: {command}" for label, command in card.commands]
    return "\n".join(lines) + "\n"


def steps_text(steps: tuple[Step, ...]) -> str:
    """ "planned ─ [agreed] ─ happened": the place where it stands in brackets, a cross where it went off."""
    marks = {"here": "[{}]", "off": "[✕ {}]"}
    return " ─ ".join(marks.get(step.place, "{}").format(step.word) for step in steps)


def _told(card: Card) -> list[str]:
    lines = ["", *_wrap(card.title), *_wrap(f"{card.reason}. {card.outlets}.")]
    if card.earlier:
        lines += _wrap("You have been told of this event before.")
    if card.steps:
        lines.append(steps_text(card.steps))
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
    lines.append("")
    width = max(len(label) for label, _ in card.rows) + 2
    for label, value in card.rows:
        lines += _wrap(value, first=f"{label + ':':<{width}}", rest=" " * width)
    lines += ["", "It says:"] if card.quotes else [""]
    for quote in card.quotes:
        lines += _wrap(f"“{quote}”", first="  ", rest="  ")
    lines += _source(card.article)
    if card.facts:
        lines += ["", "Who says what:"]
        for fact in card.facts:
            lines += _fact(fact)
    return lines


def _gathered(card: Card) -> list[str]:
    lines = _wrap(f"{card.reason}. {card.outlets}." if card.outlets else f"{card.reason}.")
    for item in card.items:
        lines += ["", *_wrap(f"{item.tag}: {item.text}" if item.tag else item.text, first="- ", rest="  ")]
        if item.quote:
            lines += _wrap(f"“{item.quote}”", first="  ", rest="  ")
        if item.outlet:
            lines += _wrap(f"— {item.outlet}", first="  ", rest="    ")
        if item.url:
            lines.append(f"  {item.url}")
    if card.more:
        lines += ["", f"and {card.more} more"]
    if card.mutes:
        lines += ["", "Muted at present:"]
        for mute in card.mutes:
            lines += _wrap(mute, first="  - ", rest="    ")
    if card.article.value:
        lines += ["", *_wrap(card.article.value)]
    return lines


def _fact(fact: FactCard) -> list[str]:
    lines = _wrap(f"{fact.label}: {fact.told}", first="  ", rest="    ")
    for telling in (telling for group in fact.groups for telling in group):
        lines += _wrap(f"{telling.value}: {who(telling)}", first="    - ", rest="      ")
        if telling.quote:
            lines += _wrap(f"“{telling.quote}”", first="      ", rest="      ")
        if telling.url:
            lines.append(f"      {telling.url}")
    if fact.more:
        lines.append(f"    and {fact.more} more")
    return lines


def _source(article: Telling) -> list[str]:
    lines = _wrap(f"{who(article)}: {article.value}", first="  — ", rest="    ")
    return [*lines, f"    {article.url}"] if article.url else lines


def who(telling: Telling) -> str:
    """The outlet, and when it said so."""
    return f"{telling.outlet}, {telling.when}" if telling.when else telling.outlet


def _wrap(text: str, *, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
