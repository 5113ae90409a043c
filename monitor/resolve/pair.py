"""One claim beside one event, with the signs found so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.records import Event, Identity
from monitor.resolve.times import Reading, When, of_event


@dataclass(slots=True)
class Pair:
    """`known` are all events of the kind. `counts`: whether both counts can be of one event, None when one has none.

    `same_ordinal`: both bear one ordinal of one series. `fits` and `vetoes` are names, in the order in which found.
    """

    reading: Reading
    event: Event
    known: Sequence[Event]
    identity: Identity
    counts: bool | None
    same_ordinal: bool = False
    fits: list[str] = field(default_factory=list)
    vetoes: list[str] = field(default_factory=list)

    @property
    def own(self) -> When:
        """The days of the event."""
        return of_event(self.event)
