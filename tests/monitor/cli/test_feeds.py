"""`parley feeds`: one request to add, nothing changed by a test, lists in and out, the state of each source."""

import asyncio
import json
import shlex
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import Result

from monitor import feededit, feeds
from monitor.app import utcnow
from monitor.faults import Faults
from monitor.records import Feed, FeedState, MonitorError
from monitor.store import Store, StoreError, entries, journal, meta, open_store
from monitor.store import feeds as stored

Parley = Callable[..., Result]
WATCH = """\
watch: small
title: A small watch
parties:
  - {name: Arcadia, forms: {en: [Arcadia]}}
  - {name: Bohemia, forms: {en: [Bohemia]}}
topics: [accord]
"""
TOPIC = """\
topic: accord
label: accord
done: signed
rings: true
identity: {window: 5d, slack: 2d}
words: {en: {names: [accord]}}
"""
ITEM = "<item><title>Talks {n}</title><link>/n/{n}</link><guid>g{n}</guid><pubDate>{date}</pubDate></item>"


def rss(*dates: datetime, title: str = "The North Courier", more: str = "<language>tr-TR</language>") -> bytes:
    items = "".join(ITEM.format(n=n, date=f"{date:%a, %d %b %Y %H:%M:%S} GMT") for n, date in enumerate(dates))
    return f"<rss version='2.0'><channel><title>{title}</title>{more}{items}</channel></rss>".encode()


@dataclass
class Server:
    """Answers by path as (status, body, headers); 304 to the ETag of a path. `asked` is what was asked, in order."""

    base: str = ""
    answers: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def gives(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = status, body, named
        return self.base + path

    async def answer(self, request: web.Request) -> web.Response:
        sent = request.headers.get("If-None-Match")
        self.asked.append((request.path, sent))
        status, body, headers = self.answers[request.path]
        if sent is not None and sent == headers.get("ETag"):
            return web.Response(status=304, headers=headers)
        return web.Response(status=status, body=body, headers=headers)


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    made, loop = Server(), asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", made.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    runner = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield made
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def server(running: Server, home: Path) -> Server:
    running.answers.clear()
    running.asked.clear()
    # Every call reads the watch with its topics: half a second for those that the program comes with.
    (home / "seeds" / "watches" / "small.yaml").write_text(WATCH)
    for file in (home / "seeds" / "topics").iterdir():
        file.unlink()
    (home / "seeds" / "topics" / "accord.yaml").write_text(TOPIC)
    settings = home / "config" / "parley.yaml"
    settings.write_text(settings.read_text() + "polling: {host_gap: 0s, open_to: [127.0.0.1]}\nworkers: {count: 1}\n")
    return running


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    made = open_store(f"sqlite:///{home / 'state/parley.db'}")
    yield made
    made.close()


def configured(home: Path) -> tuple[Feed, ...]:
    loaded = feeds.load(home / feeds.FEEDS, home / feeds.FAMILIES)
    assert not isinstance(loaded, Faults), str(loaded)
    return loaded


def state_of(store: Store, url: str) -> FeedState:
    with store.read() as tx:
        state = stored.get(tx, url)
    assert state is not None
    return state


def take_up(store: Store, home: Path) -> None:
    """What a running service does at its next tick."""
    with store.write() as tx:
        stored.sync(tx, configured(home), utcnow())


def test_adding_a_feed_asks_once_and_that_answer_is_its_first_state(
    parley: Parley, home: Path, server: Server, store: Store
) -> None:
    now = utcnow()
    with store.write() as tx:
        meta.begin_watch(tx, "small", now - timedelta(hours=2))
    url = server.gives("/rss", rss(now - timedelta(hours=1), now - timedelta(hours=3)), ETag='"v1"')
    done = parley("feeds", "add", url)
    assert (done.exit_code, done.stdout) == (0, ""), done.stderr
    assert server.asked == [("/rss", None)]
    assert configured(home) == (Feed(url, "The North Courier", "127.0.0.1", "tr"),)
    take_up(store, home)
    state = state_of(store, url)
    assert (state.known, state.etag, state.entries_seen) == (True, '"v1"', 2)
    assert state.next_at >= now + timedelta(hours=1)
    with store.read() as tx:
        assert stored.due(tx, utcnow(), 10) == ()
        assert entries.counts(tx)[url] == {"baseline": 1, "new": 1}
    assert "2 entries, 1 to be read; next poll " in done.stderr


def test_options_win_over_what_the_feed_says_of_itself(parley: Parley, home: Path, server: Server) -> None:
    url = server.gives("/rss", rss(utcnow()))
    options = shlex.split("--outlet North --language en --zone Europe/Lisbon --interval 15m --watch small")
    done = parley("feeds", "add", url, *options, "--no-pages", "--sitemap", "https://north.example/news.xml")
    assert done.exit_code == 0, done.stderr
    assert configured(home) == (
        Feed(
            url, "North", "127.0.0.1", "en", "Europe/Lisbon", timedelta(minutes=15), ("small",),
            "https://north.example/news.xml", pages=False,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b"<b>No such\x1b[31m page</b>", "404 Not Found: <b>No such\N{REPLACEMENT CHARACTER}[31m page</b>"),
        (503, b"Come back on Monday", "503 Service Unavailable: Come back on Monday"),
        (200, b"Nothing \x1b[2Jto see here", "which says: Nothing [2Jto see here\n"),
        (200, b"<!doctype html><title>Home</title><p>Welcome</p>", "look there for the address of its feed"),
        (200, b"", "empty body"),
    ],
)
def test_what_is_no_feed_is_refused_in_the_servers_own_words(
    parley: Parley, home: Path, server: Server, status: int, body: bytes, said: str
) -> None:
    url = server.gives("/rss", body, status, Content_Type="text/html")
    done = parley("feeds", "add", url)
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"{url} was not added: " in done.stderr
    assert said in done.stderr
    assert configured(home) == ()
    assert len(server.asked) == 1
    assert not (home / "state/parley.db").exists()


