"""Articles and what was decided on their claims."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from extractors.records import Article
from monitor.store import Store, articles
from monitor.store.articles import DecisionRow

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
ONE = Article("https://a.example/1", "A", "Обмін", "Триста чотирнадцять", "uk", NOW, NOW + timedelta(minutes=1))
SKETCH = (0, 1, 2**64 - 1)


def test_a_version_of_a_page_is_kept_once(store: Store) -> None:
    with store.write() as tx:
        row = articles.add(tx, ONE, family="a", digest="d1", sketch=SKETCH, now=NOW)
        assert row is not None
        assert articles.add(tx, ONE, family="a", digest="d1", sketch=SKETCH, now=NOW) is None
        edited = replace(ONE, text="Триста п'ятнадцять")
        assert articles.add(tx, edited, family="a", digest="d2", sketch=(-5,), now=NOW) is not None
        assert articles.by_url(tx, ONE.url) == (ONE, edited)
        first, second = articles.rows_by_url(tx, ONE.url)
        assert (first, second.sketch) == (row, (-5,))
        assert articles.by_url(tx, "https://a.example/2") == ()


def test_the_same_text_at_another_address_is_another_article(store: Store) -> None:
    with store.write() as tx:
        articles.add(tx, ONE, family="a", digest="d1", sketch=(), now=NOW)
        other = replace(ONE, url="https://b.example/" + "x" * 9_000, title=None, published=None, seen=None)
        assert articles.add(tx, other, family="b", digest="d1", sketch=(), now=NOW) is not None
        assert articles.by_url(tx, other.url) == (other,)


def test_offsets_still_hold_in_text_that_no_database_takes(store: Store) -> None:
    odd = replace(ONE, text="a\0b \ud800 обмін")
    with store.write() as tx:
        articles.add(tx, odd, family="a", digest="d", sketch=(), now=NOW)
        (kept,) = articles.by_url(tx, ONE.url)
    assert kept.text == "a\ufffdb \ufffd обмін"
    assert len(kept.text) == len(odd.text)


def test_decisions_tell_what_became_of_each_claim(store: Store) -> None:
    with store.write() as tx:
        row = articles.add(tx, ONE, family="a", digest="d1", sketch=(), now=NOW)
        assert row is not None
        articles.record_decision(tx, row.id, 1, "silent", None, ["policy.old"], {"age": 80.5})
        articles.record_decision(tx, row.id, 0, "new", "w-1", ["r1", "r2"], {"nearest": [["w-0", None]]})
        assert articles.decisions_of(tx, ONE.url) == (
            DecisionRow(row.id, 0, "new", "w-1", ("r1", "r2"), {"nearest": [["w-0", None]]}),
            DecisionRow(row.id, 1, "silent", None, ("policy.old",), {"age": 80.5}),
        )
        articles.record_decision(tx, row.id, 1, "advanced", "w-1", [], {})
        assert [each.verdict for each in articles.decisions_of(tx, ONE.url)] == ["new", "advanced"]
        assert articles.decisions_of(tx, "https://a.example/2") == ()


def test_old_articles_go_with_their_decisions(store: Store) -> None:
    with store.write() as tx:
        old = articles.add(tx, ONE, family="a", digest="d1", sketch=(), now=NOW)
        assert old is not None
        articles.record_decision(tx, old.id, 0, "new", "w-1", [], {})
        young = replace(ONE, url="https://a.example/2")
        articles.add(tx, young, family="a", digest="d1", sketch=(), now=NOW + timedelta(days=1))
        assert articles.forget(tx, NOW + timedelta(hours=1)) == 1
        assert articles.by_url(tx, ONE.url) == ()
        assert articles.decisions_of(tx, ONE.url) == ()
        assert articles.by_url(tx, young.url) == (young,)


def test_old_articles_go_some_addresses_at_a_time_each_with_all_its_versions(store: Store) -> None:
    with store.write() as tx:
        for number in range(3):
            for digest in ("d1", "d2"):
                one = replace(ONE, url=f"https://a.example/{number}")
                articles.add(tx, one, family="a", digest=f"{digest} {number}", sketch=(), now=NOW)
        left = []
        while articles.forget(tx, NOW + timedelta(hours=1), 2):
            left.append([len(articles.by_url(tx, f"https://a.example/{number}")) for number in range(3)])
        assert sorted(left[0]) == [0, 0, 2]
        assert left[1:] == [[0, 0, 0]]


def test_the_version_taken_in_last_is_the_current_one_also_when_it_is_an_old_one(store: Store) -> None:
    edited = replace(ONE, text="Триста п'ятнадцять")
    with store.write() as tx:
        assert articles.current(tx, ONE.url) is None
        first = articles.add(tx, ONE, family="a", digest="d1", sketch=SKETCH, now=NOW)
        assert not articles.has_versions(tx, ONE.url)
        second = articles.add(tx, edited, family="a", digest="d2", sketch=(), now=NOW)
        assert articles.current(tx, ONE.url) == second
        assert articles.has_versions(tx, ONE.url)
        assert articles.add(tx, ONE, family="a", digest="d1", sketch=SKETCH, now=NOW) == first
        assert articles.current(tx, ONE.url) == first
        assert articles.add(tx, ONE, family="a", digest="d1", sketch=SKETCH, now=NOW) is None
        assert len(articles.rows_by_url(tx, ONE.url)) == 2
