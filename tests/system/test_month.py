"""A month of the whole service in virtual time (DESIGN §7: memory and disk flat over a simulated month).

300 newsrooms in four languages, an edit of the configuration a day, two kills, a clock set back and one set forward,
and a machine that sleeps for a night. The real program in a process of its own, with its store and archive on disk,
its pool of processes, a mail server and a Slack; `month` says what is made up.
"""

import asyncio
import math
import os
import shutil
import sqlite3
import struct
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from farends import story_of
from farends.desk import issued
from farends.mail import MailServer
from farends.slack import SlackServer
from month import flat, home
from month.flat import JUDGED, MB
from month.gauges import Reading
from month.press import Press, published
from simulated.world import DAY, HOUR, START

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

CHECKOUT = Path(__file__).parents[2]
KILLS = (5.4 * DAY, 10.3 * DAY)
"""The first while a story is read, the next while a mail is handed over: early, so that one life lasts for 20 days."""
DOWN = 1 * HOUR
# A saying of these articles in the reader's memo, which fills up to its size in the course of months (measured).
A_SAYING = 7_100
MEMO = "service.reader._taking._memo._sayings"
# By how much each may seem to grow in 15 days: what a weekend, an outage or a page of memory more or less can do.
GAUGES: dict[str, tuple[Callable[[Reading], float], float]] = {
    # High-water marks, above all of reloads: in 250 of them, one after another, memory rose by 5 MB up to the 170th and
    # not after it, with no object more (measured). A leak shows in the objects; the bar is that of DESIGN §7.
    "RSS": (lambda each: each.rss, 12 * MB),
    "handles": (lambda each: each.handles, 0.5),
    "threads": (lambda each: each.threads, 0.5),
    "processes": (lambda each: each.children, 0.5),
    "tasks": (lambda each: each.tasks, 0.5),
    "wal": (lambda each: each.wal, MB / 2),
    "store but for what is kept": (lambda each: each.store - each.kept, MB),
    "archive": (lambda each: each.archive, MB / 4),
    "kept for good": (lambda each: each.kept, math.inf),
}
LATE = 20
INTERRUPTS = ("new", "advanced", "reversed")
SHOCKS = {"set back": home.BACK, "asleep": home.ASLEEP, "set forward": home.FORWARD}
# Filled for as long as there is news, and bounded by their size.
BOUNDED = {
    MEMO: 2_000,
    "service.reader._taking._memo._digests": 2_000,
    "service.dispatcher._attempts._threads": 1_000,
    "statements": 750,
}


@dataclass(slots=True)
class Month:
    """The service's lives, ended where they are to be, and what its far ends took."""

    path: Path
    mail: MailServer
    slack: SlackServer
    life: int = 0
    process: asyncio.subprocess.Process | None = None
    kill: str = ""
    killed: list[float] = field(default_factory=list)
    arrived: list[datetime] = field(default_factory=list)

    @property
    def moment(self) -> float:
        """Steady seconds since START, as far as the service has come."""
        seconds: float = struct.unpack("d", (self.path / "moment").read_bytes())[0]
        return seconds

    def mailed(self, step: str, _story: int | None) -> None:
        if step == "taken":
            self.arrived.append(home.wall(self.moment))
        if step == "data" and self.kill == "sending":
            self.end()

    def end(self) -> None:
        """Kill it here, if its time has come."""
        if self.life <= len(KILLS) and self.moment >= KILLS[self.life - 1].total_seconds():
            assert self.process is not None
            self.process.kill()
            self.kill = ""

    async def live(self) -> None:
        """All lives, one after another on the same home, to the end of the month."""
        since, until = 0.0, (home.DAYS * DAY).total_seconds()
        for self.life, self.kill in enumerate((*("reading", "sending"), "never"), 1):
            with (self.path / f"log-{self.life}").open("wb") as log:
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "month.life", str(self.path), str(since), str(until), str(self.life),
                    stdout=asyncio.subprocess.PIPE, stderr=log, env=_environment(), start_new_session=True,
                )  # fmt: skip
            assert self.process.stdout is not None
            async for line in self.process.stdout:
                if line.startswith(b"reading") and self.kill == "reading":
                    self.end()
            code = await self.process.wait()
            if self.life > len(KILLS):
                assert code == 0, self.log()
                return
            assert code == -9, self.log()
            self.killed.append(self.moment)
            sound(self.path)
            since = self.moment + DOWN.total_seconds()

    def log(self) -> str:
        """What the lives wrote on stderr so far."""
        return "".join((self.path / f"log-{n}").read_text(encoding="utf-8") for n in range(1, self.life + 1))

    def mails(self) -> list[tuple[EmailMessage, datetime]]:
        """Each mail with what the service's clock showed when it was taken."""
        return [(_mail(raw), at) for raw, at in zip(self.mail.raw, self.arrived, strict=True)]

    def rung(self, recipient: str) -> Counter[tuple[int | None, str]]:
        """How often each story interrupted by mail, with the reason."""
        mine = [mail for mail, _ in self.mails() if recipient in mail["To"]]
        told = [(story_of(_plain(mail)), str(mail["X-Parley-Reason"])) for mail in mine]
        return Counter(each for each in told if each[1] in INTERRUPTS)

    def heard(self, recipient: str) -> list[datetime]:
        """When a recipient got mails, but for those of trouble, by the service's clock."""
        mine = [(mail, at) for mail, at in self.mails() if recipient in mail["To"]]
        return [at for mail, at in mine if mail["X-Parley-Reason"] != "notice"]

    def posted(self) -> Counter[tuple[int | None, str]]:
        """The same in Slack."""
        told = [
            (accepted.story, str(message["metadata"]["event_payload"].get("reason")))
            for accepted, message in zip(self.slack.accepted, self.slack.messages, strict=True)
        ]
        return Counter(each for each in told if each[1] in INTERRUPTS)


