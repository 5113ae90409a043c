"""Whole documents of each format, small and with every part that the parsers look at: what is mutated begins here."""

import gzip
import json

RSS = (
    "<?xml version='1.0' encoding='windows-1251'?><!-- news --><rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'"
    " xmlns:sy='http://purl.org/rss/1.0/modules/syndication/' xmlns:atom='http://www.w3.org/2005/Atom'"
    " xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>Новости</title><link>https://example.org/</link>"
    "<language>ru-RU</language><ttl>60</ttl><skipHours><hour>0</hour><hour>23</hour></skipHours><skipDays><day>Sunday</day>"
    "</skipDays><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>"
    "<atom:link rel='self' href='https://example.org/rss'/><atom:link rel='hub' href='https://hub.example/'/>"
    "<item><title>Обмен пленными: 390 &amp; 390</title><link>https://example.org/n/1?utm_source=rss</link>"
    "<guid isPermaLink='false'>1</guid>"
    "<description><![CDATA[<p>Стороны</p><br>провели обмен]]></description>"
    "<pubDate>Fri, 16 May 2025 10:00:00 MSK</pubDate></item>"
    "<item><title>Second</title><link>/n/2</link><dc:date>2025-05-16T10:00:00</dc:date>"
    "<content:encoded>&lt;b&gt;Text&lt;/b&gt; &amp;amp; more</content:encoded></item></channel></rss>"
)
ATOM = (
    "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='uk'><title type='html'>News &lt;b&gt;</title>"
    "<link rel='self' href='/a'/>"
    "<link rel='hub' href='https://hub.example/'/><entry><id>urn:1</id><title>Обмін</title><link href='https://example.org/1'/>"
    "<published>2025-05-16T10:00:00+03:00</published><updated>2025-05-16T12:00:00Z</updated>"
    "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Text</p></div></content></entry></feed>"
)
RDF = (
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel><title>N</title></channel>"
    "<item rdf:about='https://example.org/1'><title>T</title><link>https://example.org/1</link></item></rdf:RDF>"
)
SITEMAP = (
    "<?xml version='1.0' encoding='UTF-8'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'"
    " xmlns:news='http://www.google.com/schemas/sitemap-news/0.9' xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'>"
    "<url><loc>https://example.org/n/1</loc><lastmod>2025-05-16</lastmod>"
    "<news:news><news:publication><news:name>Вести</news:name>"
    "<news:language>ru</news:language></news:publication><news:publication_date>2025-05-16T10:00:00+03:00</news:publication_date>"
    "<news:title>Обмен &amp; переговоры</news:title></news:news>"
    "<image:image><image:title>Photo</image:title></image:image></url>"
    "<url><loc>https://example.org/about</loc></url></urlset>"
)
INDEX = (
    "<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>https://example.org/s1.xml.gz</loc>"
    "<lastmod>2025-05-15</lastmod></sitemap><sitemap><loc>/s2.xml</loc><lastmod>2025-05-16T10:00Z</lastmod></sitemap></sitemapindex>"
)
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "News",
        "language": "en-GB",
        "feed_url": "https://example.org/feed.json",
        "hubs": [{"type": "WebSub", "url": "https://hub.example/"}],
        "items": [
            {"id": "1", "url": "/n/1", "title": "Обмен", "content_html": "<p>Text</p>",
             "date_published": "2025-05-16T10:00:00+03:00", "language": "ru"},
            {"id": 2, "external_url": "https://example.org/n/2", "content_text": "a \ud83d\ude00", "summary": "s"},
        ],
    }
)  # fmt: skip
PAGE = (
    "<!DOCTYPE html><html lang='ru'><head><meta charset='utf-8'><title>Обмен</title><base href='https://example.org/'>"
    "<link rel='alternate' type='application/rss+xml' title='News' href='/rss'><link rel='canonical' href='https://example.org/n/1'>"
    "<meta property='article:published_time' content='2025-05-16T10:00:00+03:00'><script type='application/ld+json'>"
    '{"@graph":[{"@type":"NewsArticle","headline":"Обмен","datePublished":"2025-05-16T10:00:00+03:00"}]}</script></head><body>'
    "<nav><a href='/'>Home</a></nav><article><h1>Обмен</h1><time datetime='2025-05-16'>16</time>"
    + "<p>Стороны провели обмен пленными по формуле 390 на 390, сообщило министерство обороны в пятницу.</p>" * 3
    + "<table><tr><td>1</td></tr></table><ul><li>a</ul><blockquote>b</blockquote></article></body></html>"
)

FEEDS = (RSS.encode(), RSS.encode("windows-1251"), ATOM.encode(), RDF.encode())
SITEMAPS = (SITEMAP.encode(), INDEX.encode(), gzip.compress(SITEMAP.encode(), mtime=0))
JSONS = (JSON.encode(), JSON.encode("utf-8-sig"), JSON.replace("version/1.1", "version/1").encode())
PAGES = (PAGE.encode(), PAGE.encode("windows-1251"))
SAMPLES = {"feed": (*FEEDS, *PAGES), "sitemap": SITEMAPS, "json": JSONS, "article": PAGES}
