"""Paths → articles in the order in which they are to be taken in, and what could not be read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from extractors.records import Article
from monitor.archive import pages, warc
from monitor.archive.found import Found, Unreadable, moment


class _Reader(Protocol):
    def __call__(self, path: Path, name: str) -> Iterator[Found | Unreadable]: ...


_READERS: dict[str, _Reader] = {
    ".jsonl": pages.read_lines,
    ".ndjson": pages.read_lines,
    ".json": pages.read_json,
    ".html": pages.read_html,
    ".htm": pages.read_html,
    ".md": pages.read_text,
    ".txt": pages.read_text,
    ".warc": warc.read_warc,
    ".warc.gz": warc.read_warc,
}


@dataclass(frozen=True, slots=True)
class SavedArticle:
    """An article and where it was saved: a path, with the line or record for files that hold several.

    `article.published` is aware UTC or None; `article.seen` is only set for an archive's records: when each was taken.
    `about` is what else its line or front matter says, as it stands: the labels of labelled articles.
    """

    article: Article
    where: str
    about: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read, in order, and a sentence for each file, line or record that could not be."""

    articles: tuple[SavedArticle, ...]
    problems: tuple[str, ...]


def load(paths: Iterable[str | Path], published: datetime | None = None) -> Loaded:
    """Read saved articles; a folder stands for those in it, by name, hidden files and other formats left out.

    Order: by publication, then as given; an archive's records by when they were taken in, the undated last. `published`
    (aware UTC) fills in only what is missing. The same URL and text is kept once, the first in order.
    """
    found: list[SavedArticle] = []
    problems: list[str] = []
    for given in paths:
        for path, reader in _expand(Path(given), str(given), problems):
            for item in _read(path, reader):
                if isinstance(item, Unreadable):
                    problems.append(f"{item.where}: {item.because}")
                else:
                    found.append(_saved(item, published))
    return Loaded(_in_order(found), tuple(problems))


def day_or_moment(text: str) -> datetime:
    """`2025-05-16` (12:00 UTC) or an ISO 8601 time (UTC if it has no zone) → aware UTC; ValueError."""
    return moment(text)


def _expand(path: Path, given: str, problems: list[str]) -> Iterator[tuple[Path, _Reader]]:
    if path.is_dir():
        inside = [p for p in path.rglob("*") if not any(part.startswith(".") for part in p.relative_to(path).parts)]
        files = sorted((p for p in inside if p.is_file() and _reader(p)), key=lambda p: p.relative_to(path).parts)
        if not files:
            problems.append(f"{given}: the folder holds no saved articles ({_formats()})")
        yield from ((p, reader) for p in files if (reader := _reader(p)))
    elif not path.exists():
        problems.append(f"{given}: there is no such file or folder")
    elif reader := _reader(path):
        yield path, reader
    else:
        problems.append(f"{given}: not a format of saved articles ({_formats()})")


def _reader(path: Path) -> _Reader | None:
    name = path.name.lower()
    return next((reader for suffix, reader in _READERS.items() if name.endswith(suffix)), None)


def _formats() -> str:
    return " ".join(_READERS)


def _read(path: Path, reader: _Reader) -> Iterator[Found | Unreadable]:
    try:
        yield from reader(path, str(path))
    except OSError as error:
        yield Unreadable(str(path), f"cannot be read: {error.strerror or error}")


def _saved(item: Found, published: datetime | None) -> SavedArticle:
    article = item.article
    return SavedArticle(replace(article, published=article.published or published), item.where, item.about)


def _in_order(found: Sequence[SavedArticle]) -> tuple[SavedArticle, ...]:
    never = datetime.max.replace(tzinfo=UTC)

    def when(saved: SavedArticle) -> datetime:
        return saved.article.seen or saved.article.published or never

    once: dict[tuple[str, str], SavedArticle] = {}
    for saved in sorted(found, key=when):
        once.setdefault((saved.article.url, saved.article.text), saved)
    return tuple(once.values())
