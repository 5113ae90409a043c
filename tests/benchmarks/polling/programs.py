"""Four programs that poll the same feeds: Parley, lemon24's reader, rss2email, and a loop of httpx that parses nothing.

Each gets what makes it fastest: reader 16 threads and no plugins, through its Python interface, which spares the
command line; rss2email one mail a feed into a maildir, which spares processes, and none at the first poll; the loop
the cheaper of httpx's two clients. Each is one process that is started, polls everything once, and ends.
"""

import json
import sqlite3
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from monitor.homes import initialise
from polling.cost import Cost

PYTHON = sys.executable
ABREAST = 16


class Program(ABC):
    """One program with a folder of its own, set up to poll `urls`."""

    name: str

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        self.folder, self.urls = folder, urls
        folder.mkdir(parents=True)
        self.set_up()

    @abstractmethod
    def set_up(self) -> None:
        """Write what the program needs to know; not measured."""

    @abstractmethod
    def command(self) -> list[str]:
        """What polls every feed once."""

    def again(self) -> None:
        """Make every feed due again, as the time between two polls would. Most poll whatever they are told to."""
        return

    @abstractmethod
    def stored(self) -> int | None:
        """How many entries the program remembers; None: it remembers none."""

    def complaint(self, cost: Cost) -> str:
        """What the program says went wrong, empty when nothing did."""
        return cost.errors if cost.status else ""


class Parley(Program):
    """`parley run --once`: a home as an operator has it, with its watches, store, pool of workers and outbox.

    The gap between requests to one host is off, since no host is asked twice, and loopback is open.
    """

    name = "parley"

    def set_up(self) -> None:
        home = self.folder / "home"
        initialise(home)
        settings = home / "config" / "parley.yaml"
        text = settings.read_text(encoding="utf-8")
        at = text.index("\npolling:")
        end = text.index("\n\n", at)
        polling = f"\npolling:\n  host_gap: 0s\n  feeds_abreast: {ABREAST}\n  robots: false\n  open_to: [127.0.0.0/8]"
        text = text[:at] + polling + text[end:]
        settings.write_text(text.replace("level: info", "level: warning"), encoding="utf-8")
        (home / "config" / "feeds.yaml").write_text("feeds: []\n")
        # The watch begins before there are feeds: reading what is known of its past happens once in its life.
        subprocess.run(self.command(), check=True, capture_output=True)
        rows = [f"  - {{url: '{url}', outlet: Courier {n}, pages: false}}\n" for n, url in enumerate(self.urls)]
        (home / "config" / "feeds.yaml").write_text("feeds:\n" + "".join(rows) if rows else "feeds: []\n")

    def command(self) -> list[str]:
        return [PYTHON, "-m", "monitor", "--home", str(self.folder / "home"), "run", "--once"]

    def again(self) -> None:
        with closing(self._opened()) as store:
            store.execute("UPDATE feed SET next_at = '2000-01-01 00:00:00.000000', floor_at = NULL")
            store.commit()

    def stored(self) -> int:
        with closing(self._opened()) as store:
            return int(store.execute("SELECT count(*) FROM entry").fetchone()[0])

    def waiting(self) -> int:
        """Entries that were new and have not been read."""
        with closing(self._opened()) as store:
            return int(store.execute("SELECT count(*) FROM entry WHERE outcome = 'new'").fetchone()[0])

    def complaint(self, cost: Cost) -> str:
        return "" if cost.status == 0 and " 0 failing" in cost.errors else cost.errors

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "home" / "state" / "parley.db")


READER = """
import sys
from reader import make_reader
from reader.types import UpdatedFeed

with make_reader(sys.argv[1], plugins=[]) as reader:
    for url, value in reader.update_feeds_iter(workers=int(sys.argv[2]), scheduled=False):
        if not (value is None or isinstance(value, UpdatedFeed)):
            sys.exit(f"{url}: {value!r}")
"""


class Reader(Program):
    """lemon24's reader, by its own interface."""

    name = "reader"

    def set_up(self) -> None:
        from reader import make_reader

        with make_reader(str(self.folder / "db.sqlite"), plugins=[]) as known:
            for url in self.urls:
                known.add_feed(url)

    def command(self) -> list[str]:
        return [PYTHON, "-c", READER, str(self.folder / "db.sqlite"), str(ABREAST)]

    def stored(self) -> int:
        with closing(sqlite3.connect(self.folder / "db.sqlite")) as store:
            return int(store.execute("SELECT count(*) FROM entries").fetchone()[0])


class Rss2email(Program):
    """rss2email, each feed's new items in one mail, into a maildir; the first time it sends nothing, by its option."""

    name = "rss2email"

    def set_up(self) -> None:
        default = {
            "from": "r2e@example.org",
            "to": "desk@example.org",
            "email-protocol": "maildir",
            "maildir-path": str(self.folder / "mail"),
            "digest": "True",
            "verbose": "error",
        }
        for box in ("cur", "new", "tmp"):
            (self.folder / "mail" / "INBOX" / box).mkdir(parents=True)
        lines = ["[DEFAULT]", *(f"{key} = {value}" for key, value in default.items())]
        for n, url in enumerate(self.urls):
            lines += [f"[feed.f{n}]", f"url = {url}"]
        (self.folder / "r2e.cfg").write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        config, data = str(self.folder / "r2e.cfg"), str(self.folder / "r2e.json")
        known = [] if Path(data).exists() else ["--no-send"]
        return [PYTHON, "-m", "rss2email.main", "-c", config, "-d", data, "run", *known]

    def stored(self) -> int:
        data = json.loads((self.folder / "r2e.json").read_text())
        return sum(len(feed["seen"]) for feed in data["feeds"])

    def complaint(self, cost: Cost) -> str:
        return cost.errors if cost.status or cost.errors.strip() else ""


LOOP = """
import asyncio, json, sys
from pathlib import Path
import httpx

memory = Path(sys.argv[1])
known = json.loads(memory.read_text())

def keep(url, response):
    assert response.status_code in (200, 304), response
    if response.status_code == 200 and "etag" in response.headers:
        known[url] = response.headers["etag"]

def headers(url):
    return {"If-None-Match": known[url]} if known[url] else {}

def one_after_the_other():
    with httpx.Client() as client:
        for url in known:
            keep(url, client.get(url, headers=headers(url)))

async def abreast():
    rest = iter(list(known))
    async with httpx.AsyncClient() as client:
        async def some():
            for url in rest:
                keep(url, await client.get(url, headers=headers(url)))
        await asyncio.gather(*(some() for _ in range(16)))

if sys.argv[2] == "abreast":
    asyncio.run(abreast())
else:
    one_after_the_other()
memory.write_text(json.dumps(known))
"""


class Loop(Program):
    """httpx.Client over the addresses one after the other, with the ETags of the last time; nothing is parsed."""

    name = "httpx loop"
    way = "one by one"

    def set_up(self) -> None:
        (self.folder / "known.json").write_text(json.dumps(dict.fromkeys(self.urls)))

    def command(self) -> list[str]:
        return [PYTHON, "-c", LOOP, str(self.folder / "known.json"), self.way]

    def stored(self) -> None:
        return None


class LoopAbreast(Loop):
    """The same with httpx.AsyncClient, 16 at once."""

    name = "httpx loop, async"
    way = "abreast"
