"""Stored articles read again by a watch that has changed: the memory is put right, and nobody is rung for it."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection

from alerts.records import Target
from alerts.rules import Mailing, Recipient, Route
from extractors.claims import read_claims
from extractors.lexicon import compile_lexicon
from extractors.records import Article, Entry, Reading
from monitor.faults import Faults
from monitor.intake import Taken, take_in
from monitor.records import Event, Feed, Watch
from monitor.reread import Rereader
from monitor.store import alerts, articles, deliveries, entries, events, feeds, open_store
from monitor.store.events import Memo
from monitor.store.rereads import Course, ask, course
from monitor.store.threads import StoreThread
from monitor.watches import load_watch
from monitor.workers import WorkerFailure

NOW = datetime(2031, 5, 17, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TOPICS = Path(__file__).parents[2] / "seeds" / "topics"
DESK = Target("desk", "mail", "email", "desk@example.org")
MAILING = Mailing((Route(("desk",)),), {"desk": Recipient(DESK)}, {"mail": "parley@example.org"}, "example.org")
WATCH = """\
watch: small
title: A small watch
parties:
  - {name: Arcadia, forms: {en: [Arcadia%s]}, people: {en: [Arcadian, Arcadians]}}
  - {name: Bohemia, forms: {en: [Bohemia%s]}, people: {en: [Bohemian, Bohemians]}}
places:
  - {name: Lisbon, forms: {en: [Lisbon]}}
series:
  - {id: lisbon-2031, title: Lisbon 2031, kind: talks_round, start: 2031-05-01, end: null, places: [Lisbon]}
topics: [talks_round, prisoner_exchange]
rings: {kinds: [talks_round, prisoner_exchange], max_age: 72h, min_families: %d}
"""
PLANNED = "The March and the Duchy will hold the second round of talks in Lisbon on May 20, the foreign ministry said."
HELD = "The March and the Duchy held the second round of talks in Lisbon on May 20, the foreign ministry said."
ALSO = (
    "The {} round of talks between Arcadia and Bohemia ended in Lisbon on May {}; both delegations have left the town."
)
FIRST = "Arcadia and Bohemia held the first round of talks in Lisbon on May 14, the foreign ministry said."


class Desk:
    """A store, a watch whose words the test changes, and what the service does with an article."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, NOW
        self.store = open_store(f"sqlite:///{folder / 'parley.db'}")
        self.thread = StoreThread(self.store)
        self.memo = Memo()
        self.feeds: dict[str, Feed] = {}
        self.broken: set[str] = set()
        self.watches: Sequence[Watch] = ()
        self.knows("")

    def knows(self, more: str, families: int = 1) -> None:
        """From now on the watch has these further names of Bohemia."""
        (self.folder / "watches").mkdir(exist_ok=True)
        file = self.folder / "watches" / "small.yaml"
        file.write_text(WATCH % (", the March" if more else "", more, families), encoding="utf-8")
        watch = load_watch(file, TOPICS)
        assert not isinstance(watch, Faults), watch
        self.watches = (replace(watch, rings=replace(watch.rings, began=NOW - 30 * DAY)),)
        self.lexicon = compile_lexicon([watch.names])

    def reads(self, article: Article) -> Reading:
        return read_claims(article, self.lexicon)

    def comes(self, text: str, name: str, at: datetime, outlet: str = "courier.example") -> Taken:
        """An article is published, polled and taken in."""
        self.now = at
        article = Article(f"https://{outlet}/{name}", outlet, name, text, "en", at, at)
        with self.store.write() as tx:
            return take_in(
                tx, article, self.reads(article), watches=self.watches, family=outlet, mailing=MAILING, now=at,
                memo=self.memo,
            )  # fmt: skip

    def again(self, days: int = 7, *, asked: bool = True) -> Course:
        """Read again what came in within the last days."""
        if asked:
            with self.store.write() as tx:
                ask(tx, days * DAY, self.now)
        ended = asyncio.run(self.rereader().turn())
        assert ended is not None
        assert ended.ended is not None
        return ended

    def rereader(self, size: int = 100) -> Rereader:
        made = Rereader(
            store=self.thread, workers=self, memo=self.memo, clock=lambda: self.now,
            log=structlog.get_logger(), size=size,
        )  # fmt: skip
        with self.store.read() as tx:
            wish = course(tx)
        made.use(self.watches, lambda: self.feeds, wish and wish.asked)
        return made

    async def read(self, article: Article) -> Reading | WorkerFailure:
        """As the pool of workers does, by the names in use."""
        if article.url in self.broken:
            return WorkerFailure("timeout", "not done after 10 s")
        return self.reads(article)

    def events(self) -> tuple[Event, ...]:
        with self.store.read() as tx:
            return events.all_events(tx)

    def rung(self) -> list[tuple[str, str]]:
        with self.store.read() as tx:
            told = [(alert.reason, alert.status) for alert in alerts.all_alerts(tx)]
            assert len(deliveries.all_deliveries(tx)) == len(told)
            return told


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.thread.close()
    made.store.close()


