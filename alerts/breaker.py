"""PURE: when a channel is taken for down, what it is tried with meanwhile, and when it is taken for up again.

Only failures of the way count (`Outcome.wide`, refused credentials): what one target or one message brings about says
nothing of the others (reference: delivery 5).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from alerts.records import Outcome
from alerts.retry import AGAIN, RetryPolicy

BreakerState = Literal["closed", "open", "half-open"]
_ANSWERED: frozenset[str] = frozenset({"sent", "bad_target", "bad_content"})
_ASIDE = 10  # after so many probes in vain, another delivery is tried as well: the first may be all that is wrong


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is known of a channel. Times are aware UTC.

    `failures` of the way in a row, the first of them at `since`, the last one's `because`. Open while there is a
    `probe_at`: then nothing is sent but one delivery at that moment (`probing` while it is under way). `aside`: the
    next probe is to be another delivery than the last. `rest`: the far end asked all of us to wait until then.
    """

    failures: int = 0
    since: datetime | None = None
    because: str = ""
    probe_at: datetime | None = None
    probing: bool = False
    probes: int = 0
    aside: bool = False
    rest: datetime | None = None

    @property
    def state(self) -> BreakerState:
        if self.probe_at is None:
            return "closed"
        return "half-open" if self.probing else "open"

    def lets(self, now: datetime) -> bool:
        """Whether deliveries may be sent as usual."""
        return self.probe_at is None and (self.rest is None or self.rest <= now)

    def wants_probe(self, now: datetime) -> bool:
        return self.probe_at is not None and self.probe_at <= now and not self.probing

    def moment(self) -> datetime | None:
        """When it lets something through, as far as that is a matter of time."""
        return None if self.probing else self.probe_at or self.rest

    def tries(self) -> "Breaker":
        """While a probe is under way."""
        return replace(self, probing=True)

    def without_probe(self, now: datetime, policy: RetryPolicy) -> "Breaker":
        """When there was nothing to probe with: another look later, with whatever there is then."""
        return replace(self, probing=False, aside=False, probe_at=now + policy.probe if self.aside else self.probe_at)

    def set_back(self, now: datetime) -> "Breaker":
        """When the clock was set back to `now`: nothing waits until it has caught up."""
        since = self.since and min(self.since, now)
        return replace(self, since=since, probe_at=self.probe_at and min(self.probe_at, now), rest=None)

    def after(self, outcome: Outcome, now: datetime, policy: RetryPolicy, *, probe: bool = False) -> "Breaker":
        """What an attempt that ended at `now` shows. `probe`: it was made to try the channel.

        While open, the probe alone decides: what else comes in began before. A probe that fails for a reason of its own
        target or message has shown that the way is free.
        """
        refused = outcome.kind == "bad_credential"
        if not refused and not (outcome.wide and outcome.kind in AGAIN):
            shows = probe or (self.state == "closed" and outcome.kind in _ANSWERED)
            return Breaker(rest=self.rest) if shows else self
        failures = self.failures + 1
        wished = min(outcome.retry_after or timedelta(0), policy.longest_wait)
        failing = replace(
            self,
            failures=failures,
            since=self.since or now,
            because=" ".join(filter(None, (outcome.code, outcome.detail))) or outcome.kind,
        )
        if self.probe_at is None and not refused and failures < policy.failures:
            asked = now + wished if wished else self.rest
            return replace(failing, rest=max(filter(None, (asked, self.rest)), default=None))
        then = now + max(policy.pause if refused else policy.probe, wished)
        if self.probe_at is None:
            return replace(failing, probe_at=then)
        if not probe:
            return replace(failing, probe_at=max(self.probe_at, then) if refused or wished else self.probe_at)
        probes = self.probes + 1
        aside = not refused and not wished and not self.aside and probes % _ASIDE == 0
        return replace(failing, probe_at=now if aside else then, probing=False, probes=probes, aside=aside)
