"""Labels as they stand beside a saved article → gold events, or every fault in them.

    "events": [{"kind": "talks_round", "status": "concluded", "date": "2025-06-02", "place": "Istanbul", "ordinal": 2,
                "counts": {}, "role": "news", "event_id": "ru-ua.talks.2025-06-02.istanbul"}]

`kind`, `status` and `role` must be there. `date` is a day or two with a slash between, of the event itself, also where
the text does not say it. `counts` is only what the text says. `role` is news when the article tells the event as its
news, background when it recalls it. Without `events` an article has no labels; an empty list says it tells nothing.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import get_args

from extractors.records import Role, Status
from monitor.scoring.records import Days, Gold

# The topics that come along: a corpus has labels of all of them, also where the watch tracks fewer.
KINDS = (
    "talks_round", "prisoner_exchange", "remains_repatriation", "children_return", "ceasefire_proposal", "memorandum",
    "summit",
)  # fmt: skip


def labels(
    about: Mapping[str, object], kinds: Collection[str] = KINDS
) -> tuple[tuple[Gold, ...] | None, tuple[str, ...]]:
    """The gold events of one article and what is wrong with its labels, one message a fault; None: it has no labels.

    `about` is the article's line as it stands, `kinds` are the topics that labels may name.
    """
    events = about.get("events")
    if events is None:
        return None, ()
    faults = [*_of_article(about)]
    if not isinstance(events, list):
        return (), (*faults, "events: should be a list of events")
    gold = []
    for place, event in enumerate(events):
        where = f"events[{place}]"
        if not isinstance(event, dict):
            faults.append(f"{where}: should be an object with kind, status and role")
            continue
        wrong = [f"{where}.{each}" for each in _of_event(event, kinds)]
        faults += wrong
        if not wrong:
            gold.append(_gold(event))
    return tuple(gold), tuple(faults)


def days(text: str) -> Days:
    """`2025-06-02` or `2025-05-23/2025-05-25`; ValueError for what is neither, or ends before it begins."""
    first, _, last = text.partition("/")
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
    if end < start:
        raise ValueError("it ends before it begins")
    return Days(start, end)


def _of_article(about: Mapping[str, object]) -> Iterator[str]:
    if not about.get("url"):
        yield "url: this key is missing; alerts are judged by the address of their article"


def _of_event(event: Mapping[str, object], kinds: Collection[str]) -> Iterator[str]:
    for key, known in (("kind", tuple(kinds)), ("status", get_args(Status)), ("role", get_args(Role))):
        value = event.get(key)
        if value is None:
            yield f"{key}: this key is missing; known: {', '.join(known)}"
        elif value not in known:
            yield f"{key}: {value!r} is unknown; known: {', '.join(known)}"
    date = event.get("date")
    if date:
        try:
            days(date if isinstance(date, str) else "")
        except ValueError:
            yield f"date: {date!r} is no date: write 2025-05-16, or 2025-05-23/2025-05-25"
    for key in ("place", "event_id"):
        if not isinstance(event.get(key), str | None):
            yield f"{key}: should be text"
    if not _whole(event.get("ordinal") or 0):
        yield "ordinal: should be a whole number"
    counts = event.get("counts") or {}
    if not isinstance(counts, dict) or not all(map(_whole, counts.values())):
        yield "counts: should be an object of whole numbers"


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _gold(event: Mapping[str, object]) -> Gold:
    """An event without faults as a record."""
    date, counts, ordinal = event.get("date"), event.get("counts"), event.get("ordinal")
    return Gold(
        kind=str(event["kind"]),
        status=str(event["status"]),
        role=str(event["role"]),
        date=days(date) if isinstance(date, str) and date else None,
        place=_text(event.get("place")),
        ordinal=ordinal if isinstance(ordinal, int) and ordinal else None,
        counts=dict(counts) if isinstance(counts, dict) else {},
        event=_text(event.get("event_id")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
