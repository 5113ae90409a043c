"""What the fuzzer and the replay of its findings hold every parser to: no error, and only what a store can take."""

from collections.abc import Callable
from datetime import UTC, datetime

from extractors.article import ExtractedPage, extract
from extractors.feed import ParsedFeed, parse_feed

URL = "https://example.org/news/feed.xml"
NOW = datetime(2025, 5, 17, tzinfo=UTC)
# Long enough for a machine that is busy, far below what a worker may take.
SECONDS = 10


def feed(body: bytes) -> None:
    hold_to(parse_feed(body, URL, None, "Europe/Kyiv", NOW))


def sitemap(body: bytes) -> None:
    """As a feed, of which no byte is lost to formats that are not asked for."""
    feed(body if body[:1] in (b"<", b"\x1f") else b"<urlset xmlns:news='sitemap-news'>" + body)


def json(body: bytes) -> None:
    feed(body if body[:1] == b"{" else b'{"version":"https://jsonfeed.org/version/1","items":[' + body)


def article(body: bytes) -> None:
    page: ExtractedPage = extract(body, URL)
    for text in (page.title, page.text, page.language, page.link):
        assert text is None or storable(text)
    assert page.published is None or page.published.utcoffset() is not None
    assert not (page.problem and page.text)


def hold_to(parsed: ParsedFeed) -> None:
    """The promises of ParsedFeed, whatever it was made of."""
    assert bool(parsed.kind) != bool(parsed.problem)
    assert len({entry.id for entry in parsed.entries}) == len(parsed.entries) <= 5_000
    for entry in parsed.entries:
        assert entry.id
        assert entry.title or entry.url
        assert entry.url == "" or entry.url.startswith(("http://", "https://"))
        assert len(entry.url) <= 2_048
        assert len(entry.title) <= 1_000
        assert all(map(storable, (entry.id, entry.url, entry.title, entry.summary)))
        for moment in (entry.published, entry.updated):
            assert moment is None or (moment.tzinfo is UTC and moment.year >= 1995)
    assert all(0 <= hour <= 23 for hour in parsed.skip_hours)
    assert all(0 <= day <= 6 for day in parsed.skip_days)
    assert storable(parsed.title or "")
    for link in (*parsed.hubs, *(c.url for c in parsed.children), *(a.url for a in parsed.alternates)):
        assert link.lower().startswith(("http://", "https://"))
        assert storable(link)


def storable(text: str) -> bool:
    text.encode()
    return "\0" not in text


TARGETS: dict[str, Callable[[bytes], None]] = {"feed": feed, "sitemap": sitemap, "json": json, "article": article}
