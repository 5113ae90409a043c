"""`parley status` and `parley journal`: what is kept, how large it is, and what may be missing."""

import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from extractors.records import Entry
from monitor.app import utcnow
from monitor.archive.recording import Recorder
from monitor.fetch import Fetched
from monitor.records import Feed, FeedState, Habits
from monitor.store import Store, entries, feeds, journal, meta, open_store, rereads
from monitor.store import articles as stored
from monitor.store.journal import Line
from monitor.store.lock import RunLock

Parley = Callable[..., Result]
Article = dict[str, Any]
Save = Callable[[str, Iterable[Article]], Path]
A, B = Feed("https://a.example/rss", "A", "a"), Feed("https://b.example/rss", "B", "b")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{home / 'state/parley.db'}")
    yield opened
    opened.close()


@pytest.fixture
def written(store: Store) -> None:
    now = utcnow()
    with store.write() as tx:
        journal.write(tx, Line(now - 20 * DAY, "downtime", None, now - 21 * DAY, now - 20 * DAY, "the service slept"))
        journal.write(
            tx, Line(now - 2 * DAY, "gap", A.url, now - 3 * DAY, now - 2 * DAY, "none of 9 entries was there")
        )
        journal.write(tx, Line(now - DAY, "missed", B.url, None, None, "2 of 9 articles: https://b.example/1"))
        journal.write(tx, Line(now - HOUR, "downtime", None, now - 2 * HOUR, now - HOUR, "the service did not run"))


def test_a_home_without_a_store_says_so_and_makes_none(parley: Parley, home: Path) -> None:
    result = parley("status")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "parley.db: not there yet, parley run makes it" in result.stdout
    assert "archive     0 files, 0 B\n" in result.stdout
    value = json.loads(parley("status", "--json").stdout)
    assert (value["store"]["bytes"], value["archive"]) == (None, {"files": 0, "bytes": 0, "first": None, "last": None})
    assert value["free"] > 0
    journalled = parley("journal")
    assert (journalled.exit_code, journalled.stdout) == (0, "")
    assert journalled.stderr.startswith("nothing in the journal since ")
    assert list((home / "state").iterdir()) == []


