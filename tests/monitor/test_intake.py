"""Taking an article in: one transaction, and the same article twice writes nothing twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerts.records import Route, Target
from extractors.records import Article, Claim, Dating, Evidence, Reading
from monitor.faults import Faults
from monitor.intake import Mailing, Taken, take_in
from monitor.records import Watch
from monitor.store import Store, alerts, deliveries, events, open_store
from monitor.watches import load_watch

NOW = datetime(2031, 5, 17, 12, tzinfo=UTC)
SEEDS = Path(__file__).parents[2] / "seeds"
TEXT = "The fifth round of talks between Russia and Ukraine ended in Istanbul on Saturday."
DESK = Target("desk", "mail", "email", "desk@example.org")
ROOM = Target("room", "slack", "slack", "C0123ABCD")


@pytest.fixture(scope="module")
def watch() -> Watch:
    loaded = load_watch(SEEDS / "watches" / "ru-ua.yaml", SEEDS / "topics")
    assert not isinstance(loaded, Faults)
    return loaded


@pytest.fixture
def store() -> Iterator[Store]:
    opened = open_store("sqlite://")
    yield opened
    opened.close()


def article(text: str = TEXT, url: str = "https://courier.example/talks") -> Article:
    return Article(url, "courier.example", "Talks end", text, "en", NOW - timedelta(minutes=5), NOW)


def round_ended(**changes: object) -> Claim:
    claim = Claim(
        watch="ru-ua",
        kind="talks_round",
        status="concluded",
        role="news",
        date=Dating(date(2031, 5, 17), date(2031, 5, 17), "explicit"),
        place="Istanbul",
        ordinal=5,
        counts={},
        parties=("Russia", "Ukraine"),
        evidence=(Evidence("text", TEXT, 0, len(TEXT), ("predicate-held",)),),
        rules=("predicate-held",),
    )
    return replace(claim, **changes)  # type: ignore[arg-type]


def mailing(*routes: Route) -> Mailing:
    return Mailing(routes, {"desk": DESK, "room": ROOM}, {"mail": "parley@example.org"}, "example.org")


def take(
    store: Store, watch: Watch, *claims: Claim, given: Article | None = None, mail: Mailing | None = None, **more: bool
) -> Taken:
    with store.write() as tx:
        return take_in(
            tx,
            given or article(),
            Reading(claims),
            watches=(watch,),
            family="courier",
            mailing=mail or mailing(Route(("desk",))),
            now=NOW,
            **more,
        )


def test_event_alert_and_delivery_are_written_together(store: Store, watch: Watch) -> None:
    taken = take(store, watch, round_ended())
    assert [alert.reason for alert in taken.alerts] == ["new"]
    with store.read() as tx:
        (event,) = events.all_events(tx)
        (delivery,) = deliveries.all_deliveries(tx)
        assert event.told == (("new", "concluded"),)
        assert alerts.get(tx, taken.alerts[0].id) == taken.alerts[0]
    assert (delivery.event_id, delivery.target, delivery.state) == (event.id, DESK, "pending")


def test_the_same_article_again_writes_nothing(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    assert take(store, watch, round_ended()).known
    with store.read() as tx:
        assert len(deliveries.all_deliveries(tx)) == 1
        assert len(events.all_events(tx)[0].sayings) == 1


def test_a_crash_before_the_commit_leaves_nothing_and_the_repeat_tells_once(store: Store, watch: Watch) -> None:
    def crash() -> None:
        with store.write() as tx:
            take_in(
                tx,
                article(),
                Reading((round_ended(),)),
                watches=(watch,),
                family="courier",
                mailing=mailing(Route(("desk",))),
                now=NOW,
            )
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    with store.read() as tx:
        assert events.all_events(tx) == ()
        assert deliveries.all_deliveries(tx) == ()
    assert len(take(store, watch, round_ended()).alerts) == 1


def test_a_baseline_article_is_known_and_rings_nobody(store: Store, watch: Watch) -> None:
    assert take(store, watch, round_ended(), baseline=True).alerts == ()
    later = article("Another text of the same round.", "https://other.example/talks")
    assert take(store, watch, round_ended(), given=later).alerts == ()


def test_a_story_can_be_the_baseline_of_two_watches(store: Store, watch: Watch) -> None:
    second = replace(watch, id="second", names=replace(watch.names, watch="second"))
    assert not take(store, watch, round_ended(), baseline=True).known
    assert not take(store, second, round_ended(watch="second"), baseline=True).known
    with store.read() as tx:
        assert {event.watch for event in events.all_events(tx)} == {"ru-ua", "second"}
    later = article("Another text of the same round.", "https://other.example/talks")
    assert take(store, second, round_ended(watch="second"), given=later).alerts == ()


def test_a_baseline_article_twice_is_taken_in_once(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended(), baseline=True)
    assert take(store, watch, round_ended(), baseline=True).known
    with store.read() as tx:
        (event,) = events.all_events(tx)
    assert len(event.sayings) == 1


def test_a_recipient_of_several_routes_is_told_once(store: Store, watch: Watch) -> None:
    routes = (Route(("desk", "room")), Route(("desk",), kinds=frozenset({"talks_round"})))
    assert take(store, watch, round_ended(), mail=mailing(*routes)).deliveries == 2


@pytest.mark.parametrize(
    "route",
    [
        Route(("desk",), watches=frozenset({"gaza"})),
        Route(("desk",), kinds=frozenset({"summit"})),
        Route(("desk",), reasons=frozenset({"reversed"})),
    ],
)
def test_a_route_for_something_else_sends_nothing(store: Store, watch: Watch, route: Route) -> None:
    taken = take(store, watch, round_ended(), mail=mailing(route))
    assert len(taken.alerts) == 1
    assert taken.deliveries == 0


def test_two_claims_on_one_event_are_one_alert(store: Store, watch: Watch) -> None:
    again = round_ended(status="underway", evidence=(Evidence("title", "Talks end", 0, 9, ()),))
    assert [alert.reason for alert in take(store, watch, round_ended(), again).alerts] == ["new"]


def test_an_alert_speaks_in_the_words_of_its_topic(store: Store, watch: Watch) -> None:
    bodies = round_ended(kind="remains_repatriation", ordinal=None, counts={"Russia->Ukraine": 1200})
    (alert,) = take(store, watch, bodies).alerts
    assert alert.label == "return of bodies"
    assert alert.title == "Return of bodies from Russia to Ukraine carried out in Istanbul, 17 May 2031: 1,200"
    assert {fact.slot: fact.value for fact in alert.facts}["counts"] == "1,200 from Russia to Ukraine"
