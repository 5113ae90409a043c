"""config/feeds.yaml edited in place: what is not meant stays as it is."""

import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import feeds
from monitor.faults import Faults
from monitor.feededit import Edit, adding, removing
from monitor.records import Feed, MonitorError

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


def add(config: Path, *more: Feed) -> Edit:
    edit = adding(config / "feeds.yaml", config / "families.yaml", more, explicit={feed.url for feed in more})
    edit.apply()
    return edit


def remove(config: Path, *urls: str) -> None:
    for url in urls:
        removing(config / "feeds.yaml", config / "families.yaml", url).apply()


def test_adding_a_feed_keeps_every_line_that_was_there(config: Path) -> None:
    new = Feed("https://example.com/atom", "Third", "one", "tr", "Europe/Istanbul", timedelta(minutes=90), ("ru-ua",))
    add(config, new)
    assert loaded(config)[2] == new
    assert (config / "feeds.yaml").read_text().startswith(TEXT)


def test_removing_a_feed_keeps_the_comments_of_the_others(config: Path) -> None:
    remove(config, "https://feeds.example.com/rss")
    text = (config / "feeds.yaml").read_text()
    assert [each.url for each in loaded(config)] == ["https://example.org/rss"]
    assert "# what is polled" in text
    assert "# ours" in text


def test_what_is_added_and_removed_leaves_the_same_feeds(config: Path) -> None:
    before = loaded(config)
    add(config, Feed("https://example.com/atom", "Third", "one"))
    remove(config, "https://example.com/atom")
    assert loaded(config) == before


def test_all_feeds_can_be_removed_and_one_added_again(config: Path) -> None:
    for each in loaded(config):
        remove(config, each.url)
    assert loaded(config) == ()
    add(config, Feed("https://example.org/rss", "Example", "one"))
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
        add(config, feed)
    assert (config / "feeds.yaml").read_text() == TEXT


def test_a_file_with_faults_is_not_edited(config: Path) -> None:
    (config / "feeds.yaml").write_text(TEXT + "fees: []\n")
    with pytest.raises(MonitorError, match=r"feeds\.yaml:9: fees: unknown key"):
        remove(config, "https://example.org/rss")
    assert (config / "feeds.yaml").read_text() == TEXT + "fees: []\n"


def test_removing_what_is_not_there_is_told(config: Path) -> None:
    with pytest.raises(MonitorError, match="there is no feed"):
        remove(config, "https://example.org/nowhere")


def test_an_edit_can_be_undone_to_the_byte_and_keeps_the_files_mode(config: Path) -> None:
    (config / "feeds.yaml").chmod(0o640)
    edit = add(config, Feed("https://example.org/2", "Second", "one"))
    assert (config / "feeds.yaml").stat().st_mode & 0o777 == 0o640
    edit.undo()
    assert (config / "feeds.yaml").read_text() == TEXT


def test_names_that_yaml_would_take_for_something_else_stay_names(config: Path) -> None:
    (config / "families.yaml").write_text("families: {'null': {name: N, hosts: [n.example]}}\n")
    (config / "feeds.yaml").write_text("feeds: []\n")
    new = Feed("https://n.example/\N{CAT}/rss#a", 'true: "1, 2" \N{CAT}', "null", watches=("1", "no"))
    add(config, new)
    assert loaded(config) == (new,)


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(MonitorError, match="parley init"):
        removing(tmp_path / "feeds.yaml", tmp_path / "families.yaml", "https://example.org/rss")


def test_five_hundred_feeds_are_added_by_one_edit_within_two_seconds(config: Path) -> None:
    many: Sequence[Feed] = [Feed(f"https://n{n}.example/rss", f"N {n}", f"n{n}.example") for n in range(500)]
    before = time.process_time()
    edit = adding(config / "feeds.yaml", config / "families.yaml", many)
    edit.apply()
    assert time.process_time() - before < 2
    assert loaded(config)[2:] == tuple(many)
    assert (config / "feeds.yaml").read_text().startswith(TEXT)
