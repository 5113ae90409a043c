"""`parley deliveries` and `parley alerts`: what became of every message, and what a person puts right."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result

from alerts.records import Alert, Next, Outcome, Source
from alerts.rules import Mailing
from monitor import settings
from monitor.app import utcnow
from monitor.mailing import post
from monitor.settings import Settings
from monitor.store import Store, deliveries, open_store, queue

Parley = Callable[..., Result]
SETTINGS = """\
watches: [small]
channels: {console: {kind: console}, other: {kind: console}}
recipients: {me: {channel: console}, you: {channel: other}}
"""


@pytest.fixture
def mailing(home: Path) -> Mailing:
    (home / "config/parley.yaml").write_text(SETTINGS)
    loaded = settings.load(home, {})
    assert isinstance(loaded, Settings)
    return loaded.mailing


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{home / 'state/parley.db'}")
    yield opened
    opened.close()


def alert(event: str = "small.talks_round.1", reason: str = "new") -> Alert:
    now = utcnow()
    source = Source("https://north.example/a", "Talks held", "North", "north", now, now)
    made = f"{event}.{reason}.1"
    return Alert(
        made, reason, "small", "talks_round", "concluded", event, "Third round of talks concluded in Lisbon", None,
        "Lisbon", 3, None, {}, ("Arcadia", "Bohemia"), source, (), 1, 1, ("first-news-happened",), now,
    )  # fmt: skip


@pytest.fixture
def told(store: Store, mailing: Mailing) -> list[str]:
    """The ids of the deliveries to me and to you."""
    with store.write() as tx:
        post(tx, alert(), mailing, utcnow(), earlier=False)
        return [each.id for each in deliveries.all_deliveries(tx)]


def attempt(store: Store, delivery_id: str, outcome: Outcome, then: Next) -> None:
    now = utcnow()
    with store.write() as tx:
        n = deliveries.begin(tx, delivery_id, now)
        assert n is not None
        deliveries.finish(tx, delivery_id, n, outcome, then, now + timedelta(seconds=1))


def test_every_delivery_is_listed_with_its_state_and_the_reason_for_it(
    parley: Parley, store: Store, told: list[str]
) -> None:
    attempt(store, told[0], Outcome("transient", "451", "greylisted"), Next("retry", utcnow(), "back-off"))
    result = parley("deliveries")
    assert result.exit_code == 0
    assert f"{told[1]}  pending" in result.stdout
    assert f"{told[0]}  retry: back-off (tried in vain, and again a little later each time), next " in result.stdout
    assert "to you (other, you)\n    new  Third round of talks concluded in Lisbon" in result.stdout
    lines = [
        json.loads(line) for line in parley("deliveries", "list", "--json", "--state", "retry").stdout.splitlines()
    ]
    assert [(line["id"], line["recipient"], line["last_error"]) for line in lines] == [
        (told[0], "me", "transient 451 greylisted")
    ]
    assert parley("deliveries", "list", "--recipient", "you", "--channel", "other").stdout.count("pending") == 1
    assert parley("deliveries", "--state", "retry").stdout == parley("deliveries", "list", "--state", "retry").stdout
    nothing = parley("deliveries", "list", "--channel", "mail")
    assert (nothing.exit_code, nothing.stdout, nothing.stderr) == (0, "", "no such deliveries\n")


def test_one_delivery_is_shown_with_every_attempt_and_with_its_message(
    parley: Parley, store: Store, told: list[str]
) -> None:
    attempt(store, told[0], Outcome("transient", "451", "greylisted"), Next("retry", utcnow(), "back-off"))
    attempt(store, told[0], Outcome("sent", "250", reference="Q77"), Next("sent", rule="sent"))
    shown = parley("deliveries", "show", told[0]).stdout
    assert "the far end calls it Q77" in shown
    assert "1.0 s  transient 451 greylisted" in shown
    assert "  2. " in shown
    value = json.loads(parley("deliveries", "show", told[0], "--json").stdout)
    assert [(each["n"], each["outcome"]) for each in value["tries"]] == [(1, "transient"), (2, "sent")]
    assert "Third round of talks" in parley("deliveries", "show", told[0], "--message").stdout
    unknown = parley("deliveries", "show", "nobody")
    assert unknown.exit_code == 1
    assert "the store has no delivery nobody; `parley deliveries` lists them" in unknown.stderr


def test_what_was_given_up_goes_again_by_hand_and_what_was_sent_does_not(
    parley: Parley, store: Store, told: list[str]
) -> None:
    attempt(store, told[0], Outcome("bad_target", "550", "no such mailbox"), Next("dead", rule="bad-target"))
    attempt(store, told[1], Outcome("sent", "ok"), Next("sent", rule="sent"))
    result = parley("deliveries", "retry", *told)
    assert result.exit_code == 1
    assert f"{told[0]} will be tried now" in result.stderr
    assert f"{told[1]} stays as it is: sent" in result.stderr
    with store.read() as tx:
        (again,) = queue.due(tx, utcnow(), 10)
        assert (again.id, again.revived is not None) == (told[0], True)


def test_what_is_dropped_goes_to_nobody_and_stays_in_the_list(parley: Parley, store: Store, told: list[str]) -> None:
    assert parley("deliveries", "drop", told[0]).exit_code == 0
    with store.read() as tx:
        assert [each.id for each in queue.due(tx, utcnow(), 10)] == [told[1]]
    assert f"{told[0]}  suppressed: dropped (dropped by hand)" in parley("deliveries").stdout
    again = parley("deliveries", "drop", told[0], "nobody")
    assert again.exit_code == 1
    assert "stays as it is: suppressed" in again.stderr
    assert "no delivery nobody" in again.stderr


def test_an_alert_is_shown_with_what_became_of_it_with_everybody(parley: Parley, store: Store, told: list[str]) -> None:
    attempt(store, told[0], Outcome("sent", "ok"), Next("sent", rule="sent"))
    shown = parley("alerts", "show", alert().id).stdout
    assert "rules: first-news-happened" in shown
    assert f"{told[0]}  me (console)  sent " in shown
    assert f"{told[1]}  you (other)  pending" in shown
    assert json.loads(parley("alerts", "show", alert().id, "--json").stdout)["event_id"] == alert().event_id
    assert "has no alert nobody" in parley("alerts", "show", "nobody").stderr


def test_an_alert_is_sent_again_as_new_deliveries(parley: Parley, store: Store, told: list[str]) -> None:
    for each in told:
        attempt(store, each, Outcome("sent", "ok"), Next("sent", rule="sent"))
    once = parley("alerts", "resend", alert().id, "--to", "you")
    assert once.exit_code == 0
    (made,) = once.stdout.split()
    with store.read() as tx:
        assert [(each.id, each.target.recipient) for each in queue.due(tx, utcnow(), 10)] == [(made, "you")]
    assert len(parley("alerts", "resend", alert().id).stdout.split()) == 2
    with store.read() as tx:
        assert len(deliveries.all_deliveries(tx, alert_id=alert().id)) == 5
    assert parley("alerts", "resend", "nobody").exit_code == 1
    assert "unknown recipient they; known: me, you" in parley("alerts", "resend", alert().id, "--to", "they").stderr


def test_the_id_of_a_delivery_is_the_same_for_the_same_decision(
    store: Store, mailing: Mailing, told: list[str]
) -> None:
    with store.write() as tx:
        assert post(tx, replace(alert(), title="told anew"), mailing, utcnow(), earlier=False) == 0
        assert [each.id for each in deliveries.all_deliveries(tx)] == told