def test_what_new_words_find_in_stored_articles_is_known_and_rings_nobody(desk: Desk) -> None:
    desk.comes(PLANNED, "plan", NOW)
    assert desk.events() == ()
    desk.knows(", the Duchy")
    ended = desk.again()
    (event,) = desk.events()
    assert (event.status, event.ordinal, event.place, event.baseline) == ("planned", 2, "Lisbon", True)
    assert (ended.read, ended.opened, ended.changed, ended.failed) == (1, 1, 0, 0)
    assert desk.rung() == []


def test_the_next_word_on_what_came_to_light_so_is_not_new_but_its_coming_about_rings(desk: Desk) -> None:
    desk.comes(PLANNED, "plan", NOW)
    desk.knows(", the Duchy")
    desk.again()
    desk.comes(PLANNED, "plan", NOW + DAY, "herald.example")
    assert desk.rung() == []
    desk.comes(HELD, "held", NOW + 4 * DAY, "herald.example")
    assert desk.rung() == [("advanced", "concluded")]


def test_articles_of_one_event_are_read_in_the_order_of_their_publication(desk: Desk) -> None:
    desk.comes(HELD, "held", NOW + 4 * DAY)
    desk.comes(PLANNED, "plan", NOW)  # came in later, though it is the older one
    desk.now = NOW + 5 * DAY
    desk.knows(", the Duchy")
    ended = desk.again()
    (event,) = desk.events()
    assert event.status == "concluded"
    assert [saying.claim.status for saying in event.sayings] == ["planned", "concluded"]
    assert (ended.read, ended.opened) == (2, 1)
    desk.comes(HELD, "held", NOW + 5 * DAY, "herald.example")
    assert desk.rung() == []


def test_an_event_that_people_were_told_of_keeps_what_they_were_told_so_that_its_next_phase_rings(desk: Desk) -> None:
    desk.comes(PLANNED.replace("The March and the Duchy", "Arcadia and Bohemia"), "plan", NOW)
    desk.comes(HELD, "held", NOW + 4 * DAY)  # by a name that the watch does not have
    assert desk.rung() == [("new", "planned")]
    desk.knows(", the Duchy")
    desk.again()
    (event,) = desk.events()
    assert event.status == "concluded"
    assert desk.rung() == [("new", "planned")]
    desk.comes(HELD, "held", NOW + 4 * DAY, "herald.example")
    assert desk.rung() == [("new", "planned"), ("advanced", "concluded")]


def test_an_event_that_waits_for_a_second_newsroom_may_still_ring_when_that_comes(desk: Desk) -> None:
    desk.knows("", families=2)
    desk.comes(FIRST, "first", NOW)
    desk.again()
    assert desk.rung() == []
    desk.comes(ALSO.format("first", 14), "first", NOW, "herald.example")
    assert desk.rung() == [("new", "concluded")]


def test_reading_again_by_the_same_words_changes_nothing(desk: Desk) -> None:
    desk.comes(FIRST, "first", NOW)
    desk.comes(PLANNED, "plan", NOW + DAY)
    before, rung = desk.events(), desk.rung()
    with desk.store.read() as tx:
        decided = articles.decisions_of(tx, "https://courier.example/first")
    ended = desk.again()
    assert (ended.read, ended.changed, ended.opened) == (2, 0, 0)
    assert (desk.events(), desk.rung()) == (before, rung)
    with desk.store.read() as tx:
        now = articles.decisions_of(tx, "https://courier.example/first")
    assert [each.detail["alerts"] for each in now] == [each.detail["alerts"] for each in decided] != [[]]


