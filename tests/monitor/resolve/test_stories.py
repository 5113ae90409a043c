"""What people hear of histories that are hard to tell apart: who rings, why, and how often."""

import itertools

import pytest


def test_a_plan_that_is_met_is_one_event(crier, claim):
    crier.hear("a/1", "2025-06-01", claim("talks_round", "planned", "2025-06-02", ordinal=2, place="Istanbul"))
    crier.hear("b/1", "2025-06-02", claim("talks_round", "underway", "2025-06-02", place="Istanbul"))
    crier.hear("c/1", "2025-06-02T15:00", claim("talks_round", "concluded", "2025-06-02", ordinal=2))

    assert crier.interrupts == ["new talks_round planned", "advanced talks_round underway"]
    assert crier.only_event.status == "concluded"
    assert crier.alerts[-1].reason == "corrected"
    assert "status-underway-concluded" in crier.alerts[-1].rules


def test_a_plan_without_a_date_is_met_weeks_later(crier, claim):
    crier.hear("a/1", "2025-05-16", claim("talks_round", "planned"))
    crier.hear("b/1", "2025-06-02", claim("talks_round", "concluded", "2025-06-02", ordinal=2))

    assert crier.interrupts == ["new talks_round planned", "advanced talks_round concluded"]


def test_forty_reports_of_one_round_ring_once_and_confirm_at_two_three_five_and_ten(crier, claim):
    for number in range(40):
        crier.hear(f"outlet{number}/1", "2025-06-02", claim("talks_round", "concluded", "2025-06-02", ordinal=2))

    assert crier.interrupts == ["new talks_round concluded"]
    assert [(a.reason, a.families) for a in crier.alerts[1:]] == [
        ("confirmed", 2), ("confirmed", 3), ("confirmed", 5), ("confirmed", 10),
    ]  # fmt: skip


def test_the_next_round_planned_in_the_article_on_this_one_is_another_event(crier, claim):
    crier.hear(
        "a/1",
        "2025-05-16",
        claim("talks_round", "planned", marks=["another"], at=40),
        claim("talks_round", "concluded", "2025-05-16"),
    )

    assert crier.interrupts == ["new talks_round concluded", "new talks_round planned"]


def test_a_preview_that_comes_late_is_about_the_round_that_was_held(crier, claim):
    crier.hear("a/1", "2025-06-02T15:00", claim("talks_round", "concluded", "2025-06-02"))
    crier.hear("b/1", "2025-06-02T16:00", claim("talks_round", "planned", "2025-06-02"))

    assert crier.interrupts == ["new talks_round concluded"]
    assert crier.only_event.status == "concluded"


def test_an_older_article_that_arrives_late_does_not_move_the_status_back(crier, claim):
    crier.hear("a/1", "2025-06-02T15:00", claim("talks_round", "concluded", "2025-06-02"))
    crier.hear("b/1", "2025-06-01T08:00", claim("talks_round", "planned", "2025-06-02"))

    assert crier.only_event.status == "concluded"
    assert crier.decisions[-1].silence.rule == "already-told-in-phase"


def test_a_round_called_off_rings_once_and_again_when_it_is_held_after_all(crier, claim):
    crier.hear("a/1", "2025-06-01", claim("talks_round", "planned", "2025-06-02"))
    crier.hear("b/1", "2025-06-01T18:00", claim("talks_round", "cancelled"))
    crier.hear("c/1", "2025-06-01T19:00", claim("talks_round", "cancelled"))
    crier.hear("d/1", "2025-06-01T20:00", claim("talks_round", "planned", "2025-06-02"))
    crier.hear("e/1", "2025-06-02T20:00", claim("talks_round", "concluded", "2025-06-02"))

    assert crier.interrupts == [
        "new talks_round planned",
        "reversed talks_round cancelled",
        "advanced talks_round concluded",
    ]


