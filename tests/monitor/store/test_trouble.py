"""What the store remembers of trouble, and what the outbox shows of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.records import Alert, Delivery, Next, Outcome, Source, Target
from monitor.store import Store, alerts, deliveries, trouble
from monitor.store.trouble import Tally
from monitor.trouble import DeadSeen, QueueSeen, Row

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DESK = Target("desk", "mail", "email", "desk@example.org")
BOSS = Target("boss", "mail", "email", "boss@example.org")
ROOM = Target("room", "hook", "slack_webhook", "room")
SENT = Outcome("sent", "250")
REFUSED = Outcome("bad_target", "550", "no such user")
BUSY = Outcome("transient", "451", "greylisted")


def put(store: Store, name: str, target: Target, *, reason: str = "new", **more: object) -> None:
    source = Source("https://a.example/1", None, "A", "a", None, NOW)
    made = Alert(
        name, reason, "w", "talks", "planned", name, f"Title of {name} – Ⅲ", None, None, None, None, {}, (), source,
        (), 1, 1, (), NOW,
    )  # fmt: skip
    with store.write() as tx:
        alerts.add(tx, made, [replace(Delivery(name, name, name, target, b"x", NOW), **more)])


def attempt(store: Store, name: str, outcome: Outcome, then: Next, now: datetime) -> None:
    with store.write() as tx:
        number = deliveries.begin(tx, name, now)
        assert number is not None
        deliveries.finish(tx, name, number, outcome, then, now)


def queues(store: Store, now: datetime) -> tuple[QueueSeen, ...]:
    with store.read() as tx:
        return trouble.queues(tx, ("desk", "boss", "room"), now)


def test_troubles_are_remembered_changed_and_forgotten(store: Store) -> None:
    first = Row("channel:mail", "channel", NOW, NOW + MINUTE, "535 no\0pe", None, 0)
    second = Row("disk", "disk", NOW - MINUTE, None, "", NOW, 3)
    with store.write() as tx:
        trouble.write(tx, (first, second), ())
    with store.read() as tx:
        assert list(trouble.rows(tx).values()) == [second, replace(first, detail="535 no\ufffdpe")]
    with store.write() as tx:
        trouble.write(tx, (replace(first, detail="other", over=NOW + HOUR, told=None, times=1),), ("disk", "nothing"))
    with store.read() as tx:
        assert trouble.rows(tx) == {"channel:mail": replace(first, detail="other", over=NOW + HOUR, told=None, times=1)}


def test_a_queue_waits_since_its_oldest_first_try_and_counts_what_went_out_meanwhile(store: Store) -> None:
    put(store, "tried", DESK)
    put(store, "fresh", BOSS, next_at=NOW + 30 * MINUTE)
    put(store, "gone", BOSS)
    put(store, "long gone", BOSS)
    put(store, "other", ROOM)
    attempt(store, "tried", BUSY, Next("retry", NOW + 20 * MINUTE, "back-off"), NOW + 10 * MINUTE)
    attempt(store, "tried", BUSY, Next("retry", NOW + 3 * HOUR, "back-off"), NOW + 20 * MINUTE)
    attempt(store, "long gone", SENT, Next("sent"), NOW - HOUR)
    attempt(store, "gone", SENT, Next("sent"), NOW + 35 * MINUTE)
    attempt(store, "other", SENT, Next("sent"), NOW + 35 * MINUTE)
    assert queues(store, NOW + 40 * MINUTE) == (QueueSeen("mail", 2, NOW + 10 * MINUTE, 1, "transient 451 greylisted"),)


def test_what_was_held_until_the_morning_waits_only_since_it_was_let_go(store: Store) -> None:
    put(store, "night", DESK, state="held", rule="quiet", next_at=NOW + 8 * HOUR)
    assert queues(store, NOW + HOUR) == ()
    with store.write() as tx:
        tx.exec_driver_sql("UPDATE delivery SET state = 'pending'")
    assert queues(store, NOW + 8 * HOUR) == (QueueSeen("mail", 1, NOW + 8 * HOUR, 0, ""),)


def test_dead_letters_are_seen_with_their_title_and_notices_are_not(store: Store) -> None:
    for name, reason in (("talks", "new"), ("notice", "notice"), ("old", "new")):
        put(store, name, DESK, reason=reason)
    attempt(store, "old", REFUSED, Next("dead", rule="bad-target"), NOW - 3 * DAY)
    attempt(store, "talks", REFUSED, Next("dead", rule="bad-target"), NOW)
    attempt(store, "notice", REFUSED, Next("dead", rule="bad-target"), NOW)
    with store.read() as tx:
        assert trouble.dead(tx, ("desk",), NOW - 2 * DAY) == (
            DeadSeen("mail", "desk", "bad-target", NOW, "Title of talks – Ⅲ", "bad_target 550 no such user"),
        )


def test_what_was_held_for_too_long_to_be_told_is_seen_as_lost_and_what_stood_in_for_it_is_not(store: Store) -> None:
    gone = {"state": "suppressed", "done": NOW}
    put(store, "late", DESK, rule="stale", **gone)
    put(store, "later", DESK, rule="stale", role="escalation", **gone)
    put(store, "muted", DESK, rule="muted: event late until never", **gone)
    put(store, "older", DESK, rule="stale", state="suppressed", done=NOW - 3 * DAY)
    with store.read() as tx:
        assert trouble.dead(tx, ("desk",), NOW - 2 * DAY) == (
            DeadSeen("mail", "desk", "stale", NOW, "Title of late – Ⅲ", "waited longer than delivery.stale_after"),
        )


def test_the_tally_of_each_channel_tells_what_waits_is_held_and_was_given_up(store: Store) -> None:
    put(store, "a", DESK)
    put(store, "b", DESK, state="held", rule="quiet", next_at=NOW + HOUR)
    put(store, "c", BOSS, state="held", rule="cap", next_at=NOW + HOUR)
    put(store, "d", BOSS, state="held", rule="quiet", next_at=NOW + HOUR)
    put(store, "e", ROOM)
    put(store, "f", DESK)
    attempt(store, "e", REFUSED, Next("dead", rule="bad-target"), NOW)
    attempt(store, "f", SENT, Next("sent"), NOW)
    with store.read() as tx:
        assert trouble.tallies(tx) == (
            Tally("hook", dead=1),
            Tally("mail", 1, NOW, {"cap": 1, "quiet": 2}),
        )
