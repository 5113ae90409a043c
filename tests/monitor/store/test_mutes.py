"""Mutes that end, and who has taken note of what."""

from datetime import UTC, datetime, timedelta

from monitor.store import Store, mutes

NOW = datetime(2031, 5, 16, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_mute_is_in_force_until_its_end(store: Store) -> None:
    with store.write() as tx:
        made = mutes.mute(tx, "event", "w-1", NOW + HOUR, "read already", NOW)
        other = mutes.mute(tx, "watch", "w", NOW + 2 * HOUR, "holidays", NOW)
    with store.read() as tx:
        assert mutes.mutes(tx, NOW) == (made, other)
        assert mutes.mutes(tx, NOW + HOUR) == (other,)
        assert mutes.mutes(tx, NOW + 2 * HOUR) == ()
        assert mutes.mutes(tx, NOW + 2 * HOUR, over=True) == (made, other)
    assert (made.scope, made.value, made.since, made.comment) == ("event", "w-1", NOW, "read already")
    assert made.id != other.id


def test_a_mute_can_be_lifted_once(store: Store) -> None:
    with store.write() as tx:
        made = mutes.mute(tx, "topic", "summit", NOW + 2 * HOUR, "of no interest", NOW)
        lifted = mutes.unmute(tx, made.id, NOW + HOUR)
        assert lifted is not None
        assert (lifted.id, lifted.until, lifted.comment) == (made.id, NOW + HOUR, "of no interest")
        assert mutes.unmute(tx, made.id, NOW + HOUR) is None
        assert mutes.unmute(tx, 99, NOW) is None
        assert mutes.mutes(tx, NOW + HOUR) == ()


def test_an_acknowledgement_covers_what_was_decided_before_it(store: Store) -> None:
    with store.write() as tx:
        first = mutes.acknowledge(tx, "w-1", "anna", "on it", NOW)
        second = mutes.acknowledge(tx, "w-1", "bohdan", "", NOW + HOUR)
    with store.read() as tx:
        assert mutes.acknowledged(tx, "w-1", NOW - HOUR) == first
        assert mutes.acknowledged(tx, "w-1", NOW) == first
        assert mutes.acknowledged(tx, "w-1", NOW + timedelta(seconds=1)) == second
        assert mutes.acknowledged(tx, "w-1", NOW + 2 * HOUR) is None
        assert mutes.acknowledged(tx, "w-2", NOW - HOUR) is None
    assert (first.by, first.comment, first.at) == ("anna", "on it", NOW)
