"""WARC out: every answer that was used, and what was taken in, in the order of taking in (DESIGN §6).

A record is handed to the operating system within the transaction that uses it, just before its commit: after a kill it
may be there although its transaction is not, and then again when that is repeated, but it is never missing. Each
recorder begins a file of its own, so that what a kill cut short is always the end of a file.
"""

import contextlib
import gzip
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO, FileIO
from pathlib import Path
from typing import Any, Literal

from warcio.recordbuilder import RecordBuilder
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from extractors.records import Article, Entry
from monitor.archive.found import version_of
from monitor.fetch import Fetched
from monitor.records import MonitorError

FORMAT = 1
SOFTWARE = "Parley"
NAME = re.compile(r"parley-(\d{8})-(\d{4,})\.warc\.gz")
# The body that is kept is unpacked: these told of the one that came over the wire (as pywb and Heritrix rename them).
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_MAKE = RecordBuilder(warc_version="1.1")
# The library's own level, 9, costs ten times the CPU for some hundredths of the size (100 kB of words: 32 and 3 ms).
_LEVEL = 6
# What signs somebody in, so that an archive can be handed on; and what is of the connection (RFC 9110 §7.6.1).
_KEPT_BACK = frozenset({
    "set-cookie", "set-cookie2", "authentication-info", "proxy-authenticate", "proxy-authentication-info",
    "www-authenticate", "connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade",
})  # fmt: skip


class ArchiveError(MonitorError):
    """The archive cannot be written."""


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One file of an archive: the UTC day on which it was begun, its number on that day, its size in bytes."""

    path: Path
    day: date
    serial: int
    size: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place in an archive: the file that was open, how far it was written, and what was in it."""

    path: Path | None
    name: tuple[int, int]
    size: int
    number: int
    resumes: str | None
    last: str
    begun: Mapping[str, Mapping[str, object]]


def files(folder: Path) -> tuple[ArchiveFile, ...]:
    """The files of the archive in `folder`, the oldest first; none when there is no such folder. OSError."""
    found: list[ArchiveFile] = []
    if not folder.is_dir():
        return ()
    for path in folder.iterdir():
        if (name := NAME.fullmatch(path.name)) is None:
            continue
        # A file that was dropped meanwhile, or whose name holds no day, is none of ours.
        with contextlib.suppress(FileNotFoundError, ValueError):
            day = datetime.strptime(name[1], "%Y%m%d").replace(tzinfo=UTC).date()
            found.append(ArchiveFile(path, day, int(name[2]), path.stat().st_size))
    return tuple(sorted(found, key=lambda file: (file.day, file.serial)))


