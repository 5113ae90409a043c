"""A home of its own, to which feeds are added as `parley feeds add` adds them."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from monitor import checks, subscriptions
from monitor import feeds as feeds_file
from monitor.faults import Faults
from monitor.poll import Answer, ask
from monitor.records import Feed, FeedState, MonitorError
from monitor.selftest.rig import Rig, Tools
from monitor.subscriptions import Added, Wanted

_HOME = {
    "config/parley.yaml": "watches: [small]\nchannels: {here: {kind: console}}\nrecipients: {me: {channel: here}}\n",
    "config/feeds.yaml": "feeds: []\n",
    "config/families.yaml": "families: {}\n",
    "seeds/watches/small.yaml": "watch: small\ntitle: A small watch\nparties:\n"
    "  - {name: Arcadia, forms: {en: [Arcadia]}}\n  - {name: Bohemia, forms: {en: [Bohemia]}}\ntopics: [accord]\n",
    "seeds/topics/accord.yaml": "topic: accord\nlabel: accord\ndone: signed\nrings: true\n"
    "identity: {window: 5d, slack: 2d}\nwords: {en: {names: [accord]}}\n",
}


class Desk:
    """The home and a rig on its store."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Desk":
        async with self._stack:
            self.home = Path(self._stack.enter_context(TemporaryDirectory()))
            for name, text in _HOME.items():
                file = self.home / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            store = self.home / "state" / "parley.db"
            store.parent.mkdir()
            self.rig = await self._stack.enter_async_context(Rig(self._tools, file=store))
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def add(self, path: str) -> Added:
        """Add what stands at a path of the site. MonitorError when it is refused."""
        found = checks.check(self.home, {})
        if isinstance(found, Faults):
            raise MonitorError(str(found))
        loop, rig = asyncio.get_running_loop(), self.rig

        def ask_once(feed: Feed, state: FeedState) -> Answer:
            asking = ask(feed, state, fetcher=rig.fetcher, workers=self._tools.workers, clock=lambda: rig.now)
            return asyncio.run_coroutine_threadsafe(asking, loop).result()

        wanted = Wanted(rig.site.base + path, outlet="Courier")
        return await asyncio.to_thread(subscriptions.add, found, wanted, ask_once, rig.now)

    def configured(self) -> tuple[Feed, ...]:
        """What config/feeds.yaml says now."""
        loaded = feeds_file.load(self.home / feeds_file.FEEDS, self.home / feeds_file.FAMILIES)
        if isinstance(loaded, Faults):
            raise MonitorError(str(loaded))
        return loaded
