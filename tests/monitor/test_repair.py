"""What a person puts right while the service runs: it sees it at its next article, and nothing rings twice."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerts.rules import Mailing
from extractors.records import Article, Claim, Dating, Evidence, Reading
from monitor import repair
from monitor.faults import Faults
from monitor.intake import Taken, take_in
from monitor.records import Event, MonitorError, Watch
from monitor.store import Store, alerts, events, open_store
from monitor.watches import load_watch

NOW = datetime(2031, 5, 17, 12, tzinfo=UTC)
SEEDS = Path(__file__).parents[2] / "seeds"
Say = Callable[..., Taken]


@pytest.fixture(scope="module")
def watch() -> Watch:
    loaded = load_watch(SEEDS / "watches" / "ru-ua.yaml", SEEDS / "topics")
    assert not isinstance(loaded, Faults)
    return loaded


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'parley.db'}"


@pytest.fixture
def service(url: str, watch: Watch) -> Say:
    """Takes articles in as the service does, over one open store and with one memo from first to last."""
    store, memo = open_store(url), events.Memo()

    def say(
        name: str, status: str, *days: date, hours: int = 0, kind: str = "prisoner_exchange", **slots: int
    ) -> Taken:
        text = f"{name} says that it is {status}."
        at = NOW + timedelta(hours=hours)
        dating = Dating(days[0], days[-1], "explicit") if days else None
        claim = Claim(
            watch.id, kind, status, "news", dating, None, slots.get("ordinal"),
            {"each": slots["each"]} if "each" in slots else {}, ("Russia", "Ukraine"),
            (Evidence("text", text, 0, len(text)),), (),
        )  # fmt: skip
        article = Article(f"https://{name}.example/1", name, None, text, "en", at, at)
        with store.write() as tx:
            return take_in(
                tx, article, Reading((claim,)), watches=(watch,), family=name, mailing=Mailing(), now=at, memo=memo
            )

    return say


@pytest.fixture
def hand(url: str) -> Store:
    """The store as another process opens it."""
    return open_store(url)


def known(hand: Store) -> tuple[Event, ...]:
    with hand.read() as tx:
        return events.all_events(tx)


MAY_22, MAY_29 = date(2031, 5, 22), date(2031, 5, 29)


@pytest.fixture
def pair(service: Say, hand: Store) -> tuple[Event, Event]:
    """Two events, each told: an exchange on 22 May and one on 29 May."""
    service("courier", "planned", MAY_22, each=300)
    service("gazette", "planned", MAY_29, hours=1, each=390)
    first, second = known(hand)
    return first, second


def merge(hand: Store, watch: Watch, one: str, other: str) -> Event:
    with hand.write() as tx:
        return repair.merge(tx, one, other, (watch,), now=NOW, because="one and the same")


def test_merged_events_are_one_under_the_older_id_with_what_was_told_of_both(
    hand: Store, watch: Watch, pair: tuple[Event, Event]
) -> None:
    older, younger = pair
    whole = merge(hand, watch, younger.id, older.id)
    assert known(hand) == (whole,)
    assert whole.id == older.id
    assert {saying.url for saying in whole.sayings} == {"https://courier.example/1", "https://gazette.example/1"}
    assert whole.told == (("new", "planned"), ("new", "planned"))
    assert whole.history[-1] == f"2031-05-17 merged by hand with {younger.id}: one and the same"
    with hand.read() as tx:
        assert repair.living(tx, younger.id) == whole
        assert [alert.source.outlet for alert in alerts.of_event(tx, whole.id)] == ["courier", "gazette"]
        left = events.get(tx, younger.id)
    assert left is not None
    assert (left.merged_into, left.sayings) == (whole.id, ())


def test_what_fits_the_merged_event_joins_the_other_in_a_service_that_runs(
    service: Say, hand: Store, watch: Watch, pair: tuple[Event, Event]
) -> None:
    merge(hand, watch, pair[0].id, pair[1].id)
    taken = service("herald", "planned", MAY_29, hours=2, each=390)
    assert [judged.trace.event_id for judged in taken.judged] == [pair[0].id]
    assert not [alert for alert in taken.alerts if alert.reason == "new"]
    assert len(known(hand)) == 1


def test_what_was_told_of_either_rings_no_more(service: Say, hand: Store, watch: Watch) -> None:
    service("courier", "concluded", MAY_22, hours=120, each=300)
    service("gazette", "planned", MAY_29, hours=121, each=390)
    first, second = known(hand)
    whole = merge(hand, watch, first.id, second.id)
    assert whole.status == "concluded"
    taken = service("herald", "concluded", MAY_22, hours=122, each=300)
    assert not {alert.reason for alert in taken.alerts} & {"new", "advanced", "reversed"}


def test_chains_of_merges_lead_to_the_end(service: Say, hand: Store, watch: Watch, pair: tuple[Event, Event]) -> None:
    service("herald", "planned", date(2031, 6, 20), hours=2, each=70)
    third = known(hand)[2]
    merge(hand, watch, pair[1].id, third.id)
    merge(hand, watch, third.id, pair[0].id)
    with hand.read() as tx:
        assert events.merged(tx) == {pair[1].id: pair[0].id, third.id: pair[0].id}
        assert repair.living(tx, third.id).id == pair[0].id


def test_what_carries_out_a_merged_deal_carries_out_the_other(
    hand: Store, watch: Watch, pair: tuple[Event, Event]
) -> None:
    child = replace(pair[1], id="child", parent=pair[1].id, sayings=(), opened=NOW + timedelta(days=9))
    with hand.write() as tx:
        events.save(tx, [child])
    merge(hand, watch, *(event.id for event in pair))
    with hand.read() as tx:
        moved = events.get(tx, "child")
    assert moved is not None
    assert moved.parent == pair[0].id


def test_events_of_two_kinds_or_unknown_ones_are_not_merged(
    service: Say, hand: Store, watch: Watch, pair: tuple[Event, Event]
) -> None:
    service("herald", "planned", MAY_22, hours=2, kind="summit")
    summit = next(event for event in known(hand) if event.kind == "summit")
    before = known(hand)
    for other, said in (
        (summit.id, "one watch and one kind"),
        ("nothing", "no event nothing"),
        (pair[0].id, "already"),
    ):
        with pytest.raises(MonitorError, match=said):
            merge(hand, watch, pair[0].id, other)
    with pytest.raises(MonitorError, match="does not track that"), hand.write() as tx:
        repair.merge(tx, pair[0].id, pair[1].id, (), now=NOW, because=None)
    assert known(hand) == before


def test_an_event_that_was_split_knows_what_each_half_was_told(service: Say, hand: Store, watch: Watch) -> None:
    service("courier", "planned", MAY_22)
    service("gazette", "concluded", MAY_22, hours=130, each=300)
    (event,) = known(hand)
    with hand.write() as tx:
        kept, made = repair.split(
            tx, event.id, ["https://gazette.example/1"], (watch,), now=NOW + timedelta(hours=131), because="another"
        )
    assert (kept.id, kept.status, kept.told) == (event.id, "planned", (("new", "planned"), ("moved-away", "concluded")))
    assert (made.status, made.told, dict(made.counts)) == ("concluded", (("advanced", "concluded"),), {"each": 300})
    assert made.history[0].endswith(f"split by hand from {event.id}: another")
    assert f"https://gazette.example/1 went to {made.id}" in kept.history[-1]
    with hand.read() as tx:
        assert [alert.reason for alert in alerts.of_event(tx, made.id)] == ["advanced"]
    taken = service("herald", "concluded", MAY_22, hours=132, each=300)
    assert [judged.trace.event_id for judged in taken.judged] == [made.id]
    assert not {alert.reason for alert in taken.alerts} & {"new", "advanced"}


def test_a_later_version_of_an_article_that_was_split_off_stays_with_the_new_event(
    service: Say, hand: Store, watch: Watch
) -> None:
    service("courier", "planned", MAY_22, each=300)
    service("gazette", "planned", MAY_22, hours=1, each=300)
    (event,) = known(hand)
    with hand.write() as tx:
        _, made = repair.split(tx, event.id, ["https://gazette.example/1"], (watch,), now=NOW, because=None)
    taken = service("gazette", "agreed", MAY_22, hours=2, each=300)
    assert [judged.trace.event_id for judged in taken.judged] == [made.id]


def test_a_split_needs_articles_of_the_event_and_leaves_some(
    hand: Store, watch: Watch, pair: tuple[Event, Event]
) -> None:
    for urls, said in (
        (["https://gazette.example/1"], "tells nothing of"),
        (["https://courier.example/1"], "nothing would be left"),
    ):
        with pytest.raises(MonitorError, match=said), hand.write() as tx:
            repair.split(tx, pair[0].id, urls, (watch,), now=NOW, because=None)


def test_nothing_joins_a_closed_event_and_nothing_opens_in_its_stead(
    service: Say, hand: Store, pair: tuple[Event, Event]
) -> None:
    with hand.write() as tx:
        closed = repair.close(tx, pair[0].id, now=NOW, because="a misreading")
    taken = service("herald", "concluded", MAY_22, hours=126, each=300)
    assert [(judged.trace.verdict, judged.trace.rules) for judged in taken.judged] == [("kept", ("event-closed",))]
    assert taken.alerts == ()
    assert [event for event in known(hand) if event.id == closed.id] == [closed]
    assert closed.history[-1] == "2031-05-17 closed by hand: a misreading"
    with pytest.raises(MonitorError, match="closed already"), hand.write() as tx:
        repair.close(tx, closed.id, now=NOW, because=None)


def test_a_new_version_of_an_article_of_a_closed_event_tells_nobody(
    service: Say, hand: Store, pair: tuple[Event, Event]
) -> None:
    with hand.write() as tx:
        repair.close(tx, pair[0].id, now=NOW, because=None)
    assert service("courier", "cancelled", MAY_22, hours=2, each=300).alerts == ()


def test_a_repair_waits_for_an_article_that_is_being_taken_in_and_does_not_fail(
    url: str, hand: Store, watch: Watch, pair: tuple[Event, Event]
) -> None:
    other, begun = open_store(url), threading.Event()

    def slow() -> None:
        with other.write() as tx:
            begun.set()
            threading.Event().wait(0.3)
            assert len(events.open_events(tx, watch.id, NOW - timedelta(days=9))) == 2

    writer = threading.Thread(target=slow)
    writer.start()
    begun.wait()
    assert merge(hand, watch, pair[0].id, pair[1].id).id == pair[0].id
    writer.join()
