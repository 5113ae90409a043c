"""Who else hears: when nobody acknowledges, and when a channel does not take the message."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from alerts.records import Next, Outcome
from alerts.rules import Cap, Escalation, Quiet, Route
from monitor.store import deliveries, mutes

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NIGHT = Quiet(time(22), time(7))
BUSY = Outcome("transient", "451", "later")
GONE = Outcome("bad_target", "550", "no such mailbox")
UNCLEAR = Outcome("ambiguous", "reset", "the connection broke after the message")
ESCALATES = Route(("desk",), escalate=(Escalation(30 * MINUTE, ("boss",)), Escalation(2 * HOUR, ("chief",))))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2031-05-{text}+00:00")


def test_nobody_acknowledges_and_one_after_the_other_hears(make_world: Make, make_alert: Make) -> None:
    world = make_world(ESCALATES, desk={}, boss={}, chief={})
    world.tell(make_alert())
    world.after(DAY)
    assert [(f"{each.at:%H:%M}", each.recipient) for each in world.got] == [
        ("12:00", "desk"), ("12:30", "boss"), ("14:00", "chief"),
    ]  # fmt: skip
    assert "Nobody acknowledged this within 30 min." in world.got[1].text
    assert "Nobody acknowledged this within 2 h." in world.got[2].text
    assert "acknowledged" not in world.got[0].text


def test_an_acknowledgement_stops_the_steps_that_are_left(make_world: Make, make_alert: Make) -> None:
    world = make_world(ESCALATES, desk={}, boss={}, chief={})
    world.tell(make_alert())
    world.after(HOUR)
    with world.store.write() as tx:
        mutes.acknowledge(tx, "e1", "anna", "on it", world.now)
    world.after(DAY)
    assert [each.recipient for each in world.got] == ["desk", "boss"]
    assert next(each for each in world.all() if each.target.recipient == "chief").rule == "acknowledged: by anna: on it"


def test_a_new_phase_after_an_acknowledgement_rings_and_escalates_anew(make_world: Make, make_alert: Make) -> None:
    world = make_world(ESCALATES, desk={}, boss={}, chief={})
    world.tell(make_alert())
    world.after(10 * MINUTE)
    with world.store.write() as tx:
        mutes.acknowledge(tx, "e1", "anna", "", world.now)
    world.after(DAY)
    world.tell(make_alert(reason="advanced", n=2, at=world.now))
    world.after(HOUR)
    assert [(each.recipient, each.reason) for each in world.got] == [
        ("desk", "new"), ("desk", "advanced"), ("boss", "advanced"),
    ]  # fmt: skip


def test_updates_and_other_events_do_not_escalate_or_acknowledge(make_world: Make, make_alert: Make) -> None:
    world = make_world(ESCALATES, desk={}, boss={}, chief={})
    world.tell(make_alert(reason="confirmed"))
    world.tell(make_alert("e2"))
    with world.store.write() as tx:
        mutes.acknowledge(tx, "e1", "anna", "", world.now)
    world.after(HOUR)
    assert [(each.recipient, each.title) for each in world.got] == [
        ("desk", "e2 new 1"), ("desk", "e1 confirmed 1"), ("boss", "e2 new 1"),
    ]  # fmt: skip


def test_nobody_is_woken_because_one_who_sleeps_has_not_acknowledged(make_world: Make, make_alert: Make) -> None:
    world = make_world(ESCALATES, desk={"quiet": (NIGHT,)}, boss={}, chief={}, now=utc("16 23:00"))
    world.tell(make_alert(at=world.now))
    world.until(utc("17 12:00"))
    assert [(f"{each.at:%H:%M}", each.recipient) for each in world.got] == [
        ("07:00", "desk"), ("07:30", "boss"), ("09:00", "chief"),
    ]  # fmt: skip
    assert "Nobody acknowledged this within 30 min." in world.got[1].text


def test_who_hears_next_has_quiet_hours_and_a_cap_of_their_own(make_world: Make, make_alert: Make) -> None:
    world = make_world(ESCALATES, desk={}, boss={"quiet": (NIGHT,)}, chief={"cap": Cap(hour=1)}, now=utc("16 21:45"))
    world.tell(make_alert(at=world.now))
    world.until(utc("16 23:46"))
    assert [each.recipient for each in world.got] == ["desk", "chief"]
    with world.store.write() as tx:
        mutes.acknowledge(tx, "e1", "chief", "", world.now)
    world.until(utc("17 12:00"))
    assert [each.recipient for each in world.got] == ["desk", "chief"]


def test_a_mute_stops_escalations_too(make_world: Make, make_alert: Make) -> None:
    world = make_world(ESCALATES, desk={}, boss={}, chief={})
    world.tell(make_alert())
    world.after(MINUTE)
    with world.store.write() as tx:
        mutes.mute(tx, "event", "e1", world.now + DAY, "enough", world.now)
    world.after(DAY)
    assert [each.recipient for each in world.got] == ["desk"]


def test_what_a_channel_does_not_take_in_time_goes_by_another_and_only_there(
    make_world: Make, make_alert: Make
) -> None:
    world = make_world(Route(("desk",)), desk={"fallback": "room"}, room={})
    world.refusing["desk"] = BUSY
    world.tell(make_alert())
    world.after(HOUR)
    world.refusing.clear()
    world.after(DAY)
    (got,) = world.got
    assert (got.at, got.recipient) == (utc("16 12:30"), "room")
    assert "Sent to you because the message to desk was not accepted within 30 min." in got.text
    assert [(each.state, each.rule) for each in world.all()] == [
        ("suppressed", f"failed-over: {got.delivery.id}"), ("sent", "sent"),
    ]  # fmt: skip


def test_nobody_acknowledges_what_went_by_another_channel_and_the_next_hears(
    make_world: Make, make_alert: Make
) -> None:
    slow = Route(("desk",), escalate=(Escalation(HOUR, ("boss",)),))
    world = make_world(slow, desk={"fallback": "room"}, room={}, boss={})
    world.refusing["desk"] = BUSY
    world.tell(make_alert())
    world.after(DAY)
    assert [(each.at, each.recipient) for each in world.got] == [(utc("16 12:30"), "room"), (utc("16 13:00"), "boss")]


def test_what_waits_for_a_recipient_who_was_taken_out_goes_to_who_hears_in_their_place(
    make_world: Make, make_alert: Make
) -> None:
    quiet = {"fallback": "room", "quiet": (NIGHT,)}
    world = make_world(Route(("desk",)), desk=quiet, room={}, now=utc("16 23:00"))
    world.tell(make_alert())
    world.mailing = replace(world.mailing, routes=(), recipients={"room": world.mailing.recipients["room"]})
    world.until(utc("17 12:00"))
    assert [each.recipient for each in world.got] == ["room"]
    assert world.rows() == [("new", "dead", "no-recipient")]


def test_what_was_accepted_in_time_does_not_fail_over(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk",)), desk={"fallback": "room"}, room={})
    world.refusing["desk"] = BUSY
    world.tell(make_alert())
    world.after(20 * MINUTE)
    world.refusing.clear()
    world.after(DAY)
    assert [each.recipient for each in world.got] == ["desk"]
    assert world.rows("room") == [("new", "suppressed", "first-channel-sent")]


def test_what_can_never_be_delivered_fails_over_at_once(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk",)), desk={"fallback": "room"}, room={})
    world.refusing["desk"] = GONE
    world.tell(make_alert())
    world.after(MINUTE)
    assert [(each.at, each.recipient) for each in world.got] == [(utc("16 12:00"), "room")]
    assert "because the message to desk could not be delivered" in world.got[0].text


def test_what_quiet_hours_hold_back_fails_over_only_after_them(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk",)), desk={"fallback": "room", "quiet": (NIGHT,)}, room={}, now=utc("16 23:00"))
    world.refusing["desk"] = UNCLEAR
    world.tell(make_alert())
    world.until(utc("17 12:00"))
    assert [(each.at, each.recipient) for each in world.got] == [(utc("17 07:30"), "room")]


def test_the_other_channel_can_fail_too(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk",)), desk={"fallback": "room"}, room={"fallback": "boss"}, boss={})
    world.refusing |= {"desk": BUSY, "room": BUSY}
    world.tell(make_alert())
    world.after(2 * HOUR)
    assert [(each.at, each.recipient) for each in world.got] == [(utc("16 13:00"), "boss")]
    assert [each.state for each in world.all()] == ["suppressed", "suppressed", "sent"]


def test_when_the_last_of_three_is_told_the_first_is_not_tried_again(make_world: Make, make_alert: Make) -> None:
    room = {"fallback": "boss", "failover": 33 * MINUTE}
    world = make_world(Route(("desk",)), desk={"fallback": "room"}, room=room, boss={})
    world.refusing |= {"desk": BUSY, "room": BUSY}
    world.tell(make_alert())
    world.until(utc("16 13:03"))
    world.refusing.clear()
    world.after(DAY)
    assert [(each.at, each.recipient) for each in world.got] == [(utc("16 13:03"), "boss")]


def test_a_fallback_of_a_fallback_that_heard_already_hears_no_more(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk", "boss")), desk={"fallback": "room"}, room={"fallback": "boss"}, boss={})
    world.refusing |= {"desk": BUSY, "room": BUSY}
    world.tell(make_alert())
    world.after(3 * HOUR)
    assert [each.recipient for each in world.got] == ["boss"]
    assert len(world.all()) == 3


def test_what_another_message_told_does_not_fail_over(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk",)), desk={"fallback": "room", "quiet": (NIGHT,)}, room={}, now=utc("16 23:00"))
    world.tell(make_alert())
    world.tell(make_alert(reason="advanced", n=2))
    world.until(utc("17 12:00"))
    assert [(each.at, each.recipient) for each in world.got] == [(utc("17 07:00"), "desk")]
    assert world.rows("room") == [(reason, "suppressed", "first-channel-sent") for reason in ("new", "advanced")]


def test_when_both_channels_come_back_together_one_message_is_sent(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk",)), desk={"fallback": "room"}, room={})
    world.refusing |= {"desk": BUSY, "room": BUSY}
    world.tell(make_alert())
    world.after(3 * HOUR)
    assert [each.state for each in world.all()] == ["retry", "retry"]
    world.refusing.clear()
    world.after(DAY)
    assert len(world.got) == 1


@pytest.mark.parametrize("ends", ["comes-back", "crash"])
def test_an_attempt_under_way_while_the_other_channel_is_told_is_the_last(
    make_world: Make, make_alert: Make, ends: str
) -> None:
    world = make_world(Route(("desk",)), desk={"fallback": "room"}, room={})
    world.tell(make_alert())
    (first, _) = world.all()
    with world.store.write() as tx:
        assert deliveries.begin(tx, first.id, world.now + 15 * MINUTE) == 1
    world.until(utc("16 12:31"))
    assert [each.recipient for each in world.got] == ["room"]
    with world.store.write() as tx:
        if ends == "crash":
            deliveries.recover(tx, world.now)
        else:
            deliveries.finish(tx, first.id, 1, BUSY, Next("retry", world.now, "back-off"), world.now)
    world.after(DAY)
    assert [each.recipient for each in world.got] == ["room"]
    assert world.rows("desk") == [("new", "suppressed", "failed-over")]


def test_nobody_gets_a_message_for_another_that_they_have_already(make_world: Make, make_alert: Make) -> None:
    both = make_world(Route(("desk", "room")), desk={"fallback": "room"}, room={"fallback": "desk"})
    both.refusing["desk"] = BUSY
    both.tell(make_alert())
    both.after(2 * HOUR)
    assert [each.recipient for each in both.got] == ["room"]
    assert len(both.all()) == 2


@pytest.mark.parametrize("then", ["hold", "digest"])
def test_what_went_by_another_channel_within_another_message_is_not_sent_again(
    make_world: Make, make_alert: Make, then: str
) -> None:
    asleep = {"quiet": (Quiet(time(22), time(7), then=then),)}
    world = make_world(Route(("desk",)), desk={"fallback": "room"}, room=asleep, now=utc("16 23:00"))
    world.refusing["desk"] = BUSY
    world.tell(make_alert("e1"))
    world.tell(make_alert("e1", "advanced", 2) if then == "hold" else make_alert("e2"))
    world.until(utc("17 07:01"))
    world.refusing.clear()
    world.after(DAY)
    assert [(each.at, each.recipient) for each in world.got] == [(utc("17 07:00"), "room")]
    assert {rule for _, _, rule in world.rows()} == {"failed-over"}


def test_one_fallback_of_two_gets_one_message(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk", "lab")), desk={"fallback": "room"}, lab={"fallback": "room"}, room={})
    world.refusing |= {"desk": BUSY, "lab": BUSY}
    world.tell(make_alert())
    world.after(2 * HOUR)
    assert [each.recipient for each in world.got] == ["room"]


@pytest.mark.parametrize(("reason", "many"), [("notice", 2), ("reversed", 2), ("confirmed", 1), ("test", 1)])
def test_interruptions_and_notices_alone_fail_over(make_world: Make, make_alert: Make, reason: str, many: int) -> None:
    world = make_world(Route(("desk",)), desk={"fallback": "room"}, room={})
    assert world.tell(make_alert(reason=reason)) == many
