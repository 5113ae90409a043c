"""The stores that earlier versions of Parley wrote: each opens, nothing of it is lost, and nothing rings anew.

tests/fixtures/stores/README.md says how they were made; there is one for each schema before today's.
"""

import gzip
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import copyfile

import pytest
from click.testing import CliRunner

from alerts.rules import Mailing
from extractors.claims import read_claims
from extractors.lexicon import Lexicon, compile_lexicon
from monitor.cli import main
from monitor.homes import shipped
from monitor.intake import take_in
from monitor.records import Watch
from monitor.store import alerts, articles, deliveries, events, open_store, queue, schema, soundness
from monitor.store.files import schema_of
from monitor.watches import load_watch

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "fixtures" / "stores"
FILES = {file.name.removesuffix(".db.gz"): file for file in sorted(FOLDER.glob("*.db.gz"))}
SETTINGS = """\
watches: [small]
channels: {console: {kind: console}}
recipients: {me: {channel: console}}
"""
WATCH = """\
watch: small
title: A small watch
parties:
  - {name: Arcadia, forms: {en: [Arcadia]}}
  - {name: Bohemia, forms: {en: [Bohemia]}}
topics: [talks_round]
"""


@pytest.fixture(params=FILES)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A home with one of the stores."""
    for folder in ("config", "seeds/watches", "seeds/topics", "state"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "config/parley.yaml").write_text(SETTINGS)
    (tmp_path / "config/feeds.yaml").write_text("feeds: []\n")
    (tmp_path / "config/families.yaml").write_text("families: {}\n")
    (tmp_path / "seeds/watches/small.yaml").write_text(WATCH)
    copyfile(shipped("seeds") / "topics/talks_round.yaml", tmp_path / "seeds/topics/talks_round.yaml")
    (tmp_path / "state/parley.db").write_bytes(gzip.decompress(FILES[request.param].read_bytes()))
    return tmp_path


@pytest.fixture(scope="module")
def watch() -> Watch:
    loaded = load_watch(shipped("seeds") / "watches" / "ru-ua.yaml", shipped("seeds") / "topics")
    assert isinstance(loaded, Watch)
    return loaded


@pytest.fixture(scope="module")
def lexicon(watch: Watch) -> Lexicon:
    return compile_lexicon([watch.names])


def counted(home: Path) -> dict[str, int]:
    with closing(sqlite3.connect(home / "state/parley.db")) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: store.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608


def url(home: Path) -> str:
    return f"sqlite:///{home / 'state/parley.db'}"


def test_every_schema_before_todays_has_a_store() -> None:
    missing = schema.known() - {schema.HEAD} - FILES.keys()
    assert not missing, f"no store of schema {sorted(missing)}: {FOLDER / 'README.md'} says how to make one"
    assert all(file.stat().st_size < 200_000 for file in FILES.values())


def test_it_opens_and_holds_what_it_held(home: Path) -> None:
    before = counted(home)
    assert before["event"] >= 8
    assert before["alert"] == 2
    assert before["delivery"] >= 10
    assert before["article"]
    assert before["entry"]
    open_store(url(home)).close()
    after = counted(home)
    assert {name: after[name] for name in before} == before
    assert soundness.look_through(url(home)) == ()


def test_its_events_alerts_and_deliveries_are_read_by_the_usual_queries(home: Path) -> None:
    store = open_store(url(home))
    with store.read() as tx:
        told = alerts.all_alerts(tx)
        known = {event.id for event in events.all_events(tx)}
        sent = deliveries.all_deliveries(tx)
    store.close()
    assert {alert.reason for alert in told} == {"new"}
    assert {alert.event_id for alert in told} <= known
    assert {each.alert_id for each in sent} == {alert.id for alert in told}
    assert all(each.payload for each in sent)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("events",), "round"),
        (("alerts",), "round of"),
        (("deliveries",), "desk"),
        (("status",), f"schema {schema.HEAD}"),
        (("check", "--store"), "store: whole"),
    ],
)
def test_the_command_line_shows_it(home: Path, command: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(main, ["--home", str(home), *command], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert said in done.output


def test_what_was_sent_stays_sent_and_what_waited_still_waits(home: Path) -> None:
    with closing(sqlite3.connect(home / "state/parley.db")) as bare:
        states = Counter(bare.execute("SELECT recipient, state FROM delivery").fetchall())
        (now,) = bare.execute("SELECT max(created) FROM delivery").fetchone()
    assert states["desk", "sent"] == states["gone", "dead"] == 2
    assert states["slow", "sent"] == 1
    store = open_store(url(home))
    with store.write() as tx:
        later = max(each.created for each in deliveries.all_deliveries(tx)) + timedelta(hours=1)
        assert deliveries.recover(tx, later) == 1, f"what was under way at {now} when the program was killed"
        waiting = Counter(each.target.recipient for each in queue.due(tx, later, 100))
        after = Counter((each.target.recipient, each.state) for each in deliveries.all_deliveries(tx))
    store.close()
    assert after["slow", "ambiguous"] == 1
    assert {name: after[name] for name in (("desk", "sent"), ("gone", "dead"), ("slow", "sent"))} == {
        ("desk", "sent"): 2, ("gone", "dead"): 2, ("slow", "sent"): 1,
    }  # fmt: skip
    assert waiting.keys() == {"full", "unclear", "slow"}
    assert waiting["slow"] == 1


def test_nothing_that_it_knows_rings_anew(home: Path, watch: Watch, lexicon: Lexicon) -> None:
    store = open_store(url(home))
    with store.write() as tx:
        told = alerts.all_alerts(tx)
        for alert in told:
            row = articles.current(tx, alert.source.url)
            assert row is not None
            now = alert.decided + timedelta(hours=1)
            same = replace(row.article, seen=now)
            elsewhere = replace(same, url=f"{same.url}again", outlet="Herald", published=now)
            for article, family in ((same, row.family), (elsewhere, "herald")):
                taken = take_in(
                    tx,
                    article,
                    read_claims(article, lexicon),
                    watches=[watch],
                    family=family,
                    mailing=Mailing(),
                    now=now,
                )
                assert {each.reason for each in taken.alerts} <= {"confirmed"}
                assert {each.event_id for each in taken.alerts} <= {alert.event_id}
    store.close()


def test_the_copy_that_a_migration_makes_is_the_store_as_it_was(home: Path) -> None:
    before = counted(home)
    open_store(url(home)).close()
    copies = list((home / "state").glob("parley.db.before-*"))
    with closing(sqlite3.connect(home / "state/parley.db")) as store:
        changed = store.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    assert changed == schema.HEAD
    for copy in copies:
        copy.replace(home / "state/parley.db")
        assert counted(home) == before
    assert len(copies) == (schema_of(home / "state/parley.db") != schema.HEAD)
