"""Keeping house: what is past its use is dropped, so that a service that runs for years needs no more disk than in its
fourth month. Events, alerts and deliveries are kept for good.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from monitor.archive.recording import files
from monitor.settingsfile import Keep
from monitor.store import articles, entries, journal
from monitor.store.errors import StoreStalled
from monitor.store.threads import StoreThread

# After a long rest there is much to drop: 28,000 articles took 4 s (measured), for which nothing else was written.
_AT_ONCE = 2_000


async def keep_house(
    store: StoreThread, keep: Keep, archive: Path, now: datetime, log: FilteringBoundLogger, *, open_file: Path | None
) -> None:
    """Drop what `keep` says is past its use, and fold SQLite's write-ahead log into the file.

    `archive` is the folder of the archive; `open_file`, which is being written, stays. An archive that cannot be tidied
    is logged: nothing else waits for it. Raises StoreError.
    """

    def forget(tx: Connection) -> tuple[int, int, int]:
        return (
            entries.forget(tx, now - keep.entries, _AT_ONCE),
            articles.forget(tx, now - keep.articles, _AT_ONCE),
            journal.forget(tx, now - keep.journal),
        )

    gone = (0, 0, 0)
    while True:
        more = await store.run(forget)
        gone = (gone[0] + more[0], gone[1] + more[1], gone[2] + more[2])
        if max(more[:2]) < _AT_ONCE:
            break
    try:
        await store.call(lambda opened: opened.checkpoint())
    except StoreStalled as error:
        log.error("the store's log was not folded", error=str(error))
    try:
        dropped = await asyncio.to_thread(
            tidy, archive, now, life=keep.archive, size=keep.archive_size, but=() if open_file is None else (open_file,)
        )
    except OSError as error:
        log.error("archive not tidied", folder=str(archive), error=str(error))
        dropped = ()
    log.info("house kept", entries=gone[0], articles=gone[1], journal=gone[2], archive_files=len(dropped))


def tidy(folder: Path, now: datetime, *, life: timedelta, size: int, but: Collection[Path] = ()) -> tuple[Path, ...]:
    """Drop the files of the archive whose day ended more than `life` ago, then the oldest until all are `size` bytes.

    Without a `life` no archive is kept, and all are dropped. Which were. OSError.
    """
    there = files(folder)
    left, day = sum(file.size for file in there), now.date()
    dropped: list[Path] = []
    for file in there:
        if file.path in but or (life and day - file.day <= life + timedelta(days=1) and left <= size):
            continue
        file.path.unlink(missing_ok=True)
        left -= file.size
        dropped.append(file.path)
    return tuple(dropped)
