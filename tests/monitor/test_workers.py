import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extractors.feed import ParsedFeed
from extractors.records import Article, Names, Reading
from monitor.workers import Patience, WorkerFailure, Workers

NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)
RSS = b"<rss version='2.0'><channel><item><title>Talks</title><link>https://example.org/1</link></item></channel></rss>"


@pytest.fixture(scope="module")
def workers() -> Workers:
    return Workers(count=2, patience=Patience(*[timedelta(seconds=1.5)] * 3), memory=1024 * 2**20)


@pytest.fixture(scope="module", autouse=True)
def _end(workers):
    yield
    asyncio.run(workers.close())


async def works(workers: Workers) -> bool:
    parsed = await workers.parse_feed(RSS, "https://example.org/feed", None, "UTC")
    return isinstance(parsed, ParsedFeed) and len(parsed.entries) == 1


async def test_feeds_and_pages_are_read_in_other_processes(workers):
    assert await works(workers)
    page = await workers.extract(
        b"<html><body><p>" + b"Talks were held in Istanbul. " * 20, "https://example.org/", None
    )
    assert page.text.startswith("Talks were held")
    assert await workers.call(os.getpid) != os.getpid()


async def test_a_job_that_sleeps_is_ended_and_the_pool_goes_on(workers):
    failure = await workers.call(time.sleep, 60)
    assert isinstance(failure, WorkerFailure)
    assert (failure.kind, "1.5 s" in failure.detail) == ("timeout", True)
    assert await works(workers)


@pytest.mark.slow
async def test_a_job_that_hangs_holding_the_interpreter_is_ended(workers):
    # A C function called through PyDLL never lets a signal handler of Python run.
    began = time.monotonic()
    failure = await workers.call(_hang)
    assert failure.kind == "timeout"
    assert time.monotonic() - began < 6
    assert await works(workers)


def _hang() -> None:
    ctypes.PyDLL(None).sleep(60)


async def test_a_job_that_eats_memory_costs_itself_alone(workers):
    failure = await workers.call(bytes, 4 * 2**30)
    assert (failure.kind, "1024 MiB" in failure.detail) == ("memory", True)
    assert await works(workers)


async def test_a_job_that_crashes_its_process_costs_itself_alone(workers):
    before = workers.failures["crash"]
    failure = await workers.call(ctypes.string_at, 0)
    assert (failure.kind, "SIGSEGV" in failure.detail) == ("crash", True)
    assert workers.failures["crash"] == before + 1
    assert await works(workers)


async def test_an_exception_of_a_job_is_a_value_with_its_type(workers):
    failure = await workers.call(int, "x")
    assert failure.kind == "error"
    assert failure.detail.startswith("ValueError")
    failure = await workers.call(next, iter(()))
    assert failure.kind == "error"
    assert failure.detail.startswith("StopIteration")


@pytest.mark.slow
async def test_jobs_run_side_by_side_and_none_waits_behind_one_that_hangs(workers):
    hanging = asyncio.create_task(workers.call(time.sleep, 60))
    await asyncio.sleep(0.05)
    began = time.monotonic()
    assert await works(workers)
    assert time.monotonic() - began < 1
    assert (await hanging).kind == "timeout"


async def test_an_idle_worker_killed_from_outside_does_not_break_the_pool(workers):
    pid = await workers.call(os.getpid)
    os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(0.4)
    assert await works(workers)


async def test_workers_are_deaf_to_ctrl_c(workers):
    pid = await workers.call(os.getpid)
    os.kill(pid, signal.SIGINT)
    assert await workers.call(os.kill, pid, 0) is None


@pytest.mark.slow
async def test_the_loop_is_not_held_up_by_a_hanging_job(workers):
    job = asyncio.create_task(workers.call(time.sleep, 60))
    gaps, last = [], time.monotonic()
    while not job.done():
        await asyncio.sleep(0.01)
        gaps.append(time.monotonic() - last)
        last = time.monotonic()
    assert max(gaps) < 0.25


@pytest.mark.slow
async def test_closing_takes_no_longer_than_two_seconds_whatever_runs():
    own = Workers(count=1, patience=Patience(page=timedelta(seconds=60)))
    pid = await own.call(os.getpid)
    job = asyncio.create_task(own.call(time.sleep, 60))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await own.close()
    assert time.monotonic() - began < 2
    assert isinstance(await asyncio.wait_for(job, 2), WorkerFailure)
    assert not _alive(pid)
    assert (await own.call(os.getpid)).kind == "error"


