"""Floods, and anything at all: caps and digests hold, nothing is lost, nothing is told twice."""

import time as clock
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.records import INTERRUPTS, Delivery, Outcome
from alerts.rules import Cap, Digest, Escalation, Quiet, Route
from alerts.throttle import hushed
from extractors.records import Article, Claim, Dating, Evidence, Reading
from monitor.faults import Faults
from monitor.intake import take_in
from monitor.store import alerts, events
from monitor.watches import load_watch

Make = Callable[..., Any]
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
SEEDS = Path(__file__).parents[3] / "seeds"
NIGHT = Quiet(time(22), time(7))


def carried(rows: Mapping[str, Delivery], row: Delivery) -> Delivery:
    """The delivery whose message tells what `row` would have told."""
    while row.state == "suppressed" and row.rule.partition(": ")[0] in ("gathered", "in-digest", "overtaken"):
        row = rows[row.rule.partition(": ")[2]]
    return row


def lost(rows: tuple[Delivery, ...]) -> list[tuple[str, str, str]]:
    """What was written for a route and reached its recipient neither by itself nor in another message."""
    by_id = {row.id: row for row in rows}
    ways = [(row, carried(by_id, row)) for row in rows if row.role == ""]
    return [(row.alert_id, way.state, way.rule) for row, way in ways if way.state != "sent"]


