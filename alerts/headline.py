"""What happened in one line, from an alert's slots alone: "Second round of talks between Russia and Ukraine …".

English, like the names of a watch and the labels of topics.
"""

from collections.abc import Mapping, Sequence

from alerts.records import PHASES, Span
from alerts.wording import days_words, kind_words

ORDINALS = (
    "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth",
    "Eleventh", "Twelfth",
)  # fmt: skip


def headline(
    *,
    kind: str,
    label: str,
    done: str,
    status: str,
    parties: Sequence[str],
    ordinal: int | None,
    place: str | None,
    date: Span | None,
    counts: Mapping[str, int],
    moved: bool = False,
) -> str:
    """One line without a full stop.

    `label` and `done` are what the topic's file calls the event and its end; without a label the topic's id serves.
    `moved`: the plan was put off to `date`, which is then the new one.
    """
    noun = kind_words(kind, label)
    if ordinal:
        noun = f"{ordinal_word(ordinal)} {noun[:1].lower()}{noun[1:]}"
    state = {"underway": "under way", "concluded": done}.get(status, status)
    line = f"{noun}{_between(parties, counts)} {state}"
    if place:
        line += f" in {place}"
    if date is not None:
        line += _dated(date, status, moved=moved)
    told = counts_text(counts)
    return f"{line}: {told}" if told else line


def ordinal_word(number: int, *, figures: bool = False) -> str:
    """ "Second" for 2; with `figures`, and past twelve, with its ending: "2nd", "21st"."""
    if 1 <= number <= len(ORDINALS) and not figures:
        return ORDINALS[number - 1]
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _between(parties: Sequence[str], counts: Mapping[str, int]) -> str:
    directions = [key for key in sorted(counts) if "->" in key]
    if len(directions) == 1 and len(counts) == 1:
        giver, _, taker = directions[0].partition("->")
        return f" from {giver} to {taker}"
    if len(parties) == 2:
        return f" between {parties[0]} and {parties[1]}"
    return f" of {', '.join(parties[:-1])} and {parties[-1]}" if len(parties) > 2 else ""


def _dated(date: Span, status: str, *, moved: bool) -> str:
    days, phase = days_words(date), PHASES.get(status)
    if date.basis == "publication":
        return f", reported {days}"
    if phase == "off":
        return f" to {days}" if moved else f", planned for {days}"
    return f" for {days}" if phase == "ahead" else f", {days}"


def counts_text(counts: Mapping[str, int]) -> str:
    """As in "1,000 each", "277 to Ukraine, 246 to Russia", "538 in all"; bare where the line names the direction."""
    directions = [key for key in sorted(counts) if "->" in key]
    if len(directions) == 1 and len(counts) == 1:
        return f"{counts[directions[0]]:,}"
    each = counts.get("each")
    told = [f"{each:,} each"] if each is not None else []
    # what "each" says already is not said again
    told += [f"{counts[key]:,} to {key.partition('->')[2]}" for key in directions if counts[key] != each]
    if "total" in counts and counts["total"] != each:
        told.append(f"{counts['total']:,} in all")
    return ", ".join(told)
