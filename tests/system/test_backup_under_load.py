"""A backup that is made under load, a crash, and the life that goes on from the backup in a clean home."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from farends import Accepted
from farends.desk import Desk, issued

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

BACKUPS = 3
APART = 0.2
"""Seconds between two stories, as long as fewer than AHEAD wait to be told: Slack takes one message a second."""
AHEAD = 4
AFTER = 4
"""Stories that are told everywhere between the last backup and the crash."""


async def parley(home: Path, *args: object) -> tuple[int, str]:
    """The real program to its end: its exit status, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "monitor", "--home", str(home), *map(str, args),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


def rows(store: Path, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as opened:
        return opened.execute(query).fetchall()


def ids(store: Path) -> dict[str, set[str]]:
    return {name: {row[0] for row in rows(store, f"SELECT id FROM {name}")} for name in ("event", "alert", "delivery")}  # noqa: S608


def sent(store: Path) -> set[str]:
    return {row[0] for row in rows(store, "SELECT id FROM delivery WHERE state = 'sent'")}


def told(accepted: list[Accepted]) -> Counter[int]:
    return Counter(each.story for each in accepted if each.story is not None)


async def test_a_backup_made_under_load_goes_on_in_a_clean_home_and_nothing_is_lost_or_told_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    tls, ca = issued(tmp_path)
    desk = Desk("desk", tmp_path / "first", tls, ca)
    await desk.open()
    backups: list[Path] = []
    took: list[float] = []

    def everywhere() -> int:
        """How many stories have been told on both channels."""
        return len(told(desk.mail.accepted).keys() & told(desk.slack.accepted).keys())

    async def publish() -> None:
        while True:
            if desk.press.published + desk.press.waiting - everywhere() < AHEAD:
                desk.press.waiting += 1
            await asyncio.sleep(APART)

    publishing: asyncio.Task[None] | None = None
    try:
        # --- the first life: backups in the middle of news, then a crash ------------------------------------------
        await desk.begin()
        await desk.until(lambda: desk.press.polls > 1)
        publishing = asyncio.create_task(publish())
        await desk.until(lambda: everywhere() >= 3)
        for number in range(BACKUPS):
            file, at = tmp_path / f"{number}.tar.gz", time.monotonic()
            status, said = await parley(desk.path, "backup", file)
            assert status == 0, said
            took.append(time.monotonic() - at)
            backups.append(file)
        before = everywhere()
        await desk.until(lambda: everywhere() >= before + AFTER)
        assert desk.process is not None
        desk.process.send_signal(signal.SIGKILL)
        await desk.process.wait()
        publishing.cancel()
        first = {channel: list(end.accepted) for channel, end in (("mail", desk.mail), ("slack", desk.slack))}

        # --- the last backup in a clean home ----------------------------------------------------------------------
        desk.path = tmp_path / "second"
        status, said = await parley(desk.path, "restore", backups[-1])
        assert status == 0, said
        store = desk.path / "state" / "parley.db"
        known, known_sent = ids(store), sent(store)

        # --- the second life ---------------------------------------------------------------------------------------
        await desk.begin()
        desk.press.waiting += 3
        await desk.until(lambda: not desk.press.waiting and everywhere() == desk.press.published, 90)
        await desk.until(lambda: len(sent(store)) == 2 * desk.press.published)
        polls = desk.press.polls
        await desk.until(lambda: desk.press.polls > polls + 2)
        await desk.end()
        whole = await parley(desk.path, "check", "--store")
    finally:
        if publishing is not None:
            publishing.cancel()
        await desk.close()

    published = desk.press.published
    lost_span = {
        channel: {each.id for each in accepted if each.story is not None} - {_of(each) for each in known_sent}
        for channel, accepted in first.items()
    }
    mails, posts = told(desk.mail.accepted), told(desk.slack.accepted)
    repeated = {story for story, times in mails.items() if times > 1}
    with capsys.disabled():
        print(
            f"\n{published} stories, {BACKUPS} backups of up to {max(p.stat().st_size for p in backups) / 1e3:.0f} kB "
            f"in at most {max(took):.1f} s each, the last with {len(known_sent)} deliveries sent; "
            f"{len(lost_span['slack'])} posts after it, {len(repeated)} mails again; {time.monotonic() - began:.0f} s"
        )
    assert whole[0] == 0, whole[1]
    # nothing is lost
    assert set(mails) == set(posts) == set(range(published))
    end = ids(store)
    for name, before_ids in known.items():
        assert before_ids <= end[name], f"{name} of the backup are gone"
    alerts = [json.loads(body) for (body,) in rows(store, "SELECT body FROM alert WHERE reason = 'new'")]
    assert len({alert["source"]["url"] for alert in alerts}) == len(alerts) == published
    assert len({alert["event_id"] for alert in alerts} & end["event"]) == published
    # nothing that the backup knew to be sent is sent again
    by_id = Counter(_of(each.id) for end in (desk.mail, desk.slack) for each in end.accepted)
    assert {by_id[each] for each in known_sent} == {1}
    # what was sent after it goes again as the same mail at most, and never to Slack
    assert set(posts.values()) == {1}
    for story in repeated:
        again = [each for each in desk.mail.accepted if each.story == story]
        assert len(again) == 2, f"story {story} was mailed {len(again)} times"
        assert len({each.id for each in again}) == 1, f"story {story} was mailed under several ids"
        assert [each.life for each in again] == [1, 2]
    # the test reached what it is about, or it shows nothing
    assert known_sent
    assert len(lost_span["slack"]) >= AFTER
    # of the first of them the backup may have known the mail, while its post was still under way
    assert len(repeated) >= AFTER - 2
    assert desk.slack.looked >= AFTER


def _of(message_id: str) -> str:
    """The delivery's id in a Message-ID, or itself."""
    return message_id.strip("<>").split("@")[0]
