"""PURE: what is wrong with the service itself, and what of it people are to be told now.

A trouble is told once when it lasts, again once a day, and once when it is over. It is over when it has been well for
the calm, which doubles each time it comes back within a day: what flaps does not ring each time (reference: delivery
§5, self-fault).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal, get_args

from alerts.records import Severity, Target
from monitor.health import told as in_words

Kind = Literal["channel", "loop", "dead-letter", "queue", "disk", "store", "clock"]
"""The gravest first."""
Turn = Literal["bad", "still", "well"]
OCCURRENCES: frozenset[Kind] = frozenset({"dead-letter", "store", "clock"})
"""What has happened and is not over some time later."""
REMIND = timedelta(days=1)
LATELY = timedelta(days=2)
"""So far back dead letters are looked for: longer than a reminder waits."""
FORGET = timedelta(days=1)
UNPROVEN = timedelta(days=7)
"""After so long a channel that nothing is sent by is no trouble any more, though nothing shows that it works."""
_DOUBLINGS = 6
ROOM = 200_000_000
"""Bytes: with less, the store and the archive of a busy day may not find room."""
WAITED = timedelta(seconds=10)
"""How long a store takes nothing before it is told: a copy or a look from outside may hold it for a moment."""
BACK, AHEAD = timedelta(minutes=1), timedelta(minutes=15)
"""How far a clock is set, or a machine sleeps, before it is told: back it mixes up what came first."""


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """How a channel fares: `down` since then, or working since then. `because` never holds a secret."""

    name: str
    down: bool
    since: datetime
    because: str = ""
    last_sent: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """What waits on a channel to be sent: how many, since when the oldest, with what error; `sent` in the last hour."""

    channel: str
    waiting: int
    since: datetime
    sent: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class DeadSeen:
    """A delivery that was given up, with the title of its alert."""

    channel: str
    recipient: str
    rule: str
    at: datetime
    title: str
    error: str


@dataclass(frozen=True, slots=True)
class StallSeen:
    """A span in which the store took nothing, and why; it is over."""

    since: datetime
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Observed:
    """One look. `loops` are those that do not come round, and since how long; `free` is bytes of the disk.

    `stalls` have ended since the last look. `jump` is how far the clock was set between two looks, less than nothing
    when back.
    """

    channels: tuple[ChannelSeen, ...] = ()
    queues: tuple[QueueSeen, ...] = ()
    dead: tuple[DeadSeen, ...] = ()
    loops: tuple[tuple[str, timedelta], ...] = ()
    free: int | None = None
    stalls: tuple[StallSeen, ...] = ()
    jump: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Row:
    """A trouble as it is remembered.

    `told`: when people last heard that it is there; None when they believe all to be well. `over`: since when it has
    been well; None while it lasts. `times`: how often it came back within a day.
    """

    key: str
    kind: Kind
    since: datetime
    told: datetime | None = None
    detail: str = ""
    over: datetime | None = None
    times: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a channel is down, and the oldest message of a queue waits, before it is told."""

    channel_after: timedelta
    queue_after: timedelta

    def calm(self, times: int) -> timedelta:
        """How long it has to be well before that is told."""
        return self.channel_after * (1 << min(times, _DOUBLINGS))


@dataclass(frozen=True, slots=True)
class Matter:
    """One trouble to tell of. `name` is the channel or loop, `count` how many messages wait or were given up.

    `oldest`: since when the first of them waits, or when what happened was over. `spare` are the channels it is not to
    be told by, and `but` the recipients, where another is left.
    """

    key: str
    kind: Kind
    name: str
    since: datetime
    detail: str
    severity: Severity = "urgent"
    count: int = 0
    oldest: datetime | None = None
    spare: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tell:
    """One message: what is wrong, with what still is, or what is over."""

    turn: Turn
    matters: tuple[Matter, ...]

    @property
    def severity(self) -> Severity:
        """Only news of trouble is urgent: a reminder and a recovery can wait for the morning."""
        return "urgent" if self.turn == "bad" and any(each.severity == "urgent" for each in self.matters) else "normal"


