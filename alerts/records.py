"""The records of alerting: what moved (Change), what rings (Rings), the decision (Alert), its sending (Delivery).

All are frozen and carry aware UTC datetimes. `Outbox` is what this package asks of a store.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

Reason = Literal["new", "advanced", "reversed", "corrected", "confirmed", "digest", "test", "notice"]
INTERRUPTS: frozenset[str] = frozenset({"new", "advanced", "reversed"})
MOVED_AWAY = "moved-away"
"""Stands in `told` for an alert that went with another event when the two were split: a place that stays counted."""
TAKEN_BACK = "taken-back"
"""Stands in `told` behind a correction that took back the phase people knew: what follows may ring in it anew."""
Phase = Literal["ahead", "happened", "off"]
PHASES: Mapping[str, Phase] = {
    "planned": "ahead",
    "agreed": "ahead",
    "underway": "happened",
    "concluded": "happened",
    "postponed": "off",
    "cancelled": "off",
    "denied": "off",
}  # `proposed` has no phase (DESIGN §1)


class AlertsError(Exception):
    """Root of what this package raises for the unexpected; expected failures are values."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days of an event, both inclusive; `basis` is explicit, relative or publication."""

    start: date
    end: date
    basis: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of an article's title or text with its code point offsets, and the rules that read it."""

    field: str
    text: str
    start: int
    end: int
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """The article behind a claim. `family` is the newsroom or owner that its outlet belongs to."""

    url: str
    title: str | None
    outlet: str
    family: str
    published: datetime | None
    seen: datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """What one source said of one slot (status, date, place, ordinal, counts), as printed, with its sentence."""

    slot: str
    value: str
    source: Source
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A slot that an article told otherwise before, as printed. None: that version said nothing of it."""

    slot: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Edit:
    """What an earlier version of an article told of an event, and what its new version says in its place.

    `old` and `new` are the sentences. `gone`: the new version no longer says so, or was withdrawn; `new` is then None.
    """

    old: Quote | None
    new: Quote | None
    moved: tuple[Moved, ...]
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An event as it stands at one moment, without its history.

    `label` and `done` are what its topic calls it and its end; an empty label means the topic's id.
    """

    id: str
    watch: str
    kind: str
    status: str
    date: Span | None
    place: str | None
    ordinal: int | None
    series: str | None
    counts: Mapping[str, int]
    parties: tuple[str, ...]
    articles: int
    families: int
    baseline: bool = False
    parent: str | None = None
    label: str = ""
    done: str = "concluded"


@dataclass(frozen=True, slots=True)
class Change:
    """What one claim did to one event.

    `before` is None when the claim opened it. `moves` name what moved: `opened`, `status`, `date`, `place`, `ordinal`,
    `counts`, `part` (a further day or leg), `family` (one more independent family), `article`, `edited`, `withdrawn`.
    `told` are the earlier alerts of this event as (reason, status) pairs, oldest first. `rules` are resolve's.
    `facts` are what is known, per source; `since` are the ones that this claim brought or changed. `edits` are there
    when the article is a new version: what it told before. `fresh` is False when the new version tells no event or
    phase that the old one did not; `alerted` is False when no alert of the event stands on the article.
    """

    event: Snapshot
    before: Snapshot | None
    moves: tuple[str, ...]
    source: Source
    said_status: str
    quotes: tuple[Quote, ...]
    rules: tuple[str, ...]
    told: tuple[tuple[str, str], ...] = ()
    facts: tuple[Fact, ...] = ()
    since: tuple[Fact, ...] = ()
    edits: tuple[Edit, ...] = ()
    fresh: bool = True
    alerted: bool = True


