import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extractors.feed import Alternate, Child, parse_feed

URL = "https://example.org/news/feed"
NOW = datetime(2025, 5, 17, tzinfo=UTC)
TEN = datetime(2025, 5, 16, 7, tzinfo=UTC)
NEWS = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'"


def parse(body: bytes | str, content_type: str | None = None, zone: str = "UTC"):
    return parse_feed(body.encode() if isinstance(body, str) else body, URL, content_type, zone, NOW)


def rss(*items: str, head: str = "") -> str:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f"<rss version='2.0'><channel><title>News</title>{head}{body}</channel></rss>"


def feed(*items: object, **more: object) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "News", **more, "items": items})


def sitemap(*urls: str) -> str:
    return f"<?xml version='1.0'?><urlset {NEWS}>{''.join(f'<url>{url}</url>' for url in urls)}</urlset>"


def news(n: int = 1, title: str = "T", when: str = "2025-05-16T10:00:00+03:00") -> str:
    return (
        f"<loc>https://example.org/n/{n}</loc><news:news><news:publication><news:name>Vesti</news:name><news:language>ru"
        f"</news:language></news:publication><news:publication_date>{when}</news:publication_date>"
        f"<news:title>{title}</news:title></news:news>"
    )


@pytest.mark.parametrize("content_type", ["text/html", "application/rss+xml", "image/png", None])
@pytest.mark.parametrize(
    ("body", "kind"), [(rss("<title>T</title>"), "rss20"), (feed({"id": "1", "title": "T"}), "json11"),
                       (sitemap(news()), "sitemap"), (f"<sitemapindex {NEWS}/>", "sitemapindex")],
)  # fmt: skip
def test_the_format_is_what_the_body_is_and_not_what_the_server_says(body, kind, content_type):
    assert parse(body, content_type).kind == kind


# JSON Feed


def test_a_json_feed_becomes_entries():
    parsed = parse(
        feed(
            {"id": "1", "url": "/n/1?utm_source=feed", "title": "Talks &amp; <b>more</b>",
             "content_html": "<p>One.</p>",
             "summary": "O", "date_published": "2025-05-16T10:00:00+03:00", "date_modified": "2025-05-16T08:00:00Z",
             "language": "ru"},
            {"id": 2, "external_url": "https://b.org/2", "content_text": "Two."},
            {"id": "https://example.org/n/3", "title": "T"},
            language="en-GB", feed_url="/feed.json",
            hubs=[{"type": "WebSub", "url": "https://hub.example/"}, {"type": "rssCloud", "url": "https://cloud.example/"}],
        )
    )  # fmt: skip
    first, second, third = parsed.entries
    assert (parsed.title, parsed.language, parsed.hubs) == ("News", "en", ("https://hub.example/",))
    assert parsed.links_self == "https://example.org/feed.json"
    assert (first.id, first.url, first.title, first.summary, first.language, first.published) == (
        "1", "https://example.org/n/1", "Talks & more", "One.", "ru", TEN,
    )  # fmt: skip
    assert first.updated == datetime(2025, 5, 16, 8, tzinfo=UTC)
    assert (second.id, second.url, second.summary, second.language, second.published) == (
        "2", "https://b.org/2", "Two.", "en", None,
    )  # fmt: skip
    assert third.url == third.id


def test_a_json_feed_of_1_0_is_told_from_1_1():
    assert parse('{"version":"https://jsonfeed.org/version/1","items":[]}').kind == "json1"


@pytest.mark.parametrize(
    "body", ['{"version": "x"}', "{}", "{", '{"version": "https://jsonfeed.org/version/2"}', '{"items": [1]}']
)
def test_other_json_is_no_feed(body):
    assert parse(body).problem == "not a feed"


def test_a_json_feed_that_breaks_off_gives_its_whole_items():
    whole = feed(*({"id": str(n), "title": f"T{n}"} for n in range(5)))
    parsed = parse(whole[: whole.index('"T3"')])
    assert [entry.title for entry in parsed.entries] == ["T0", "T1", "T2"]
    assert (parsed.kind, parsed.truncated) == ("json11", True)
    assert not parse(whole).truncated


def test_halves_of_characters_in_json_do_not_reach_the_store():
    (entry,) = parse(
        '{"version":"https://jsonfeed.org/version/1","items":[{"id":"a\\ud800\\u0000","title":"b\\ud800"}]}'
    ).entries
    assert (entry.id, entry.title) == ("a", "b\N{REPLACEMENT CHARACTER}")


# sitemaps


