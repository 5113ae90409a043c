"""Two reports of one round, in either order: what is recalled in one must not keep the other from confirming."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from extractors.records import Article
from monitor.faults import Faults
from monitor.replay import replay
from monitor.watches import load_watch

SEEDS = Path(__file__).parents[2] / "seeds"
NOON = datetime(2025, 6, 2, 12, tzinfo=UTC)
SPARE = Article(
    "https://spare.example/1",
    "spare.example",
    "Delegations of Russia and Ukraine end a second round of peace talks in Istanbul",
    "After weeks without contact, the second round of Ukraine-Russia talks took place in Istanbul.\n"
    "No further meetings were planned for the day, and statements about what was settled are expected in the evening.\n"
    "This round followed the first talks in three years, held on May 16.\n"
    "Those first talks ran for two hours and led to a large swap of prisoners over several days.\n"
    "That initial meeting had been the idea of the Russian president.",
    "en",
    NOON,
)
FULL = Article(
    "https://full.example/1",
    "full.example",
    "Ukraine and Russia leave Istanbul with a prisoner swap agreed and little else",
    "Ukraine and Russia ended a second round of talks in Istanbul on Monday and agreed on an exchange of prisoners, "
    "the wounded and those under 25.\n"
    "Vladimir Medinsky said that Russia would also give Ukraine the bodies of 6,000 of its fallen soldiers.\n"
    "Kyiv says that Moscow is delaying negotiations. As the talks continue, the fighting goes on.",
    "en",
    NOON,
)


@pytest.mark.parametrize("order", [(SPARE, FULL), (FULL, SPARE)], ids=["spare-first", "full-first"])
def test_two_reports_interrupt_three_times_and_confirm_the_round(order: tuple[Article, Article]) -> None:
    watch = load_watch(SEEDS / "watches" / "ru-ua.yaml", SEEDS / "topics")
    assert not isinstance(watch, Faults)
    alerts = replay(order, watch)
    told = Counter((alert.reason, alert.kind, alert.status) for alert in alerts)
    assert {key: n for key, n in told.items() if key[0] in ("new", "advanced", "reversed")} == {
        ("new", "talks_round", "concluded"): 1,
        ("new", "prisoner_exchange", "agreed"): 1,
        ("new", "remains_repatriation", "planned"): 1,
    }
    assert told["confirmed", "talks_round", "concluded"] == 1
