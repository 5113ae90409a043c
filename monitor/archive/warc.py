"""WARC in: the pages of a web archive, in the order in which they were taken in."""

import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from extractors.article import PAGE_CAP
from extractors.records import Article
from monitor.archive.found import Began, Found, Resumed, Unreadable, Withdrawn, from_page, moment
from monitor.archive.recorded import is_own, read_own

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
    with path.open("rb") as stream:
        try:
            for record in ArchiveIterator(stream):
                number += 1
                if record.rec_type in ("response", "resource"):
                    yield from _page(record, f"{name}: record {number}", name)
        except (ArchiveLoadFailed, zlib.error, EOFError, UnicodeDecodeError, ValueError) as error:
            told = " ".join(str(error).split()) or type(error).__name__
            yield Unreadable(name, f"damaged after record {number}: {told[:200]}")
            return
    if number == 0:
        yield Unreadable(name, "no WARC records in it")


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
    page = record.content_stream().read(PAGE_CAP + 1)
    given = Article(url=url or name, outlet="", title=None, text="", seen=_taken(record))
    yield from_page(page, charset, where, url=url, name=name, given=given)


def _taken(record: Any) -> datetime | None:
    try:
        return moment(record.rec_headers.get_header("WARC-Date") or "")
    except ValueError:
        return None