@pytest.mark.usefixtures("written")
def test_all_that_is_kept_is_counted_while_the_service_runs(
    parley: Parley,
    home: Path,
    store: Store,
    save_lines: Save,
    articles: dict[str, Article],
    remember: Callable[..., None],
) -> None:
    remember(save_lines("known.jsonl", [articles["plan"], articles["held"], articles["markets"]]))
    now = utcnow().replace(microsecond=0)
    recorder = Recorder(home / "state/archive", program="Parley 9.9")
    recorder.feed(Fetched(A.url, A.url, 200, b"<rss/>"), feed_url=A.url, now=now)
    with store.write() as tx:
        feeds.sync(tx, [A, B], now)
        entries.add(tx, A.url, [Entry("1", "https://a.example/1", "x")], status="new", now=now)
        entries.add(tx, A.url, [Entry("2", "https://a.example/2", "x")], status="baseline", now=now)
        feeds.save(tx, FeedState(A.url, now + HOUR, known=True, habits=Habits(health="silent")))
        feeds.save(tx, FeedState(B.url, now + 2 * HOUR, known=True))
        meta.put(tx, meta.ALIVE, now.isoformat())
        meta.put(tx, meta.CYCLE, (now - HOUR).isoformat())
    store.checkpoint()
    with RunLock(store, now=now, version="9.9"), closing(recorder):
        value = json.loads(parley("status", "--json").stdout)
        shown = parley("status").stdout
    assert value["feeds"] == {"health": {"ok": 1, "silent": 1}, "next_due": (now + HOUR).isoformat()}
    assert value["entries"] == {"baseline": 1, "new": 1}
    assert value["articles"] == {"count": 3, "oldest": "2031-05-17T12:00:00+00:00"}
    assert (value["events"], value["alerts"], value["deliveries"]) == (1, 2, {})
    assert value["journal"] == {"downtime": 1, "gap": 1, "missed": 1}
    assert (value["alive"], value["store"]["schema"]) == (now.isoformat(), "0007")
    assert (value["cycle"], value["events_by_status"]) == ((now - HOUR).isoformat(), {"concluded": 1})
    assert value["service"] == {
        "pid": os.getpid(), "host": socket.gethostname(), "started": now.isoformat(), "version": "9.9", "listen": None,
    }  # fmt: skip
    assert set(value["versions"]) == {"python", "sqlite"}
    assert value["store"]["bytes"] == (home / "state/parley.db").stat().st_size
    (file,) = (home / "state/archive").iterdir()
    day = str(now.date())
    assert value["archive"] == {"files": 1, "bytes": file.stat().st_size, "first": day, "last": day}
    assert value["keep"] == {
        "articles": 90 * 86400, "entries": 30 * 86400, "journal": 400 * 86400, "archive": 30 * 86400,
        "archive_bytes": 2 * 10**9,
    }  # fmt: skip
    runs = f"runs since {now:%Y-%m-%d %H:%MZ}, pid {os.getpid()} on {socket.gethostname()}"
    other = "still version 9.9: start it anew"
    assert f"service     {runs}, {other}; last sign of life {now:%Y-%m-%d %H:%MZ}\n" in shown
    assert "endpoint    none, though http.listen is 127.0.0.1:9713: the log of the service says why\n" in shown
    assert f"last cycle  {now - HOUR:%Y-%m-%d %H:%MZ}\n" in shown
    assert "events      1 concluded\n" in shown
    assert f"feeds       2: 1 ok, 1 silent; next due {now + HOUR:%Y-%m-%d %H:%MZ}\n" in shown
    assert "entries     2: 1 baseline, 1 new\n" in shown
    assert "articles    3, the oldest taken in 2031-05-17 12:00Z\n" in shown
    assert f"archive     1 files, {file.stat().st_size} B, {day} to {day}\n" in shown
    assert "archive 30 d or 2.0 GB; events, alerts and deliveries for good\n" in shown
    assert "journal     3: 1 downtime, 1 gap, 1 missed in the last 7 d\n" in shown


def test_whether_the_service_runs_and_where_it_answers_is_told(parley: Parley, home: Path, store: Store) -> None:
    stopped = parley("status").stdout
    assert "service     does not run; last sign of life never\n" in stopped
    assert "endpoint    127.0.0.1:9713 when it runs\n" in stopped
    assert json.loads(parley("status", "--json").stdout)["service"] is None
    with RunLock(store, now=utcnow()) as lock:
        lock.listens("127.0.0.1:40123")
        assert "endpoint    http://127.0.0.1:40123: /healthz, /readyz, /metrics\n" in parley("status").stdout
    with (home / "config/parley.yaml").open("a") as file:
        file.write("http: {listen: off}\n")
    assert "endpoint    off (http.listen)\n" in parley("status").stdout


def test_how_far_a_reading_again_has_come_is_told(
    parley: Parley, store: Store, save_lines: Save, articles: dict[str, Article], remember: Callable[..., None]
) -> None:
    assert json.loads(parley("status", "--json").stdout)["reread"] is None
    assert "read again" not in parley("status").stdout
    remember(save_lines("known.jsonl", [articles["plan"], articles["held"], articles["markets"]]))
    now = datetime(2032, 1, 1, tzinfo=UTC)
    with store.write() as tx:
        asked = rereads.ask(tx, now - datetime(2020, 1, 1, tzinfo=UTC), now)
        rows = stored.taken_in(tx, asked.since, now, None, 9)
    since = "what came in since 2020-01-01 00:00Z"
    assert f"read again  {since}: 3 articles to go; 0 articles read, 0 events came to light" in parley("status").stdout
    (moment, row), *_ = rows
    under_way = replace(asked, after=(moment, row.id), until=now, read=1, opened=2, changed=1)
    with store.write() as tx:
        rereads.keep(tx, under_way)
    shown, value = parley("status").stdout, json.loads(parley("status", "--json").stdout)
    assert f"read again  {since}: 2 articles to go; 1 articles read, 2 events came to light, 1 changed\n" in shown
    assert value["reread"] == {
        "asked": now.isoformat(), "since": "2020-01-01T00:00:00+00:00", "ended": None,
        "read": 1, "failed": 0, "left": 2, "events_opened": 2, "events_changed": 1,
    }  # fmt: skip
    with store.write() as tx:
        rereads.keep(tx, replace(under_way, read=2, failed=1, ended=now))
    shown, value = parley("status").stdout, json.loads(parley("status", "--json").stdout)
    assert f": ended {now:%Y-%m-%d %H:%MZ}; 2 articles read, 1 could not be read, 2 events came to light" in shown
    assert (value["reread"]["ended"], value["reread"]["left"]) == (now.isoformat(), 0)


