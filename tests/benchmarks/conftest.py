"""What the benchmarks share: the watch that comes along, articles of one length, and times taken in turns."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from extractors.records import Article
from monitor.faults import Faults
from monitor.homes import shipped
from monitor.records import Watch
from monitor.watches import load_watch

CORPUS = Path(__file__).parents[1] / "corpus" / "dev-retold.jsonl"
LANGUAGES = ("en", "ru", "tr", "uk")
LENGTH = 3_000
PUBLISHED = datetime(2025, 6, 2, 12, tzinfo=UTC)

SideBySide = Callable[[Sequence[Callable[[], object]], int], list[float]]


@pytest.fixture(scope="session")
def watch() -> Watch:
    seeds = shipped("seeds")
    loaded = load_watch(seeds / "watches" / "ru-ua.yaml", seeds / "topics")
    assert not isinstance(loaded, Faults)
    return loaded


@pytest.fixture(scope="session")
def articles() -> dict[str, list[Article]]:
    """Six articles of 3,000 characters a language, each made of short ones of the corpus one after another."""
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    made: dict[str, list[Article]] = {}
    for code in LANGUAGES:
        rest = "\n".join(row["text"] for row in rows if row["lang"] == code)
        while len(rest) < 6 * LENGTH:
            rest = f"{rest}\n{rest}"
        texts = [rest[at : at + LENGTH] for at in range(0, 6 * LENGTH, LENGTH)]
        made[code] = [Article(f"{code}:{n}", "Courier", None, text, code, PUBLISHED) for n, text in enumerate(texts)]
    return made


@pytest.fixture(scope="session")
def side_by_side() -> SideBySide:
    """Milliseconds of each work: the best of some rounds, taken in turns, after one that does not count.

    What else the machine does only ever adds, and hits all alike.
    """

    def measure(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
        for work in works:
            work()
        taken = [[_milliseconds(work) for work in works] for _ in range(rounds)]
        return [min(each) for each in zip(*taken, strict=True)]

    return measure


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


@pytest.fixture(scope="session")
def corpus() -> Path:
    return CORPUS
