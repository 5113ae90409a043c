"""What the store remembers of feeds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from extractors.records import Entry
from monitor.records import Feed, FeedState
from monitor.store import Store, StoreError, entries, feeds

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
A, B = Feed("https://a.example/rss", "A", "a"), Feed("https://b.example/rss", "B", "b")


def test_a_new_feed_is_due_at_once(store: Store) -> None:
    with store.write() as tx:
        feeds.sync(tx, [A, B], NOW)
    with store.read() as tx:
        assert feeds.due(tx, NOW, 10) == (FeedState(A.url, NOW), FeedState(B.url, NOW))
        assert feeds.due(tx, NOW - timedelta(seconds=1), 10) == ()
        assert feeds.next_due(tx) == NOW


def test_without_feeds_nothing_is_ever_due(store: Store) -> None:
    with store.read() as tx:
        assert feeds.next_due(tx) is None


def test_the_longest_overdue_comes_first_and_the_limit_holds(store: Store) -> None:
    with store.write() as tx:
        feeds.sync(tx, [A, B], NOW)
        feeds.save(tx, FeedState(A.url, NOW - timedelta(minutes=1)))
        feeds.save(tx, FeedState(B.url, NOW - timedelta(minutes=2)))
        assert [state.url for state in feeds.due(tx, NOW, 10)] == [B.url, A.url]
        assert [state.url for state in feeds.due(tx, NOW, 1)] == [B.url]


def test_a_state_comes_back_as_it_was_saved(store: Store) -> None:
    state = FeedState(A.url, NOW, '"e"', "Wed", NOW, NOW - timedelta(days=1), 3, "timed out", 412, True)
    with store.write() as tx:
        feeds.sync(tx, [A], NOW)
        feeds.save(tx, state)
    with store.read() as tx:
        assert feeds.get(tx, A.url) == state
        assert feeds.get(tx, B.url) is None


def test_a_feed_that_leaves_the_configuration_sleeps_and_keeps_its_state(store: Store) -> None:
    with store.write() as tx:
        feeds.sync(tx, [A, B], NOW)
        feeds.save(tx, FeedState(B.url, NOW, etag="kept"))
        feeds.sync(tx, [A], NOW)
        assert [state.url for state in feeds.all_states(tx)] == [A.url]
        assert [state.url for state in feeds.all_states(tx, inactive=True)] == [A.url, B.url]
        assert [state.url for state in feeds.due(tx, NOW, 10)] == [A.url]
        feeds.sync(tx, [A, B], NOW + timedelta(days=1))
        assert feeds.get(tx, B.url) == FeedState(B.url, NOW, etag="kept")
        assert len(feeds.due(tx, NOW, 10)) == 2


def test_syncing_again_changes_nothing(store: Store) -> None:
    with store.write() as tx:
        feeds.sync(tx, [A], NOW)
        feeds.save(tx, FeedState(A.url, NOW, failures=2))
        feeds.sync(tx, [A, A], NOW + timedelta(hours=1))
        assert feeds.all_states(tx) == (FeedState(A.url, NOW, failures=2),)


def test_ten_thousand_feeds_are_synced_at_once(store: Store) -> None:
    many = [replace(A, url=f"https://a.example/{n}") for n in range(10_000)]
    with store.write() as tx:
        feeds.sync(tx, many, NOW)
        feeds.sync(tx, many[:10], NOW)
        assert len(feeds.all_states(tx)) == 10


def test_saving_an_unknown_feed_is_refused_by_name(store: Store) -> None:
    with store.write() as tx, pytest.raises(StoreError, match=A.url):
        feeds.save(tx, FeedState(A.url, NOW))


def test_known_ids_are_told_feed_by_feed(store: Store) -> None:
    long = "x" * 100_000
    with store.write() as tx:
        feeds.sync(tx, [A, B], NOW)
        entries.add(tx, A.url, [Entry("1", "u", "t"), Entry(long, "u", "t")], status="new", now=NOW)
        assert feeds.known_ids(tx, A.url, ["1", "2", long]) == {"1", long}
        assert feeds.known_ids(tx, B.url, ["1", "2"]) == frozenset()
        assert feeds.known_ids(tx, A.url, [str(n) for n in range(2_000)]) == {"1"}


def test_a_feed_polled_by_a_clock_that_was_ahead_is_due_once_the_clock_is_right(store: Store) -> None:
    ahead = NOW + timedelta(days=1)
    with store.write() as tx:
        feeds.sync(tx, [Feed("https://a.example/rss", "A", "a")], NOW)
        (state,) = feeds.due(tx, NOW, 9)
        feeds.save(tx, replace(state, polled_at=ahead, next_at=ahead + timedelta(hours=1)))
        (due,) = feeds.due(tx, NOW, 9)
        feeds.save(tx, replace(due, polled_at=NOW, next_at=NOW + timedelta(hours=1)))
        assert feeds.due(tx, NOW, 9) == ()
