"""Notices to the operator: grouped, once, through the outbox."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.records import Target
from alerts.rules import Mailing, Recipient
from monitor.notify import notify
from monitor.records import Feed, FeedState, Habits
from monitor.store import Store, alerts, deliveries, feeds, open_store

NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FEEDS = {url: Feed(url, f"Outlet {n}", f"family{n}") for n in range(60) for url in [f"https://{n}.example/rss"]}
TARGETS = {
    "me": Target("me", "console", "console", "me"),
    "desk": Target("desk", "mail", "email", "desk@example.org"),
    "room": Target("room", "slack", "slack", "C0123"),
}
MAILING = Mailing(
    (), {name: Recipient(target) for name, target in TARGETS.items()}, {"mail": "parley@example.org"}, "example.org"
)


@pytest.fixture
def store() -> Store:
    made = open_store("sqlite://")
    with made.write() as tx:
        feeds.sync(tx, tuple(FEEDS.values()), NOW)
    return made


def health(store: Store, which: range, state: str, since: datetime, evidence: str = "") -> None:
    with store.write() as tx:
        for n in which:
            kept = feeds.get(tx, f"https://{n}.example/rss")
            assert isinstance(kept, FeedState)
            habits = replace(kept.habits, health=state, since=since, evidence=evidence)
            feeds.save(tx, replace(kept, habits=habits))


def told(store: Store, now: datetime, to: tuple[str, ...] = ("me", "desk", "room")) -> list[str]:
    with store.write() as tx:
        return [a.title for a in notify(tx, FEEDS, to=to, after=DAY, mailing=MAILING, now=now)]


def test_sources_bad_for_a_day_are_one_message_and_are_told_once(store: Store) -> None:
    health(store, range(3), "failing", NOW - DAY, "9 times in a row: timeout: https://0.example/rss was not complete")
    health(store, range(3, 5), "failing", NOW - DAY / 2)
    assert told(store, NOW) == ["3 sources are in trouble"]
    assert told(store, NOW + timedelta(hours=1)) == []
    assert told(store, NOW + DAY / 2) == ["2 sources are in trouble"]


def test_sources_that_are_well_again_are_told_once(store: Store) -> None:
    health(store, range(2), "silent", NOW - DAY)
    told(store, NOW)
    health(store, range(1), "ok", NOW + DAY)
    assert told(store, NOW + DAY) == ["1 source is well again"]
    assert told(store, NOW + 2 * DAY) == []
    health(store, range(1), "failing", NOW + 2 * DAY)
    assert told(store, NOW + 3 * DAY) == ["1 source is in trouble"]


def test_every_kind_of_channel_gets_a_message_that_names_source_state_and_evidence(store: Store) -> None:
    health(store, range(1), "blocked", NOW - DAY, "challenge page <script>")
    told(store, NOW)
    with store.read() as tx:
        (notice,) = alerts.all_alerts(tx)
        sent = {each.target.kind: each.payload.decode() for each in deliveries.all_deliveries(tx)}
    assert (notice.kind, notice.reason) == ("self", "notice")
    assert sent.keys() == {"console", "email", "slack"}
    for words in ("1 source is in trouble", "Outlet 0", "blocked for 1 d (challenge page"):
        assert words in sent["console"]
        assert words in json.loads(sent["slack"])["text"]
    assert "Subject: [parley] 1 source is in trouble" in sent["email"]
    assert "<script>" not in sent["email"].partition("text/html")[2]


def test_no_password_of_a_source_is_sent(store: Store) -> None:
    feed = Feed("https://reader:geheim@paid.example/rss", "Paid", "paid")
    with store.write() as tx:
        feeds.sync(tx, (feed,), NOW)
        kept = feeds.get(tx, feed.url)
        assert kept is not None
        feeds.save(tx, replace(kept, habits=replace(kept.habits, health="failing", since=NOW - DAY)))
        notify(tx, {feed.url: feed}, to=("me", "desk"), after=DAY, mailing=MAILING, now=NOW)
        sent = [each.payload.decode() for each in deliveries.all_deliveries(tx)]
    assert sent
    assert all("https://paid.example/rss" in text and "geheim" not in text for text in sent)


def test_hundreds_of_bad_sources_are_a_message_that_can_be_read(store: Store) -> None:
    health(store, range(60), "failing", NOW - DAY)
    assert told(store, NOW) == ["60 sources are in trouble"]
    with store.read() as tx:
        texts = [each.payload.decode() for each in deliveries.all_deliveries(tx) if each.target.kind == "console"]
    assert "20 more" in texts[0]


def test_without_recipients_it_is_remembered_and_logged_alone(store: Store) -> None:
    health(store, range(1), "failing", NOW - DAY)
    assert told(store, NOW, to=()) == ["1 source is in trouble"]
    with store.read() as tx:
        assert deliveries.all_deliveries(tx) == ()


def test_a_feed_that_was_taken_out_is_no_trouble(store: Store) -> None:
    health(store, range(1), "failing", NOW - DAY)
    with store.write() as tx:
        left = {url: feed for url, feed in FEEDS.items() if url != "https://0.example/rss"}
        assert notify(tx, left, to=(), after=DAY, mailing=MAILING, now=NOW) == ()


def test_habits_are_empty_at_first() -> None:
    assert Habits() == FeedState("u", NOW).habits
