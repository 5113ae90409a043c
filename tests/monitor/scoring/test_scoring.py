"""Alerts and claims judged by labels: what is right, what is wrong and why, what is missed."""

import datetime as dt
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from alerts.records import Alert, Source, Span
from extractors.records import Article, Claim, Dating
from monitor.scoring.alerts import AlertScore, score_alerts
from monitor.scoring.claims import ClaimScore, score_claims
from monitor.scoring.comparing import compared
from monitor.scoring.fitting import Scope, points
from monitor.scoring.labels import days
from monitor.scoring.records import PRIMARY, RETURNS, Case, Gold, Read
from monitor.scoring.runs import read_run, run_lines

NOON = datetime(2025, 6, 2, 12, tzinfo=UTC)
SCOPE = Scope(PRIMARY)
ROUND = "ru-ua.talks.2025-06-02.istanbul"


def gold(
    status: str = "concluded",
    event: str | None = ROUND,
    *,
    kind: str = "talks_round",
    role: str = "news",
    date: str | None = "2025-06-02",
    ordinal: int | None = None,
    counts: Mapping[str, int] | None = None,
) -> Gold:
    return Gold(kind, status, role, days(date) if date else None, None, ordinal, counts or {}, event)


def claim(
    status: str = "concluded",
    *,
    kind: str = "talks_round",
    role: str = "news",
    date: str | None = "2025-06-02",
    ordinal: int | None = None,
    counts: Mapping[str, int] | None = None,
) -> Claim:
    day = None if date is None else Dating(dt.date.fromisoformat(date), dt.date.fromisoformat(date), "explicit")
    return Claim("ru-ua", kind, status, role, day, None, ordinal, counts or {}, ("Russia", "Ukraine"), (), ())


def alert(status: str = "concluded", reason: str = "new", *, date: str | None = "2025-06-02", **slots: object) -> Alert:
    day = None if date is None else Span(dt.date.fromisoformat(date), dt.date.fromisoformat(date), "explicit")
    source = Source("https://a.example/1", None, "a.example", "a", NOON, NOON)
    told = {"kind": "talks_round", "ordinal": None, "counts": {}, **slots}
    return Alert(
        id="1",
        reason=reason,
        watch="ru-ua",
        status=status,
        event_id="e",
        title="It is so",
        date=day,
        place=None,
        series=None,
        parties=("Russia", "Ukraine"),
        source=source,
        quotes=(),
        articles=1,
        families=1,
        rules=(),
        decided=NOON,
        **told,
    )


def case(
    labels: tuple[Gold, ...] | None, *, alerts: tuple[Alert, ...] = (), claims: tuple[Claim, ...] = (), number: int = 1
) -> Case:
    url = f"https://a.example/{number}"
    article = Article(url, "a.example", None, "It is so.", "en", NOON + timedelta(hours=number))
    return Case(article, labels, tuple(Read(each, "opened", "e", ()) for each in claims), (), alerts)


def findings(score: AlertScore | ClaimScore) -> list[str]:
    return [ruling.finding for ruling in score.rulings]


@pytest.mark.parametrize(
    ("told", "labels", "finding"),
    [
        (alert(), [gold()], "right"),
        (alert("underway"), [gold()], "right"),
        (alert(), [gold(role="background")], "background"),
        (alert("planned"), [gold("proposed")], "overstated"),
        (alert(), [], "spurious"),
        (alert(), [gold(kind="prisoner_exchange")], "spurious"),
        (alert(), [gold(event="in-pk.talks.2025-05-12")], "spurious"),
        (alert(), [gold(event="us-ru.talks.2025-06-02")], "neutral"),
        (alert("postponed"), [gold("planned")], "neutral"),
        (alert(), [gold(event=None)], "right"),
    ],
)
def test_an_alert_is_judged_by_what_its_article_holds(told: Alert, labels: list[Gold], finding: str) -> None:
    assert findings(score_alerts([case(tuple(labels), alerts=(told,))], SCOPE))[0] == finding


def test_the_second_alert_of_a_phase_is_a_duplicate_and_the_next_phase_is_not() -> None:
    cases = [
        case((gold("planned"),), alerts=(alert("planned"),), number=1),
        case((gold("agreed"),), alerts=(alert("agreed"),), number=2),
        case((gold(),), alerts=(alert(),), number=3),
    ]
    score = score_alerts(cases, SCOPE)
    assert findings(score) == ["right", "duplicate", "right"]
    assert score.figures["duplicates_per_event"] == 1
    assert (score.told, score.owed, score.phases_told, score.phases_owed) == (1, 1, 2, 2)


def test_updates_and_articles_without_labels_are_counted_and_not_judged() -> None:
    score = score_alerts(
        [case((gold(),), alerts=(alert(), alert(reason="confirmed"))), case(None, alerts=(alert(),))], SCOPE
    )
    assert (findings(score), score.updates, score.unjudged, score.articles) == (["right"], 1, 1, 1)


