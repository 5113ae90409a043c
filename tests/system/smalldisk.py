"""A disk of a few megabytes that a test fills, or makes unwritable, while somebody works on it (needs root)."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    """A mounted file system at `path`. `fill` takes all the room that is left until `free`; both may be repeated."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    @property
    def left(self) -> int:
        """Bytes."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self) -> None:
        with self._filler.open("ab", buffering=0) as filler:
            for size in (65_536, 4096, 1):
                try:
                    while filler.write(b"x" * size) == size:
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        self._filler.unlink()

    def forbid(self, *files: Path) -> None:
        """Nothing can be written to these files, not even by whoever has them open, until `allow`.

        The kernel refuses `mount -o remount,ro` while a file is open for writing; this is what a disk that turned
        read-only by a fault is to the one who has the file open.
        """
        subprocess.run(["chattr", "+i", *map(str, files)], check=True)

    def allow(self, *files: Path) -> None:
        subprocess.run(["chattr", "-i", *map(str, files)], check=True)

    def remount(self, how: str) -> None:
        """`ro` or `rw`; only while nobody has a file open for writing."""
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.path)], check=True)


@contextmanager
def mounted(path: Path, *options: str, source: str = "tmpfs") -> Iterator[SmallDisk]:
    """Mount, and unmount whatever happens: lazily, since a process that outlives its test must not keep the mount."""
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", *options, source, str(path)], check=True)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Four megabytes in memory."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=4m") as disk:
        yield disk


@pytest.fixture
def small_ext4(tmp_path: Path) -> Iterator[SmallDisk]:
    """Sixteen megabytes of ext4 in a file: its files can be made immutable."""
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", str(image)], check=True)
    with mounted(tmp_path / "disk", "-o", "loop", source=str(image)) as disk:
        yield disk
