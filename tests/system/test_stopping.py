"""The real program told to stop: while it sends, while it starts, and twice."""

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Newsroom = PostOffice = Home = Program = Any  # the records of conftest.py, which tests cannot import
HUNG = Path(__file__).parent / "farends" / "hung.py"
DESKS = [f"desk{number}@example.org" for number in range(20)]
GRACE = 5


def ask(home: Home, query: str) -> list[Any]:
    with closing(sqlite3.connect(home.path / "state" / "parley.db")) as store:
        return store.execute(query).fetchall()


def with_many_desks(home: Home, office: PostOffice) -> None:
    """Twenty recipients on three channels: a channel sends eight messages at once."""
    channels = "".join(
        f"  mail{n}: {{kind: email, host: 127.0.0.1, port: {office.port}, security: none, sender: p@example.org}}\n"
        for n in range(3)
    )
    desks = "".join(f"  d{n}: {{channel: mail{n % 3}, to: {desk}}}\n" for n, desk in enumerate(DESKS))
    (home.path / "config" / "parley.yaml").write_text(
        "watches: [ru-ua]\n"
        "polling:\n  host_gap: 0s\n  open_to: [127.0.0.0/8]\n"
        "workers:\n  count: 1\n"
        f"channels:\n{channels}"
        f"delivery:\n  gather: 1s\n  grace: {GRACE}s\n"
        f"recipients:\n{desks}"
    )


async def test_what_is_being_sent_ends_within_its_grace_and_nothing_is_lost_or_doubled(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    with_many_desks(home, office)
    slow = set(DESKS[::2])
    office.takes = lambda desk: 2 if desk in slow else 60
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: len(office.handed) == len(DESKS))
    polls = newsroom.polls()
    seconds = await service.end(signal.SIGTERM)
    assert GRACE - 1 < seconds < GRACE + 5
    assert service.process.returncode == 0
    assert 'waits_for="up to 5 s for 20 messages that are being sent"' in service.log
    assert newsroom.polls() == polls
    assert {str(mail["To"]) for mail in office.mails} == slow
    assert Counter(ask(home, "SELECT outcome FROM attempt")) == {("sent",): 10, ("ambiguous",): 10}
    assert ask(home, "SELECT count(*) FROM delivery WHERE state = 'leased'") == [(0,)]
    assert not (home.path / "state" / "parley.db-wal").exists()  # folded

    office.takes = None
    again = await home.run()
    await again.until(lambda: len(office.mails) == len(DESKS))
    await again.end(signal.SIGTERM)
    assert Counter(str(mail["To"]) for mail in office.mails) == dict.fromkeys(DESKS, 1)
    assert ask(home, "SELECT DISTINCT state FROM delivery") == [("sent",)]


async def test_a_second_signal_ends_it_at_once_and_the_next_start_takes_up_what_was_cut(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    home.settings(grace="30s")
    office.takes = lambda _: 60
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: office.handed)
    service.process.send_signal(signal.SIGTERM)
    await service.until(lambda: "event=stopping" in service.log)
    await asyncio.sleep(0.5)
    assert service.process.returncode is None
    assert await service.end(signal.SIGINT) < 2
    assert service.process.returncode == -signal.SIGINT
    office.takes = None
    again = await home.run()
    await again.until(lambda: office.mails)
    assert "deliveries recovered" in again.log
    assert len(office.mails) == 1


def opened(pipe: Path, ends: list[int]) -> bool:
    """Whether somebody reads it: then `ends` has an end to write to (fifo(7))."""
    with suppress(OSError):
        ends.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    return bool(ends)


async def test_a_grace_that_a_reload_changed_counts_at_the_next_stop(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    home.settings(grace="1s")
    office.takes = lambda _: 6
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: office.handed)
    home.settings(grace="15s")
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: "event=reloaded" in service.log)
    await service.end(signal.SIGTERM)
    assert 'waits_for="up to 15 s for 1 messages that are being sent"' in service.log
    assert len(office.mails) == 1
    assert ask(home, "SELECT outcome FROM attempt") == [("sent",)]


async def test_a_hangup_while_it_stops_does_nothing(newsroom: Newsroom, office: PostOffice, home: Home) -> None:
    office.takes = lambda _: 60
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: office.handed)
    service.process.send_signal(signal.SIGTERM)
    await service.until(lambda: "event=stopping" in service.log)
    handle = os.pidfd_open(service.process.pid)  # Popen's own way would look whether it has ended, and keep that
    while service.process.returncode is None:  # also when its loop has ended and Python clears up
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGHUP)
        await asyncio.sleep(0.005)
    os.close(handle)
    assert service.process.returncode == 0
    assert "event=reloading" not in service.log
    assert "service stopped" in service.log


async def test_a_hangup_while_the_settings_are_read_is_a_reload_once_it_runs(newsroom: Newsroom, home: Home) -> None:
    feeds = home.path / "config" / "feeds.yaml"
    first = feeds.read_text()
    feeds.unlink()
    os.mkfifo(feeds)
    service = await home.run()
    ends: list[int] = []
    await service.until(lambda: opened(feeds, ends))
    service.process.send_signal(signal.SIGHUP)
    later = feeds.with_name("later.yaml")
    later.write_text(first.replace("/feed", "/other"))
    later.replace(feeds)
    os.write(ends[0], first.encode())
    os.close(ends[0])
    await service.until(lambda: "event=reloaded" in service.log)
    assert service.log.index('"service started" feeds=1') < service.log.index("event=reloading")
    await service.until(lambda: newsroom.polls("/other") >= 1)


async def started(home: Home, where: str, folder: Path) -> Program:
    """The program, which hangs in its start."""
    begun = folder / "begun"
    (folder / where).touch()
    service = await home.run(program=(str(HUNG), where, str(folder)))
    store = home.path / "state" / "parley.db"
    await service.until(lambda: store.exists() and begun.exists())
    return service


async def test_a_start_is_broken_off_by_the_first_signal(home: Home, tmp_path: Path) -> None:
    service = await started(home, "start", tmp_path)
    assert await service.end(signal.SIGTERM) < 5
    assert service.process.returncode == 0
    assert "the start is broken off" in service.log
    assert "Traceback" not in service.log


async def test_a_hangup_while_it_starts_is_a_reload_once_it_runs(home: Home, tmp_path: Path) -> None:
    service = await started(home, "start", tmp_path)
    service.process.send_signal(signal.SIGHUP)
    await asyncio.sleep(0.5)
    home.settings(gather="3s")
    (tmp_path / "start").unlink()
    await service.until(lambda: "event=reloaded" in service.log)
    assert "delivery.gather" in service.log


async def test_a_start_that_blocks_is_ended_by_the_second(home: Home, tmp_path: Path) -> None:
    service = await started(home, "blocked start", tmp_path)
    service.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.5)
    assert service.process.returncode is None
    assert await service.end(signal.SIGTERM) < 2
    assert service.process.returncode == -signal.SIGTERM
