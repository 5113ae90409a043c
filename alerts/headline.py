"""What happened in one line, from an alert's slots alone: "Second round of talks between Russia and Ukraine …".

English, like the names of a watch. Topics without an entry in the table are worded from their own name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.records import PHASES, Span

ORDINALS = (
    "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth",
    "Eleventh", "Twelfth",
)  # fmt: skip
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one kind: what it is, and how its end is called."""

    noun: str
    concluded: str = "concluded"


WORDINGS: Mapping[str, Wording] = {
    "talks_round": Wording("round of talks"),
    "prisoner_exchange": Wording("prisoner exchange", "carried out"),
    "remains_repatriation": Wording("return of bodies", "carried out"),
    "children_return": Wording("return of children", "carried out"),
    "ceasefire_proposal": Wording("ceasefire"),
    "memorandum": Wording("memorandum"),
    "summit": Wording("summit"),
}


def headline(
    *,
    kind: str,
    status: str,
    parties: Sequence[str],
    ordinal: int | None,
    place: str | None,
    date: Span | None,
    counts: Mapping[str, int],
    moved: bool = False,
) -> str:
    """One line without a full stop. `moved`: the plan was put off to `date`, which is then the new one."""
    wording = WORDINGS.get(kind, Wording(kind.replace("_", " ")))
    noun = f"{ordinal_word(ordinal)} {wording.noun}" if ordinal else wording.noun
    state = {"underway": "under way", "concluded": wording.concluded}.get(status, status)
    line = f"{noun[:1].upper()}{noun[1:]}{_between(parties, counts)} {state}"
    if place:
        line += f" in {place}"
    if date is not None:
        line += _dated(date, status, moved=moved)
    told = counts_text(counts)
    return f"{line}: {told}" if told else line


def ordinal_word(number: int) -> str:
    """ "Second" for 2; in figures with its ending past twelve: "21st"."""
    if 1 <= number <= len(ORDINALS):
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
    days, phase = days_text(date), PHASES.get(status)
    if date.basis == "publication":
        return f", reported {days}"
    if phase == "off":
        return f" to {days}" if moved else f", planned for {days}"
    return f" for {days}" if phase == "ahead" else f", {days}"


def days_text(date: Span) -> str:
    """ "2 June 2025", "23–25 May 2025", "30 May – 2 June 2025"."""
    start, end = date.start, date.end
    last = f"{end.day} {MONTHS[end.month - 1]} {end.year}"
    if start == end:
        return last
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}–{last}"
    year = f" {start.year}" if start.year != end.year else ""
    return f"{start.day} {MONTHS[start.month - 1]}{year} – {last}"


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
