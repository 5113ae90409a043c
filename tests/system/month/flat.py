"""Whether a series of readings is flat, and the tables that show it."""

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
DRIFT = 0.05
"""How much a series may drift over the judged days, as a share of its level; with weekends and outages in it."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Of one series over the judged days: its median, and by how much it grows in a year if it goes on so."""

    level: float
    a_day: float
    days: float

    @property
    def a_year(self) -> float:
        return self.a_day * 365

    def flat(self, slack: float) -> bool:
        """Whether it grew by no more than its share, or `slack`, over the judged days."""
        return self.a_day * self.days <= max(DRIFT * self.level, slack)


def readings(path: Path) -> list[Reading]:
    return [Reading(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def day(reading: Reading) -> float:
    """Days since START."""
    return (datetime.fromisoformat(reading.at) - START) / DAY


def drift(taken: Sequence[Reading], of: Callable[[Reading], float]) -> Drift:
    """By Theil and Sen: the median of the slopes between all pairs, which no single reading can move."""
    points = [(day(each), of(each)) for each in taken]
    slopes = [(later[1] - first[1]) / (later[0] - first[0]) for first, later in combinations(points, 2)]
    return Drift(median(value for _, value in points), median(slopes), points[-1][0] - points[0][0])


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
