"""The socket of a service manager, and what a service told on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path


@dataclass(slots=True)
class Manager(asyncio.DatagramProtocol):
    """`told` are the messages in order, each with the moment of the loop at which it came and its keys."""

    path: Path
    told: list[tuple[float, dict[str, str]]] = field(default_factory=list)

    def datagram_received(self, data: bytes, _address: object) -> None:
        keys = dict(line.split("=", 1) for line in data.decode().splitlines())
        self.told.append((asyncio.get_running_loop().time(), keys))

    def env(self, watchdog: timedelta) -> dict[str, str]:
        """What a service is started with."""
        return {"NOTIFY_SOCKET": str(self.path), "WATCHDOG_USEC": str(watchdog // timedelta(microseconds=1))}

    def when(self, key: str) -> list[float]:
        """The moments at which this was told."""
        return [at for at, keys in self.told if key in keys]

    def states(self) -> list[str]:
        """What was told of states, without figures."""
        return [key for _, keys in self.told for key in keys if key not in ("STATUS", "MONOTONIC_USEC")]

    def order(self) -> list[str]:
        """The same without repetition."""
        said = self.states()
        return [key for key, before in zip(said, ["", *said], strict=False) if key != before]

    @property
    def status(self) -> str:
        return next((keys["STATUS"] for _, keys in reversed(self.told) if "STATUS" in keys), "")


@asynccontextmanager
async def managing(folder: Path) -> AsyncIterator[Manager]:
    """A manager that listens in `folder`."""
    made = Manager(folder / "notify")
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: made, local_addr=str(made.path), family=1)
    try:
        yield made
    finally:
        transport.close()