def test_what_was_called_off_in_one_place_is_not_what_is_held_in_another(crier, claim):
    crier.hear("a/1", "2025-10-09", claim("talks_round", "planned", "2025-10-15", place="Ankara", ordinal=6))
    crier.hear("b/1", "2025-10-13", claim("talks_round", "cancelled", "2025-10-15", place="Ankara"))
    crier.hear("c/1", "2025-11-11", claim("talks_round", "underway", "2025-11-11", place="Abu Dhabi"))

    assert crier.interrupts == [
        "new talks_round planned", "reversed talks_round cancelled", "new talks_round underway",
    ]  # fmt: skip


def test_a_planned_date_that_moves_is_told_as_postponed_with_the_new_date(crier, claim):
    crier.hear("a/1", "2026-01-29", claim("talks_round", "planned", "2026-02-01", ordinal=2, place="Abu Dhabi"))
    crier.hear("b/1", "2026-01-31", claim("talks_round", "planned", "2026-02-04/2026-02-05", place="Abu Dhabi"))
    crier.hear("c/1", "2026-02-01", claim("talks_round", "planned", "2026-02-04/2026-02-05", place="Abu Dhabi"))
    crier.hear("d/1", "2026-02-04", claim("talks_round", "underway", "2026-02-04", place="Abu Dhabi"))

    assert crier.interrupts == [
        "new talks_round planned",
        "reversed talks_round postponed",
        "advanced talks_round underway",
    ]
    moved = crier.alerts[1]
    assert moved.title == "Second round of talks between Russia and Ukraine postponed in Abu Dhabi to 4–5 February 2026"


def test_a_stale_outlet_that_repeats_the_old_date_does_not_move_the_plan_back(crier, claim):
    crier.hear("a/1", "2026-01-29", claim("talks_round", "planned", "2026-02-01", ordinal=2))
    crier.hear("b/1", "2026-01-31", claim("talks_round", "planned", "2026-02-04", ordinal=2))
    crier.hear("c/1", "2026-01-31T20:00", claim("talks_round", "planned", "2026-02-01", ordinal=2))

    assert crier.interrupts == ["new talks_round planned", "reversed talks_round postponed"]
    assert str(crier.only_event.date.start) == "2026-02-04"


def test_two_days_of_one_round_are_one_event(crier, claim):
    crier.hear("a/1", "2026-02-04", claim("talks_round", "concluded", "2026-02-04", ordinal=2, place="Abu Dhabi"))
    crier.hear("b/1", "2026-02-05", claim("talks_round", "concluded", "2026-02-05", ordinal=2, place="Abu Dhabi"))

    assert crier.interrupts == ["new talks_round concluded"]
    assert (str(crier.only_event.date.start), str(crier.only_event.date.end)) == ("2026-02-04", "2026-02-05")


@pytest.mark.parametrize("ordinals", [(2, 3), (3, 2)])
def test_different_ordinals_of_one_series_are_two_events_whichever_comes_first(crier, claim, ordinals):
    for day, ordinal in zip(("2025-07-01", "2025-07-01T14:00"), ordinals, strict=True):
        crier.hear(f"o{ordinal}/1", day, claim("talks_round", "planned", ordinal=ordinal))

    assert len(crier.events) == 2


def test_outlets_that_number_one_round_differently_on_one_day_tell_one_event(crier, claim):
    crier.hear("a/1", "2022-03-14", claim("talks_round", "concluded", "2022-03-14", ordinal=4))
    crier.hear("b/1", "2022-03-14", claim("talks_round", "concluded", "2022-03-14", ordinal=5))

    assert crier.interrupts == ["new talks_round concluded"]
    assert {f.value for f in crier.decisions[-1].change.facts if f.slot == "ordinal"} == {"4", "5"}


def test_ordinals_start_again_in_a_new_series_after_a_long_silence(crier, claim):
    crier.hear("a/1", "2025-07-23", claim("talks_round", "concluded", "2025-07-23", ordinal=3))
    crier.hear("a/2", "2026-01-23", claim("talks_round", "concluded", "2026-01-23", ordinal=1))
    crier.hear("a/3", "2026-02-04", claim("talks_round", "planned", ordinal=3))

    assert len(crier.interrupts) == 3
    assert len({e.series for e in crier.events.values()}) == 2


