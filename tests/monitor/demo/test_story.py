"""The demo's story through reading, resolving and policy alone, on days that dates trip over."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from alerts.records import INTERRUPTS
from extractors.records import Article
from monitor.demo.script import Item, load
from monitor.records import Watch
from monitor.replay import replay
from monitor.watches import load_watches

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def watch() -> Watch:
    loaded = load_watches(ROOT, ["ru-ua"])
    assert isinstance(loaded, tuple), str(loaded)
    return loaded[0]


def article(item: Item, noon: datetime) -> Article:
    published = noon - item.backdated + timedelta(seconds=item.at or 0)
    return Article(
        url=item.path,
        outlet=item.outlet.family,
        title=item.title,
        text="\n".join(item.paragraphs),
        language=item.outlet.language,
        published=published,
    )


@pytest.mark.parametrize(
    "start",
    [
        date(2027, 1, 1),
        date(2027, 5, 16),  # the day and month of an old round that the texts recall
        date(2028, 2, 28),
        date(2028, 10, 31),
        date(2029, 12, 31),
        *(date(2027, 3, 8) + timedelta(days=number) for number in range(7)),
    ],
    ids=str,
)
def test_the_expected_articles_interrupt_on_any_day_and_no_others(watch: Watch, start: date, demo_data: Path) -> None:
    script = load(demo_data, start)
    noon = datetime.combine(start, time(12), UTC)
    pages = [item for item in script.items if item.page == "article"]
    known = [article(item, noon) for item in pages if item.at is None]
    live = [item for item in pages if item.at is not None]
    alerts = replay([article(item, noon) for item in live], watch, known)
    rang = [(alert.source.url, alert.reason) for alert in alerts if alert.reason in INTERRUPTS]
    assert rang == [(item.path, item.expects) for item in live if item.expects in INTERRUPTS]
    quiet = {item.path for item in live if item.expects == "quiet"}
    assert not quiet & {alert.source.url for alert in alerts}
