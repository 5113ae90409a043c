"""config/feeds.yaml and families.yaml: read, listed, and edited in place."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor import feedlist, feeds
from monitor.faults import Faults
from monitor.homes import shipped
from monitor.records import Feed, FeedState, MonitorError
from monitor.store import feeds as stored
from monitor.store import open_store

NOW = datetime(2025, 6, 2, 12, tzinfo=UTC)
FAMILIES = """
families:
  one: {name: One, hosts: [example.org, www.example.net]}
  two: {name: Two, hosts: [news.example.org]}
"""
TEXT = """# what is polled
feeds:
  # the first
  - {url: https://example.org/rss, outlet: Example, language: uk, zone: Europe/Kyiv, interval: 30m}   # ours
  # the second
  - url: https://feeds.example.com/rss   # theirs
    outlet: Elsewhere
    watches: [ru-ua]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "families.yaml").write_text(FAMILIES)
    (tmp_path / "feeds.yaml").write_text(TEXT)
    return tmp_path


def loaded(config: Path) -> tuple[Feed, ...]:
    found = feeds.load(config / "feeds.yaml", config / "families.yaml")
    assert not isinstance(found, Faults), str(found)
    return found


def test_feeds_come_in_the_order_of_the_file(config: Path) -> None:
    assert loaded(config) == (
        Feed("https://example.org/rss", "Example", "one", "uk", "Europe/Kyiv", timedelta(minutes=30)),
        Feed("https://feeds.example.com/rss", "Elsewhere", "feeds.example.com", watches=("ru-ua",)),
    )


@pytest.mark.parametrize(
    ("outlet", "family"),
    [
        ("example.org", "one"),
        ("www.example.org", "one"),
        ("EXAMPLE.ORG:443", "one"),
        ("amp.example.org", "one"),
        ("news.example.org", "two"),
        ("live.news.example.org", "two"),
        ("example.net", "one"),
        ("https://news.example.org/a/b", "two"),
        ("myexample.org", "myexample.org"),
        ("org", "org"),
        ("kp.ua.", "kp.ua"),
        ("", ""),
    ],
)
def test_an_outlet_belongs_to_the_nearest_named_domain_or_to_itself(config: Path, outlet: str, family: str) -> None:
    families = feeds.load_families(config / "families.yaml")
    assert not isinstance(families, Faults)
    assert feeds.family_of(outlet, families) == family


def test_adding_a_feed_keeps_every_line_that_was_there(config: Path) -> None:
    new = Feed("https://example.com/atom", "Third", "one", "tr", "Europe/Istanbul", timedelta(minutes=90), ("ru-ua",))
    feeds.add(config / "feeds.yaml", config / "families.yaml", new)
    assert loaded(config)[2] == new
    assert (config / "feeds.yaml").read_text().startswith(TEXT)


def test_removing_a_feed_keeps_the_comments_of_the_others(config: Path) -> None:
    feeds.remove(config / "feeds.yaml", config / "families.yaml", "https://feeds.example.com/rss")
    text = (config / "feeds.yaml").read_text()
    assert [each.url for each in loaded(config)] == ["https://example.org/rss"]
    assert "# what is polled" in text
    assert "# ours" in text


def test_what_is_added_and_removed_leaves_the_same_feeds(config: Path) -> None:
    before = loaded(config)
    feeds.add(config / "feeds.yaml", config / "families.yaml", Feed("https://example.com/atom", "Third", "one"))
    feeds.remove(config / "feeds.yaml", config / "families.yaml", "https://example.com/atom")
    assert loaded(config) == before


def test_all_feeds_can_be_removed_and_one_added_again(config: Path) -> None:
    for each in loaded(config):
        feeds.remove(config / "feeds.yaml", config / "families.yaml", each.url)
    assert loaded(config) == ()
    feeds.add(config / "feeds.yaml", config / "families.yaml", Feed("https://example.org/rss", "Example", "one"))
    assert [each.family for each in loaded(config)] == ["one"]


@pytest.mark.parametrize(
    ("feed", "says"),
    [
        (Feed("https://example.org/rss", "Again", "one"), "is there already"),
        (Feed("example.org", "No address", "one"), "should be a whole address"),
        (Feed("https://example.org/2", "No family", "three"), "unknown family three"),
        (Feed("https://example.org/2", "No zone", "one", zone="Mars/Base"), "unknown time zone"),
    ],
)
def test_a_feed_that_would_be_a_fault_is_not_added(config: Path, feed: Feed, says: str) -> None:
    with pytest.raises(MonitorError, match=says):
        feeds.add(config / "feeds.yaml", config / "families.yaml", feed)
    assert (config / "feeds.yaml").read_text() == TEXT


def test_a_file_with_faults_is_not_edited(config: Path) -> None:
    (config / "feeds.yaml").write_text(TEXT + "fees: []\n")
    with pytest.raises(MonitorError, match=r"feeds\.yaml:9: fees: unknown key"):
        feeds.remove(config / "feeds.yaml", config / "families.yaml", "https://example.org/rss")
    assert (config / "feeds.yaml").read_text() == TEXT + "fees: []\n"


def test_removing_what_is_not_there_is_told(config: Path) -> None:
    with pytest.raises(MonitorError, match="there is no feed"):
        feeds.remove(config / "feeds.yaml", config / "families.yaml", "https://example.org/nowhere")


def test_the_list_shows_what_the_store_remembers(config: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/parley.db"
    store = open_store(url)
    with store.write() as tx:
        stored.sync(tx, loaded(config)[:1], NOW)
        state = FeedState(
            "https://example.org/rss", NOW + timedelta(hours=1), polled_at=NOW, failures=2, last_error="503", known=True
        )
        stored.save(tx, state)
    store.close()
    known, counts = feedlist.states(url)
    rows = feedlist.rows(loaded(config), known, counts)
    assert [len(row) for row in rows] == [len(feedlist.HEAD)] * 2
    assert rows[0][4:] == ("-", "2025-06-02 13:00Z", "2", "-", "503")
    assert rows[1][4:] == ("-", "-", "-", "-", "-")


def test_the_list_makes_no_store_where_there_is_none(tmp_path: Path) -> None:
    assert feedlist.states(f"sqlite:///{tmp_path}/parley.db") == ({}, {})
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_feeds_speak_four_languages_of_many_families() -> None:
    found = feeds.load(shipped("config") / "feeds.yaml", shipped("config") / "families.yaml")
    assert not isinstance(found, Faults), str(found)
    assert {each.language for each in found} == {"en", "uk", "ru", "tr"}
    assert len({each.family for each in found}) >= 20


def test_every_shipped_feed_has_the_family_of_its_address() -> None:
    found = feeds.load(shipped("config") / "feeds.yaml", shipped("config") / "families.yaml")
    families = feeds.load_families(shipped("config") / "families.yaml")
    assert not isinstance(found, Faults)
    assert not isinstance(families, Faults)
    assert [each.family for each in found] == [feeds.family_of(each.url, families) for each in found]
