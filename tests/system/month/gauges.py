"""What a service holds at a moment: memory, handles, threads, processes, disk, rows, and every container in reach."""

import asyncio
import gc
import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.app.assembly import Service
from monitor.archive.recording import files
from monitor.store import tables

OURS = ("monitor", "alerts", "extractors")
FOR_GOOD = frozenset({"event", "saying", "history", "alert", "alert_article", "delivery", "attempt", "mute", "ack"})
"""Tables whose rows are kept for good (monitor.house); their indices are counted with them."""
_DEEP = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """Sizes in bytes. `kept` and `passing` are those of the tables that are kept for good and of all others, with their
    indices; `free` are the pages of the file that hold nothing. `held` are the lengths of containers by their path."""

    at: str
    life: int
    rss: int
    pool: int
    handles: int
    threads: int
    children: int
    tasks: int
    objects: int
    store: int
    wal: int
    kept: int
    passing: int
    free: int
    archive: int
    rows: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        return asdict(self)


async def take(service: Service, home: Path, at: datetime, life: int) -> Reading:
    """Everything as it is: nothing is collected or folded before."""
    store = home / "state" / "parley.db"
    process = os.getpid()
    handles = _handles(process)
    tasks = len(asyncio.all_tasks())
    rows, pages = await service.store.query(_stored)
    children = _children(process)
    wal = store.with_name("parley.db-wal")
    return Reading(
        at=at.isoformat(),
        life=life,
        rss=_resident(process),
        pool=sum(_resident(child) for child in children),
        handles=handles,
        threads=threading.active_count(),
        children=len(children),
        tasks=tasks,
        objects=len(gc.get_objects()),
        store=store.stat().st_size,
        wal=wal.stat().st_size if wal.exists() else 0,
        kept=pages["kept"],
        passing=pages["passing"],
        free=pages["free"],
        archive=sum(file.size for file in files(service.settings.archive)),
        rows=rows,
        held=dict(held(service)),
    )


def _stored(tx: Connection) -> tuple[dict[str, int], dict[str, int]]:
    rows = {
        table.name: tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in tables.metadata.sorted_tables
    }
    of: dict[str, str] = dict(tx.exec_driver_sql("SELECT name, tbl_name FROM sqlite_master").tuples().all())
    pages: Counter[str] = Counter()
    for name, size in tx.exec_driver_sql("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"):
        pages["kept" if of.get(name) in FOR_GOOD else "passing"] += size
    size = tx.exec_driver_sql("PRAGMA page_size").scalar_one()
    pages["free"] = size * tx.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    return rows, dict(pages)


def held(service: Service) -> Iterator[tuple[str, int]]:
    """The path and length of each container that the service holds through objects of ours, and of those of modules;
    with the caches of functions and of the database's statements."""
    sizes: Counter[str] = Counter()
    seen: set[int] = set()

    def visit(path: str, thing: object) -> None:
        if id(thing) in seen or isinstance(thing, str | bytes | int | float | ModuleType | type):
            return
        seen.add(id(thing))
        if isinstance(thing, dict | list | set | deque):
            sizes[path] += len(thing)
            if len(thing) <= _DEEP:
                for each in thing.values() if isinstance(thing, dict) else thing:
                    visit(f"{path}[]", each)
        elif type(thing).__module__.partition(".")[0] in OURS:
            # In one order: what two parts share goes by the path of the first.
            for name in sorted(_attributes(thing)):
                visit(f"{path}.{name}", getattr(thing, name, None))

    visit("service", service)
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in OURS:
            for key, value in vars(module).items():
                if isinstance(value, dict | list | set | deque) and not key.startswith("__"):
                    sizes[f"{name}:{key}"] = len(value)
                elif (info := getattr(value, "cache_info", None)) is not None and value.__module__ == name:
                    # What has a size of its own is filled up to it.
                    sizes |= {f"{name}:{key}()": info().currsize} if info().maxsize is None else {}
    sizes["statements"] = len(service.store.store.engine._compiled_cache or ())
    yield from sorted(sizes.items())


def _attributes(thing: object) -> set[str]:
    names = set(getattr(thing, "__dict__", ()))
    for kind in type(thing).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        names |= {slots} if isinstance(slots, str) else set(slots)
    return names - {"__weakref__", "__dict__"}


def _resident(process: int) -> int:
    """As the kernel counts it; zero for a process that has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:")), 0)


def _handles(process: int) -> int:
    return sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())


def _children(process: int) -> list[int]:
    """The processes below this one, theirs too."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found + [below for child in found for below in _children(child)]
