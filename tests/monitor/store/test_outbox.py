"""Alerts, deliveries and attempts: nothing twice, nothing lost, nothing out of turn."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.records import Alert, Delivery, Fact, Next, Outbox, Outcome, Quote, Source, Span, Target
from alerts.retry import OUR_WAITS, bars
from monitor.store import Store, StoreError, alerts, deliveries, queue
from monitor.store.outbox import StoreOutbox
from monitor.store.threads import StoreThread

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DESK = Target("desk", "work-slack", "slack", "#talks")
ANNA = Target("anna", "mail", "email", "anna@example.org")
SENT = Outcome("sent", "ok", "", reference="ts-1")
CUT = Outcome("ambiguous", "cut", "reset")
BUSY = Outcome("transient", "429", "rate limited", retry_after=MINUTE)


def alert(id_: str = "al-1", event_id: str = "w-1") -> Alert:
    source = Source("https://a.example/1", None, "A", "a", None, NOW)
    quote = Quote("text", "обмін", 10, 15, ("r",))
    return Alert(
        id_, "new", "w", "prisoner_exchange", "agreed", event_id, "Exchange agreed: 314",
        Span(NOW.date(), NOW.date(), "x"), None, None, None, {"total": 314}, ("Russia", "Ukraine"), source,
        (quote,), 3, 2, ("r1",), NOW,
        (Fact("counts", "314", source, quote),), (Fact("place", "Belarus", source),),
    )  # fmt: skip


def delivery(id_: str, target: Target = DESK, event_id: str = "w-1", **more: object) -> Delivery:
    return replace(Delivery(id_, "al-1", event_id, target, b"\x00payload\xff", NOW), **more)


def put(store: Store, *some: Delivery) -> None:
    with store.write() as tx:
        alerts.add(tx, alert(), some)


def ready(store: Store, now: datetime = NOW, limit: int = 100) -> list[str]:
    with store.read() as tx:
        return [each.id for each in queue.due(tx, now, limit)]


def attempt(store: Store, id_: str, outcome: Outcome, then: Next, now: datetime = NOW) -> None:
    with store.write() as tx:
        n = deliveries.begin(tx, id_, now)
        assert n is not None
        deliveries.finish(tx, id_, n, outcome, then, now)


@pytest.fixture
async def outbox(store: Store) -> AsyncIterator[Outbox]:
    thread = StoreThread(store)
    yield StoreOutbox(thread, lambda tx, now: deliveries.recover(tx, now, expired_only=True))
    thread.close()


def test_an_alert_comes_back_as_it_was_decided(store: Store) -> None:
    with store.write() as tx:
        assert alerts.add(tx, alert(), [delivery("d1"), delivery("d2", ANNA)]) == 2
        assert alerts.add(tx, alert("al-2", "w-2"), []) == 0
    with store.read() as tx:
        assert alerts.get(tx, "al-1") == alert()
        assert alerts.get(tx, "al-9") is None
        assert alerts.all_alerts(tx) == (alert(), alert("al-2", "w-2"))
        assert alerts.all_alerts(tx, 1) == (alert("al-2", "w-2"),)
        assert alerts.of_event(tx, "w-2") == (alert("al-2", "w-2"),)
        assert deliveries.all_deliveries(tx) == (delivery("d1"), delivery("d2", ANNA))


def test_a_repeat_writes_nothing_twice_and_touches_nothing(store: Store) -> None:
    put(store, delivery("d1"))
    attempt(store, "d1", SENT, Next("sent"))
    with store.write() as tx:
        assert alerts.add(tx, replace(alert(), title="another"), [delivery("d1"), delivery("d2", ANNA)]) == 1
        assert alerts.all_alerts(tx) == (alert(),)
        assert [(each.id, each.state) for each in deliveries.all_deliveries(tx)] == [("d1", "sent"), ("d2", "pending")]


def test_a_delivery_without_its_alert_is_impossible(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), store.write() as tx:
        alerts.add(tx, alert("al-2"), [delivery("d1")])
    with store.read() as tx:
        assert alerts.all_alerts(tx) == ()


def test_a_delivery_is_due_when_its_time_has_come(store: Store) -> None:
    put(store, delivery("d1", next_at=NOW + MINUTE), delivery("d2", ANNA))
    assert ready(store) == ["d2"]
    assert ready(store, NOW - MINUTE) == []
    assert ready(store, NOW + MINUTE) == ["d1", "d2"]


def test_only_one_of_two_claims_gets_the_delivery(store: Store) -> None:
    put(store, delivery("d1"))
    with store.write() as tx:
        assert deliveries.begin(tx, "d1", NOW) == 1
        assert deliveries.begin(tx, "d1", NOW) is None
        assert deliveries.begin(tx, "no such", NOW) is None
        (running,) = deliveries.attempts_of(tx, "d1")
    assert (running.n, running.started, running.ended, running.outcome) == (1, NOW, None, None)
    assert ready(store) == []


def test_an_attempt_that_failed_for_now_is_tried_again_later(store: Store) -> None:
    put(store, delivery("d1"))
    attempt(store, "d1", BUSY, Next("retry", NOW + MINUTE))
    assert ready(store) == []
    assert ready(store, NOW + MINUTE) == ["d1"]
    with store.read() as tx:
        assert queue.next_due(tx) == NOW + MINUTE
        assert deliveries.get(tx, "d1") == delivery(
            "d1", state="retry", attempts=1, next_at=NOW + MINUTE, last_error="transient 429 rate limited"
        )
    attempt(store, "d1", SENT, Next("sent"), NOW + MINUTE)
    with store.read() as tx:
        assert queue.next_due(tx) is None
        assert deliveries.get(tx, "d1") == delivery(
            "d1", state="sent", attempts=2, provider_ref="ts-1", done=NOW + MINUTE
        )
        assert [(each.n, each.outcome, each.code) for each in deliveries.attempts_of(tx, "d1")] == [
            (1, "transient", "429"),
            (2, "sent", "ok"),
        ]


def test_an_update_waits_for_the_earlier_message_of_its_event_to_its_target(store: Store) -> None:
    put(store, delivery("d1"), delivery("d2", ANNA), delivery("d3"), delivery("d4", event_id="w-2"))
    assert ready(store) == ["d1", "d2", "d3", "d4"]  # after each other, since one target gets one at a time
    for n in range(3):  # three times: the message may be what fails, and may hold up nothing but its event
        assert "d3" not in ready(store)[:1]
        attempt(store, "d1", CUT, Next("ambiguous", NOW + MINUTE, "resend-same-id"), NOW + n * MINUTE)
    assert ready(store) == ["d2", "d4"]
    with store.write() as tx:
        assert deliveries.begin(tx, "d1", NOW + MINUTE) == 4
    assert ready(store, NOW + MINUTE) == ["d2", "d4"]
    with store.write() as tx:
        deliveries.finish(tx, "d1", 4, SENT, Next("sent"), NOW + MINUTE)
    with store.read() as tx:
        threads = {each.id: each.thread for each in queue.due(tx, NOW + MINUTE, 9)}
    assert threads == {"d3": "ts-1", "d2": None, "d4": None}


def test_what_is_to_be_tried_later_keeps_back_what_is_behind_it_to_its_target(store: Store) -> None:
    put(store, *(delivery(f"d{n}", event_id=f"w-{n}") for n in range(1, 4)), delivery("d4", ANNA))
    attempt(store, "d1", CUT, Next("ambiguous", NOW + MINUTE, "resend-same-id"))
    assert ready(store) == ["d4"]
    with store.read() as tx:
        assert queue.next_due(tx, ["mail"]) == NOW + MINUTE
        assert [each.id for each in queue.due(tx, NOW + MINUTE, 9, ["mail"])] == ["d1", "d2", "d3"]
        assert queue.due(tx, NOW + MINUTE, 9, ["mail", "work-slack"]) == ()


@pytest.mark.parametrize(
    ("rule", "attempts", "keeps"),
    [("back-off", 2, True), ("back-off", 3, False), ("resend-same-id", 3, False), ("in-order", 3, True),
     ("retry-after", 3, True), ("credential-pause", 3, True)],
)  # fmt: skip
def test_what_failed_again_and_again_for_no_known_reason_keeps_nothing_back(
    store: Store, rule: str, attempts: int, keeps: bool
) -> None:
    waits = delivery("d1", state="retry", attempts=attempts, rule=rule, next_at=NOW + MINUTE)
    put(store, waits, delivery("d2", event_id="w-2"))
    assert bars(waits) == keeps
    assert ready(store) == ([] if keeps else ["d2"])
    with store.read() as tx:
        assert queue.next_due(tx) == (NOW + MINUTE if keeps else NOW)


def test_a_far_end_that_asked_for_time_is_left_alone_also_by_what_came_before(store: Store) -> None:
    asked = delivery("d2", event_id="w-2", state="retry", attempts=1, rule="retry-after", next_at=NOW + MINUTE)
    failed = delivery("d1", state="retry", attempts=9, rule="back-off", next_at=NOW)
    put(store, failed, asked, delivery("d3", ANNA))
    assert ready(store) == ["d3"]
    with store.read() as tx:
        assert queue.next_due(tx, ["mail"]) == NOW + MINUTE
        assert queue.oldest(tx, "work-slack", NOW) is None
        first = queue.oldest(tx, "work-slack", NOW + MINUTE)
        assert first is not None
        assert first.id == "d1"


def test_a_channel_is_tried_with_its_oldest_delivery_due_or_not(store: Store) -> None:
    put(store, delivery("d1"), delivery("d2"), delivery("d3", event_id="w-3"), delivery("d4", ANNA))
    attempt(store, "d1", CUT, Next("ambiguous", NOW + MINUTE, "resend-same-id"))
    with store.read() as tx:
        tried = [queue.oldest(tx, "work-slack", NOW, but) for but in ([], ["d1"], ["d1", "d3"])]
    assert [each and each.id for each in tried] == ["d1", "d3", None]  # d2 is an update of d1


def test_a_channel_that_works_again_has_its_own_waits_cut_short_and_no_others(store: Store) -> None:
    later = NOW + MINUTE
    waits = {rule: delivery(rule, event_id=rule, state="retry", rule=rule, next_at=later) for rule in OUR_WAITS}
    asked = delivery("asked", event_id="asked", state="retry", rule="retry-after", next_at=later)
    put(store, *waits.values(), asked, delivery("held", state="held", rule="quiet", next_at=later),
        delivery("elsewhere", ANNA, state="retry", rule="back-off", next_at=later))  # fmt: skip
    with store.write() as tx:
        assert queue.expedite(tx, "work-slack", NOW) == len(OUR_WAITS) + 1
        moved = {each.id for each in deliveries.all_deliveries(tx) if each.next_at == NOW}
    assert moved == OUR_WAITS


async def test_what_a_clock_that_was_ahead_wrote_does_not_wait_for_it(store: Store, outbox: Outbox) -> None:
    ahead, year = NOW + 365 * 24 * 60 * MINUTE, 365 * 24 * 60 * MINUTE
    put(
        store, delivery("d1", created=ahead, next_at=ahead),
        delivery("d2", ANNA, state="retry", rule="retry-after", created=ahead, next_at=ahead + MINUTE),
        delivery("d3", ANNA, "w-3", state="held", rule="gathering", created=ahead, next_at=ahead + MINUTE),
        delivery("d4", ANNA, "w-4", state="held", rule="digest", next_at=NOW + 2 * MINUTE),
        delivery("d5", event_id="w-5", next_at=ahead),
        delivery("d6", event_id="w-6", state="held", rule="quiet", next_at=ahead),
    )  # fmt: skip
    assert ready(store) == []
    assert await outbox.set_back(NOW) == 5
    assert ready(store) == ["d1", "d2", "d5"]
    with store.read() as tx:
        held = deliveries.all_deliveries(tx, states=["held"])
    assert [(each.id, each.next_at) for each in held] == [
        ("d3", NOW + MINUTE), ("d4", NOW + 2 * MINUTE), ("d6", NOW),
    ]  # fmt: skip
    assert await outbox.recover(NOW - year) == 0  # and after a restart
    assert ready(store, NOW - year) == ["d1", "d2", "d5"]


def test_a_lease_that_is_over_is_taken_up_and_one_that_is_not_is_left(store: Store) -> None:
    put(store, delivery("d1"), delivery("d2", ANNA))
    with store.write() as tx:
        deliveries.begin(tx, "d1", NOW)
        deliveries.begin(tx, "d2", NOW + MINUTE)
        over = NOW + deliveries.LEASE
        assert not queue.any_to_release(tx, over - MINUTE)
        assert queue.any_to_release(tx, over)
        assert deliveries.recover(tx, over, expired_only=True) == 1
        assert [each.state for each in deliveries.all_deliveries(tx)] == ["ambiguous", "leased"]
    assert ready(store, over) == ["d1"]


def test_an_update_goes_without_thread_when_the_earlier_message_was_given_up(store: Store) -> None:
    put(store, delivery("d1"), delivery("d2"))
    attempt(store, "d1", Outcome("bad_target", "404"), Next("dead"))
    with store.read() as tx:
        assert [(each.id, each.thread) for each in queue.due(tx, NOW, 9)] == [("d2", None)]


def test_the_thread_is_that_of_the_earliest_message_sent(store: Store) -> None:
    put(store, delivery("d1"), delivery("d2"), delivery("d3"))
    attempt(store, "d1", SENT, Next("sent"))
    attempt(store, "d2", replace(SENT, reference="ts-2"), Next("sent"))
    with store.read() as tx:
        assert [(each.id, each.thread) for each in queue.due(tx, NOW, 9)] == [("d3", "ts-1")]


def test_what_waits_for_another_message_is_not_what_is_due_next(store: Store) -> None:
    put(store, delivery("d1", next_at=NOW + MINUTE), delivery("d2"))
    with store.read() as tx:
        assert queue.next_due(tx) == NOW + MINUTE


def test_a_long_queue_of_one_target_does_not_keep_the_others_waiting(store: Store) -> None:
    queue = [delivery(f"d{n}", event_id=f"w-{n}") for n in range(10)]
    put(store, *queue, delivery("late", ANNA))
    assert ready(store, limit=3) == ["d0", "late", "d1"]


def test_a_crash_while_sending_leaves_an_ambiguous_attempt_and_a_delivery_to_repeat(store: Store) -> None:
    put(store, delivery("d1"), delivery("d2", ANNA), delivery("d3", event_id="w-3"))
    attempt(store, "d3", SENT, Next("sent"))
    with store.write() as tx:
        deliveries.begin(tx, "d1", NOW)
    with store.write() as tx:
        assert deliveries.recover(tx, NOW + MINUTE) == 1
        assert deliveries.recover(tx, NOW + MINUTE) == 0
        (left,) = deliveries.attempts_of(tx, "d1")
        assert (left.outcome, left.ended) == ("ambiguous", NOW + MINUTE)
        assert deliveries.begin(tx, "d1", NOW + MINUTE) == 2
        sent = deliveries.get(tx, "d3")
        assert sent is not None
        assert sent.state == "sent"


def test_news_of_an_older_attempt_is_noted_and_decides_nothing(store: Store) -> None:
    put(store, delivery("d1"))
    with store.write() as tx:
        deliveries.begin(tx, "d1", NOW)
        deliveries.recover(tx, NOW)
        deliveries.begin(tx, "d1", NOW)
        deliveries.finish(tx, "d1", 1, BUSY, Next("retry", NOW + MINUTE), NOW)
        running = deliveries.get(tx, "d1")
        assert running is not None
        assert (running.state, running.attempts) == ("leased", 2)
        assert [each.outcome for each in deliveries.attempts_of(tx, "d1")] == ["transient", None]


def test_what_was_accepted_is_never_pending_again(store: Store) -> None:
    put(store, delivery("d1"))
    attempt(store, "d1", SENT, Next("sent"))
    with store.write() as tx:
        deliveries.finish(tx, "d1", 1, BUSY, Next("retry", NOW), NOW)
        assert deliveries.recover(tx, NOW) == 0
        assert not deliveries.revive(tx, "d1", NOW)
    assert ready(store, NOW + MINUTE) == []


def test_an_attempt_that_never_began_cannot_be_finished(store: Store) -> None:
    put(store, delivery("d1"))
    with store.write() as tx:
        with pytest.raises(StoreError, match="d1 has no attempt 3"):
            deliveries.finish(tx, "d1", 3, SENT, Next("sent"), NOW)
        with pytest.raises(StoreError, match="no delivery d9"):
            deliveries.finish(tx, "d9", 1, SENT, Next("sent"), NOW)


def test_a_delivery_given_up_can_be_revived_by_hand(store: Store) -> None:
    put(store, delivery("d1"))
    attempt(store, "d1", Outcome("bad_target", "404", "gone"), Next("dead"))
    with store.read() as tx:
        assert [each.id for each in deliveries.all_deliveries(tx, states=["dead"])] == ["d1"]
        assert deliveries.all_deliveries(tx, alert_id="al-2") == ()
    with store.write() as tx:
        assert deliveries.revive(tx, "d1", NOW + MINUTE)
    assert ready(store, NOW + MINUTE) == ["d1"]


def test_a_delivery_that_no_message_could_be_made_for_has_nothing_to_send(store: Store) -> None:
    put(store, delivery("d1", payload=b"", state="dead", rule="bad-content"))
    with store.write() as tx:
        assert not deliveries.revive(tx, "d1", NOW)
    assert ready(store) == []


def test_a_cap_counts_what_was_sent_to_the_target_lately(store: Store) -> None:
    put(store, delivery("d1"), delivery("d2", event_id="w-2"), delivery("d3", ANNA), delivery("d4", event_id="w-4"))
    attempt(store, "d1", SENT, Next("sent"), NOW)
    attempt(store, "d2", SENT, Next("sent"), NOW + MINUTE)
    attempt(store, "d3", SENT, Next("sent"), NOW + MINUTE)
    attempt(store, "d4", Outcome("bad_target"), Next("dead"), NOW + MINUTE)
    with store.read() as tx:
        assert deliveries.sent_since(tx, DESK, NOW) == (NOW, NOW + MINUTE)
        assert deliveries.sent_since(tx, DESK, NOW + MINUTE) == (NOW + MINUTE,)


async def test_the_outbox_takes_a_delivery_from_pending_to_sent(store: Store, outbox: Outbox) -> None:
    put(store, delivery("d1"))
    assert await outbox.next_due() == NOW
    (one,) = await outbox.due(NOW, 10)
    assert one == delivery("d1")
    assert await outbox.begin(one.id, NOW) == 1
    assert await outbox.begin(one.id, NOW) is None
    assert await outbox.recover(NOW) == 1
    assert await outbox.begin(one.id, NOW) == 2
    await outbox.finish(one.id, 2, SENT, Next("sent"), NOW)
    assert await outbox.next_due() is None
    assert list(await outbox.due(NOW, 10)) == []


def test_days_of_an_alert_are_days(store: Store) -> None:
    put(store)
    with store.read() as tx:
        kept = alerts.get(tx, "al-1")
    assert kept is not None
    assert kept.date == Span(date(2026, 2, 5), date(2026, 2, 5), "x")


def test_an_alert_stands_on_its_article_and_on_those_that_tell_its_facts(store: Store) -> None:
    other = replace(alert().source, url="https://b.example/2")
    told = replace(alert(), facts=(*alert().facts, Fact("place", "Belarus", other)))
    urls = ["https://a.example/1", "https://b.example/2", "https://c.example/3", ""]
    with store.write() as tx:
        alerts.add(tx, told, ())
        alerts.add(tx, told, ())
        assert alerts.alerted(tx, urls) == set(urls[:2])
        assert alerts.events_alerted(tx, urls[1]) == {"w-1"}
        assert alerts.events_alerted(tx, urls[2]) == frozenset()


def test_an_alert_that_was_moved_counts_for_the_other_event_and_says_what_it_said(store: Store) -> None:
    with store.write() as tx:
        alerts.add(tx, alert(), ())
        alerts.move(tx, ["al-1"], "w-2")
        assert alerts.of_event(tx, "w-1") == ()
        assert alerts.of_event(tx, "w-2") == (alert(),)
        assert (alerts.event_of(tx, "al-1"), alerts.event_of(tx, "al-9")) == ("w-2", None)
