"""The configuration read again under load: a faulty one changes nothing, a good one loses nothing and tells nothing
twice."""

import asyncio
import re
import shutil
import signal
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from farends.desk import Desk, issued
from farends.mail import MailServer
from monitor.app import utcnow
from monitor.store import open_store, reloads
from monitor.store.reloads import Reloaded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

WATCHES = Path(__file__).parent.parent / "watches"
Newsroom = Any  # the record of conftest.py, which tests cannot import
EVERY = 1.5
"""Seconds between two stories: each is told on every channel, and Slack takes one message a second."""


class Loaded(Desk):
    """A desk whose newsroom goes on publishing, and whose configuration is written anew."""

    def __init__(self, name: str, path: Path, tls: ssl.SSLContext, ca: Path) -> None:
        super().__init__(name, path, tls, ca)
        self.ca, self.good = ca, ""
        self.other = MailServer(lambda step, story: self.told(f"mail {step}", story), lambda: self.life, tls)

    async def open(self) -> None:
        await super().open()
        await self.other.start()
        self.good = (self.config / "parley.yaml").read_text()

    async def close(self) -> None:
        await super().close()
        await self.other.stop()

    @property
    def config(self) -> Path:
        return self.path / "config"

    def hang_up(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def last(self) -> Reloaded | None:
        store = open_store(f"sqlite:///{self.path / 'state' / 'parley.db'}")
        try:
            with store.read() as tx:
                return reloads.last(tx)
        finally:
            store.close()

    def heard(self) -> Counter[tuple[str, int]]:
        """How often each story was told to each who hears; mails come to two servers, by their recipients' names."""
        heard: Counter[tuple[str, int]] = Counter()
        for server in (self.mail, self.other):
            for raw, accepted in zip(server.raw, server.accepted, strict=True):
                to = re.search(rb"(?mi)^To: .*?(\w+)@example\.org", raw)
                assert to is not None
                if accepted.story is not None:
                    heard[to[1].decode(), accepted.story] += 1
        heard.update(("room", each.story) for each in self.slack.accepted if each.story is not None)
        return heard

    def told_all(self, stories: int, *who: str) -> bool:
        heard = self.heard()
        return all(heard[each, story] for each in who for story in range(stories))


@asynccontextmanager
async def publishing(desk: Desk) -> AsyncIterator[None]:
    """The newsroom publishes without a pause."""

    async def go_on() -> None:
        while True:
            desk.press.waiting += 1
            await asyncio.sleep(EVERY)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Loaded]:
    (tmp_path / "tls").mkdir()
    made = Loaded("loaded", tmp_path / "home", *issued(tmp_path / "tls"))
    await made.open()
    yield made
    await made.close()


@dataclass(frozen=True, slots=True)
class Broken:
    """An edit that makes a configuration faulty, and what is said of it."""

    edit: Callable[[Loaded], None]
    said: str


def _settings(*changes: tuple[str, str]) -> Callable[[Loaded], None]:
    return lambda desk: desk.edit("config/parley.yaml", *changes)


def _added(file: str, text: str) -> Callable[[Loaded], None]:
    def add(desk: Loaded) -> None:
        place = desk.path / file
        place.write_text(place.read_text() + text)

    return add


def _secret_is_a_folder(desk: Loaded) -> None:
    (desk.config / "token").mkdir()
    desk.edit("config/parley.yaml", ("token: xoxb-made-up-token-of-a-test", "token_file: config/token"))


def _topic_is_gone(desk: Loaded) -> None:
    (desk.path / "seeds" / "topics" / "summit.yaml").unlink()


