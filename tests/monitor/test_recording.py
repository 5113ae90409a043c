"""The archive as it is written: what other tools read in it, and what happens to it on a bad day."""

import errno
import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from extractors.records import Article, Entry
from monitor.archive import Withdrawn, load
from monitor.archive.recording import ArchiveError, Recorder, files
from monitor.fetch import Fetched

NOW = datetime(2031, 5, 17, 12, 0, 0, 250, tzinfo=UTC)
DAY = timedelta(days=1)
URL = "https://a.example/1"
PAGE = (
    b"<html><body><article><p>"
    + b"They met for a third time and spoke for hours. " * 4
    + b"</p></article></body></html>"
)
ENTRY = Entry("1", URL, "They met")


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "archive", program="Parley 9.9")
    yield made
    made.close()


def answer(body: bytes = PAGE, *headers: tuple[str, str], url: str = URL) -> Fetched:
    return Fetched(url, url, 200, body, "text/html", None, headers=headers, reason="Fine")


def article(text: str, url: str = URL) -> Article:
    return Article(url, "a.example", "They met", text, "en", NOW, NOW)


def take(recorder: Recorder, url: str = URL, *, body: bytes = PAGE, now: datetime = NOW) -> None:
    recorder.article(
        article("as the page says", url), fetched=answer(body, url=url), entry=ENTRY, feed_url="https://a.example/rss",
        watches=("small",), family="a", source="page", now=now,
    )  # fmt: skip


def records(path: Path) -> list[tuple[str, bytes]]:
    with path.open("rb") as stream:
        return [(record.rec_type, record.content_stream().read()) for record in ArchiveIterator(stream)]


def test_any_reader_of_warc_finds_the_answers_with_their_headers(recorder: Recorder, tmp_path: Path) -> None:
    headers = (
        ("Content-Type", "text/html"), ("Content-Encoding", "gzip"), ("Content-Length", "91"), ("Set-Cookie", "id=1"),
        ("X-Name", "one\ttwo"), ("WWW-Authenticate", "Bearer x"), ("Connection", "close"), ("X-Name", "three"),
    )  # fmt: skip
    recorder.feed(answer(PAGE, *headers), feed_url="https://a.example/rss", now=NOW)
    (file,) = files(tmp_path / "archive")
    assert file.path.name == "parley-20310517-0001.warc.gz"
    with file.path.open("rb") as stream:
        info, response = [
            (record, record.content_stream().read()) for record in ArchiveIterator(stream, check_digests="raise")
        ]
    assert b"software: Parley 9.9\r\n" in info[1]
    kept = response[0]
    assert (kept.rec_type, response[1]) == ("response", PAGE)
    assert kept.rec_headers.get_header("WARC-Date") == "2031-05-17T12:00:00.000250Z"
    assert kept.rec_headers.get_header("WARC-Target-URI") == URL
    assert kept.http_headers.statusline == "200 Fine"
    assert kept.http_headers.headers == [
        ("Content-Type", "text/html"), ("X-Archive-Orig-Content-Encoding", "gzip"),
        ("X-Archive-Orig-Content-Length", "91"), ("X-Name", "one two"), ("X-Name", "three"),
        ("Content-Length", str(len(PAGE))),
    ]  # fmt: skip


def test_each_call_is_in_the_hands_of_the_system_before_it_returns(recorder: Recorder, tmp_path: Path) -> None:
    for number in range(3):
        take(recorder, f"{URL}{number}")
        (file,) = files(tmp_path / "archive")
        assert len(load([file.path]).articles) == number + 1
        assert load([file.path]).problems == ()


def test_files_turn_with_the_day_and_with_their_size_and_order_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    recorder = Recorder(folder, program="Parley 9.9", file_bytes=900)
    for number in range(4):
        take(recorder, f"{URL}{number}", body=PAGE + os.urandom(300).hex().encode())
    take(recorder, f"{URL}4", now=NOW + DAY)
    # A clock that was set back puts nothing before what there is.
    take(recorder, f"{URL}5", now=NOW)
    recorder.close()
    again = Recorder(folder, program="Parley 9.9")
    take(again, f"{URL}6", now=NOW)
    again.close()
    assert [(file.day.day, file.serial) for file in files(folder)] == [
        (17, 1), (17, 2), (17, 3), (17, 4), (18, 1), (18, 2), (18, 3),
    ]  # fmt: skip
    assert [saved.article.url for saved in load([folder]).articles] == [f"{URL}{number}" for number in range(7)]


def test_each_file_says_anew_when_the_watches_began(recorder: Recorder, tmp_path: Path) -> None:
    recorder.began("small", NOW - DAY, ["old.md"])
    assert files(tmp_path / "archive") == ()
    take(recorder)
    recorder.began("other", NOW, [])
    take(recorder, f"{URL}2", now=NOW + DAY)
    first, second = files(tmp_path / "archive")
    for file in (first, second):
        began = [step for step in load([file.path]).sequence if hasattr(step, "baseline")]
        assert [(each.watch, each.moment, each.baseline) for each in began] == [
            ("small", NOW - DAY, ("old.md",)), ("other", NOW, ()),
        ]  # fmt: skip
    assert len(load([tmp_path]).sequence) == 4


