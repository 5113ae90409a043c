"""config/feeds.yaml and families.yaml, read."""

from datetime import timedelta
from pathlib import Path

import pytest

from monitor import feeds
from monitor.faults import Faults
from monitor.homes import shipped
from monitor.records import Feed

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


def test_the_places_of_feeds_are_their_lines(config: Path) -> None:
    assert feeds.places(config / "feeds.yaml") == {"https://example.org/rss": 4, "https://feeds.example.com/rss": 6}
    (config / "feeds.yaml").write_text("feeds: {}\n")
    assert feeds.places(config / "feeds.yaml") == {}


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
