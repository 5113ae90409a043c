"""What the benchmarks share: the watch that comes along, articles of one length, and times taken in turns."""

import json
import os
import pickle
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from extractors.records import Article
from monitor.faults import Faults
from monitor.homes import shipped
from monitor.records import Watch
from monitor.watches import load_watch

CHECKOUT = Path(__file__).parents[2]
CORPUS = CHECKOUT / "tests" / "corpus" / "dev-retold.jsonl"
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


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory, watch: Watch, articles) -> Mapping[str, float]:
    """Milliseconds an article with the reading compiled (`make wheel`), by language, taken in a process of its own."""
    folder = tmp_path_factory.mktemp("compiled")
    building = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    subprocess.run(building, check=True, capture_output=True, env=os.environ | {"HATCH_BUILD_HOOKS_ENABLE": "true"})
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    (folder / "texts").write_bytes(pickle.dumps((watch.names, articles)))
    done = subprocess.run(
        [sys.executable, "-P", "-c", TIMED, str(folder / "texts")],
        check=True,
        capture_output=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "site")},
    )
    taken: dict[str, float] = json.loads(done.stdout)
    return taken


TIMED = """
import json, pickle, sys, time
from extractors import claims
from extractors.lexicon import compile_lexicon

assert claims.__file__.endswith(".so")
names, articles = pickle.load(open(sys.argv[1], "rb"))
lexicon, taken = compile_lexicon([names]), {}
for code, texts in articles.items():
    rounds = []
    for _ in range(6):
        began = time.perf_counter()
        for each in texts:
            claims.read_claims(each, lexicon)
        rounds.append(time.perf_counter() - began)
    taken[code] = min(rounds[1:]) * 1_000 / len(texts)
print(json.dumps(taken))
"""


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


@pytest.fixture(scope="session")
def corpus() -> Path:
    return CORPUS