BROKEN = {
    "broken yaml": Broken(_settings(("routes:", "routes: [")), r"config/parley\.yaml:\d+: .*"),
    "unknown key": Broken(
        _added("config/parley.yaml", "colour: blue\n"), r"config/parley\.yaml:\d+: colour: unknown key"
    ),
    "unknown watch": Broken(
        _settings(("watches: [ru-ua]", "watches: [ru-ua, mars]")), r"config/parley\.yaml:1: .*unknown watch mars"
    ),
    "broken watch": Broken(_added("seeds/watches/ru-ua.yaml", "windows: {}\n"), r"seeds/watches/ru-ua\.yaml:\d+: .*"),
    "missing topic": Broken(_topic_is_gone, r"seeds/watches/ru-ua\.yaml:\d+: .*summit"),
    "missing secret": Broken(
        _settings(("token: xoxb-made-up-token-of-a-test, ", "")),
        r"config/parley\.yaml:\d+: channels\.room: its token is",
    ),
    "unreadable secret": Broken(
        _secret_is_a_folder, r"config/parley\.yaml:\d+: channels\.room\.token_file: .*cannot be read: Is a directory"
    ),
    "broken feeds": Broken(
        _added("config/feeds.yaml", "  - {url: nowhere}\n"), r"config/feeds\.yaml:3: feeds\[1\]\.url"
    ),
    "broken families": Broken(_added("config/families.yaml", "  what: \n"), r"config/families\.yaml:\d+: "),
    "unknown recipient": Broken(
        _settings(("to: [desk, room]", "to: [desk, room, nobody]")),
        r"config/parley\.yaml:\d+: routes\[0\]\.to\[2\]: unknown recipient nobody",
    ),
    "another store": Broken(
        _added("config/parley.yaml", "store: {url: 'sqlite:///state/other.db'}\n"),
        r"config/parley\.yaml:\d+: store\.url: to change this takes a restart",
    ),
    "missing story": Broken(
        lambda desk: desk.edit("seeds/watches/ru-ua.yaml", ("baseline: [", "baseline: [no-such-story.md, ")),
        r"seeds/watches/ru-ua\.yaml:\d+: baseline\[0\]: there is no file .*no-such-story\.md",
    ),
}


async def test_a_faulty_configuration_is_named_and_the_one_in_force_goes_on(desk: Loaded, tmp_path: Path) -> None:
    await desk.begin()
    await desk.until(lambda: desk.press.polls >= 1)
    good = tmp_path / "good"
    shutil.copytree(desk.path, good, ignore=shutil.ignore_patterns("state", "log-*"))
    async with publishing(desk):
        await desk.until(lambda: desk.told_all(1, "desk", "room"))
        for name, broken in BROKEN.items():
            broken.edit(desk)
            before, log = desk.press.published, len(desk.log)
            code, out, err = await desk.call("reload")
            assert (code, out) == (1, ""), (name, err)
            assert re.search(broken.said, err), (name, err)
            assert re.search(r"\d+ faults?; what was in force stays in force", err), (name, err)
            outcome = desk.last()
            assert outcome is not None, name
            assert not outcome.ok, name
            assert any(re.search(broken.said, fault) for fault in outcome.faults), (name, outcome.faults)
            told = desk.log[log:]
            assert "not reloaded" in told, name
            assert "reload refused" in told, name
            assert "Traceback" not in told, (name, told)
            if "/" in broken.said:
                file = broken.said.split(":")[0].replace("\\", "")
                assert f"file={file}" in told, (name, told)
            # Alerts keep flowing while the faulty files are there.
            await desk.until(partial(desk.told_all, before + 1, "desk", "room"))
            for folder in ("config", "seeds"):
                shutil.rmtree(desk.path / folder)
                shutil.copytree(good / folder, desk.path / folder)
    stories = desk.press.published
    code, out, _ = await desk.call("status")
    assert code == 0
    assert re.search(r"settings +refused, so the old ones hold, ", out)
    assert re.search(r"fault +seeds/watches/ru-ua\.yaml:\d+", out)
    code, out, err = await desk.call("reload")
    assert (code, out) == (0, "nothing changed\n"), err
    await desk.until(lambda: desk.told_all(stories, "desk", "room"))
    assert set(desk.heard().values()) == {1}
    await desk.end()


def _variant(desk: Loaded, number: int) -> None:
    """The configuration number so and so: the mail server, the pace of polls, whose contact is given, the workers."""
    port = (desk.mail if number % 2 else desk.other).port
    text = desk.good.replace(f"port: {desk.mail.port}", f"port: {port}", 1)
    text = text.replace("watches: [ru-ua]", f"watches: [ru-ua, am-az]\ncontact: desk-{number % 3}@example.org")
    text = text.replace("workers: {count: 1,", f"workers: {{count: 1, memory: {500 + number // 4 % 2}MB,")
    late = f"  late: {{kind: email, host: 127.0.0.1, port: {desk.other.port}, security: starttls,"
    late += f" sender: parley@example.org, ca_file: '{desk.ca}'}}\n"
    night = "  night: {channel: late, to: night@example.org, cap: {hour: 100000, day: 100000}}\n"
    text = text.replace("  room: {kind", f"{late}  room: {{kind").replace(
        "  room: {channel", f"{night}  room: {{channel"
    )
    _put(desk.config / "parley.yaml", text.replace("to: [desk, room]", "to: [desk, room, night]"))


def _put(file: Path, text: str) -> None:
    """All at once: a reload may be reading."""
    aside = file.with_name(f".{file.name}")
    aside.write_text(text)
    aside.replace(file)


