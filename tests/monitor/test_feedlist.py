"""The list of feeds, and one in full."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.feedlist import Remembered, chosen, counted, every, listed, remembered, table
from monitor.feedpage import found, in_full, near, source
from monitor.records import Feed, FeedState, Habits
from monitor.schedule import NEVER
from monitor.store.journal import Line

NOW = datetime(2025, 6, 2, 12, tzinfo=UTC)
FEEDS = [Feed(f"https://{name}.example/rss", name.title(), f"{name}.example") for name in ("north", "south", "west")]
READ = FeedState(FEEDS[0].url, NOW + timedelta(hours=5), etag='"v"', polled_at=NOW, known=True, read_at=NOW)


def test_the_list_makes_no_store_where_there_is_none(tmp_path: Path) -> None:
    assert remembered(f"sqlite:///{tmp_path}/parley.db") == Remembered({}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_feed_whose_address_was_brought_up_to_date_keeps_its_state_before_the_service_sees_it() -> None:
    state = replace(READ, url="https://old.example/rss", habits=Habits(address=FEEDS[0].url))
    rows = listed(FEEDS, {state.url: state})
    assert [row.health for row in rows] == ["ok", "new", "new"]
    assert found(rows, FEEDS[0].url) == rows[0]


def test_a_feed_is_found_by_the_address_that_it_moved_to() -> None:
    rows = listed(FEEDS, {READ.url: replace(READ, habits=Habits(address="https://new.example/rss"))})
    assert found(rows, "https://new.example/rss") == rows[0]
    assert found(rows, "https://nowhere.example/rss") is None


def test_the_interval_in_force_is_the_pace_that_was_learned() -> None:
    quiet = replace(READ, habits=Habits(arrived_at=NOW - timedelta(hours=50)))
    gone = replace(READ, next_at=NEVER, habits=Habits(health="gone"))
    live = replace(quiet, hot_until=NOW + timedelta(hours=1))
    for state, wait in ((quiet, timedelta(hours=5)), (live, timedelta(hours=1)), (gone, None)):
        assert every(listed(FEEDS[:1], {READ.url: state})[0]) == wait
    assert every(listed([replace(FEEDS[0], interval=timedelta(minutes=15))], {})[0]) == timedelta(minutes=15)


def test_evidence_gives_way_to_the_address() -> None:
    habits = Habits(health="failing", evidence="timeout: " + "x" * 300)
    long = replace(FEEDS[0], url="https://north.example/" + "y" * 200)
    for feed, wide in ((FEEDS[0], 120), (long, 400)):
        rows = listed([feed], {feed.url: replace(READ, url=feed.url, failures=1, habits=habits)})
        line = table(rows)[1]
        assert line.endswith(feed.url)
        assert "timeout: x" in line
        assert "…" in line
        assert len(line) <= wide


def test_states_are_counted_and_chosen() -> None:
    bad = replace(READ, url=FEEDS[1].url, habits=Habits(health="silent"))
    rows = listed(FEEDS, {READ.url: READ, bad.url: bad})
    assert counted(rows) == "3 feeds: 1 ok, 1 silent, 1 new"
    assert counted(rows[:1]) == "1 feed: 1 ok"
    assert chosen(rows, "bad") == rows[1:2]
    assert chosen(rows, None) == rows


def test_near_matches_are_alike_or_of_the_same_host() -> None:
    urls = ["https://www.north.example/feeds/all.xml", "https://south.example/rss", "https://west.example/atom.xml"]
    assert near(urls, "https://south.example/rs")[0] == urls[1]
    assert near(urls, "https://north.example/")[0] == urls[0]
    assert near(urls, "https://wset.example/atom.xml") == (urls[2],)
    assert near(urls, "nonsense") == ()


def test_one_source_is_told_in_full() -> None:
    feed = replace(FEEDS[0], sitemap="https://north.example/news.xml", watches=("ru-ua",), pages=False)
    habits = Habits(
        address="https://new.example/rss", validated="https://cdn.example/rss", ttl=timedelta(hours=2),
        skip_hours=(1, 2), skip_days=(6,), hubs=("https://hub.example/",), overlap=80, gap=timedelta(minutes=25),
        longest_gap=timedelta(hours=6), arrived_at=NOW, doubted_at=NOW, checked_at=NOW, missed=2, listed=50,
        health="lying", since=NOW, evidence="it denied news by 304", outcome="read", took=timedelta(seconds=2),
    )  # fmt: skip
    line = Line(NOW, "gap", feed.url, NOW, NOW + timedelta(hours=1), "some may be missing")
    elsewhere = replace(line, feed_url=FEEDS[1].url, detail="of another")
    known = Remembered({feed.url: replace(READ, habits=habits)}, {feed.url: {"read": 7}}, [line, elsewhere])
    text = "\n".join(in_full(source(listed([feed], known.states)[0], {feed.url: 12}, known)))
    for said in (
        "config/feeds.yaml:12", "ru-ua", "none is asked for", "lying since 2025-06-02 12:00Z: it denied news by 304",
        "for good to https://new.example/rss", "read; an answer takes 2.0 s", "> unconditional 1 d", 'ETag "v"',
        "they came from https://cdn.example/rss", "not sent: they lied on", "ttl 2 h; rests at 1:00, 2:00 GMT",
        "rests on Sunday", "https://hub.example/", "every 25 min in the mean, its longest pause was 6 h",
        "80 % of what it showed", "silent after 18 h", "7 read", "2 of 50 articles were never in the feed",
        "gap of 2025-06-02 12:00Z to 2025-06-02 13:00Z: some may be missing",
    ):  # fmt: skip
        assert said in text
    assert "of another" not in text
