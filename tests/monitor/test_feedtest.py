"""What `parley feeds test` says of an answer, and that it leaves the store as it was."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extractors.feed import parse_feed
from monitor.feedtest import Trial, tried
from monitor.fetch import Fetched, FetchFailure, NotModified
from monitor.poll import Answer
from monitor.records import Feed, FeedState, Habits, Watch
from monitor.store import Store, entries, open_store
from monitor.store import feeds as stored
from monitor.watches import load_watch

NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)
URL = "https://north.example/rss"
FEED = Feed(URL, "North", "north.example")
ITEM = "<item><title>Переговори {0}</title><link>/n/{0}</link><guid>g{0}</guid><pubDate>{1}</pubDate></item>"
DATES = ("Fri, 16 May 2025 10:00:00 GMT", "16 May 2025 10:00", "soon")


def rss(more: str = "", count: int = 3) -> str:
    items = "".join(ITEM.format(n, DATES[n % 3]) for n in range(count))
    head = "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>N</title>"
    return f"{head}{more}{items}</channel></rss>"


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    home: Path = tmp_path_factory.mktemp("home")
    (home / "accord.yaml").write_text(
        "topic: accord\nlabel: accord\ndone: signed\nrings: true\nidentity: {window: 5d, slack: 2d}\n"
        "words: {en: {names: [accord]}}\n"
    )
    (home / "small.yaml").write_text(
        "watch: small\ntitle: Small\ntopics: [accord]\n"
        "parties: [{name: A, forms: {en: [Arcadia]}}, {name: B, forms: {en: [Bohemia]}}]\n"
    )
    loaded = load_watch(home / "small.yaml", home)
    assert isinstance(loaded, Watch)
    return loaded


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    made = open_store("sqlite://")
    yield made
    made.close()


def read(body: bytes, charset: str | None = None, **more: object) -> Answer:
    got = replace(Fetched(URL, URL, 200, body, "application/xml", charset), **more)
    kind = f"application/xml; charset={charset}" if charset else "application/xml"
    parsed = parse_feed(body, got.final_url, kind, "Europe/Kyiv", NOW)
    return Answer(NOW, timedelta(seconds=1), False, got, parsed, "digest", pages=(got,))


@pytest.mark.parametrize(
    ("answer", "rule", "said"),
    [
        (read(rss().encode()), "charset", "utf-8"),
        (read(rss().encode(), "windows-1251"), "charset", "says windows-1251, is UTF-8: repaired"),
        (read(rss().encode("cp1251"), "windows-1251"), "charset", "windows-1251: as it says"),
        (read(rss(count=30).encode().replace(b"<title>N", b"<title>\xff\xfe")), "charset", "broken bytes: repaired"),
        (read(rss().encode()), "dates", "1 believed, 1 in the feed's own zone, 1 undated: 1 of them state a date"),
        (read(rss().encode()), "ids", "3 of the feed's own"),
        (read(rss().encode()[:-60]), "truncated", "the document breaks off"),
        (read(rss("<skipDays><day>Saturday</day></skipDays>").encode()), "rest", "Sat: GMT; not asked then"),
        (read(rss("<skipDays><day>Saturday</day></skipDays>").encode()), "> rest", "the first moment after them"),
        (read(rss().encode(), final_url=URL + "2", moved=URL + "2"), "redirects", f"to {URL}2: permanent"),
        (read(rss().encode(), final_url=URL + "2"), "redirects", "passing: the address stays as it is"),
        (read(rss().encode()), "validators", "none: every answer is the whole feed"),
        (read(b"<html><body>Who are you?</body></html>"), "format", "html page: Who are you?"),
        (read(b"<html><body>Who are you?</body></html>"), "outcome", "html page"),
        (Answer(NOW, timedelta(0), False, FetchFailure("status", "410 Gone", 410)), "next poll", "never"),
        (Answer(NOW, timedelta(0), False, FetchFailure("dns", "no name")), "answer", "dns after 0.0 s: no name"),
    ],
)  # fmt: skip
def test_each_rule_says_what_was_found_and_what_it_means(
    store: Store, watch: Watch, answer: Answer, rule: str, said: str
) -> None:
    found = lines(tried(store, FEED, FeedState(URL, NOW), answer, watches=[watch]))
    assert said in found[rule]


def test_the_request_says_why_it_was_or_was_not_conditional(store: Store, watch: Watch) -> None:
    held = FeedState(URL, NOW, etag='"v"', polled_at=NOW - timedelta(hours=1), known=True)
    daily = replace(held, habits=Habits(audited_at=NOW - timedelta(days=2)))
    lying = replace(held, habits=Habits(doubted_at=NOW - timedelta(days=2), audited_at=NOW))
    quiet = Answer(NOW, timedelta(0), True, NotModified(URL))
    whole = read(rss().encode())
    for state, answer, said in (
        (held, quiet, 'conditional, If-None-Match: "v"'),
        (daily, whole, "once a day its validators are put to the test"),
        (lying, whole, "its validators were found to lie"),
    ):
        assert said in lines(tried(store, FEED, state, answer, watches=[watch]))["request"]


def test_what_a_poll_would_keep_is_counted_and_undone(store: Store, watch: Watch) -> None:
    for known, said in ((False, "0 to be read, 3 only remembered"), (True, "3 to be read, 0 only remembered")):
        state = FeedState(URL, NOW, known=known)
        assert said in lines(tried(store, FEED, state, read(rss().encode()), watches=[watch]))["new"]
    with store.read() as tx:
        assert (stored.all_states(tx, inactive=True), entries.counts(tx)) == ((), {})


def test_a_feed_that_shows_nothing_of_before_is_a_gap(store: Store, watch: Watch) -> None:
    state = FeedState(URL, NOW, known=True, entries_seen=9, read_at=NOW - timedelta(hours=1))
    found = lines(tried(store, FEED, state, read(rss(count=9).encode()), watches=[watch]))
    assert "2025-05-16 11:00Z to 2025-05-16 12:00Z" in found["gap"]


def lines(tested: Trial) -> dict[str, str]:
    return {each.rule: f"{each.found}: {each.means}" for each in tested.findings}
