"""A home as one file: config/, seeds/, the store as it is between two transactions, labelled cases, and the archive.

The service may be at work meanwhile. The archive is listed after the store was copied, so that it holds all that the
store knows of; what it holds beyond that is marked when the service goes on from here (`archive.recording`).
"""

import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.engine import make_url

from monitor.archive.recording import files as archived
from monitor.manifest import CASES, FOLDERS, FORMAT, STORE, Manifest, Packed, is_place
from monitor.packing import PackError, digest, pack, unpack
from monitor.records import MonitorError
from monitor.settings import archive_of, store_file
from monitor.store.engine import named_as
from monitor.store.files import damage, on_disk, schema_of, snapshot
from monitor.store.soundness import noted

_PART = ".parley-part"
_BESIDE = ("", "-wal", "-shm", "-journal", ".lock", ".backup")


class BackupError(MonitorError):
    """No backup was made; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that lies in `file`, `size` bytes, and was read back. `passed_over` are things that are no files.

    `unnoted`: why the store's folder could not be told of it.
    """

    file: Path
    size: int
    manifest: Manifest
    passed_over: tuple[Path, ...]
    unnoted: str | None


@dataclass(frozen=True, slots=True)
class What:
    """What is to be in a backup beside config/ and seeds/: the store at `url`, its archive."""

    url: str
    store: bool = True
    archive: bool = False


def backup(home: Path, target: Path, what: What, *, version: str, now: datetime) -> Made:
    """Write a backup of a home to `target`, which must not be there. `now` (UTC) is no later than what it holds.

    It is written beside itself and read back before it gets its name. BackupError, StoreError, PackError; then nothing
    is left of it.
    """
    target = target.absolute()
    store = _store(home, what) if what.store else None
    _refuse(home, target)
    folders, sources, passed_over = _gathered(home, store_file(home, what.url), archive_of(home, what.url))
    with _unfinished(target) as (file, part):
        copy = part.with_name(part.name + ".store")
        try:
            schema = None
            if store is not None:
                snapshot(store, copy)
                if faults := damage(copy, most=1):
                    raise BackupError(
                        f"the store {store} is damaged ({faults[0]}): keep the backups that you have. "
                        "`parley check --store` names every fault; --without-store takes config/ and seeds/ alone"
                    )
                schema = _schema(copy, store)
                sources[STORE] = copy
            if (home / CASES).is_file():
                sources[CASES] = home / CASES
            if what.archive:
                sources |= {f"archive/{each.path.name}": each.path for each in archived(archive_of(home, what.url))}
            manifest = Manifest(
                format=FORMAT,
                parley=version,
                revision=schema,
                made=now,
                store=named_as(make_url(what.url)),
                outside=store is None or not _within(store, home),
                folders=folders,
                files=tuple(_packed(name, source) for name, source in sources.items()),
            )
            pack(file, manifest, lambda each: sources[each.name].open("rb"))
            file.flush()
            os.fsync(file.fileno())
            _read_back(file, part)
            _name(part, target)
        finally:
            copy.unlink(missing_ok=True)
        size = os.fstat(file.fileno()).st_size
    unnoted = _note(store, target, now) if store is not None else None
    return Made(target, size, manifest, passed_over, unnoted)


def dump_command(url: str) -> str:
    """How a PostgreSQL store is backed up by its own tool; no password is in it."""
    address = make_url(url)
    host = address.query.get("host", address.host)
    parts = ["pg_dump --format=custom --file=parley.dump"]
    for option, value in (("host", host), ("port", address.port), ("username", address.username)):
        if isinstance(value, (str, int)) and value:
            parts.append(f"--{option}={value}")
    return " ".join([*parts, str(address.database or "")]).strip()


def _store(home: Path, what: What) -> Path:
    address = make_url(what.url)
    if address.get_backend_name() != "sqlite":
        raise BackupError(
            f"the store is a PostgreSQL, which is backed up by its own tool: `{dump_command(what.url)}`; "
            "`parley backup --without-store FILE` takes config/ and seeds/ beside it"
        )
    file = store_file(home, what.url)
    if file is None:
        raise BackupError("the store is in memory: there is nothing to back up")
    if not file.is_file():
        raise BackupError(
            f"there is no store at {file}. Where the service is told of another by PARLEY_STORE__URL (systemctl cat "
            "parley shows it), give the same here; for config/ and seeds/ alone, --without-store"
        )
    return file


def _within(store: Path, home: Path) -> bool:
    """Whether a store is in the home by its name, also where state/ is a link, or by where it lies."""
    named = Path(os.path.normpath(store)).is_relative_to(home.absolute())
    return named or store.resolve().is_relative_to(home.resolve())


def _schema(copy: Path, store: Path) -> str:
    found = schema_of(copy)
    if found is None:
        raise BackupError(f"{store} is no store of Parley; what does store.url name?")
    return found


def _refuse(home: Path, target: Path) -> None:
    if os.path.lexists(target):
        raise BackupError(f"{target} is there already, and no backup is overwritten: give another name")
    if not target.parent.is_dir():
        raise BackupError(f"there is no folder {target.parent}: make it, or give another place")
    for folder in FOLDERS:
        if target.parent.resolve().is_relative_to((home / folder).resolve()):
            raise BackupError(f"{target} would lie in {folder}/, and be in the next backup: give another place")


