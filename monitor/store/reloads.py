"""What the last reload of the configuration came to, where those who asked for it find it."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from monitor.store import meta
from monitor.store.codec import decode, encode


@dataclass(frozen=True, slots=True)
class Reloaded:
    """A reload, or the start, that ended at `at` (aware UTC). With `faults` nothing was changed.

    `changed` says what was, without values. `begun` is when it began to read, on the machine's steady clock, which
    other processes of the machine read as well: what was edited before that is in it; None for a start. `pid` is the
    service's process.
    """

    at: datetime
    ok: bool
    faults: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    begun: timedelta | None = None
    pid: int = 0


def put(tx: Connection, outcome: Reloaded) -> None:
    meta.put(tx, meta.RELOADED, json.dumps(encode(outcome), ensure_ascii=False))


def last(tx: Connection) -> Reloaded | None:
    """None before a service of this version has started on the store."""
    value = meta.get(tx, meta.RELOADED)
    return None if value is None else decode(Reloaded, json.loads(value))
