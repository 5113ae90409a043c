"""Small facts, and when watches began."""

from datetime import UTC, datetime, timedelta

from monitor.store import Store, meta

NOW = datetime(2026, 2, 5, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_watch_begins_once(store: Store) -> None:
    with store.write() as tx:
        assert meta.watch_began(tx, "w") is None
        assert meta.begin_watch(tx, "w", NOW) == NOW
        assert meta.begin_watch(tx, "w", NOW + timedelta(days=1)) == NOW
        assert meta.watch_began(tx, "v") is None
    with store.read() as tx:
        assert meta.watch_began(tx, "w") == NOW


def test_a_value_is_put_replaced_and_removed(store: Store) -> None:
    with store.write() as tx:
        meta.put(tx, "config", "a")
        meta.put(tx, "config", "b")
        assert meta.get(tx, "config") == "b"
        meta.remove(tx, "config")
        assert meta.get(tx, "config") is None
