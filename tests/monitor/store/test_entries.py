"""Entries, from sight to settlement."""

from datetime import UTC, datetime, timedelta

import pytest

from extractors.records import Entry
from monitor.records import Feed, FeedState
from monitor.store import Store, StoreError, entries, feeds

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A, B = "https://a.example/rss", "https://b.example/rss"


@pytest.fixture
def known(store: Store) -> Store:
    with store.write() as tx:
        feeds.sync(tx, [Feed(A, "A", "a"), Feed(B, "B", "b")], NOW)
    return store


def entry(id_: str, published: datetime | None = None) -> Entry:
    return Entry(id_, f"https://a.example/{id_}", f"Title {id_}", "Обмін", published, published, True, "uk")


def test_entries_are_read_by_publication_and_undated_ones_last(known: Store) -> None:
    shown = [entry("none"), entry("late", NOW), entry("early", NOW - HOUR), entry("none too")]
    with known.write() as tx:
        assert entries.add(tx, A, shown, status="new", now=NOW) == 4
        waiting = entries.pending(tx, NOW, 10)
        assert [each.entry for each in waiting] == [shown[2], shown[1], shown[0], shown[3]]
        assert {each.feed_url for each in waiting} == {A}
        assert entries.pending(tx, NOW, 2) == waiting[:2]


def test_an_entry_known_to_its_feed_is_not_added_again(known: Store) -> None:
    with known.write() as tx:
        entries.add(tx, A, [entry("1")], status="new", now=NOW)
        assert entries.add(tx, A, [entry("1"), entry("2"), entry("2")], status="new", now=NOW) == 1
        assert entries.add(tx, B, [entry("1")], status="new", now=NOW) == 1
        assert [(each.feed_url, each.entry.id) for each in entries.pending(tx, NOW, 9)] == [
            (A, "1"),
            (A, "2"),
            (B, "1"),
        ]


def test_the_first_of_two_entries_with_one_id_is_kept(known: Store) -> None:
    first, second = Entry("1", "u1", "first"), Entry("1", "u2", "second")
    with known.write() as tx:
        entries.add(tx, A, [first, second], status="new", now=NOW)
        assert [each.entry for each in entries.pending(tx, NOW, 9)] == [first]


def test_the_baseline_is_known_and_never_read(known: Store) -> None:
    with known.write() as tx:
        entries.add(tx, A, [entry("1")], status="baseline", now=NOW)
        assert entries.pending(tx, NOW, 9) == ()
        assert entries.next_pending(tx) is None
        assert feeds.known_ids(tx, A, ["1"]) == {"1"}


def test_a_settled_entry_is_counted_under_its_outcome(known: Store) -> None:
    with known.write() as tx:
        entries.add(tx, A, [entry("1"), entry("2"), entry("3")], status="new", now=NOW)
        entries.add(tx, B, [entry("1")], status="baseline", now=NOW)
        one, two, _ = entries.pending(tx, NOW, 9)
        entries.settle(tx, one.pk, "read", "", NOW)
        entries.settle(tx, two.pk, "no text", "the page has 12 characters", NOW)
        assert entries.counts(tx) == {A: {"new": 1, "no text": 1, "read": 1}, B: {"baseline": 1}}
        assert len(entries.pending(tx, NOW, 9)) == 1


def test_an_entry_to_be_retried_waits_until_its_time(known: Store) -> None:
    with known.write() as tx:
        entries.add(tx, A, [entry("1")], status="new", now=NOW)
        (one,) = entries.pending(tx, NOW, 9)
        entries.retry(tx, one.pk, NOW + HOUR, "timed out")
        assert entries.pending(tx, NOW, 9) == ()
        assert entries.next_pending(tx) == NOW + HOUR
        (again,) = entries.pending(tx, NOW + HOUR, 9)
        assert (again.pk, again.attempts) == (one.pk, 1)


def test_an_entry_that_does_not_exist_cannot_be_settled(known: Store) -> None:
    with known.write() as tx:
        with pytest.raises(StoreError, match="no entry 77"):
            entries.settle(tx, 77, "read", "", NOW)
        with pytest.raises(ValueError, match="settles nothing"):
            entries.settle(tx, 77, "new", "", NOW)


