"""Held deliveries: which are looked at, what is ahead of them, and a message with its failover."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.records import Alert, Delivery, Next, Outcome, Source, Target
from monitor.store import Store, alerts, deliveries, held, queue

NOW = datetime(2031, 5, 16, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DESK = Target("desk", "mail", "email", "desk@example.org")
ROOM = Target("room", "slack", "slack", "C0123")
SENT, BUSY = Outcome("sent", "ok"), Outcome("transient", "451")


def alert(id_: str, event_id: str, reason: Any = "new") -> Alert:
    source = Source("https://a.example/1", None, "A", "a", None, NOW)
    values = {"status": "planned", "title": "Summit planned", "date": None, "place": None, "ordinal": None}
    values |= {
        "series": None,
        "counts": {},
        "parties": (),
        "source": source,
        "quotes": (),
        "articles": 1,
        "families": 1,
    }
    return Alert(id=id_, reason=reason, watch="w", kind="summit", event_id=event_id, rules=(), decided=NOW, **values)


def put(store: Store, id_: str, event_id: str = "e1", reason: str = "new", to: Target = DESK, **more: Any) -> Delivery:
    """An alert `al-ID` of its own and the delivery of it; held from now where nothing else is said."""
    told = alert(more.pop("alert_id", f"al-{id_}"), event_id, reason)
    values = {"state": "held", "next_at": NOW, "rule": "quiet"} | more
    made = replace(Delivery(id_, told.id, event_id, to, b"x", NOW), **values)
    with store.write() as tx:
        alerts.add(tx, told, [made])
    return made


def ended(store: Store, id_: str, outcome: Outcome, then: Next, now: datetime = NOW) -> None:
    with store.write() as tx:
        attempt = deliveries.begin(tx, id_, now)
        assert attempt is not None
        deliveries.finish(tx, id_, attempt, outcome, then, now)


def state(store: Store, id_: str) -> tuple[str, str]:
    with store.read() as tx:
        found = deliveries.get(tx, id_)
    assert found is not None
    return found.state, found.rule


def test_recipients_and_rows_are_due_when_their_moment_has_come(store: Store) -> None:
    put(store, "d1")
    put(store, "d2", next_at=NOW + MINUTE)
    put(store, "d3", to=ROOM, next_at=NOW + MINUTE)
    put(store, "d4", state="pending", rule="")
    with store.read() as tx:
        assert held.recipients_due(tx, NOW - MINUTE, 9) == ()
        assert held.recipients_due(tx, NOW, 9) == ("desk",)
        assert held.recipients_due(tx, NOW + MINUTE, 9) == ("desk", "room")
        assert [row.id for row in held.due_of(tx, "desk", NOW + MINUTE, 9)] == ["d1", "d2"]
        assert [row.id for row in held.due_of(tx, "desk", NOW + MINUTE, 1)] == ["d1"]
        assert [row.id for row in held.of_event(tx, "e1", "desk")] == ["d1", "d2"]
        assert held.of_event(tx, "e2", "desk") == ()
        assert queue.any_to_release(tx, NOW)
        assert not queue.any_to_release(tx, NOW - MINUTE)


def test_a_cap_counts_what_was_sent_and_what_is_under_way(store: Store) -> None:
    for id_ in ("d1", "d2", "d3"):
        put(store, id_, id_, state="pending", rule="")
    put(store, "d4", "d4", rule="cap", next_at=NOW + MINUTE)
    ended(store, "d1", SENT, Next("sent"))
    with store.read() as tx:
        assert held.spent(tx, DESK, NOW - MINUTE) == held.Spent((NOW,), 2)
        assert held.spent(tx, ROOM, NOW - MINUTE) == held.Spent((), 0)
        assert held.overflow_until(tx, "desk") == NOW + MINUTE
        assert held.overflow_until(tx, "room") is None


def test_what_is_ahead_is_a_later_interruption_of_the_event_or_the_same_alert(store: Store) -> None:
    first = put(store, "d1")
    update = put(store, "d2", reason="confirmed", rule="gathering")
    put(store, "d3", reason="advanced", state="retry", rule="back-off", next_at=NOW + MINUTE)
    put(store, "d4", reason="corrected", state="sent")
    put(store, "d5", "e2", state="sent")
    put(store, "d6", reason="reversed", to=ROOM, state="sent")
    with store.read() as tx:
        ahead = held.ahead_of(tx, [first, update], ["e1"], "desk")
    under_way = held.Overtaking("d3", sent=False, next_at=NOW + MINUTE)
    assert (ahead.told, ahead.overtaking) == ({}, {"d1": under_way, "d2": under_way})
    put(store, "d7", reason="reversed", state="sent")
    put(store, "d8", alert_id="al-d2", reason="confirmed", state="sent")
    with store.read() as tx:
        ahead = held.ahead_of(tx, [first, update], ["e1"], "desk")
        assert held.told_of(tx, "al-d2", "desk") == "d8"
        assert held.told_of(tx, "al-d2", "room") is None
    assert ahead.told == {"al-d2": "d8"}
    assert {key: value.id for key, value in ahead.overtaking.items()} == {"d1": "d7", "d2": "d7"}


def test_whoever_was_told_by_itself_or_in_a_digest_was_told(store: Store) -> None:
    put(store, "d1")
    with store.read() as tx:
        assert not held.told_before(tx, ["e1"], "desk")
    with store.write() as tx:
        assert held.suppress(tx, ["d1"], "in-digest: d9", NOW) == 1
    with store.read() as tx:
        assert held.told_before(tx, ["e1"], "desk")
        assert not held.told_before(tx, ["e1"], "room")
        assert not held.told_before(tx, ["e2"], "desk")
    with store.write() as tx:
        alerts.move(tx, ["al-d1"], "e2")
        assert held.told_before(tx, ["e2", "e3"], "desk")


def test_only_what_is_held_can_be_held_on_freed_suppressed_or_buried(store: Store) -> None:
    one = put(store, "d1")
    with store.write() as tx:
        assert held.hold(tx, ["d1", "nobody"], NOW + MINUTE, "cap") == 1
        assert held.hold(tx, ["d1"], NOW + 2 * MINUTE) == 1
    assert state(store, "d1") == ("held", "cap")
    with store.write() as tx:
        assert held.free(tx, one, b"anew", replace(DESK, address="new@example.org"), "urgent", NOW) == 1
        freed = deliveries.get(tx, "d1")
        assert freed is not None
        assert (freed.state, freed.payload, freed.target.address, freed.severity) == (
            "pending", b"anew", "new@example.org", "urgent",
        )  # fmt: skip
        assert held.hold(tx, ["d1"], NOW) == 0
        assert held.suppress(tx, ["d1"], "stale", NOW) == 0
        assert held.bury(tx, one, "bad-content", "no such kind", NOW) == 0
        assert held.free(tx, one, b"again", DESK, "low", NOW) == 0


def test_a_message_and_its_failover_are_not_both_sent(store: Store) -> None:
    first = {"state": "pending", "rule": ""}
    other = {"role": "failover", "rule": "failover", "next_at": NOW + MINUTE, "to": ROOM}
    for n in range(4):
        put(store, f"a{n}", f"e{n}", alert_id=f"al-{n}", **first)
        put(store, f"b{n}", f"e{n}", alert_id=f"al-{n}", stands_for=f"a{n}", **other)
    ended(store, "a0", SENT, Next("sent", rule="sent"))
    assert state(store, "b0") == ("suppressed", "first-channel-sent")
    ended(store, "a1", Outcome("bad_target", "550"), Next("dead", rule="bad-target"))
    with store.read() as tx:
        assert [row.id for row in held.due_of(tx, "room", NOW, 9)] == ["b1"]
    ended(store, "a2", BUSY, Next("retry", NOW + MINUTE, "back-off"))
    with store.write() as tx:
        running = deliveries.begin(tx, "a3", NOW)
        for id_ in ("b2", "b3"):
            row = deliveries.get(tx, id_)
            assert row is not None
            held.free(tx, row, b"x", ROOM, "normal", NOW)
    ended(store, "b2", SENT, Next("sent", rule="sent"))
    ended(store, "b3", SENT, Next("sent", rule="sent"))
    assert state(store, "a2") == ("suppressed", "failed-over: b2")
    assert state(store, "a3")[0] == "leased"
    with store.write() as tx:
        assert running is not None
        deliveries.finish(tx, "a3", running, BUSY, Next("retry", NOW + MINUTE, "back-off"), NOW)
    assert state(store, "a3") == ("suppressed", "failed-over: b3")