def test_a_news_sitemap_becomes_entries():
    parsed = parse(sitemap(news(1, "Talks &amp; more"), "<loc>https://example.org/about</loc>", news(2)))
    first, _ = parsed.entries
    assert (parsed.kind, parsed.title, parsed.language, parsed.dropped) == ("sitemap", "Vesti", "ru", 0)
    assert (first.id, first.url, first.title, first.published, first.language) == (
        "https://example.org/n/1", "https://example.org/n/1", "Talks & more", TEN, "ru",
    )  # fmt: skip


def test_the_title_of_a_photo_is_not_the_title_of_the_news():
    photo = "<image:image xmlns:image='http://i'><image:title>Photo</image:title></image:image>"
    assert parse(sitemap(photo + news(1, "Talks"))).entries[0].title == "Talks"


def test_a_misspelt_namespace_is_no_reason_to_lose_the_news():
    assert len(parse(sitemap(news()).replace(NEWS, "xmlns='http://www.google.com/schemas/sitemap/0.84'")).entries) == 1


def test_a_sitemap_without_news_is_no_source():
    assert parse(sitemap("<loc>https://example.org/about</loc>")).problem == "sitemap without news"
    assert parse("<urlset><url/></urlset>").problem == "sitemap without news"


def test_a_news_sitemap_of_a_quiet_weekend_is_a_source():
    parsed = parse(sitemap())
    assert (parsed.kind, parsed.problem, parsed.entries) == ("sitemap", None, ())


@pytest.mark.parametrize("cut", [1, 9, 30, 100, 400])
def test_a_sitemap_that_breaks_off_gives_its_whole_addresses(cut):
    body = sitemap(*(news(n) for n in range(4)))[:-cut]
    parsed = parse(body)
    assert (parsed.truncated, len(parsed.entries)) == (True, body.count("</url>"))


def test_a_sitemap_index_names_its_children_newest_first():
    child = "<sitemap><loc>{}</loc><lastmod>{}</lastmod></sitemap>"
    rows = child.format("https://example.org/a.xml", "2025-05-14") + child.format("/b.xml.gz", "2025-05-16T10:00+03:00")
    rows += "<sitemap><loc>https://example.org/c.xml</loc></sitemap>" + child.format("file:///d.xml", "2025-05-16")
    parsed = parse(f"<sitemapindex {NEWS}>{rows}</sitemapindex>")
    assert parsed.children == (
        Child("https://example.org/b.xml.gz", TEN),
        Child("https://example.org/a.xml", datetime(2025, 5, 14, 12, tzinfo=UTC)),
        Child("https://example.org/c.xml", None),
    )
    assert (parsed.entries, parsed.dropped) == ((), 1)


def test_a_sitemap_may_be_a_file_of_gzip():
    body = gzip.compress(sitemap(news(1), news(2)).encode(), mtime=0)
    assert len(parse(body).entries) == 2
    assert not parse(body).truncated
    assert parse(body[:-9]).truncated
    assert parse(b"\x1f\x8b" + body[30:]).problem == "not a feed"


