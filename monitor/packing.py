"""A backup as one file, written, and read with mistrust: a tar compressed with gzip, the manifest its first member.

What is read may be damaged, cut short, of something else, or made to do harm. So nothing is unpacked by the names and
kinds that the archive gives, but only what its manifest names, to where the caller says, no more bytes than it says.
"""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from typing import BinaryIO, Protocol

from monitor.manifest import NAME, Manifest, ManifestError, Packed, dumped, loaded
from monitor.records import MonitorError

_CHUNK = 1 << 20
_HEAD = 1 << 20
"""Bytes that the headers before one member may take; a long name takes two thousand."""
_LONGEST_MANIFEST = 64 << 20
_TIGHTEST = 200
"""How often a backup may be smaller than what it holds. Text packs to a fifth, a store that is mostly free to a tenth;
a gigabyte of zeros packs to a thousandth."""
_SMALL = 100_000_000


class PackError(MonitorError):
    """A file is no backup, or no whole one; the message says what is wrong with it."""


class Reader(Protocol):
    """What bytes are read from."""

    def read(self, size: int = ..., /) -> bytes: ...


def digest(reader: Reader, size: int) -> str:
    """SHA-256 of the next `size` bytes, hexadecimal; PackError when there are fewer."""
    found, left = hashlib.sha256(), size
    while left:
        chunk = reader.read(min(left, _CHUNK))
        if not chunk:
            raise PackError("became shorter while it was read; try again")
        found.update(chunk)
        left -= len(chunk)
    return found.hexdigest()


def pack(file: BinaryIO, manifest: Manifest, opened: Callable[[Packed], AbstractContextManager[BinaryIO]]) -> None:
    """Write a backup; `opened` gives the bytes of each file of the manifest. PackError when they are not the same now.

    OSError for what the disk cannot do.
    """
    with (
        gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        raw = dumped(manifest)
        tar.addfile(_member(NAME, len(raw), 0o600, manifest), BytesIO(raw))
        for each in manifest.files:
            with opened(each) as source:
                reader = _Summing(source)
                try:
                    tar.addfile(_member(each.name, each.size, each.mode, manifest), reader)
                except OSError as fault:
                    if "unexpected end of data" not in str(fault):
                        raise
                    raise PackError(f"{each.name} became shorter while it was packed; try again") from fault
            if reader.sum.hexdigest() != each.sha256:
                raise PackError(f"{each.name} was changed while it was packed; try again")


def _member(name: str, size: int, mode: int, manifest: Manifest) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.mode, made.mtime = size, mode, int(manifest.made.timestamp())
    return made


class _Summing:
    """A reader that sums up what it gave."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self.sum = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(size)
        self.sum.update(chunk)
        return chunk


class _Measured:
    """What is left of a compressed stream: gives no more than `allowed` bytes until more are allowed."""

    def __init__(self, source: Reader) -> None:
        self._source, self.allowed = source, 0

    def read(self, size: int = -1) -> bytes:
        if self.allowed <= 0:
            raise PackError("it holds more than it says that it does")
        chunk = self._source.read(size if size >= 0 else _CHUNK)
        self.allowed -= len(chunk)
        return chunk


def unpack(
    file: BinaryIO,
    size: int,
    begin: Callable[[Manifest], None],
    sink: Callable[[Packed], AbstractContextManager[BinaryIO]],
) -> Manifest:
    """Read a backup of `size` bytes to its end, checking every sum; what it says of itself.

    `begin` is told the manifest before anything of it is read, and may refuse by raising; `sink` gives where a file
    goes. PackError says what is wrong with the backup; what was given to a sink by then is worth nothing.
    """
    with _told(), gzip.GzipFile(fileobj=file, mode="rb") as zipped:
        stream = _Measured(zipped)
        stream.allowed = _HEAD
        with tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]
            manifest = _manifest(tar, stream)
            if manifest.size > _SMALL and manifest.size > _TIGHTEST * size:
                raise PackError(
                    f"{size:,} bytes that say they unpack to {manifest.size:,}: no backup of Parley is packed so tight"
                )
            begin(manifest)
            left = {each.name: each for each in manifest.files}
            for member, source in _members(tar, stream, manifest):
                packed = left.pop(member, None)
                if packed is None:
                    raise PackError(f"it holds {member[:200]!r}, which its {NAME} does not name")
                _take(packed, source, sink)
        if left:
            raise PackError(f"it is cut short: {len(left)} of its files are missing, such as {min(left)}")
        stream.allowed = _HEAD
        while zipped.read(_CHUNK):  # to the sum over all of it
            stream.allowed -= _CHUNK
            if stream.allowed < 0:
                raise PackError("it goes on behind its end")
    return manifest


def _manifest(tar: tarfile.TarFile, stream: _Measured) -> Manifest:
    first = tar.next()
    if first is None or first.name != NAME or not first.isreg():
        raise PackError(f"its first file is not {NAME}: this is no backup of Parley")
    if first.size > _LONGEST_MANIFEST:
        raise PackError(f"its {NAME} is too long")
    stream.allowed += first.size
    source = tar.extractfile(first)
    assert source is not None
    return loaded(source.read())


def _members(tar: tarfile.TarFile, stream: _Measured, manifest: Manifest) -> Iterator[tuple[str, Reader]]:
    sizes = {each.name: each.size for each in manifest.files}
    while True:
        stream.allowed = _HEAD
        member = tar.next()
        if member is None:
            return
        if not member.isreg():
            raise PackError(f"{member.name[:200]!r} in it is no plain file")
        if member.name in sizes and member.size != sizes[member.name]:
            raise PackError(f"{member.name} in it has {member.size} bytes instead of {sizes[member.name]}")
        stream.allowed = min(member.size, sizes.get(member.name, 0)) + _HEAD
        source = tar.extractfile(member)
        assert source is not None
        yield member.name, source


def _take(packed: Packed, source: Reader, sink: Callable[[Packed], AbstractContextManager[BinaryIO]]) -> None:
    found = hashlib.sha256()
    with sink(packed) as target:
        while chunk := source.read(_CHUNK):
            found.update(chunk)
            target.write(chunk)
    if found.hexdigest() != packed.sha256:
        raise PackError(f"{packed.name} in it is damaged: its sum is another")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except gzip.BadGzipFile as fault:
        raise PackError(f"it is no backup of Parley, or is damaged ({fault})") from fault
    except EOFError as fault:
        raise PackError("it is cut short") from fault
    except zlib.error as fault:
        raise PackError(f"it is damaged ({fault})") from fault
    except (tarfile.TarError, ValueError, OverflowError) as fault:
        raise PackError(f"it is no backup of Parley, or is damaged ({str(fault) or type(fault).__name__})") from fault
    except ManifestError as fault:
        raise PackError(str(fault)) from fault