def test_an_undated_recall_of_an_older_ordinal_is_background(crier, claim):
    crier.hear("a/1", "2025-05-16", claim("talks_round", "concluded", "2025-05-16", ordinal=1))
    crier.hear("a/2", "2025-06-02", claim("talks_round", "concluded", "2025-06-02", ordinal=2))
    heard = crier.hear("b/1", "2025-06-09", claim("talks_round", "concluded", "~2025-06-09", ordinal=1))

    assert heard.traces[0].verdict == "background"
    assert "older-ordinal" in heard.traces[0].rules
    assert len(crier.interrupts) == 2


def test_an_undated_report_after_the_window_is_background_to_the_latest_past_event(crier, claim):
    crier.hear("a/1", "2025-05-06", claim("prisoner_exchange", "concluded", "2025-05-06", counts={"each": 205}))
    heard = crier.hear("b/1", "2025-05-12", claim("prisoner_exchange", "concluded"))

    assert heard.traces[0].verdict == "background"
    assert "window-passed" in heard.traces[0].rules
    assert heard.traces[0].event_id == crier.only_event.id


def test_a_weakly_dated_report_within_the_window_joins_and_after_it_opens(crier, claim):
    crier.hear("a/1", "2025-05-06", claim("prisoner_exchange", "concluded", "2025-05-06", counts={"each": 205}))
    crier.hear("b/1", "2025-05-07", claim("prisoner_exchange", "concluded", "~2025-05-07"))
    assert len(crier.events) == 1

    crier.hear("c/1", "2025-05-13", claim("prisoner_exchange", "concluded", "~2025-05-13"))
    assert len(crier.interrupts) == 2


def test_the_three_days_of_one_swap_never_ring_again(crier, claim):
    swap = "prisoner_exchange"
    crier.hear("a/1", "2025-05-16", claim(swap, "agreed", counts={"each": 1000}))
    crier.hear("b/1", "2025-05-23", claim(swap, "underway", "2025-05-23", counts={"each": 390}, marks=["part", "deal"]))
    crier.hear("c/1", "2025-05-23", claim(swap, "underway", "2025-05-23", counts={"each": 1000}))
    crier.hear("d/1", "2025-05-24", claim(swap, "concluded", "2025-05-24", counts={"each": 307}, marks=["part"]))
    crier.hear("e/1", "2025-05-25", claim(swap, "concluded", "2025-05-25", counts={"each": 303}, marks=["final"]))
    crier.hear("f/1", "2025-05-25", claim(swap, "concluded", "2025-05-23/2025-05-25", counts={"each": 1000}))

    assert crier.interrupts == ["new prisoner_exchange agreed", "advanced prisoner_exchange underway"]
    event = crier.only_event
    assert (event.status, dict(event.counts)) == ("concluded", {"each": 1000})
    assert (str(event.date.start), str(event.date.end)) == ("2025-05-23", "2025-05-25")


def test_exchanges_on_separate_dates_are_children_of_the_deal_and_each_rings(crier, claim):
    bodies = "remains_repatriation"
    crier.hear("a/1", "2025-06-02", claim(bodies, "agreed", counts={"each": 6000}))
    for day, count in (("2025-06-11", 1212), ("2025-06-13", 1200), ("2025-06-16", 1245)):
        crier.hear("b/" + day, day, claim(bodies, "concluded", day, counts={"Russia->Ukraine": count}))
    crier.hear("c/1", "2025-06-16", claim(bodies, "concluded", "2025-06-11/2025-06-16", counts={"total": 6000}))

    deal = next(e for e in crier.events.values() if e.parent is None)
    assert [e.parent for e in crier.events.values() if e.id != deal.id] == [deal.id] * 3
    assert crier.interrupts == [
        f"new {bodies} agreed", *[f"new {bodies} concluded"] * 3, f"advanced {bodies} concluded",
    ]  # fmt: skip


