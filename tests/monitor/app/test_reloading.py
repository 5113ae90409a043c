"""A configuration read again: in force whole, or not at all, and what is told of it."""

import asyncio
import os
import re
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
import trustme

from alerts.own import own_alert
from extractors.records import Reading
from monitor.app import feedbook, given, reloading
from monitor.app.assembly import Service, assemble
from monitor.app.clock import utcnow
from monitor.app.reloading import Reloads
from monitor.checks import Checked, check
from monitor.homes import initialise
from monitor.mailing import post
from monitor.records import Feed
from monitor.settings import Settings
from monitor.store import deliveries, feeds, meta, reloads, rereads
from monitor.workers import WorkerFailure, Workers

pytestmark = pytest.mark.slow

SETTINGS = """\
watches: [ru-ua]
http: {listen: 127.0.0.1:9713}
polling: {ca_file: config/ca.pem}
channels:
  mail: {kind: email, host: 127.0.0.1, security: none, sender: parley@example.org}
  room: {kind: slack, token_file: config/token}
recipients:
  desk: {channel: mail, to: desk@example.org}
  room: {channel: room, to: C0ROOM}
"""
HOUR = timedelta(hours=1)
FEEDS = "feeds:\n  - {url: 'http://courier.example/feed', outlet: Courier}\n"


class Reloading:
    """A service of which nothing runs but its reloads."""

    def __init__(self, home: Path, service: Service) -> None:
        self.home, self.service = home, service
        self.followed: list[Settings] = []
        self.told: list[str] = []
        self.reloads = Reloads(
            service, self.followed.append, bell=asyncio.Event(), env={},
            reloading=lambda: self.told.append("reloading"), ready=lambda: self.told.append("ready"),
        )  # fmt: skip

    def write(self, file: str, *changes: tuple[str, str]) -> None:
        place = self.home / file
        text = place.read_text()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        place.write_text(text)

    async def reload(self) -> reloads.Reloaded:
        await self.reloads.turn()
        stored = await self.service.store.query(reloads.last)
        assert stored == self.service.reloaded
        assert stored.pid == os.getpid()
        return stored


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Reloading]:
    home = tmp_path / "home"
    initialise(home)
    watch = home / "seeds" / "watches" / "ru-ua.yaml"
    # Without stories to be read at its beginning no worker is started.
    watch.write_text(re.sub(r"(?m)^baseline: .*\n", "", watch.read_text()))
    (home / "config" / "parley.yaml").write_text(SETTINGS)
    (home / "config" / "feeds.yaml").write_text(FEEDS)
    (home / "config" / "token").write_text("xoxb-first")
    trustme.CA().cert_pem.write_to_path(str(home / "config" / "ca.pem"))
    found = check(home, {})
    assert isinstance(found, Checked), str(found)
    async with AsyncExitStack() as stack:
        service = await assemble(stack, found.settings, found.watches, found.feeds, structlog.get_logger())
        yield Reloading(home, service)


@pytest.fixture
def logged() -> Any:
    with structlog.testing.capture_logs() as lines:
        yield lines


async def test_what_changed_is_in_force_and_told_by_its_names_without_values(
    running: Reloading, logged: list[dict[str, Any]]
) -> None:
    running.write("config/parley.yaml", ("desk@", "night@"), ("host: 127.0.0.1,", "host: 127.0.0.1, port: 2525,"))
    running.write("config/parley.yaml", ("polling: {", "polling: {interval: 5m, "))
    running.write("config/token", ("first", "second"))
    running.write("config/feeds.yaml", ("courier.example/feed", "herald.example/feed"))
    done = await running.reload()
    assert done.ok
    assert done.changed == (
        "channels.mail.port", "channels.room.token", "polling.interval", "recipients.desk",
        "feed http://herald.example/feed added", "feed http://courier.example/feed removed",
    )  # fmt: skip
    assert [each.polling.interval.total_seconds() for each in running.followed] == [300]
    assert running.service.settings.mailing.recipients["desk"].target.address == "night@example.org"
    assert list(running.service.book.now()) == ["http://herald.example/feed"]
    assert running.told == ["reloading", "ready"]
    assert "second" not in str(logged)
    assert [line["changed"] for line in logged if line["event"] == "reloaded"] == [list(done.changed)]


