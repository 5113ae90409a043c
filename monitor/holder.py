"""Who holds a store: the line in its lock file, read without opening the store.

Only the standard library, since `parley healthcheck` is called every half minute and imports nothing else for it.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Holder:
    """A run of the service. `started` is ISO 8601; `listen` is where its endpoint answers, None: nowhere."""

    pid: int
    host: str
    started: str
    version: str = ""
    listen: str | None = None

    def line(self) -> str:
        """As it stands in the lock file."""
        return json.dumps(asdict(self)) + "\n"


def lock_of(store: Path) -> Path:
    """The lock file of an SQLite store."""
    return store.with_name(store.name + ".lock")


def parsed(line: str) -> Holder | None:
    """The holder from its line; None if it is none. Keys that a later version adds are passed over."""
    try:
        value = json.loads(line)
        listen = value.get("listen")
        return Holder(
            int(value["pid"]), str(value["host"]), str(value["started"]), str(value.get("version", "")),
            None if listen is None else str(listen),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def holder(lock: Path) -> Holder | None:
    """Who holds the store of this lock file now; None if nobody does. Looking does not take the lock.

    Linux names the locks in /proc/locks; where that is hidden, a process of that number has to do.
    """
    try:
        found, line = lock.stat(), lock.read_text(encoding="utf-8")
    except OSError:
        return None
    known = parsed(line)
    if known is None:
        return None
    return known if _held(known.pid, found) else None


def _held(pid: int, file: os.stat_result) -> bool:
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return _lives(pid)
    # `1: FLOCK ADVISORY WRITE 4711 fe:00:2150731 0 EOF`; who waits for a lock has `->` behind the number.
    name, inode = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}", f":{file.st_ino}"
    locks = [words for line in lines if len(words := line.split()) == 8 and words[1] == "FLOCK"]
    # By its file alone a holder in another container is found, whose pid is not ours; with its pid one on a btrfs,
    # whose devices are called otherwise there than by stat.
    return any(words[5] == name or (words[4] == str(pid) and words[5].endswith(inode)) for words in locks)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
