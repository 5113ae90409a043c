"""`parley route test`, `parley mute`, `parley unmute`, `parley ack`: who would hear, who shall not, who has."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from monitor.app import utcnow
from monitor.store import Store, deliveries, mutes, open_store

pytestmark = pytest.mark.slow

Parley = Callable[..., Result]
Article = dict[str, Any]
SETTINGS = """\
watches: [small]
channels: {console: {kind: console}, other: {kind: console}}
recipients:
  me: {channel: console, fallback: spare}
  night: {channel: other, to: n, zone: Europe/Kyiv, quiet: [{from: "22:00", to: "07:00"}]}
  boss: {channel: other, to: b}
  weekly: {channel: other, to: w}
  spare: {channel: other, to: s}
  nobody: {channel: other, to: x}
routes:
  - {to: [me], escalate: [{after: 30m, to: [boss]}]}
  - {to: [night], kinds: [talks_round]}
  - {to: [weekly], digest: {at: "08:00", day: monday}}
  - {to: [nobody], reasons: [reversed]}
"""


@pytest.fixture(autouse=True)
def settings(home: Path) -> None:
    (home / "config/parley.yaml").write_text(SETTINGS)


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{home / 'state/parley.db'}")
    yield opened
    opened.close()


def planned(result: Result) -> dict[str, dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return {line["recipient"]: line for line in map(json.loads, result.stdout.splitlines())}


def test_everybody_is_told_whether_when_and_why_an_alert_would_come(parley: Parley) -> None:
    # a Thursday, after midnight in Kyiv
    found = planned(parley("route", "test", "--json", "--kind", "talks_round", "--at", "2031-05-15T22:30Z"))
    assert {name: (line["state"], line["rule"], line["at"]) for name, line in found.items()} == {
        "me": ("pending", "", "2031-05-15T22:30:00+00:00"),
        "night": ("held", "quiet", "2031-05-16T04:00:00+00:00"),
        "boss": ("held", "escalation", "2031-05-15T23:00:00+00:00"),
        "weekly": ("held", "digest", "2031-05-19T08:00:00+00:00"),
        "spare": ("held", "failover", "2031-05-15T23:00:00+00:00"),
        "nobody": (None, None, None),
    }
    assert found["nobody"]["because"] == "route 4: the reason new is not among reversed"
    said = parley("route", "test", "--kind", "talks_round", "--at", "2031-05-15T22:30Z").stdout
    assert "night (other, n): held until 2031-05-16 07:00 Europe/Kyiv: quiet (quiet hours of the recipient)" in said
    assert "me (console, me): at once\n    route 1 (everything); severity normal" in said
    assert "nobody (other, x): nothing" in said
    assert found["spare"]["because"] == "only if console has not taken the message to me within 30 min (its fallback)"
    assert found["boss"]["because"] == "only if nobody acknowledges it within 30 min (route 1)"


def test_an_urgent_reversal_rings_at_night(parley: Parley) -> None:
    found = planned(
        parley("route", "test", "--json", "--kind", "talks_round", "--reason", "reversed", "--at", "2031-05-15T22:30Z")
    )
    assert (found["night"]["state"], found["night"]["severity"]) == ("pending", "urgent")
    assert found["nobody"]["state"] == "pending"


def test_trying_routes_leaves_nothing_behind(parley: Parley, store: Store, home: Path) -> None:
    assert len(planned(parley("route", "test", "--json"))) == 6
    with store.read() as tx:
        assert deliveries.all_deliveries(tx) == ()


def test_trying_routes_makes_no_store(parley: Parley, home: Path) -> None:
    assert len(planned(parley("route", "test", "--json"))) == 6
    assert list((home / "state").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--watch", "gaza"), "unknown watch gaza; enabled: small"),
        (("--kind", "opera"), "unknown topic opera; known: prisoner_exchange, summit, talks_round"),
        (("--alert", "nobody"), "the store has no alert nobody"),
        (("--status", "dubious"), "'dubious' is not one of 'planned', 'agreed'"),
    ],
)
def test_what_there_is_not_is_named_with_what_there_is(parley: Parley, options: tuple[str, ...], fault: str) -> None:
    result = parley("route", "test", *options)
    assert result.exit_code in (1, 2)
    assert fault in result.stderr


def test_a_mute_names_its_end_and_its_reason_and_can_be_lifted(parley: Parley, store: Store) -> None:
    made = parley("mute", "--topic", "talks_round", "--for", "4h", "--comment", "one rumour a minute")
    assert made.exit_code == 0, made.output
    listed = parley("mute").stdout
    assert "topic talks_round  until " in listed
    assert "one rumour a minute" in listed
    found = planned(parley("route", "test", "--json", "--kind", "talks_round"))
    assert found["me"]["state"] == "suppressed"
    assert found["me"]["rule"].startswith("muted")
    assert planned(parley("route", "test", "--json", "--kind", "summit"))["me"]["state"] == "pending"
    (line,) = map(json.loads, parley("mute", "--json").stdout.splitlines())
    assert datetime.fromisoformat(line["until"]) - datetime.fromisoformat(line["since"]) == timedelta(hours=4)
    assert parley("unmute", line["id"]).exit_code == 0
    assert parley("mute").stderr == "nothing is muted\n"
    assert "over" in parley("mute", "--all").stdout
    assert planned(parley("route", "test", "--json", "--kind", "talks_round"))["me"]["state"] == "pending"
    again = parley("unmute", line["id"])
    assert again.exit_code == 1
    assert f"no mute {line['id']} is in force; `parley mute` lists them" in again.stderr


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--topic", "talks_round", "--comment", "x"), "a mute always ends"),
        (("--topic", "talks_round", "--for", "4h"), "say why by --comment TEXT"),
        (("--topic", "opera", "--for", "4h", "--comment", "x"), "unknown topic opera; known: prisoner_exchange"),
        (("--watch", "gaza", "--for", "4h", "--comment", "x"), "unknown watch gaza; known: small"),
        (("--event", "small.x.1", "--for", "4h", "--comment", "x"), "there is no event small.x.1"),
        (("--topic", "summit", "--watch", "small", "--for", "4h", "--comment", "x"), "name one of"),
        (("--for", "4h", "--comment", "x"), "name what to mute"),
        (("--watch", "small", "--for", "four", "--comment", "x"), "should be a time with its unit"),
        (("--watch", "small", "--until", "2020-01-01", "--comment", "x"), "is over already"),
    ],
)
def test_a_mute_that_says_too_little_or_what_is_not_there_is_refused(
    parley: Parley, store: Store, options: tuple[str, ...], fault: str
) -> None:
    result = parley("mute", *options)
    assert result.exit_code in (1, 2)
    assert fault in result.stderr
    with store.read() as tx:
        assert mutes.mutes(tx, utcnow(), over=True) == ()


def test_an_event_is_acknowledged_and_muted_by_its_own_id_and_by_that_of_its_alert(
    parley: Parley, store: Store, remember: Callable[..., None], news: Path, save_lines: Any, articles: Any
) -> None:
    remember(save_lines("plan.jsonl", [articles["plan"]]))
    (event,) = map(json.loads, parley("events", "--json").stdout.splitlines())
    (alert,) = map(json.loads, parley("alerts", "--json").stdout.splitlines())
    began = utcnow()
    assert parley("ack", event["event_id"], "--by", "anna", "--comment", "on it").exit_code == 0
    with store.read() as tx:
        ack = mutes.acknowledged(tx, event["event_id"], began)
        assert ack is not None
        assert (ack.by, ack.comment) == ("anna", "on it")
    later = utcnow()
    assert parley("ack", alert["id"]).exit_code == 0
    with store.read() as tx:
        assert mutes.acknowledged(tx, event["event_id"], later) is not None
    muted = parley("mute", "--event", alert["id"], "--for", "4h", "--comment", "read already", "--json")
    assert json.loads(muted.stdout)["value"] == event["event_id"]
    unknown = parley("ack", "nobody")
    assert unknown.exit_code == 1
    assert "there is no event nobody; `parley events` lists them" in unknown.stderr
