import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from extractors.links import canonical, clean


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("https://a.org/n?utm_source=rss&utm_medium=feed", "https://a.org/n"),
        ("https://a.org/n?id=123&utm_source=rss", "https://a.org/n?id=123"),
        ("https://a.org/n?utm_source=rss&id=123#comments", "https://a.org/n?id=123"),
        ("https://www.bbc.com/news/articles/c1?at_medium=RSS&at_campaign=rss", "https://www.bbc.com/news/articles/c1"),
        ("https://www.theguardian.com/w/1?CMP=share_btn_url", "https://www.theguardian.com/w/1"),
        ("https://p.dw.com/p/4x?maca=en-rss-en-all-1573-rdf", "https://p.dw.com/p/4x"),
        ("https://a.org/n?fbclid=x&gclid=y&yclid=z&ysclid=w&msclkid=v&mc_cid=u&_openstat=t", "https://a.org/n"),
        ("https://a.org/n?traffic_source=rss&xtor=RSS-1", "https://a.org/n"),
        ("https://nyt.com/a.html?partner=rss&emc=rss", "https://nyt.com/a.html"),
        ("https://a.org/n?from=rss", "https://a.org/n"),
        ("HTTPS://Example.ORG:443/Path/To?B=1&a=2", "https://example.org/Path/To?B=1&a=2"),
        ("http://example.org:80/", "http://example.org/"),
        ("http://example.org:8080/", "http://example.org:8080/"),
        ("https://user:Pass@A.org/x", "https://user:Pass@a.org/x"),
        ("https://a.org/my file.html", "https://a.org/my%20file.html"),
        (" https://a.org/lo\n   ng ", "https://a.org/long"),
        ("https://a.org/n?", "https://a.org/n"),
        ("https://a.org?utm_source=x", "https://a.org"),
    ],
)
def test_what_tracks_the_reader_is_gone(given_, expected):
    assert clean(given_) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://a.org/?p=123", "https://a.org/news.php?id=5", "https://a.org/n?ref=12345", "https://a.org/n?b=2&a=1&a=0",
        "https://a.org/%D0%BE%D0%B1%D0%BC%D0%B5%D0%BD?q=%d0%be", "https://a.org/обмен?x=y+z", "https://a.org/n?empty=&lone",
        "https://a.org/n?source=12&session=3&keyword=talks&eid=4&uid=5", "https://a.org/n?from=kyiv", "https://a.org/n//x;y=1",
        "https://a.org/n?a=1&&b=2", "https://[2001:db8::1]:8443/x", "mailto:A@b.org", "urn:UUID:1", "", "http://[bad",
        "https://a.org/n?campaign=2025&medium=oil", "https://a.org/n?attack=1",
    ],
)  # fmt: skip
def test_what_names_an_article_stays_as_it_is(url):
    assert clean(url) == url


ART = "https://example.org/news/2025/05/16/exchange-of-prisoners"


@pytest.mark.parametrize(
    ("asked", "final", "link", "expected"),
    [
        # believed: the page's own address, for telephones, for AMP, after a redirect, by title or by number
        (f"{ART}?utm_source=rss", f"{ART}?utm_source=rss", ART, ART),
        (ART.replace("//", "//m."), ART.replace("//", "//m."), ART.replace("//", "//www."),
         ART.replace("//", "//www.")),
        (f"{ART}/amp", f"{ART}/amp", ART, ART),
        ("https://amp.example.org/amp/news/77123-talks", "https://amp.example.org/amp/news/77123-talks",
         "https://example.org/politics/77123-talks-in-istanbul", "https://example.org/politics/77123-talks-in-istanbul"),
        ("https://feeds.example.net/~r/1", f"{ART}?from=rss", ART, ART),
        ("https://example.org/?p=51234", ART, "https://example.org/?p=51234", "https://example.org/?p=51234"),
        (f"{ART}?page=2", f"{ART}?page=2", ART, ART),
        (ART, ART, "/news/2025/05/16/exchange-of-prisoners", ART),
        # not believed: the front page, a section, another article of the day, another site, a template's number
        (ART, ART, "https://example.org/", ART),
        (ART, ART, "https://example.org/index.html", ART),
        (ART, ART, "https://example.org/uk/", ART),
        (ART, ART, "https://example.org/news/", ART),
        (ART, ART, "https://example.org/news/2025/05/16/", ART),
        (ART, ART, "https://example.org/news/2025/05/16/talks", ART),
        (ART, ART, ART.replace("example", "other"), ART),
        (ART, ART, "javascript:alert(1)", ART),
        (ART, ART, "http://[bad", ART),
        (ART, ART, None, ART),
        ("https://a.org/news.php?id=5", "https://a.org/news.php?id=5", "https://a.org/news.php", "https://a.org/news.php?id=5"),
        ("https://a.org/news.php?id=5", "https://a.org/news.php?id=5", "https://a.org/news.php?id=6", "https://a.org/news.php?id=5"),
        ("https://a.org/?p=123", "https://a.org/?p=123", "https://a.org/", "https://a.org/?p=123"),
        # without a link: where it was found, unless that is another site's or the front page
        ("https://example.org/s/1", f"{ART}?utm_source=x", None, ART),
        (ART, "https://example.org/", None, ART),
        (ART, "https://consent.example.net/?back=1", None, ART),
        (f"{ART}#comments", "", None, ART),
        ("https://example.org/", "https://www.example.org/", None, "https://www.example.org/"),
    ],
)  # fmt: skip
def test_the_address_under_which_an_article_is_kept(asked, final, link, expected):
    assert canonical(asked, final, link) == expected


urls = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}://{}{}{}{}".format,
        st.sampled_from(["http", "https", "HTTPS", "ftp"]),
        st.sampled_from(["a.org", "WWW.a.org", "m.a.org:443", "a.org:80", "u@a.org:", "[::1]:80", "İ.org", "b.net"]),
        st.sampled_from(["", "/", "/n/12345", "/n/slug/", "/amp/n/slug", "/index.php", "/uk/", "/n/slug /", "/%20"]),
        st.sampled_from(["", "?", "?id=1", "?utm_a=1", "?&", "?utm_a=1&", "?x=1&utm_b&y", "?id=54321", "?a b"]),
        st.sampled_from(["", "#", "#x", " #x?utm_a=1", "\n#\t"]),
    ),
)


@given(urls)
@example("http://a.org/x #f")
@example("http://a.org:443:443/")
def test_cleaning_twice_changes_nothing(url):
    assert clean(clean(url)) == clean(url)


@given(urls, urls, st.none() | urls)
@example("\x1b", "HTTP://", None)
def test_the_address_kept_is_its_own_address(asked, final, link):
    kept = canonical(asked, final, link)
    assert clean(kept) == kept
    assert canonical(kept, kept, kept) == canonical(kept, kept, None) == kept
    if kept.startswith(("http://", "https://")):  # anything else would be taken for a relative link
        assert canonical(asked, final, kept) == kept