async def test_what_was_not_changed_is_the_same_as_before(running: Reloading) -> None:
    before = running.service.given
    assert (await running.reload()).changed == ()
    after = running.service.given
    assert after is not before
    assert all(after.channels[name] is before.channels[name] for name in ("mail", "room"))
    assert after.fetcher is before.fetcher
    assert after.heart is before.heart
    assert after.recorder is before.recorder
    assert [watch.rings.began for watch in after.watches] == [watch.rings.began for watch in before.watches]


async def test_authorities_that_were_renewed_under_their_old_name_are_taken_up(running: Reloading) -> None:
    before = running.service.given
    trustme.CA().cert_pem.write_to_path(str(running.home / "config" / "ca.pem"))
    assert (await running.reload()).changed == ("what is in config/ca.pem",)
    assert running.service.given.fetcher is not before.fetcher
    assert running.service.given.channels["mail"] is before.channels["mail"]


async def test_every_fault_is_told_and_nothing_is_touched(running: Reloading, logged: list[dict[str, Any]]) -> None:
    before = running.service.given
    running.write("config/parley.yaml", ("kind: email", "kind: pigeon"), ("C0ROOM", "C0ROOM, colour: blue"))
    running.write("config/feeds.yaml", ("outlet:", "outlook:"))
    done = await running.reload()
    assert not done.ok
    assert running.service.given is before
    assert running.followed == []
    assert running.told == ["reloading", "ready"]
    assert any(each.startswith("config/parley.yaml:9: recipients.room.colour: unknown key") for each in done.faults)
    assert any(each.startswith("config/feeds.yaml:2: feeds[0].outlook: unknown key") for each in done.faults)
    lines = [line for line in logged if line["event"] == "not reloaded"]
    assert len(lines) == len(done.faults)
    assert {"config/parley.yaml:9", "config/feeds.yaml:2"} <= {line["file"] for line in lines}
    (refused,) = [line for line in logged if line["event"] == "reload refused"]
    assert refused["faults"] == len(done.faults)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("http:", "store: {url: 'sqlite:///state/other.db'}\nhttp:", "config/parley.yaml:2: store.url: "),
        ("9713", "9714", "config/parley.yaml:2: http.listen: "),
    ],
)
async def test_what_takes_a_restart_says_so(running: Reloading, old: str, new: str, said: str) -> None:
    before = running.service.given
    running.write("config/parley.yaml", (old, new), ("desk@", "night@"))
    (fault,) = (await running.reload()).faults
    assert fault.startswith(f"{said}to change this takes a restart; ")
    assert running.service.given is before