def test_a_web_page_offers_the_feeds_that_it_names_and_adds_none(parley: Parley, home: Path, server: Server) -> None:
    page = "<!doctype html><html><head><title>North</title>"
    page += "<link rel='alternate' type='application/rss+xml' title='All $(news)' href='/rss?a=1&amp;b=$(id)'>"
    page += "<link rel='alternate' type='application/atom+xml' title='Talks' href='/atom'></head></html>"
    url = server.gives("/", page.encode(), Content_Type="text/html")
    done = parley("feeds", "add", url)
    assert (done.exit_code, done.stdout) == (1, "")
    commands = [shlex.split(line) for line in done.stderr.splitlines() if "parley feeds" in line]
    assert commands == [["parley", "feeds", "add", f"{server.base}{path}"] for path in ("/rss?a=1&b=$(id)", "/atom")]
    assert "\n  All $(news)\n" in done.stderr
    assert (configured(home), len(server.asked)) == ((), 1)


def test_a_feed_that_moved_for_good_is_added_where_it_is(
    parley: Parley, home: Path, server: Server, store: Store
) -> None:
    there = server.gives("/new", rss(utcnow()), ETag='"v1"')
    url = server.gives("/old", status=301, Location="/new")
    done = parley("feeds", "add", url)
    assert done.exit_code == 0, done.stderr
    assert [feed.url for feed in configured(home)] == [there]
    assert "moved for good" in done.stderr
    state = state_of(store, there)
    assert (state.habits.address, state.habits.validated, state.etag) == (None, None, '"v1"')
    again = parley("feeds", "add", url)
    assert again.exit_code == 1
    assert f"moved for good to {there}, which is there already" in again.stderr


