"""What is known of each channel in this run of the service: whether it works, and what is under way on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from alerts.breaker import Breaker, BreakerState
from alerts.records import Channel, Outcome
from alerts.retry import RetryPolicy


class Log(Protocol):
    """The part of a structlog logger that is used here."""

    def info(self, event: str, **values: object) -> object: ...

    def warning(self, event: str, **values: object) -> object: ...

    def error(self, event: str, **values: object) -> object: ...


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """How a channel does, as far as this run of the service has seen. Times are aware UTC.

    `failures` of the way itself in a row, the first of them at `since`, the last one `because` of (never a secret).
    `last_sent` is the latest acceptance, `under_way` when the oldest attempt that has not ended yet began.
    """

    state: BreakerState = "closed"
    since: datetime | None = None
    because: str = ""
    failures: int = 0
    last_sent: datetime | None = None
    under_way: datetime | None = None


@dataclass(slots=True)
class Way:
    """What is kept of a channel in memory; after a restart it is learnt anew.

    `probed` is the delivery that it was last tried with. `under_way`: when the attempts that have not ended began, by
    delivery. `suspects`: by address, when its failing delivery is tried again, while the ones behind it may show whose
    fault it is.
    """

    name: str
    log: Log
    breaker: Breaker = field(default_factory=Breaker)
    probed: str = ""
    last_sent: datetime | None = None
    under_way: dict[str, datetime] = field(default_factory=dict)
    suspects: dict[str, datetime] = field(default_factory=dict)

    def health(self) -> ChannelHealth:
        known = self.breaker
        oldest = min(self.under_way.values(), default=None)
        return ChannelHealth(known.state, known.since, known.because, known.failures, self.last_sent, oldest)

    def learn(self, outcome: Outcome, now: datetime, policy: RetryPolicy, *, probe: bool) -> Breaker | None:
        """Take in what an attempt shows. When that is that the channel works again, the breaker to go on with.

        That one is not in force yet: first, what waited for the channel must be due, or the new would overtake it.
        """
        before = self.breaker
        after = before.after(outcome, now, policy, probe=probe)
        if after.state == "closed" and before.state != "closed":
            return after
        self.breaker = after
        if before.state == "closed" and after.since and after.probe_at:
            since, next_try = after.since.isoformat(), after.probe_at.isoformat()
            self.log.error("channel down", channel=self.name, since=since, next_try=next_try, because=after.because)
        return None

    def rise(self, works: Breaker, now: datetime, waiting: int) -> None:
        """The channel works again from `now` on, and so many deliveries waited for it."""
        lasted = str(now - (self.breaker.since or now)).split(".")[0]
        self.breaker = works
        self.suspects.clear()
        self.log.info("channel up", channel=self.name, after=lasted, waiting=waiting)


@dataclass(frozen=True, slots=True)
class SentBy:
    """What deliveries are sent by: channels, what is known of each and its kind, all by name, and how they are retried.

    Whoever sends takes one of these at the moment of sending, so that nothing is sent half by the old and half by the
    new. `anew`: the channels that were taken up and are not those of before; what waits for them is tried at once.
    """

    channels: Mapping[str, Channel]
    ways: Mapping[str, Way]
    kinds: Mapping[str, str]
    policy: RetryPolicy
    anew: frozenset[str] = frozenset()
