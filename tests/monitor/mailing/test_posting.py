"""An alert becomes deliveries: to whom, in which state, for which reason."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.records import Alert
from alerts.rules import Cap, Digest, Escalation, Quiet, Route
from monitor.mailing import post, resend
from monitor.store import deliveries, mutes

Make = Callable[..., Any]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NIGHT = Quiet(time(22), time(7))
KYIV = ZoneInfo("Europe/Kyiv")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2031-05-{text}+00:00")


def test_an_interruption_goes_at_once_and_an_update_waits_for_others(make_world: Make, make_alert: Make) -> None:
    world = make_world()
    world.tell(make_alert())
    world.tell(make_alert(reason="confirmed", n=2))
    assert world.rows() == [("new", "pending", ""), ("confirmed", "held", "gathering")]
    new, confirmed = world.all()
    assert (new.next_at, confirmed.next_at) == (world.now, world.now + 15 * MINUTE)
    assert (new.severity, confirmed.severity) == ("normal", "low")


def test_without_gathering_an_update_goes_at_once(make_world: Make, make_alert: Make) -> None:
    world = make_world(settings={"gather": timedelta(0)})
    world.tell(make_alert(reason="confirmed"))
    assert world.rows() == [("confirmed", "pending", "")]


def test_posting_again_writes_nothing_twice(make_world: Make, make_alert: Make) -> None:
    route = Route(("desk",), escalate=(Escalation(HOUR, ("boss",)),))
    world = make_world(route, desk={"fallback": "room"}, room={}, boss={})
    assert world.tell(make_alert()) == 3
    written = world.all()
    world.now += MINUTE
    assert world.tell(replace(make_alert(), title="told anew")) == 0
    assert world.all() == written


@pytest.mark.parametrize(
    ("more", "rule", "until"),
    [
        ({"quiet": (NIGHT,), "zone": KYIV}, "quiet", utc("17 04:00")),
        ({"quiet": (replace(NIGHT, then="digest"),), "zone": KYIV}, "digest", utc("17 04:00")),
        ({"quiet": (NIGHT,)}, "quiet", utc("17 07:00")),
    ],
)
def test_at_night_it_is_held_until_the_morning_of_the_recipient(
    make_world: Make, make_alert: Make, more: dict[str, Any], rule: str, until: datetime
) -> None:
    world = make_world(desk=more, now=utc("16 23:30"))
    world.tell(make_alert())
    world.tell(make_alert("e2", "reversed"))
    night, urgent = world.all()
    assert (night.state, night.rule, night.next_at) == ("held", rule, until)
    assert (urgent.state, urgent.severity) == ("pending", "urgent")


def test_beyond_the_cap_it_is_held_until_there_is_room_and_what_follows_queues_behind(
    make_world: Make, make_alert: Make
) -> None:
    world = make_world(desk={"cap": Cap(hour=2)})
    for n in range(2):
        world.tell(make_alert(f"e{n}"))
        world.after(10 * MINUTE)
    world.tell(make_alert("e2"))
    world.now += 45 * MINUTE
    world.tell(make_alert("e3"))
    assert [(each.state, each.rule, each.next_at) for each in world.all()[2:]] == [
        ("held", "cap", utc("16 13:00")),
        ("held", "cap", utc("16 13:00")),
    ]


def test_what_is_under_way_counts_for_the_cap(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"cap": Cap(hour=2)})
    for n in range(3):
        world.tell(make_alert(f"e{n}"))
    assert [state for _, state, _ in world.rows()] == ["pending", "pending", "held"]


def test_a_digest_route_holds_until_its_moment(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk",), digest=Digest(time(8))), desk={"zone": KYIV})
    world.tell(make_alert())
    (held,) = world.all()
    assert (held.state, held.rule, held.next_at) == ("held", "digest", utc("17 05:00"))


def test_an_update_does_not_overtake_the_interruption_that_is_held(make_world: Make, make_alert: Make) -> None:
    lets_low_ring = Quiet(time(22), time(7), bypass=frozenset({"low"}))
    world = make_world(desk={"quiet": (lets_low_ring,)}, now=utc("16 23:30"))
    world.tell(make_alert())
    world.tell(make_alert(reason="confirmed", n=2))
    world.tell(make_alert("e2", "confirmed"))
    assert world.rows()[:2] == [("new", "held", "quiet"), ("confirmed", "held", "quiet")]
    world.until(utc("17 06:59"))
    assert world.inbox() == [("16 23:45", "confirmed")]
    world.until(utc("17 12:00"))
    assert world.inbox()[1:] == [("17 07:00", "new")]


def test_what_is_muted_is_written_with_the_reason_and_reaches_nobody(make_world: Make, make_alert: Make) -> None:
    route = Route(("desk",), escalate=(Escalation(HOUR, ("boss",)),))
    world = make_world(route, desk={"fallback": "boss"}, boss={})
    with world.store.write() as tx:
        mutes.mute(tx, "topic", "talks_round", world.now + DAY, "read already", world.now)
    world.tell(make_alert())
    (row,) = world.all()
    assert (row.state, row.done, row.next_at) == ("suppressed", world.now, None)
    assert row.rule == "muted: topic talks_round until 2031-05-17 12:00 UTC: read already"
    assert row.payload
    world.until(world.now + 3 * DAY)
    assert world.got == []


def test_a_recipient_that_no_message_can_be_made_for_costs_the_others_nothing(
    make_world: Make, make_alert: Make
) -> None:
    world = make_world(Route(("odd", "desk")), odd={"fallback": "room"}, desk={}, room={})
    odd = world.mailing.recipients["odd"]
    odd = replace(odd, target=replace(odd.target, kind="pigeon"))
    world.mailing = replace(world.mailing, recipients={**world.mailing.recipients, "odd": odd})
    world.tell(make_alert())
    dead = world.all()[0]
    assert (dead.state, dead.rule, dead.done) == ("dead", "bad-content", world.now)
    assert "pigeon" in str(dead.last_error)
    world.after(MINUTE)
    assert sorted(each.recipient for each in world.got) == ["desk", "room"]


def test_earlier_is_true_for_whom_it_is(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk",)), Route(("room",), reasons=frozenset({"advanced"})), desk={}, room={})
    world.tell(make_alert(), earlier=False)
    world.after(MINUTE)
    world.tell(make_alert(reason="advanced"))
    world.after(MINUTE)
    told = {(each.recipient, each.reason): "told of this event before" in each.text for each in world.got}
    assert told == {("desk", "new"): False, ("desk", "advanced"): True, ("room", "advanced"): False}


def test_an_alert_is_sent_again_as_often_as_is_asked(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk",)), desk={"quiet": (NIGHT,)}, room={}, now=utc("16 23:00"))
    alert: Alert = make_alert()
    world.tell(alert)
    with world.store.write() as tx:
        (first,) = resend(tx, alert, world.mailing, world.now)
        again = resend(tx, alert, world.mailing, world.now, ("desk", "room"))
    assert [each.target.recipient for each in (first, *again)] == ["desk", "desk", "room"]
    assert len({each.id for each in world.all()}) == 4
    world.after(MINUTE)
    assert sorted(each.recipient for each in world.got) == ["desk", "desk", "room"]
    world.after(DAY)
    assert len(world.got) == 3


def test_nothing_is_left_of_a_transaction_that_ends_in_the_middle(make_world: Make, make_alert: Make) -> None:
    world = make_world()

    def crash() -> None:
        with world.store.write() as tx:
            post(tx, make_alert(), world.mailing, world.now, earlier=False)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    with world.store.read() as tx:
        assert deliveries.all_deliveries(tx) == ()