def test_an_event_that_is_not_told_is_missed_where_it_is_told_first() -> None:
    score = score_alerts(
        [case((gold(role="background"),)), case((gold(),), number=2), case((gold(),), number=3)], SCOPE
    )
    (missed,) = score.rulings
    assert (missed.finding, missed.case.article.url) == ("missed", "https://a.example/2")
    assert score.figures["recall"] == 0


def test_going_off_is_owed_only_of_an_event_that_was_owed() -> None:
    off = (gold("cancelled"),)
    assert score_alerts([case(off)], SCOPE).reversals_owed == 0
    score = score_alerts([case((gold("planned"),), alerts=(alert("planned"),)), case(off, number=2)], SCOPE)
    assert (score.reversals_owed, score.reversals_told) == (1, 0)
    assert score.figures["phase_recall"] == 1


def test_other_kinds_are_not_looked_at() -> None:
    score = score_alerts([case((gold(kind="summit"),), alerts=(alert(kind="summit"),))], SCOPE)
    assert (score.owed, score.rulings) == (0, ())
    assert not score_claims([case((gold(),), claims=(claim(),))], Scope(RETURNS)).rulings


def test_figures_of_nothing_are_nought_and_no_error() -> None:
    assert set(score_alerts([], SCOPE).figures.values()) == {0}
    assert score_claims([], SCOPE).total.f1 == 0


def test_a_claim_is_right_wrong_or_not_judged_and_what_none_takes_is_missed() -> None:
    right = case((gold(),), claims=(claim(),))
    wrong = case((gold(role="background"),), claims=(claim(),), number=2)
    neighbour = case((gold(event="us-ru.talks.1"),), claims=(claim(),), number=3)
    missed = case((gold(),), claims=(claim("planned", role="background"), claim("postponed")), number=4)
    score = score_claims([right, wrong, neighbour, missed, case(None, claims=(claim(),), number=5)], SCOPE)
    assert findings(score) == ["right", "wrong", "missed"]
    assert score.languages["en"] == score.total
    assert score.articles == 4


def test_the_claim_that_fits_best_chooses_first() -> None:
    second, third = gold(ordinal=2), gold(event="ru-ua.talks.3", ordinal=3, date="2025-07-23")
    unsure, sure = claim(date=None), claim(ordinal=2)
    score = score_claims([case((second, third), claims=(unsure, sure))], SCOPE)
    assert {id(ruling.said): ruling.gold for ruling in score.rulings} == {id(sure): second, id(unsure): third}
    assert score.slots == {"date": (1, 2), "ordinal": (1, 2), "counts": (0, 0)}
    assert [(slot, ruling.gold) for slot, ruling in score.slips] == [("date", third), ("ordinal", third)]


def test_a_slot_is_right_when_a_day_or_a_figure_is_shared() -> None:
    swap = gold(kind="prisoner_exchange", date="2025-05-23/2025-05-25", counts={"each": 1000, "total": 2000})
    said = claim(kind="prisoner_exchange", date="2025-05-24", counts={"total": 2000})
    assert score_claims([case((swap,), claims=(said,))], SCOPE).slots["counts"] == (1, 1)
    assert score_claims([case((swap,), claims=(said,))], SCOPE).slots["date"] == (1, 1)


def test_what_both_state_counts_and_what_one_leaves_open_does_not() -> None:
    second = gold(ordinal=2, role="background")
    assert points(claim(ordinal=2), second) == 6
    assert points(claim(date=None), second) == 2
    assert points(claim("planned", ordinal=3, date="2025-07-23"), second) == -5


def _run(*cases: Case) -> list[str]:
    return list(run_lines(cases, score_alerts(cases, SCOPE), score_claims(cases, SCOPE), SCOPE, ["ru-ua"]))


def test_two_runs_are_compared_article_by_article() -> None:
    quiet, lost = case((gold(),)), case((gold(event="ru-ua.talks.2"),), number=2, alerts=(alert(),))
    before = read_run(_run(quiet, lost))
    told = case((gold(),), alerts=(alert(),))
    wrong = case((gold("planned", "ru-ua.talks.2", role="background"),), number=2, claims=(claim(),))
    after = read_run(_run(told, wrong))
    assert [(each.how, each.url[-1], each.decision.about) for each in compared(before, after)] == [
        ("newly right", "1", "alert"),
        ("newly wrong", "2", "claim"),
        ("no longer right", "2", "alert"),
    ]
    assert not compared(before, before)


@pytest.mark.parametrize("line", ["{", "[]", "1", '{"run": {}}', '{"article": {}}', '{"reason": "new"}', ""])
def test_a_file_that_is_no_run_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 1: "):
        read_run([line])