def _gathered(
    home: Path, store: Path | None, archive: Path
) -> tuple[dict[str, int], dict[str, Path], tuple[Path, ...]]:
    """Folders, files by their places, and what is passed over. Links are followed, a home being moved whole: each time,
    as a folder may be known by two names, but not into a folder that they lie in. A store among them, or its
    archive, is no part of these folders."""
    folders: dict[str, int] = {}
    sources: dict[str, Path] = {}
    passed_over: list[Path] = []

    beside = {store.name + end for end in _BESIDE} if store is not None else set()

    def fail(fault: OSError) -> None:
        raise BackupError(f"{fault.filename} cannot be read: {fault.strerror}") from fault

    for folder in FOLDERS:
        if not (home / folder).is_dir():
            raise BackupError(f"{home.absolute()} has no {folder}/: --home or PARLEY_HOME names a home")
        for at, inner, names in os.walk(home / folder, followlinks=True, onerror=fail):
            where = Path(at)
            if where.resolve() in {above.resolve() for above in where.absolute().parents}:
                inner.clear()
                passed_over.append(where)
                continue
            inner[:] = sorted(name for name in inner if where / name != archive)
            folders[_named(home, where)] = where.stat().st_mode & 0o777
            for path in (where / name for name in sorted(names)):
                if store is not None and where == store.parent and path.name in beside:
                    continue
                if path.is_file():
                    sources[_named(home, path)] = path
                else:
                    passed_over.append(path)
    return folders, sources, tuple(passed_over)


def _named(home: Path, path: Path) -> str:
    name = path.relative_to(home).as_posix()
    if not is_place(name):
        raise BackupError(f"{str(path)!r} has a name that is not the same everywhere: rename it")
    return name


def _packed(name: str, source: Path) -> Packed:
    try:
        with source.open("rb") as file:
            about = os.fstat(file.fileno())
            return Packed(name=name, size=about.st_size, sha256=digest(file, about.st_size), mode=about.st_mode & 0o777)
    except OSError as fault:
        raise BackupError(f"{source} cannot be read: {fault.strerror}") from fault
    except PackError as fault:
        raise BackupError(f"{source} {fault}") from fault


def _swept(folder: Path) -> None:
    """Remove what backups that were killed left in a folder: under names with a date in them none would replace it."""
    for part in folder.glob(f".*{_PART}"):
        with suppress(OSError):  # what another is at work on, or owns
            number = os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                about = os.fstat(number)
                ours = stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and about.st_nlink == 1
                if ours and os.path.samestat(part.lstat(), about):
                    for end in (".store.part", ".store", ""):  # this one last: by it the others are found
                        part.with_name(part.name + end).unlink(missing_ok=True)
            finally:
                os.close(number)


@contextmanager
def _unfinished(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """The file beside `target` that a backup is written to, for its owner alone; gone when the block ends."""
    _swept(target.parent)
    part = target.with_name(f".{target.name}{_PART}")
    try:
        if os.path.lexists(part) and not stat.S_ISREG(part.lstat().st_mode):
            raise BackupError(f"{part} is there and is no file: remove it, or give another place")
        number = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as fault:
        raise BackupError(f"{part} cannot be written: {fault.strerror}") from fault
    with os.fdopen(number, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"{target} is being written by another backup") from None
        _own(number, part)
        try:
            os.fchmod(number, 0o600)
            file.truncate(0)
            yield file, part
        except OSError as fault:
            raise BackupError(f"{target} could not be written: {fault.strerror or fault}") from fault
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _own(number: int, part: Path) -> None:
    """Refuse to write secrets into what somebody else laid there, and over a backup that had its name a moment ago."""
    about = os.fstat(number)
    if about.st_uid != os.geteuid() or about.st_nlink > 1:
        raise BackupError(f"{part} is there and is not this user's alone: remove it, or give another place")
    if not part.exists() or not os.path.samestat(part.stat(), about):
        raise BackupError(f"another backup beside {part} has just ended: look at it, or give another name")


def _read_back(file: BinaryIO, part: Path) -> None:
    with part.open("rb") as again, Path(os.devnull).open("wb") as nowhere:

        @contextmanager
        def sink(_: Packed) -> Iterator[BinaryIO]:
            yield nowhere

        try:
            unpack(again, os.fstat(file.fileno()).st_size, lambda _: None, sink)
        except PackError as fault:
            raise BackupError(
                f"what was written to {part} does not read back ({fault}), and was removed: give another place, and "
                "see whether that disk is sound"
            ) from fault


def _name(part: Path, target: Path) -> None:
    try:
        os.link(part, target)  # refuses where a rename would overwrite
    except FileExistsError:
        raise BackupError(f"{target} is there already, and no backup is overwritten: give another name") from None
    except OSError:  # a file system without links
        if os.path.lexists(target):
            raise BackupError(f"{target} is there already, and no backup is overwritten: give another name") from None
        part.rename(target)
    on_disk(target.parent)


def _note(store: Path, target: Path, now: datetime) -> str | None:
    """Tell the folder of the store: who finds it damaged one day is told which backup to take."""
    note = noted(store)
    beside = note.with_name(note.name + ".new")
    try:
        # The folder is the service's: a link that lies there in the note's place must not lead root elsewhere.
        beside.unlink(missing_ok=True)
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(f"{target}, made {now:%Y-%m-%d %H:%M} UTC\n")
            about = store.stat()
            if os.geteuid() == 0:
                os.fchown(number, about.st_uid, about.st_gid)
        beside.replace(note)
    except OSError as fault:
        return f"{note} could not be written: {fault.strerror}"
    return None


def summary(manifest: Manifest) -> Mapping[str, int]:
    """How many files each part has."""
    return {root: len(manifest.names(root)) for root in ("store", "config", "seeds", "state", "archive")}
