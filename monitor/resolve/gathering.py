"""The changes that one article made to one event, taken together: people are told of an article once."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from alerts.records import Change

T = TypeVar("T", bound=Hashable)


def gathered(changes: Sequence[Change]) -> tuple[Change, ...]:
    """One change per event, in the order in which the events were first touched.

    It leads from what stood before the first claim to what stands after the last. Its sentences begin with those of the
    claim that tells the status at which the event now stands.
    """
    by_event: dict[str, list[Change]] = {}
    for change in changes:
        by_event.setdefault(change.event.id, []).append(change)
    return tuple(each[0] if len(each) == 1 else _together(each) for each in by_event.values())


def _together(changes: Sequence[Change]) -> Change:
    first, last = changes[0], changes[-1]
    telling = next((c for c in reversed(changes) if c.said_status == last.event.status), first)
    ordered = [telling, *(c for c in changes if c is not telling)]
    return replace(
        last,
        before=first.before,
        moves=_once(move for c in changes for move in c.moves),
        said_status=telling.said_status,
        quotes=_once(quote for c in ordered for quote in c.quotes),
        rules=_once(rule for c in ordered for rule in c.rules),
        told=first.told,
        since=_once(fact for c in changes for fact in c.since),
        edits=_once(edit for c in changes for edit in c.edits),
        fresh=any(c.fresh for c in changes),
        alerted=any(c.alerted for c in changes),
    )


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
