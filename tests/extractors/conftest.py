"""The watch of the tests: the project's own topics and ru-ua names, read as plainly as YAML allows."""

import functools
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from extractors.lexicon import Lexicon, compile_lexicon
from extractors.records import Holiday, Name, NameKind, Names, TopicWords

SEEDS = Path(__file__).parents[2] / "seeds"


def _yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def _forms(raw: Mapping[str, list[str]] | None) -> dict[str, tuple[str, ...]]:
    return {language: tuple(bases) for language, bases in (raw or {}).items()}


def _names(raw: dict[str, Any]) -> list[Name]:
    out: list[Name] = []

    def add(english: str, kind: NameKind, forms: Mapping[str, list[str]] | None, of: str | None = None) -> None:
        if forms:
            out.append(Name(english, kind, _forms(forms), of))

    for party in raw["parties"]:
        add(party["name"], "party", party.get("forms"))
        add(party["name"], "people", party.get("people"), party["name"])
        for body in party.get("bodies", []):
            add(body["name"], "body", body.get("forms"), party["name"])
    for person in raw.get("people", []):
        add(person["name"], "person", person.get("forms"), person.get("side"))
    for place in raw.get("places", []):
        add(place["name"], "place", place.get("forms"))
        for venue in place.get("venues", []):
            add(venue["name"], "place", venue.get("forms"), place["name"])
    for other in raw.get("others", []):
        add(other["name"], "other", other.get("forms"))
        add(other["name"], "other", other.get("people"), other["name"])
    return out


def load_topics(chosen: list[str]) -> tuple[TopicWords, ...]:
    out = []
    for topic in chosen:
        raw = _yaml(SEEDS / "topics" / f"{topic}.yaml")
        words = {
            language: {group: tuple(patterns) for group, patterns in groups.items() if patterns}
            for language, groups in raw["words"].items()
        }
        out.append(TopicWords(raw["topic"], words))
    return tuple(out)


@functools.cache
def load_names(watch: str = "ru-ua") -> Names:
    raw = _yaml(SEEDS / "watches" / f"{watch}.yaml")
    holidays = tuple(
        Holiday(
            h["name"],
            tuple(d if isinstance(d, date) else date.fromisoformat(d) for d in h["days"]),
            _forms(h.get("forms")),
        )
        for h in raw.get("holidays", [])
    )
    parties = tuple(party["name"] for party in raw["parties"])
    return Names(raw["watch"], parties, tuple(_names(raw)), load_topics(raw["topics"]), holidays)


@functools.cache
def compiled(watch: str = "ru-ua") -> Lexicon:
    return compile_lexicon([load_names(watch)])


@pytest.fixture(scope="session")
def names() -> Names:
    return load_names()


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return compiled()