@dataclass(frozen=True, slots=True)
class Judged:
    """What to tell, the rows to write, and the keys of those that are forgotten."""

    tells: tuple[Tell, ...] = ()
    rows: tuple[Row, ...] = ()
    gone: tuple[str, ...] = ()


def judge(observed: Observed, known: Mapping[str, Row], limits: Limits, now: datetime) -> Judged:
    """What one look comes to. `known` is by key; what does not change is not among the rows to write."""
    # A clock that was set back must not make us wait until it has caught up.
    known = {key: _not_ahead(row, now) for key, row in known.items()}
    bad = {each.key: each for each in _bad(observed, known, limits, now)}
    new, still, well, rows, gone = [], [], [], [], []
    for key, matter in bad.items():
        row = known.get(key)
        if matter.kind in OCCURRENCES:
            new.append(matter)
            rows.append(Row(key, matter.kind, matter.since, now, matter.detail, over=now))
            continue
        if row is None or row.told is None:
            new.append(matter)
            times = 0 if row is None else row.times + 1
            rows.append(Row(key, matter.kind, matter.since, now, matter.detail, times=times))
            continue
        told = row.told
        if now - told >= REMIND:
            still.append(replace(matter, since=row.since, severity="normal"))
            told = now
        times = row.times + (row.over is not None)
        rows.append(replace(row, told=told, detail=matter.detail, over=None, times=times))
    for key, row in known.items():
        if key in bad:
            continue
        match _rest(row, observed, limits, now):
            case "gone":
                gone.append(key)
            case "well":
                rows.append(replace(row, over=row.over or now))
                if row.told is not None and now - (row.over or now) >= limits.calm(row.times):
                    name = key.partition(":")[2] or key
                    well.append(Matter(key, row.kind, name, row.since, row.detail, oldest=row.over or now))
                    rows[-1] = replace(rows[-1], told=None)
            case "unknown":
                pass
    tells = [Tell("bad", (*new, *still))] if new else [Tell("still", tuple(still))] if still else []
    if well:
        well.sort(key=lambda each: get_args(Kind).index(each.kind))
        tells.append(Tell("well", tuple(well)))
    return Judged(tuple(tells), tuple(row for row in rows if known.get(row.key) != row), tuple(gone))


def hearers(
    to: Sequence[str], targets: Mapping[str, Target], down: Collection[str], tell: Tell | None = None
) -> tuple[tuple[str, ...], bool]:
    """Who of `to` is told, and whether a working channel leads to them.

    Nobody on a channel that is in trouble or that a message died on, if anybody else is left; else not the recipients
    that it died for; else those on channels that are not `down`; else everybody, and it waits like everything else.
    """
    matters = tell.matters if tell is not None and tell.turn != "well" else ()
    spare = frozenset(down).union(*(each.spare for each in matters))
    but = frozenset[str]().union(*(each.but for each in matters))
    fit = [name for name in to if targets[name].channel not in down]
    choices = (
        [name for name in fit if targets[name].channel not in spare],
        [name for name in fit if name not in but],
        fit,
    )
    return next(((tuple(choice), True) for choice in choices if choice), (tuple(to), False))


