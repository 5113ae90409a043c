"""Polling beside what people poll with, in one run off one server: feeds a second, CPU a feed, memory.

unchanged, by 304          every feed is known and has given validators, by which it answers 304
unchanged, no validators   every feed is known and answers with the same 20 items as before
first poll                 no feed is known; each has 10 items from before, which every program takes for known
10 new items               every feed is known and has 10 items more. Parley reads what the items themselves say
                           (`pages: false`), the others fetch no pages either

CPU is that of all processes of a program, its start included; `start` is a run without any feed. The ratios are
those of CPU a feed, start excluded, to the cheaper of two plain httpx loops. The server's own CPU counts for nobody.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from polling.cost import Cost
from polling.programs import Loop, LoopAbreast, Parley, Program, Reader, Rss2email

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_200)]

FEEDS = int(os.environ.get("BENCH_FEEDS", "2000"))
HERE = Path(__file__).parent
PROGRAMS: tuple[type[Program], ...] = (Parley, Reader, Rss2email, Loop, LoopAbreast)
ROWS = ("unchanged, by 304", "unchanged, no validators", "first poll", "10 new items")


class Server:
    """The server process; `turn` begins a round and gives what was served in the one before."""

    def __init__(self, port: int) -> None:
        self._port = port

    def urls(self, path: str) -> list[str]:
        return [f"http://127.1.{n // 250}.{1 + n % 250}:{self._port}/{path}" for n in range(FEEDS)]

    def turn(self, number: int) -> dict[str, int]:
        answer = httpx.get(f"http://127.0.0.1:{self._port}/-/round/{number}", trust_env=False)
        told: dict[str, int] = answer.json()
        return told


@contextmanager
def serving() -> Iterator[Server]:
    with subprocess.Popen(
        [sys.executable, "-m", "polling.server"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Server(int(process.stdout.readline()))
        finally:
            process.stdin.close()


def cost_of(program: Program) -> Cost:
    done = subprocess.run(
        [sys.executable, "-m", "polling.cost", *program.command()],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])},
    )
    cost = Cost(**json.loads(done.stdout))
    assert not (said := program.complaint(cost)), f"{program.name}: {said}"
    return cost


def measured(kind: type[Program], server: Server, folder: Path) -> tuple[dict[str, Cost], int]:
    """The program's costs by row, and the pages it asked for besides.

    Each run is checked by what the server served and by what the program remembers.
    """
    costs = {"start": cost_of(kind(folder / "start", []))}
    for row, path, again in ((ROWS[0], "etag.xml", FEEDS), (ROWS[1], "plain.xml", 0)):
        program = kind(folder / path, server.urls(path))
        cost_of(program)
        program.again()
        server.turn(1)
        costs[row] = cost_of(program)
        assert server.turn(1) == {f"/{path}": FEEDS} | ({"304": again} if again else {})
        assert program.stored() in (20 * FEEDS, None)
    program = kind(folder / "news", server.urls("news.xml"))
    costs[ROWS[2]] = cost_of(program)
    assert server.turn(2) == {"/news.xml": FEEDS}
    assert program.stored() in (10 * FEEDS, None)
    program.again()
    costs[ROWS[3]] = cost_of(program)
    served = server.turn(1)
    assert served.pop("/news.xml") == FEEDS
    assert program.stored() in (20 * FEEDS, None)
    assert not isinstance(program, Parley) or program.waiting() == 0
    return costs, sum(served.values())


def test_parley_polls_faster_than_other_readers_and_costs_less(tmp_path: Path) -> None:
    with serving() as server:
        done = {kind.name: measured(kind, server, tmp_path / kind.__name__) for kind in PROGRAMS}
    costs = {name: rows for name, (rows, _) in done.items()}

    def each(name: str, row: str) -> float:
        """Milliseconds of CPU a feed, start excluded."""
        return (costs[name][row].cpu - costs[name]["start"].cpu) * 1_000 / FEEDS

    print(f"\n\n{FEEDS} feeds, each on a host of its own; CPU of all processes; x: CPU a feed to the httpx loop's\n")
    print(f"{'':<26}{'':<19}{'feeds/s':>9}{'CPU, s':>9}{'start, s':>10}{'ms a feed':>11}{'x':>7}{'peak, MB':>10}")
    for row in ROWS:
        base = min(each(loop.name, row) for loop in (Loop, LoopAbreast))
        for n, (name, rows) in enumerate(costs.items()):
            cost = rows[row]
            print(
                f"{row if n == 0 else '':<26}{name:<19}{FEEDS / cost.wall:>9.0f}{cost.cpu:>9.1f}"
                f"{rows['start'].cpu:>10.1f}{each(name, row):>11.2f}{each(name, row) / base:>7.1f}{cost.memory:>10.0f}"
            )
    assert not (pages := {name: asked for name, (_, asked) in done.items() if asked}), f"pages were asked for: {pages}"
