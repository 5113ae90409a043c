"""The watch of the tests: the project's own topics and ru-ua names."""

import functools
from pathlib import Path

import pytest

from extractors.lexicon import Lexicon, compile_lexicon
from extractors.records import Names
from monitor.faults import Faults
from monitor.watches import load_watch

SEEDS = Path(__file__).parents[2] / "seeds"


@functools.cache
def load_names(watch: str = "ru-ua") -> Names:
    found = load_watch(SEEDS / "watches" / f"{watch}.yaml", SEEDS / "topics")
    assert not isinstance(found, Faults), [str(fault) for fault in found]
    return found.names


@functools.cache
def compiled(watch: str = "ru-ua") -> Lexicon:
    return compile_lexicon([load_names(watch)])


@pytest.fixture(scope="session")
def names() -> Names:
    return load_names()


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return compiled()
