"""A service of which a store, a pulse and an endpoint are real, on clocks that the test sets."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from monitor.app.clock import Clocks
from monitor.app.endpoint import Endpoint
from monitor.app.scrape import Scrape
from monitor.loops import Pulse
from monitor.metrics import Meter
from monitor.store import open_store
from monitor.store.lock import RunLock
from monitor.store.threads import StoreThread

T = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Seen:
    """What a test turns and looks at; `base` is where the endpoint answers."""

    folder: Path
    now: datetime = T
    passed: timedelta = timedelta(0)
    states: dict[str, str] = field(default_factory=lambda: {"mail": "closed"})
    base: str = ""

    def __post_init__(self) -> None:
        self.store = open_store(f"sqlite:///{self.folder / 'parley.db'}")
        self.pulse = Pulse(("poll", "read", "deliver"), timedelta(minutes=15), lambda: self.passed)
        self.meter = Meter("9.9")
        self.lock = RunLock(self.store, now=T, version="9.9")
        self.service: Any = SimpleNamespace(
            settings=SimpleNamespace(archive=self.folder), log=structlog.get_logger(), store=StoreThread(self.store),
            pulse=self.pulse, clocks=Clocks(lambda: self.now, lambda: self.passed), meter=self.meter,
            dispatcher=SimpleNamespace(channels=self._channels), workers=SimpleNamespace(failures={"crash": 2}),
            wrote=None,
        )  # fmt: skip
        self.scrape = Scrape(self.service)
        self.endpoint = Endpoint("127.0.0.1:0", self.scrape, self.service.log)

    def _channels(self) -> Mapping[str, object]:
        return {name: SimpleNamespace(state=state) for name, state in self.states.items()}

    def goes(self, span: timedelta, *loops: str) -> None:
        """Time goes by, and these loops come round; the store takes its sign of life."""
        self.now, self.passed = self.now + span, self.passed + span
        for name in loops:
            self.pulse.beat(name)
        self.service.wrote = self.passed

    def work(self) -> None:
        """All is well from here on."""
        self.goes(timedelta(seconds=1), "poll", "read", "deliver")


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: its migrations take longer than most tests."""
    file = tmp_path_factory.mktemp("store") / "parley.db"
    store = open_store(f"sqlite:///{file}")
    store.checkpoint()
    store.close()
    return file


@pytest.fixture
async def seen(tmp_path: Path, empty_store: Path) -> AsyncIterator[Seen]:
    copyfile(empty_store, tmp_path / "parley.db")
    made = Seen(tmp_path)
    with made.lock:
        made.base = f"http://{await made.endpoint.open()}"
        yield made
        await made.endpoint.close()
    made.service.store.close()
    made.store.close()
