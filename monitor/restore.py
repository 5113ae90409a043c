"""A home made of a backup: everything is unpacked and examined first, and put in place by renaming, config/ last.

Without config/ a home is none, so that one that is put in place by half is never run; the next restore removes it.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.engine import make_url

from monitor.faults import Faults
from monitor.manifest import CASES, FOLDERS, STORE, Manifest, Packed
from monitor.packing import PackError, unpack
from monitor.placing import Move, cleared, holds, put
from monitor.records import MonitorError
from monitor.settings import archive_of, store_file, store_of
from monitor.store import doubt, schema
from monitor.store.files import damage, on_disk, schema_of

_STAGE = ".restoring"
_SPARE = 32_000_000
_STORE_VARIABLES = ("PARLEY_STORE__URL", "PARLEY_STORE__URL_FILE")


class RestoreError(MonitorError):
    """Nothing was restored, and nothing that was there was changed; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. `store` is where the store lies now, None without one; `archive` the folder of the archive, None
    where there is none in it, there was one already, or only the store was asked for.

    `taken_away`: an earlier restore had broken off, and what it had put in place was removed first.
    """

    manifest: Manifest
    store: Path | None
    archive: Path | None
    taken_away: bool


def restore(
    home: Path, file: Path, env: Mapping[str, str], *, version: str, now: datetime, only_store: bool = False
) -> Restored:
    """Put a backup in place: into a home that has no config/, seeds/ or state/ yet, or `only_store` into one that has.

    The store goes where the settings (and `env`) say, also outside the home, if nothing is there. It is told that it
    was restored `now` (`store.doubt`). RestoreError, PackError or StoreError, and then all is as it was.
    """
    home = home.resolve()  # what lies in it is told from what does not by its name
    made = not home.exists()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home):
            return _Restoring(home, file, env, version, now, only_store=only_store).done()
    except OSError as fault:
        raise RestoreError(f"{fault.filename or home} could not be written: {fault.strerror or fault}") from fault
    finally:
        if made:
            with suppress(OSError):
                home.rmdir()  # unless there is something in it now


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    number = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RestoreError(f"another restore is at work in {home}") from None
    finally:
        os.close(number)


class _Restoring:
    """One restore, in the order of its methods."""

    def __init__(
        self, home: Path, file: Path, env: Mapping[str, str], version: str, now: datetime, *, only_store: bool
    ) -> None:
        self._home, self._file, self._env, self._version, self._now = home, file, env, version, now
        self._only_store = only_store
        self._archive: Path | None = None
        self._stage = home / _STAGE
        self._tree, self._packed = self._stage / "home", self._stage / "packed"

    def done(self) -> Restored:
        taken_away = cleared(self._stage)
        self._refuse()
        self._stage.mkdir(mode=0o700)
        try:
            manifest = self._unpacked()
            url = self._url()
            store = self._placed_store(manifest, url) if manifest.revision is not None else None
            if store is not None:
                self._examine(manifest)
            moves = self._moves(manifest, url, store)
            put(moves, self._stage)
        finally:
            cleared(self._stage)
        return Restored(manifest, store, self._archive, taken_away)

    def _refuse(self) -> None:
        if self._only_store:
            if not (self._home / "config" / "parley.yaml").is_file():
                raise RestoreError(f"{self._home} is no home to put a store in: leave out --only-store")
            return
        taken = [f"{name}/" for name in (*FOLDERS, "state") if holds(self._home / name)]
        if taken:
            raise RestoreError(
                f"{self._home} holds {' and '.join(taken)} already, and nothing is overwritten: move them away, name "
                "another folder with --home, or take the store alone with --only-store"
            )

    def _unpacked(self) -> Manifest:
        try:
            with self._file.open("rb") as file:
                return unpack(file, os.fstat(file.fileno()).st_size, self._begin, self._sink)
        except PackError as fault:
            raise PackError(f"{self._file} cannot be restored: {fault}; nothing was put in place") from fault
        except OSError as fault:
            if fault.filename == str(self._file) or not fault.filename:
                raise RestoreError(f"{self._file} cannot be read: {fault.strerror or fault}") from fault
            raise

    def _begin(self, manifest: Manifest) -> None:
        free = shutil.disk_usage(self._home).free
        if free < manifest.size + _SPARE:
            raise PackError(
                f"it needs {(manifest.size + _SPARE) / 1e6:,.0f} MB in {self._home}, where {free / 1e6:,.0f} MB are "
                "free: make room there"
            )
        if self._only_store and manifest.revision is None:
            raise PackError("there is no store in it")
        known = schema.known()
        if manifest.revision is not None and manifest.revision not in known:
            raise PackError(
                f"its store has schema {manifest.revision}, made by Parley {manifest.parley}, newer than this Parley "
                f"{self._version} ({schema.HEAD}): install the newer Parley"
            )
        for folder, mode in sorted(manifest.folders.items()):
            (self._packed / folder).mkdir(parents=True, exist_ok=True)
            (self._packed / folder).chmod((mode & 0o755) | 0o700)

    @contextmanager
    def _sink(self, packed: Packed) -> Iterator[BinaryIO]:
        path = self._packed / packed.name
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fchmod(number, (packed.mode & 0o755) | 0o600)
            os.fsync(number)

    def _url(self) -> str:
        """Where the store shall be, by the settings that hold in the home afterwards."""
        inside = self._home if self._only_store else self._packed
        found = store_of(inside, self._env)
        if isinstance(found, Faults):
            raise RestoreError(f"where the store belongs cannot be told: {found}")
        file = store_file(inside, found.get_secret_value())
        if file is None:
            return found.get_secret_value()
        if file.is_relative_to(self._packed):
            file = self._home / file.relative_to(self._packed)
        real = str(file.parent.resolve() / file.name)
        return make_url(found.get_secret_value()).set(database=real).render_as_string(hide_password=False)

    def _placed_store(self, manifest: Manifest, url: str) -> Path:
        store = store_file(self._home, url)
        if store is None:
            raise RestoreError(
                "the store of this backup is a file, and store.url names a server: give "
                "PARLEY_STORE__URL=sqlite:////folder/parley.db as the place for it"
            )
        given = any(self._env.get(name) for name in _STORE_VARIABLES)
        if manifest.outside and not given and not self._only_store and store.is_relative_to(self._home):
            raise RestoreError(
                f"its store was at {manifest.store}, which the environment of the service named and config/parley.yaml "
                f"does not. Give PARLEY_STORE__URL={manifest.store} to have it there again, or "
                f"PARLEY_STORE__URL=sqlite:///state/parley.db to have it in the home"
            )
        there = [path for path in _beside(store) if path.exists()]
        if there:
            raise RestoreError(f"{there[0]} is there already, and nothing is overwritten: move it away first")
        _not_run(store)
        return store

    def _examine(self, manifest: Manifest) -> None:
        path = self._packed / STORE
        found = schema_of(path)
        if found != manifest.revision:
            raise PackError(f"{self._file}: its store has schema {found}, and it says {manifest.revision}")
        if faults := damage(path, thorough=True, most=1):
            raise PackError(f"{self._file}: its store is damaged ({faults[0]}); take another backup")
        doubt.mark(path, made=manifest.made, now=self._now)
        on_disk(path)

    def _moves(self, manifest: Manifest, url: str, store: Path | None) -> list[Move]:
        """What goes where, config/ (or the store alone) last. Inside the home whole folders are moved."""
        self._tree.mkdir()
        outside: list[Move] = []
        if not self._only_store:  # before what may lie in them
            for name in FOLDERS:
                (self._packed / name).rename(self._tree / name)
        archive = archive_of(self._home, url)
        if manifest.names("archive") and not self._only_store and not holds(archive):
            outside += self._lay(self._packed / "archive", archive)
            self._archive = archive
        if store is not None:
            outside += self._lay(self._packed / STORE, store)
        if self._only_store:
            return outside
        if (self._packed / CASES).exists():
            (self._tree / "state").mkdir(mode=0o700, exist_ok=True)
            (self._packed / CASES).rename(self._tree / CASES)
        if store is None or store.parent == self._home / "state":
            (self._tree / "state").mkdir(mode=0o700, exist_ok=True)
        names = sorted((each.name for each in self._tree.iterdir()), key=lambda name: name == "config")
        for name in names:
            if holds(self._home / name):
                raise RestoreError(f"{self._home / name} is there already, and nothing is overwritten")
        return [*outside, *(Move(self._tree / name, self._home / name) for name in names)]

    def _lay(self, packed: Path, place: Path) -> list[Move]:
        """Where a thing is to wait: in the tree that becomes the home, or beside its place elsewhere."""
        if not self._only_store and place.is_relative_to(self._home):
            inside = self._tree / place.relative_to(self._home)
            inside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            packed.rename(inside)
            return []
        return [Move(packed, place)]


def _beside(store: Path) -> Iterator[Path]:
    yield from (store.with_name(store.name + end) for end in ("", "-wal", "-shm", "-journal"))


def _not_run(store: Path) -> None:
    lock = store.with_name(store.name + ".lock")
    if not lock.is_file():
        return
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RestoreError(f"the service runs on {store}: stop it first") from None
