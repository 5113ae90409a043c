"""How many independent newsrooms tell an event: families, after copies are taken out (DESIGN §4)."""

from collections.abc import Sequence

from monitor.records import Event, Saying
from monitor.resolve.shingles import COPY, containment


def is_copy(sketch: tuple[int, ...], sayings: Sequence[Saying], url: str) -> bool:
    """Whether a text shares half of the shorter one's shingles with another article that tells the event."""
    return any(s.url != url and containment(sketch, s.sketch) >= COPY for s in sayings)


def families(event: Event) -> int:
    """Independent newsrooms that tell the event as news; at least one for an event that anybody told."""
    return max(1, len({s.family for s in event.sayings if s.independent and s.claim.role == "news"}))


def articles(event: Event) -> int:
    """Articles that tell or recall the event, by address."""
    return len({s.url for s in event.sayings})
