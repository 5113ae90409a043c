"""The journal of what may be missing, and pages that are looked at again."""

from datetime import UTC, datetime, timedelta

import pytest

from extractors.records import Entry
from monitor.records import Feed
from monitor.store import Store, entries, feeds, journal, looks
from monitor.store.journal import Line

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A, B = Feed("https://a.example/rss", "A", "a"), Feed("https://b.example/rss", "B", "b")


@pytest.fixture
def pk(store: Store) -> int:
    with store.write() as tx:
        feeds.sync(tx, [A, B], NOW)
        entries.add(tx, A.url, [Entry("1", "https://a.example/1", "One")], status="new", now=NOW)
        (item,) = entries.pending(tx, NOW, 9)
        entries.settle(tx, item.pk, "read", "", NOW)
    return item.pk


def test_lines_come_back_as_written_and_old_ones_are_dropped(store: Store) -> None:
    gap = Line(NOW, "gap", A.url, NOW - HOUR, NOW, "none of 9 entries was there before")
    down = Line(NOW + DAY, "downtime", None, NOW, NOW + DAY, "the service did not run")
    with store.write() as tx:
        journal.write(tx, gap)
        journal.write(tx, down)
    with store.write() as tx:
        assert journal.lines(tx) == (gap, down)
        assert journal.lines(tx, since=NOW + HOUR) == (down,)
        # Downtime concerns every feed.
        assert journal.lines(tx, feed_url=B.url) == (down,)
        assert journal.lines(tx, feed_url=A.url) == (gap, down)
        assert journal.forget(tx, NOW + HOUR) == 1
        assert journal.lines(tx) == (down,)


def test_a_page_is_looked_at_again_after_1_6_and_24_hours(store: Store, pk: int) -> None:
    with store.write() as tx:
        looks.begin(tx, pk, NOW, etag='"1"', last_modified=None)
        looks.begin(tx, pk, NOW + HOUR / 2, etag=None, last_modified=None)  # one that is under way goes on as it is
        came = []
        for minute in range(0, 30 * 60, 10):
            moment = NOW + timedelta(minutes=minute)
            for look in looks.due(tx, moment, 9):
                came.append((moment - NOW, look.entry.id, look.feed_url, look.etag))
                looks.done(tx, look.entry_pk, moment, validators=('"2"', None) if minute < 100 else None)
    assert came == [(HOUR, "1", A.url, '"1"'), (6 * HOUR, "1", A.url, '"2"'), (24 * HOUR, "1", A.url, '"2"')]


def test_after_downtime_one_look_serves_all_that_are_overdue(store: Store, pk: int) -> None:
    with store.write() as tx:
        looks.begin(tx, pk, NOW, etag=None, last_modified=None)
        looks.done(tx, pk, NOW + 7 * HOUR)
        assert looks.due(tx, NOW + 23 * HOUR, 9) == ()
        assert len(looks.due(tx, NOW + 24 * HOUR, 9)) == 1
        looks.done(tx, pk, NOW + 48 * HOUR)
        assert looks.due(tx, NOW + 999 * HOUR, 9) == ()


def test_a_look_at_what_was_dropped_is_nothing(store: Store, pk: int) -> None:
    with store.write() as tx:
        looks.done(tx, pk, NOW)
        assert looks.due(tx, NOW + DAY, 9) == ()
