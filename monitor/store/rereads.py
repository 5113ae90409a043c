"""How far the stored articles have been read again (`monitor.reread`)."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.store import meta
from monitor.store.codec import decode, encode


@dataclass(frozen=True, slots=True)
class Course:
    """How far a reading again has come. `asked` (aware UTC) tells one from the next, `since` is how far it goes back.

    `by` tells by which watches it is read: when they change it begins anew, with what was taken in `until` then.
    `after`: publication (or taking in) and row of the article that was read last. `changed` are events that tell other
    things than before, `opened` those that came to light.
    """

    asked: datetime
    since: datetime
    after: tuple[datetime, int] | None = None
    read: int = 0
    changed: int = 0
    opened: int = 0
    failed: int = 0
    ended: datetime | None = None
    until: datetime | None = None
    by: str = ""


def ask(tx: Connection, back: timedelta, now: datetime) -> Course:
    """Have what was taken in within so long before `now` be read again, in place of an earlier wish."""
    course = Course(now, now - back)
    keep(tx, course)
    return course


def withdraw(tx: Connection, wish: Course, before: Course | None) -> None:
    """Nothing more is read again for this wish, if it is still the last one; the one `before` it goes on."""
    now = course(tx)
    if now is None or now.asked != wish.asked:
        return
    if before is None:
        meta.remove(tx, meta.REREAD)
    else:
        keep(tx, before)


def course(tx: Connection) -> Course | None:
    """The reading again that was asked for last, if any."""
    value = meta.get(tx, meta.REREAD)
    if value is None:
        return None
    return decode(Course, json.loads(value))


def keep(tx: Connection, course: Course) -> None:
    """Remember how far it has come."""
    meta.put(tx, meta.REREAD, json.dumps(encode(course)))
