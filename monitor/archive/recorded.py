"""An archive that Parley wrote (`monitor.archive.recording`) → what was taken in, as it was taken in.

Each record is a gzip member of its own. They are unpacked here one by one: the library gives the first part of a member
that was cut short as if it were all of it (warcio 1.7), and a page that lost its end would be another text.
"""

import contextlib
import json
import mmap
import re
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from extractors.article import PAGE_CAP, extract
from extractors.records import Article
from monitor.archive.found import Began, Found, Resumed, Taking, Unreadable, Withdrawn, moment
from monitor.archive.recording import FORMAT, NAME, SOFTWARE

_MEMBER = b"\x1f\x8b\x08"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,12})\r\n", re.IGNORECASE)
_CHUNK = 1 << 20
# More than any setting lets an answer have; what unpacks to more is not ours.
_UNPACKED = 1 << 30


def is_own(path: Path) -> bool:
    """Whether Parley wrote it: its name says so, or its first record. OSError."""
    if NAME.fullmatch(path.name):
        return True
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith(_MEMBER):
        with contextlib.suppress(zlib.error):
            head = zlib.decompressobj(31).decompress(head, 4096)
    return re.search(rb"^software: " + SOFTWARE.encode() + rb"\b", head, re.MULTILINE) is not None


def read_own(path: Path, name: str) -> Iterator[Found | Withdrawn | Began | Resumed | Unreadable]:
    """What the service took in, by this file of its archive. Damage is named, and what follows it is read."""
    number = 0
    page: tuple[str, bytes] = ("", b"")
    for member in _members(path):
        if member is None:
            yield Unreadable(name, f"damaged after record {number}")
            continue
        number += 1
        where = f"{name}: record {number}"
        try:
            record = next(iter(ArchiveIterator(BytesIO(member))))
            headers = record.rec_headers
            if record.rec_type == "response":
                page = (headers.get_header("WARC-Record-ID") or "", record.content_stream().read(PAGE_CAP + 1))
            elif record.rec_type == "metadata":
                told = json.loads(record.content_stream().read())
                beside = headers.get_header("WARC-Concurrent-To")
                yield _item(told, page[1] if beside == page[0] else None, where)
        except (ArchiveLoadFailed, StopIteration, ValueError, TypeError, KeyError) as error:
            yield Unreadable(where, f"not understood: {' '.join(str(error).split()) or type(error).__name__}")
    if number == 0:
        yield Unreadable(name, "no WARC records in it")


def _members(path: Path) -> Iterator[bytes | None]:
    """The gzip members of a file, unpacked, or its records if somebody unpacked it; None for each damaged stretch."""
    if path.stat().st_size == 0:
        return
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        take, mark = (_plain, b"WARC/1.") if data[:5] == b"WARC/" else (_member, _MEMBER)
        start, damaged = 0, False
        while 0 <= start < len(data):
            unpacked = take(data, start)
            if unpacked is None:
                if not damaged:
                    yield None
                damaged = True
                start = data.find(mark, start + 1)
                continue
            damaged = False
            member, start = unpacked
            yield member


def _member(data: mmap.mmap, start: int) -> tuple[bytes, int] | None:
    unpacking, parts, at, size = zlib.decompressobj(31), [], start, 0
    while not unpacking.eof:
        chunk = data[at : at + _CHUNK]
        try:
            parts.append(unpacking.decompress(chunk, _UNPACKED - size + 1))
        except zlib.error:
            return None
        size += len(parts[-1])
        at += len(chunk)
        if size > _UNPACKED or not chunk:
            return None
    return b"".join(parts), at - len(unpacking.unused_data)


def _plain(data: mmap.mmap, start: int) -> tuple[bytes, int] | None:
    head = data.find(b"\r\n\r\n", start)
    fields = data[start : head + 2] if head >= 0 else b""
    length = _LENGTH.search(fields)
    # A head that was cut short would run on into the next.
    if length is None or not fields.startswith(b"WARC/") or b"WARC/1.1\r\n" in fields[5:]:
        return None
    end = head + 4 + int(length[1])
    return (data[start : end + 4], end + 4) if data[end : end + 4] == b"\r\n\r\n" else None


def _item(told: Mapping[str, Any], page: bytes | None, where: str) -> Found | Withdrawn | Began | Resumed | Unreadable:
    if told["parley"] > FORMAT:
        return Unreadable(where, "written by a newer Parley: use that one to read it")
    order = tuple(map(int, told["order"]))
    if told["kind"] == "resumed":
        return Resumed(tuple(map(int, told["after"])), order)
    now = moment(told["taken"])
    if told["kind"] == "began":
        return Began(told["watch"], now, tuple(told["baseline"]), where, order)
    taking = Taking(order, now, told["family"], tuple(told["watches"]), told.get("digest", ""))
    if told["kind"] == "withdrawn":
        return Withdrawn(told["url"], told["because"], where, taking)
    text = told.get("text")
    if text is None:
        if page is None:
            return Unreadable(where, f"{told['url']}: its page is not in the archive any more")
        read = extract(page, told["asked"], told["charset"])
        if read.problem is not None:
            return Unreadable(where, f"{told['url']}: the page gives no article: {read.problem}")
        text = read.text
    article = Article(
        url=told["url"],
        outlet=told["outlet"],
        title=told["title"],
        text=text,
        language=told["language"],
        published=moment(told["published"]) if told["published"] else None,
        seen=moment(told["seen"]) if told["seen"] else None,
    )
    return Found(article, where, {key: value for key, value in told.items() if key != "text"}, taking)
