"""What a scrape asks of the store, whatever that is kept in."""

from datetime import UTC, datetime, timedelta

from alerts.records import Alert, Delivery, Source, Target
from extractors.records import Article, Entry
from monitor.gauges import AGES, NAMED, Figures, Queue
from monitor.records import Feed, FeedState, Habits
from monitor.store import Store, alerts, articles, entries, feeds, meta, trouble
from monitor.store.figures import figures
from monitor.trouble import Row

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FEEDS = [Feed(f"https://{name}.example/rss", name, name) for name in "abcd"]


def of(store: Store) -> Figures:
    with store.read() as tx:
        return figures(tx, NOW)


def test_an_empty_store_has_nothing_but_its_size(store: Store) -> None:
    found = of(store)
    assert found.size > 50_000
    assert (found.feeds, found.ages, found.read, found.age_sum) == ({}, (0,) * len(AGES), 0, 0)
    assert (found.queues, found.events, found.troubles, found.unread, found.cycle) == ((), {}, {}, 0, None)


def test_feeds_are_counted_by_state_and_by_how_long_ago_they_were_read(store: Store) -> None:
    a, b, c, gone = FEEDS
    with store.write() as tx:
        feeds.sync(tx, FEEDS, NOW)
        feeds.save(tx, FeedState(a.url, NOW, succeeded_at=NOW - 4 * MINUTE))
        feeds.save(tx, FeedState(b.url, NOW, succeeded_at=NOW - 2 * DAY, habits=Habits(health="failing")))
        feeds.save(tx, FeedState(gone.url, NOW, succeeded_at=NOW, habits=Habits(health="gone")))
        feeds.sync(tx, FEEDS[:3], NOW)
    found = of(store)
    assert found.feeds == {"ok": 2, "failing": 1}
    assert dict(zip(AGES, found.ages, strict=True)) == {edge: 1 if edge < 3 * 86400 else 2 for edge in AGES}
    assert (found.read, found.age_sum) == (2, 4 * 60 + 2 * 86400)
    assert found.succeeded == {a.url: NOW - 4 * MINUTE, b.url: NOW - 2 * DAY, c.url: None}


def test_each_feed_is_named_up_to_some_hundreds(store: Store) -> None:
    many = [Feed(f"https://{number}.example/rss", str(number), str(number)) for number in range(NAMED + 1)]
    with store.write() as tx:
        feeds.sync(tx, many[:NAMED], NOW)
    assert len(of(store).succeeded) == NAMED
    with store.write() as tx:
        feeds.sync(tx, many, NOW)
    assert (of(store).succeeded, sum(of(store).feeds.values())) == ({}, NAMED + 1)


def test_a_clock_that_was_set_back_makes_no_feed_younger_than_now(store: Store) -> None:
    with store.write() as tx:
        feeds.sync(tx, FEEDS[:1], NOW)
        feeds.save(tx, FeedState(FEEDS[0].url, NOW, succeeded_at=NOW + HOUR))
    assert (of(store).ages[0], of(store).age_sum) == (1, 0)


def test_entries_articles_troubles_and_the_last_cycle_are_there(store: Store) -> None:
    with store.write() as tx:
        feeds.sync(tx, FEEDS[:1], NOW)
        shown = [Entry(str(number), f"https://a.example/{number}", "One") for number in range(3)]
        entries.add(tx, FEEDS[0].url, shown[:2], status="new", now=NOW)
        entries.add(tx, FEEDS[0].url, shown[2:], status="baseline", now=NOW)
        articles.add(tx, Article("https://a.example/1", "A", "One", "t"), family="a", digest="1", sketch=(), now=NOW)
        lasts = Row("disk", "disk", NOW - HOUR, None, "", None, 1)
        over = Row("channel:mail", "channel", NOW - DAY, None, "", NOW - HOUR, 1)
        happened = Row("clock", "clock", NOW - HOUR, None, "", None, 1)
        trouble.write(tx, [lasts, over, happened], ())
        meta.put(tx, meta.CYCLE, NOW.isoformat())
    found = of(store)
    assert (found.unread, found.articles, found.troubles, found.cycle) == (2, 1, {"disk": 1}, NOW)


def test_deliveries_that_wait_and_those_given_up_are_told_by_channel(store: Store) -> None:
    source = Source("https://a.example/1", None, "A", "a", None, NOW)
    alert = Alert(
        "1", "new", "w", "talks", "planned", "e", "Talks", None, None, None, None, {}, (), source, (), 1, 1, (), NOW
    )
    mail, room = Target("desk", "mail", "email", "desk@example.org"), Target("room", "room", "slack", "C1")
    made = [
        Delivery("1", "1", "e", mail, b"x", NOW - HOUR),
        Delivery("2", "1", "e", mail, b"x", NOW, state="held", rule="quiet"),
        Delivery("3", "1", "e", room, b"x", NOW, state="dead", done=NOW),
    ]
    with store.write() as tx:
        alerts.add(tx, alert, made)
    assert of(store).queues == (Queue("mail", 1, 1, 0, NOW - HOUR), Queue("room", 0, 0, 1, None))