def most_within(moments: list[datetime], span: timedelta) -> int:
    return max((sum(at - span < other <= at for other in moments) for at in moments), default=0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_articles_on_one_event_in_a_minute_are_one_alert_and_at_most_two_updates(
    make_world: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = load_watch(SEEDS / "watches" / "ru-ua.yaml", SEEDS / "topics")
    assert not isinstance(watch, Faults)
    world = make_world(desk={}, room={"quiet": (NIGHT,), "zone": ZoneInfo("Europe/Kyiv")}, lab={"cap": Cap(hour=2)})
    text = "The fifth round of talks between Russia and Ukraine ended in Istanbul on Friday."
    day = world.now.date()
    memo = events.Memo()
    began = clock.perf_counter()
    for n in range(1000):
        said = f"{text} {n} of {n * 7919} were told so by {n * 104729} others, it was said."
        claim = Claim(
            "ru-ua", "talks_round", "concluded" if n % 3 else "underway", "news",
            Dating(day, day, "explicit"), "Istanbul" if n % 5 else "Ankara", 5, {}, ("Russia", "Ukraine"),
            (Evidence("text", said, 0, len(said), ("predicate-held",)),), ("predicate-held",),
        )  # fmt: skip
        outlet = f"outlet{n % 400}.example"
        article = Article(f"https://{outlet}/{n}", outlet, f"Talks {n}", said, "en", world.now - MINUTE, world.now)
        with world.store.write() as tx:
            take_in(
                tx, article, Reading((claim,)), watches=(watch,), family=outlet, mailing=world.mailing, now=world.now,
                memo=memo,
            )  # fmt: skip
        world.until(world.now + MINUTE / 1000)
    took = clock.perf_counter() - began
    world.after(2 * DAY)
    with world.store.read() as tx:
        decided = Counter(each.reason for each in alerts.all_alerts(tx))
    assert lost(world.all()) == []
    with capsys.disabled():
        print(f"\n1,000 articles in a minute, taken in within {took:.1f} s: decided {dict(decided)}")
        for name in ("desk", "room", "lab"):
            print(f"  {name}: {world.inbox(name)}")
    assert decided["new"] == 1
    for name in ("desk", "room", "lab"):
        reasons = [reason for _, reason in world.inbox(name)]
        assert reasons[0] == "new"
        assert len(reasons) <= 3


@pytest.mark.slow
def test_two_hundred_events_in_an_hour_keep_to_the_cap_and_lose_nothing(
    make_world: Make, make_alert: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    caps = {"desk": Cap(10, 30), "room": Cap(3, 5), "free": Cap()}
    world = make_world(**{name: {"cap": cap} for name, cap in caps.items()})
    for n in range(200):
        world.tell(make_alert(f"e{n}", at=world.now), earlier=False)
        if n % 4 == 0:
            world.tell(make_alert(f"e{n}", "confirmed", 2, at=world.now))
        world.after(18 * SECOND)
    for n in range(0, 200, 50):
        world.after(3 * HOUR)
        world.tell(make_alert(f"e{n}", "reversed", 3, at=world.now))
    world.after(2 * DAY)
    assert lost(world.all()) == []
    with capsys.disabled():
        print("\n200 events in an hour and 50 updates, then 4 reversals:")
        for name, cap in caps.items():
            mine = [each for each in world.got if each.recipient == name]
            urgent = [each for each in mine if each.delivery.severity == "urgent"]
            moments = [each.at for each in mine if each not in urgent]
            digests = [each.title for each in mine if each.reason == "digest"]
            by_hour, by_day = most_within(moments, HOUR), most_within(moments, DAY)
            print(
                f"  {name}: {len(moments)} messages, at most {by_hour} an hour, {by_day} a day, and "
                f"{len(urgent)} urgent; {digests}"
            )
            assert by_hour <= (cap.hour or 1000)
            assert by_day <= (cap.day or 1000)
            assert [each.reason for each in urgent] == ["reversed"] * 4
    assert len([each for each in world.got if each.recipient == "free"]) >= 204


@st.composite
def _stories(draw: st.DrawFn) -> list[tuple[int, str, str]]:
    """(minutes since the last, event, reason); an event begins with its `new`."""
    begun: set[str] = set()
    told = []
    for _ in range(draw(st.integers(1, 40))):
        event = draw(st.sampled_from(["e1", "e2", "e3", "e4", "e5"]))
        reason = draw(st.sampled_from(["advanced", "reversed", "corrected", "confirmed", "confirmed"]))
        told.append((draw(st.sampled_from([0, 1, 7, 20, 90, 400])), event, reason if event in begun else "new"))
        begun.add(event)
    return told


anything = given(
    _stories(),
    st.builds(Cap, st.none() | st.integers(1, 3), st.none() | st.integers(2, 9)),
    st.sampled_from(["hold", "digest"]),
    st.sampled_from(["Europe/Kyiv", "America/New_York", "UTC"]),
    st.none() | st.just(Digest(time(8))),
    st.sets(st.integers(0, 60), max_size=20),
)


@settings(max_examples=8)
@anything
@pytest.mark.slow
def test_whatever_happens_nothing_is_lost_told_twice_out_of_order_beyond_the_cap_or_at_night(
    fresh_world: Make, make_alert: Make, story: Any, cap: Cap, then: Any, zone: str, digest: Any, down: set[int]
) -> None:
    _lived(fresh_world, make_alert, story, cap, then, zone, digest, down)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=200)
@anything
def test_whatever_happens_in_two_hundred_stories(
    fresh_world: Make, make_alert: Make, story: Any, cap: Cap, then: Any, zone: str, digest: Any, down: set[int]
) -> None:
    _lived(fresh_world, make_alert, story, cap, then, zone, digest, down)


def _lived(
    fresh_world: Make, make_alert: Make, story: Any, cap: Cap, then: Any, zone: str, digest: Any, down: set[int]
) -> None:
    desk = {"cap": cap, "quiet": (replace(NIGHT, then=then),), "zone": ZoneInfo(zone)}
    escalates = (Escalation(30 * MINUTE, ("boss",)),)
    routes = (
        Route(("desk",), reasons=frozenset({"new", "reversed", "corrected"}), escalate=escalates),
        Route(("desk",), reasons=frozenset({"advanced", "confirmed"}), digest=digest),
    )
    with fresh_world(*routes, desk=desk, boss={}) as world:
        _live(world, make_alert, story, down)


def _live(world: Any, make_alert: Make, story: list[tuple[int, str, str]], down: set[int]) -> None:
    for n, (minutes, event, reason) in enumerate(story):
        world.until(world.now + minutes * MINUTE)
        # The channel is down at some of the steps, so that messages wait while others come.
        world.refusing = {"desk": Outcome("transient", "451", "later")} if n in down else {}
        world.tell(make_alert(event, reason, n + 1, at=world.now), earlier=reason != "new")
    world.refusing = {}
    world.after(6 * DAY)
    rows = world.all()
    assert lost(rows) == []
    assert all(row.state in ("sent", "suppressed") for row in rows)
    desk = world.mailing.recipients["desk"]
    mine = [each for each in world.got if each.recipient == "desk"]
    assert len({each.delivery.id for each in mine}) == len(mine)
    for cap, some in (
        (desk.cap.of("urgent"), mine),
        (desk.cap, [each for each in mine if each.delivery.severity != "urgent"]),
    ):
        assert most_within([each.at for each in some], HOUR) <= (cap.hour or 1000)
        assert most_within([each.at for each in some], DAY) <= (cap.day or 1000)
    # Each message of an event tells something newer than the one before, and an interruption comes before its updates.
    latest: dict[str, int] = {}
    by_id = {row.id: row for row in rows}
    newest: dict[str, int] = {}
    for row in rows:
        if row.role == "" and row.target.recipient == "desk":
            way = carried(by_id, row).id
            newest[way] = max(newest.get(way, 0), int(row.alert_id.rpartition(".")[2]))
    for each in mine:
        if each.delivery.role == "":
            event = each.delivery.event_id
            assert newest[each.delivery.id] > latest.get(event, 0)
            latest[event] = newest[each.delivery.id]
    # At night rings only what is urgent, or what had been released before and then was tried again.
    for each in mine:
        released = each.delivery.next_at if each.delivery.attempts == 0 else None
        assert released is None or hushed(desk.quiet, desk.zone, each.delivery.severity, released) is None
    # The boss hears of each interruption once, as nobody acknowledges; of updates never.
    boss = [each for each in world.got if each.recipient == "boss"]
    assert all(each.reason in INTERRUPTS for each in boss)
    assert len({each.delivery.alert_id for each in boss}) == len(boss)
