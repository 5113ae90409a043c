from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.feed import parse_feed

URL = "https://example.org/news/feed.xml"
NOW = datetime(2025, 5, 17, tzinfo=UTC)


def rss(*items: str, head: str = "") -> bytes:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>News</title>{head}{body}</channel></rss>".encode()


def parse(body: bytes, content_type: str | None = None, zone: str = "UTC"):
    return parse_feed(body, URL, content_type, zone, NOW)


def test_an_rss_item_becomes_an_entry():
    (entry,) = parse(
        rss(
            "<title>Talks &amp;amp; &lt;b&gt;more&lt;/b&gt;</title><link>/n/1</link><guid isPermaLink='false'>g1</guid>"
            "<description><![CDATA[<p>One.</p><p>Two.</p>]]></description>"
            "<pubDate>Fri, 16 May 2025 10:00:00 MSK</pubDate>",
            head="<language>uk-UA</language>",
        )
    ).entries
    assert (entry.id, entry.url, entry.title, entry.summary, entry.language) == (
        "g1", "https://example.org/n/1", "Talks & more", "One. Two.", "uk",
    )  # fmt: skip
    assert entry.published == datetime(2025, 5, 16, 7, tzinfo=UTC)


def test_an_atom_entry_becomes_an_entry():
    parsed = parse(
        b"<feed xmlns='http://www.w3.org/2005/Atom'><title>N</title><link rel='hub' href='https://hub.example/'/>"
        b"<entry><id>urn:1</id><title>Talks</title><link href='https://example.org/1'/>"
        b"<published>2025-05-16T10:00:00+03:00</published><updated>2025-05-16T12:00:00Z</updated></entry>"
        b"<entry><id>urn:2</id><title>Later</title><updated>2025-05-16T12:00:00Z</updated></entry></feed>"
    )
    first, second = parsed.entries
    assert parsed.kind == "atom10"
    assert parsed.hubs == ("https://hub.example/",)
    assert (first.id, first.published, first.updated) == (
        "urn:1", datetime(2025, 5, 16, 7, tzinfo=UTC), datetime(2025, 5, 16, 12, tzinfo=UTC),
    )  # fmt: skip
    assert (second.url, second.published) == ("", datetime(2025, 5, 16, 12, tzinfo=UTC))


def test_dublin_core_dates_count_as_publication():
    body = rss("<title>T</title><dc:date xmlns:dc='http://purl.org/dc/elements/1.1/'>2025-05-16T10:00:00Z</dc:date>")
    assert parse(body).entries[0].published == datetime(2025, 5, 16, 10, tzinfo=UTC)


def test_identity_is_guid_then_link_then_a_digest_of_title_and_date():
    date = "<pubDate>Fri, 16 May 2025 10:00:00 GMT</pubDate>"
    by_guid, by_link, by_digest = parse(
        rss("<guid>g</guid><link>https://a.org/1</link>", "<link>https://a.org/2</link>", f"<title>T</title>{date}")
    ).entries
    assert (by_guid.id, by_link.id, by_link.url) == ("g", "https://a.org/2", "https://a.org/2")
    assert by_digest.id.startswith("sha256:")
    assert by_digest.url == ""
    again = parse(rss(f"<title>T</title>{date}", "<title>other</title>")).entries[0]
    assert again.id == by_digest.id


def test_one_guid_for_all_items_is_told_apart_by_link():
    item = "<title>T{0}</title><guid isPermaLink='false'>same</guid><link>https://a.org/{0}</link>"
    ids = [entry.id for entry in parse(rss(item.format(1), item.format(2), item.format(1))).entries]
    assert ids == ["same|https://a.org/1", "same|https://a.org/2"]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "mailto:a@b.org", "http://[bad", "data:,"]
)
def test_only_links_of_the_web_are_kept(link):
    (entry,) = parse(rss(f"<title>T</title><link>{link}</link>")).entries
    assert entry.url == ""


def test_entries_without_link_and_title_are_dropped_and_counted():
    parsed = parse(rss("<description>only</description>", "<title>T</title>"))
    assert (len(parsed.entries), parsed.dropped) == (1, 1)


def test_markup_and_scripts_of_titles_are_gone():
    (entry,) = parse(rss("<title><![CDATA[<script>alert(1)</script>Talks 3 < 4]]></title>")).entries
    assert entry.title == "Talks 3 < 4"


@pytest.mark.parametrize("trouble", ["Tom & Jerry", "a\x0bb", "a&nbsp;b", "a &undefined; b"])
def test_malformed_xml_is_read_as_far_as_it_goes(trouble):
    parsed = parse(rss("<title>One</title>", f"<title>{trouble}</title>", "<title>Three</title>"))
    assert [entry.title for entry in parsed.entries][::2] == ["One", "Three"]
    assert (parsed.problem, parsed.truncated) == (None, False)


