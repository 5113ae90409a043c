import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.archive import load, save
from monitor.fetch import Fetched

BODY = "Delegations of Russia and Ukraine met in Istanbul on Friday for talks about a ceasefire and an exchange. " * 4
PAGE = f"<html lang='uk-UA'><head><title>Talks</title></head><body><article><p>{BODY}</p></article></body></html>"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2025, 5, day, hour, tzinfo=UTC)


def write(path: Path, *articles: object) -> Path:
    path.write_text("".join(json.dumps(article) + "\n" for article in articles), encoding="utf-8")
    return path


def warc(path: Path, *pages: tuple[str, str, str, bytes]) -> Path:
    """An archive written by hand; each record is a gzip member of its own where the name says so."""
    records = []
    for url, taken, kind, body in pages:
        answer = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + body
        head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: {taken}\r\n"
        head += "WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000000>\r\n"
        head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
        records.append(head.encode() + answer + b"\r\n\r\n")
    path.write_bytes(b"".join(gzip.compress(record) if path.suffix == ".gz" else record for record in records))
    return path


def test_json_lines_keep_text_as_given_and_ignore_unknown_keys(tmp_path):
    text = "First line\nе\u0301 second  line "
    line = {
        "url": "https://www.a.org/1",
        "text": text,
        "title": None,
        "published": "2025-05-16",
        "lang": "ru",
        "x": [1],
    }
    loaded = load([write(tmp_path / "a.jsonl", line)])
    (saved,) = loaded.articles
    assert loaded.problems == ()
    assert saved.article.text == text
    assert (saved.article.outlet, saved.article.title, saved.article.language) == ("a.org", None, "ru")
    assert saved.article.published == at(16)
    assert saved.where.endswith("a.jsonl:1")


def test_html_of_a_line_is_extracted_and_what_the_line_states_wins(tmp_path):
    line = {
        "url": "https://a.org/1",
        "html": PAGE,
        "title": "Stated",
        "outlet": "A",
        "published": "2025-05-16T10:00+03:00",
    }
    article = load([write(tmp_path / "a.jsonl", line)]).articles[0].article
    assert (article.title, article.outlet, article.language, article.published) == ("Stated", "A", "uk", at(16, 7))
    assert article.text == BODY.strip()


def test_order_is_publication_then_as_given_and_the_undated_come_last(tmp_path):
    lines = [
        {"url": "u", "text": "undated"},
        {"url": "b", "text": "b", "published": "2025-05-17"},
        {"url": "c", "text": "c", "published": "2025-05-16"},
        {"url": "a", "text": "a", "published": "2025-05-17T12:00:00Z"},
        {"url": "n", "text": "n", "published": "2025-05-16T13:00:00"},
    ]
    path = write(tmp_path / "a.jsonl", *lines)
    assert [s.article.url for s in load([path]).articles] == ["c", "n", "b", "a", "u"]
    filled = load([path], published=at(16))
    assert [s.article.url for s in filled.articles] == ["u", "c", "n", "b", "a"]
    assert filled.articles[1].article.published == at(16)


def test_the_same_url_and_text_is_read_once(tmp_path):
    line = {"url": "u", "text": "x", "published": "2025-05-16"}
    path = write(tmp_path / "a.jsonl", line, line, {**line, "text": "edited"})
    assert [s.article.text for s in load([path, path]).articles] == ["x", "edited"]


def test_unreadable_lines_and_files_are_named_and_the_others_go_on(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"url": "u", "text": "x"}\n{broken\n[1]\n{"url": "u"}\n{"url": "v", "text": "y", "published": "then"}\n'
    )
    picture = tmp_path / "a.png"
    picture.write_bytes(b"x")
    loaded = load([path, tmp_path / "missing.txt", picture])
    assert [s.article.url for s in loaded.articles] == ["u"]
    assert [problem.split(": ")[0] for problem in loaded.problems] == [
        f"{path}:2", f"{path}:3", f"{path}:4", f"{path}:5", str(tmp_path / "missing.txt"), str(picture),
    ]  # fmt: skip


def test_a_text_has_its_title_on_the_first_line_and_keeps_its_offsets(tmp_path):
    path = tmp_path / "talks.md"
    path.write_bytes(b"# Talks end\r\n\r\nThey met.\r\n")
    article = load([path]).articles[0].article
    assert (article.title, article.text) == ("Talks end", "# Talks end\r\n\r\nThey met.\r\n")
    assert (article.url, article.outlet, article.published) == (str(path), "talks", None)


