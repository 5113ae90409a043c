"""Taking an article in: one transaction, and the same article twice writes nothing twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerts.records import Target
from alerts.rules import Mailing, Recipient, Route
from extractors.records import Article, Claim, Dating, Evidence, Reading
from monitor.faults import Faults
from monitor.intake import Taken, take_in, withdraw
from monitor.records import Event, Watch
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
    return replace(claim, **changes)


def mailing(*routes: Route) -> Mailing:
    return Mailing(
        routes, {"desk": Recipient(DESK), "room": Recipient(ROOM)}, {"mail": "parley@example.org"}, "example.org"
    )


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


# --- versions of one article ------------------------------------------------------------------------------------------

EDITED = "The fifth round of talks between Russia and Ukraine ended in Ankara on Saturday."
SAID = (Evidence("text", EDITED, 0, len(EDITED), ("predicate-held",)),)


def withdrawn(store: Store, watch: Watch, url: str = "https://courier.example/talks") -> Taken:
    with store.write() as tx:
        return withdraw(tx, url, watches=(watch,), mailing=mailing(Route(("desk",))), now=NOW, because="status 404")


def known(store: Store) -> Event:
    with store.read() as tx:
        (event,) = events.all_events(tx)
    return event


def test_an_edited_fact_corrects_those_who_were_told_once_with_both_sentences(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    edited = round_ended(place="Ankara", evidence=SAID)
    (alert,) = take(store, watch, edited, given=article(EDITED)).alerts
    assert alert.reason == "corrected"
    (edit,) = alert.edits
    assert edit.old is not None
    assert edit.new is not None
    assert (edit.old.text, edit.new.text) == (TEXT, EDITED)
    assert [(each.slot, each.old, each.new) for each in edit.moved] == [("place", "Istanbul", "Ankara")]
    event = known(store)
    assert (event.place, len(event.sayings), event.told) == (
        "Ankara",
        1,
        (("new", "concluded"), ("corrected", "concluded")),
    )
    assert "edited, place Istanbul → Ankara: https://courier.example/talks" in event.history[-1]
    assert take(store, watch, edited, given=article(EDITED)).known
    with store.read() as tx:
        assert len(deliveries.all_deliveries(tx)) == 2


def test_an_edit_of_words_alone_is_kept_and_tells_nobody(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    words = TEXT.replace("Saturday", "Saturday, officials said")
    same = round_ended(evidence=(Evidence("text", words, 0, len(words)),))
    taken = take(store, watch, same, given=article(words))
    assert (taken.alerts, [judged.trace.rules for judged in taken.judged]) == ((), [("unchanged",)])
    (saying,) = known(store).sayings
    assert saying.claim.evidence[0].text == words


def test_a_page_dated_anew_without_new_facts_tells_nobody(store: Store, watch: Watch) -> None:
    weak = Dating(date(2031, 5, 17), date(2031, 5, 17), "publication")
    later = replace(weak, start=date(2031, 5, 18), end=date(2031, 5, 18))
    take(store, watch, round_ended(date=weak))
    anew = replace(article(TEXT + " Updated."), published=NOW + timedelta(days=1))
    assert take(store, watch, round_ended(date=later), given=anew).alerts == ()
    assert known(store).date == weak


def test_what_the_new_version_no_longer_says_is_gone_and_told(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    (alert,) = take(store, watch, given=article("Rain fell on Saturday.")).alerts
    assert (alert.reason, alert.edits[0].gone, alert.articles) == ("corrected", True, 0)
    assert alert.title.startswith("No longer reported: ")
    event = known(store)
    assert (event.sayings, event.status) == ((), "concluded")
    assert event.history[-1].endswith("its only source was withdrawn; it stands as it was told, concluded")


def test_a_withdrawn_article_is_told_once_and_others_keep_the_event(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    other = article("Quite another text on the fifth round of talks.", "https://other.example/talks")
    take(store, watch, round_ended(place="Ankara"), given=other)
    (alert,) = withdrawn(store, watch).alerts
    assert (alert.reason, "withdrawn" in alert.rules, alert.place) == ("corrected", True, "Ankara")
    assert "withdrawn (status 404): https://courier.example/talks" in known(store).history[-1]
    assert withdrawn(store, watch).known
    assert withdrawn(store, watch, "https://courier.example/never-read").known


def test_an_event_without_sayings_takes_the_next_report_as_its_own(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    withdrawn(store, watch)
    other = article("Quite another text on the fifth round of talks.", "https://other.example/talks")
    (alert,) = take(store, watch, round_ended(), given=other).alerts
    assert (alert.reason, alert.families) == ("confirmed", 1)
    assert len(known(store).sayings) == 1


def test_a_withdrawn_page_that_comes_back_tells_again(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    withdrawn(store, watch)
    assert [alert.reason for alert in take(store, watch, round_ended()).alerts] == ["confirmed"]


def test_a_preview_that_becomes_the_report_interrupts(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended(status="planned"))
    (alert,) = take(store, watch, round_ended(evidence=SAID), given=article(EDITED)).alerts
    assert (alert.reason, [each.slot for each in alert.edits[0].moved]) == ("advanced", ["status"])


def test_a_report_taken_back_may_ring_when_it_comes_true(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    (alert,) = take(store, watch, round_ended(status="planned", evidence=SAID), given=article(EDITED)).alerts
    assert (alert.reason, alert.status) == ("corrected", "planned")
    other = article("Quite another text on the fifth round of talks.", "https://other.example/talks")
    assert [alert.reason for alert in take(store, watch, round_ended(), given=other).alerts] == ["advanced"]


def test_a_page_written_on_for_the_next_round_tells_of_it(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    later = round_ended(ordinal=6, date=Dating(date(2031, 6, 20), date(2031, 6, 20), "explicit"), evidence=SAID)
    page = replace(article(EDITED), published=NOW + timedelta(days=34), seen=NOW + timedelta(days=34))
    assert [alert.reason for alert in take(store, watch, later, given=page).alerts] == ["corrected", "new"]


def test_an_edit_of_what_nobody_was_told_is_silent(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended(), baseline=True)
    assert take(store, watch, round_ended(place="Ankara", evidence=SAID), given=article(EDITED)).alerts == ()
    assert known(store).place == "Ankara"


def test_a_version_that_cannot_be_read_takes_nothing_back(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    with store.write() as tx:
        given, reading = article("Τίποτα."), Reading((), unread="language unknown")
        taken = take_in(tx, given, reading, watches=(watch,), family="courier", mailing=Mailing(), now=NOW)
    assert taken.alerts == ()
    assert len(known(store).sayings) == 1


def test_a_copy_stands_for_itself_once_its_original_is_withdrawn(store: Store, watch: Watch) -> None:
    take(store, watch, round_ended())
    take(store, watch, round_ended(), given=article(url="https://copy.example/talks"))
    assert [saying.independent for saying in known(store).sayings].count(False) == 1
    withdrawn(store, watch)
    assert [saying.independent for saying in known(store).sayings] == [True]
