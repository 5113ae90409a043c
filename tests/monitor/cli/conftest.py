"""A home as small as can be, articles that ring in it, and the command line called as a shell would."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from click.testing import CliRunner, Result

from extractors.claims import read_claims
from extractors.lexicon import compile_lexicon
from monitor.archive import load
from monitor.cli import main
from monitor.homes import shipped
from monitor.intake import Mailing, take_in
from monitor.records import Watch
from monitor.store import open_store
from monitor.watches import load_watch

# Reading the shipped watch takes half a second, which every call would pay.
SETTINGS = """\
watches: [small]
channels: {console: {kind: console}}
recipients: {me: {channel: console}}
"""
WATCH = """\
watch: %(id)s
title: A small watch
parties:
  - {name: %(one)s, forms: {en: [%(one)s]}, people: {en: [%(one)sn]}}
  - {name: Bohemia, forms: {en: [Bohemia]}, people: {en: [Bohemian]}}
places:
  - {name: Lisbon, forms: {en: [Lisbon]}}
series:
  - {id: lisbon-2031, title: Lisbon 2031, kind: talks_round, start: 2031-05-01, end: null, places: [Lisbon]}
topics: [talks_round, prisoner_exchange, summit]
"""

Parley = Callable[..., Result]
Article = dict[str, Any]
PLAN: Article = {
    "url": "https://north.example/plan",
    "outlet": "north.example",
    "title": "Arcadia and Bohemia to hold a third round of talks in Lisbon on 20 May",
    "text": "Delegations of Arcadia and Bohemia will meet in Lisbon on 20 May for a third round of talks.",
    "published": "2031-05-17",
}
HELD: Article = {
    "url": "https://south.example/held",
    "title": "Third round of talks between Arcadia and Bohemia ends in Lisbon",
    "text": "Rain fell. \U0001f327 The third round of talks between Arcadia and Bohemia ended in Lisbon on 20 May. "
    "Nobody took questions.",
    "published": "2031-05-20T21:00:00+03:00",
}
MARKETS: Article = {
    "url": "https://west.example/markets",
    "title": "A quiet day on the markets",
    "text": "Shares in Lisbon rose a little on Tuesday.",
    "published": "2031-05-20T19:00:00Z",
}
SWAP_WITH_ITS_DAY: Article = {
    "url": "https://west.example/swap",
    "title": None,
    "text": "Arcadia and Bohemia exchanged 40 prisoners each on 22 May 2031, officials said.",
    "published": None,
}
SWAP_ON_SOME_THURSDAY: Article = {
    "url": "https://west.example/thursday",
    "title": None,
    "text": "Arcadia and Bohemia exchanged 70 prisoners each on Thursday, officials said.",
    "published": None,
}


def write_watch(home: Path, name: str, one: str) -> Path:
    file = home / "seeds" / "watches" / f"{name}.yaml"
    file.write_text(WATCH % {"id": name, "one": one}, encoding="utf-8")
    return file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for folder in ("config", "seeds/watches", "seeds/topics", "state"):
        (home / folder).mkdir(parents=True)
    (home / "config/parley.yaml").write_text(SETTINGS)
    (home / "config/feeds.yaml").write_text("feeds: []\n")
    (home / "config/families.yaml").write_text("families: {}\n")
    for topic in ("prisoner_exchange", "summit", "talks_round"):
        copyfile(shipped("seeds") / "topics" / f"{topic}.yaml", home / "seeds" / "topics" / f"{topic}.yaml")
    write_watch(home, "small", "Arcadia")
    return home


@pytest.fixture
def other_watch(home: Path) -> Path:
    """A second watch, which the home does not enable."""
    return write_watch(home, "other", "Carpathia")


@pytest.fixture
def parley(home: Path) -> Parley:
    """Calls the command line on the home; an error that a command does not expect is raised."""

    def call(*args: object) -> Result:
        return CliRunner().invoke(main, ["--home", str(home), *map(str, args)], catch_exceptions=False)

    return call


@pytest.fixture
def save_lines(tmp_path: Path) -> Callable[[str, Iterable[Article]], Path]:
    def write(name: str, articles: Iterable[Article]) -> Path:
        file = tmp_path / name
        file.write_text("".join(json.dumps(article) + "\n" for article in articles), encoding="utf-8")
        return file

    return write


@pytest.fixture
def articles() -> dict[str, Article]:
    return {
        "plan": PLAN,
        "held": HELD,
        "markets": MARKETS,
        "swap": SWAP_WITH_ITS_DAY,
        "thursday": SWAP_ON_SOME_THURSDAY,
    }


@pytest.fixture
def news(save_lines: Callable[[str, Iterable[Article]], Path], articles: dict[str, Article]) -> Path:
    """A file of all five, the undated first."""
    return save_lines("news.jsonl", [articles[each] for each in ("thursday", "swap", "held", "markets", "plan")])


@pytest.fixture
def remember(home: Path) -> Callable[..., None]:
    """Take saved articles into the home's store as the service does, for the watches named."""

    def take(saved: Path, *names: str) -> None:
        loaded = [load_watch(home / f"seeds/watches/{n}.yaml", home / "seeds/topics") for n in names or ("small",)]
        watches = [watch for watch in loaded if isinstance(watch, Watch)]
        assert watches == loaded
        lexicon = compile_lexicon([watch.names for watch in watches])
        store = open_store(f"sqlite:///{home / 'state/parley.db'}")
        for each in load([saved]).articles:
            article = each.article
            assert article.published is not None
            seen = replace(article, seen=article.published)
            with store.write() as tx:
                take_in(
                    tx,
                    seen,
                    read_claims(seen, lexicon),
                    watches=watches,
                    family=article.outlet,
                    mailing=Mailing(),
                    now=article.published,
                )
        store.close()

    return take