def test_a_feed_is_not_added_under_the_address_that_another_moved_to(
    parley: Parley, home: Path, server: Server, store: Store
) -> None:
    url, there = "https://north.example/rss", "https://north.example/new"
    assert parley("feeds", "add", url, "--offline").exit_code == 0
    take_up(store, home)
    with store.write() as tx:
        state = stored.get(tx, url)
        assert state is not None
        stored.save(tx, replace(state, habits=replace(state.habits, address=there)))
    done = parley("feeds", "add", there)
    assert done.exit_code == 1
    assert f"{there} is there already as {url}, which moved there" in done.stderr
    assert server.asked == []
    removed = parley("feeds", "remove", there)
    assert (removed.exit_code, removed.stderr) == (0, f"removed {url}; what it brought stays in the store\n")
    assert configured(home) == ()


def test_a_faulty_option_is_told_before_any_server_is_asked(parley: Parley, server: Server) -> None:
    url = server.gives("/rss", rss(utcnow()))
    for option, value, said in (
        ("--zone", "Mars/Base", "unknown time zone"),
        ("--family", "nobody", "unknown family nobody"),
        ("--watch", "nobody", "unknown watch nobody"),
        ("--sitemap", "sitemap.xml", "should be a whole address"),
    ):
        done = parley("feeds", "add", url, option, value)
        assert done.exit_code == 1
        assert said in done.stderr
    assert parley("feeds", "add", url, "--interval", "soon").exit_code == 2
    assert server.asked == []


