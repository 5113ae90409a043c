"""The whole program on a disk that is full, or takes no writes, in the middle of its work.

The far ends say what came of it: everything that was in the feed before and meanwhile is accepted once on each channel.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from farends.desk import Desk, issued
from monitor.trouble import WAITED
from smalldisk import SmallDisk, mounted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


class Cramped(Desk):
    """A desk that does something once a far end is at `step` with the story `at`."""

    step, at = "", -1
    then: Callable[[], None] | None = None

    def told(self, step: str, story: int | None) -> bool:
        if step == self.step and story == self.at and self.then is not None:
            then, self.then = self.then, None
            then()
        return False

    def when(self, step: str, at: int, then: Callable[[], None]) -> None:
        self.step, self.at, self.then = step, at, then

    async def all_told(self) -> None:
        """Until every story was accepted on both channels, and then two polls and some more."""
        await self.until(lambda: not self.press.waiting and self.both() == set(range(self.press.published)))
        polls = self.press.polls
        await self.until(lambda: self.press.polls > polls + 2)

    def both(self) -> set[int | None]:
        return {each.story for each in self.mail.accepted} & {each.story for each in self.slack.accepted} - {None}

    def mails(self) -> list[str]:
        bodies = [message_from_bytes(raw, policy=default).get_body(("plain",)) for raw in self.mail.raw]
        return [" ".join(body.get_content().split()) for body in bodies if body is not None]

    def times(self) -> set[tuple[str, int | None, int]]:
        """How often each story was accepted."""
        ends = (("mail", self.mail), ("slack", self.slack))
        return {
            (name, story, times)
            for name, end in ends
            for story, times in Counter(each.story for each in end.accepted if each.story is not None).items()
        }

    def once_each(self) -> set[tuple[str, int | None, int]]:
        return {(name, story, 1) for name in ("mail", "slack") for story in range(self.press.published)}


@asynccontextmanager
async def cramped(tmp_path: Path, disk: SmallDisk) -> AsyncIterator[Cramped]:
    """A desk whose store lies on `disk`, and so its archive beside it; it looks after itself every other second."""
    tls, ca = issued(tmp_path)
    home = tmp_path / "desk"
    desk = Cramped("desk", home, tls, ca)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(desk.close)
        await desk.open()
        settings = home / "config" / "parley.yaml"
        elsewhere = f"store: {{url: 'sqlite:///{disk.path}/parley.db'}}\nnotices: {{channel_after: 2s}}\n"
        settings.write_text(settings.read_text().replace("keep: {archive: 0s}\n", elsewhere))
        yield desk


@pytest.fixture
async def desk(tmp_path: Path, small_disk: SmallDisk) -> AsyncIterator[Cramped]:
    async with cramped(tmp_path, small_disk) as made:
        yield made


async def _survives(
    desk: Cramped, step: str, worse: Callable[[], None], better: Callable[[], None], seconds: float
) -> None:
    desk.press.waiting = 2
    await desk.begin()
    await desk.all_told()
    # At a step of story 3, whose mail may have been taken and not been written down, the disk turns bad under load.
    desk.when(step, 3, worse)
    desk.press.waiting = 4
    await desk.until(lambda: "the store takes nothing" in desk.log)
    desk.press.waiting = 3
    await asyncio.sleep(seconds)
    assert desk.process is not None
    assert desk.process.returncode is None
    assert len(desk.both()) < 6
    better()
    await desk.until(lambda: "the store takes everything again" in desk.log)
    await desk.until(lambda: not desk.press.waiting)
    await desk.all_told()
    assert desk.press.published == 9
    assert desk.times() == desk.once_each()
    assert desk.log.count("the store takes nothing") == desk.log.count("the store takes everything again")
    if seconds > WAITED.total_seconds():
        await desk.until(lambda: any("nothing was told meanwhile" in text for text in desk.mails()))
    await desk.end()
    assert desk.process.returncode == 0
    assert "Traceback" not in desk.log


async def test_a_disk_that_is_full_in_mid_work_loses_nothing_and_tells_nothing_twice(
    desk: Cramped, small_disk: SmallDisk
) -> None:
    await _survives(desk, "mail taken", small_disk.fill, small_disk.free, 11)


async def test_a_disk_that_takes_no_writes_in_mid_work_loses_nothing_and_tells_nothing_twice(
    tmp_path: Path, small_ext4: SmallDisk
) -> None:
    async with cramped(tmp_path, small_ext4) as desk:
        files = [small_ext4.path / name for name in ("parley.db", "parley.db-wal")]
        await _survives(desk, "slack taken", lambda: small_ext4.forbid(*files), lambda: small_ext4.allow(*files), 3)


async def test_killed_while_the_disk_is_full_it_goes_on_when_there_is_room(
    tmp_path: Path, desk: Cramped, small_disk: SmallDisk
) -> None:
    desk.press.waiting = 2
    await desk.begin()
    await desk.all_told()
    desk.when("page", 3, small_disk.fill)
    desk.press.waiting = 4
    await desk.until(lambda: "the store takes nothing" in desk.log)
    assert desk.process is not None
    desk.process.send_signal(signal.SIGKILL)
    await desk.process.wait()
    await desk.begin()
    assert await asyncio.wait_for(desk.process.wait(), 20) == 1
    assert "Traceback" not in desk.log
    assert "parley.db" in desk.log
    assert "room" in desk.log
    small_disk.free()
    await desk.begin()
    await desk.all_told()
    # What a mail server had taken and could not be written down before the kill is sent again, under its first id.
    assert {(name, story) for name, story, _ in desk.times()} == {(name, story) for name, story, _ in desk.once_each()}
    assert {times for name, _, times in desk.times() if name == "slack"} == {1}
    for story in range(desk.press.published):
        assert len({each.id for each in desk.mail.accepted if each.story == story}) == 1
    await desk.end()


async def test_told_to_stop_while_the_disk_is_full_it_stops_within_five_seconds(
    desk: Cramped, small_disk: SmallDisk
) -> None:
    desk.press.waiting = 1
    await desk.begin()
    await desk.all_told()
    desk.when("mail taken", 2, small_disk.fill)
    desk.press.waiting = 4
    await desk.until(lambda: "the store takes nothing" in desk.log)
    assert desk.process is not None
    desk.process.terminate()
    assert await asyncio.wait_for(desk.process.wait(), 8) == 0  # five, on a machine that does nothing else
    assert "Traceback" not in desk.log


async def test_with_its_whole_home_on_the_full_disk_its_log_costs_no_alert(tmp_path: Path) -> None:
    tls, ca = issued(tmp_path)
    with mounted(tmp_path / "desk", "-t", "tmpfs", "-o", "size=8m") as disk:
        desk = Cramped("desk", disk.path, tls, ca)
        try:
            await desk.open()
            desk.press.waiting = 1
            await desk.begin()
            await desk.all_told()
            desk.when("page", 2, disk.fill)
            desk.press.waiting = 3
            await desk.until(lambda: desk.then is None)
            await asyncio.sleep(3)
            disk.free()
            await desk.all_told()
            assert desk.times() == desk.once_each()
            await desk.end()
        finally:
            await desk.close()
