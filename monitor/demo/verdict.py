"""PURE: what arrived against what the script expects. Every difference is a sentence for a person."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.demo.message import Message
from monitor.demo.script import ExpectedEvent, Script

CHANNELS = ("mail", "slack")


@dataclass(frozen=True, slots=True)
class Row:
    """One event of the table: the reasons expected and, per channel, those that arrived, in order.

    `event_id` is None when no event of the kind was heard of.
    """

    kind: str
    expected: tuple[str, ...]
    got: Mapping[str, tuple[str, ...]]
    event_id: str | None

    @property
    def right(self) -> bool:
        """Whether every channel told exactly what was expected."""
        return all(reasons == self.expected for reasons in self.got.values())


@dataclass(frozen=True, slots=True)
class Verdict:
    """The table and the differences; none: the demo went as it should."""

    rows: tuple[Row, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds from detection, when a page was asked for, to acceptance: their median, and what 95 % stay within."""

    messages: int
    median: float
    p95: float


def speed(waits: Sequence[float]) -> Speed:
    """Over one or more waits."""
    return Speed(len(waits), statistics.median(waits), sorted(waits)[math.ceil(0.95 * len(waits)) - 1])


def told(messages: Iterable[Message], channel: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Event id → (kind, reasons of its interrupts in the order in which they arrived) on one channel."""
    events: dict[str, tuple[str, tuple[str, ...]]] = {}
    for message in messages:
        if message.channel == channel and message.interrupts:
            _, before = events.get(message.event_id, (message.kind, ()))
            events[message.event_id] = (message.kind, (*before, message.reason))
    return events


def complete(script: Script, messages: Sequence[Message]) -> bool:
    """Whether at least the expected number of interrupts has arrived on every channel."""
    wanted = sum(len(event.interrupts) for event in script.events)
    return all(
        sum(message.interrupts for message in messages if message.channel == channel) >= wanted for channel in CHANNELS
    )


def judge(script: Script, messages: Sequence[Message]) -> Verdict:
    """Compare event by event, article by article and channel by channel."""
    rows = _rows(script.events, messages)
    faults = [_difference(row) for row in rows if not row.right]
    items = {item.path: item for item in script.items}
    for message in messages:
        item = items.get(message.article)
        if item is None:
            faults.append(f"{message.file}: links {message.article}, which is no page of the newsroom")
        elif item.expects == "quiet":
            faults.append(f"{message.file}: {message.reason} from {item.id}, which should be quiet ({item.why})")
        elif message.interrupts and message.reason != item.expects:
            faults.append(f"{message.file}: {message.reason} from {item.id}, which should be {item.expects}")
    sent = {
        channel: sorted(_same(message) for message in messages if message.channel == channel) for channel in CHANNELS
    }
    if sent["mail"] != sent["slack"]:
        faults.append(f"{len(sent['mail'])} mails and {len(sent['slack'])} Slack messages do not tell the same")
    return Verdict(rows, tuple(faults))


def _same(message: Message) -> tuple[str, str, str]:
    return (message.event_id, message.reason, message.article)


def _rows(expected: Sequence[ExpectedEvent], messages: Sequence[Message]) -> tuple[Row, ...]:
    heard = {channel: told(messages, channel) for channel in CHANNELS}
    ids = list(dict.fromkeys(message.event_id for message in messages if message.interrupts))
    kinds = {message.event_id: message.kind for message in messages}
    rows: list[Row] = []
    for event in expected:
        match = next((each for each in ids if kinds[each] == event.kind), None)
        if match is not None:
            ids.remove(match)
        rows.append(_row(event.kind, event.interrupts, match, heard))
    rows += [_row(kinds[each], (), each, heard) for each in ids]
    return tuple(rows)


def _row(
    kind: str,
    expected: tuple[str, ...],
    event_id: str | None,
    heard: Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]],
) -> Row:
    nothing: tuple[str, tuple[str, ...]] = (kind, ())
    got = {channel: heard[channel].get(event_id or "", nothing)[1] for channel in CHANNELS}
    return Row(kind, expected, got, event_id)


def _difference(row: Row) -> str:
    wanted = ", ".join(row.expected) or "nothing"
    got = "; ".join(f"{channel} got {', '.join(reasons) or 'nothing'}" for channel, reasons in row.got.items())
    return f"{row.kind}: expected {wanted}; {got}"