def test_a_file_that_cannot_be_written_leaves_nothing_in_the_store(
    parley: Parley, home: Path, server: Server, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.gives("/rss", rss(utcnow()))

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        done = parley("feeds", "add", url)
    assert done.exit_code == 1
    assert "could not be written: No space left on device; nothing was changed" in done.stderr
    with store.read() as tx:
        assert stored.get(tx, url) is None
        assert entries.counts(tx) == {}
    assert configured(home) == ()
    assert parley("feeds", "add", url).exit_code == 0


def test_a_store_that_fails_at_the_last_moment_leaves_the_file_as_it_was(
    parley: Parley, home: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.gives("/rss", rss(utcnow()))
    before = (home / feeds.FEEDS).read_bytes()
    apply = feededit.Edit.apply

    def then_fail(edit: feededit.Edit) -> None:
        apply(edit)
        if url in edit.text:
            raise StoreError("the disk is full")

    monkeypatch.setattr(feededit.Edit, "apply", then_fail)
    done = parley("feeds", "add", url)
    assert (done.exit_code, done.stderr) == (1, "Error: the disk is full\n")
    assert (home / feeds.FEEDS).read_bytes() == before


def test_an_edit_made_meanwhile_is_never_overwritten(home: Path) -> None:
    feed = Feed("https://north.example/rss", "North", "north.example")
    edit = feededit.adding(home / feeds.FEEDS, home / feeds.FAMILIES, [feed])
    (home / feeds.FEEDS).write_text("feeds: []  # mine\n")
    with pytest.raises(MonitorError, match="edited by another meanwhile"):
        edit.apply()
    edit.undo()
    assert (home / feeds.FEEDS).read_text() == "feeds: []  # mine\n"


def test_a_feed_taken_out_and_added_again_is_not_asked_before_its_floor(
    parley: Parley, home: Path, server: Server, store: Store
) -> None:
    url = server.gives("/rss", rss(utcnow()), ETag='"v1"')
    for words in (("add", url), ("remove", url)):
        assert parley("feeds", *words).exit_code == 0
        take_up(store, home)
    done = parley("feeds", "add", url)
    assert done.exit_code == 0
    assert "may not be asked before" in done.stderr
    assert len(server.asked) == 1
    take_up(store, home)
    assert state_of(store, url).etag == '"v1"'


def test_a_test_of_an_unknown_address_makes_one_request_and_changes_nothing(
    parley: Parley, home: Path, server: Server
) -> None:
    more = "<ttl>90</ttl><skipHours><hour>3</hour></skipHours>"
    url = server.gives("/rss", rss(utcnow(), more=more), ETag='"v1"', Cache_Control="max-age=7200")
    before = sorted(path.name for path in (home / "state").iterdir())
    done = parley("feeds", "test", url)
    assert done.exit_code == 0, done.stderr
    found = {line.split("  ")[0].strip("> "): line for line in done.stdout.splitlines()}
    for rule, said in (
        ("request", "unconditional"),
        ("format", "rss20: The North Courier"),
        ("entries", "1"),
        ("dates", "1 believed"),
        ("ttl", "1 h 30 min"),
        ("rest", "3:00"),
        ("new", "0 to be read, 1 only remembered"),
        ("validators", 'ETag "v1"'),
        ("health", "ok"),
    ):
        assert said in found[rule]
    assert any(line.startswith("> freshness") and "2 h" in line for line in done.stdout.splitlines())
    assert server.asked == [("/rss", None)]
    assert sorted(path.name for path in (home / "state").iterdir()) == before
    assert configured(home) == ()


def test_a_test_of_a_known_feed_is_conditional_and_leaves_its_state(
    parley: Parley, home: Path, server: Server, store: Store
) -> None:
    url = server.gives("/rss", rss(utcnow()), ETag='"v1"')
    assert parley("feeds", "add", url).exit_code == 0
    take_up(store, home)
    before = state_of(store, url)
    tested = json.loads(parley("feeds", "test", url, "--json").stdout)
    assert (tested["ok"], tested["outcome"]) == (True, "not modified")
    assert server.asked[-1] == ("/rss", '"v1"')
    rules = {each["rule"]: each for each in tested["findings"]}
    assert "a poll would have waited until" in rules["too early"]["found"]
    assert rules["answer"]["found"].startswith("304")
    server.gives("/rss", rss(*[utcnow()] * 3), ETag='"v2"')
    again = json.loads(parley("feeds", "test", url, "--json").stdout)
    assert next(e["found"] for e in again["findings"] if e["rule"] == "new") == "2 to be read, 0 only remembered"
    assert state_of(store, url) == before
    with store.read() as tx:
        assert entries.counts(tx) == {url: {"baseline": 1}}


def test_a_test_of_a_feed_that_would_fail_exits_with_1(parley: Parley, server: Server) -> None:
    url = server.gives("/rss", b"Slow down", 429, Retry_After="36000")
    done = parley("feeds", "test", url)
    assert done.exit_code == 1
    assert "429 Too Many Requests: Slow down" in done.stdout
    assert any(line.startswith("> retry-after") and "10 h" in line for line in done.stdout.splitlines())
    assert parley("feeds", "test", "north.example/rss").exit_code == 1


def test_the_list_shows_each_state_and_counts_them(parley: Parley, home: Path, store: Store) -> None:
    urls = [f"https://{name}.example/rss" for name in ("north", "south", "west")]
    for url in urls:
        assert parley("feeds", "add", url, "--outlet", url.split("/")[2], "--offline").exit_code == 0
    take_up(store, home)
    now = datetime(2031, 5, 20, 12, tzinfo=UTC)
    with store.write() as tx:
        north, south = (FeedState(url, now + timedelta(hours=2), polled_at=now, etag='"v"') for url in urls[:2])
        stored.save(tx, replace(north, known=True, habits=replace(north.habits, outcome="read", newest=now)))
        evidence = "status 500: 500 Internal Server Error: \x1b[31mred" + "x" * 200
        habits = replace(south.habits, outcome="status 500", health="failing", evidence=evidence, since=now)
        south = replace(south, next_at=now + timedelta(minutes=90))
        stored.save(tx, replace(south, failures=1, last_error=evidence, habits=habits))
        journal.write(tx, journal.Line(utcnow(), "gap", urls[1], now, now + timedelta(hours=1), "some may be missing"))
    listed = parley("feeds", "list")
    head, *lines = listed.stdout.splitlines()
    assert head.split() == ["state", "outlet", "last", "new", "next", "poll", "every", "evidence", "url"]
    assert [line.split()[0] for line in lines] == ["ok", "failing", "new"]
    assert [line.split()[-1] for line in lines] == urls
    assert all(len(line) <= 120 and line.isprintable() for line in lines)
    assert "05-20 14:00Z" in lines[0]
    assert listed.stderr == "3 feeds: 1 ok, 1 failing, 1 new\n"
    assert parley("feeds").stdout == listed.stdout
    for state, wanted in (("bad", urls[1:2]), ("ok", urls[:1]), ("new", urls[2:]), ("gone", [])):
        told = parley("feeds", "list", "--state", state, "--json").stdout.splitlines()
        assert [json.loads(line)["url"] for line in told] == wanted
    shown = parley("feeds", "show", urls[1])
    assert shown.exit_code == 0
    for said in ("config/feeds.yaml:3", "failing since 2031-05-20 12:00Z", "> back-off", "some may be missing"):
        assert said in shown.stdout
    assert "\x1b" not in shown.stdout
    page = json.loads(parley("feeds", "show", urls[1], "--json").stdout)
    assert (page["health"], page["where"], page["state"]["failures"]) == ("failing", "config/feeds.yaml:3", 1)
    assert [line["kind"] for line in page["journal"]] == ["gap"]


def test_a_feed_that_is_not_configured_is_told_with_what_may_have_been_meant(parley: Parley) -> None:
    assert parley("feeds", "add", "https://north.example/news/rss.xml", "--offline").exit_code == 0
    shown = parley("feeds", "show", "https://north.example/rss")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "did you mean\n    https://north.example/news/rss.xml" in shown.stderr
    assert "`parley feeds` lists what is" in parley("feeds", "show", "https://else.example/").stderr


def test_opml_goes_in_and_out_by_the_command_line(parley: Parley, home: Path, tmp_path: Path) -> None:
    (home / feeds.FEEDS).write_text("# mine\nfeeds:\n  - {url: 'https://a.example/rss', outlet: A}  # ours\n")
    rows = ("a", "b", "b", "c d")
    body = "".join(f"<outline text='{row.upper()}' xmlUrl='https://{row}.example/rss'/>" for row in rows)
    file = tmp_path / "list.opml"
    file.write_text(f"<opml version='1.0'><body><outline text='Folder'>{body}</outline></body></opml>")
    before = (home / feeds.FEEDS).read_text()
    for more, verb in (("--dry-run",), "would be added"), ((), "added"):
        assert (home / feeds.FEEDS).read_text() == before
        done = parley("feeds", "import", file, *more)
        assert (done.exit_code, done.stdout) == (1, "https://b.example/rss  B\n")
        assert f"1 {verb}; 1 there already, 1 given more than once, 1 faulty" in done.stderr
        assert f"{file}: line 1: https://c d.example/rss: should be a whole address" in done.stderr
    assert (home / feeds.FEEDS).read_text().startswith(before)
    out = tmp_path / "out.opml"
    assert parley("feeds", "export", out).exit_code == 0
    assert out.read_text() == parley("feeds", "export").stdout
    refused = parley("feeds", "export", out)
    assert refused.exit_code == 1
    assert "is there already" in refused.stderr
    again = parley("feeds", "import", out)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "0 added; 2 there already" in again.stderr


def test_a_list_that_is_no_opml_is_refused_with_its_line(parley: Parley, tmp_path: Path) -> None:
    file = tmp_path / "list.opml"
    file.write_text("<opml>\n<body>\n<outline></body></opml>")
    done = parley("feeds", "import", file)
    assert done.exit_code == 1
    assert f"Error: {file}: line 3: it is not XML" in done.stderr
