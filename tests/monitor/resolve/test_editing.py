"""A new version of an article: which claim stands for which, and what the events make of it."""

from dataclasses import replace

import pytest

from alerts.records import Moved
from extractors.records import Evidence
from monitor.resolve import resolve, revise
from monitor.resolve.versions import moved, paired, sentences


def said(claim, text):
    return replace(claim, evidence=(Evidence("text", text, 0, len(text)),))


ROUND = "The second round of talks ended in Istanbul"
SWAP = "Both sides exchanged prisoners on Friday evening"


@pytest.fixture
def held(claim):
    return lambda **more: said(claim("talks_round", more.pop("status", "concluded"), **more), ROUND)


def test_claims_with_the_same_facts_find_each_other_whatever_their_order(claim, held):
    swap = said(claim("prisoner_exchange", "concluded", "2025-06-02", counts={"each": 40}), SWAP)
    old = (held(date="2025-06-02", ordinal=2), held(date="2025-05-16", ordinal=1, role="background"), swap)
    assert paired(old, old[::-1]) == {0: 2, 1: 1, 2: 0}


def test_one_slot_that_differs_in_the_same_sentence_is_a_correction(held):
    old = held(date="2025-06-02", ordinal=2)
    assert paired([old], [held(date="2025-06-03", ordinal=2)]) == {0: 0}
    assert paired([old], [held(date="2025-06-02", ordinal=3)]) == {0: 0}
    assert paired([old], [said(held(date="2025-06-02", ordinal=3), "Quite other words tell of it")]) == {}


def test_two_slots_that_contradict_are_another_event_in_whatever_words(held):
    assert paired([held(date="2025-06-02", ordinal=2)], [held(date="2025-07-23", ordinal=3)]) == {}


def test_a_report_takes_the_place_of_the_preview_but_an_untied_plan_not_that_of_a_report(claim, held):
    plan = said(claim("talks_round", "planned", None), "Envoys are to meet")
    assert paired([plan], [held(date="2025-06-02")]) == {0: 0}
    assert paired([held(date="2025-06-02")], [plan]) == {}
    assert paired([held(date="2025-06-02")], [replace(plan, date=held(date="2025-06-02").date)]) == {0: 0}


def test_claims_of_two_kinds_never_stand_for_each_other(claim, held):
    assert paired([held()], [said(claim("summit", "concluded"), ROUND)]) == {}


def test_a_count_that_is_only_added_to_was_not_told_otherwise(held):
    old, new = held(counts={"each": 40}), held(counts={"each": 40, "total": 80})
    assert moved(old, new) == (Moved("counts", None, "40 each; 80 in all"),)
    assert moved(new, old) == (Moved("counts", "40 each; 80 in all", "40 each"),)
    assert moved(old, old) == ()


def test_the_day_of_publication_is_no_fact_of_the_text(held):
    assert moved(held(date="~2025-06-02"), held(date="~2025-06-03")) == ()
    assert moved(held(date="~2025-06-02"), held()) == ()
    assert moved(held(date="~2025-06-02"), held(date="2025-06-02")) == (Moved("date", None, "2 June 2025"),)


def test_an_article_without_an_earlier_version_is_resolved(claim, source, watch):
    one, claims = source("a/1", "2025-06-02"), [claim("talks_round", "concluded", "2025-06-02")]
    assert revise(claims, one, (), watch(), one.seen) == resolve(claims, one, (), watch(), one.seen)


def test_what_is_still_said_keeps_its_moment(held, source, watch):
    first, anew = source("a/1", "2025-06-02T10:00"), source("a/1", "2025-06-04T10:00")
    (event,) = resolve([held(date="2025-06-02")], first, (), watch(), first.seen).events
    claims = [said(held(date="2025-06-02"), ROUND + ", at last")]
    (after,) = revise(claims, anew, (event,), watch(), anew.seen).events
    assert (after.sayings[0].published, after.touched) == (first.published, event.touched)
    assert after.sayings[0].claim.evidence == claims[0].evidence


def test_the_days_of_parts_go_with_who_told_them(claim, source, watch):
    def swap(day, *marks):
        return claim("prisoner_exchange", "concluded", day, counts={"each": 300}, marks=marks)

    first, second = source("a/1", "2025-05-23"), source("b/1", "2025-05-24")
    known = resolve([swap("2025-05-23", "part")], first, (), watch(), first.seen).events
    known = resolve([swap("2025-05-24", "part")], second, known, watch(), second.seen).events
    assert (str(known[0].date.start), str(known[0].date.end)) == ("2025-05-23", "2025-05-24")
    (after,) = revise([], second, known, watch(), second.seen, withdrawn=True).events
    assert (after.days, str(after.date.end)) == ((), "2025-05-23")


def test_an_event_of_a_kind_that_is_no_longer_tracked_is_left_alone(claim, source, watch):
    one = source("a/1", "2025-06-02")
    (event,) = resolve([claim("summit", "concluded", "2025-06-02")], one, (), watch(), one.seen).events
    less = replace(watch(), identities={k: v for k, v in watch().identities.items() if k != "summit"})
    assert revise([], one, (event,), less, one.seen).events == ()


def test_the_sentences_shown_are_those_that_were_changed(held):
    head, lead = "Talks end in Istanbul", "The second round of talks ended in Istanbul on 2 June"
    old = replace(
        said(held(date="2025-06-02"), head), evidence=(*said(held(), head).evidence, *said(held(), lead).evidence)
    )
    edited = lead.replace("2 June", "3 June")
    aside = said(held(), "Nobody took questions").evidence
    new = replace(
        old, date=held(date="2025-06-03").date, evidence=(*aside, old.evidence[0], *said(held(), edited).evidence)
    )
    assert [each.text for each in sentences(old, new)] == [lead, edited]
    assert [each.text for each in sentences(old, old)] == [head, head]
    assert sentences(replace(old, evidence=()), replace(old, evidence=())) == (None, None)


def test_what_another_claim_of_the_article_still_tells_is_not_gone(claim, source, watch):
    one = source("a/1", "2025-06-02")

    def swap(at, **more):
        return claim("prisoner_exchange", "concluded", "2025-06-02", at=at, **more)

    both = [swap(0, counts={"each": 40}), swap(20, place="Istanbul")]
    (event,) = resolve(both, one, (), watch(), one.seen).events
    told = revise([both[0]], one, (event,), watch(), one.seen).changes
    assert [slot.slot for change in told for edit in change.edits for slot in edit.moved] == ["place"]
    assert revise([both[1]], one, (replace(event, sayings=event.sayings[1:]),), watch(), one.seen).changes == ()