def test_front_matter_states_what_the_text_does_not(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("---\nurl: https://a.org/1\npublished: 2025-05-16\nlang: tr\ntitle: Said\n---\nThey met.\n")
    article = load([path]).articles[0].article
    assert (article.url, article.outlet, article.published) == ("https://a.org/1", "a.org", at(16))
    assert (article.title, article.language, article.text) == ("Said", "tr", "They met.\n")


@pytest.mark.parametrize("matter", ["a: [", "- list"])
def test_broken_front_matter_is_named(tmp_path, matter):
    path = tmp_path / "a.txt"
    path.write_text(f"---\n{matter}\n---\nThey met.\n")
    loaded = load([path])
    assert (len(loaded.articles), len(loaded.problems)) == (0, 1)
    assert "front matter" in loaded.problems[0]


def test_a_page_is_its_own_witness_for_address_and_day(tmp_path):
    path = tmp_path / "p.html"
    path.write_text(PAGE)
    assert load([path]).articles[0].article.url == str(path)
    head = "<link rel=canonical href='https://a.org/1'><meta name=date content='2025-05-16'>"
    path.write_text(PAGE.replace("<title>", f"{head}<title>"))
    article = load([path]).articles[0].article
    assert (article.url, article.title, article.published) == ("https://a.org/1", "Talks", at(16))


def test_a_folder_is_read_by_name_without_hidden_files_and_other_formats(tmp_path):
    for name in ("b.txt", "a/z.txt", "a.txt", ".hidden.txt", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{name} says\n")
    loaded = load([tmp_path])
    assert [s.article.title for s in loaded.articles] == ["a/z.txt says", "a.txt says", "b.txt says"]
    assert loaded.problems == ()


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_an_archive_gives_its_pages_in_the_order_in_which_they_were_taken_in(tmp_path, name):
    late = PAGE.replace("<title>", "<meta property='article:published_time' content='2025-05-10T10:00:00Z'><title>")
    path = warc(
        tmp_path / name,
        ("https://a.org/1", "2025-05-16T10:00:00Z", "text/html; charset=utf-8", PAGE.encode()),
        ("https://a.org/x.png", "2025-05-16T10:00:01Z", "image/png", b"x"),
        ("https://a.org/2", "2025-05-16T11:00:00Z", "text/html", late.encode()),
    )
    loaded = load([path])
    assert [(s.article.url, s.article.seen) for s in loaded.articles] == [
        ("https://a.org/1", at(16, 10)), ("https://a.org/2", at(16, 11)),
    ]  # fmt: skip
    assert loaded.articles[1].article.published == at(10, 10)
    assert loaded.problems == ()


def test_a_damaged_archive_gives_what_lies_before_the_damage(tmp_path):
    page = ("https://a.org/{}", "2025-05-16T10:00:00Z", "text/html", PAGE.encode())
    path = warc(tmp_path / "a.warc.gz", *((page[0].format(n), *page[1:]) for n in range(2)))
    path.write_bytes(path.read_bytes() + b"\x1f\x8b\x08rubbish rubbish rubbish")
    loaded = load([path])
    assert len(loaded.articles) == 2
    assert len(loaded.problems) == 1


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_a_page_that_lost_its_end_is_named_and_not_read_as_if_it_were_whole(tmp_path, name):
    pages = [(f"https://a.org/{n}", "2025-05-16T10:00:00Z", "text/html", PAGE.encode() * (2 * n + 1)) for n in range(2)]
    path = warc(tmp_path / name, *pages)
    path.write_bytes(path.read_bytes()[:-60])
    loaded = load([path])
    assert [saved.article.url for saved in loaded.articles] == ["https://a.org/0"]
    assert loaded.problems == (f"{path}: record 2: https://a.org/1: the page is cut short",)


def test_an_archive_whose_record_lost_its_address_is_damaged_there(tmp_path):
    pages = [(f"https://a.org/{n}", "2025-05-16T10:00:00Z", "text/html", PAGE.encode()) for n in range(2)]
    path = warc(tmp_path / "a.warc", *pages)
    data = path.read_bytes()
    second = data.rindex(b"WARC-Target-URI")
    path.write_bytes(data[:second] + data[second:].replace(b"WARC-Target-URI", b"WARC-Target-URL"))
    loaded = load([path])
    assert [saved.article.url for saved in loaded.articles] == ["https://a.org/0"]
    assert [problem.partition(" record 1: ")[0] for problem in loaded.problems] == [f"{path}: damaged after"]


def test_a_saved_page_is_loaded_as_it_was(tmp_path):
    fetched = Fetched("https://a.org/s", "https://www.a.org/news/1?x=2", 200, PAGE.encode(), "text/html", "utf-8")
    path = save(fetched, tmp_path / "articles")
    assert save(fetched, tmp_path / "articles") == path
    (saved,) = load([tmp_path / "articles"]).articles
    assert (saved.article.url, saved.article.outlet) == ("https://www.a.org/news/1?x=2", "a.org")
    assert (saved.article.title, saved.article.text, saved.article.language) == ("Talks", BODY.strip(), "uk")