def test_an_exchange_on_the_day_of_an_agreement_does_not_carry_it_out(crier, claim):
    swap = "prisoner_exchange"
    crier.hear("a/1", "2025-07-23", claim(swap, "agreed", counts={"each": 1200}, marks=["another"]))
    crier.hear("b/1", "2025-07-23", claim(swap, "concluded", "2025-07-23", counts={"each": 250}, marks=["part"]))

    assert crier.interrupts == [f"new {swap} agreed", f"new {swap} concluded"]


def test_one_article_that_tells_an_exchange_and_an_agreement_tells_two_events(crier, claim):
    swap = "prisoner_exchange"
    crier.hear(
        "a/1",
        "2025-07-24",
        claim(swap, "agreed", counts={"each": 1200}, at=10),
        claim(swap, "concluded", "2025-07-23", marks=["part"], at=90),
    )

    assert crier.interrupts == [f"new {swap} concluded", f"new {swap} agreed"]


def test_prisoners_and_bodies_exchanged_on_one_day_are_two_events(crier, claim):
    crier.hear("a/1", "2025-06-14", claim("prisoner_exchange", "concluded", "2025-06-14"))
    crier.hear("a/2", "2025-06-14", claim("remains_repatriation", "concluded", "2025-06-14"))

    assert len(crier.interrupts) == 2


def test_exchanges_of_consecutive_days_are_two_when_the_first_was_over(crier, claim):
    crier.hear("a/1", "2025-06-19", claim("prisoner_exchange", "concluded", "2025-06-19"))
    crier.hear("a/2", "2025-06-20", claim("prisoner_exchange", "concluded", "2025-06-20", marks=["another"]))

    assert len(crier.interrupts) == 2


def test_counts_that_differ_by_source_are_one_swap_told_by_many(crier, claim):
    swap, day = "prisoner_exchange", "2025-04-19"
    for outlet, counts in enumerate(({"total": 538}, {"each": 246}, {"Russia->Ukraine": 277, "Ukraine->Russia": 246})):
        crier.hear(f"o{outlet}/1", day, claim(swap, "concluded", day, counts=counts))

    assert crier.interrupts == [f"new {swap} concluded"]
    told = {f.value for f in crier.decisions[-1].change.facts if f.slot == "counts"}
    assert told == {"538 in all", "246 each", "277 from Russia to Ukraine; 246 from Ukraine to Russia"}


def test_a_recalled_exchange_does_not_absorb_the_one_that_is_agreed_now(crier, claim):
    swap = "prisoner_exchange"
    recalled = claim(swap, "concluded", "2025-05-01/2025-05-31 month", role="background", counts={"each": 1000})
    crier.hear("a/1", "2025-06-02", recalled, claim(swap, "agreed", counts={"each": 1000}, marks=["another"], at=50))
    crier.hear("b/1", "2025-06-02", claim(swap, "agreed"))

    assert crier.interrupts == [f"new {swap} agreed"]


def test_what_is_recalled_as_history_never_rings_as_new(crier, claim):
    swap = "prisoner_exchange"
    crier.hear("a/1", "2025-06-02", claim(swap, "concluded", "2025-05-06", role="background", counts={"each": 205}))
    crier.hear("b/1", "2025-06-02", claim(swap, "concluded", "2025-05-06", counts={"each": 205}))

    assert crier.interrupts == []
    assert crier.only_event.baseline


def test_background_on_yesterday_does_not_silence_the_news_of_it(crier, claim):
    crier.hear("a/1", "2025-06-03", claim("talks_round", "concluded", "2025-06-02", role="background"))
    crier.hear("b/1", "2025-06-03", claim("talks_round", "concluded", "2025-06-02"))

    assert crier.interrupts == ["new talks_round concluded"]


def test_a_denial_of_nothing_known_is_kept_and_one_of_a_plan_rings(crier, claim):
    heard = crier.hear("a/1", "2025-05-20", claim("talks_round", "denied"))
    assert heard.traces[0].verdict == "kept"

    crier.hear("a/2", "2025-05-21", claim("talks_round", "planned", "2025-05-23"))
    crier.hear("b/1", "2025-05-22", claim("talks_round", "denied", "2025-05-23"))
    assert crier.interrupts == ["new talks_round planned", "reversed talks_round denied"]