@dataclass(frozen=True, slots=True)
class Rings:
    """What rings in one watch. `began` is when the watch began, None in a replay without a baseline moment."""

    watch: str
    kinds: frozenset[str]
    began: datetime | None = None
    max_age: timedelta = timedelta(hours=72)
    min_families: int = 1
    confirmations: tuple[int, ...] = (2, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class Alert:
    """The decision that people must hear of a change, with its reason and all that the message needs.

    `id` is derived from event, reason, phase and number, so that a repeat of the same decision has the same id.
    `title` is what happened in one line, `label` what the topic calls such events. `rules` are those of reading,
    resolving and policy that fired. `edits` are what an earlier version of the article told.
    """

    id: str
    reason: Reason
    watch: str
    kind: str
    status: str
    event_id: str
    title: str
    date: Span | None
    place: str | None
    ordinal: int | None
    series: str | None
    counts: Mapping[str, int]
    parties: tuple[str, ...]
    source: Source
    quotes: tuple[Quote, ...]
    articles: int
    families: int
    rules: tuple[str, ...]
    decided: datetime
    facts: tuple[Fact, ...] = ()
    since: tuple[Fact, ...] = ()
    label: str = ""
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """Why a change alerts nobody: the named rule of the policy and a sentence for a person."""

    rule: str
    because: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where alerts can go: a recipient's name in the config, its channel's name and kind, and the address on it."""

    recipient: str
    channel: str
    kind: str
    address: str


Severity = Literal["urgent", "normal", "low"]
DeliveryState = Literal["pending", "leased", "retry", "ambiguous", "sent", "dead", "held", "suppressed"]
Role = Literal["", "escalation", "failover", "digest"]
WAITING: frozenset[str] = frozenset({"pending", "retry", "ambiguous"})
"""To be sent once `next_at` has come: never tried; tried in vain; tried, and nobody knows whether it was taken."""
OPEN: frozenset[str] = WAITING | {"leased"}
"""What may still reach the far end by itself. `held` waits for its moment, the others are settled."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert to one recipient on one channel, until it is accepted or given up.

    `id` is its idempotency key: made from the alert, the channel and the address, so that a repeat of the same decision
    has the same one. `payload` is the message as rendered before the first attempt: every attempt sends the same bytes.
    `thread` is the provider's reference of the first message about the same event to the same target (Slack ts), when
    there is one. `rule` says why it is in its state: `back-off`, `retry-after`, `quiet`, `cap`, `gathering`, `digest`,
    `escalation`, `failover`, `muted`, ... `next_at` is when a waiting one is tried and a held one looked at again.
    `role` says what it is besides the message of a route, and `stands_for` the delivery that it replaces or follows:
    the first channel's of a `failover`, the first recipient's of an `escalation`; a `digest` carries others. A
    suppressed one's rule names what carries its news, as `in-digest: ID`. `leased` ends at `lease_until`, when the
    sender is taken for lost. `revived` is when a person had it tried again: giving it up counts from then. `trace` is
    its alert's, filled in by the store: what it is followed by in the log.
    """

    id: str
    alert_id: str
    event_id: str
    target: Target
    payload: bytes
    created: datetime
    state: DeliveryState = "pending"
    attempts: int = 0
    next_at: datetime | None = None
    provider_ref: str | None = None
    last_error: str | None = None
    thread: str | None = None
    severity: Severity = "normal"
    rule: str = ""
    stands_for: str | None = None
    lease_until: datetime | None = None
    done: datetime | None = None
    role: Role = ""
    revived: datetime | None = None
    trace: str | None = field(default=None, compare=False)


OutcomeKind = Literal["sent", "transient", "ambiguous", "bad_target", "bad_credential", "bad_content"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to (reference: delivery outcomes table). `detail` never holds a secret.

    `retry_after` is the far end's own wish; `reference` is its name for the accepted message (queue id, Slack ts).
    `wide`: it is the way and not the message or its target that fails, so that nobody behind it can be reached.
    """

    kind: OutcomeKind
    code: str = ""
    detail: str = ""
    retry_after: timedelta | None = None
    reference: str | None = None
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that asking a channel without sending showed. `fine` False: what is wrong, and what to do."""

    fine: bool
    what: str


@dataclass(frozen=True, slots=True)
class Next:
    """What to do with a delivery after an attempt: its new state; for `retry` and `ambiguous`, when to try again."""

    state: DeliveryState
    at: datetime | None = None
    rule: str = ""


class Channel(Protocol):
    """Sends one rendered payload. Expected failures are outcomes; it raises only on a programming error."""

    @property
    def name(self) -> str: ...

    async def send(self, delivery: Delivery) -> Outcome: ...

    async def probe(self) -> Sequence[Finding]:
        """What can be found out without sending anything."""
        ...

    async def close(self) -> None: ...


class Outbox(Protocol):
    """The durable list of deliveries, written in the transaction that found the news."""

    async def release(self, now: datetime) -> int:
        """Look at what is held and due: it becomes waiting, is held on, is gathered or suppressed. Leases that ended
        are taken up. How many deliveries were written."""
        ...

    async def due(self, now: datetime, limit: int, but: Collection[str] = ()) -> Sequence[Delivery]:
        """Waiting deliveries whose time has come, of channels other than `but`; threads filled in.

        Oldest first within a target; none behind one that `alerts.retry.bars` until later or behind an earlier one of
        its event that is to be tried later, and none to a target whose far end asked to wait until later.
        """
        ...

    async def oldest(self, channel: str, now: datetime, but: Collection[str] = ()) -> Delivery | None:
        """The oldest waiting delivery of a channel, due or not: what a channel that failed is tried with.

        None of those named in `but`, and none to a target whose far end asked to wait until later than `now`.
        """
        ...

    async def begin(self, delivery_id: str, now: datetime) -> int | None:
        """Record that an attempt starts, before the network is touched. Its number, or None if not waiting any more."""
        ...

    async def finish(self, delivery_id: str, attempt: int, outcome: Outcome, then: Next, now: datetime) -> None:
        """Record what the attempt came to and what is next."""
        ...

    async def expedite(self, channel: str, now: datetime) -> int:
        """A channel works again: what waits there only for a wait of ours is due `now`. How many wait there in all."""
        ...

    async def set_back(self, now: datetime) -> int:
        """The clock was set back to `now`: what was written since, by its own reckoning later than that, counts from
        now, or it would wait until the clock has caught up. How many."""
        ...

    async def next_due(self, but: Collection[str] = ()) -> datetime | None:
        """When the earliest waiting delivery of channels other than `but` is due, or any held one is looked at."""
        ...

    async def recover(self, now: datetime) -> int:
        """After a crash: what was left `leased` is `ambiguous` and due now, its attempt too. How many. As `set_back`,
        too: clocks are often put right while nothing runs."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy made of one change: alerts, or the rule that kept it quiet."""

    change: Change
    alerts: tuple[Alert, ...] = ()
    silence: Silence | None = None
    notes: tuple[str, ...] = field(default=())
