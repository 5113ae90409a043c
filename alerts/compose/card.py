"""PURE: what an alert has to tell, in order and in words, before any layout. Every string in a Card is clean."""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from alerts.compose import bulletin
from alerts.compose.clean import line, link
from alerts.compose.naming import name_of, state_of, steps_of, subject_of, topic_of
from alerts.compose.parts import Card, EditCard, FactCard, Telling
from alerts.compose.times import moment, timing
from alerts.compose.words import LONGEST_NOTE, LONGEST_QUOTE, LONGEST_TITLE, LONGEST_VALUE, REASONS
from alerts.records import INTERRUPTS, Alert, Edit, Fact, Quote, Source
from alerts.rules import UTC
from alerts.wording import count_words, days_words, kind_words

MOST_TELLINGS = 8  # a slot told by five hundred sources is read by nobody; the count of outlets is given anyway
MOST_VALUES = 6
BASES: Mapping[str, str] = {
    "explicit": "the date is in the text",
    "relative": "reckoned from words like “yesterday”",
    "publication": "taken from the day of publication; the text gives no date",
}
SLOTS = ("status", "date", "place", "ordinal", "counts", "parties")
_LABELS: Mapping[str, str] = {"ordinal": "Round", "counts": "How many", "parties": "Parties"}
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")


def card_of(alert: Alert, *, earlier: bool, opened: Alert | None = None, zone: ZoneInfo = UTC, note: str = "") -> Card:
    """The content of the message about `alert`, for a reader in `zone`. Pure: the same arguments give the same card.

    `opened` is the first alert of the event, None when this one is.
    """
    if alert.reason == "notice":
        return bulletin.notice(alert, note=note, zone=zone)
    if alert.reason == "digest":
        return bulletin.digest(alert, note=note, zone=zone)
    if alert.reason == "test":
        return bulletin.test(alert, note=note, zone=zone)
    first = opened or alert
    edits = tuple(dict.fromkeys(_edit(edit) for edit in alert.edits))[:MOST_TELLINGS]
    shown_already = {edit.new for edit in edits}
    quotes = list(_unique(line(quote.text, LONGEST_QUOTE) for quote in alert.quotes))[:MOST_TELLINGS]
    quotes = [quote for quote in quotes if f"“{quote}”" not in shown_already]
    # the headline stands in the link below the sentences; it is one of them only where it alone tells
    quotes = [quote for quote in quotes if quote != line(alert.source.title or "", LONGEST_QUOTE)] or quotes
    article = _telling(alert.source.title or alert.source.url, alert.source, None, alert, zone)
    told = {(article.url, quote) for quote in (*quotes, *(edit.new.strip("“”") for edit in edits))}
    facts = tuple(_once(_fact_cards(alert, zone), told))
    state, tone = state_of(alert)
    title = line(alert.title, LONGEST_TITLE) or _kind(alert)
    return Card(
        title=title,
        state=state,
        tone=tone,
        name=name_of(alert),
        topic=topic_of(first),
        subject=subject_of(alert, first),
        began=first.decided,
        note=line(note, LONGEST_NOTE),
        reason=REASONS[alert.reason] if alert.reason in INTERRUPTS else f"Update: {_lower(alert.reason)}",
        kind=_kind(alert),
        watch=line(alert.watch, LONGEST_VALUE),
        event_id=line(alert.event_id, LONGEST_VALUE),
        earlier=earlier,
        outlets=_outlets(alert.families, alert.articles),
        timing=timing(alert.source, alert.decided, zone),
        decided=alert.decided,
        reason_code=alert.reason,
        article=article,
        steps=steps_of(alert),
        rows=tuple(_rows(alert, {fact.label: fact for fact in facts})),
        since=()
        if alert.reason == "new"
        else tuple(_since(fact for fact in alert.since if not _edited_to(fact, alert))),
        edited=_edited(alert) if edits else "",
        edits=edits,
        quotes=tuple(quotes),
        facts=tuple(fact for fact in facts if not _told_by(article, fact)),
        rules=tuple(_unique(line(rule, LONGEST_VALUE) for rule in alert.rules))[:40],
        commands=tuple(_commands(alert)),
    )


def _lower(reason: str) -> str:
    return REASONS[reason].lower()


def _kind(alert: Alert) -> str:
    return kind_words(line(alert.kind, 60), line(alert.label, 60))


def _outlets(families: int, articles: int) -> str:
    who = "1 independent outlet" if families == 1 else f"{families} independent outlets"
    return f"{who}, of {articles} article{'' if articles == 1 else 's'}"


def _commands(alert: Alert) -> Iterable[tuple[str, str]]:
    """What a reader types who has heard enough, ready to be copied."""
    event = shlex.quote(line(alert.event_id, LONGEST_VALUE))
    yield "Acknowledge", f"parley ack {event}"
    yield "Mute this event", f'parley mute --event {event} --for 7d --comment "..."'


def _rows(alert: Alert, facts: Mapping[str, FactCard]) -> Iterable[tuple[str, str]]:
    yield "What", _kind(alert)
    values = {
        "status": line(alert.status, 60),
        "date": f"{days_words(alert.date)} ({BASES.get(alert.date.basis, alert.date.basis)})" if alert.date else "",
        "place": line(alert.place or "", LONGEST_VALUE),
        "ordinal": _ordinal(alert),
        "counts": line("; ".join(count_words(*item) for item in alert.counts.items()), LONGEST_VALUE),
        "parties": line(", ".join(alert.parties), LONGEST_VALUE),
    }
    for slot in SLOTS:
        label = label_of(slot)
        fact = facts.get(label)
        value = values[slot]
        # A status that moves on is no conflict; who tells which stands with the facts.
        if fact and fact.conflict and slot != "status":
            # A conflict is shown as what it is; the value that the event stands at comes first.
            own = days_words(alert.date) if slot == "date" and alert.date else value
            others = " / ".join(each for each in fact.value.split(" / ") if each != own)
            told = "told as" if others == fact.value else "also told as"
            value = f"{value} — {told} {others}" if value else fact.value
        if value:
            yield label, value


