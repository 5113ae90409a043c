"""A store, a clock that only tests move, and far ends that take or refuse what is sent: who got what, and when."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.records import Alert, Delivery, Fact, Next, Outcome, Quote, Source, Target
from alerts.rules import Mailing, Recipient, Route
from monitor.mailing import post, release
from monitor.store import Store, alerts, deliveries, open_store, queue

NOON = datetime(2031, 5, 16, 12, tzinfo=UTC)  # a Friday
ACCEPTED = Outcome("sent", "250")


@dataclass(frozen=True, slots=True)
class Got:
    """A message as its recipient has it."""

    at: datetime
    recipient: str
    reason: str
    title: str
    text: str
    delivery: Delivery


@dataclass(slots=True)
class World:
    """`refusing`: channels that answer with an outcome, and for how long it is waited then."""

    store: Store
    mailing: Mailing
    now: datetime = NOON
    refusing: dict[str, Outcome] = field(default_factory=dict)
    got: list[Got] = field(default_factory=list)
    releases: int = 0

    def tell(self, alert: Alert, *, earlier: bool = True) -> int:
        with self.store.write() as tx:
            return post(tx, alert, self.mailing, self.now, earlier=earlier)

    def release(self) -> int:
        """Whatever is due, in as many transactions as it takes; the last one finds nothing to do."""
        written = 0
        while True:
            with self.store.write() as tx:
                once = release(tx, self.mailing, self.now)
            self.releases += 1
            if not once:
                return written
            written += once

    def until(self, moment: datetime) -> None:
        """Let time pass: what is due is released and sent, nothing happens between two such moments."""
        rounds = 0
        while True:
            self.release()
            self._send()
            rounds += 1
            with self.store.read() as tx:
                following = queue.next_due(tx)
            if following is None or following > moment:
                break
            rounds = 0 if following > self.now else rounds
            assert rounds < 10, "something is due again and again"
            self.now = max(self.now, following)
        self.now = moment

    def after(self, span: timedelta) -> None:
        self.until(self.now + span)

    def _send(self) -> None:
        while True:
            with self.store.read() as tx:
                due = queue.due(tx, self.now, 1000)
            if not due:
                return
            for each in due:
                self._attempt(each)

    def _attempt(self, delivery: Delivery) -> None:
        outcome = self.refusing.get(delivery.target.channel, ACCEPTED)
        then = {
            "sent": Next("sent", rule="sent"),
            "bad_target": Next("dead", rule="bad-target"),
            "ambiguous": Next("ambiguous", self.now + timedelta(minutes=5), "resend-same-id"),
        }.get(outcome.kind, Next("retry", self.now + timedelta(minutes=5), "back-off"))
        with self.store.write() as tx:
            attempt = deliveries.begin(tx, delivery.id, self.now)
            if attempt is None:  # settled since it was read, as the sender sees it too
                return
            deliveries.finish(tx, delivery.id, attempt, outcome, then, self.now)
            told = alerts.get(tx, delivery.alert_id)
        assert told is not None
        if then.state == "sent":
            text = delivery.payload.decode()
            self.got.append(Got(self.now, delivery.target.recipient, told.reason, told.title, text, delivery))

    def rows(self, recipient: str = "desk") -> list[tuple[str, str, str]]:
        """(reason, state, rule) of what was written for a recipient; of rules that name something, the name alone."""
        with self.store.read() as tx:
            found = [each for each in deliveries.all_deliveries(tx) if each.target.recipient == recipient]
            told = {each.alert_id: alerts.get(tx, each.alert_id) for each in found}
        return [
            (str(getattr(told[each.alert_id], "reason", "")), each.state, each.rule.partition(":")[0]) for each in found
        ]

    def all(self) -> tuple[Delivery, ...]:
        with self.store.read() as tx:
            return deliveries.all_deliveries(tx)

    def inbox(self, recipient: str = "desk") -> list[tuple[str, str]]:
        """(day and time in UTC, reason) of what a recipient got."""
        return [(f"{each.at:%d %H:%M}", each.reason) for each in self.got if each.recipient == recipient]


def _world(
    store: Store, routes: tuple[Route, ...], now: datetime, settings: dict[str, Any], people: dict[str, Any]
) -> World:
    named = {
        name: Recipient(Target(name, name, "console", f"{name}@example.org"), **more)
        for name, more in (people or {"desk": {}}).items()
    }
    return World(store, Mailing(routes or (Route(tuple(named)),), named, **settings), now)


@pytest.fixture(scope="session")
def make_alert() -> Callable[..., Alert]:
    def make(event: str = "e1", reason: str = "new", n: int = 1, *, at: datetime = NOON, **more: Any) -> Alert:
        source = Source(f"https://{event}.example/{reason}{n}", None, f"Outlet {n}", f"family{n}", at, at)
        values: dict[str, Any] = {
            "id": f"{event}.{reason}.{n}", "reason": reason, "watch": "w", "kind": "talks_round",
            "status": "postponed" if reason == "reversed" else "planned", "event_id": event,
            "title": f"{event} {reason} {n}", "date": None, "place": "Lisbon", "ordinal": 3, "series": None,
            "counts": {}, "parties": ("Arcadia", "Bohemia"), "source": source,
            "quotes": (Quote("text", f"It was said of {event}, {reason} {n}.", 0, 9, ("r",)),),
            "articles": n, "families": n, "rules": (f"rule-{reason}",), "decided": at,
            "since": (Fact("place", f"Place {n}", source),),
        }  # fmt: skip
        return Alert(**(values | more))

    return make


@pytest.fixture
def store() -> Iterator[Store]:
    opened = open_store("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def make_world(store: Store) -> Callable[..., World]:
    """Recipients by name, each on a channel of its own name; without routes everybody hears everything."""

    def make(*routes: Route, now: datetime = NOON, settings: dict[str, Any] | None = None, **people: Any) -> World:
        return _world(store, routes, now, settings or {}, people)

    return make


@pytest.fixture(scope="session")
def fresh_world() -> Callable[..., Any]:
    """As `make_world`, for the duration of a `with`: one for each example."""

    @contextmanager
    def make(*routes: Route, now: datetime = NOON, **people: Any) -> Iterator[World]:
        opened = open_store("sqlite://")
        yield _world(opened, routes, now, {}, people)
        opened.close()

    return make