async def test_what_nobody_foresaw_is_a_fault_without_its_words_and_closes_what_was_built(
    running: Reloading, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, closed = running.service.given, []

    def breaks(*_: object) -> None:
        raise RuntimeError("the password is swordfish")

    channel = type(before.channels["mail"])

    async def close(self: object) -> None:
        closed.append(self)

    monkeypatch.setattr(channel, "close", close)
    monkeypatch.setattr(given, "fetcher_of", breaks)
    running.write("config/parley.yaml", ("polling: {", "contact: me@example.org\npolling: {"))
    running.write("config/parley.yaml", ("parley@example.org", "desk@example.org"))
    done = await running.reload()
    assert done.faults == ("RuntimeError: this is a bug, and its trace is in the log",)
    assert [line["exc_info"] for line in logged if line["event"] == "reload failed"] == [True]
    assert running.service.given is before
    assert len(closed) == 1
    assert closed[0] is not before.channels["mail"]


async def test_of_watches_that_begin_with_a_reload_none_does_when_one_cannot(
    running: Reloading, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (running.home / "seeds" / "watches" / "ru-ua.yaml").read_text()
    for name, story in (("first", "istanbul-stalemate.md"), ("second", "istanbul-second-round.md")):
        text = re.sub(r"(?m)^watch: ru-ua$", f"watch: {name}", source) + f"\nbaseline: [{story}]\n"
        (running.home / "seeds" / "watches" / f"{name}.yaml").write_text(text)
    running.write("config/parley.yaml", ("[ru-ua]", "[ru-ua, first, second]"))
    read = 0

    async def reading(_self: Workers, article: Any, _names: Any = None) -> Any:
        nonlocal read
        read += 1
        return Reading(()) if read == 1 else WorkerFailure("timeout", "not done after 10 s")

    monkeypatch.setattr(Workers, "read", reading)
    (fault,) = (await running.reload()).faults
    assert "istanbul-second-round.md: the baseline story could not be read: not done after 10 s" in fault
    began = await running.service.store.query(lambda tx: [meta.watch_began(tx, each) for each in ("first", "second")])
    assert began == [None, None]


async def test_the_archive_is_ended_and_begun_as_it_is_turned_off_and_on(running: Reloading) -> None:
    running.write("config/parley.yaml", ("http:", "keep: {archive: 0s}\nhttp:"))
    assert (await running.reload()).changed == ("keep.archive",)
    assert running.service.recorder is None
    running.write("config/parley.yaml", ("archive: 0s", "archive: 9d"))
    assert (await running.reload()).ok
    assert running.service.recorder is not None


async def test_a_feed_for_a_watch_that_is_not_in_force_waits_for_the_reload_that_brings_it(running: Reloading) -> None:
    text = FEEDS + "  - {url: 'http://late.example/feed', outlet: Late, watches: [first]}\n"
    (running.home / "config" / "feeds.yaml").write_text(text)
    assert running.service.book.changed()
    assert list(running.service.book.now()) == ["http://courier.example/feed"]
    source = (running.home / "seeds" / "watches" / "ru-ua.yaml").read_text()
    first = re.sub(r"(?m)^watch: ru-ua$", "watch: first", source)
    (running.home / "seeds" / "watches" / "first.yaml").write_text(first)
    running.write("config/parley.yaml", ("[ru-ua]", "[ru-ua, first]"))
    assert (await running.reload()).changed == ("watches", "watch first added", "feed http://late.example/feed added")
    assert list(running.service.book.now()) == ["http://courier.example/feed", "http://late.example/feed"]


async def test_of_many_feeds_only_their_number_is_told(running: Reloading) -> None:
    rows = "".join(f"  - {{url: 'http://{n}.example/feed', outlet: Outlet {n}}}\n" for n in range(6))
    (running.home / "config" / "feeds.yaml").write_text(f"feeds:\n{rows}")
    assert (await running.reload()).changed == ("6 feeds added", "feed http://courier.example/feed removed")


async def test_parts_that_leave_are_closed_when_their_work_has_ended(running: Reloading) -> None:
    before = running.service.given
    running.write("config/parley.yaml", ("http:", "heartbeat: {url: 'http://127.0.0.1:9/x'}\nhttp:"))
    await running.reload()
    beating = running.service.heart
    assert beating is not before.heart
    running.write("config/parley.yaml", ("127.0.0.1:9/x", "127.0.0.1:9/y"))
    assert (await running.reload()).changed == ("heartbeat.url",)
    async with asyncio.timeout(5):
        await asyncio.gather(*running.service.leaving)
    client = beating._client
    assert client is not None
    assert client.is_closed


async def test_feeds_taken_up_behind_the_last_step_of_a_reload_put_none_of_its_feeds_to_sleep(
    running: Reloading, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling, free = threading.Event(), threading.Event()
    sync = feeds.sync

    def slow(*about: Any) -> None:
        sync(*about)
        if not telling.is_set():
            telling.set()
            assert free.wait(5)

    monkeypatch.setattr(feeds, "sync", slow)
    running.write("config/feeds.yaml", ("courier.example/feed", "herald.example/feed"))
    reload = asyncio.create_task(running.reload())
    assert await asyncio.to_thread(telling.wait, 5)
    taken_up = asyncio.create_task(running.service.sync())
    await asyncio.sleep(0.05)
    free.set()
    assert (await reload).ok
    await taken_up
    states = await running.service.store.query(feeds.all_states)
    assert [state.url for state in states] == ["http://herald.example/feed"]


async def test_a_start_is_no_answer_to_a_reload_that_was_asked_for_during_it(running: Reloading) -> None:
    asked = running.service.clocks.steady()
    await running.reloads.start()
    stored = await running.service.store.query(reloads.last)
    assert stored is not None
    assert (stored.ok, stored.begun) == (True, None)
    begun = (await running.reload()).begun
    assert begun is not None
    assert begun >= asked


def test_ten_thousand_feeds_that_were_edited_are_taken_up_without_each_being_held_against_all(
    running: Reloading, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counted(Feed):
        compared = 0

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return super().__eq__(other)

        __hash__ = Feed.__hash__

    many = tuple(Counted(f"http://{n}.example/feed", f"Outlet {n}", f"Outlet {n}") for n in range(200))
    monkeypatch.setattr(feedbook.feeds, "load", lambda *_: many)
    (running.home / "config" / "feeds.yaml").touch()
    assert running.service.book.changed()
    assert len(running.service.book.now()) == 200
    assert Counted.compared <= 200


async def test_a_wish_to_read_again_belongs_to_the_reload_that_began_after_it(running: Reloading) -> None:
    assert running.service.given.wish is None
    wish = await running.service.store.run(lambda tx: rereads.ask(tx, timedelta(days=3), utcnow()))
    running.write("config/parley.yaml", ("kind: email", "kind: pigeon"))
    assert not (await running.reload()).ok
    assert running.service.rereader._wish is None
    running.write("config/parley.yaml", ("kind: pigeon", "kind: email"))
    assert (await running.reload()).ok
    assert running.service.rereader._wish == wish.asked


@pytest.mark.parametrize(("hours", "state"), [(0, "pending"), (4, "held")])
async def test_what_quiet_hours_hold_back_goes_out_when_a_reload_ends_them(
    running: Reloading, hours: int, state: str
) -> None:
    now = running.service.clocks.now()

    def quiet(hours: int) -> str:
        return f', quiet: [{{from: "{now - HOUR:%H:%M}", to: "{now + hours * HOUR:%H:%M}"}}]' if hours else ""

    running.write("config/parley.yaml", ("to: desk@example.org", f"to: desk@example.org{quiet(2)}"))
    assert (await running.reload()).ok
    service = running.service
    await service.outbox.release(now)
    told = own_alert(id="a", reason="new", kind="talks", status="", event_id="e", title="Talks", now=now)
    await service.store.run(lambda tx: post(tx, told, service.settings.mailing, now, earlier=False))

    def states() -> Any:
        return service.store.query(lambda tx: {d.target.recipient: d.state for d in deliveries.all_deliveries(tx)})

    assert (await states())["desk"] == "held"
    running.write("config/parley.yaml", (quiet(2), quiet(hours)))
    assert (await running.reload()).ok
    await service.outbox.release(now)
    assert (await states())["desk"] == state
    assert not service.outbox._changed


async def test_a_reload_that_the_end_of_the_service_cuts_off_tells_no_manager_that_it_is_ready(
    running: Reloading, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def waits(*_: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(reloading, "prepare", waits)
    turn = asyncio.create_task(running.reloads.turn())
    await asked.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert running.told == ["reloading"]