def test_a_refused_proposal_stays_proposed_and_quiet(crier, claim):
    crier.hear("a/1", "2025-05-20", claim("talks_round", "proposed"))
    crier.hear("b/1", "2025-05-21", claim("talks_round", "denied"))

    assert crier.only_event.status == "proposed"
    assert crier.alerts == []


def test_a_proposal_that_is_taken_up_rings_as_new(crier, claim):
    crier.hear("a/1", "2025-05-11", claim("talks_round", "proposed", "2025-05-15", place="Istanbul"))
    crier.hear("b/1", "2025-05-12", claim("talks_round", "planned", "2025-05-15", place="Istanbul"))

    assert crier.interrupts == ["new talks_round planned"]
    assert len(crier.events) == 1


def test_a_baseline_rings_when_it_moves_on_and_never_as_new(crier, claim):
    crier.hear("a/1", "2025-06-01", claim("talks_round", "planned", "2025-06-02"), baseline=True)
    crier.hear("b/1", "2025-06-01", claim("talks_round", "planned", "2025-06-02"))
    assert crier.alerts == []

    crier.hear("c/1", "2025-06-02", claim("talks_round", "concluded", "2025-06-02"))
    assert crier.interrupts == ["advanced talks_round concluded"]


def test_a_copy_of_the_same_text_corroborates_nothing(crier, claim):
    text = tuple(range(100))
    crier.hear("a/1", "2025-06-02", claim("talks_round", "concluded", "2025-06-02"), sketch=text)
    crier.hear("b/1", "2025-06-02", claim("talks_round", "concluded", "2025-06-02"), sketch=text[:60])

    assert [a.reason for a in crier.alerts] == ["new"]
    assert crier.decisions[-1].silence.rule == "copy"


def test_talks_of_other_parties_are_another_event(crier, claim):
    crier.hear("a/1", "2025-06-02", claim("talks_round", "concluded", "2025-06-02"))
    heard = crier.hear(
        "b/1", "2025-06-02", claim("talks_round", "concluded", "2025-06-02", parties=("Ukraine", "United States"))
    )

    assert heard.traces[0].verdict == "opened"
    assert "parties-differ" in heard.traces[0].nearest[0].vetoes


STALEMATE = [
    ("talks_round", "concluded", {"date": "2025-06-02", "ordinal": 2, "place": "Istanbul"}),
    ("prisoner_exchange", "agreed", {}),
    ("remains_repatriation", "agreed", {"counts": {"Russia->Ukraine": 6000}}),
]
SECOND_ROUND = [
    ("talks_round", "concluded", {"date": "~2025-06-02", "ordinal": 2, "place": "Istanbul"}),
    ("talks_round", "concluded", {"date": "2025-05-16", "role": "background"}),
    ("prisoner_exchange", "concluded", {"role": "background", "marks": ["previous"], "counts": {"each": 1000}}),
    ("prisoner_exchange", "agreed", {"counts": {"each": 1000}}),
    ("remains_repatriation", "agreed", {}),
]


@pytest.mark.parametrize("order", list(itertools.permutations((STALEMATE, SECOND_ROUND))))
def test_two_reports_of_one_day_interrupt_three_times_in_either_order(crier, claim, order):
    for outlet, told in zip("ab", order, strict=True):
        claims = [
            claim(kind, status, slots.get("date"), at=i * 20, **{k: v for k, v in slots.items() if k != "date"})
            for i, (kind, status, slots) in enumerate(told)
        ]
        crier.hear(f"{outlet}/1", "2025-06-02", *claims)

    assert sorted(crier.interrupts) == [
        "new prisoner_exchange agreed",
        "new remains_repatriation agreed",
        "new talks_round concluded",
    ]


