"""How much a series of readings grows, and the tables that show it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path
from statistics import median

from month.gauges import Reading
from simulated.world import DAY, START

MB = 2**20
JUDGED = 15
"""From this day on everything has to be flat: whatever is dropped after a time has been dropped for days by then."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Of one series: its median, and by how much it grows a day."""

    level: float
    a_day: float


def readings(path: Path) -> list[Reading]:
    return [Reading(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def day(reading: Reading) -> float:
    """Days since START."""
    return (datetime.fromisoformat(reading.at) - START) / DAY


def drift(taken: Sequence[Reading], of: Callable[[Reading], float]) -> Drift:
    """By Theil and Sen: the median of the slopes between all pairs, which no single reading can move."""
    points = [(day(each), of(each)) for each in taken]
    slopes = [(later[1] - first[1]) / (later[0] - first[0]) for first, later in combinations(points, 2)]
    return Drift(median(value for _, value in points), median(slopes))


def grown(taken: Sequence[Reading]) -> dict[str, tuple[int, int]]:
    """Containers whose greatest length in the last third of these readings is above that of the first two thirds."""
    cut = len(taken) * 2 // 3
    before, after = _longest(taken[:cut]), _longest(taken[cut:])
    return {name: (before.get(name, 0), length) for name, length in after.items() if length > before.get(name, 0)}


def _longest(taken: Iterable[Reading]) -> Mapping[str, int]:
    longest: dict[str, int] = {}
    for each in taken:
        for name, length in each.held.items():
            longest[name] = max(length, longest.get(name, 0))
    return longest


def table(taken: Sequence[Reading]) -> str:
    """A line for every other day."""
    head = ("day", "life", "RSS", "pool", "handles", "threads", "procs", "tasks", "objects", "store", "wal", "kept")
    lines = ["".join(f"{name:>9}" for name in (*head, "passing", "free", "archive"))]
    for each in taken[7::8]:
        sizes = (each.store, each.wal, each.kept, each.passing, each.free, each.archive)
        counts = (each.handles, each.threads, each.children, each.tasks)
        lines.append(
            f"{day(each):>9.1f}{each.life:>9}{each.rss / MB:>9.1f}{each.pool / MB:>9.0f}"
            + "".join(f"{count:>9}" for count in counts)
            + f"{each.objects:>9}"
            + "".join(f"{size / MB:>9.2f}" for size in sizes)
        )
    return "\n".join(lines)


def tables(taken: Sequence[Reading]) -> str:
    """The rows of each table at the end of every third day."""
    some = taken[11::12]
    lines = [f"{'rows at the end of day':<24}" + "".join(f"{day(each):>8.0f}" for each in some)]
    lines += [f"{name:<24}" + "".join(f"{each.rows[name]:>8}" for each in some) for name in some[-1].rows]
    return "\n".join(lines)
