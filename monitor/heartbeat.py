"""PURE: when somebody outside is told that the service is alive, and when that it is not.

A sign of life is given only for a full cycle: each loop has come round since the last one, and some channel can reach
people. So it stops when polling, reading or sending stalls, whatever else goes on (reference: delivery §5, dead-man).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Beaten:
    """How often each loop had come round at the last sign of life, and when that was on a clock that only goes forward.

    `failed`: that something is stuck was reported since.
    """

    turns: Mapping[str, int]
    at: timedelta | None = None
    failed: bool = False


def next_sign(
    beaten: Beaten,
    turns: Mapping[str, int],
    stuck: Sequence[str],
    *,
    reachable: bool,
    every: timedelta,
    now: timedelta,
) -> Literal["alive", "stuck"] | None:
    """What is to be sent now. `turns` by loop, `stuck` their names, `reachable`: a channel is not known to be down."""
    if stuck:
        return None if beaten.failed else "stuck"
    if beaten.at is not None and now - beaten.at < every:
        return None
    full = all(turns[name] > beaten.turns.get(name, 0) for name in turns)
    return "alive" if full and reachable else None


def taken(beaten: Beaten, sign: Literal["alive", "stuck"], turns: Mapping[str, int], now: timedelta) -> Beaten:
    """After the sign was sent and taken."""
    return Beaten(dict(turns), now) if sign == "alive" else replace(beaten, failed=True)
