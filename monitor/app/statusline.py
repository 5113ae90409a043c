"""The line that `systemctl status` shows, with live figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.app.vitals import Hanging
from monitor.health import told as in_words


@dataclass(frozen=True, slots=True)
class Figures:
    """What a service tells of itself in one line. Anybody on the machine may read it: it holds names and numbers only.

    `feeds` are configured, `bad` of them in a bad state, `cycle` is the time since all loops came round. `waiting` are
    messages that are due and not sent, `down` the channels that take nothing. `stalled` says why the store takes
    nothing, `unloaded` when a reload failed, both empty when all is well.
    """

    feeds: int
    cycle: timedelta
    bad: int = 0
    waiting: int = 0
    down: Sequence[str] = ()
    hanging: Sequence[Hanging] = ()
    stalled: str = ""
    unloaded: datetime | None = None


def status_line(now: Figures) -> str:
    """What is wrong first, then the figures. PURE."""
    wrong = [f"the {each.name} hangs since {each.since:%H:%M:%S} UTC" for each in now.hanging]
    if now.stalled:
        wrong.append(f"the store takes nothing: {now.stalled}")
    wrong += [f"channel {name} is down" for name in now.down]
    if now.unloaded is not None:
        wrong.append(f"the reload at {now.unloaded:%Y-%m-%d %H:%M} UTC failed, the settings before it are in force")
    figures = [f"{now.feeds:,} feed{'' if now.feeds == 1 else 's'}" + (f", {now.bad:,} of them bad" if now.bad else "")]
    figures.append(f"last cycle {in_words(now.cycle)} ago" if now.cycle >= timedelta(minutes=1) else "cycle is current")
    figures.append(
        f"{now.waiting:,} message{'' if now.waiting == 1 else 's'} waiting" if now.waiting else "queue is empty"
    )
    return "; ".join((*wrong, *figures))
