"""The stories that come with the program, replayed: three alerts interrupt, and every trap in them is named."""

import json
from collections.abc import Sequence

import pytest

from alerts.records import INTERRUPTS, Alert
from extractors.claims import read_claims
from extractors.lexicon import compile_lexicon
from extractors.records import Article, Evidence
from monitor.archive import load
from monitor.homes import shipped
from monitor.records import Watch
from monitor.replay import replay
from monitor.watches import load_watch

STORIES = shipped("seeds") / "stories"
ROUND, STALEMATE = "istanbul-second-round", "istanbul-stalemate"


@pytest.fixture(scope="module")
def watch() -> Watch:
    loaded = load_watch(shipped("seeds") / "watches" / "ru-ua.yaml", shipped("seeds") / "topics")
    assert isinstance(loaded, Watch)
    return loaded


def stories(*names: str) -> list[Article]:
    loaded = load([STORIES / f"{name}.md" for name in names])
    assert loaded.problems == ()
    return [saved.article for saved in loaded.articles]


def interrupting(alerts: Sequence[Alert]) -> list[Alert]:
    return sorted((alert for alert in alerts if alert.reason in INTERRUPTS), key=lambda alert: alert.kind)


@pytest.mark.parametrize("order", [(ROUND, STALEMATE), (STALEMATE, ROUND)], ids=["as told", "turned round"])
def test_exactly_three_alerts_interrupt_in_either_order(watch: Watch, order: tuple[str, str]) -> None:
    alerts = replay(stories(*order), watch)
    exchange, bodies, talks = interrupting(alerts)
    assert (exchange.kind, exchange.reason, exchange.status) == ("prisoner_exchange", "new", "agreed")
    assert exchange.counts == {}  # 25 is an age
    assert (bodies.kind, bodies.reason) == ("remains_repatriation", "new")
    assert bodies.status in ("agreed", "planned")
    assert bodies.counts == {"Russia->Ukraine": 6000}
    assert (talks.kind, talks.reason, talks.status) == ("talks_round", "new", "concluded")
    assert (talks.ordinal, talks.place) == (2, "Istanbul")
    updates = [(alert.reason, alert.event_id) for alert in alerts if alert.reason not in INTERRUPTS]
    assert ("confirmed", talks.event_id) in updates
    assert {event for _, event in updates} == {talks.event_id}


def test_what_is_known_interrupts_nobody(watch: Watch) -> None:
    known = stories(ROUND, STALEMATE)
    assert replay(known, watch, known=known) == ()
    assert interrupting(replay(stories(STALEMATE, ROUND), watch, known=known)) == []


# Each trap: a piece of the sentence, the kind it looks like, and what it may be: claims by status and role, or
# "refused", a trigger that a named rule turned down.
TRAPS = [
    ("first round, held on May 16", "talks_round", {"concluded background"}),
    ("a swap in May of thousands", "prisoner_exchange", {"concluded background", "underway background", "refused"}),
    (
        "submitted a memorandum",
        "memorandum",
        {"refused", "proposed news", "proposed background", "concluded background"},
    ),
    ("finalising a memorandum", "memorandum", {"refused", "proposed news", "proposed background"}),
    ("ceasefire of at least 30 days", "ceasefire_proposal", {"refused", "proposed news", "proposed background"}),
    ("a short truce along parts", "ceasefire_proposal", {"refused", "proposed news", "proposed background"}),
    ("a list with the names of hundreds of children", "children_return", {"proposed news", "proposed background"}),
    ("floated a possible summit", "summit", {"proposed news", "proposed background"}),
    ("direct talks between the presidents", "summit", {"proposed news", "proposed background"}),
    ("ongoing exchanges of prisoners", "prisoner_exchange", {"refused"}),
    ("statements on what was settled are expected", "prisoner_exchange", {"refused"}),
    ("no further sessions scheduled", "talks_round", {"refused"}),
    ("strategically delaying negotiations", "talks_round", {"refused"}),
    ("As the talks continue", "talks_round", {"refused"}),
]


@pytest.mark.parametrize(("words", "kind", "allowed"), TRAPS, ids=[words for words, *_ in TRAPS])
def test_each_trap_is_a_quiet_claim_or_a_trigger_refused_by_a_named_rule(
    watch: Watch, words: str, kind: str, allowed: set[str]
) -> None:
    (article,) = (each for each in stories(ROUND, STALEMATE) if words in each.text)
    reading = read_claims(article, compile_lexicon([watch.names]))
    found: set[str] = set()
    for claim in reading.claims:
        if claim.kind == kind and any(_covers(article, each, words) for each in claim.evidence):
            assert claim.rules
            found.add(f"{claim.status} {claim.role}")
    for rejection in reading.rejections:
        if rejection.kind == kind and _covers(article, rejection.evidence, words):
            assert rejection.rule
            found.add("refused")
    assert found
    assert found <= allowed


def _covers(article: Article, evidence: Evidence, words: str) -> bool:
    whole = article.title if evidence.field == "title" else article.text
    assert whole is not None
    assert whole[evidence.start : evidence.end] == evidence.text
    return words in evidence.text


def test_side_meetings_with_others_are_no_round_between_the_parties(watch: Watch) -> None:
    """Italy, the UK and France are named in a sentence of their own, and nothing is claimed of it."""
    (article,) = stories(ROUND)
    reading = read_claims(article, compile_lexicon([watch.names]))
    assert "side meetings with officials of Italy, the UK and France" in article.text
    assert not [claim for claim in reading.claims for each in claim.evidence if "Italy" in each.text]


def test_stories_are_told_in_our_own_words_and_dated() -> None:
    for name in (ROUND, STALEMATE):
        (article,) = stories(name)
        assert article.published is not None
        assert json.dumps(article.url).startswith('"https://')
        assert ".example.org/" in article.url