class Recorder:
    """Appends to the archive in `folder` (made when missing), in files parley-YYYYMMDD-NNNN.warc.gz.

    There is one recorder at a time for a folder, used by one thread at a time. A file holds one UTC day at most and
    ends once it is larger than `file_bytes`. All of its methods raise ArchiveError when the disk is full or cannot be
    written; half a record is taken back, and the next call begins a new file. `program` is "Parley" with its version.

    `committed` is what `last` was in the last transaction that was kept, if that was stored in it: what was recorded
    after it never came to be, and is marked so.
    """

    def __init__(
        self, folder: Path, *, program: str, file_bytes: int = 100_000_000, committed: str | None = None
    ) -> None:
        self._folder, self._program, self._file_bytes = folder, program, file_bytes
        self._file: FileIO | None = None
        self._name: tuple[int, int] = (0, 0)
        self._size = self._number = 0
        self._path = folder
        self._begun: dict[str, Mapping[str, object]] = {}
        self._resumes, self._last = committed, committed or ""
        self._since: list[Path] = []

    @property
    def last(self) -> str:
        """Which taking in was recorded last: to be stored in the transaction that it belongs to."""
        return self._last

    @property
    def path(self) -> Path | None:
        """The file that is being written."""
        return self._path if self._file is not None else None

    def feed(self, answer: Fetched, *, feed_url: str, now: datetime) -> None:
        """One answer that the feed `feed_url` (as configured) was read from."""
        with self._records(now) as records:
            _response(records, answer, now, feed_url)

    def article(
        self,
        article: Article,
        *,
        fetched: Fetched | None,
        entry: Entry,
        feed_url: str,
        watches: Sequence[str],
        family: str,
        source: Literal["page", "summary"],
        now: datetime,
    ) -> None:
        """An article that was taken in `now` and was not known, for the ids of those `watches` that it was read for.

        `fetched` is its page. A `source` of summary says that the text is the feed's own: then it is kept, too.
        """
        with self._records(now) as records:
            about = {
                "kind": "article",
                "url": article.url,
                "title": article.title,
                "published": _iso(article.published),
                "seen": _iso(article.seen),
                "taken": _iso(now),
                "language": article.language,
                "outlet": article.outlet,
                "family": family,
                "watches": list(watches),
                "feed": feed_url,
                "entry": entry.id,
                "source": source,
                "digest": version_of(article),
            }
            if source == "summary":
                about["text"] = article.text
            page = None
            if fetched is not None:
                page = _response(records, fetched, now, feed_url)
                # The extractor is given what the fetcher made of the answer, and the address that was asked for.
                about |= {"asked": fetched.url, "charset": fetched.charset}
            self._note(records, about, now, article.url, page)
        self._last = "-".join(map(str, (*self._name, self._number)))

    def withdrawn(self, url: str, because: str, *, watches: Sequence[str], family: str, now: datetime) -> None:
        """The article at `url` was withdrawn for these watches, with the reason that `monitor.intake.withdraw` got."""
        with self._records(now) as records:
            about = {"kind": "withdrawn", "url": url, "because": because, "taken": _iso(now), "family": family}
            self._note(records, {**about, "watches": list(watches)}, now, url)
        self._last = "-".join(map(str, (*self._name, self._number)))

    def began(self, watch: str, moment: datetime, baseline: Sequence[str]) -> None:
        """The watch began at `moment`, by when it knew the stories in the files of these names.

        To be called for each watch at every start: the marks are repeated at the head of each file, so that the later
        files of an archive tell enough without the earlier ones. The same mark again says nothing new.
        """
        about = {"kind": "began", "watch": watch, "taken": _iso(moment), "baseline": list(baseline)}
        if self._begun.get(watch) == about:
            return
        if self._file is None:
            self._begun[watch] = about  # the next file opens with it
            return
        with self._records(None) as records:
            self._note(records, about, moment, None)
        self._begun[watch] = about

    def mark(self) -> object:
        """Where the archive stands: for `take_back`."""
        self._since = []
        return _Mark(self.path, self._name, self._size, self._number, self._resumes, self._last, dict(self._begun))

    def take_back(self, mark: object) -> None:
        """The transaction that began at `mark` was not kept: nor is what was recorded since.

        Where the disk does not let us take it back, it is as after a kill: the next file says what never came to be.
        """
        assert isinstance(mark, _Mark)
        begun, self._since, self._begun = self._since, [], dict(mark.begun)
        if not begun and (self.path, self._size, self._last) == (mark.path, mark.size, mark.last):
            return
        self._resumes = mark.resumes
        try:
            if begun and self._file is not None:
                file, self._file = self._file, None
                file.close()
            for path in begun:
                path.unlink(missing_ok=True)
            if mark.path is not None:
                os.truncate(mark.path, mark.size)
            if self._file is not None:
                self._file.seek(mark.size)
        except OSError:
            file_left, self._file = self._file, None
            if file_left is not None:
                with contextlib.suppress(OSError):
                    file_left.close()
            self._resumes = mark.last or mark.resumes
        self._name, self._size, self._number, self._last = mark.name, mark.size, mark.number, mark.last

    def close(self) -> None:
        """End the file. What is recorded later begins another."""
        if self._file is not None:
            file, self._file = self._file, None
            with self._told():
                file.close()

    @contextlib.contextmanager
    def _records(self, now: datetime | None) -> Iterator[BytesIO]:
        """Records that are kept together or not at all; `now` None: in the file that is open."""
        with self._told():
            if now is not None:
                self._turn(now)
            number, written = self._number, BytesIO()
            try:
                yield written
                self._append(written.getvalue())
            except BaseException:
                self._number = number
                raise

    def _turn(self, now: datetime) -> None:
        day = int(now.astimezone(UTC).strftime("%Y%m%d"))
        # A file that somebody removed goes on taking bytes that nobody will ever read.
        there_still = self._file is not None and os.fstat(self._file.fileno()).st_nlink > 0
        if there_still and day <= self._name[0] and self._size <= self._file_bytes:
            return
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        there = files(self._folder)
        last = (int(there[-1].day.strftime("%Y%m%d")), there[-1].serial) if there else (0, 0)
        # A clock that was set back must not put what comes later before what there is.
        day = max(day, last[0])
        self._name = (day, last[1] + 1 if day == last[0] else 1)
        self._path = self._folder / f"parley-{day}-{self._name[1]:04}.warc.gz"
        self._file, self._size, self._number = FileIO(self._path, "xb"), 0, 0
        self._since.append(self._path)
        head = BytesIO()
        info = {"software": self._program, "format": "WARC File Format 1.1", "isPartOf": "parley"}
        record = _MAKE.create_warcinfo_record(self._path.name, info)
        record.rec_headers.replace_header("WARC-Date", _stamp(now))
        _write(head, record)
        if self._resumes is not None:
            self._note(head, {"kind": "resumed", "after": [int(n) for n in self._resumes.split("-")]}, now, None)
        for about in self._begun.values():
            self._note(head, about, now, None)
        self._append(head.getvalue())
        self._resumes = None

    def _append(self, written: bytes) -> None:
        assert self._file is not None
        file, left = self._file, memoryview(written)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError:
            # Whatever of it the disk took is in the way of the next record.
            self._file = None
            with contextlib.suppress(OSError):
                file.truncate(self._size)
            with contextlib.suppress(OSError):
                file.close()
            if self._size == 0:
                self._path.unlink(missing_ok=True)
            raise
        self._size += len(written)

    def _note(
        self, records: BytesIO, about: Mapping[str, object], now: datetime, url: str | None, page: str | None = None
    ) -> None:
        self._number += 1
        told = {"parley": FORMAT, "order": [*self._name, self._number], **about}
        body = json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()
        headers = {"WARC-Date": _stamp(now), "Content-Type": "application/json"}
        if page is not None:
            headers["WARC-Concurrent-To"] = page
        record = _MAKE.create_warc_record(
            _address(url) if url else f"urn:parley:{about['kind']}",
            "metadata",
            payload=BytesIO(body),
            length=len(body),
            warc_content_type="application/json",
            warc_headers_dict=headers,
        )
        _write(records, record)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            said = error.strerror or str(error)
            raise ArchiveError(
                f"the archive {self._folder} cannot be written: {said}; make room, or let this user write to it"
            ) from error


