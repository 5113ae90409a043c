"""The table of what rings, row by row, and every silence with its name."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.headline import headline, ordinal_word
from alerts.policy import decide, told_phase
from alerts.records import Change, Edit, Moved, Rings, Snapshot, Source, Span

NOW = datetime(2025, 6, 2, 14, tzinfo=UTC)
RINGS = Rings("w", frozenset({"talks_round", "prisoner_exchange"}))
SPAN = Span(date(2025, 6, 2), date(2025, 6, 2), "explicit")
PLANNED = ("new", "planned")
HELD = ("advanced", "concluded")


def _source(**other):
    fields = {"published": NOW - timedelta(hours=1), "seen": NOW, **other}
    return Source("https://a/1", None, "a", "a", **fields)


def _event(status, **other):
    fields = {
        "date": SPAN, "place": "Istanbul", "ordinal": 2, "series": None, "counts": {}, "articles": 1, "families": 1,
        "kind": "talks_round", **other,
    }  # fmt: skip
    return Snapshot(id="w.e", watch="w", status=status, parties=("Russia", "Ukraine"), **fields)


def _change(status, *, before=None, said=None, told=(), moves=None, rules=(), source=None, **other):
    """An event now in `status`; `before` is its earlier status or snapshot, None when this claim opened it."""
    old = _event(before) if isinstance(before, str) else before
    event = _event(status, **other)
    if moves is None:
        moves = ("opened",) if old is None else ("status", "article") if old.status != status else ("article",)
    return Change(event, old, moves, source or _source(), said or status, (), rules, told)


@pytest.mark.parametrize(
    ("change", "reason", "rule"),
    [
        (_change("planned"), "new", "first-news-ahead"),
        (_change("agreed"), "new", "first-news-ahead"),
        (_change("underway"), "new", "first-news-happened"),
        (_change("concluded"), "new", "first-news-happened"),
        (_change("planned", before="proposed"), "new", "first-news-ahead"),
        (_change("concluded", before="planned", told=(PLANNED,)), "advanced", "from-ahead-to-happened"),
        (_change("planned", before="postponed", told=(PLANNED, ("reversed", "postponed"))), "advanced",
         "from-off-to-ahead"),
        (_change("concluded", before="cancelled", told=(PLANNED, ("reversed", "cancelled"))), "advanced",
         "from-off-to-happened"),
        (_change("postponed", before="planned", told=(PLANNED,)), "reversed", "off-once-per-stay"),
        (_change("cancelled"), "reversed", "off-of-unknown-plan"),
        (_change("denied", before="planned", told=(PLANNED,)), "reversed", "off-once-per-stay"),
        (_change("postponed", before="planned", said="planned", told=(PLANNED,)), "reversed", "off-once-per-stay"),
        (_change("agreed", before="planned", told=(PLANNED,)), "corrected", "status-planned-agreed"),
        (_change("concluded", before="underway", told=(("new", "underway"),)), "corrected",
         "status-underway-concluded"),
        (_change("planned", before=_event("planned", date=None), told=(PLANNED,)), "corrected", "date-changed"),
        (_change("concluded", before=_event("concluded", place="Ankara"), told=(HELD,)), "corrected", "place-changed"),
        (_change("concluded", before=_event("concluded", ordinal=3), told=(HELD,)), "corrected", "ordinal-changed"),
        (_change("concluded", before="concluded", told=(HELD,), counts={"each": 9}), "corrected", "counts-changed"),
        (_change("concluded", before="concluded", told=(HELD,), moves=("withdrawn",)), "corrected", "withdrawn"),
        *(
            (_change("concluded", before="concluded", told=(HELD,), moves=("family",), families=n), "confirmed",
             f"families-{n}")
            for n in (2, 3, 5, 10)
        ),
    ],
)  # fmt: skip
def test_what_rings_rings_with_its_reason_and_rule(change, reason, rule):
    decision = decide(change, RINGS, NOW)

    assert decision.silence is None
    assert [a.reason for a in decision.alerts] == [reason]
    assert rule in decision.alerts[0].rules


@pytest.mark.parametrize(
    ("change", "rings", "rule"),
    [
        (_change("concluded", kind="summit"), RINGS, "kind-does-not-ring"),
        (_change("proposed"), RINGS, "proposed"),
        (_change("planned", before="planned", said="proposed", told=(PLANNED,)), RINGS, "proposed"),
        (_change("concluded"), replace(RINGS, began=NOW), "published-before-watch"),
        (_change("concluded", source=_source(published=NOW - timedelta(hours=72))), RINGS, "too-old"),
        (_change("concluded", source=_source(published=None), date=None), RINGS, "no-date-at-all"),
        (_change("concluded", source=_source(published=None), date=replace(SPAN, basis="relative")), RINGS,
         "no-date-at-all"),
        (_change("concluded"), replace(RINGS, min_families=2), "too-few-families"),
        (_change("planned", before=_event("proposed"), baseline=True), RINGS, "baseline-event"),
        (_change("concluded", before="concluded", told=(("baseline", "concluded"),), baseline=True), RINGS,
         "baseline-event"),
        (_change("planned", before="planned", told=(PLANNED,)), RINGS, "already-told-in-phase"),
        (_change("concluded", before="concluded", said="planned", told=(PLANNED, HELD)), RINGS,
         "already-told-in-phase"),
        (_change("concluded", before="concluded", said="planned"), RINGS, "older-word"),
        (_change("cancelled", before="postponed", moves=("article",), told=(PLANNED, ("reversed", "postponed")),
                 said="cancelled"), replace(RINGS, confirmations=()), None),
        (_change("denied"), RINGS, "denial-of-nothing-known"),
        (_change("denied", before="proposed"), RINGS, "denial-of-nothing-known"),
        (_change("concluded", before="concluded", told=(HELD,), moves=("part", "article")), RINGS,
         "part-of-known-event"),
        (_change("concluded", before="concluded", told=(HELD,), moves=("counts", "part"), counts={"each": 303}), RINGS,
         "part-of-known-event"),
        (_change("concluded", before="concluded", told=(HELD,), rules=("copy",)), RINGS, "copy"),
        (_change("concluded", before="concluded", told=(HELD,), moves=("family",), families=4), RINGS,
         "already-told-in-phase"),
    ],
)  # fmt: skip
def test_what_stays_quiet_names_its_rule(change, rings, rule):
    decision = decide(change, rings, NOW)

    if rule is None:  # a further step inside off corrects, it does not reverse again
        assert [a.reason for a in decision.alerts] == ["corrected"]
        return
    assert decision.alerts == ()
    assert decision.silence is not None
    assert decision.silence.rule == rule
    assert decision.silence.because


def test_without_a_beginning_nothing_is_too_early():
    assert decide(_change("concluded"), replace(RINGS, began=None), NOW).alerts


def test_an_article_published_after_the_beginning_rings():
    assert decide(_change("concluded"), replace(RINGS, began=NOW - timedelta(hours=2)), NOW).alerts


def test_an_undated_article_rings_on_an_explicit_date():
    assert decide(_change("concluded", source=_source(published=None)), RINGS, NOW).alerts


def test_a_silenced_change_leaves_the_interruption_to_the_next():
    late = _change("concluded", before="concluded", families=2, moves=("family", "article"))

    assert [a.reason for a in decide(late, replace(RINGS, min_families=2), NOW).alerts] == ["new"]


def test_the_same_decision_has_the_same_id_and_the_next_another():
    first = decide(_change("planned"), RINGS, NOW).alerts[0]
    again = decide(_change("planned"), RINGS, NOW + timedelta(hours=1)).alerts[0]
    after = decide(_change("concluded", before="planned", told=(PLANNED,)), RINGS, NOW).alerts[0]

    assert first.id == again.id == "w.e.new.ahead.1"
    assert after.id == "w.e.advanced.happened.2"


def test_updates_do_not_change_the_phase_that_people_know():
    assert told_phase((PLANNED, ("confirmed", "planned"), ("corrected", "agreed"))) == "ahead"
    assert told_phase((("baseline", "concluded"),)) == "happened"
    assert told_phase(()) is None


TOPICS = {
    "talks_round": ("round of talks", "concluded"),
    "prisoner_exchange": ("prisoner exchange", "carried out"),
    "remains_repatriation": ("return of bodies", "carried out"),
}


@pytest.mark.parametrize(
    ("line", "slots"),
    [
        ("Second round of talks between Russia and Ukraine concluded in Istanbul, 2 June 2025",
         {"kind": "talks_round", "status": "concluded", "ordinal": 2, "place": "Istanbul", "date": SPAN}),
        ("Round of talks between Russia and Ukraine planned in Istanbul for 2 June 2025",
         {"kind": "talks_round", "status": "planned", "place": "Istanbul", "date": SPAN}),
        ("Prisoner exchange between Russia and Ukraine agreed: 1,000 each",
         {"kind": "prisoner_exchange", "status": "agreed", "counts": {"each": 1000}}),
        ("Prisoner exchange between Russia and Ukraine carried out, 23–25 May 2025: 246 each, 538 in all",
         {"kind": "prisoner_exchange", "status": "concluded",
          "date": Span(date(2025, 5, 23), date(2025, 5, 25), "explicit"),
          "counts": {"total": 538, "each": 246}}),
        ("Return of bodies from Russia to Ukraine agreed: 6,000",
         {"kind": "remains_repatriation", "status": "agreed", "counts": {"Russia->Ukraine": 6000}}),
        ("Prisoner exchange between Russia and Ukraine under way, reported 2 June 2025",
         {"kind": "prisoner_exchange", "status": "underway", "date": replace(SPAN, basis="publication")}),
        ("Round of talks between Russia and Ukraine postponed, planned for 2 June 2025",
         {"kind": "talks_round", "status": "postponed", "date": SPAN}),
        ("Round of talks between Russia and Ukraine postponed to 2 June 2025",
         {"kind": "talks_round", "status": "postponed", "date": SPAN, "moved": True}),
        ("Grain corridor deal between Russia and Ukraine agreed", {"kind": "grain_corridor_deal", "status": "agreed"}),
        ("Prisoner exchange between Russia and Ukraine carried out: 277 to Ukraine, 246 to Russia",
         {"kind": "prisoner_exchange", "status": "concluded",
          "counts": {"Ukraine->Russia": 246, "Russia->Ukraine": 277}}),
    ],
)  # fmt: skip
def test_the_line_of_an_alert_says_what_happened(line, slots):
    label, done = TOPICS.get(slots["kind"], ("", "concluded"))
    fields = {
        "label": label, "done": done,
        "ordinal": None, "place": None, "date": None, "counts": {}, "parties": ("Russia", "Ukraine"), **slots,
    }  # fmt: skip
    assert headline(**fields) == line


@pytest.mark.parametrize(
    ("number", "word"), [(1, "First"), (12, "Twelfth"), (21, "21st"), (58, "58th"), (111, "111th")]
)
def test_ordinals_are_words_up_to_twelve(number, word):
    assert ordinal_word(number) == word


# --- versions of an article -------------------------------------------------------------------------------------------

MOVED = Edit(None, None, (Moved("place", "Istanbul", "Ankara"),))
ADDED = Edit(None, None, (Moved("counts", None, "40 each"),))
GONE = Edit(None, None, (Moved("status", "concluded", None),), gone=True)


def _version(status, edit, *, moves=("edited",), **other):
    more = {name: other.pop(name) for name in ("fresh", "alerted") if name in other}
    change = _change(status, told=other.pop("told", (HELD,)), before=other.pop("before", status), moves=moves, **other)
    return replace(change, edits=(edit,), **{"fresh": False, **more})


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (_version("concluded", MOVED), "edited-place"),
        (_version("concluded", GONE, moves=("gone",)), "no-longer-says-so"),
        (_version("concluded", GONE, moves=("withdrawn",)), "withdrawn"),
        (_version("planned", MOVED, before="concluded"), "status-concluded-planned"),
        (_version("proposed", GONE, before="concluded", moves=("gone",)), "phase-taken-back"),
        (_version("concluded", MOVED, source=_source(published=NOW - timedelta(days=9))), "edited-place"),
        (_version("concluded", MOVED, alerted=False, before=_event("concluded", place="Ankara")), "place-changed"),
    ],
)
def test_a_version_that_takes_back_what_was_told_is_a_correction(change, rule):
    (alert,) = decide(change, RINGS, NOW).alerts
    assert alert.reason == "corrected"
    assert rule in alert.rules
    assert alert.edits == change.edits


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (_version("concluded", MOVED, told=()), "nobody-was-told"),
        (_version("concluded", MOVED, told=(("baseline", "concluded"),)), "nobody-was-told"),
        (_version("concluded", MOVED, alerted=False), "edit-of-what-was-not-told"),
        (_version("concluded", ADDED), "edit-of-what-was-not-told"),
        (_version("concluded", MOVED, kind="summit"), "kind-does-not-ring"),
    ],
)
def test_a_version_that_takes_nothing_back_is_silent(change, rule):
    assert decide(change, RINGS, NOW).silence.rule == rule


def test_a_version_interrupts_only_with_a_phase_that_the_old_one_did_not_tell():
    moves = ("status", "edited")
    held = _version("concluded", MOVED, before="planned", told=(PLANNED,), moves=moves, fresh=True)
    assert [a.reason for a in decide(held, RINGS, NOW).alerts] == ["advanced"]
    assert [a.reason for a in decide(replace(held, fresh=False), RINGS, NOW).alerts] == ["corrected"]


def test_what_was_taken_back_may_ring_anew():
    assert told_phase((HELD, ("corrected", "planned"))) == "happened"
    assert told_phase((HELD, ("corrected", "planned"), ("taken-back", "planned"))) == "ahead"
    assert told_phase((HELD, ("taken-back", "proposed"))) is None


def test_an_event_whose_only_source_was_withdrawn_is_confirmed_by_the_next():
    again = _change("concluded", before=_event("concluded", articles=0), told=(HELD,))
    (alert,) = decide(again, RINGS, NOW).alerts
    assert (alert.reason, "told-again-after-withdrawal" in alert.rules) == ("confirmed", True)


def test_what_went_with_a_split_event_was_not_told_of_this_one_and_its_number_stays_taken():
    told = (PLANNED, ("moved-away", "concluded"))
    (alert,) = decide(_change("concluded", before="planned", told=told), RINGS, NOW).alerts
    assert (alert.reason, alert.id) == ("advanced", "w.e.advanced.happened.3")
