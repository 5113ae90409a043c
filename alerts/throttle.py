"""PURE: whether a message may ring now or is held, until when and why: quiet hours, caps, digests, gathering, mutes.

Times of day are a recipient's, by its zone. Where clocks go forward, a time that does not exist stands for the first
moment after the gap. Where they go back, hours begin at the first of the two moments that bear the time and end at the
second: quiet is never shorter than was promised.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from alerts.records import Alert, Severity
from alerts.rules import Cap, Digest, Mute, Quiet

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_FARTHEST = timedelta(days=15)  # hours that never end are looked at again then; `parley check` refuses them


@dataclass(frozen=True, slots=True)
class Hush:
    """Quiet until `until` (aware UTC), when what was held comes one by one (`hold`) or together (`digest`)."""

    until: datetime
    then: Literal["hold", "digest"]


@lru_cache(maxsize=4096)
def moment_of(day: date, clock: time, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """When the clocks of a zone show `clock` on `day`, in UTC; of two such moments the first, or the `last`."""
    wall = datetime.combine(day, clock)
    first, second = (wall.replace(fold=fold, tzinfo=zone).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if last else first
    # A gap: read by the offset before it the time lies behind the gap, by the one after it before the gap.
    low, high = second, first
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (low, middle) if middle.astimezone(zone).utcoffset() == after else (middle, high)
    return high


def hushed(quiet: Sequence[Quiet], zone: ZoneInfo, severity: Severity, now: datetime) -> Hush | None:
    """Until when a message of this severity is held at `now`; None when it may ring. Hours that meet are one."""
    binding = [each for each in quiet if severity not in each.bypass]
    until, then = now, None
    while until - now < _FARTHEST:
        ends = [(end, each.then) for each in binding if (end := _end(each, zone, until)) is not None]
        if not ends:
            break
        end, how = max(ends)
        then = "digest" if "digest" in (then, how) else "hold"
        until = end
    return Hush(until, "digest" if then == "digest" else "hold") if then else None


def _end(quiet: Quiet, zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the hours that `at` lies in end; None outside them. The same time twice is a whole day."""
    today = at.astimezone(zone).date()
    ends = []
    # a day before, for hours past midnight; the day before that, for zones that left a day out
    for day in (today - 2 * _DAY, today - _DAY, today):
        if day.weekday() not in quiet.days:
            continue
        start = moment_of(day, quiet.start, zone)
        end = moment_of(day if quiet.end > quiet.start else day + _DAY, quiet.end, zone, last=True)
        if start <= at < end:
            ends.append(end)
    return max(ends, default=None)


def next_digest(digest: Digest, zone: ZoneInfo, now: datetime) -> datetime:
    """The first moment of a digest after `now`: once on its day, whatever the clocks do."""
    today = now.astimezone(zone).date()
    for ahead in range(-1, 10):
        day = today + ahead * _DAY
        if digest.weekday is None or day.weekday() == digest.weekday:
            moment = moment_of(day, digest.at, zone)
            if moment > now:
                return moment
    raise ValueError(f"weekday {digest.weekday} does not come in ten days")


def room(cap: Cap, sent: Iterable[datetime], under_way: int, now: datetime) -> int | None:
    """How many messages may go at `now`, those under way counted as gone; None: as many as there are."""
    # A clock that was set back leaves moments that are still to come: they would count until it has caught up.
    times = [at for at in sent if at <= now]
    free = [most - sum(at > now - span for at in times) - under_way for most, span in _limits(cap) if most is not None]
    return max(0, min(free)) if free else None


def room_at(cap: Cap, sent: Iterable[datetime], under_way: int, now: datetime) -> datetime:
    """The earliest moment, `now` or later, at which one more may go, if those under way are accepted at `now`."""
    times = sorted([*(at for at in sent if at <= now), *[now] * under_way])
    at = now
    for most, span in _limits(cap):
        if most is not None and len(times) >= most:
            at = max(at, times[-most] + span)
    return at


def _limits(cap: Cap) -> tuple[tuple[int | None, timedelta], ...]:
    return (cap.hour, _HOUR), (cap.day, _DAY)


def gathered_until(first: datetime | None, gather: timedelta, now: datetime) -> datetime | None:
    """Until when an update waits for others of its event; `first`: until when one waits already. None: not at all."""
    if first is not None and first > now:
        return first
    return now + gather if gather > timedelta(0) else None


def muting(alert: Alert, events: Iterable[str], mutes: Iterable[Mute], now: datetime) -> Mute | None:
    """The mute in force that covers an alert, of several the one that lasts longest.

    `events` are the ids under which the alert's event is known: its own, and that of the event it was merged with.
    """
    names = {"topic": {alert.kind}, "watch": {alert.watch}, "event": {alert.event_id, *events}}
    found = [each for each in mutes if each.since <= now < each.until and each.value in names[each.scope]]
    return max(found, key=lambda each: (each.until, each.id), default=None)


def stale(since: datetime, stale_after: timedelta, now: datetime) -> bool:
    """Whether what waits `since` then is told to nobody any more."""
    return now - since > stale_after