def _response(records: BytesIO, answer: Fetched, now: datetime, feed_url: str) -> str:
    """Write the answer; the id of its record."""
    came = answer.headers or ((("Content-Type", answer.content_type),) if answer.content_type else ())
    headers = [
        (f"X-Archive-Orig-{name}" if name.lower() in _OF_THE_WIRE else name, " ".join(value.split()))
        for name, value in came
        if name.lower() not in _KEPT_BACK
    ]
    headers.append(("Content-Length", str(len(answer.body))))
    line = f"{answer.status} {answer.reason or 'OK'}"
    record: Any = _MAKE.create_warc_record(
        _address(answer.final_url),
        "response",
        payload=BytesIO(answer.body),
        length=len(answer.body),
        http_headers=StatusAndHeaders(line, headers, protocol="HTTP/1.1"),
        warc_headers_dict={"WARC-Date": _stamp(now), "X-Parley-Feed": _address(feed_url)},
    )
    _write(records, record)
    return str(record.rec_headers.get_header("WARC-Record-ID"))


def _write(records: BytesIO, record: Any) -> None:
    """Each record is a gzip member of its own, as the format asks."""
    plain = BytesIO()
    WARCWriter(plain, gzip=False, warc_version="1.1").write_record(record)
    records.write(gzip.compress(plain.getbuffer(), _LEVEL, mtime=0))


def _address(url: str) -> str:
    """An address as a header can carry it: no line breaks, nothing that UTF-8 cannot."""
    return "".join(url.split()).encode(errors="replace").decode()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment is not None else None
