"""What holds of a replay of labelled news whatever the order within a day, the repetition, or the process."""

import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerts.records import INTERRUPTS, PHASES, Alert
from alerts.rules import Mailing
from extractors.claims import read_claims
from extractors.lexicon import compile_lexicon
from extractors.records import Article, Reading
from monitor.archive import load
from monitor.cli import main
from monitor.faults import Faults
from monitor.intake import Taken, take_in
from monitor.records import Event, Saying, Watch
from monitor.replay import BEGINNING
from monitor.store import Store, open_store
from monitor.store import events as stored_events
from monitor.watches import load_watch

pytestmark = pytest.mark.slow

HOME = Path(__file__).parents[1]
LABELLED = HOME / "tests" / "corpus" / "dev-retold.jsonl"
SEEDS = (1, 2, 3)

# Recalls that lie in another event, or in none, when a day comes in another order: at most so many at once, of 147
# claims; two of the five are of memorandums, which were not read as claims before. A recall that is read before the
# news of its day finds another event, or nothing, and is not asked again.
ELSEWHERE = 5

Said = tuple[str, str, str, int]
Telling = frozenset[Said]


@dataclass(frozen=True)
class Heard:
    """What a store knows after some articles, and the alerts on the way."""

    events: tuple[Event, ...]
    alerts: tuple[Alert, ...]


@cache
def watch() -> Watch:
    loaded = load_watch(HOME / "seeds" / "watches" / "ru-ua.yaml", HOME / "seeds" / "topics")
    assert not isinstance(loaded, Faults)
    return loaded


@cache
def news() -> tuple[tuple[Article, Reading], ...]:
    """The labelled articles in their order, each with its reading, which does not depend on any order."""
    lexicon = compile_lexicon([watch().names])
    articles = [saved.article for saved in load([LABELLED]).articles]
    return tuple((article, read_claims(article, lexicon)) for article in articles)


def feed(store: Store, articles: Iterable[tuple[Article, Reading]]) -> Iterator[Taken]:
    """Each article alone, in a transaction of its own, as a replay does."""
    now = BEGINNING
    for article, reading in articles:
        now = max(now, article.published or now)
        seen = replace(article, seen=article.published or now)
        with store.write() as tx:
            yield take_in(
                tx, seen, reading, watches=(watch(),), family=seen.outlet, mailing=Mailing(), now=now, baseline=False
            )


def known_to(store: Store) -> tuple[Event, ...]:
    with store.read() as tx:
        return tuple(stored_events.all_events(tx, watch().id))


def hear(articles: Sequence[tuple[Article, Reading]]) -> Heard:
    store = open_store("sqlite://")
    try:
        alerts = tuple(alert for taken in feed(store, articles) for alert in taken.alerts)
        return Heard(known_to(store), alerts)
    finally:
        store.close()


@cache
def in_order() -> Heard:
    return hear(news())


@cache
def shuffled(seed: int) -> Heard:
    """The same news, each day's articles in another order."""
    days: dict[datetime | None, list[tuple[Article, Reading]]] = defaultdict(list)
    for each in news():
        days[each[0].published].append(each)
    mixer = random.Random(seed)
    for articles in days.values():
        mixer.shuffle(articles)
    return hear([each for articles in days.values() for each in articles])


def said(saying: Saying) -> Said:
    first = saying.claim.evidence[0]
    return saying.url, saying.claim.kind, first.field, first.start


def told_as_news(heard: Heard) -> dict[Telling, Event]:
    """The events that some claim tells as news, each by those claims: its id depends on which came first."""
    groups = [(frozenset(said(s) for s in event.sayings if s.claim.role == "news"), event) for event in heard.events]
    return {telling: event for telling, event in groups if telling}


def interrupts(heard: Heard) -> Counter[tuple[Telling, str]]:
    """How often people were interrupted about each event in each phase."""
    tellings = {event.id: telling for telling, event in told_as_news(heard).items()}
    return Counter((tellings[a.event_id], PHASES[a.status]) for a in heard.alerts if a.reason in INTERRUPTS)


def test_there_is_something_to_shuffle() -> None:
    assert len(news()) > 80
    assert len(told_as_news(in_order())) > 20
    assert len({tuple(a.id for a in shuffled(seed).alerts) for seed in SEEDS}) > 1


@pytest.mark.parametrize("seed", SEEDS)
def test_news_forms_the_same_events_in_any_order_within_a_day(seed: int) -> None:
    assert told_as_news(shuffled(seed)).keys() == told_as_news(in_order()).keys()


@pytest.mark.parametrize("seed", SEEDS)
def test_events_have_the_same_facts_and_status_in_any_order_within_a_day(seed: int) -> None:
    def facts(heard: Heard) -> dict[Telling, tuple[object, ...]]:
        return {
            telling: (e.kind, e.status, e.date, e.place, e.ordinal, e.series, dict(e.counts), e.parties, e.days)
            for telling, e in told_as_news(heard).items()
        }

    assert facts(shuffled(seed)) == facts(in_order())


@pytest.mark.parametrize("seed", SEEDS)
def test_nearly_every_recall_finds_the_same_event_in_any_order_within_a_day(seed: int) -> None:
    def companions(heard: Heard) -> set[tuple[Said, Telling]]:
        """Each claim with the news of its event; two claims of one article may begin at the same sentence."""
        return {
            (said(saying), frozenset(said(s) for s in event.sayings if s.claim.role == "news"))
            for event in heard.events
            for saying in event.sayings
        }

    before, after = companions(in_order()), companions(shuffled(seed))
    elsewhere = sorted(claim for claim, _ in before - after)
    print(f"{len(elsewhere)} of {len(before)} claims in another event: {elsewhere}")
    assert len(elsewhere) <= ELSEWHERE


@pytest.mark.parametrize("seed", SEEDS)
def test_an_event_interrupts_once_a_phase_and_only_what_was_ahead_may_be_told_or_not(seed: int) -> None:
    before, after = interrupts(in_order()), interrupts(shuffled(seed))
    assert set(before.values()) == set(after.values()) == {1}
    assert {phase for _, phase in before.keys() ^ after.keys()} <= {"ahead"}


def test_what_is_fed_twice_changes_nothing_the_second_time() -> None:
    store = open_store("sqlite://")
    try:
        assert not any(taken.known for taken in feed(store, news()))
        stood = known_to(store)
        assert all(taken.known and not taken.alerts and not taken.judged for taken in feed(store, news()))
        assert known_to(store) == stood
    finally:
        store.close()


def test_what_comes_again_with_an_empty_line_more_rings_nothing() -> None:
    again = [(replace(article, text=f"{article.text}\n"), reading) for article, reading in news()]
    store = open_store("sqlite://")
    try:
        alerts = [alert for taken in feed(store, news()) for alert in taken.alerts]
        assert tuple(alerts) == in_order().alerts
        assert [alert for taken in feed(store, again) for alert in taken.alerts] == []
    finally:
        store.close()


def test_another_process_with_another_hash_seed_prints_the_same_bytes() -> None:
    replay = ["--home", str(HOME), "replay", "--json", str(LABELLED)]
    here = CliRunner().invoke(main, replay, catch_exceptions=False).stdout_bytes
    assert here.count(b"\n") > 50
    # which hashes this process has is not known; of two others at least one has not the same
    for seed in ("1", "2") if "PYTHONHASHSEED" in os.environ else ("1",):
        command = [sys.executable, "-m", "monitor", *replay]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout == here