@pytest.mark.parametrize("cut", range(5, 120, 10))
def test_a_feed_that_breaks_off_gives_its_whole_entries(cut):
    item = "<title>T{0}</title><link>https://a.org/{0}</link><guid>https://a.org/{0}</guid>"
    whole = rss(*(item.format(n) for n in range(4)))
    parsed = parse(whole[:-cut])
    expected = whole[:-cut].count(b"</item>")
    assert parsed.truncated
    assert [entry.id for entry in parsed.entries] == [f"https://a.org/{n}" for n in range(expected)]


@pytest.mark.parametrize(
    ("encoded", "declared"),
    [("utf-8", "windows-1251"), ("windows-1251", "windows-1251"), ("koi8-r", "koi8-r"), ("utf-16", "utf-16")],
)
@pytest.mark.parametrize("where", ["document", "header"])
def test_valid_utf_8_wins_over_the_declared_charset(encoded, declared, where):
    said = f" encoding='{declared}'" if where == "document" else ""
    body = f"<?xml version='1.0'{said}?><rss version='2.0'><channel><item><title>Обмен пленными</title></item>"
    body += "</channel></rss>"
    parsed = parse(body.encode(encoded), f"text/xml; charset={declared}" if where == "header" else "text/xml")
    assert [entry.title for entry in parsed.entries] == ["Обмен пленными"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_its_zeros(encoding):
    body = rss("<title>Обмен</title>").decode().replace("<?xml version='1.0'?>", "").encode(encoding)
    assert [entry.title for entry in parse(body).entries] == ["Обмен"]


@pytest.mark.parametrize("charset", ["idna", "punycode", "unicode_escape", "undefined", "hex", "utf-7", "no-such"])
def test_a_charset_that_is_none_of_the_webs_is_not_believed(charset):
    body = rss("<title>a\\ud800 b</title>").replace(b" b", b"\xff\xfe")
    (entry,) = parse(body, f"text/xml; charset={charset}").entries
    assert entry.title.startswith("a\\ud800")


def test_a_few_bad_bytes_do_not_spoil_the_rest():
    body = rss("<title>Обмен пленными: список</title>", "<title>x?y</title>").replace(b"x?y", b"x\xffy")
    assert [entry.title for entry in parse(body, "text/xml; charset=windows-1252").entries] == [
        "Обмен пленными: список", "x\N{REPLACEMENT CHARACTER}y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "empty body"),
        (b" \n ", "empty body"),
        (b"<!DOCTYPE html><html><head><title>News</title></head></html>", "html page"),
        (b"<html><head><title>Just a moment...</title></head></html>", "challenge page"),
        (b'{"version": "x"}', "not a feed"),
        (
            b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>x</loc></url></urlset>",
            "sitemap without news",
        ),
        (b"plain words", "not a feed"),
    ],
)
def test_what_is_no_feed_says_what_it_is(body, problem):
    parsed = parse(body)
    assert (parsed.problem, parsed.entries) == (problem, ())


def test_a_body_that_is_a_path_opens_no_file(tmp_path: Path):
    feed = tmp_path / "feed.xml"
    feed.write_bytes(rss("<title>secret</title>"))
    assert parse(str(feed).encode()).entries == ()


def test_entities_neither_explode_nor_load_files(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("secret words")
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE rss [<!ENTITY l0 "lol">{lol}<!ENTITY f SYSTEM "file://{secret}">]>'
    parsed = parse(
        f"{doctype}<rss version='2.0'><channel><item><title>&l9;&f;T</title></item></channel></rss>".encode()
    )
    assert all(len(entry.title) < 2_000 and "secret" not in entry.title for entry in parsed.entries)


def test_ttl_is_minutes():
    assert parse(rss(head="<ttl>120</ttl>")).ttl == 120
    assert parse(rss(head="<ttl>soon</ttl>")).ttl is None


@given(st.binary(max_size=400))
def test_no_body_makes_it_raise(body):
    parse(body)


@pytest.mark.parametrize("name", ["links", "content", "title_detail", "summary_detail", "tags", "id", "link"])
def test_an_element_called_as_a_field_of_the_parser_costs_no_entry(name: str) -> None:
    item = f"<item><title>Talks</title><link>https://a.example/1</link><{name}>words</{name}></item>"
    read = parse_feed(
        f"<rss version='2.0'><channel><title>News</title><{name}>words</{name}>{item}</channel></rss>".encode(),
        "https://a.example/rss",
        None,
        "UTC",
    )
    assert read.problem is None
    assert [entry.title for entry in read.entries] == ["Talks"]