def _bad(observed: Observed, known: Mapping[str, Row], limits: Limits, now: datetime) -> Iterator[Matter]:
    """What is wrong now for long enough, or still is after it was told; the gravest kinds first."""
    queues = {each.channel: each for each in observed.queues}
    for seen in observed.channels:
        key = f"channel:{seen.name}"
        if seen.down and (now - seen.since >= limits.channel_after or _believed(known, key)):
            queue = queues.get(seen.name)
            waiting, oldest = (queue.waiting, queue.since) if queue else (0, None)
            yield Matter(key, "channel", seen.name, seen.since, seen.because, "urgent", waiting, oldest,
                         spare=frozenset({seen.name}))  # fmt: skip
    for name, span in observed.loops:
        yield Matter(f"loop:{name}", "loop", name, now - span, f"has not come round for {in_words(span)}")
    yield from _dead(observed.dead, known, now)
    for queue in observed.queues:
        if not _excused(queue, observed, known, limits, now):
            severity: Severity = "normal" if queue.sent else "urgent"
            yield Matter(f"queue:{queue.channel}", "queue", queue.channel, queue.since, queue.error, severity,
                         queue.waiting, queue.since, spare=frozenset({queue.channel}))  # fmt: skip
    if observed.free is not None and observed.free < ROOM:
        yield Matter("disk", "disk", "disk", now, f"{observed.free / 1e6:.0f} MB are left")
    if stalls := [each for each in observed.stalls if each.until - each.since >= WAITED]:
        first, last = stalls[0], stalls[-1]
        # It is over: nobody has to be woken for it.
        yield Matter("store", "store", "store", first.since, last.why, "normal", len(stalls), last.until)
    row = known.get("clock")
    if (observed.jump < -BACK or observed.jump > AHEAD) and (row is None or now - (row.told or now) >= REMIND):
        way = "back" if observed.jump < timedelta(0) else "forward"
        yield Matter("clock", "clock", "clock", now, f"went {way} by {in_words(abs(observed.jump))}", "normal")


def _dead(dead: Sequence[DeadSeen], known: Mapping[str, Row], now: datetime) -> Iterator[Matter]:
    """What was given up since that was told last: of one recipient and cause once a day, however many there are."""

    def about(seen: DeadSeen) -> tuple[str, str, str]:
        return seen.channel, seen.recipient, seen.rule

    for (channel, recipient, rule), each in groupby(sorted(dead, key=lambda seen: (about(seen), seen.at)), about):
        key = f"dead-letter:{channel}:{recipient}:{rule}"
        row = known.get(key)
        told = row.told if row is not None else None
        lost = [seen for seen in each if seen.at > (told or now - REMIND)]
        if lost and (told is None or now - told >= REMIND):
            yield Matter(key, "dead-letter", recipient, lost[0].at, f"“{lost[-1].title}”: {lost[-1].error}",
                         count=len(lost), spare=frozenset({channel}), but=frozenset({recipient}))  # fmt: skip


def _excused(queue: QueueSeen, observed: Observed, known: Mapping[str, Row], limits: Limits, now: datetime) -> bool:
    """Whether its channel, which is told by itself, is why it waits; or it does not wait for long."""
    channel = known.get(f"channel:{queue.channel}")
    if channel is not None and channel.told is not None:
        return True
    if any(seen.down and now - seen.since >= limits.channel_after for seen in observed.channels
           if seen.name == queue.channel):  # fmt: skip
        return True
    since = queue.since if channel is None or channel.over is None else max(queue.since, channel.over)
    return now - since < limits.queue_after


def _rest(row: Row, observed: Observed, limits: Limits, now: datetime) -> Literal["gone", "well", "unknown"]:
    """What is to be made of a known trouble that does not show in this look."""
    if row.kind in OCCURRENCES:
        return "gone" if row.told is None or now - row.told > LATELY else "unknown"
    if row.told is None and row.over is not None and now - row.over >= FORGET:
        return "gone"
    name = row.key.partition(":")[2]
    queue = next((each for each in observed.queues if each.channel == name), None)
    if row.kind == "channel":
        seen = next((each for each in observed.channels if each.name == name), None)
        if seen is None:
            return "gone"
        # After a restart a channel counts as working until something was tried: only what was accepted shows it.
        if not seen.down and seen.last_sent is not None and seen.last_sent >= row.since:
            return "well"
        idle = not seen.down and queue is None and now - (row.told or row.since) > UNPROVEN
        return "gone" if idle else "unknown"
    if row.kind == "queue" and queue is not None and now - queue.since >= limits.queue_after:
        return "unknown"  # excused by its channel, and no better
    return "well"


def _believed(known: Mapping[str, Row], key: str) -> bool:
    row = known.get(key)
    return row is not None and row.told is not None


def _not_ahead(row: Row, now: datetime) -> Row:
    return replace(
        row,
        since=min(row.since, now),
        told=min(row.told, now) if row.told else None,
        over=min(row.over, now) if row.over else None,
    )
