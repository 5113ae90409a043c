"""A small watch of two sides, claims in one line, and a crier that resolves and asks the policy as the service does."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts import policy
from alerts.records import INTERRUPTS, Alert, Decision, Rings, Source
from extractors.records import Claim, Dating, Evidence, Names
from monitor.records import Event, Identity, Series, Watch
from monitor.resolve import Resolution, resolve
from monitor.resolve.events import with_told

KINDS = ("talks_round", "prisoner_exchange", "remains_repatriation", "children_return")


def _identity(topic: str, days: int, *, ordinals: str = "none", deals: bool = False, parts: bool = False) -> Identity:
    label = {"talks_round": "round of talks"}.get(topic, topic.replace("_", " "))
    return Identity(topic, label, timedelta(days=days), 1, ordinals, deals, parts)


IDENTITIES = {
    "talks_round": _identity("talks_round", 3, ordinals="series", parts=True),
    "prisoner_exchange": _identity("prisoner_exchange", 2, ordinals="year", deals=True, parts=True),
    "remains_repatriation": _identity("remains_repatriation", 2, deals=True, parts=True),
    "children_return": _identity("children_return", 3),
    "summit": _identity("summit", 7),
}


def _dating(date: str | None) -> Dating | None:
    """`2025-06-02`, `2025-05-23/2025-05-25`, `~2025-06-02` (publication only), `2025-05-01/2025-05-31 month`."""
    if date is None:
        return None
    days, _, precision = date.partition(" ")
    start, _, end = days.lstrip("~").partition("/")
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end or start)
    basis = "publication" if days.startswith("~") else "explicit"
    return Dating(first, last, basis, precision or ("day" if first == last else "days"))


def make_claim(
    kind: str,
    status: str,
    date: str | None = None,
    *,
    role: str = "news",
    place: str | None = None,
    ordinal: int | None = None,
    counts: Mapping[str, int] | None = None,
    marks: Sequence[str] = (),
    parties: tuple[str, ...] = ("Russia", "Ukraine"),
    at: int = 0,
) -> Claim:
    evidence = Evidence("text", "It is so.", at, at + 9, ("a-reading-rule",))
    return Claim(
        "w", kind, status, role, _dating(date), place, ordinal, counts or {}, parties, (evidence,), (),
        frozenset(marks),
    )  # fmt: skip


def make_source(name: str, published: str | None, *, seen: datetime | None = None) -> Source:
    """An article of the outlet before the first slash of `name`; a bare day is 12:00 UTC."""
    when = None if published is None else datetime.fromisoformat(published)
    if when is not None and when.tzinfo is None:
        when = (when if "T" in str(published) else when.replace(hour=12)).replace(tzinfo=UTC)
    outlet = name.split("/")[0]
    return Source(f"https://{name}", None, outlet, outlet, when, seen or when or datetime(2030, 1, 1, tzinfo=UTC))


@dataclass
class Crier:
    """Events known so far, every alert and every decision; `hear` takes one article in."""

    watch: Watch
    events: dict[str, Event] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def hear(
        self, name: str, published: str | None, *claims: Claim, baseline: bool = False, sketch: tuple[int, ...] = ()
    ) -> Resolution:
        source = make_source(name, published)
        known = tuple(self.events.values())
        heard = resolve(claims, source, known, self.watch, source.seen, baseline=baseline, sketch=sketch)
        self.events.update({event.id: event for event in heard.events})
        for change in heard.changes:
            event = self.events[change.event.id]
            decision = policy.decide(replace(change, told=event.told), self.watch.rings, source.seen)
            self.events[event.id] = with_told(event, decision.alerts)
            self.alerts += decision.alerts
            self.decisions.append(decision)
        return heard

    @property
    def interrupts(self) -> list[str]:
        """What interrupted so far, as "reason kind status"."""
        return [f"{a.reason} {a.kind} {a.status}" for a in self.alerts if a.reason in INTERRUPTS]

    @property
    def only_event(self) -> Event:
        (event,) = self.events.values()
        return event


def make_watch(*series: Series) -> Watch:
    names = Names("w", ("Russia", "Ukraine"), (), ())
    return Watch("w", "A watch", names, IDENTITIES, series, Rings("w", frozenset(KINDS)))


@pytest.fixture(scope="session")
def claim() -> Callable[..., Claim]:
    return make_claim


@pytest.fixture(scope="session")
def source() -> Callable[..., Source]:
    return make_source


@pytest.fixture(scope="session")
def watch() -> Callable[..., Watch]:
    return make_watch


@pytest.fixture
def crier() -> Crier:
    return Crier(make_watch())


@pytest.fixture(scope="session")
def another_crier() -> Callable[[], Crier]:
    """For tests that compare two histories."""
    return lambda: Crier(make_watch())