async def test_what_a_process_says_on_its_stderr_is_heard_line_by_line_also_when_it_dies_of_it():
    heard: list[str] = []
    own = Workers(count=1, said=heard.append)
    try:
        assert await own.call(os.write, 2, b"first\nsecond\nhalf") == 17
        assert (await own.call(os.abort)).kind == "crash"
        assert await own.call(os.write, 2, "мир\n".encode() + b"x" * 5_000 + b"\n") == 5_008
    finally:
        await own.close()
    assert heard == ["first", "second", "halfмир", "x" * 4_000, "x" * 1_000]


PARENT = """
import asyncio, os, time
from monitor.workers import Workers

def hang():
    os.write(1, f"{os.getpid()}\\n".encode())  # in one piece: print may part a line from its end
    time.sleep(60)

async def main():
    workers = Workers(count=2)
    await asyncio.gather(workers.call(hang), workers.call(hang))

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    script = tmp_path / "program.py"
    script.write_text(PARENT)
    here = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": here},
        start_new_session=True,
    ) as process:
        yield process
        process.kill()


def test_workers_die_with_a_service_that_is_killed_also_in_the_midst_of_a_job(program):
    busy = [int(program.stdout.readline()) for _ in range(2)]
    assert all(map(_alive, busy))
    program.kill()
    until = time.monotonic() + 10
    while any(map(_alive, busy)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_alive, busy))


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def test_names_reach_every_worker_once_and_a_change_of_names_counts_from_the_next_job(workers):
    article = Article("https://a.org/1", "a.org", "Talks", "Nothing of note happened in the town today.", "en", NOW)
    for watch in ("first", "second", "third"):
        workers.use((Names(watch, (), (), ()),))
        readings = await asyncio.gather(*(workers.read(article) for _ in range(4)))
        assert [(type(reading), reading.claims) for reading in readings] == [(Reading, ())] * 4


async def test_a_pool_that_is_changed_ends_with_the_last_of_its_jobs(reader: Workers) -> None:
    old = await reader.call(os.getpid)
    slow = asyncio.create_task(reader.call(time.sleep, 0.5))
    await asyncio.sleep(0.1)
    reader.resize(count=1, patience=Patience(page=timedelta(seconds=7)), memory=1025 * 2**20)
    new = await reader.call(os.getpid)
    assert new != old
    assert await slow is None
    assert await asyncio.to_thread(_gone, old)
    reader.resize(count=1, patience=Patience(page=timedelta(seconds=0.5)), memory=1025 * 2**20)
    assert await reader.call(os.getpid) == new, "a patience alone needs no new process"
    failure = await reader.call(time.sleep, 9)
    assert isinstance(failure, WorkerFailure)
    assert "0.5 s" in failure.detail


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.1, 0.15, 0.2])
async def test_closing_ends_the_jobs_of_a_pool_that_was_changed_just_before(wait: float) -> None:
    said: list[str] = []
    own = Workers(count=1, memory=1024 * 2**20, said=said.append)
    old = await own.call(os.getpid)
    assert isinstance(old, int)
    slow = asyncio.create_task(own.call(time.sleep, 30))
    await asyncio.sleep(0.1)
    own.resize(count=1, patience=Patience(), memory=1025 * 2**20)
    await asyncio.sleep(wait)
    began = time.monotonic()
    await own.close()
    assert time.monotonic() - began < 3
    slow.cancel()
    assert _gone(old)


async def test_claims_are_read_by_other_names_without_giving_up_those_in_use(reader: Workers) -> None:
    article = Article("https://example.org/1", "courier.example", "Talks", "Ruritania and Borduria met.", "en")
    own = reader.digest
    other = Names("ruritania", (), (), ())
    assert isinstance(await reader.read(article, [other]), Reading)
    assert reader.digest == own
    assert isinstance(await reader.read(article), Reading)


def _gone(pid: int) -> bool:
    until = time.monotonic() + 10
    while (there := Path(f"/proc/{pid}").exists()) and time.monotonic() < until:
        time.sleep(0.05)
    return not there


@pytest.fixture
async def reader():
    made = Workers(count=1, memory=1024 * 2**20)
    yield made
    await made.close()
