"""How much a store holds, whatever it is kept in."""

from datetime import UTC, datetime, timedelta

from extractors.records import Article, Entry
from monitor.records import Feed
from monitor.store import Store, articles, entries, feeds
from monitor.store.totals import totals

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
FEED = Feed("https://a.example/rss", "A", "a")


def test_an_empty_store_holds_nothing_and_takes_some_room(store: Store) -> None:
    with store.read() as tx:
        found = totals(tx)
    assert (found.entries, found.articles, found.oldest, found.events, found.alerts) == ({}, 0, None, 0, 0)
    assert found.deliveries == {}
    assert found.bytes > 50_000


def test_entries_are_counted_by_outcome_and_versions_of_articles_with_the_oldest(store: Store) -> None:
    shown = [Entry(str(number), f"https://a.example/{number}", "One") for number in range(5)]
    with store.write() as tx:
        feeds.sync(tx, [FEED], NOW)
        entries.add(tx, FEED.url, shown[:2], status="new", now=NOW)
        entries.add(tx, FEED.url, shown[2:], status="baseline", now=NOW)
        for number in range(3):
            article = Article("https://a.example/1", "A", "One", f"text {number}")
            at = NOW - number * timedelta(days=1)
            articles.add(tx, article, family="a", digest=str(number), sketch=(), now=at)
    with store.read() as tx:
        found = totals(tx)
    assert found.entries == {"baseline": 3, "new": 2}
    assert (found.articles, found.oldest) == (3, NOW - timedelta(days=2))


def test_an_address_is_forgotten_with_all_its_versions_or_not_at_all(store: Store) -> None:
    days = [NOW + number * timedelta(days=1) for number in range(4)]
    with store.write() as tx:
        for url, number in (("https://a.example/1", 0), ("https://a.example/1", 3), ("https://a.example/2", 1)):
            article = Article(url, "A", "One", f"text {number}")
            articles.add(tx, article, family="a", digest=str(number), sketch=(), now=days[number])
        assert articles.forget(tx, days[2]) == 1
        assert len(articles.by_url(tx, "https://a.example/1")) == 2
        assert articles.by_url(tx, "https://a.example/2") == ()
        assert articles.forget(tx, days[3] + timedelta(seconds=1)) == 2
