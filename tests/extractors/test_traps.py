"""Documents made to take a reader long: each, at a size where anything quadratic shows, ends within two seconds."""

import gzip
import time

import pytest

from extractors.feed import parse_feed

RSS = b"<rss version='2.0'><channel>"
ATOM = b"<feed xmlns='http://www.w3.org/2005/Atom'><entry>"
JSON = b'{"version":"https://jsonfeed.org/version/1","items":['
SIZE = 100_000


def many(piece: bytes, head: bytes = RSS) -> bytes:
    return head + piece * (SIZE // len(piece))


TRAPS = {
    "unclosed tags": many(b"<a>"),
    "unclosed items": many(b"<item>"),
    "empty items": many(b"<item/>"),
    "unclosed titles": many(b"<item><title>"),
    "tags without an end": many(b"<a"),
    "roots without an end": many(b"<rss "),
    "open quotes": many(b"<a b='"),
    "open comments": many(b"<!--"),
    "comments before nothing": many(b"<!-- a -->", b""),
    "comments before html": many(b"<!-- a -->", b"") + b"<html>",
    "open CDATA": many(b"<![CDATA["),
    "declarations without an end": many(b"<?xml ", b""),
    "doctypes without an end": many(b"<!DOCTYPE ", b""),
    "entities declared": many(b"<!ENTITY a 'b'>", b"<!DOCTYPE rss ["),
    "ampersands": many(b"&"),
    "character references": many(b"&#60;", RSS + b"<item><title>"),
    "a million hours": RSS + b"<skipHours>" + b"<hour>1</hour>" * 7000 + b"</skipHours></channel></rss>",
    "attributes": RSS + b"<a " + b" ".join(b"a%d='1'" % n for n in range(20_000)) + b">",
    "attributes that hold brackets": RSS + b"<a " + b" ".join(b"a%d='>'" % n for n in range(20_000)) + b">",
    "namespaces": RSS + b"".join(b"<a%d:b xmlns:a%d='u%d'>" % (n, n, n) for n in range(10_000)),
    "deep and closed": RSS + b"<a>" * 14_000 + b"</a>" * 14_000,
    "blanks in a link": RSS + b"<item><title>x</title><link>" + b" " * SIZE,
    "a date of digits": RSS + b"<item><title>x</title><pubDate>" + b"1" * SIZE,
    "a date of words": RSS + b"<item><title>x</title><pubDate>" + b"a " * (SIZE // 2),
    "divs of xhtml": many(b"<div>", ATOM + b"<content type='xhtml'>"),
    "JSON nested 100,000 deep": b"[" * SIZE,
    "JSON objects nested": b'{"a":' * SIZE,
    "JSON items nested": JSON + b"[" * SIZE,
    "a JSON number without end": JSON + b'{"id":' + b"9" * SIZE + b',"title":"x"}]}',
    "JSON items that are none": many(b"1,", JSON),
    "JSON opened again and again": many(b'"items":[', b"{"),
    "urls unclosed": many(b"<url>", b"<urlset>"),
    "urls empty": many(b"<url/>", b"<urlset>"),
    "news nested": many(b"<news:news>", b"<urlset><url>"),
    "sitemaps": many(b"<sitemap><loc>http://a.org/</loc></sitemap>", b"<sitemapindex>"),
    "html nested": many(b"<div>", b"<html><body>"),
    "html bold": many(b"<p><b>", b"<html><body>"),
    "html links": many(b"<link rel=alternate type=application/rss+xml href=a>", b"<html><head>"),
    "html quotes": many(b"<link a='", b"<html><body>"),
    "a bomb of gzip": gzip.compress(b"<urlset>" + b" " * 20_000_000),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_document_made_to_take_long_does_not(name):
    started = time.process_time()
    parse_feed(TRAPS[name], "https://example.org/", None, "UTC")
    # One that is quadratic takes 5 s and more at this size; the slowest that is not, 0.6.
    assert time.process_time() - started < 2


def test_a_bomb_of_gzip_is_too_big():
    assert parse_feed(TRAPS["a bomb of gzip"], "https://example.org/", None, "UTC").problem == "too big"


def test_a_feed_with_a_namespace_for_each_item_is_read():
    item = b"<item xmlns:m='http://m.org/'><title>T%d</title></item>"
    body = RSS + b"".join(item % n for n in range(800)) + b"</channel></rss>"
    assert len(parse_feed(body, "https://example.org/", None, "UTC").entries) == 800


def test_of_a_document_with_more_than_a_feed_holds_the_first_are_read_and_the_rest_counted():
    body = RSS + b"".join(b"<item><title>T%d</title></item>" % n for n in range(6_000)) + b"</channel></rss>"
    parsed = parse_feed(body, "https://example.org/", None, "UTC")
    assert (len(parsed.entries), parsed.entries[-1].title) == (5_000, "T4999")
    assert (parsed.dropped, parsed.truncated) == (1_000, False)


def test_the_markup_of_whole_articles_in_cdata_does_not_count():
    article = b"<item><title>T%d</title><description><![CDATA[" + b"<p>a</p>" * 150 + b"]]></description></item>"
    body = RSS + b"".join(article % n for n in range(500)) + b"</channel></rss>"
    assert body.count(b"<") > 150_000
    assert len(parse_feed(body, "https://example.org/", None, "UTC").entries) == 500
