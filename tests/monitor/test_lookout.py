"""A look at the service with a real store: what goes to whom, once, and how it reads."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from zoneinfo import ZoneInfo

import pytest

from alerts.records import Alert, Delivery, Next, Outcome, Source, Target
from alerts.rules import Mailing, Recipient
from monitor.lookout import Told, look
from monitor.store import Store, alerts, deliveries, open_store, queue
from monitor.trouble import ChannelSeen, Limits, Observed

T = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIMITS = Limits(5 * MINUTE, 30 * MINUTE)
DESK = Target("desk", "mail", "email", "desk@example.org")
ROOM = Target("room", "slack", "slack", "C0123")
ME = Target("me", "console", "console", "me")
MAILING = Mailing(
    recipients={each.recipient: Recipient(each) for each in (DESK, ROOM, ME)},
    senders={"mail": "parley@example.org"},
    domain="example.org",
)
DOWN = ChannelSeen("mail", True, T, "535 authentication failed <b>")
WORKING = (ChannelSeen("slack", False, T), ChannelSeen("console", False, T))


@pytest.fixture
def store() -> Store:
    return open_store("sqlite://")


def looked(store: Store, seen: Observed, now: datetime, to: tuple[str, ...] = ("desk", "room")) -> tuple[Told, ...]:
    with store.write() as tx:
        return look(tx, seen, to=to, mailing=MAILING, limits=LIMITS, now=now)


def posted(store: Store) -> list[Delivery]:
    with store.read() as tx:
        return list(deliveries.all_deliveries(tx))


def plain(mail: bytes) -> str:
    body = message_from_bytes(mail, policy=default).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def given_up(store: Store, name: str, target: Target, reason: str = "new") -> None:
    source = Source("https://a.example/1", None, "A", "a", None, T)
    made = Alert(
        name, reason, "w", "talks", "planned", name, "Talks in Geneva", None, None, None, None, {}, (), source, (),
        1, 1, (), T,
    )  # fmt: skip
    with store.write() as tx:
        alerts.add(tx, made, [Delivery(name, name, name, target, b"x", T)])
        number = deliveries.begin(tx, name, T)
        assert number is not None
        deliveries.finish(tx, name, number, Outcome("bad_target", "550", "no user"), Next("dead", rule="bad-target"), T)


def test_a_dead_channel_is_told_once_on_another_and_its_recovery_under_it(store: Store) -> None:
    for minute in range(25):
        looked(store, Observed((DOWN, *WORKING)), T + minute * MINUTE)
    (bad,) = posted(store)
    assert (bad.target, bad.severity, bad.state) == (ROOM, "urgent", "pending")
    text = json.loads(bad.payload)["text"]
    for words in ("mail takes no messages", "down since 2026-03-01 12:00 UTC (5 min): 535 authentication failed"):
        assert words in text
    mended = (ChannelSeen("mail", False, T, last_sent=T + 25 * MINUTE), *WORKING)
    for minute in range(25, 34):
        looked(store, Observed(mended), T + minute * MINUTE)
    _, *well = posted(store)
    assert [(each.target, each.severity) for each in well] == [(DESK, "normal"), (ROOM, "normal")]
    assert {each.event_id for each in well} == {bad.event_id}
    assert b"mail works again" in well[0].payload


def test_trouble_is_told_by_the_readers_clock_where_all_readers_have_one(store: Store) -> None:
    kyiv = {
        DESK.recipient: ZoneInfo("Europe/Kyiv"),
        ROOM.recipient: ZoneInfo("Europe/Kyiv"),
        ME.recipient: ZoneInfo("UTC"),
    }
    mailing = replace(
        MAILING, recipients={each.recipient: Recipient(each, kyiv[each.recipient]) for each in (DESK, ROOM, ME)}
    )
    for channel, to in (("one", ("desk", "room")), ("two", ("desk", "me"))):
        down = Observed((ChannelSeen(channel, True, T, "535"),))
        with store.write() as tx:
            look(tx, down, to=to, mailing=mailing, limits=LIMITS, now=T + 5 * MINUTE)
    texts = {each.event_id.split("-")[2]: each.payload for each in posted(store) if each.target == DESK}
    assert "down since 2026-03-01 14:00 Europe/Kyiv (5 min)" in plain(texts["one"])
    assert "down since 2026-03-01 12:00 UTC (5 min)" in plain(texts["two"])


def test_where_all_channels_are_down_the_message_waits_for_them_and_that_is_known(store: Store) -> None:
    down = (DOWN, ChannelSeen("slack", True, T, "token_revoked"))
    (told,) = looked(store, Observed(down), T + 5 * MINUTE)
    assert (told.title, told.to, told.reaches) == ("mail takes no messages; 1 more trouble", ("desk", "room"), False)
    assert [each.target for each in posted(store)] == [DESK, ROOM]
    with store.read() as tx:
        (notice,) = alerts.all_alerts(tx)
    assert (notice.kind, notice.reason, notice.families, notice.label) == ("self", "notice", 2, "troubles")


def test_a_dead_letter_is_told_once_to_somebody_else_and_that_of_a_notice_to_nobody(store: Store) -> None:
    given_up(store, "one", DESK)
    given_up(store, "two", ROOM, reason="notice")
    for minute in range(25):
        looked(store, Observed((ChannelSeen("mail", False, T), *WORKING)), T + minute * MINUTE)
    told = posted(store)[2:]
    assert [each.target for each in told] == [ROOM]
    assert "1 message to desk was given up" in told[0].payload.decode()
    assert "“Talks in Geneva”: bad_target 550 no user" in json.loads(told[0].payload)["text"]


def test_a_notice_that_dies_where_it_is_sent_brings_forth_no_other(store: Store) -> None:
    given_up(store, "one", DESK)
    for minute in range(0, 300, 10):
        now = T + minute * MINUTE
        looked(store, Observed((ChannelSeen("mail", False, T),)), now, to=("desk",))
        with store.write() as tx:
            for each in queue.due(tx, now, 10):
                number = deliveries.begin(tx, each.id, now)
                assert number is not None
                deliveries.finish(tx, each.id, number, Outcome("bad_target", "550"), Next("dead"), now)
    assert [each.state for each in posted(store)] == ["dead", "dead"]


def test_without_anybody_to_tell_it_is_remembered_all_the_same(store: Store) -> None:
    (told,) = looked(store, Observed((DOWN,)), T + 5 * MINUTE, to=())
    assert (told.to, told.reaches) == ((), False)
    assert looked(store, Observed((DOWN,)), T + 6 * MINUTE, to=()) == ()
    assert posted(store) == []


@pytest.mark.parametrize("target", [DESK, ROOM, ME], ids=lambda each: each.kind)
def test_every_kind_of_channel_tells_what_it_means_and_what_to_do(store: Store, target: Target) -> None:
    seen = Observed((ChannelSeen("hook", True, T, "connection refused <b>"),), loops=(("poll", HOUR),))
    looked(store, seen, T + HOUR, to=(target.recipient,))
    (sent,) = posted(store)
    text = json.loads(sent.payload)["text"] if target is ROOM else sent.payload.decode().replace("=\n", "")
    for words in ("hook takes no messages; 1 more trouble", "connection refused", "stands still since", "What to do"):
        assert words in text
    assert "<b>" not in text.partition("text/html")[2]
