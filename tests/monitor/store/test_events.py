"""Events with their sayings and history."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from extractors.records import Claim, Dating, Evidence
from monitor.records import Event, Saying
from monitor.store import Store, events, tables

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WHEN = Dating(date(2026, 2, 4), date(2026, 2, 5), "explicit", "days")


def saying(n: int) -> Saying:
    claim = Claim(
        watch="w",
        kind="prisoner_exchange",
        status="concluded",
        role="news",
        date=WHEN,
        place="Belarus",
        ordinal=None,
        counts={"total": 314, "Ukraine->Russia": 157},
        parties=("Russia", "Ukraine"),
        evidence=(Evidence("text", "обмін", 10, 15, ("status.concluded",)),),
        rules=("role.explicit-date",),
        marks=frozenset({"final", "part"}),
        sources=("Zelensky",),
    )
    return Saying(claim, f"https://a.example/{n}", None, "A", "a", None, NOW + n * DAY, n % 2 == 0, (n, 2**63 + n))


def event(id_: str = "w-1", *, touched: datetime = NOW, watch: str = "w", parent: str | None = None) -> Event:
    return Event(
        id=id_,
        watch=watch,
        kind="prisoner_exchange",
        status="concluded",
        date=WHEN,
        place="Belarus",
        ordinal=2,
        series="trilateral-2026",
        counts={"total": 314},
        parties=("Russia", "Ukraine"),
        opened=touched - DAY,
        touched=touched,
        sayings=(saying(0), saying(1)),
        told=(("new", "agreed"), ("advanced", "concluded")),
        parent=parent,
        days=(date(2026, 2, 4), date(2026, 2, 5)),
        confirmed=3,
        history=("opened by a.example", "advanced to concluded"),
    )


def test_an_event_comes_back_as_it_was_saved(store: Store) -> None:
    bare = Event("w-0", "w", "summit", "planned", None, None, None, None, {}, (), NOW, NOW)
    with store.write() as tx:
        events.save(tx, [event(), bare])
    with store.read() as tx:
        assert events.get(tx, "w-1") == event()
        assert events.get(tx, "w-0") == bare
        assert events.get(tx, "w-9") is None


@pytest.mark.parametrize(
    "later",
    [
        replace(event(), status="cancelled", sayings=(*event().sayings, saying(2)), history=("a", "b", "c")),
        replace(event(), sayings=(replace(saying(0), independent=False), saying(1))),
        replace(event(), sayings=(replace(saying(0), sketch=(9,)), saying(1))),
        replace(event(), sayings=(saying(1),), history=("only this",)),
        replace(event(), sayings=(), history=(), closed=True),
    ],
    ids=["one more", "an older one turns out a copy", "another sketch", "one fewer", "none"],
)
def test_saving_again_replaces_what_was_there(store: Store, later: Event) -> None:
    with store.write() as tx:
        events.save(tx, [event()])
        events.save(tx, [later])
        assert events.all_events(tx) == (later,)


def test_one_more_saying_writes_one_more_row(store: Store) -> None:
    first = replace(event(), sayings=tuple(saying(n) for n in range(50)), history=("opened",) * 50)
    more = replace(first, sayings=(*first.sayings, saying(50)), history=(*first.history, "joined"))
    written: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        written.extend(name for name in ("saying", "history") if statement.startswith(f"INSERT INTO {name}"))

    with store.write() as tx:
        events.save(tx, [first])
        sa.event.listen(store.engine, "before_cursor_execute", note)
        events.save(tx, [more])
        sa.event.remove(store.engine, "before_cursor_execute", note)
        assert events.get(tx, first.id) == more
    assert sorted(written) == ["history", "saying"]


def test_open_events_are_those_touched_since_with_the_deals_they_carry_out(store: Store) -> None:
    deal = event("w-deal", touched=NOW - 90 * DAY)
    child = event("w-child", touched=NOW, parent="w-deal")
    old, elsewhere = event("w-old", touched=NOW - 60 * DAY), event("v-1", watch="v")
    with store.write() as tx:
        events.save(tx, [child, old, deal, elsewhere])
        assert events.open_events(tx, "w", NOW - DAY) == (deal, child)
        assert events.open_events(tx, "w", NOW) == (deal, child)
        assert events.open_events(tx, "w", NOW - 60 * DAY) == (deal, old, child)
        assert events.open_events(tx, "v", NOW + DAY) == ()
        assert events.open_events(tx, "w", NOW, kinds={deal.kind, "summit"}) == (deal, child)
        assert events.open_events(tx, "w", NOW, kinds={"summit"}) == ()


def test_all_events_come_by_opening_and_a_limit_keeps_the_latest(store: Store) -> None:
    some = [event(f"w-{n}", touched=NOW + n * DAY) for n in (2, 0, 1)]
    with store.write() as tx:
        events.save(tx, [*some, event("v-0", watch="v")])
        assert [each.id for each in events.all_events(tx, "w")] == ["w-0", "w-1", "w-2"]
        assert [each.id for each in events.all_events(tx)] == ["v-0", "w-0", "w-1", "w-2"]
        assert [each.id for each in events.all_events(tx, "w", 2)] == ["w-1", "w-2"]


def test_what_is_written_is_the_same_bytes_for_the_same_event(store: Store) -> None:
    with store.write() as tx:
        events.save(tx, [event("w-1"), replace(event("w-2"), sayings=(saying(0), saying(1)))])
        digests = tx.execute(sa.select(tables.saying.c.digest).order_by(tables.saying.c.n)).scalars().all()
    assert len({bytes(each) for each in digests}) == 2


def test_a_memo_spares_reading_and_changes_nothing(store: Store) -> None:
    memo = events.Memo()
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.extend(["body"] if "saying.body" in statement else [])

    first = event()
    later = replace(first, sayings=(replace(saying(0), independent=False), saying(1), saying(2)))
    with store.write() as tx:
        sa.event.listen(store.engine, "before_cursor_execute", note)
        for current in (first, first, later):
            events.save(tx, [current])
            assert events.open_events(tx, "w", NOW, memo) == (current,)
        assert len(statements) == 2
        assert events.open_events(tx, "w", NOW) == (later,)
        sa.event.remove(store.engine, "before_cursor_execute", note)


def test_a_memo_knows_the_digest_of_a_record_only_while_it_has_it() -> None:
    memo, first, second = events.Memo(size=1), saying(1), saying(2)
    memo.keep({b"1": first})
    assert memo.digest_of(first) == b"1"
    assert memo.digest_of(saying(1)) is None
    memo.keep({b"2": second})
    assert memo.digest_of(first) is None
    assert memo.digest_of(second) == b"2"


def test_a_memo_forgets_what_was_longest_unused() -> None:
    memo = events.Memo(size=2)
    memo.keep({b"1": saying(1), b"2": saying(2)})
    assert memo.take([b"1"]) == {b"1": saying(1)}
    memo.keep({b"3": saying(3)})
    assert memo.take([b"1", b"2", b"3"]) == {b"1": saying(1), b"3": saying(3)}


def test_a_memo_that_is_too_small_for_a_watch_still_spares_as_much_as_it_holds() -> None:
    memo, live = events.Memo(size=3), {bytes([n]): saying(n) for n in range(1, 6)}
    for _ in range(3):
        known = memo.take(live)
        memo.keep({digest: each for digest, each in live.items() if digest not in known})
    assert len(memo.take(live)) == 3


def test_a_merged_event_is_kept_for_its_id_and_listed_nowhere(store: Store) -> None:
    whole, left = event("w-1"), replace(event("w-2"), sayings=(), merged_into="w-1")
    further, child = replace(event("w-3"), sayings=(), merged_into="w-2"), event("w-4", parent="w-2")
    with store.write() as tx:
        events.save(tx, [whole, left, further, child, event("v-1", watch="v")])
        assert events.get(tx, "w-2") == left
        assert events.merged(tx) == events.merged(tx, "w") == {"w-2": "w-1", "w-3": "w-1"}
        assert events.merged(tx, "v") == {}
        assert events.ids(tx, "w") == {"w-1", "w-2", "w-3", "w-4"}
        assert [each.id for each in events.all_events(tx, "w")] == ["w-1", "w-4"]
        assert [each.id for each in events.open_events(tx, "w", NOW)] == ["w-1", "w-4"]
        events.hand_over(tx, "w-2", "w-1")
        assert events.get(tx, "w-4") == replace(child, parent="w-1")
