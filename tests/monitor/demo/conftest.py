from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from monitor.demo.script import Script, load

DATA = Path(__file__).parents[3] / "seeds" / "demo"


@pytest.fixture(scope="session")
def demo_data() -> Path:
    return DATA


@pytest.fixture(scope="session")
def script() -> Script:
    return load(DATA, date(2031, 3, 14))


class Time:
    """A hand-moved clock: aware UTC and monotonic seconds that go together."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def ticks(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(1_931_000_000 + self.seconds, UTC)


@pytest.fixture
def hand() -> Time:
    return Time()