def test_what_the_new_words_no_longer_find_is_taken_out_of_its_event_and_noted(desk: Desk) -> None:
    desk.knows(", the Duchy")
    desk.comes(HELD.replace("May 20", "May 16"), "held", NOW)
    desk.comes(ALSO.format("second", 16), "held", NOW, "herald.example")
    assert [event.confirmed for event in desk.events()] == [2]
    told = desk.rung()
    desk.knows("")
    ended = desk.again()
    (event,) = desk.events()
    assert [saying.outlet for saying in event.sayings] == ["herald.example"]
    assert "read again, no longer says so" in event.history[-1]
    assert (ended.changed, desk.rung()) == (1, told)


def test_an_event_that_no_article_tells_any_more_stands_as_it_was_told(desk: Desk) -> None:
    desk.knows(", the Duchy")
    desk.comes(HELD.replace("May 20", "May 16"), "held", NOW)
    desk.knows("")
    desk.again()
    (event,) = desk.events()
    assert (event.status, event.sayings) == ("concluded", ())
    assert "no article tells it any more" in event.history[-1]


def test_only_what_came_in_within_the_days_is_read_again(desk: Desk) -> None:
    desk.comes(HELD.replace("May 20", "May 16"), "held", NOW)
    desk.comes("Nothing of note.", "nothing", NOW + 10 * DAY)
    desk.knows(", the Duchy")
    assert desk.again(days=9).read == 1
    assert desk.events() == ()
    assert desk.again(days=11).read == 2
    assert len(desk.events()) == 1


def test_a_page_that_was_withdrawn_is_not_read_again_and_an_edited_one_by_its_last_text(desk: Desk) -> None:
    desk.comes(HELD, "gone", NOW)
    desk.comes("", "gone", NOW)
    desk.comes("Nothing of note.", "edited", NOW)
    desk.comes(HELD.replace("second", "third"), "edited", NOW)
    desk.knows(", the Duchy")
    assert desk.again().read == 1
    assert [event.ordinal for event in desk.events()] == [3]


def test_an_article_that_cannot_be_read_is_counted_and_keeps_no_other_from_being_read(desk: Desk) -> None:
    desk.comes(PLANNED, "plan", NOW)
    desk.comes(PLANNED, "plan", NOW + DAY / 24, "herald.example")
    desk.knows(", the Duchy")
    desk.broken.add("https://courier.example/plan")
    ended = desk.again()
    assert (ended.read, ended.failed, ended.opened) == (1, 1, 1)


def test_a_reading_again_that_was_cut_off_goes_on_where_it_stood(desk: Desk) -> None:
    for n in range(5):
        desk.comes(PLANNED, f"plan-{n}", NOW + n * DAY / 24, f"paper-{n}.example")
    desk.knows(", the Duchy")
    with desk.store.write() as tx:
        ask(tx, 7 * DAY, desk.now)

    class CutError(Exception):
        pass

    async def cut_after(number: int) -> None:
        cut, taken = desk.rereader(size=2), []
        read = desk.read

        async def until(article: Article) -> Reading | WorkerFailure:
            if len(taken) == number:
                raise CutError
            taken.append(article.url)
            return await read(article)

        cut._workers = type("Cutting", (), {"read": staticmethod(until)})()
        with pytest.raises(CutError):
            await cut.turn()

    asyncio.run(cut_after(3))
    with desk.store.read() as tx:
        stands = course(tx)
    assert stands is not None
    assert (stands.read, stands.ended) == (3, None)
    ended = desk.again(asked=False)
    assert (ended.read, ended.opened, desk.rung()) == (5, 1, [])
    assert [len(event.sayings) for event in desk.events()] == [5]


def test_a_feed_that_is_for_one_watch_tells_the_others_nothing_when_its_articles_are_read_again(desk: Desk) -> None:
    url = "https://courier.example/rss"
    desk.feeds = {url: Feed(url, "courier.example", "courier", watches=("another",))}
    with desk.store.write() as tx:
        feeds.sync(tx, tuple(desk.feeds.values()), NOW)
        entries.add(tx, url, [Entry("1", "https://courier.example/plan", "plan")], status="new", now=NOW)
    desk.comes(PLANNED, "plan", NOW)
    desk.comes(PLANNED.replace("second", "third"), "plan", NOW, "herald.example")
    desk.knows(", the Duchy")
    desk.again()
    assert [event.ordinal for event in desk.events()] == [3]