def test_a_sitemap_neither_expands_entities_nor_loads_files(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("secret words")
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE urlset [<!ENTITY l0 "lol">{lol}<!ENTITY f SYSTEM "file://{secret}">]>'
    parsed = parse(doctype + sitemap(news(1, "&l9;&f;T")).partition("?>")[2])
    assert all(len(entry.title) < 2_000 and "secret" not in entry.title for entry in parsed.entries)


# HTML


def test_an_html_page_names_its_feeds():
    page = """<!doctype html><html><head><base href="/sub/"><link rel="stylesheet" href="x.css">
      <link rel="alternate" type="application/rss+xml" title="News &amp; more" href="rss.xml">
      <LINK REL="alternate home" TYPE="application/atom+xml; charset=utf-8" HREF="https://feeds.example.net/atom">
      <link rel="alternate" type="application/feed+json" href="/feed.json">
      <link rel="alternate" hreflang="uk" href="/uk/">
      <link rel="alternate" type="application/json" href="/wp-json/wp/v2/posts/1"><!-- <link rel=feed href=/no> -->
      <link rel="alternate" type="application/rss+xml" href="javascript:x"></head>
      <body><a rel="feed" href="/all">All</a>
      <a rel="alternate" type="application/rss+xml" href="rss.xml">again</a></body></html>"""
    parsed = parse(page)
    assert parsed.problem == "html page"
    assert parsed.alternates == (
        Alternate("https://example.org/sub/rss.xml", "News & more", "rss"),
        Alternate("https://feeds.example.net/atom", "", "atom"),
        Alternate("https://example.org/feed.json", "", "json"),
        Alternate("https://example.org/all", "", "feed"),
    )


# when not to ask


def test_all_skipped_hours_and_days_are_read():
    hours = "".join(f"<hour>{n}</hour>" for n in ("0", " 7 ", "24", "23", "77", "x"))
    hours = f"<skipHours>{hours}</skipHours>"
    days = "<skipDays><day>Saturday</day><day>sunday</day><day>Someday</day></skipDays>"
    parsed = parse(rss("<title>T</title><description>&lt;hour>5&lt;/hour></description>", head=hours + days))
    assert (parsed.skip_hours, parsed.skip_days) == ({0, 7, 23}, {5, 6})


def test_a_feed_that_skips_every_hour_skips_none():
    hours = "".join(f"<hour>{n}</hour>" for n in range(24))
    assert parse(rss(head=f"<skipHours>{hours}</skipHours>")).skip_hours == frozenset()


@pytest.mark.parametrize(
    ("period", "frequency", "hint"),
    [
        ("hourly", "1", timedelta(hours=1)),
        ("daily", "4", timedelta(hours=6)),
        ("weekly", "x", timedelta(days=7)),
        ("often", "1", None),
    ],
)
def test_how_often_a_feed_says_that_it_changes_is_a_hint(period, frequency, hint):
    head = (
        "<sy:updatePeriod xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>{}</sy:updatePeriod><sy:updateFrequency"
        " xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>{}</sy:updateFrequency>"
    )
    assert parse(rss(head=head.format(period, frequency))).hint == hint


def test_the_feeds_own_address_and_its_hubs_are_known():
    links = "".join(f"<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='{r}' href='/{r}'/>" for r in ("self", "hub"))
    parsed = parse(rss(head=links))
    assert (parsed.links_self, parsed.hubs) == ("https://example.org/self", ("https://example.org/hub",))


# repairs that all formats share


def _in(kind: str, title: str, link: str, date: str, guid: str) -> str:
    if kind == "rss":
        return rss(
            f"<title>{title}</title><link>{link}</link><guid isPermaLink='false'>{guid}</guid><pubDate>{date}</pubDate>"
        )
    if kind == "json":
        return feed({"id": guid, "url": link, "title": title, "date_published": date})
    return sitemap(news(1, title, date).replace("https://example.org/n/1", link))


@pytest.mark.parametrize("kind", ["rss", "json", "sitemap"])
def test_repairs_are_the_same_in_each_format(kind):
    (entry,) = parse(
        _in(kind, "T &lt;i>x&lt;/i>", "/n/1?utm_source=x", "16.05.2025 10:00", "g"), zone="Europe/Moscow"
    ).entries
    assert (entry.url, entry.title, entry.published, entry.date_inferred) == (
        "https://example.org/n/1",
        "T x",
        TEN,
        True,
    )
    undated = parse(_in(kind, "T", "/n/1", "Fri, 16 May 2099 10:00:00 GMT", "g"))
    assert (undated.entries[0].published, undated.undated) == (None, 1)
    for link in ("https://example.org/" + "x" * 2_048,):
        long = parse(_in(kind, "T", link, "2025-05-16", "g"))
        assert (long.entries, long.dropped) == ((), 1)


def test_an_entry_without_any_date_is_not_one_whose_date_is_wrong():
    assert parse(rss("<title>T</title>")).undated == 0


def test_an_id_longer_than_any_is_dropped_and_a_title_cut():
    parsed = parse(feed({"id": "x" * 2_049, "title": "T"}, {"id": "1", "title": "T" * 2_000}))
    assert ([len(entry.title) for entry in parsed.entries], parsed.dropped) == ([1_000], 1)


def test_an_entry_without_guid_goes_by_its_link_without_what_tracks():
    first, second = (parse(rss(f"<link>https://example.org/1?utm_source={x}</link>")).entries[0].id for x in "ab")
    assert first == second == "https://example.org/1"


BRIDGE = (
    "<title>Bridge returned error 500! (20223)</title><guid isPermaLink='false'>Example Bridge_20223</guid>"
    "<link>https://bridge.example/?action=display&amp;bridge=Example&amp;format=Atom</link><description>&lt;a href='https://"
    "github.com/RSS-Bridge/rss-bridge/issues'>Report&lt;/a></description>"
)


def test_errors_that_rss_bridge_tells_as_items_are_set_aside():
    parsed = parse(rss(BRIDGE, "<title>Talks</title>"))
    assert ([entry.title for entry in parsed.entries], parsed.dropped) == (["Talks"], 1)


@pytest.mark.parametrize(
    "title", ["Bridge returned error 500!", "Bridge over the river returned to service after error"]
)
def test_news_of_a_bridge_stays(title):
    item = f"<title>{title}</title><link>https://example.org/n/1</link><guid isPermaLink='false'>n1</guid>"
    assert parse(rss(item)).dropped == 0
