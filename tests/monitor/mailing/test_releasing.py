"""What was held is looked at again: one message of one event, one digest of many, nothing twice and nothing lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.records import Edit, Moved, Outcome
from alerts.rules import Cap, Digest, Quiet, Route
from monitor.mailing import release
from monitor.store import alerts, deliveries, mutes
from monitor.tracing import follow

Make = Callable[..., Any]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NIGHT = Quiet(time(22), time(7))
DIGEST = Quiet(time(22), time(7), then="digest")
KYIV, NEW_YORK = ZoneInfo("Europe/Kyiv"), ZoneInfo("America/New_York")
BUSY = Outcome("transient", "451", "later")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2031-05-{text}+00:00")


def test_the_updates_of_an_event_come_as_one_that_tells_all_they_brought(make_world: Make, make_alert: Make) -> None:
    world = make_world()
    world.tell(make_alert(), earlier=False)
    world.after(MINUTE)
    edit = Edit(None, None, (Moved("place", "Porto", "Lisbon"),))
    world.tell(make_alert(reason="confirmed", n=2))
    world.after(5 * MINUTE)
    world.tell(make_alert(reason="corrected", n=3, edits=(edit,)))
    world.after(5 * MINUTE)
    world.tell(make_alert(reason="confirmed", n=5))
    world.after(HOUR)
    assert world.inbox() == [("16 12:00", "new"), ("16 12:16", "corrected")]
    text = world.got[-1].text
    for words in ("Place 2", "Place 3", "Place 5", "Porto → Lisbon", "e1 confirmed 5", "5 independent outlets"):
        assert words in text
    assert "It was said of e1, corrected 3." in text
    assert world.rows()[1:] == [
        ("confirmed", "suppressed", "gathered"),
        ("corrected", "sent", "sent"),
        ("confirmed", "suppressed", "gathered"),
    ]
    carrier = world.got[-1].delivery.id
    assert [each.rule for each in world.all() if each.state == "suppressed"] == [f"gathered: {carrier}"] * 2


def test_updates_of_two_events_or_for_two_recipients_are_not_mixed(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={}, room={})
    for event in ("e1", "e2"):
        world.tell(make_alert(event, "confirmed", 2))
        world.tell(make_alert(event, "confirmed", 3))
    world.after(HOUR)
    assert sorted((each.recipient, each.title) for each in world.got) == [
        (name, f"{event} confirmed 3") for name in ("desk", "room") for event in ("e1", "e2")
    ]


def test_an_interruption_takes_along_the_updates_that_waited(make_world: Make, make_alert: Make) -> None:
    world = make_world()
    world.tell(make_alert(reason="confirmed", n=2))
    world.after(5 * MINUTE)
    world.tell(make_alert(reason="advanced", n=3))
    world.after(DAY)
    assert world.inbox() == [("16 12:05", "advanced")]
    assert world.rows()[0] == ("confirmed", "suppressed", "overtaken")


def test_an_interruption_that_is_not_accepted_yet_overtakes_nothing(make_world: Make, make_alert: Make) -> None:
    world = make_world()
    world.tell(make_alert(reason="confirmed", n=2))
    world.refusing["desk"] = BUSY
    world.after(5 * MINUTE)
    world.tell(make_alert(reason="advanced", n=3))
    world.after(2 * HOUR)
    assert world.rows()[0] == ("confirmed", "held", "gathering")
    world.refusing["desk"] = Outcome("bad_target", "550", "no such mailbox")
    world.after(5 * MINUTE)
    assert world.rows()[1][1] == "dead"
    world.refusing.clear()
    world.after(HOUR)
    assert [reason for _, reason in world.inbox()] == ["confirmed"]


def test_what_was_held_at_night_comes_in_the_morning_one_by_one(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (NIGHT,)}, now=utc("16 22:00"))
    for n in range(3):
        world.tell(make_alert(f"e{n}"))
        world.after(HOUR)
    world.until(utc("17 12:00"))
    assert world.inbox() == [("17 07:00", "new")] * 3
    assert [each.title for each in world.got] == ["e0 new 1", "e1 new 1", "e2 new 1"]


def test_what_happened_to_an_event_overnight_is_one_message_in_the_morning(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (NIGHT,)}, now=utc("16 22:30"))
    world.tell(make_alert(), earlier=False)
    world.after(HOUR)
    world.tell(make_alert(reason="confirmed", n=2))
    world.after(4 * HOUR)
    world.tell(make_alert(reason="advanced", n=3, status="underway"))
    world.until(utc("17 06:55"))
    world.tell(make_alert(reason="confirmed", n=5, status="underway"))
    world.until(utc("17 12:00"))
    assert world.inbox() == [("17 07:00", "new")]
    assert "under way" in world.got[0].text.lower()
    assert "e1 confirmed 5" in world.got[0].text
    assert "told of this event before" not in world.got[0].text


def test_a_reversal_at_night_rings_and_the_morning_repeats_nothing(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (NIGHT,)}, now=utc("16 22:30"))
    world.tell(make_alert(), earlier=False)
    world.until(utc("17 03:00"))
    world.tell(make_alert(reason="reversed", n=2))
    world.until(utc("18 12:00"))
    assert world.inbox() == [("17 03:00", "reversed")]
    assert world.rows() == [("new", "suppressed", "overtaken"), ("reversed", "sent", "sent")]


def test_two_events_that_were_made_one_overnight_are_one_message(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (NIGHT,)}, now=utc("16 23:00"))
    for event in ("e1", "e2"):
        world.tell(make_alert(event))
    with world.store.write() as tx:
        alerts.move(tx, ["e2.new.1"], "e1")
    world.until(utc("17 12:00"))
    assert world.inbox() == [("17 07:00", "new")]
    assert sorted(world.rows()) == [("new", "sent", "sent"), ("new", "suppressed", "gathered")]


@pytest.mark.parametrize("then", ["new", "reversed"])
def test_an_event_that_was_made_two_overnight_is_two_messages(make_world: Make, make_alert: Make, then: str) -> None:
    world = make_world(desk={"quiet": (NIGHT,)}, now=utc("16 23:00"))
    world.tell(make_alert())
    world.tell(make_alert(reason=then, n=2))
    with world.store.write() as tx:
        alerts.move(tx, ["e1.new.1"], "e2")
    world.until(utc("17 12:00"))
    assert sorted(each.title for each in world.got) == ["e1 new 1", f"e1 {then} 2"]


def test_a_night_as_a_digest_is_one_message_that_names_each_event_once(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (DIGEST,), "zone": KYIV}, now=utc("16 19:30"))
    for n in range(3):
        world.tell(make_alert(f"e{n}"))
        world.after(10 * MINUTE)
    world.tell(make_alert("e1", "advanced", 2))
    with world.store.write() as tx:
        mutes.mute(tx, "topic", "summit", utc("20 09:00"), "of no interest", world.now)
    world.until(utc("17 12:00"))
    (digest,) = world.got
    assert (digest.at, digest.reason, digest.title) == (utc("17 04:00"), "digest", "3 alerts held from 22:30 to 07:00")
    for words in (
        "e0 new 1",
        "e1 advanced 2",
        "e2 new 1",
        "It was said of e0, new 1.",
        "topic summit until 20 May 2031 12:00",
    ):
        assert words in " ".join(digest.text.split())
    assert digest.text.count("e1 ") < 4
    assert {each.rule for each in world.all() if each.state == "suppressed"} == {f"in-digest: {digest.delivery.id}"}
    assert digest.delivery.role == "digest"
    assert digest.delivery.event_id == "digest-desk-20310517T040000Z"
    with world.store.read() as tx:
        kept = alerts.get(tx, digest.delivery.alert_id)
    assert kept is not None
    assert [(fact.slot, fact.value) for fact in kept.facts] == [
        ("new", "e0 new 1"), ("new", "e1 advanced 2"), ("new", "e2 new 1"),
    ]  # fmt: skip


def test_a_digest_is_told_with_what_it_holds_and_leads_to_it_and_back(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (DIGEST,)}, now=utc("16 23:00"))
    for n in range(2):
        world.tell(make_alert(f"e{n}"))
    members = [each.alert_id for each in world.all()]
    world.now = utc("17 07:00")
    heard: list[tuple[str, str, list[str]]] = []
    with world.store.write() as tx:
        release(tx, world.mailing, world.now, lambda alert, who, of: heard.append((alert.id, who, list(of))))
    world.after(MINUTE)
    (got,) = world.got
    assert heard == [(got.delivery.alert_id, "desk", members)]
    with world.store.read() as tx:
        ways = {name: follow(tx, name) for name in (got.delivery.id, *members)}
    for name, steps in ways.items():
        told = [step.values["alert_id"] for step in steps if step.what == "alert"]
        assert told == ([*members, heard[0][0]] if name == got.delivery.id else [name, heard[0][0]])
        assert steps[-1].values["delivery_id"] == got.delivery.id
        assert (steps[-1].what, steps[-1].values["outcome"]) == ("attempt", "sent")


def test_an_event_that_is_due_by_itself_and_in_a_digest_is_named_in_the_digest_alone(
    make_world: Make, make_alert: Make
) -> None:
    updates = Route(("desk",), reasons=frozenset({"confirmed"}), digest=Digest(time(7)))
    world = make_world(
        Route(("desk",), reasons=frozenset({"new"})), updates, desk={"quiet": (NIGHT,)}, now=utc("16 22:30")
    )
    for event in ("e1", "e2"):
        world.tell(make_alert(event, "confirmed", 2))
    world.tell(make_alert("e1", "new", 3))
    world.until(utc("17 12:00"))
    assert world.inbox() == [("17 07:00", "digest")]
    assert "e1 new 3" in world.got[0].text
    assert "e1 confirmed" not in world.got[0].text


def test_one_event_alone_is_no_digest(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (DIGEST,)}, now=utc("16 22:30"))
    world.tell(make_alert())
    world.tell(make_alert(reason="confirmed", n=2))
    world.until(utc("17 12:00"))
    assert world.inbox() == [("17 07:00", "new")]


def test_an_event_that_a_digest_named_is_known_to_its_reader(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (DIGEST,)}, now=utc("16 22:30"))
    world.tell(make_alert("e1"), earlier=False)
    world.tell(make_alert("e2"), earlier=False)
    world.until(utc("17 12:00"))
    world.tell(make_alert("e1", "advanced", 2))
    world.after(MINUTE)
    assert [each.reason for each in world.got] == ["digest", "advanced"]
    assert "told of this event before" in world.got[1].text


def test_a_route_of_its_own_brings_a_digest_each_week(make_world: Make, make_alert: Make) -> None:
    route = Route(("desk",), digest=Digest(time(8), 0))  # Mondays; 16 May 2031 is a Friday
    world = make_world(route, desk={"zone": NEW_YORK}, settings={"stale_after": 3 * DAY})
    for n in range(12):
        world.tell(make_alert(f"e{n}"))
        world.after(14 * HOUR)
    world.until(utc("27 00:00"))
    assert world.inbox() == [("19 12:00", "digest"), ("26 12:00", "digest")]
    assert [each.title for each in world.got] == [
        "6 alerts held from 16 May 2031 08:00 to 19 May 2031 08:00",
        "6 alerts held from 19 May 2031 20:00 to 26 May 2031 08:00",
    ]


def test_a_digest_waits_for_the_end_of_quiet_hours(make_world: Make, make_alert: Make) -> None:
    world = make_world(Route(("desk",), digest=Digest(time(6))), desk={"quiet": (NIGHT,)})
    world.tell(make_alert("e1"))
    world.tell(make_alert("e2"))
    world.until(utc("17 12:00"))
    assert world.inbox() == [("17 07:00", "digest")]


def test_what_a_cap_held_back_comes_as_one_digest_once_there_is_room(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"cap": Cap(hour=2)})
    for n in range(6):
        world.tell(make_alert(f"e{n}"))
        world.after(5 * MINUTE)
    world.after(DAY)
    assert world.inbox() == [("16 12:00", "new"), ("16 12:05", "new"), ("16 13:00", "digest")]
    assert world.got[-1].title == "4 alerts held from 12:10 to 13:00"


def test_a_single_one_that_a_cap_held_back_comes_as_itself(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"cap": Cap(hour=2)})
    for n in range(3):
        world.tell(make_alert(f"e{n}"))
    world.after(DAY)
    assert world.inbox() == [("16 12:00", "new"), ("16 12:00", "new"), ("16 13:00", "new")]


def test_what_is_urgent_may_take_as_many_messages_again_as_the_cap_allows(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"cap": Cap(hour=2)})
    for n in range(4):
        world.tell(make_alert(f"e{n}"))
    for n in range(4, 7):
        world.tell(make_alert(f"e{n}", "reversed"))
    world.after(10 * MINUTE)
    assert [reason for _, reason in world.inbox()] == ["new", "new", "reversed", "reversed"]
    world.after(DAY)
    assert [reason for _, reason in world.inbox()[4:]] == ["reversed", "digest"]


def test_what_is_urgent_waits_for_room_of_its_own_cap_and_no_longer(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"cap": Cap(hour=2)})
    for n in range(6):
        world.tell(make_alert(f"e{n}", "reversed", at=world.now))
        world.after(10 * MINUTE)
    world.after(HOUR)
    times = ["16 12:00", "16 12:10", "16 12:20", "16 12:30", "16 13:00", "16 13:10"]
    assert world.inbox() == [(time, "reversed") for time in times]


def test_a_morning_with_less_room_than_messages_brings_the_urgent_first_and_the_rest_together(
    make_world: Make, make_alert: Make
) -> None:
    quiet = replace(NIGHT, bypass=frozenset())
    world = make_world(desk={"quiet": (quiet,), "cap": Cap(hour=2)}, now=utc("16 23:00"))
    for n in range(4):
        world.tell(make_alert(f"e{n}"))
    world.tell(make_alert("e4", "reversed"))
    world.until(utc("17 12:00"))
    assert world.inbox() == [("17 07:00", "reversed"), ("17 07:00", "digest")]


def test_what_is_muted_while_it_waits_is_told_to_nobody(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (NIGHT,)}, now=utc("16 23:00"))
    for event in ("e1", "e2", "e3"):
        world.tell(make_alert(event))
    with world.store.write() as tx:
        mutes.mute(tx, "event", "e1", utc("20 00:00"), "read already", world.now)
        lifted = mutes.mute(tx, "event", "e2", utc("20 00:00"), "by mistake", world.now)
        over = mutes.mute(tx, "event", "e3", utc("17 06:00"), "until six", world.now)
        assert mutes.unmute(tx, lifted.id, world.now) == replace(lifted, until=world.now)
        assert over.until < utc("17 07:00")
    world.until(utc("17 12:00"))
    assert sorted(each.title for each in world.got) == ["e2 new 1", "e3 new 1"]
    assert world.rows()[0] == ("new", "suppressed", "muted")


def test_what_has_waited_too_long_is_stale(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (NIGHT,)}, now=utc("16 23:00"), settings={"stale_after": 5 * HOUR})
    world.tell(make_alert("e1"))
    world.until(utc("17 02:30"))
    world.tell(make_alert("e2"))
    world.until(utc("17 12:00"))
    assert [each.title for each in world.got] == ["e2 new 1"]
    assert world.rows()[0] == ("new", "suppressed", "stale")


def test_what_is_held_goes_to_where_its_recipient_is_now_and_to_nobody_who_was_taken_out(
    make_world: Make, make_alert: Make
) -> None:
    world = make_world(desk={"quiet": (NIGHT,)}, room={"quiet": (NIGHT,)}, now=utc("16 23:00"))
    world.tell(make_alert())
    desk = world.mailing.recipients["desk"]
    moved = replace(desk, target=replace(desk.target, address="night@example.org"))
    world.mailing = replace(world.mailing, recipients={"desk": moved})
    world.until(utc("17 12:00"))
    assert [each.delivery.target.address for each in world.got] == ["night@example.org"]
    assert world.rows("room") == [("new", "dead", "no-recipient")]


def test_a_message_that_cannot_be_made_any_more_is_given_up_alone(make_world: Make, make_alert: Make) -> None:
    world = make_world(desk={"quiet": (NIGHT,)}, room={"quiet": (NIGHT,)}, now=utc("16 23:00"))
    world.tell(make_alert())
    desk = world.mailing.recipients["desk"]
    odd = replace(desk, target=replace(desk.target, kind="pigeon"))
    world.mailing = replace(world.mailing, recipients={**world.mailing.recipients, "desk": odd})
    world.until(utc("17 12:00"))
    assert [each.recipient for each in world.got] == ["room"]
    assert world.rows("desk") == [("new", "dead", "bad-content")]


def test_what_was_tried_keeps_its_bytes(make_world: Make, make_alert: Make) -> None:
    world = make_world()
    world.refusing["desk"] = BUSY
    world.tell(make_alert())
    world.after(MINUTE)
    before = world.all()[0].payload
    world.mailing = replace(world.mailing, domain="other.example")
    world.after(HOUR)
    world.refusing.clear()
    world.after(HOUR)
    assert world.got[0].delivery.payload == before


def test_a_lease_that_is_over_is_taken_up_again(make_world: Make, make_alert: Make) -> None:
    world = make_world()
    world.tell(make_alert())
    with world.store.write() as tx:
        (row,) = deliveries.all_deliveries(tx)
        assert deliveries.begin(tx, row.id, world.now) == 1
    world.after(10 * MINUTE)
    assert world.got == []
    world.now += deliveries.LEASE
    world.after(MINUTE)
    assert world.rows() == [("new", "sent", "sent")]


@pytest.mark.parametrize("quiet", [NIGHT, DIGEST], ids=["hold", "digest"])
def test_a_crash_in_the_middle_of_a_release_changes_nothing(make_world: Make, make_alert: Make, quiet: Quiet) -> None:
    world = make_world(desk={"quiet": (quiet,)}, now=utc("16 23:00"))
    for n in range(5):
        world.tell(make_alert(f"e{n}"))
        world.tell(make_alert(f"e{n}", "confirmed", 2))
    before = world.all()
    world.now = utc("17 07:00")

    def crash() -> None:
        with world.store.write() as tx:
            assert release(tx, world.mailing, world.now) > 5
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert world.all() == before
    world.until(utc("17 12:00"))
    assert len(world.got) == (5 if quiet is NIGHT else 1)
    world.release()
    assert world.release() == 0


NIGHTS = [
    # zone, when the alert is decided, when it comes: the night that lacks an hour and the one that has one twice
    (KYIV, "2025-03-29 19:59", "2025-03-29 19:59"),
    (KYIV, "2025-03-29 20:00", "2025-03-30 04:00"),
    (KYIV, "2025-03-30 03:59", "2025-03-30 04:00"),
    (KYIV, "2025-10-25 18:59", "2025-10-25 18:59"),
    (KYIV, "2025-10-25 19:00", "2025-10-26 05:00"),
    (KYIV, "2025-10-26 01:30", "2025-10-26 05:00"),
    (NEW_YORK, "2025-03-09 02:59", "2025-03-09 02:59"),
    (NEW_YORK, "2025-03-09 03:00", "2025-03-09 11:00"),
    (NEW_YORK, "2025-11-02 01:59", "2025-11-02 01:59"),
    (NEW_YORK, "2025-11-02 02:00", "2025-11-02 12:00"),
    (NEW_YORK, "2025-11-02 06:30", "2025-11-02 12:00"),
]


@pytest.mark.parametrize(("zone", "decided", "comes"), NIGHTS)
def test_quiet_hours_end_when_the_clock_of_the_recipient_says_so(
    make_world: Make, make_alert: Make, zone: ZoneInfo, decided: str, comes: str
) -> None:
    at = datetime.fromisoformat(f"{decided}+00:00")
    # The window is 22:00 to 07:00 by the recipient's clock.
    world = make_world(desk={"quiet": (NIGHT,), "zone": zone}, now=at)
    world.tell(make_alert(at=at))
    world.after(2 * DAY)
    assert [each.at for each in world.got] == [datetime.fromisoformat(f"{comes}+00:00")]
