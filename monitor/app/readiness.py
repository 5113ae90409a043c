"""PURE: whether a service does its work, check by check, for `/readyz` and `parley healthcheck`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.app.vitals import LOOPS, Vitals

# A sign of life is written twice a minute, and the watch waits 20 s for the store: two misses are no accident.
WRITTEN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so. `since` is when it came to be otherwise, aware UTC, where that is known."""

    name: str
    fine: bool
    detail: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the checks go by. `rounds` counts how often each loop came round, by its name in `monitor.loops.Pulse`.

    `wrote` is how long ago the store took a sign of life, None: never. `stalled`: why the store takes no writes, and
    since when. `reloaded`: whether the last configuration that was given was taken.
    """

    vitals: Vitals
    turns: dict[str, int]
    wrote: timedelta | None
    stalled: tuple[str, datetime] | None = None
    stopping: bool = False
    reloaded: bool = True


def checks(seen: Seen) -> tuple[Check, ...]:
    """Every check, in the order in which they are shown. A service is ready when all of them are fine."""
    found = [
        Check("configuration", True, "loaded" if seen.reloaded else "loaded; the last reload was refused, see the log")
    ]
    now = seen.vitals.at
    if seen.stalled is not None:
        found.append(Check("store", False, f"takes no writes: {seen.stalled[0]}", seen.stalled[1]))
    elif seen.wrote is None:
        found.append(Check("store", False, "has not taken a write yet"))
    elif seen.wrote > WRITTEN:
        found.append(Check("store", False, f"no write for {_span(seen.wrote)}", now - seen.wrote))
    else:
        found.append(Check("store", True, f"written {_span(seen.wrote)} ago"))
    waits = [LOOPS[name] for name, turns in seen.turns.items() if not turns]
    first = f"{' and '.join(waits)} not come round yet" if waits else "done"
    found.append(Check("first cycle", not waits, first))
    hanging = {each.name: each for each in seen.vitals.hanging}
    for name in LOOPS.values():
        if name in hanging:
            hang = hanging[name]
            found.append(Check(name, False, f"hangs for {_span(hang.span)} ({hang.doing})", hang.since))
        else:
            found.append(Check(name, True, f"came round {_span(seen.vitals.rounds[name])} ago"))
    if seen.stopping:
        found.append(Check("stopping", False, "the service is about to end"))
    return tuple(found)


def as_text(checks: Sequence[Check]) -> str:
    """A line for each check, and the verdict first."""
    lines = ["ready" if all(check.fine for check in checks) else "not ready"]
    for check in checks:
        since = f", since {check.since:%Y-%m-%d %H:%M:%SZ}" if check.since else ""
        lines.append(f"{'ok ' if check.fine else 'NOT'} {check.name}: {check.detail}{since}")
    return "\n".join(lines) + "\n"


def as_json(checks: Sequence[Check], *, pid: int, version: str) -> str:
    """The same as one object; `pid` tells one service from another on the same port."""
    told = [
        {"name": c.name, "ok": c.fine, "detail": c.detail, "since": c.since.isoformat() if c.since else None}
        for c in checks
    ]
    ready = all(check.fine for check in checks)
    return json.dumps({"ready": ready, "pid": pid, "version": version, "checks": told}, ensure_ascii=False) + "\n"


def _span(span: timedelta) -> str:
    seconds = max(round(span.total_seconds()), 0)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
