"""PURE: what tells of no single event: a digest of held alerts, a notice of the service about itself, a test."""

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from alerts.compose.clean import line, link
from alerts.compose.naming import LONGEST_SUBJECT, shortened
from alerts.compose.parts import Card, Item, Telling, Tone
from alerts.compose.times import moment, zone_name
from alerts.compose.words import LONGEST_NOTE, LONGEST_QUOTE, LONGEST_TITLE, LONGEST_VALUE, REASONS
from alerts.records import Alert, Fact

MOST_MATTERS = 40
MOST_MUTES = 10
STATES: Mapping[str, tuple[str, Tone]] = {
    "well": ("Well again", "calm"),
    "still": ("Still in trouble", "trouble"),
    "urgent": ("Urgent trouble", "off"),
}
"""How a notice stands by its `status`; any other is trouble."""


def digest(alert: Alert, *, note: str, zone: ZoneInfo) -> Card:
    """The alerts that were gathered, each with reason, line, outlet, time, link and sentence; then mutes in force."""
    outlets = len({fact.source.family for fact in alert.facts})
    return _card(
        alert,
        state="Digest",
        tone="plain",
        reason=REASONS["digest"],
        note=note,
        items=tuple(_held(fact, alert, zone) for fact in alert.facts[:MOST_MATTERS]),
        mutes=tuple(line(fact.value, LONGEST_TITLE) for fact in alert.since[:MOST_MUTES]),
        outlets=f"{_many(len(alert.facts), 'alert')}, from {_many(outlets, 'independent outlet')}",
        timing=f"Gathered {moment(alert.decided, zone)} ({zone_name(zone)})",
    )


def notice(alert: Alert, *, note: str, zone: ZoneInfo) -> Card:
    """A row for each matter, and no article behind it. What is over looks calm."""
    state, tone = STATES.get(alert.status, ("Trouble", "trouble"))
    many = _many(alert.families, line(alert.label, 60).removesuffix("s"))
    return _card(
        alert,
        state=state,
        tone=tone,
        reason=REASONS["notice"],
        note=note,
        items=tuple(
            Item(line(fact.source.outlet, 80), line(fact.value, LONGEST_TITLE)) for fact in alert.facts[:MOST_MATTERS]
        ),
        mutes=(),
        outlets=many if alert.label and alert.families > 1 and many not in alert.title else "",
        timing=f"Noticed {moment(alert.decided, zone)} ({zone_name(zone)})",
    )


def test(alert: Alert, *, note: str, zone: ZoneInfo) -> Card:
    """The alert's line, and that there is nothing behind it."""
    card = _card(
        alert,
        state="Test",
        tone="plain",
        reason=REASONS["test"],
        note=note,
        items=(),
        mutes=(),
        outlets="",
        timing=f"Sent {moment(alert.decided, zone)} ({zone_name(zone)})",
    )
    subject = shortened(f"[parley] {card.head}", LONGEST_SUBJECT)
    return replace(card, subject=subject, topic=subject)


def _card(
    alert: Alert,
    *,
    state: str,
    tone: Tone,
    reason: str,
    note: str,
    items: tuple[Item, ...],
    mutes: tuple[str, ...],
    outlets: str,
    timing: str,
) -> Card:
    title = line(alert.title, LONGEST_TITLE) or reason
    # What is Parley's own keeps the name in front, so that nobody takes it for news.
    subject = shortened(f"[parley] {title}", LONGEST_SUBJECT)
    return Card(
        title=title,
        state=state,
        tone=tone,
        name=title,
        topic=subject,
        subject=subject,
        began=alert.decided,
        note=line(note, LONGEST_NOTE),
        reason=reason,
        kind=line(alert.label, 60),
        watch=line(alert.watch, LONGEST_VALUE) or "-",
        event_id=line(alert.event_id, LONGEST_VALUE),
        earlier=False,
        outlets=outlets,
        timing=timing,
        decided=alert.decided,
        reason_code=alert.reason,
        article=Telling(line(alert.source.title or "", LONGEST_TITLE), "", link(alert.source.url), None),
        items=items,
        more=max(0, len(alert.facts) - MOST_MATTERS),
        mutes=mutes,
    )


def _held(fact: Fact, alert: Alert, zone: ZoneInfo) -> Item:
    published = fact.source.published
    when = f", {moment(published, zone, beside=alert.decided)}" if published else ""
    return Item(
        tag=REASONS.get(fact.slot) or line(fact.slot, 30).capitalize(),
        text=line(fact.value, LONGEST_TITLE),
        outlet=(line(fact.source.outlet, 80) or "unnamed outlet") + when,
        url=link(fact.source.url),
        quote=line(fact.quote.text, LONGEST_QUOTE) or None if fact.quote else None,
    )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