def _held(pid: int) -> tuple[int, int, int]:
    """How many handles, threads and processes below it a process has."""
    own = Path(f"/proc/{pid}")
    return sum(1 for _ in (own / "fd").iterdir()), sum(1 for _ in (own / "task").iterdir()), len(_below(pid))


def _below(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [*children, *(each for child in children for each in _below(child))]


async def _reloaded(desk: Loaded) -> Reloaded:
    """Ask for one reload, and what it came to."""
    before = desk.last()
    desk.hang_up()
    await desk.until(lambda: desk.last() != before)
    outcome = desk.last()
    assert outcome is not None
    return outcome


async def test_good_configurations_under_load_lose_nothing_and_tell_nothing_twice(
    desk: Loaded, newsroom: Newsroom
) -> None:
    await desk.begin()
    await desk.until(lambda: desk.press.polls >= 1)
    shutil.copy(WATCHES / "am-az.yaml", desk.path / "seeds" / "watches" / "am-az.yaml")
    newsroom.publish(*_caucasus("Brussels", 30), ago=timedelta(hours=1))
    async with publishing(desk):
        await desk.until(lambda: desk.told_all(2, "desk", "room"))
        polled = f"feeds:\n  - {{url: '{desk.press.base}/feed', outlet: Courier, language: en, interval: %s}}\n"
        herald = "outlet: Herald, language: en, interval: 1s, watches: [am-az]"
        polled += f"  - {{url: '{newsroom.base}/feed', {herald}}}\n"
        _variant(desk, 0)
        _put(desk.config / "feeds.yaml", polled % "2s")
        code, out, err = await desk.call("reload")
        assert code == 0, err
        for changed in (
            "contact", "routes", "channels.mail.port", "channels.late added", "watches",
            "recipients.night added", "watch am-az added", f"feed {newsroom.base}/feed added",
            f"feed {desk.press.base}/feed changed",
        ):  # fmt: skip
            assert changed in out.splitlines(), (changed, out)
        first = desk.press.published
        assert any("watch begins" in line and "am-az" in line for line in desk.log.splitlines())
        await desk.until(lambda: newsroom.polls() >= 1)
        newsroom.publish(*_caucasus("Almaty", 40))
        for number in range(1, 21):
            _variant(desk, number)
            _put(desk.config / "feeds.yaml", polled % f"{1 + number % 2}s")
            # By turns alone, each when the last is through, and in bursts.
            if number % 4:
                for _ in range(number % 4):
                    desk.hang_up()
                await asyncio.sleep(0.1 * number % 4)
            else:
                assert (await _reloaded(desk)).ok
    stories = desk.press.published + desk.press.waiting
    assert (await _reloaded(desk)).ok
    await desk.until(lambda: desk.press.published == stories)
    await desk.until(lambda: desk.told_all(stories, "desk", "room"), 60)
    await desk.until(lambda: all(desk.heard()["night", story] for story in range(first, stories)), 60)
    about = [raw for server in (desk.mail, desk.other) for raw in server.raw if b"Almaty" in raw and b"Armenia" in raw]
    assert sorted(re.findall(rb"(?mi)^To: .*?(\w+)@example", b"\n".join(about))) == [b"desk", b"night"]
    assert not any(b"Brussels" in raw for server in (desk.mail, desk.other) for raw in server.raw)
    await asyncio.sleep(1.5)  # what would come twice has come
    assert set(desk.heard().values()) == {1}
    assert "Traceback" not in desk.log
    assert "level=error" not in desk.log
    turns = re.findall(r"event=(reloading|reloaded)\b", desk.log)
    assert turns == ["reloading", "reloaded"] * (len(turns) // 2), "one at a time"
    assert len(turns) // 2 >= 8
    process = desk.process
    assert process is not None
    held = _held(process.pid)
    for number in range(30):
        _variant(desk, number)
        assert (await _reloaded(desk)).ok
    await desk.until(lambda: max(map(int.__sub__, _held(process.pid), held)) <= 1)
    await desk.end()
    assert process.returncode == 0


def _caucasus(place: str, ahead: int) -> tuple[str, str]:
    """Title and text of a plan that the watch am-az tells of and no other."""
    day = (utcnow() + timedelta(days=ahead)).strftime("%-d %B %Y")
    return (
        f"Armenia and Azerbaijan to hold talks in {place} on {day}",
        f"Armenia and Azerbaijan will hold a round of talks in {place} on {day}, both foreign ministries said. "
        f"Ararat Mirzoyan will lead the Armenian side in {place} and Jeyhun Bayramov the Azerbaijani one.",
    )
