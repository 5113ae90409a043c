"""Things put in place by renaming, all of them or none, also when it is ended in the middle.

They wait in a folder `stage`, or beside their place where that is on another file system. `ready` in it says that all
of them wait; while one still waits, those that were renamed are taken back, and once none does it is done.
"""

import errno
import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.store.files import on_disk

_BESIDE = ".restoring"


@dataclass(frozen=True, slots=True)
class Move:
    """Something examined that waits to be renamed to its place, on the same file system."""

    staged: Path
    place: Path


def put(moves: list[Move], stage: Path) -> None:
    """Rename all of it into place, in this order, over nothing. How to take it back is written down first. OSError."""
    made = [_brought(move, stage) for move in moves]
    (stage / "moves").write_text(json.dumps([[str(each.staged), str(each.place)] for each in made]))
    on_disk(stage / "moves")
    for move in made:
        move.place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for move, source in zip(made, moves, strict=True):
        if move.staged != source.staged:
            _copied(source.staged, move.staged)
        _owned_as_folder(move.staged, move.place.parent)
        if holds(move.place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(move.place))
    (stage / "ready").touch()
    on_disk(stage)
    for move in made:
        move.staged.rename(move.place)
        on_disk(move.place.parent)


def _brought(move: Move, stage: Path) -> Move:
    """The same, waiting beside its place where that is on another file system."""
    folder = next(each for each in move.place.parents if each.exists())
    if folder.stat().st_dev == stage.stat().st_dev:
        return move
    return Move(move.place.with_name(move.place.name + _BESIDE), move.place)


def _copied(source: Path, target: Path) -> None:
    _removed(target)
    if source.is_dir():
        shutil.copytree(source, target)
        for path in (*target.rglob("*"), target):
            on_disk(path)
    else:
        shutil.copy2(source, target)
        on_disk(target)


def _owned_as_folder(path: Path, folder: Path) -> None:
    """Root puts things into the homes of others: they belong to whom the folder belongs."""
    if os.geteuid() != 0:
        return
    about = folder.stat()
    for each in (path, *(path.rglob("*") if path.is_dir() else ())):
        os.chown(each, about.st_uid, about.st_gid, follow_symlinks=False)


def cleared(stage: Path) -> bool:
    """Remove what `put` left when it did not come to its end; whether anything was in place already. OSError.

    One that somebody else left is not believed: it says what is to be removed, and root could remove all there is.
    """
    if not os.path.lexists(stage):
        return False
    if stage.is_symlink() or not stage.is_dir() or stage.stat().st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it was left by somebody else; remove it", str(stage))
    taken = False
    with suppress(FileNotFoundError, ValueError):  # ended before it was all written down, and nothing was moved
        moves = [Move(Path(a), Path(b)) for a, b in json.loads((stage / "moves").read_text())]
        waiting = [move for move in moves if move.staged.exists()]
        if waiting and (stage / "ready").exists():
            for move in moves:
                if move not in waiting:
                    taken = True
                    _removed(move.place)
        for move in waiting:
            _removed(move.staged)
    shutil.rmtree(stage)
    return taken


def _removed(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def holds(path: Path) -> bool:
    """Whether there is anything at a path but an empty folder that could be renamed over: no link, no mount."""
    plain = path.is_dir() and not path.is_symlink() and not path.is_mount()
    return os.path.lexists(path) and not (plain and not any(path.iterdir()))