def _mail(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def _plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _environment() -> dict[str, str]:
    paths = (CHECKOUT, CHECKOUT / "tests" / "benchmarks", CHECKOUT / "tests" / "system")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "NO_PROXY": "127.0.0.1"}


def sound(path: Path) -> None:
    """The store that a kill left is whole. A copy is looked at: the next life shall be the one that recovers it."""
    copy = path / "copy"
    copy.mkdir()
    for file in (path / "state").glob("parley.db*"):
        if not file.name.endswith("-shm"):
            shutil.copy(file, copy)
    with closing(sqlite3.connect(copy / "parley.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    shutil.rmtree(copy)


@pytest.fixture(scope="module")
def press() -> Press:
    return published(home.FEEDS, home.DAYS, home.SEED)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory, press: Press) -> Month:
    """The month, lived once for all tests."""
    folder = tmp_path_factory.mktemp("month")
    began = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        lived = asyncio.run(_lived(folder, patch, press))
    print(f"\n\n{home.DAYS} days of {home.FEEDS} feeds in {time.monotonic() - began:.0f} s")
    return lived


async def _lived(folder: Path, patch: pytest.MonkeyPatch, press: Press) -> Month:
    tls, authority = issued(folder)
    lived: Month = Month(
        folder / "home",
        MailServer(lambda step, story: lived.mailed(step, story), lambda: lived.life, tls),
        SlackServer(lambda _step, _story: False, lambda: lived.life, "C0ROOM"),
    )
    # Slack dates what it takes, and is asked for what came since then.
    patch.setattr("farends.slack.utcnow", lambda: home.wall(lived.moment))
    await lived.mail.start()
    await lived.slack.start()
    try:
        ends = home.Ends(lived.mail.port, authority, lived.slack.base, lived.slack.channel)
        home.begin(lived.path, ends, press)
        await lived.live()
    finally:
        if lived.process is not None and lived.process.returncode is None:
            lived.process.kill()
            await lived.process.wait()
        await lived.mail.stop()
        await lived.slack.stop()
    return lived


def test_every_step_of_every_event_rings_once_on_every_channel(month: Month, press: Press) -> None:
    owed = Counter((story.number, story.rings) for story in press.stories)
    print(f"\n{len(owed)} steps of events; kills on days {', '.join(f'{at / 86_400:.2f}' for at in month.killed)}")
    assert month.rung("desk@example.org") == owed
    assert month.rung("night@example.org") == owed
    assert month.posted() == owed


def test_quiet_hours_and_digests_go_by_the_clock_of_their_recipient(month: Month) -> None:
    kyiv = ZoneInfo("Europe/Kyiv")
    reasons = Counter(str(mail["X-Parley-Reason"]) for mail, _ in month.mails())
    print(f"\nmails by reason: {dict(reasons)}; posts: {len(month.slack.accepted)}")
    nightly = [at.astimezone(kyiv) for at in month.heard("night@example.org")]
    assert not [at for at in nightly if not 7 <= at.hour < 22]
    # What is alone in its digest comes as itself.
    daily = [at.astimezone(kyiv) for at in month.heard("daily@example.org")]
    print(f"digests and what came instead of one: {len(daily)}")
    assert len(daily) > home.DAYS / 2
    # When the clock was set back, what was held waits for as long as it was to, and comes a little early.
    shocked = {(home.wall(jump.total_seconds()) + later).date() for jump in SHOCKS.values() for later in (0 * DAY, DAY)}
    usual = [at for at in daily if at.date() not in shocked]
    assert {at.hour for at in usual} == {8}
    assert max(Counter(at.date() for at in usual).values()) == 1
    assert max(Counter(at.date() for at in daily).values()) <= 3


def test_no_newsroom_is_asked_more_than_once_too_early_when_a_clock_jumps(month: Month) -> None:
    early: defaultdict[str, Counter[int]] = defaultdict(Counter)
    by_hour: Counter[int] = Counter()
    for line in (month.path / "requests").read_text(encoding="utf-8").splitlines():
        moment, number, why = line.split(" ", 2)
        at = datetime.fromisoformat(moment)
        by_hour[int((at - START) / HOUR)] += 1
        # With a clock that is an hour off, a feed's hours of rest are an hour off.
        if why and (why != "skipHours" or at < home.true(home.BACK.total_seconds())):
            early[_behind(at)][int(number)] += 1
    print(f"\nrequests to feeds: {sum(by_hour.values())}, at most {max(by_hour.values())} an hour; too early:")
    for name, counts in early.items():
        print(f"  {name}: {sum(counts.values())} by {len(counts)} feeds, at most {max(counts.values())} each")
    assert early.keys() <= SHOCKS.keys(), early
    assert all(max(counts.values()) == 1 for counts in early.values())


def _behind(at: datetime) -> str:
    """The jump of the clock that a moment comes at most the longest interval behind, a day."""
    past = {name: at - home.true(jump.total_seconds()) for name, jump in SHOCKS.items()}
    return next((name for name, since in past.items() if 0 * HOUR <= since <= DAY), "no jump")


def test_each_jump_of_the_clock_is_told_once(month: Month) -> None:
    log = month.log()
    told = [line for line in log.splitlines() if "event=trouble" in line and "clock" in line]
    print("\n" + "\n".join(told))
    assert len(told) == len(SHOCKS)
    assert log.count('event="clock set back"') == 1
    assert log.count("event=downtime") == len(KILLS)
    troubles = [line for line in log.splitlines() if "level=error" in line and line not in told]
    assert not troubles, "\n".join(troubles)


def test_each_edit_of_the_configuration_is_taken_up(month: Month) -> None:
    lines = month.log().splitlines()
    assert sum("event=reloaded" in line for line in lines) == home.DAYS
    assert not [line for line in lines if "reloaded" in line and "changed=nothing" in line]


def _but_for_the_memo(each: Reading) -> float:
    return each.rss - A_SAYING * each.held[MEMO]


def test_memory_and_disk_are_flat_once_warm(month: Month) -> None:
    taken = flat.readings(month.path / "readings")
    judged = [each for each in taken if flat.day(each) >= JUDGED]
    assert {each.life for each in judged} == {len(KILLS) + 1}
    assert len(judged) > 50
    print(
        f"\nMB, and numbers of things; kept: in tables that are kept for good\n{flat.table(taken)}\n"
        f"\n{flat.tables(taken)}\n"
    )
    print(f"{'days 15 to 30':<28}{'median':>14}{'15 days more':>14}{'a year more':>14}")
    bad = []
    for name, (of, most) in GAUGES.items():
        seen = flat.drift(judged, of)
        print(f"{name:<28}{seen.level:>14,.0f}{seen.a_day * 15:>14,.0f}{seen.a_day * 365:>14,.0f}")
        if seen.a_day * 15 > most:
            bad.append(name)
    late = flat.drift([each for each in taken if flat.day(each) >= LATE], _but_for_the_memo)
    print(f"{'RSS but for the memo, days 20 to 30':<28}{late.a_day * 15:>21,.0f}{late.a_day * 365:>14,.0f}")
    # Garbage in cycles waits for the collector: the least there ever is are those that live.
    first, last = (min(each.objects for each in part) for part in (judged[:24], judged[-24:]))
    print(f"objects that live, in the first and last days: {first:,} and {last:,}")
    if last - first > 3_000:
        bad.append("objects")
    highest = max(each.rss for each in taken)
    print(f"RSS at most {highest / MB:.0f} MB")
    # The bar is 150 MB; what the newsrooms publish lives in this process as well.
    assert highest <= 160 * MB
    grown = {
        name: lengths
        for name, lengths in flat.grown(judged).items()
        if lengths[1] > BOUNDED.get(name, lengths[0] * 1.1 + 4)
    }
    assert not bad, bad
    assert not grown, grown
