"""What a restored store cannot know to be sent is looked for before it is sent again."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from alerts.own import own_alert
from alerts.records import Delivery, Reason, Target
from monitor.store import Store, alerts, doubt, open_store
from monitor.store.outbox import StoreOutbox
from monitor.store.threads import StoreThread

MADE = datetime(2026, 2, 1, 12, tzinfo=UTC)
AT = MADE + timedelta(days=2)
HOUR = timedelta(hours=1)
TARGET = Target("room", "slack", "slack", "C1")


def put(store: Store, name: str, created: datetime, published: datetime | None, reason: Reason = "new") -> None:
    told = own_alert(id=f"al-{name}", reason=reason, kind="k", status="", event_id=name, title="T", now=created)
    told = replace(told, source=replace(told.source, published=published))
    one = Delivery(name, told.id, name, replace(TARGET, recipient=name, address=name), b"x", created, next_at=created)
    with store.write() as tx:
        alerts.add(tx, told, [one])


def nothing_held(tx: Connection, now: datetime) -> int:
    return 0


def restored(store: Store) -> None:
    assert store.path is not None
    doubt.mark(store.path, made=MADE, now=AT)


async def due(store: Store, now: datetime) -> Sequence[Delivery]:
    thread = StoreThread(store)
    try:
        return await StoreOutbox(thread, nothing_held).due(now, 100)
    finally:
        thread.close()


CASES = [
    # what the delivery is, made when, of news of when, alerted why, doubted
    ("waited in the backup", MADE - HOUR, MADE - HOUR, "new", True),
    ("told again after the restore", AT + HOUR, MADE + HOUR, "new", True),
    ("of news without a date", AT + HOUR, None, "new", True),
    ("of news from after the restore", AT + 2 * HOUR, AT + HOUR, "new", False),
    ("a digest, which may hold old news", AT + HOUR, AT + HOUR, "digest", True),
    ("of old news, long after", AT + doubt.SPAN + HOUR, MADE, "new", False),
]


@pytest.mark.parametrize(("name", "created", "published", "reason", "doubted"), CASES, ids=[case[0] for case in CASES])
async def test_a_delivery_is_doubted_that_may_have_gone_between_backup_and_restore(
    file_url: str, opened: Callable[[str], Store], name: str, created: datetime, published: datetime | None,
    reason: Reason, doubted: bool,
) -> None:  # fmt: skip
    store = opened(file_url)
    restored(store)
    put(store, "one", created, published, reason)
    (found,) = await due(store, created + HOUR)
    if doubted:
        assert (found.state, found.attempts, found.created) == ("ambiguous", 1, min(created, MADE))
        assert found.revived == created, "giving up counts from when it was made"
    else:
        assert (found.state, found.attempts, found.created) == ("pending", 0, created)


async def test_a_store_that_was_never_restored_doubts_nothing(file_url: str, opened: Callable[[str], Store]) -> None:
    store = opened(file_url)
    put(store, "one", MADE, MADE)
    (found,) = await due(store, AT)
    assert (found.state, found.attempts) == ("pending", 0)


async def test_what_a_channel_is_tried_with_is_doubted_too(file_url: str, opened: Callable[[str], Store]) -> None:
    store = opened(file_url)
    restored(store)
    put(store, "one", MADE, MADE)
    thread = StoreThread(store)
    outbox = StoreOutbox(thread, nothing_held)
    found = await outbox.oldest("slack", AT)
    assert found is not None
    assert found.state == "ambiguous"
    assert await outbox.oldest("mail", AT) is None
    thread.close()


def test_a_backup_of_a_restored_store_doubts_since_the_first(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'parley.db'}").close()
    for made, now, said in (
        (MADE, AT, MADE),
        (AT + HOUR, AT + 2 * HOUR, MADE),
        (AT + 2 * doubt.SPAN, AT + 3 * doubt.SPAN, AT + 2 * doubt.SPAN),
    ):
        doubt.mark(tmp_path / "parley.db", made=made, now=now)
        store = open_store(f"sqlite:///{tmp_path / 'parley.db'}")
        with store.read() as tx:
            assert doubt.restored(tx) == doubt.Restored(said, now)
        store.close()
    with closing(sqlite3.connect(tmp_path / "parley.db")) as bare:
        assert bare.execute("SELECT count(*) FROM meta WHERE key = 'restored'").fetchone() == (1,)
