"""PURE: what an alert has to tell, in order and in words, before any layout. Every string in a Card is clean."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.compose.clean import line, link
from alerts.records import INTERRUPTS, Alert, Edit, Fact, Quote, Source
from alerts.wording import count_words, day_words, days_words, kind_words

LONGEST_TITLE = 300
LONGEST_QUOTE = 600
LONGEST_VALUE = 200
MOST_TELLINGS = 8  # a slot told by five hundred sources is read by nobody; the count of outlets is given anyway
MOST_VALUES = 6
MOST_MATTERS = 40

REASONS: Mapping[str, str] = {
    "new": "New",
    "advanced": "Moved forward",
    "reversed": "Reversed",
    "corrected": "Corrected",
    "confirmed": "Confirmed by more outlets",
    "digest": "Digest",
    "test": "Test: this is not news",
    "notice": "Notice from Parley itself",
}
BASES: Mapping[str, str] = {
    "explicit": "the date is in the text",
    "relative": "reckoned from words like “yesterday”",
    "publication": "taken from the day of publication; the text gives no date",
}
SLOTS = ("status", "date", "place", "ordinal", "counts", "parties")
_LABELS: Mapping[str, str] = {"ordinal": "Round", "counts": "How many", "parties": "Parties"}
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")


@dataclass(frozen=True, slots=True)
class Telling:
    """One source's word for a fact: the value, who says so, the link (None when it is not http) and the sentence."""

    value: str
    outlet: str
    url: str | None
    quote: str | None


@dataclass(frozen=True, slots=True)
class FactCard:
    """One slot: its label, the value or range of values, who says which value when they differ, the tellings."""

    label: str
    value: str
    conflict: str | None
    tellings: tuple[Telling, ...]
    more: int


@dataclass(frozen=True, slots=True)
class EditCard:
    """What an article told before and what it tells now, to stand side by side. `moved` says which facts differ.

    `new` is the sentence in quotation marks, or that the article no longer says so.
    """

    moved: tuple[str, ...]
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Card:
    """The content of a message. `rows` are label and value; `quotes` are the sentences of the alert's own article.

    `edits` stand under `edited`, a heading; both are empty unless the article is a new version.
    """

    title: str
    reason: str
    kind: str
    watch: str
    event_id: str
    earlier: bool
    rows: tuple[tuple[str, str], ...]
    since: tuple[str, ...]
    edited: str
    edits: tuple[EditCard, ...]
    quotes: tuple[str, ...]
    article: Telling
    facts: tuple[FactCard, ...]
    outlets: str
    timing: str
    rules: tuple[str, ...]
    decided: datetime
    reason_code: str


def card_of(alert: Alert, *, earlier: bool) -> Card:
    """The content of the message about `alert`. Pure: the same alert gives the same card."""
    if alert.reason in ("notice", "digest"):
        return _notice(alert)
    edits = tuple(dict.fromkeys(_edit(edit) for edit in alert.edits))[:MOST_TELLINGS]
    shown_already = {edit.new for edit in edits}
    quotes = list(_unique(line(quote.text, LONGEST_QUOTE) for quote in alert.quotes))[:MOST_TELLINGS]
    quotes = [quote for quote in quotes if f"“{quote}”" not in shown_already]
    article = _telling(alert.source.title or alert.source.url, alert.source, None)
    told = [*quotes, *(edit.new.strip("“”") for edit in edits)]
    facts = tuple(_once(_fact_cards(alert.facts), {(article.url, quote) for quote in told}))
    reason = REASONS[alert.reason]
    if alert.reason not in INTERRUPTS and alert.reason != "test":
        reason = f"Update: {reason.lower()}"
    return Card(
        title=line(alert.title, LONGEST_TITLE) or _kind(alert),
        reason=reason,
        kind=_kind(alert),
        watch=line(alert.watch, LONGEST_VALUE),
        event_id=line(alert.event_id, LONGEST_VALUE),
        earlier=earlier,
        rows=tuple(_rows(alert, {fact.label: fact for fact in facts})),
        since=() if alert.reason == "new" else tuple(_since(alert.since)),
        edited=_edited(alert) if edits else "",
        edits=edits,
        quotes=tuple(quotes),
        article=article,
        facts=facts,
        outlets=_outlets(alert.families, alert.articles),
        timing=timing(alert.source, alert.decided),
        rules=tuple(_unique(line(rule, LONGEST_VALUE) for rule in alert.rules))[:40],
        decided=alert.decided,
        reason_code=alert.reason,
    )


