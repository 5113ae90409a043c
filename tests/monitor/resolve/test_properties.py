"""What holds for any claims: same input, same result; a repeat rings nothing; order within a day changes no count."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.records import PHASES
from monitor.resolve import resolve

DAY = date(2025, 6, 2)
KINDS = ("talks_round", "prisoner_exchange", "remains_repatriation")
STATUSES = ("proposed", "planned", "agreed", "underway", "concluded", "postponed", "cancelled", "denied")

slots = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "status": st.sampled_from(STATUSES),
        "days": st.one_of(st.none(), st.integers(-30, 10)),
        "weak": st.booleans(),
        "role": st.sampled_from(["news", "news", "background"]),
        "place": st.sampled_from([None, "Istanbul", "Geneva"]),
        "ordinal": st.sampled_from([None, None, 1, 2, 3]),
        "counts": st.sampled_from([{}, {"each": 100}, {"each": 1000}, {"Russia->Ukraine": 390}]),
        "marks": st.sets(st.sampled_from(["part", "deal", "another", "previous", "moved", "final"]), max_size=2),
    }
)
articles = st.lists(st.tuples(st.integers(0, 4), st.integers(-12, 0), st.lists(slots, max_size=4)), max_size=7)


def _claims(claim, published, told):
    made = []
    for at, told_slots in enumerate(told):
        fields = dict(told_slots)
        days, weak = fields.pop("days"), fields.pop("weak")
        day = None if days is None else (published + timedelta(days=days)).isoformat()
        made.append(claim(date=f"~{published}" if weak else day, at=at * 20, **fields))
    return made


def _hear_all(crier, claim, told):
    for number, (outlet, days, claims) in enumerate(told):
        published = DAY + timedelta(days=days)
        crier.hear(f"o{outlet}/{number}", published.isoformat(), *_claims(claim, published, claims))


@settings(max_examples=40)
@given(articles)
def test_the_same_articles_give_the_same_alerts_and_events(claim, another_crier, told):
    first, second = another_crier(), another_crier()
    _hear_all(first, claim, told)
    _hear_all(second, claim, told)

    assert first.alerts == second.alerts
    assert first.events == second.events


@settings(max_examples=40)
@given(articles)
def test_a_repeat_of_an_article_rings_nothing_and_moves_nothing_that_it_told(claim, another_crier, told):
    crier = another_crier()
    for number, (outlet, days, claims) in enumerate(told):
        published = DAY + timedelta(days=days)
        made = _claims(claim, published, claims)
        first = crier.hear(f"o{outlet}/{number}", published.isoformat(), *made)
        stood = _standing(crier)
        alerts = list(crier.alerts)
        again = crier.hear(f"o{outlet}/{number}", published.isoformat(), *made)

        assert crier.alerts == alerts
        assert _standing(crier) == stood
        for before, after in zip(first.traces, again.traces, strict=True):
            assert before.verdict == "kept" or after.rules == ("already-taken-in",)


def _standing(crier):
    """What the events told as news stand at; a recall that was of nothing known may find an event the second time."""
    return {
        i: (e.status, e.date, e.place, e.counts, e.ordinal, e.told)
        for i, e in crier.events.items()
        if any(s.claim.role == "news" for s in e.sayings)
    }


@settings(max_examples=40)
@given(articles, st.randoms(use_true_random=False))
def test_the_order_in_which_events_are_loaded_changes_nothing(claim, source, another_crier, told, random):
    crier = another_crier()
    _hear_all(crier, claim, told[:-1])
    known = list(crier.events.values())
    shuffled = known[:]
    random.shuffle(shuffled)
    claims = _claims(claim, DAY, told[-1][2]) if told else []
    about = source("late/1", DAY.isoformat())

    assert resolve(claims, about, known, crier.watch, about.seen) == resolve(
        claims, about, shuffled, crier.watch, about.seen
    )


@settings(max_examples=40)
@given(articles)
def test_nothing_interrupts_twice_in_one_phase_without_having_been_off(claim, another_crier, told):
    crier = another_crier()
    _hear_all(crier, claim, told)

    for event in crier.events.values():
        phases = [PHASES[status] for reason, status in event.told if reason in ("new", "advanced", "reversed")]
        assert all(a != b for a, b in pairwise(phases))
        assert "off" in phases or len(phases) <= 2


@settings(max_examples=40)
@given(articles)
def test_every_claim_is_traced_and_only_kept_ones_have_no_event(claim, source, another_crier, told):
    crier = another_crier()
    for number, (outlet, days, claims) in enumerate(told):
        published = DAY + timedelta(days=days)
        made = _claims(claim, published, claims)
        heard = crier.hear(f"o{outlet}/{number}", published.isoformat(), *made)
        assert [t.claim for t in heard.traces] == list(range(len(made)))
        assert all((t.event_id is None) == (t.verdict == "kept") for t in heard.traces)
        assert all(t.event_id in crier.events for t in heard.traces if t.event_id)


report = st.fixed_dictionaries(
    {
        "round": st.sampled_from([None, {}, {"date": "2025-06-02"}, {"date": "~2025-06-02", "ordinal": 2}]),
        "swap": st.sampled_from([None, {}, {"counts": {"each": 1000}}, {"marks": ["another"]}]),
        "bodies": st.sampled_from([None, {}, {"counts": {"Russia->Ukraine": 6000}}, {"counts": {"each": 6000}}]),
        "recalls": st.booleans(),
    }
)


def _report(claim, told):
    made = []
    if told["recalls"]:
        made.append(claim("talks_round", "concluded", "2025-05-16", role="background", ordinal=1, at=100))
        made.append(
            claim("prisoner_exchange", "concluded", "2025-05-23/2025-05-25", role="background", counts={"each": 1000})
        )
    if told["round"] is not None:
        made.append(claim("talks_round", "concluded", **{"date": "2025-06-02", **told["round"]}, at=20))
    if told["swap"] is not None:
        made.append(claim("prisoner_exchange", "agreed", at=40, **told["swap"]))
    if told["bodies"] is not None:
        made.append(claim("remains_repatriation", "agreed", at=60, **told["bodies"]))
    return made


@settings(max_examples=120)
@given(report, report)
def test_two_reports_of_one_day_interrupt_equally_often_in_either_order(claim, another_crier, a, b):
    one, other = another_crier(), another_crier()
    for crier, order in ((one, (("a", a), ("b", b))), (other, (("b", b), ("a", a)))):
        for outlet, told in order:
            crier.hear(f"{outlet}/1", "2025-06-02", *_report(claim, told))

    told_at_all = sum(a[topic] is not None or b[topic] is not None for topic in ("round", "swap", "bodies"))
    assert len(one.interrupts) == len(other.interrupts) == told_at_all
