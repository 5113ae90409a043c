import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.article import extract, plain

LD = "<script type='application/ld+json'>%s</script>"
URL = "https://example.org/news/1"
SENTENCES = (
    "Delegations of both countries met in Istanbul on Friday and agreed on a further exchange of prisoners. " * 2
)


def page(head: str = "", body: str = "", lang: str = "en", charset: str = "utf-8") -> bytes:
    html = (
        f"<!DOCTYPE html><html lang='{lang}'><head><title>Site: Talks</title>{head}</head><body>"
        f"<nav><a href='/'>Home</a> <a href='/world'>World</a></nav><article>{body}"
        f"<p>{SENTENCES}</p><p>Second {SENTENCES}</p></article><footer>All rights reserved</footer></body></html>"
    )
    return html.encode(charset)


def test_a_page_gives_its_text_a_paragraph_a_line_without_the_furniture():
    read = extract(page(), URL)
    assert read.text.split("\n") == [SENTENCES.strip(), f"Second {SENTENCES}".strip()]
    assert (read.title, read.language, read.problem) == ("Site: Talks", "en", None)


def test_the_same_page_gives_the_same_text_every_time():
    assert len({extract(page(), URL) for _ in range(5)}) == 1


def test_text_is_nfc():
    assert extract(page(body=f"<p>Ке\u0301рівник и\u0306 {SENTENCES}</p>"), URL).text.split()[1] == "й"


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-u"])
@pytest.mark.parametrize("declared", ["header", "page", "wrong"])
def test_valid_utf_8_wins_and_other_charsets_are_read_as_declared(charset, declared):
    said = charset if declared != "wrong" or charset != "utf-8" else "windows-1251"
    head = f"<meta charset='{said}'>" if declared == "page" else ""
    body = "<p>" + "Обмін полоненими відбувся у п'ятницю на кордоні. " * 8 + "</p>"
    read = extract(page(head, body, "uk", charset), URL, None if declared == "page" else said)
    assert read.text.startswith("Обмін полоненими відбувся")


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<meta property='og:title' content='Talks &amp;amp; more'>", "Talks & more"),
        (LD % '{"@graph": [{"@type": "NewsArticle", "headline": "LD"}]}', "LD"),
        (LD % "{broken", "Site: Talks"),
    ],
)  # fmt: skip
def test_the_title_is_what_the_page_tells_other_programs(head, title):
    assert extract(page(head), URL).title == title


@pytest.mark.parametrize(
    ("head", "published", "day"),
    [
        ("<meta property='article:published_time' content='2025-05-16T10:00:00+03:00'>", 7, None),
        (LD % '[{"@type": ["NewsArticle"], "datePublished": "2025-05-16T10:00Z"}]', 10, None),
        ("<meta itemprop='datePublished' content='2025-05-16'>", None, date(2025, 5, 16)),
        ("<meta name='date' content='2025-05-16T10:00:00'>", None, date(2025, 5, 16)),
        ("<meta name='date' content='yesterday'>", None, None),
        ("<time datetime='2025-05-16T10:00:00Z'>today</time>", 10, None),
        ("<time datetime='2025-05-16T10:00:00Z'>a</time><time datetime='2025-05-11T10:00:00Z'>b</time>", None, None),
    ],
)  # fmt: skip
def test_publication_is_taken_only_where_it_is_clear(head, published, day):
    read = extract(page(body=head) if head.startswith("<time") else page(head), URL)
    assert read.published == (datetime(2025, 5, 16, published, tzinfo=UTC) if published else None)
    assert read.day == day


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not html"),
        (b"%PDF-1.7 words", "not html"),
        (b'{"a": 1}', "not html"),
        (b"<html><body></body></html>", "no text"),
        (b"<html><body><div id=app></div><script>run()</script></body></html>", "no text"),
        (b"<p>" + b"x" * 2_000_000, "too big"),
    ],
)
def test_what_gives_no_article_says_why(body, problem):
    read = extract(body, URL)
    assert (read.problem, read.text) == (problem, "")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Talks &amp;amp; more", "Talks & more"),
        ("<b>Talks</b>\n  end", "Talks end"),
        ("3 < 4 > 2", "3 < 4 > 2"),
        ("one<br/>two<p>three</p>four", "one two three four"),
        ("a<script>alert('x')</script>b<!-- c -->", "ab"),
        ("&lt;script&gt;x&lt;/script&gt;y", "y"),
        ("AT&T", "AT&T"),
    ],
)
def test_plain_takes_markup_out_and_leaves_words(written, read):
    assert plain(written) == read


def test_plain_is_linear_on_hostile_text():
    began = time.monotonic()
    plain("<script" * 20_000 + "<!--" * 20_000)
    assert time.monotonic() - began < 2


@given(st.binary(max_size=300))
def test_no_page_makes_it_raise(body):
    extract(body, URL)
