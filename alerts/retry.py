"""PURE: after one attempt at a delivery, what next and when.

Every outcome has one row here; the channels only say which outcome it was. The jitter is full (uniform between the
floor and the doubled base) but comes from a hash of delivery and attempt, so that a replay decides the same.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.kinds import KINDS
from alerts.records import Delivery, DeliveryState, Next, Outcome

AGAIN: frozenset[str] = frozenset({"transient", "ambiguous"})
"""The outcomes that another attempt may change, and that are nobody's to mend."""
SUSPECT = 3
"""From this attempt on, the delivery and not its target may be what fails."""
BACK_OFF = frozenset({"back-off", "resend-same-id"})
"""The rules of a wait that nobody asked for and that keeps step with nothing."""
OUR_WAITS: frozenset[str] = BACK_OFF | {"credential-pause", "in-order"}
"""The rules of waits that are ours to shorten."""
_DOUBLINGS = 30  # 5 s * 2**30 is 170 years: beyond any cap, and far from overflowing a timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait and when to stop.

    `caps` replaces `cap` for the kinds of channel it names. `pause` is how long a channel whose credentials were
    refused is left alone between two probes; `probe` is the same for one whose way failed `failures` times in a row.
    `longest_wait` bounds what a far end may ask for by Retry-After. Nothing is given up before `least_attempts`: after
    days of downtime the first minute may well be without a network.
    """

    base: timedelta = timedelta(seconds=5)
    floor: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=30)
    caps: Mapping[str, timedelta] = field(
        default_factory=lambda: {name: kind.cap for name, kind in KINDS.items() if kind.cap}
    )
    give_up_after: timedelta = timedelta(hours=48)
    least_attempts: int = 10
    pause: timedelta = timedelta(minutes=10)
    probe: timedelta = timedelta(minutes=1)
    failures: int = 5
    longest_wait: timedelta = timedelta(hours=24)

    def of(self, kind: str) -> "RetryPolicy":
        """The policy for one kind of channel: the same, with that kind's cap."""
        return replace(self, cap=self.caps.get(kind, self.cap))


def backoff(delivery_id: str, attempts: int, policy: RetryPolicy) -> timedelta:
    """The wait after attempt number `attempts` (1, 2, …): base doubled each time up to the cap, fully jittered."""
    ceiling = min(policy.cap, policy.base * (1 << min(max(attempts - 1, 0), _DOUBLINGS)))
    digest = hashlib.sha256(f"{delivery_id}\n{attempts}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    return max(min(policy.floor, ceiling), ceiling * share)


def bars(delivery: Delivery) -> bool:
    """Whether a delivery that waits for its next try keeps back what is behind it to the same target.

    It does, so that messages arrive in order, unless it has failed so often that it may be the only one to fail.
    """
    return delivery.rule not in BACK_OFF or delivery.attempts < SUSPECT


def next_step(
    outcome: Outcome, attempts: int, first: datetime, now: datetime, policy: RetryPolicy, delivery_id: str
) -> Next:
    """What to do after attempt number `attempts` came to `outcome`.

    `first` is when the delivery was made and `now` when the attempt ended (aware UTC). A far end that asks for more
    time than the back-off gets it. Refused credentials are the operator's to mend, so they never use a delivery up;
    everything else that can be tried again is, until `give_up_after`, with a last try at that moment. A wait that the
    far end asked for is called so even when ours is longer: nobody may shorten it.
    """
    if outcome.kind == "sent":
        return Next("sent", rule="sent")
    if outcome.kind == "bad_target":
        return Next("dead", rule="bad-target")
    if outcome.kind == "bad_content":
        # The channel has sent its plainer form within the same attempt, and that was refused too.
        return Next("dead", rule="bad-content")
    wished = min(outcome.retry_after or timedelta(0), policy.longest_wait)
    if outcome.kind == "bad_credential":
        return Next("retry", now + max(policy.pause, wished), "credential-pause")
    computed = now + backoff(delivery_id, attempts, policy)
    if attempts >= policy.least_attempts:
        deadline = first + policy.give_up_after
        if now >= deadline:
            return Next("dead", rule="given-up")
        computed = min(computed, deadline)
    state: DeliveryState = "ambiguous" if outcome.kind == "ambiguous" else "retry"
    if wished:
        return Next(state, max(now + wished, computed), "retry-after")
    return Next(state, computed, "resend-same-id" if state == "ambiguous" else "back-off")
