"""PURE: days and topics in English words, the same in a headline and in a message."""

from datetime import date, timedelta

from alerts.records import Span

# strftime would follow the locale of the process, and the bytes must not
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def day_words(day: date) -> str:
    """2 June 2025."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def days_words(span: Span) -> str:
    """2 June 2025, or 23–25 May 2025, or 30 May – 2 June 2025; of what only its publication dates, that day."""
    start, end = span.start, span.end
    if start == end or span.basis == "publication":
        return day_words(end)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}–{day_words(end)}"
    first = day_words(start) if start.year != end.year else f"{start.day} {_MONTHS[start.month - 1]}"
    return f"{first} – {day_words(end)}"


def kind_words(kind: str, label: str = "") -> str:
    """What a topic's file calls its events, with a capital; without a label, the topic's id with spaces."""
    words = " ".join((label or kind.replace("_", " ").replace("-", " ")).split())
    return words[:1].upper() + words[1:] or "Event"


def count_words(side: str, number: int) -> str:
    """1,000 each, 538 in all, 6,000 from Russia to Ukraine, by the keys of `counts`."""
    if side == "total":
        return f"{number:,} in all"
    giver, arrow, taker = side.partition("->")
    return f"{number:,} from {giver} to {taker}" if arrow else f"{number:,} {side}"


def span_words(span: timedelta) -> str:
    """45 s, 30 min, 3 h, 2 h 30 min, 4 d 2 h: to the minute below two days, to the hour above."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
