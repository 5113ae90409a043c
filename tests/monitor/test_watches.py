"""seeds/watches and seeds/topics as records."""

import itertools
from datetime import date, timedelta
from pathlib import Path

import pytest

from extractors.records import Holiday, Name
from monitor.documents import parse
from monitor.faults import Faults
from monitor.homes import shipped
from monitor.records import Identity, Series, Watch
from monitor.watches import load_watch, load_watches

SMALL = """
watch: small
title: A small watch
parties:
  - name: Arcadia
    forms: {en: [Arcadia], tr: [Arkadya]}
    people: {en: [Arcadian]}
    bodies: [{name: Arcadian Guard, forms: {en: [Arcadian Guard]}}]
  - {name: Bohemia, forms: {en: [Bohemia]}}
people:
  - {name: Ann Gray, side: Arcadia, office: envoy, forms: {en: [Ann Gray, Gray]}}
  - {name: Bob Host, forms: {en: [Bob Host]}}
places:
  - {name: Lisbon, forms: {en: [Lisbon]}, venues: [{name: Old Palace, forms: {en: [Old Palace]}}]}
others:
  - {name: Carinthia, forms: {en: [Carinthia]}, people: {en: [Carinthian]}}
series:
  - {id: lisbon-2025, title: Lisbon 2025, kind: thing, start: 2025-05-11, end: null, places: [Lisbon]}
holidays:
  - {name: Feast, days: [2025-06-08], forms: {en: [the Feast]}}
topics: [thing, other_thing]
baseline: [known.md]
"""
THING = """
topic: thing
label: small thing
rings: true
identity: {window: 3d, slack: 2d, ordinals: series, parts: true}
words: {en: {names: ["small {thing|matter}"]}}
"""


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    for folder in ("watches", "topics", "stories"):
        (tmp_path / "seeds" / folder).mkdir(parents=True)
    seeds = tmp_path / "seeds"
    (seeds / "watches" / "small.yaml").write_text(SMALL)
    (seeds / "topics" / "thing.yaml").write_text(THING)
    (seeds / "topics" / "other_thing.yaml").write_text(
        THING.replace("topic: thing", "topic: other_thing").replace("rings: true", "rings: false")
    )
    (seeds / "stories" / "known.md").write_text("What is known\n")
    return seeds


def small(seeds: Path) -> Watch:
    watch = load_watch(seeds / "watches" / "small.yaml", seeds / "topics")
    assert isinstance(watch, Watch), str(watch)
    return watch


def test_names_come_in_the_order_of_the_file_with_what_they_belong_to(seeds: Path) -> None:
    assert small(seeds).names.names == (
        Name("Arcadia", "party", {"en": ("Arcadia",), "tr": ("Arkadya",)}),
        Name("Arcadia", "people", {"en": ("Arcadian",)}, "Arcadia"),
        Name("Arcadian Guard", "body", {"en": ("Arcadian Guard",)}, "Arcadia"),
        Name("Bohemia", "party", {"en": ("Bohemia",)}),
        Name("Ann Gray", "person", {"en": ("Ann Gray", "Gray")}, "Arcadia"),
        Name("Bob Host", "person", {"en": ("Bob Host",)}),
        Name("Lisbon", "place", {"en": ("Lisbon",)}),
        Name("Old Palace", "place", {"en": ("Old Palace",)}, "Lisbon"),
        Name("Carinthia", "other", {"en": ("Carinthia",)}),
        Name("Carinthia", "other", {"en": ("Carinthian",)}, "Carinthia"),
    )


def test_a_watch_carries_its_series_holidays_identities_and_baseline(seeds: Path) -> None:
    watch = small(seeds)
    assert watch.names.parties == ("Arcadia", "Bohemia")
    assert watch.series == (Series("lisbon-2025", "Lisbon 2025", "thing", date(2025, 5, 11), None, ("Lisbon",)),)
    assert watch.names.holidays == (Holiday("Feast", (date(2025, 6, 8),), {"en": ("the Feast",)}),)
    assert watch.identities["thing"] == Identity(
        "thing", "small thing", timedelta(days=3), 2, "series", deals=False, parts=True, rings=True
    )
    assert [each.topic for each in watch.names.topics] == ["thing", "other_thing"]
    assert watch.names.topics[0].words == {"en": {"names": ("small {thing|matter}",)}}
    assert watch.baseline == (seeds / "stories" / "known.md",)


def test_a_watch_rings_for_the_topics_that_say_so(seeds: Path) -> None:
    assert small(seeds).rings.kinds == frozenset({"thing"})
    assert not small(seeds).identities["other_thing"].rings