def test_entries_of_an_unknown_feed_are_refused_by_name(known: Store) -> None:
    with known.write() as tx, pytest.raises(StoreError, match=r"c\.example"):
        entries.add(tx, "https://c.example/rss", [entry("1")], status="new", now=NOW)


@pytest.mark.parametrize("again", ["add", "sighted"])
def test_only_what_the_feed_no_longer_shows_is_forgotten(known: Store, again: str) -> None:
    with known.write() as tx:
        entries.add(tx, A, [entry("shown"), entry("gone")], status="baseline", now=NOW)
        entries.add(tx, A, [entry("unread")], status="new", now=NOW)
        if again == "add":
            entries.add(tx, A, [entry("shown")], status="new", now=NOW + 40 * DAY)
        else:
            entries.sighted(tx, A, [entry("shown")], NOW + 40 * DAY)
        # Nothing but 304 for a month: what it showed last, it still shows.
        assert entries.forget(tx, NOW + 30 * DAY) == 0
        feeds.save(tx, FeedState(A, NOW, read_at=NOW + 40 * DAY))
        assert entries.forget(tx, NOW + 30 * DAY) == 1
        assert feeds.known_ids(tx, A, ["shown", "gone", "unread"]) == {"shown", "unread"}


def test_text_that_no_database_takes_is_kept_all_the_same(known: Store) -> None:
    odd = Entry("nul\0 and \ud800", "u", "half an emoji \ud83d, a \0")
    with known.write() as tx:
        entries.add(tx, A, [odd], status="new", now=NOW)
    with known.read() as tx:
        assert entries.pending(tx, NOW, 9)[0].entry == odd
        assert feeds.known_ids(tx, A, [odd.id]) == {odd.id}


def test_addresses_are_known_with_their_latest_publication(known: Store) -> None:
    again = Entry("other id", "https://a.example/1", "Title", published=NOW)
    shown = [entry("1", NOW - HOUR), again, entry("undated"), Entry("no link", "", "Title")]
    with known.write() as tx:
        entries.add(tx, A, shown, status="new", now=NOW)
        asked = [each.url for each in shown] + ["https://a.example/else"]
        assert entries.known_urls(tx, A, asked) == {
            "https://a.example/1": NOW,
            "https://a.example/undated": None,
        }
        assert entries.known_urls(tx, B, asked) == {}


def test_what_the_feed_shows_under_ever_new_ids_is_not_forgotten(known: Store) -> None:
    with known.write() as tx:
        entries.add(tx, A, [entry("1")], status="baseline", now=NOW)
        later = NOW + 40 * DAY
        entries.sighted(tx, A, [Entry("other id", "https://a.example/1", "Title")], later)
        assert entries.forget(tx, later - 30 * DAY) == 0


def test_the_latest_date_of_an_address_is_that_of_publication_or_of_change(known: Store) -> None:
    url = "https://a.example/1"
    first = Entry("1", url, "One", published=NOW - DAY, updated=NOW - HOUR)
    second = Entry("2", url, "One again", published=NOW - 2 * HOUR)
    undated = Entry("3", "https://a.example/3", "Three")
    with known.write() as tx:
        entries.add(tx, A, [first, second, undated], status="new", now=NOW)
        assert entries.moments(tx, A, [url, undated.url, "https://a.example/9"]) == {url: NOW - HOUR}
        assert entries.moments(tx, B, [url]) == {}


def test_an_entry_to_be_read_again_waits_once_more_as_its_feed_shows_it_now(known: Store) -> None:
    later = Entry("1", "https://a.example/1", "One, corrected", published=NOW, updated=NOW + HOUR)
    with known.write() as tx:
        entries.add(tx, A, [entry("1", NOW)], status="new", now=NOW)
        (waiting,) = entries.pending(tx, NOW, 9)
        assert entries.read_again(tx, A, [later], NOW) == 0
        entries.settle(tx, waiting.pk, "read", "1 claims, 1 alerts", NOW)
        assert entries.read_again(tx, A, [later], NOW + HOUR) == 1
        assert entries.pending(tx, NOW, 9) == ()
        (again,) = entries.pending(tx, NOW + HOUR, 9)
    assert (again.pk, again.entry, again.attempts) == (waiting.pk, later, 0)
