"""PURE: which event it is, how it stands, and the subject that its mails share."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from alerts.compose.clean import line
from alerts.compose.parts import Step, Tone
from alerts.headline import ordinal_word
from alerts.records import PHASES, Alert
from alerts.wording import kind_words

LONGEST_SUBJECT = 60
_STATES = {
    "planned": "Planned",
    "agreed": "Agreed",
    "underway": "Under way",
    "concluded": "Concluded",
    "postponed": "Postponed",
    "cancelled": "Cancelled",
    "denied": "Denied",
}
_STEPS = ("planned", "agreed", "happened")
_REACHED = {"planned": 0, "agreed": 1, "underway": 2, "concluded": 2}
_TAIL = re.compile(r"([0-9a-f]{4})[0-9a-f]{2,}\Z")
_TONES: dict[str, Tone] = {"ahead": "ahead", "happened": "happened", "off": "off"}


def state_of(alert: Alert) -> tuple[str, Tone]:
    """How the event stands, in a word or three with a capital, and its colour."""
    if not alert.articles:
        return "No longer reported", "off"
    state = _STATES.get(alert.status) or line(alert.status, 30).capitalize() or "Reported"
    return state, _TONES.get(PHASES.get(alert.status, ""), "plain")


def name_of(alert: Alert) -> str:
    """ "Third round of talks, Russia–Ukraine, Istanbul": kind, ordinal, parties and place, as far as known."""
    return _joined(_kind(alert), "–".join(_parties(alert)), line(alert.place or "", 80))


def topic_of(alert: Alert) -> str:
    """The subject that all mails of an event share, from its first alert, in at most 60 characters.

    It ends in four characters of the event's id: readers that go by the subject alone would otherwise put two exchanges
    of the same parties into one thread.
    """
    tag = _tag(alert)
    return f"{_short_name(alert, LONGEST_SUBJECT - len(tag))}{tag}"


def subject_of(alert: Alert, opened: Alert) -> str:
    """The shared subject; a reversal alone has its own, which is short enough for a phone to show the word."""
    if alert.reason != "reversed":
        return topic_of(opened)
    word = _STATES.get(alert.status, "reversed").upper()
    tag = _tag(opened)
    return f"{word}: {_short_name(opened, LONGEST_SUBJECT - len(word) - 2 - len(tag))}{tag}"


def steps_of(alert: Alert) -> tuple[Step, ...]:
    """Planned, agreed, happened, and where among them the event stands or went off.

    How far an event had come before it went off is read from what its sources say of it.
    """
    if not alert.articles or alert.status not in PHASES:
        return ()
    if PHASES[alert.status] != "off":
        here = _REACHED[alert.status]
        now = Step("under way" if alert.status == "underway" else _STEPS[here], "here")
        behind = (Step(word, "past") for word in _STEPS[:here])
        return (*behind, now, *(Step(word, "ahead") for word in _STEPS[here + 1 :]))
    reached = max((_REACHED.get(fact.value, 0) for fact in alert.facts if fact.slot == "status"), default=0)
    past = tuple(Step(word, "past") for word in _STEPS[: reached + 1])
    # What is put off is still to come; what was cancelled or never was is not.
    still = _STEPS[reached + 1 :] if alert.status == "postponed" else ()
    return (*past, Step(alert.status, "off"), *(Step(word, "ahead") for word in still[-1:]))


def shortened(text: str, room: int) -> str:
    """`text` in at most `room` characters, cut between words where it has any."""
    if len(text) <= room:
        return text
    cut = room - 1
    while cut and (unicodedata.category(text[cut])[0] == "M" or "\u200d" in text[cut - 1 : cut + 1]):
        cut -= 1  # a letter keeps its marks, an emoji its parts
    head = text[:cut]
    if not text[cut].isspace() and " " in head:
        head = head.rpartition(" ")[0]
    return f"{head.rstrip(' ,;:–-')}…"


def _short_name(alert: Alert, room: int) -> str:
    return next((name for name in _names(alert) if len(name) <= room), None) or shortened(
        _kind(alert, figures=True), room
    )


def _names(alert: Alert) -> Iterable[str]:
    """The name, ever shorter: without the place, with abbreviated parties, with figures, with fewer parties."""
    parties = _parties(alert)
    brief = [_initials(party) for party in parties]
    yield name_of(alert)
    yield _joined(_kind(alert), "–".join(parties))
    yield _joined(_kind(alert), "–".join(brief), line(alert.place or "", 80))
    yield _joined(_kind(alert), "–".join(brief))
    yield _joined(_kind(alert, figures=True), "–".join(brief))
    for shown in (2, 1):
        if len(brief) > shown:
            yield _joined(_kind(alert, figures=True), f"{'–'.join(brief[:shown])} +{len(brief) - shown}")


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _parties(alert: Alert) -> list[str]:
    return [party for party in (line(party, 80) for party in alert.parties[:20]) if party]


def _kind(alert: Alert, *, figures: bool = False) -> str:
    noun = kind_words(line(alert.kind, 60), line(alert.label, 60))
    if not alert.ordinal:
        return noun
    word = ordinal_word(alert.ordinal, figures=figures)
    return f"{word} {noun[:1].lower()}{noun[1:]}"


def _initials(name: str) -> str:
    """US for United States; a name of one word stays."""
    letters = "".join(word[0] for word in name.split() if word[0].isupper())
    return letters if len(letters) > 1 else name


def _tag(alert: Alert) -> str:
    """Four characters that tell events apart: of the hash in the event's id, which `parley events` shows too."""
    found = _TAIL.search(alert.event_id)
    short = found[1] if found else hashlib.sha256(alert.event_id.encode("utf-8", "surrogatepass")).hexdigest()[:4]
    return f" #{short}"
