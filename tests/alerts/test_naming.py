"""What an event is called in a subject, how it stands, and that neither ever misleads."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.compose.naming import name_of, shortened, state_of, steps_of, subject_of, topic_of
from alerts.compose.plain import steps_text
from alerts.headline import ordinal_word
from alerts.records import Alert, Fact

TALKS = {"kind": "talks_round", "label": "round of talks", "ordinal": 3, "place": "Istanbul"}
WIDE = ("United States", "United Arab Emirates", "Russia", "Ukraine")


def event(alert: Alert, **changes: Any) -> Alert:
    return replace(alert, event_id="ru-ua.talks_round.2031-06-02.9a6a9472", **(TALKS | changes))


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "Third round of talks, Russia–Ukraine, Istanbul #9a6a"),
        ({"ordinal": None}, "Round of talks, Russia–Ukraine, Istanbul #9a6a"),
        ({"ordinal": 21}, "21st round of talks, Russia–Ukraine, Istanbul #9a6a"),
        ({"parties": (), "place": None}, "Third round of talks #9a6a"),
        # what does not fit goes: the place first, then long names, then words for numbers, then parties
        ({"place": "Verkhovyna district"}, "Third round of talks, Russia–Ukraine #9a6a"),
        ({"parties": WIDE[:2], "place": "Ankara"}, "Third round of talks, US–UAE, Ankara #9a6a"),
        ({"parties": ("United States of America", "Russia")},
         "Third round of talks, United States of America–Russia #9a6a"),
        ({"parties": WIDE, "label": "round of preliminary peace talks"},
         "3rd round of preliminary peace talks, US–UAE +2 #9a6a"),
        ({"parties": ("Liechtensteinland",) * 4}, "3rd round of talks, Liechtensteinland +3 #9a6a"),
        ({"label": f"round of {'very ' * 12}long talks"}, f"3rd round of{' very' * 8}… #9a6a"),
        ({"kind": "grain_corridor", "label": "", "ordinal": None}, "Grain corridor, Russia–Ukraine, Istanbul #9a6a"),
    ],
)  # fmt: skip
def test_a_subject_is_short_and_its_words_are_whole(alert: Alert, changes: dict[str, Any], subject: str) -> None:
    assert topic_of(event(alert, **changes)) == subject
    assert len(subject) <= 60


@pytest.mark.parametrize(
    ("status", "subject"),
    [
        ("postponed", "POSTPONED: Third round of talks, Russia–Ukraine #9a6a"),
        ("cancelled", "CANCELLED: Third round of talks, Russia–Ukraine #9a6a"),
        ("denied", "DENIED: Third round of talks, Russia–Ukraine, Istanbul #9a6a"),
    ],
)
def test_a_reversal_shouts_once(alert: Alert, status: str, subject: str) -> None:
    opened = event(alert)
    off = event(alert, status=status, reason="reversed", place="Geneva", ordinal=4)
    assert subject_of(off, opened) == subject
    assert subject_of(replace(off, reason="corrected"), opened) == topic_of(opened)


@pytest.mark.parametrize("event_id", ["ev7", "", "9a6a", "ru-ua.talks_round.2031-06-02", "x.\ud800", "café"])
def test_an_id_without_a_hash_gives_a_mark_too(alert: Alert, event_id: str) -> None:
    assert re.search(r" #[0-9a-f]{4}$", topic_of(replace(alert, event_id=event_id)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the alert is the same in every example
@given(
    texts=st.lists(st.text(), min_size=3, max_size=3),
    parties=st.lists(st.text(), max_size=6),
    ordinal=st.none() | st.integers(-5, 10**9),
    reason=st.sampled_from(["new", "reversed"]),
)
def test_any_subject_fits_and_is_one_line(
    alert: Alert, texts: list[str], parties: list[str], ordinal: int | None, reason: Any
) -> None:
    made = replace(
        alert, kind=texts[0], label=texts[1], place=texts[2], parties=tuple(parties), ordinal=ordinal, reason=reason
    )
    for subject in (topic_of(made), subject_of(made, made)):
        assert 0 < len(subject) <= 60
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", subject)


@pytest.mark.parametrize(
    ("text", "room", "short"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("one, two", 5, "one…"),
        ("Donaudampfschiff", 6, "Donau…"),
        ("e\u0301e\u0301e\u0301", 4, "e\u0301…"),
        ("👩\u200d👩\u200d👧", 3, "…"),
    ],
)
def test_a_cut_falls_between_words(text: str, room: int, short: str) -> None:
    assert shortened(text, room) == short


@pytest.mark.parametrize(
    ("status", "told", "words"),
    [
        ("planned", (), "[planned] ─ agreed ─ happened"),
        ("agreed", (), "planned ─ [agreed] ─ happened"),
        ("underway", (), "planned ─ agreed ─ [under way]"),
        ("concluded", (), "planned ─ agreed ─ [happened]"),
        ("postponed", (), "planned ─ [✕ postponed] ─ happened"),
        ("postponed", ("agreed",), "planned ─ agreed ─ [✕ postponed] ─ happened"),
        ("cancelled", ("agreed", "planned"), "planned ─ agreed ─ [✕ cancelled]"),
        ("denied", ("concluded",), "planned ─ agreed ─ happened ─ [✕ denied]"),
        ("proposed", (), ""),
        ("<b>", (), ""),
    ],
)
def test_the_line_shows_where_it_stands_or_went_off(
    alert: Alert, status: str, told: tuple[str, ...], words: str
) -> None:
    facts = tuple(Fact("status", value, alert.source) for value in (*told, status))
    assert steps_text(steps_of(replace(alert, status=status, facts=facts))) == words


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": "underway"}, ("Under way", "happened")),
        ({"status": "agreed"}, ("Agreed", "ahead")),
        ({"status": "denied"}, ("Denied", "off")),
        ({"articles": 0}, ("No longer reported", "off")),
        ({"status": ""}, ("Reported", "plain")),
    ],
)
def test_the_state_is_a_word_and_a_colour(alert: Alert, changes: dict[str, Any], state: tuple[str, str]) -> None:
    assert state_of(replace(alert, **changes)) == state


def test_what_nobody_reports_any_more_stands_nowhere(alert: Alert) -> None:
    assert steps_of(replace(alert, articles=0)) == ()


def test_a_name_says_all_that_is_known(alert: Alert) -> None:
    assert name_of(event(alert)) == "Third round of talks, Russia–Ukraine, Istanbul"
    assert name_of(event(alert, parties=(), place=None, ordinal=None)) == "Round of talks"


@pytest.mark.parametrize(("number", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd")])
def test_numbers_have_a_short_form(number: int, word: str) -> None:
    assert ordinal_word(number, figures=True) == word
