"""PURE: what people are told of a trouble: what happened, since when, what it means, and what to do."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.rules import UTC
from monitor.health import told
from monitor.trouble import Kind, Matter, Tell, Turn

_LOOPS = {"poll": "polling", "read": "reading", "deliver": "sending"}
_MOST_DETAIL = 180  # a server's answer may be long, and a row of a message holds 300
_DEEDS: dict[Kind, str] = {
    "channel": "`parley check --online` says what is wrong with the channel; its settings are in config/parley.yaml",
    "queue": "`parley deliveries list` shows what waits and why; see that the server takes messages",
    "dead-letter": "see that the recipient's address in config/parley.yaml is right; "
    "`parley deliveries list --state dead` shows what it was and `parley deliveries retry ID` sends it again",
    "loop": "restart the service and keep its log: a loop that is stuck is a fault of Parley",
    "disk": "make room on the disk, or shorten `keep` in config/parley.yaml",
    "store": "see that it does not happen again: `parley status` shows how much room is left",
    "clock": "see that the machine's clock is kept by NTP; after sleep nothing is to be done",
}
_MEANINGS: dict[Kind, str] = {
    "queue": "they are kept and go out in order, but people hear late",
    "dead-letter": "this recipient did not get it and will not; other recipients are not concerned",
    "loop": "no news comes through until it goes on; nothing that was found is lost",
    "disk": "when it is full nothing can be remembered, so nothing is told until there is room; then all of it is",
    "store": "nothing was told meanwhile; what came before and what the feeds show is told now, none of it is lost",
    "clock": "times of what came meanwhile may be wrong, and what was due may come early or late",
}


def title(tell: Tell) -> str:
    """What the message is about in one line."""
    first, *others = tell.matters
    said = _said(tell.turn, first)
    if not others:
        return said
    more = f"{len(others)} more trouble{'s' if len(others) > 1 else ''}"
    return f"{said}; {more} over" if tell.turn == "well" else f"{said}; {more}"


def rows(tell: Tell, now: datetime, zone: ZoneInfo = UTC) -> Iterator[tuple[str, str]]:
    """Label and text, several for each matter. Times by the clock of `zone`."""
    for each in tell.matters:
        name = _LOOPS.get(each.name, each.name)
        if tell.turn == "well":
            over = each.oldest or now
            span = f"in trouble from {_at(each.since, zone)} to {_at(over, zone)} ({told(over - each.since)})"
            yield name, f"{span}; what waited goes out" if each.kind in ("channel", "queue") else span
            continue
        yield name, _happened(each, now, zone)
        yield "Meaning", _meaning(each, now)
        yield "What to do", _DEEDS[each.kind]


def _said(turn: Turn, each: Matter) -> str:
    name = _LOOPS.get(each.name, each.name)
    still = " still" if turn == "still" else ""
    well = turn == "well"
    match each.kind:
        case "channel":
            return f"{name} works again" if well else f"{name}{still} takes no messages"
        case "queue":
            return f"{name} has caught up" if well else f"{_messages(each.count)}{still} {_wait(each.count)} for {name}"
        case "dead-letter":
            return f"{_messages(each.count)} to {name} {'was' if each.count == 1 else 'were'} given up"
        case "loop":
            return f"{name} goes on again" if well else f"{name}{still} stands still"
        case "disk":
            return "the disk has room again" if well else f"the disk is{still} almost full"
        case "store":
            return f"nothing could be stored for {told((each.oldest or each.since) - each.since)}"
        case "clock":
            return f"the clock {each.detail}"


def _happened(each: Matter, now: datetime, zone: ZoneInfo) -> str:
    detail = each.detail if len(each.detail) <= _MOST_DETAIL else each.detail[: _MOST_DETAIL - 1] + "…"
    since = f"since {_at(each.since, zone)} ({told(now - each.since)})"
    match each.kind:
        case "channel":
            return f"down {since}: {detail or 'nothing was accepted'}"
        case "queue":
            return f"{_messages(each.count)} {_wait(each.count)}, the oldest {since}" + (
                f": {detail}" if detail else ""
            )
        case "dead-letter":
            return f"given up at {_at(each.since, zone)}: {detail}"
        case "loop":
            return f"stands still {since}"
        case "store":
            times = f"{each.count} times " if each.count > 1 else ""
            return f"{times}from {_at(each.since, zone)} to {_at(each.oldest or now, zone)}: {detail}"
        case "disk" | "clock":
            return f"{detail}, seen at {_at(each.since, zone)}" if each.kind == "clock" else detail


def _meaning(each: Matter, now: datetime) -> str:
    if each.kind != "channel":
        return _MEANINGS[each.kind]
    if not each.count or each.oldest is None:
        return "nothing waits for it yet; what comes is kept and goes out as soon as it works"
    waits = f"{_messages(each.count)} {_wait(each.count)}, the oldest for {told(now - each.oldest)}"
    return f"{waits}; they are kept and go out as soon as it works"


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"


def _wait(count: int) -> str:
    return "waits" if count == 1 else "wait"


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"