def test_outlets_that_differ_by_a_day_on_a_plan_contradict_each_other_and_do_not_move_it(crier, claim):
    crier.hear("a/1", "2025-06-03", claim("prisoner_exchange", "planned", "2025-06-09"))
    crier.hear("b/1", "2025-06-04", claim("prisoner_exchange", "planned", "2025-06-07/2025-06-08"))

    assert crier.interrupts == ["new prisoner_exchange planned"]


def test_the_outlet_that_told_the_plan_moves_it_by_a_day(crier, claim):
    crier.hear("a/1", "2025-06-03", claim("talks_round", "planned", "2025-06-09"))
    crier.hear("a/2", "2025-06-04", claim("talks_round", "planned", "2025-06-10"))

    assert crier.interrupts == ["new talks_round planned", "reversed talks_round postponed"]


def test_a_recall_of_a_deal_does_not_put_it_on_again_after_it_was_called_off(crier, claim):
    bodies = "remains_repatriation"
    crier.hear("a/1", "2025-06-02", claim(bodies, "agreed", counts={"each": 6000}))
    crier.hear("b/1", "2025-06-07", claim(bodies, "postponed"))
    crier.hear("c/1", "2025-06-09", claim(bodies, "planned", counts={"each": 6000}))
    assert crier.interrupts == [f"new {bodies} agreed", f"reversed {bodies} postponed"]

    crier.hear("d/1", "2025-06-09", claim(bodies, "planned", "2025-06-11"))
    assert crier.interrupts[-1] == f"advanced {bodies} planned"


def test_the_day_after_a_stage_belongs_to_it_without_saying_so(crier, claim):
    swap = "prisoner_exchange"
    crier.hear("a/1", "2025-05-24", claim(swap, "concluded", "2025-05-24", counts={"each": 307}, marks=["part"]))
    crier.hear("b/1", "2025-05-25", claim(swap, "concluded", "2025-05-25", counts={"each": 303}))

    assert crier.interrupts == [f"new {swap} concluded"]


def test_a_misread_ordinal_of_a_recall_demotes_no_news(crier, claim):
    crier.hear("a/1", "2025-05-30", claim("talks_round", "concluded", "2025-05-16", role="background", ordinal=4))
    crier.hear("b/1", "2025-06-02", claim("talks_round", "concluded", "~2025-06-02", ordinal=2))

    assert crier.interrupts == ["new talks_round concluded"]


def test_the_last_part_of_a_deal_is_a_child_when_others_were(crier, claim):
    bodies = "remains_repatriation"
    crier.hear("a/1", "2025-06-02", claim(bodies, "agreed", counts={"each": 6000}))
    crier.hear("b/1", "2025-06-11", claim(bodies, "concluded", "2025-06-11", counts={"Russia->Ukraine": 1212}))
    crier.hear(
        "c/1",
        "2025-06-16",
        claim(bodies, "concluded", "2025-06-16", counts={"Russia->Ukraine": 1245}, marks=["deal", "final", "part"]),
    )

    assert crier.interrupts == [f"new {bodies} agreed", f"new {bodies} concluded", f"new {bodies} concluded"]


@pytest.mark.parametrize("date", [None, "~2025-06-12"])
def test_a_late_undated_report_with_the_ordinal_of_a_past_round_is_background_to_it(crier, claim, date):
    crier.hear("a/1", "2025-06-02", claim("talks_round", "concluded", "2025-06-02", ordinal=2))
    heard = crier.hear("b/1", "2025-06-12", claim("talks_round", "concluded", date, ordinal=2))

    assert (heard.traces[0].verdict, heard.traces[0].event_id) == ("background", crier.only_event.id)
    assert "window-passed" in heard.traces[0].rules


def test_an_undated_report_of_talks_after_the_window_joins_as_background_only(crier, claim):
    crier.hear("a/1", "2025-06-02", claim("talks_round", "concluded", "2025-06-02"))
    heard = crier.hear("b/1", "2025-06-12", claim("talks_round", "concluded"))

    assert heard.traces[0].verdict == "background"
    assert crier.interrupts == ["new talks_round concluded"]