def test_a_wish_while_one_is_under_way_takes_its_place(desk: Desk) -> None:
    desk.comes(PLANNED, "plan", NOW)
    with desk.store.write() as tx:
        ask(tx, 7 * DAY, NOW)
        second = ask(tx, 3 * DAY, NOW + DAY)
    desk.now = NOW + DAY
    ended = desk.again(asked=False)
    assert (ended.asked, ended.since) == (second.asked, NOW - 2 * DAY)


def test_watches_that_change_while_articles_are_read_again_are_put_to_all_of_them(desk: Desk) -> None:
    for n in range(4):
        desk.comes(PLANNED, f"plan-{n}", NOW + n * DAY / 24, f"paper-{n}.example")
    with desk.store.write() as tx:
        ask(tx, 7 * DAY, desk.now)
    under_way, old = desk.rereader(), desk.watches
    by_old_names = desk.read

    async def read(article: Article) -> Reading | WorkerFailure:
        if article.url.endswith("plan-2") and desk.watches is old:
            desk.comes(PLANNED, "plan-4", desk.now + DAY, "paper-4.example")  # after the wish, by the old names
            desk.knows(", the Duchy")
            under_way.use(desk.watches, lambda: desk.feeds, under_way._wish)
        return await by_old_names(article)

    under_way._workers = type("Changing", (), {"read": staticmethod(read)})()
    ended = asyncio.run(under_way.turn())
    assert ended is not None
    assert (ended.read, ended.opened, desk.rung()) == (5, 1, [])
    assert [len(event.sayings) for event in desk.events()] == [5]


async def test_a_store_that_takes_nothing_for_a_while_holds_a_reading_again_up_and_makes_it_no_other(
    desk: Desk,
) -> None:
    for n in range(20):  # more than what is free in the pages there are
        desk.comes(PLANNED, f"plan-{n}", NOW, f"paper-{n}.example")
    desk.knows(", the Duchy")
    with desk.store.write() as tx:
        ask(tx, 7 * DAY, desk.now)
    desk.thread.endure(lambda: desk.now, structlog.get_logger())
    await _room(desk, enough=False)
    turn = asyncio.create_task(desk.rereader().turn())
    async with asyncio.timeout(10):
        while desk.thread.stalled is None:  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.01)
    assert not turn.done()
    await _room(desk, enough=True)
    ended = await asyncio.wait_for(turn, 10)
    assert ended is not None
    assert (ended.read, ended.opened, ended.changed) == (20, 1, 19)
    assert [len(event.sayings) for event in desk.events()] == [20]
    assert (desk.thread.stalled, len(desk.thread.ended)) == (None, 1)


async def _room(desk: Desk, *, enough: bool) -> None:
    """As many pages as one likes, or no more than there are: SQLITE_FULL inside the transaction."""

    def work(tx: Connection) -> None:
        pages = 1_000_000 if enough else tx.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    await desk.thread.query(work)


def test_a_wish_waits_for_the_reload_that_it_was_asked_with(desk: Desk) -> None:
    for n in range(3):
        desk.comes(PLANNED, f"plan-{n}", NOW + n * DAY / 24, f"paper-{n}.example")
    with desk.store.write() as tx:
        ask(tx, 3 * DAY, desk.now)
    rereader, read = desk.rereader(), desk.read

    async def asked_for_more(article: Article) -> Reading | WorkerFailure:
        with desk.store.write() as tx:
            ask(tx, 7 * DAY, NOW + DAY)
        return await read(article)

    rereader._workers = type("Asked", (), {"read": staticmethod(asked_for_more)})()
    stands = asyncio.run(rereader.turn())
    assert stands is not None
    assert (stands.asked, stands.read, stands.ended) == (NOW + DAY, 0, None)
    desk.knows(", the Duchy")
    ended = desk.again(asked=False)
    assert (ended.read, ended.opened) == (3, 1)