def test_a_watch_may_choose_what_rings_itself(seeds: Path) -> None:
    text = SMALL + "rings: {kinds: [other_thing], max_age: 1d 12h, min_families: 2, confirmations: [4, 2]}\n"
    (seeds / "watches" / "small.yaml").write_text(text)
    rings = small(seeds).rings
    assert (rings.kinds, rings.max_age, rings.min_families, rings.confirmations) == (
        frozenset({"other_thing"}), timedelta(hours=36), 2, (2, 4),
    )  # fmt: skip
    assert small(seeds).identities["other_thing"].rings


def test_a_watch_changes_the_words_of_a_topic_for_itself(seeds: Path) -> None:
    """`without` takes groups of the file away, and `words` comes beside what is left, in further languages too."""
    (seeds / "topics" / "thing.yaml").write_text(
        THING.replace('names: ["small {thing|matter}"]', "names: [thing], bare: [it], spoilers: [no]")
    )
    text = SMALL + (
        "without: {thing: {en: [spoilers, bare]}}\n"
        "words: {thing: {en: {names: [own thing, thing], spoilers: [never]}, tr: {names: [konu]}}}\n"
    )
    (seeds / "watches" / "small.yaml").write_text(text)
    (seeds / "watches" / "twin.yaml").write_text(SMALL.replace("watch: small", "watch: twin"))
    own, twin = (found.names.topics for found in both(seeds))
    assert own[0].words == {"en": {"names": ("thing", "own thing"), "spoilers": ("never",)}, "tr": {"names": ("konu",)}}
    assert twin[0].words == {"en": {"names": ("thing",), "bare": ("it",), "spoilers": ("no",)}}
    assert own[1] == twin[1]


def both(seeds: Path) -> tuple[Watch, ...]:
    found = load_watches(seeds.parent, ["small", "twin"])
    assert not isinstance(found, Faults), str(found)
    return found


def test_faults_of_a_shared_topic_are_told_once(seeds: Path) -> None:
    (seeds / "watches" / "twin.yaml").write_text(SMALL.replace("watch: small", "watch: twin"))
    (seeds / "topics" / "thing.yaml").write_text(THING.replace("rings", "ring"))
    found = load_watches(seeds.parent, ["small", "twin"])
    assert isinstance(found, Faults)
    assert [each.where for each in found] == ["ring"]


def test_faults_of_the_watch_and_of_its_topics_come_together(seeds: Path) -> None:
    (seeds / "watches" / "small.yaml").write_text(SMALL.replace("side: Arcadia", "side: Atlantis"))
    (seeds / "topics" / "thing.yaml").write_text(THING.replace("names:", "nouns:"))
    found = load_watches(seeds.parent, ["small"])
    assert isinstance(found, Faults)
    assert [each.where for each in found] == ["people[0].side", "words.en.nouns"]


def test_the_shipped_watch_reads_in_four_languages() -> None:
    watch = load_watch(shipped("seeds") / "watches" / "ru-ua.yaml", shipped("seeds") / "topics")
    assert isinstance(watch, Watch), str(watch)
    assert watch.names.parties == ("Russia", "Ukraine")
    for name in watch.names.names:
        assert set(name.forms) == {"en", "uk", "ru", "tr"}, name.english
    assert watch.rings.kinds == frozenset(
        {"talks_round", "prisoner_exchange", "remains_repatriation", "children_return"}
    )
    assert all(path.is_file() for path in watch.baseline)


def test_series_of_the_shipped_watch_do_not_overlap() -> None:
    watch = load_watch(shipped("seeds") / "watches" / "ru-ua.yaml", shipped("seeds") / "topics")
    assert isinstance(watch, Watch)
    ordered = sorted(watch.series, key=lambda each: each.start)
    for earlier, later in itertools.pairwise(ordered):
        assert earlier.end is not None
        assert earlier.end < later.start


def test_yaml_is_read_as_version_1_2() -> None:
    document = parse("a: no\nb: 12:30\nc: 010\nd: 2025-06-02\n", "x.yaml")
    assert document.data == {"a": "no", "b": "12:30", "c": 10, "d": date(2025, 6, 2)}


def test_an_alias_into_itself_is_a_fault_and_ends() -> None:
    document = parse("a: &x [1, *x]\n", "x.yaml")
    assert [flaw.message for flaw in document.flaws] == ["an alias that stands inside its own anchor"]


def test_every_key_given_twice_is_told() -> None:
    document = parse("a: 1\nb: {c: 1, c: 2}\na: 2\n", "x.yaml")
    assert [(flaw.line, flaw.where) for flaw in document.flaws] == [(2, "b.c"), (3, "a")]
    assert document.data == {"a": 1, "b": {"c": 1}}
