from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from extractors.records import Entry
from monitor.changes import changed, new_entries, sort_out

NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=10)
MAX_AGE = timedelta(hours=72)


def entry(id_: str, age: timedelta | None = None, url: str | None = None) -> Entry:
    return Entry(id=id_, url=url or f"https://a.org/{id_}", title=id_, published=None if age is None else NOW - age)


def split(*entries: Entry, first_poll: bool, known: tuple[str, ...] = (), began: datetime | None = BEGAN):
    found = sort_out(entries, known, first_poll=first_poll, began=began, max_age=MAX_AGE, now=NOW)
    return [e.id for e in found.new], [e.id for e in found.baseline]


def test_what_is_known_by_id_or_address_is_not_new():
    a, b, moved = entry("a"), entry("b"), entry("c", url="https://a.org/a")
    assert new_entries((a, b, moved), {"a"}) == (b,)
    assert new_entries((moved,), (), {"https://a.org/a": None}) == ()
    assert new_entries((b, entry("d", url=b.url)), ()) == (b,)


def test_an_address_shown_again_under_a_new_id_is_new_only_with_a_later_date():
    before = {"https://a.org/a": NOW - timedelta(hours=1)}
    undated, same, later = (entry("b", age, "https://a.org/a") for age in (None, timedelta(hours=1), timedelta(0)))
    assert new_entries((undated,), (), before) == ()
    assert new_entries((same,), (), before) == ()
    assert new_entries((later,), (), before) == (later,)


def test_entries_without_a_link_are_told_apart_by_id():
    first, second = Entry(id="a", url="", title="a"), Entry(id="b", url="", title="b")
    assert new_entries((first, second), ()) == (first, second)
    assert new_entries((first, second), {"a"}) == (second,)


def test_in_the_first_poll_only_what_was_published_since_the_watch_began_is_new():
    fresh, old, undated = entry("fresh", timedelta(hours=1)), entry("old", timedelta(hours=11)), entry("undated")
    assert split(fresh, old, undated, first_poll=True) == (["fresh"], ["old", "undated"])


def test_what_was_published_in_the_very_second_in_which_the_watch_began_is_new():
    same, before = entry("same", timedelta(hours=10)), entry("before", timedelta(hours=10, seconds=1))
    assert split(same, before, first_poll=True) == (["same"], ["before"])


def test_in_the_first_poll_of_a_feed_added_later_what_is_too_old_is_baseline():
    young, old = entry("young", timedelta(hours=71)), entry("old", timedelta(hours=72))
    assert split(young, old, first_poll=True, began=NOW - timedelta(days=300)) == (["young"], ["old"])
    assert split(young, old, first_poll=True, began=None) == (["young"], ["old"])


def test_later_everything_unknown_is_new_whatever_its_date():
    entries = entry("old", timedelta(days=9)), entry("undated"), entry("known", timedelta(0))
    assert split(*entries, first_poll=False, known=("known",)) == (["old", "undated"], [])


@given(st.lists(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")), st.booleans())
def test_each_unknown_entry_comes_out_exactly_once(ids, known, first):
    new, baseline = split(*(entry(i, timedelta(hours=1)) for i in ids), first_poll=first, known=tuple(known))
    assert sorted(new + baseline) == sorted(set(ids) - known)


def dated(age: int, updated: int | None = None) -> Entry:
    later = None if updated is None else NOW - timedelta(hours=updated)
    return Entry("a", "https://a.org/a", "a", published=NOW - timedelta(hours=age), updated=later)


def test_a_page_has_changed_when_its_entry_is_dated_later_than_before():
    known = {"https://a.org/a": NOW - timedelta(hours=5)}
    assert changed((dated(5),), known) == ()
    assert changed((dated(5, 5),), known) == ()
    assert changed((dated(4),), known) == (dated(4),)
    assert changed((dated(9, 4),), known) == (dated(9, 4),)
    assert changed((dated(9, 3), dated(9, 2), dated(9, 4)), known) == (dated(9, 2),)


def test_what_the_feed_never_dated_or_no_alert_stands_on_is_not_asked_for_again():
    assert changed((dated(1),), {}) == ()
    assert changed((entry("a"),), {"https://a.org/a": NOW}) == ()