def test_what_comes_back_is_what_was_taken_in(recorder: Recorder, tmp_path: Path) -> None:
    take(recorder)
    text = "Only the feed said so.\r\n\u2028\U0001f327 \udcff"
    recorder.article(
        Article(f"{URL}/2", "A", None, text, None, None, NOW), fetched=answer(b"pay!"), entry=ENTRY, feed_url="f",
        watches=("small", "other"), family="fam", source="summary", now=NOW + DAY,
    )  # fmt: skip
    recorder.withdrawn(URL, "status 410", watches=("small",), family="a", now=NOW + 2 * DAY)
    page, summary, gone = load([tmp_path]).sequence
    assert page.article.text.startswith("They met for a third time")
    assert (page.article.title, page.article.published, page.article.seen) == ("They met", NOW, NOW)
    assert (page.taking.family, page.taking.watches, page.taking.now) == ("a", ("small",), NOW)
    assert summary.article == Article(f"{URL}/2", "A", None, text, None, None, NOW)
    assert (summary.taking.family, summary.taking.watches) == ("fam", ("small", "other"))
    assert isinstance(gone, Withdrawn)
    assert (gone.url, gone.because, gone.taking.now) == (URL, "status 410", NOW + 2 * DAY)


def test_a_full_disk_is_told_and_leaves_no_half_of_a_record(recorder: Recorder, tmp_path: Path) -> None:
    take(recorder)
    real = recorder._file

    class Full:
        def write(self, data: memoryview) -> int:
            if len(data) < 200:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real.write(data[: len(data) // 2])

        def truncate(self, size: int) -> int:
            return real.truncate(size)

        def fileno(self) -> int:
            return real.fileno()

        def close(self) -> None:
            real.close()

    recorder._file = Full()
    with pytest.raises(ArchiveError, match=r"archive cannot be written: No space left on device; make room"):
        take(recorder, f"{URL}2")
    take(recorder, f"{URL}3")
    assert len(files(tmp_path / "archive")) == 2
    loaded = load([tmp_path])
    assert ([saved.article.url for saved in loaded.articles], loaded.problems) == ([URL, f"{URL}3"], ())


@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize("tries", [1, 4])
@pytest.mark.parametrize("file_bytes", [1, 3_000, 100_000_000])
def test_what_was_recorded_in_a_transaction_that_was_not_kept_is_taken_back(
    tmp_path: Path, before: int, tries: int, file_bytes: int
) -> None:
    """The archive is as if the transaction had been made once, also where it went over the end of a file."""
    told = []
    for name, times in (("tried", tries), ("once", 0)):
        folder = tmp_path / name
        recorder = Recorder(folder, program="Parley 9.9", file_bytes=file_bytes, committed="20310516-1-7")
        recorder.began("small", NOW, [])
        for n in range(before):
            mark = recorder.mark()
            take(recorder, f"https://a.example/before-{n}")
        last = recorder.last
        for n in range(times):
            mark = recorder.mark()
            recorder.feed(answer(), feed_url="https://a.example/rss", now=NOW)
            take(recorder, f"https://a.example/{n}")
            take(recorder, f"https://a.example/{n}/more")
            recorder.take_back(mark)
            assert recorder.last == last
        recorder.mark()
        take(recorder, "https://a.example/kept")
        recorder.mark()
        take(recorder, "https://a.example/after")
        recorder.close()
        kinds = [(kind, body) for file in files(folder) for kind, body in records(file.path) if kind != "warcinfo"]
        told.append((recorder.last if file_bytes > 3_000 else "", kinds if file_bytes > 3_000 else _articles(folder)))
    assert told[0] == told[1]
    assert len(_articles(tmp_path / "tried")) == before + 2


def _articles(folder: Path) -> list[str]:
    notes = [body for file in files(folder) for kind, body in records(file.path) if kind == "metadata"]
    return [about["url"] for about in map(json.loads, notes) if about["kind"] == "article"]


def test_what_cannot_be_taken_back_is_marked_as_never_kept(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(recorder, "https://a.example/kept")
    mark, last = recorder.mark(), recorder.last
    take(recorder, "https://a.example/lost")

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    with monkeypatch.context() as patch:
        patch.setattr(os, "truncate", refuse)
        recorder.take_back(mark)
    assert recorder.last == last
    take(recorder, "https://a.example/next")
    _, second = files(tmp_path / "archive")
    notes = [json.loads(body) for kind, body in records(second.path) if kind == "metadata"]
    assert notes[0]["kind"] == "resumed"
    assert notes[0]["after"] == [int(n) for n in last.split("-")]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("no folder")
    with pytest.raises(ArchiveError, match="archive cannot be written"):
        take(Recorder(tmp_path / "archive", program="Parley 9.9"))


def test_damage_in_the_middle_hides_nothing_that_follows(recorder: Recorder, tmp_path: Path) -> None:
    for number in range(3):
        take(recorder, f"{URL}{number}")
    (file,) = files(tmp_path / "archive")
    data = bytearray(file.path.read_bytes())
    starts = [at for at in range(len(data)) if data[at : at + 3] == b"\x1f\x8b\x08"]
    # warcinfo, then page and note of each: spoil the second page.
    data[starts[3] + 40 : starts[3] + 80] = bytes(40)
    file.path.write_bytes(data)
    loaded = load([file.path])
    assert [saved.article.url for saved in loaded.articles] == [f"{URL}0", f"{URL}2"]
    assert loaded.problems == (
        f"{file.path}: damaged after record 3",
        f"{file.path}: record 4: {URL}1: its page is not in the archive any more",
    )


@pytest.mark.parametrize("name", ["parley-20310517-0001.warc.gz", "renamed.warc.gz", "unpacked.warc"])
def test_an_archive_is_known_by_its_name_or_by_what_it_says(recorder: Recorder, tmp_path: Path, name: str) -> None:
    take(recorder)
    take(recorder, f"{URL}2")
    (file,) = files(tmp_path / "archive")
    copy = tmp_path / name
    data = file.path.read_bytes()
    copy.write_bytes(data if name.endswith(".gz") else gzip.decompress(data))
    loaded = load([copy])
    assert [saved.taking is not None for saved in loaded.articles] == [True, True]
    assert loaded.problems == ()


def test_an_unpacked_archive_that_is_damaged_gives_what_is_whole(recorder: Recorder, tmp_path: Path) -> None:
    for number in range(3):
        take(recorder, f"{URL}{number}")
    (file,) = files(tmp_path / "archive")
    data = gzip.decompress(file.path.read_bytes())
    copy = tmp_path / "unpacked.warc"
    starts = [at for at in range(len(data)) if data.startswith(b"WARC/1.1", at)]
    copy.write_bytes(data[: starts[3] + 300] + data[starts[4] :][:-30])
    loaded = load([copy])
    assert [saved.article.url for saved in loaded.articles] == [f"{URL}0"]
    assert [problem.partition(": ")[2] for problem in loaded.problems] == [
        "damaged after record 3",
        f"record 4: {URL}1: its page is not in the archive any more",
        "damaged after record 5",
    ]


def test_a_file_that_somebody_removed_is_not_written_on(recorder: Recorder, tmp_path: Path) -> None:
    take(recorder)
    (file,) = files(tmp_path / "archive")
    file.path.unlink()
    take(recorder, f"{URL}2")
    assert [saved.article.url for saved in load([tmp_path / "archive"]).articles] == [f"{URL}2"]


def test_a_note_of_a_newer_parley_is_named(recorder: Recorder, tmp_path: Path) -> None:
    take(recorder)
    (file,) = files(tmp_path / "archive")
    whole = gzip.decompress(file.path.read_bytes()).replace(b'{"parley":1,', b'{"parley":2,')
    file.path.write_bytes(gzip.compress(whole[: whole.index(b"WARC/1.1", 9)]))
    with file.path.open("ab") as stream:
        for part in whole.split(b"WARC/1.1")[2:]:
            stream.write(gzip.compress(b"WARC/1.1" + part))
    loaded = load([file.path])
    assert loaded.articles == ()
    assert "written by a newer Parley" in loaded.problems[0]


@given(cut=st.integers(0, 4000), spoiled=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=5))
@settings(max_examples=30, deadline=None)
def test_whatever_happens_to_a_file_it_is_read_and_others_are_whole(
    tmp_path_factory: pytest.TempPathFactory, cut: int, spoiled: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    for number in range(2):
        recorder = Recorder(folder, program="Parley 9.9")
        take(recorder, f"{URL}{number}a")
        take(recorder, f"{URL}{number}b")
        recorder.close()
    first, _ = files(folder)
    data = bytearray(first.path.read_bytes()[:cut])
    for at, byte in spoiled:
        if at < len(data):
            data[at] = byte
    first.path.write_bytes(data)
    urls = [saved.article.url for saved in load([folder]).articles]
    assert urls[-2:] == [f"{URL}1a", f"{URL}1b"]
    # What is given of the spoiled file is whole.
    assert len({saved.article.text for saved in load([folder]).articles}) == 1


@pytest.mark.parametrize("before", [0, 1])
def test_a_watch_that_began_in_a_transaction_that_was_not_kept_is_told_when_it_begins_after_all(
    tmp_path: Path, before: int
) -> None:
    recorder = Recorder(tmp_path / "archive", program="Parley 9.9")
    for n in range(before):
        take(recorder, f"https://a.example/before-{n}")
    mark = recorder.mark()
    recorder.began("never", NOW, [])
    recorder.began("small", NOW, [])
    recorder.take_back(mark)
    recorder.mark()
    recorder.began("small", NOW, [])
    take(recorder, "https://a.example/after")
    recorder.close()
    notes = [body for file in files(tmp_path / "archive") for kind, body in records(file.path) if kind == "metadata"]
    began = [about["watch"] for about in map(json.loads, notes) if about["kind"] == "began"]
    assert began == ["small"]
