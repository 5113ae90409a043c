import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from monitor.demo.script import Script, load
from monitor.records import MonitorError

START = date(2031, 3, 14)


def test_the_story_is_told_in_four_languages_by_several_families(script: Script) -> None:
    assert {item.outlet.language for item in script.items} == {"en", "uk", "ru", "tr"}
    assert len({outlet.family for outlet in script.outlets}) >= 4
    assert {outlet.feed for outlet in script.outlets} == {"rss", "atom"}


def test_each_expected_interrupt_has_exactly_one_article(script: Script) -> None:
    wanted = Counter(reason for event in script.events for reason in event.interrupts)
    stated = Counter(item.expects for item in script.items if item.expects in ("new", "advanced", "reversed"))
    assert stated == wanted


def test_most_articles_must_say_nothing(script: Script) -> None:
    quiet = [item for item in script.items if item.expects == "quiet"]
    assert len(quiet) > len(script.items) / 2
    assert {item.page for item in quiet} == {"article", "missing", "consent"}


def test_the_backlog_comes_first_and_is_quiet(script: Script) -> None:
    backlog = [item for item in script.items if item.at is None]
    assert script.items[: len(backlog)] == tuple(backlog)
    assert {item.expects for item in backlog} == {"quiet"}
    assert min(item.backdated.days for item in backlog) >= 1
    assert any(not item.dated for item in backlog)


def test_the_script_leaves_time_to_start_and_to_stop_within_a_minute(script: Script) -> None:
    assert 20 <= script.length <= 35


def test_no_slot_is_left_in_a_text(script: Script) -> None:
    for item in script.items:
        assert "{" not in item.title + "".join(item.paragraphs)


def test_the_dates_move_with_the_day_of_the_demo(script: Script, demo_data: Path) -> None:
    later = load(demo_data, date(2032, 2, 28))
    titles = {item.id: item.title for item in later.items}
    assert titles["04-neva-plan"].endswith("28 февраля")
    assert titles["08-neva-postponed"].endswith("29 февраля")
    assert {item.id: item.title for item in script.items}["08-neva-postponed"].endswith("15 марта")


@pytest.fixture
def copy(demo_data: Path, tmp_path: Path) -> Path:
    shutil.copytree(demo_data, tmp_path / "demo")
    return tmp_path / "demo"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("outlet: harbour", "outlet: nobody", "outlet 'nobody' is not in newsroom.yaml"),
        ("expects: new", "expects: loud", "expects"),
        ("at: 1", "at: 1\ndays_ago: 2", "either `at` or `days_ago`"),
        ("at: 1", "at: 1\ncolour: red", "colour"),
        ("at: 1", "at: [", "01-harbour-plan.md"),
        ("{today.on}", "{someday}", "is no date"),
        ("---\noutlet", "outlet", "front matter"),
    ],
)
def test_a_broken_article_is_named_with_its_fault(copy: Path, old: str, new: str, fault: str) -> None:
    file = copy / "articles" / "01-harbour-plan.md"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(MonitorError, match=fault):
        load(copy, START)


def test_missing_data_are_named(tmp_path: Path) -> None:
    with pytest.raises(MonitorError, match=r"newsroom\.yaml: No such file"):
        load(tmp_path, START)


def test_a_demo_without_articles_is_no_demo(copy: Path) -> None:
    shutil.rmtree(copy / "articles")
    with pytest.raises(MonitorError, match="no articles"):
        load(copy, START)
