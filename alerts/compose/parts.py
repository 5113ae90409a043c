"""What a message is made of, before any layout. Every string in here is clean: one line, bounded, in normal form."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Tone = Literal["ahead", "happened", "off", "trouble", "calm", "plain"]
"""What colour a state has: three for the phases of an event, three for what the service says of itself."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One source's word for a fact: the value, who says so and when, the link (None when it is not http) and the
    sentence. `when` is in the reader's zone, empty without a publication time."""

    value: str
    outlet: str
    url: str | None
    quote: str | None
    when: str = ""


@dataclass(frozen=True, slots=True)
class FactCard:
    """One slot: its label, the value or range of values, who says which value when they differ, the tellings.

    `more` are the tellings that were left out.
    """

    label: str
    value: str
    conflict: str | None
    tellings: tuple[Telling, ...]
    more: int

    @property
    def groups(self) -> tuple[tuple[Telling, ...], ...]:
        """The tellings value by value: first together those whose sentence stands elsewhere, then each with its own."""
        found: list[tuple[Telling, ...]] = []
        for value in dict.fromkeys(telling.value for telling in self.tellings):
            same = [telling for telling in self.tellings if telling.value == value]
            found += [tuple(telling for telling in same if not telling.quote)]
            found += [(telling,) for telling in same if telling.quote]
        return tuple(group for group in found if group)

    @property
    def told(self) -> str:
        """The value, and who says which where the tellings do not show it."""
        return f"{self.value} — {self.conflict}" if self.conflict and self.more else self.value


@dataclass(frozen=True, slots=True)
class EditCard:
    """What an article told before and what it tells now, to stand side by side. `moved` says which facts differ.

    `new` is the sentence in quotation marks, or that the article no longer says so.
    """

    moved: tuple[str, ...]
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list of many things: a held alert, or a matter of the service. `tag` says what kind of entry."""

    tag: str
    text: str
    outlet: str = ""
    url: str | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A stage in the life of an event: behind it, where it stands, still ahead of it, or where it went off."""

    word: str
    place: Literal["past", "here", "ahead", "off"]


@dataclass(frozen=True, slots=True)
class Card:
    """The content of a message. `rows` are label and value; `quotes` are the sentences of the alert's own article.

    `state` and `name` stand first in every form: how it stands, and which event it is. `topic` is the subject that all
    mails of the event share, `subject` that of this one, `began` when its first alert was decided. `edits` stand under
    `edited`, a heading; both are empty unless the article is a new version. `items` are there in digests and notices,
    `more` counts those that were left out, `mutes` are the mutes in force. `commands` are what a reader can do, as
    label and command line.
    """

    title: str
    state: str
    tone: Tone
    name: str
    topic: str
    subject: str
    began: datetime
    note: str
    reason: str
    kind: str
    watch: str
    event_id: str
    earlier: bool
    outlets: str
    timing: str
    decided: datetime
    reason_code: str
    article: Telling
    steps: tuple[Step, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    since: tuple[str, ...] = ()
    edited: str = ""
    edits: tuple[EditCard, ...] = ()
    quotes: tuple[str, ...] = ()
    facts: tuple[FactCard, ...] = ()
    items: tuple[Item, ...] = ()
    more: int = 0
    mutes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()

    @property
    def head(self) -> str:
        """The first line of every form: what a phone shows before the message is opened."""
        return f"{self.state} · {self.name}"

    @property
    def mark(self) -> str:
        """What to look it up by."""
        return f"Watch {self.watch}, event {self.event_id}" if self.of_event else f"Id {self.event_id}"

    @property
    def of_event(self) -> bool:
        """Whether it tells of an event, and not a list of alerts, what the service says of itself or a test."""
        return self.reason_code not in ("digest", "notice", "test")