def _notice(alert: Alert) -> Card:
    """What the service says of itself: a row for each matter, and no article behind it."""
    rows = [(line(fact.source.outlet, 80), line(fact.value, LONGEST_TITLE)) for fact in alert.facts[:MOST_MATTERS]]
    if len(alert.facts) > MOST_MATTERS:
        rows.append(("and", f"{len(alert.facts) - MOST_MATTERS} more"))
    return Card(
        title=line(alert.title, LONGEST_TITLE),
        reason=REASONS[alert.reason],
        kind=line(alert.label, 60),
        watch="-",
        event_id=line(alert.event_id, LONGEST_VALUE),
        earlier=False,
        rows=tuple(rows),
        since=(),
        edited="",
        edits=(),
        quotes=(),
        article=_telling(alert.source.title or "", alert.source, None),
        facts=(),
        outlets=f"{len(alert.facts)} {line(alert.label, 60)}",
        timing=f"Noticed {_moment(alert.decided)} UTC",
        rules=(),
        decided=alert.decided,
        reason_code=alert.reason,
    )


def _kind(alert: Alert) -> str:
    return kind_words(line(alert.kind, 60), line(alert.label, 60))


def timing(source: Source, decided: datetime) -> str:
    """From publication to alert, in words. Without a believed publication time, from when the article was seen."""
    since, verb = (source.published, "Published") if source.published else (source.seen, "No publication time; seen")
    return f"{verb} {_moment(since)}, alerted {_moment(decided)} UTC ({_span(decided - since)} later)"


def _moment(moment: datetime) -> str:
    return f"{day_words(moment.date())} {moment:%H:%M}"


def _span(span: timedelta) -> str:
    seconds = max(0, round(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def _outlets(families: int, articles: int) -> str:
    who = "1 independent outlet" if families == 1 else f"{families} independent outlets"
    return f"{who}, of {articles} article{'' if articles == 1 else 's'}"


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
            value = f"{value} (told as {fact.conflict})" if value else fact.conflict
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


def _edit(edit: Edit) -> EditCard:
    changed = (f"{label_of(slot.slot)}: {slot.old or 'not told'} → {slot.new or 'not told'}" for slot in edit.moved)
    whole = edit.gone and any(slot.slot == "status" for slot in edit.moved)
    return EditCard(
        moved=() if whole else tuple(line(each, 2 * LONGEST_VALUE) for each in changed),
        old=f"“{line(edit.old.text, LONGEST_QUOTE)}”" if edit.old else "(no sentence kept)",
        new=f"“{line(edit.new.text, LONGEST_QUOTE)}”" if edit.new and not edit.gone else "no longer says so",
    )


def _fact_cards(facts: Iterable[Fact]) -> Iterable[FactCard]:
    slots: dict[str, list[Fact]] = {}
    for fact in facts:
        slots.setdefault(fact.slot, []).append(fact)
    known = [slot for slot in SLOTS if slot in slots]
    for slot in known + [slot for slot in slots if slot not in SLOTS][:MOST_VALUES]:
        told = slots[slot]
        tellings = list(dict.fromkeys(_telling(fact.value, fact.source, fact.quote) for fact in told))
        by_value: dict[str, list[str]] = {}
        for telling in tellings:
            outlets = by_value.setdefault(telling.value, [])
            if telling.outlet not in outlets:
                outlets.append(telling.outlet)
        values = list(by_value)
        conflict = None
        if len(values) > 1:
            who = "; ".join(f"{value}: {_names(by_value[value])}" for value in values[:MOST_VALUES])
            conflict = f"{range_of(values)} — {who}"
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


def _telling(value: str, source: Source, quote: Quote | None) -> Telling:
    return Telling(
        value=line(value, LONGEST_VALUE),
        outlet=line(source.outlet, 80) or "unnamed outlet",
        url=link(source.url),
        quote=line(quote.text, LONGEST_QUOTE) if quote else None,
    )


def _unique(items: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(item for item in items if item)
