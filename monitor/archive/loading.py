"""Paths → articles in the order in which they are to be taken in, and what could not be read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from heapq import merge
from itertools import accumulate
from pathlib import Path
from typing import Protocol

from extractors.records import Article
from monitor.archive import pages, warc
from monitor.archive.found import Began, Found, Resumed, Taking, Unreadable, Withdrawn, moment


class _Reader(Protocol):
    def __call__(self, path: Path, name: str) -> Iterator[Found | Withdrawn | Began | Resumed | Unreadable]: ...


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
    `about` is what else its line or front matter says, as it stands: the labels of labelled articles. `taking` is how
    the service took it in, for an article of its archive.
    """

    article: Article
    where: str
    about: Mapping[str, object] = field(default_factory=dict)
    taking: Taking | None = None


Step = SavedArticle | Withdrawn | Began


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read, in order, and a sentence for each file, line or record that could not be.

    `sequence` is all of it, with what an archive of the service tells beside articles; there, an article that went
    back to an earlier text comes as often as it was taken in. `articles` has each text of an address once.
    """

    articles: tuple[SavedArticle, ...]
    problems: tuple[str, ...]
    sequence: tuple[Step, ...] = ()


def load(paths: Iterable[str | Path], published: datetime | None = None) -> Loaded:
    """Read saved articles; a folder stands for those in it, by name, hidden files and other formats left out.

    Order: by publication, then as given; an archive's records by when they were taken in, the undated last. What the
    service archived keeps the order of taking in, over all its files. `published` (aware UTC) fills in only what is
    missing. The same URL and text is kept once, the first in order.
    """
    found: list[SavedArticle] = []
    recorded: list[Step] = []
    resumed: list[Resumed] = []
    problems: list[str] = []
    for given in paths:
        for path, reader in _expand(Path(given), str(given), problems):
            for item in _read(path, reader):
                if isinstance(item, Unreadable):
                    problems.append(f"{item.where}: {item.because}")
                elif isinstance(item, Resumed):
                    resumed.append(item)
                elif not isinstance(item, Found):
                    recorded.append(item)
                elif item.taking is not None:
                    recorded.append(SavedArticle(item.article, item.where, item.about, item.taking))
                else:
                    found.append(_saved(item, published))
    sequence = _merged(_as_taken(recorded, resumed), _in_order(found))
    once: dict[tuple[str, str], SavedArticle] = {}
    for each in sequence:
        if isinstance(each, SavedArticle):
            once.setdefault((each.article.url, each.article.text), each)
    return Loaded(tuple(once.values()), tuple(problems), sequence)


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


def _read(path: Path, reader: _Reader) -> Iterator[Found | Withdrawn | Began | Resumed | Unreadable]:
    try:
        yield from reader(path, str(path))
    except OSError as error:
        yield Unreadable(str(path), f"cannot be read: {error.strerror or error}")


def _saved(item: Found, published: datetime | None) -> SavedArticle:
    article = item.article
    return SavedArticle(replace(article, published=article.published or published), item.where, item.about)


def _in_order(found: Sequence[SavedArticle]) -> tuple[SavedArticle, ...]:
    once: dict[tuple[str, str], SavedArticle] = {}
    for saved in sorted(found, key=_when):
        once.setdefault((saved.article.url, saved.article.text), saved)
    return tuple(once.values())


def _as_taken(recorded: Iterable[Step], resumed: Sequence[Resumed]) -> tuple[Step, ...]:
    """What the service archived in the order of taking in, each taking in once.

    A taking in that a kill undid was recorded all the same: the next start says so. Where that is lost, of two of one
    address that are alike, with nothing of that address between them, the first was undone: what is known is not
    recorded.
    """
    once: dict[tuple[object, ...], Step] = {}
    begun: set[tuple[str, datetime]] = set()
    last: dict[str, tuple[tuple[object, ...], str]] = {}
    for step in sorted(recorded, key=_order):
        if isinstance(step, Began):
            if (step.watch, step.moment) not in begun:
                begun.add((step.watch, step.moment))
                once[step.watch, step.moment] = step
            continue
        if any(each.after < _order(step) < each.order for each in resumed):
            continue
        url, digest = _version(step)
        mine = (_order(step), url)
        before = last.get(url)
        if before is not None and digest and before[1] == digest:
            once.pop(before[0], None)
        last[url] = (mine, digest)
        once[mine] = step
    return tuple(once.values())


def _version(step: SavedArticle | Withdrawn) -> tuple[str, str]:
    if isinstance(step, Withdrawn):
        return step.url, ""
    assert step.taking is not None
    return step.article.url, step.taking.digest


def _order(step: Step) -> tuple[int, ...]:
    if isinstance(step, Began):
        return step.order
    assert step.taking is not None
    return step.taking.order


def _merged(recorded: Sequence[Step], others: Sequence[SavedArticle]) -> tuple[Step, ...]:
    """Both by time; what the service archived never leaves its order, even where its clock was set back."""
    times = accumulate((_when(step) for step in recorded), max)
    pairs = merge(zip(times, recorded, strict=True), ((_when(each), each) for each in others), key=lambda pair: pair[0])
    return tuple(step for _, step in pairs)


def _when(step: Step) -> datetime:
    if isinstance(step, Began):
        return step.moment
    if step.taking is not None:
        return step.taking.now
    assert isinstance(step, SavedArticle)
    return step.article.seen or step.article.published or datetime.max.replace(tzinfo=UTC)