def test_a_running_service_is_shown_whatever_was_done_to_its_settings(parley: Parley, home: Path, store: Store) -> None:
    with (home / "config/parley.yaml").open("a") as file:
        file.write("recipents: {}\n")
    with RunLock(store, now=utcnow()):
        result = parley("status")
        assert result.exit_code == 2
        assert f"service     runs since {utcnow():%Y-%m-%d}" in result.stdout
        assert "endpoint    unknown: the settings have faults\n" in result.stdout
        assert "recipents: unknown key" in result.stderr
        assert result.stderr.endswith("\n1 fault in the settings as they are now\n")
        value = json.loads(parley("status", "--json").stdout)
    assert (value["service"]["pid"], value["keep"]) == (os.getpid(), None)


@pytest.mark.usefixtures("written")
def test_the_journal_of_a_week_is_told_in_words(parley: Parley) -> None:
    result = parley("journal")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) == 6
    assert lines[0].endswith(f"Z  {A.url}")
    assert lines[1].startswith("    a possible gap, ")
    assert lines[1].endswith(": none of 9 entries was there")
    assert lines[3] == "    articles that the feed never showed: 2 of 9 articles: https://b.example/1"
    assert lines[5].startswith("    the service was down, ")


@pytest.mark.usefixtures("written")
def test_the_journal_is_narrowed_by_feed_and_time_and_printed_as_json(parley: Parley) -> None:
    def kinds(*args: str) -> list[tuple[str, str | None]]:
        told = [json.loads(line) for line in parley("journal", "--json", *args).stdout.splitlines()]
        assert all(list(line) == ["at", "kind", "feed", "since", "until", "detail"] for line in told)
        return [(line["kind"], line["feed"]) for line in told]

    assert kinds("--since", "3w") == [("downtime", None), ("gap", A.url), ("missed", B.url), ("downtime", None)]
    assert kinds("--since", "36h", "--feed", A.url) == [("downtime", None)]
    assert kinds("--since", "2000-01-01", "--feed", B.url) == [
        ("downtime", None), ("missed", B.url), ("downtime", None),
    ]  # fmt: skip
    assert kinds("--since", "90m") == [("downtime", None)]
    wrong = parley("journal", "--since", "yesterday")
    assert wrong.exit_code == 2
    assert "or how long ago, such as 24h or 7d" in wrong.stderr


@pytest.mark.parametrize("command", ["status", "journal"])
def test_faults_of_the_settings_are_told_and_exit_2(parley: Parley, home: Path, command: str) -> None:
    (home / "config/parley.yaml").write_text("watches: small\n")
    result = parley(command)
    assert result.exit_code == 2
    assert "config/parley.yaml" in result.stderr


@pytest.mark.parametrize("command", ["status", "journal"])
def test_a_store_that_cannot_be_opened_is_told(parley: Parley, home: Path, command: str) -> None:
    (home / "state/parley.db").write_bytes(b"not a database at all" * 100)
    result = parley(command)
    assert result.exit_code == 1
    assert "file is not a database; move it and what lies beside it" in result.stderr