def _ordinal(alert: Alert) -> str:
    if alert.ordinal is None:
        return ""
    series = line(alert.series or "", LONGEST_VALUE)
    # A series that opened by itself has no name that a person would know.
    named = series and not series.startswith(f"{alert.kind}-")
    return f"number {alert.ordinal} in the series {series}" if named else f"number {alert.ordinal}"


def label_of(slot: str) -> str:
    """What people read for a slot: `counts` is How many."""
    return _LABELS.get(slot) or line(slot.replace("_", " "), 60).capitalize()


def _since(facts: Iterable[Fact]) -> Iterable[str]:
    told = (
        f"{label_of(fact.slot)}: {line(fact.value, LONGEST_VALUE)} ({line(fact.source.outlet, 80)})" for fact in facts
    )
    return list(_unique(told))[:MOST_TELLINGS]


def _edited(alert: Alert) -> str:
    return "The article was withdrawn" if "withdrawn" in alert.rules else "The article has changed"


def _edited_to(fact: Fact, alert: Alert) -> bool:
    """Whether an edit shows the fact with what it was before."""
    return any((fact.slot, fact.value) == (moved.slot, moved.new) for edit in alert.edits for moved in edit.moved)


def _edit(edit: Edit) -> EditCard:
    changed = (f"{label_of(slot.slot)}: {slot.old or 'not told'} → {slot.new or 'not told'}" for slot in edit.moved)
    whole = edit.gone and any(slot.slot == "status" for slot in edit.moved)
    return EditCard(
        moved=() if whole else tuple(line(each, 2 * LONGEST_VALUE) for each in changed),
        old=f"“{line(edit.old.text, LONGEST_QUOTE)}”" if edit.old else "(no sentence kept)",
        new=f"“{line(edit.new.text, LONGEST_QUOTE)}”" if edit.new and not edit.gone else "no longer says so",
    )


def _fact_cards(alert: Alert, zone: ZoneInfo) -> Iterable[FactCard]:
    slots: dict[str, list[Fact]] = {}
    for fact in alert.facts:
        slots.setdefault(fact.slot, []).append(fact)
    known = [slot for slot in SLOTS if slot in slots]
    for slot in known + [slot for slot in slots if slot not in SLOTS][:MOST_VALUES]:
        told = slots[slot]
        tellings = list(dict.fromkeys(_telling(fact.value, fact.source, fact.quote, alert, zone) for fact in told))
        by_value: dict[str, list[str]] = {}
        for telling in tellings:
            outlets = by_value.setdefault(telling.value, [])
            if telling.outlet not in outlets:
                outlets.append(telling.outlet)
        values = list(by_value)
        conflict = None
        if len(values) > 1:
            conflict = "; ".join(f"{value}: {_names(by_value[value])}" for value in values[:MOST_VALUES])
        # Every value keeps one witness before any value gets a second, so that a cut never hides a disagreement.
        tellings.sort(key=lambda telling: by_value[telling.value].index(telling.outlet))
        yield FactCard(
            label=label_of(slot),
            value=range_of(values),
            conflict=conflict,
            tellings=tuple(tellings[:MOST_TELLINGS]),
            more=max(0, len(tellings) - MOST_TELLINGS),
        )


def _once(facts: Iterable[FactCard], shown: set[tuple[str | None, str]]) -> Iterable[FactCard]:
    """Each sentence of an article is printed once; a fact that it also tells keeps the link."""
    for fact in facts:
        tellings: list[Telling] = []
        for telling in fact.tellings:
            if telling.quote is None or (telling.url, telling.quote) in shown:
                tellings.append(replace(telling, quote=None))
            else:
                shown.add((telling.url, telling.quote))
                tellings.append(telling)
        yield replace(fact, tellings=tuple(tellings))


def _told_by(article: Telling, fact: FactCard) -> bool:
    """Whether only the alert's own article tells it, whose sentences and link stand in the message anyway."""
    return (
        not fact.more
        and not fact.conflict
        and all(
            (telling.url, telling.outlet, telling.quote) == (article.url, article.outlet, None)
            for telling in fact.tellings
        )
    )


def range_of(values: list[str]) -> str:
    """“150–157 each” when the values differ in one number only, else the values side by side."""
    shapes = {_NUMBER.sub("#", value) for value in values}
    numbers = [_NUMBER.findall(value) for value in values]
    if len(values) > 1 and len(shapes) == 1 and all(len(found) == 1 for found in numbers):
        ordered = sorted(int(found[0].replace(",", "")) for found in numbers)
        return _NUMBER.sub(f"{ordered[0]:,}–{ordered[-1]:,}", values[0])
    shown = " / ".join(values[:MOST_VALUES])
    return f"{shown} / …" if len(values) > MOST_VALUES else shown


def _names(outlets: list[str]) -> str:
    shown = ", ".join(outlets[:3])
    return f"{shown} and {len(outlets) - 3} more" if len(outlets) > 3 else shown


def _telling(value: str, source: Source, quote: Quote | None, alert: Alert, zone: ZoneInfo) -> Telling:
    return Telling(
        value=line(value, LONGEST_VALUE),
        outlet=line(source.outlet, 80) or "unnamed outlet",
        url=link(source.url),
        quote=line(quote.text, LONGEST_QUOTE) if quote else None,
        when=moment(source.published, zone, beside=alert.decided) if source.published else "",
    )


def _unique(items: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(item for item in items if item)
