"""Who gets an alert, as what, and why; and why somebody does not."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from alerts.records import Alert, Target
from alerts.routing import Routed, routed, severity_of
from alerts.rules import Digest, Escalation, Mailing, Recipient, Route, SeverityRule

HALF_HOUR = timedelta(minutes=30)
DAILY, WEEKLY = Digest(time(8)), Digest(time(8), 0)
NAMES = ("desk", "room", "boss")


def mailing(*routes: Route, severities: tuple[SeverityRule, ...] | None = None) -> Mailing:
    recipients = {name: Recipient(Target(name, "console", "console", name)) for name in NAMES}
    made = Mailing(routes, recipients)
    return made if severities is None else replace(made, severities=severities)


def by_name(alert: Alert, *routes: Route) -> dict[str, Routed]:
    return {each.recipient.target.recipient: each for each in routed(alert, mailing(*routes))}


def test_a_route_without_keys_leads_everything_and_says_so(alert: Alert) -> None:
    found = by_name(alert, Route(("desk",)))
    assert list(found) == list(NAMES)
    assert (found["desk"].hears, found["desk"].because) == (True, "route 1 (everything)")
    assert (found["room"].hears, found["room"].because) == (False, "no route names this recipient")


NARROWED = [
    (Route(("desk",), watches=frozenset({"other"})), "route 1: the watch russia-ukraine is not among other"),
    (
        Route(("desk",), kinds=frozenset({"summit", "memorandum"})),
        "route 1: the kind prisoner_exchange is not among memorandum, summit",
    ),
    (Route(("desk",), reasons=frozenset({"reversed"})), "route 1: the reason new is not among reversed"),
    (Route(("desk",), severities=frozenset({"urgent"})), "route 1: the severity normal is not among urgent"),
    (Route(("desk",), kinds=frozenset({"prisoner_exchange"}), reasons=frozenset({"reversed"})), "route 1: the reason"),
]


@pytest.mark.parametrize(("route", "because"), NARROWED)
def test_whoever_does_not_hear_is_told_which_key_kept_the_alert_out(alert: Alert, route: Route, because: str) -> None:
    desk = by_name(alert, route)["desk"]
    assert not desk.hears
    assert desk.because.startswith(because)


def test_every_route_that_names_somebody_in_vain_is_told(alert: Alert) -> None:
    routes = (
        Route(("desk",), kinds=frozenset({"summit"})),
        Route(("room",)),
        Route(("desk",), watches=frozenset({"w"})),
    )
    because = by_name(alert, *routes)["desk"].because
    assert because == (
        "route 1: the kind prisoner_exchange is not among summit; route 3: the watch russia-ukraine is not among w"
    )


def test_whoever_hears_is_told_by_which_route_and_what_it_narrows(alert: Alert) -> None:
    route = Route(("desk",), frozenset({alert.watch}), frozenset({alert.kind}), frozenset({"new", "advanced"}))
    because = by_name(alert, Route(("room",)), route)["desk"].because
    assert because == "route 2 (watches russia-ukraine; kinds prisoner_exchange; reasons advanced, new)"


def test_several_routes_tell_once_and_at_once_where_one_of_them_does(alert: Alert) -> None:
    found = by_name(alert, Route(("desk", "room"), digest=DAILY), Route(("desk",)), Route(("room",), digest=WEEKLY))
    assert (found["desk"].digest, found["desk"].because) == (None, "route 2 (everything)")
    assert (found["room"].digest, found["room"].because) == (DAILY, "route 1 (everything), as a digest")


def test_an_interruption_escalates_to_each_further_recipient_once(alert: Alert) -> None:
    steps = (Escalation(2 * HALF_HOUR, ("boss", "room")), Escalation(HALF_HOUR, ("boss",)))
    found = by_name(alert, Route(("desk",), escalate=steps))
    assert [(step.recipient.target.recipient, step.after) for step in found["desk"].steps] == [
        ("boss", HALF_HOUR),
        ("room", 2 * HALF_HOUR),
    ]
    assert not found["boss"].hears
    assert found["boss"].because == "only if nobody acknowledges it within 30 min (route 1)"


def test_nobody_is_escalated_to_who_hears_at_once(alert: Alert) -> None:
    route = Route(("desk",), escalate=(Escalation(HALF_HOUR, ("boss",)),))
    assert by_name(alert, route, Route(("boss",)))["desk"].steps == ()
    # what only comes with the digest does not wake anybody
    assert len(by_name(alert, route, Route(("boss",), digest=DAILY))["desk"].steps) == 1


@pytest.mark.parametrize("reason", ["corrected", "confirmed", "test", "notice"])
def test_updates_and_notices_do_not_escalate(alert: Alert, reason: str) -> None:
    route = Route(("desk",), escalate=(Escalation(HALF_HOUR, ("boss",)),))
    assert by_name(replace(alert, reason=reason), route)["desk"].steps == ()


@pytest.mark.parametrize(
    ("reason", "severity"),
    [
        ("reversed", "urgent"), ("new", "normal"), ("advanced", "normal"), ("corrected", "low"), ("confirmed", "low"),
        ("notice", "normal"), ("digest", "low"),
    ],
)  # fmt: skip
def test_the_usual_severity_is_that_of_the_reason(alert: Alert, reason: str, severity: str) -> None:
    assert severity_of(replace(alert, reason=reason), mailing()) == severity


def test_the_first_rule_that_fits_decides_the_severity(alert: Alert) -> None:
    rules = (
        SeverityRule("low", kinds=frozenset({"summit"})),
        SeverityRule("urgent", watches=frozenset({alert.watch}), reasons=frozenset({"new"})),
        SeverityRule("low"),
    )
    assert severity_of(alert, mailing(severities=rules)) == "urgent"
    assert severity_of(replace(alert, reason="confirmed"), mailing(severities=rules)) == "low"
    assert severity_of(alert, mailing(severities=())) == "normal"
    assert [each.severity for each in routed(alert, mailing(severities=rules))] == ["urgent"] * 3
