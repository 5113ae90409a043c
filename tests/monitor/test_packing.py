"""A backup read with mistrust: cut, damaged, of something else, or made to do harm, it is refused in plain words."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.manifest import FORMAT, NAME, Manifest, ManifestError, Packed, dumped, is_place, loaded
from monitor.packing import PackError, pack, unpack

MADE = datetime(2026, 2, 5, 12, tzinfo=UTC)
FILES = {"config/parley.yaml": b"watches: [ru-ua]\n", "seeds/watches/ru-ua.yaml": b"watch: ru-ua\n" * 500}


def packed(files: dict[str, bytes]) -> tuple[Packed, ...]:
    return tuple(
        Packed(name=name, size=len(body), sha256=hashlib.sha256(body).hexdigest()) for name, body in files.items()
    )


def manifest(files: dict[str, bytes] = FILES) -> Manifest:
    return Manifest(
        format=FORMAT, parley="1.0", revision=None, made=MADE, store="sqlite:///x", outside=False,
        folders={"config": 0o755}, files=packed(files),
    )  # fmt: skip


def backup() -> bytes:
    file = BytesIO()
    pack(file, manifest(), lambda each: BytesIO(FILES[each.name]))
    return file.getvalue()


WHOLE = backup()


def read(raw: bytes) -> dict[str, bytes]:
    """What a backup holds; PackError."""
    found: dict[str, bytes] = {}

    @contextmanager
    def sink(each: Packed) -> Iterator[BinaryIO]:
        with BytesIO() as file:
            yield file
            found[each.name] = file.getvalue()

    unpack(BytesIO(raw), len(raw), lambda _: None, sink)
    return found


def made(*members: tuple[tarfile.TarInfo, bytes], first: bytes | None = None) -> bytes:
    """A tar that anybody may have written; `first` is its manifest."""
    file = BytesIO()
    with gzip.open(file, "wb") as zipped, tarfile.open(fileobj=zipped, mode="w|") as tar:
        if first is not None:
            tar.addfile(member(NAME, first)[0], BytesIO(first))
        for info, body in members:
            tar.addfile(info, BytesIO(body))
    return file.getvalue()


def member(
    name: str, body: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(body)
    return info, body


def altered(**changes: object) -> bytes:
    return json.dumps(json.loads(dumped(manifest())) | changes).encode()


def test_what_was_packed_is_what_is_read() -> None:
    assert read(WHOLE) == FILES


def test_the_same_home_gives_the_same_bytes() -> None:
    assert backup() == WHOLE


@given(st.integers(0, len(WHOLE) - 1))
def test_one_that_is_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(PackError):
        read(WHOLE[:length])


@given(st.integers(10, len(WHOLE) - 1), st.integers(1, 255))
def test_one_with_a_byte_that_is_another_is_refused_or_holds_the_same(at: int, by: int) -> None:
    raw = bytearray(WHOLE)
    raw[at] ^= by
    try:  # a few bits of what gzip writes mean nothing
        found = read(bytes(raw))
    except PackError:
        return
    assert found == FILES


@given(st.binary(max_size=2000))
def test_whatever_else_a_file_holds_it_is_refused(raw: bytes) -> None:
    for each in (raw, gzip.compress(raw)):
        with pytest.raises(PackError):
            read(each)


BODY = FILES["config/parley.yaml"]
ONE = dumped(manifest({"config/parley.yaml": BODY}))
BOMB = {"name": "config/zeros", "size": 10**12, "sha256": "0" * 64, "mode": 0o600}
LONG = tarfile.TarInfo("config/parley.yaml")
LONG.pax_headers = {"comment": "x" * 3_000_000}


REFUSED = [
    (b"", "cut short|no backup"),
    (b"%PDF-1.7 of something else", "no backup of Parley.*Not a gzipped file"),
    (gzip.compress(b"just a text\n" * 100), "no backup of Parley"),
    (made(member("readme.txt", b"hello")), "its first file is not manifest.json"),
    (made(member(NAME, kind=tarfile.SYMTYPE, link="/etc/passwd")), "its first file is not manifest.json"),
    (made(first=b"not json"), "manifest.json is damaged"),
    (made(first=altered(format=2, parley="9.1")), "made by Parley 9.1 in format 2, and this Parley knows 1"),
    (made(first=altered(extra=1)), "damaged: extra"),
    (made(first=altered(revision="0001")), "a schema without a store"),
    (made(first=altered(files=[BOMB])), r"unpack to 1,000,000,000,000: no backup of Parley is packed so tight"),
    (made(first=ONE), "cut short: 1 of its files are missing, such as config/parley.yaml"),
    (made(member("config/parley.yaml", BODY[:-1]), first=ONE), "has 16 bytes instead of 17"),
    (made(member("config/parley.yaml", b"x" * 17), first=ONE), "config/parley.yaml in it is damaged"),
    (made(member("config/other.yaml", BODY), first=ONE), "'config/other.yaml', which its manifest.json does not"),
    (made(*[member("config/parley.yaml", BODY)] * 2, first=ONE), "which its manifest.json does not name"),
    (made(member("/etc/cron.d/x", BODY), first=ONE), "'/etc/cron.d/x', which its manifest.json does not name"),
    (made(member("../../x", BODY), first=ONE), r"'\.\./\.\./x', which its manifest.json does not name"),
    (made(member("config/parley.yaml", kind=tarfile.SYMTYPE, link="/etc/passwd"), first=ONE), "is no plain file"),
    (made(member("config/parley.yaml", kind=tarfile.LNKTYPE, link="/etc/passwd"), first=ONE), "is no plain file"),
    (made(member("config/parley.yaml", kind=tarfile.FIFOTYPE), first=ONE), "is no plain file"),
    (made(member("config/parley.yaml", kind=tarfile.CHRTYPE), first=ONE), "is no plain file"),
    (made((LONG, b""), first=ONE), "holds more than it says"),
    (gzip.compress(gzip.decompress(WHOLE) + bytes(5_000_000)), "goes on behind its end"),
]


@pytest.mark.parametrize(("raw", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_one_that_is_no_backup_says_what_is_wrong_with_it(raw: bytes, said: str) -> None:
    with pytest.raises(PackError, match=said):
        read(raw)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("config/parley.yaml", True),
        ("seeds/watches/Überblick мир.yaml", True),
        ("config", True),
        ("store/parley.db", True),
        ("state/cases.jsonl", True),
        ("archive/parley-20260205-0001.warc.gz", True),
        ("config/../../etc/passwd", False),
        ("/config/parley.yaml", False),
        ("config//parley.yaml", False),
        ("config/./parley.yaml", False),
        ("config/parley.yaml/", False),
        ("..", False),
        ("", False),
        ("config\\..\\x", False),
        ("config/a\nb", False),
        ("config/a\0b", False),
        ("config/\udcff", False),
        ("state/parley.db", False),
        ("store/other.db", False),
        ("archive/../x", False),
        ("archive/other.gz", False),
        ("manifest.json", False),
        ("bin/sh", False),
    ],
)
def test_a_place_is_within_a_home_or_none(name: str, fits: bool) -> None:
    assert is_place(name) is fits


@pytest.mark.parametrize(
    "change", [{"made": "2026-02-05T12:00:00"}, {"files": [{**BOMB, "mode": 0o4755}]}, {"folders": {"..": 0}}]
)
def test_a_manifest_that_a_backup_never_has_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ManifestError):
        loaded(altered(**change))


@pytest.mark.parametrize(
    ("now", "said"), [(b"x" * 17, "was changed while it was packed"), (b"x", "became shorter while it was packed")]
)
def test_a_file_that_changes_while_it_is_packed_is_noticed(now: bytes, said: str) -> None:
    opened: Callable[[Packed], io.BytesIO] = lambda _: BytesIO(now)  # noqa: E731
    with pytest.raises(PackError, match=said):
        pack(BytesIO(), manifest({"config/parley.yaml": BODY}), opened)
