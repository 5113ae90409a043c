"""How many independent newsrooms tell an event: families, after copies are taken out (DESIGN §4)."""

from collections.abc import Sequence
from dataclasses import replace

from monitor.records import Event, Saying
from monitor.resolve.shingles import COPY, containment


def is_copy(sketch: tuple[int, ...], sayings: Sequence[Saying], url: str) -> bool:
    """Whether a text shares half of the shorter one's shingles with another article that tells the event."""
    return any(s.url != url and containment(sketch, s.sketch) >= COPY for s in sayings)


def families(event: Event) -> int:
    """Independent newsrooms that tell the event as news; at least one for an event that anybody tells."""
    if not event.sayings:
        return 0
    return max(1, len({s.family for s in event.sayings if s.independent and s.claim.role == "news"}))


def recounted(sayings: Sequence[Saying]) -> tuple[Saying, ...]:
    """What is left of an event's sayings: a copy whose original is gone stands for it from now on."""
    left: list[Saying] = []
    originals = [saying for saying in sayings if saying.independent]
    for saying in sayings:
        orphan = not saying.independent and not is_copy(saying.sketch, (*originals, *left), saying.url)
        left.append(replace(saying, independent=True) if orphan else saying)
    return tuple(left)


def articles(event: Event) -> int:
    """Articles that tell or recall the event, by address."""
    return len({s.url for s in event.sayings})
