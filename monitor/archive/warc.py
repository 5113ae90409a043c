"""WARC in: the pages of a web archive, in the order in which they were taken in."""

import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from extractors.article import PAGE_CAP
from extractors.records import Article
from monitor.archive.found import Began, Found, Resumed, Unreadable, Withdrawn, from_page, moment
from monitor.archive.recorded import is_own, read_own

_DAMAGE = (ArchiveLoadFailed, zlib.error, EOFError, ValueError)
_PAGES = ("text/html", "application/xhtml+xml")


def read_warc(path: Path, name: str) -> Iterator[Found | Withdrawn | Began | Resumed | Unreadable]:
    """The HTML pages that were answered with 200; images, redirects and requests are passed over.

    `seen` is the record's WARC-Date. A damaged archive gives the records before the damage, and names it. An archive
    that Parley wrote gives what it took in instead, as it took it in.
    """
    if is_own(path):
        yield from read_own(path, name)
        return
    number = 0
    damage: list[Exception] = []
    with path.open("rb") as stream:
        for record in _records(stream, damage):
            number += 1
            try:
                if record.rec_type in ("response", "resource"):
                    yield from _page(record, f"{name}: record {number}", name)
            except _DAMAGE as error:
                damage.append(error)
                break
    if damage:
        told = " ".join(str(damage[0]).split()) or type(damage[0]).__name__
        yield Unreadable(name, f"damaged after record {number}: {told[:200]}")
    elif number == 0:
        yield Unreadable(name, "no WARC records in it")


def _records(stream: BinaryIO, damage: list[Exception]) -> Iterator[Any]:
    """The records as far as their heads can be read; what ended them goes to `damage`."""
    try:
        yield from ArchiveIterator(stream)
    except (*_DAMAGE, AttributeError, TypeError, LookupError) as error:
        # The library trips over a head that lost a field, such as the address (found by fuzzing).
        damage.append(error)


def _page(record: Any, where: str, name: str) -> Iterator[Found | Unreadable]:
    headers = record.http_headers
    if headers is not None and headers.get_statuscode() != "200":
        return
    content_type = (headers or record.rec_headers).get_header("Content-Type") or ""
    mime, *parameters = (part.strip() for part in content_type.lower().split(";"))
    if mime not in _PAGES:
        return
    charset = next((p.removeprefix("charset=").strip("\"' ") for p in parameters if p.startswith("charset=")), None)
    url = record.rec_headers.get_header("WARC-Target-URI")
    # One byte more than the cap, so that the extractor sees that the page is too big; a bomb stops here.
    page, whole = _body(record, PAGE_CAP + 1)
    if not whole:
        # The library gives what there is as if it were all, and a page that lost its end is another text.
        yield Unreadable(where, f"{url or name}: the page is cut short")
        return
    given = Article(url=url or name, outlet="", title=None, text="", seen=_taken(record))
    yield from_page(page, charset, where, url=url, name=name, given=given)


def _body(record: Any, cap: int) -> tuple[bytes, bool]:
    """The body up to `cap` bytes, and whether the archive has all of it."""
    stream, body = record.content_stream(), bytearray()
    while len(body) < cap and (chunk := stream.read(min(65_536, cap - len(body)))):
        body += chunk
    if len(body) == cap:
        return bytes(body), True
    while record.raw_stream.read(65_536):
        pass  # what stands behind the last chunk of a chunked body
    return bytes(body), not getattr(record.raw_stream, "limit", 0)


def _taken(record: Any) -> datetime | None:
    try:
        return moment(record.rec_headers.get_header("WARC-Date") or "")
    except ValueError:
        return None
