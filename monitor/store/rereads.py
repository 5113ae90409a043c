"""How far the stored articles have been read again (`monitor.reread`)."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from monitor.store import meta


@dataclass(frozen=True, slots=True)
class Course:
    """How far a reading again has come. `asked` (aware UTC) tells one from the next, `since` is how far it goes back.

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


def ask(tx: Connection, back: timedelta, now: datetime) -> Course:
    """Have what was taken in within so long before `now` be read again, in place of an earlier wish."""
    course = Course(now, now - back)
    keep(tx, course)
    return course


def withdraw(tx: Connection, wish: Course, earlier: Course | None = None) -> None:
    """Nothing is read again for this wish, if it is still the last one; the `earlier` one goes on where it stood."""
    if course(tx) != wish:
        return
    if earlier is None:
        meta.remove(tx, meta.REREAD)
    else:
        keep(tx, earlier)


def course(tx: Connection) -> Course | None:
    """The reading again that was asked for last, if any."""
    value = meta.get(tx, meta.REREAD)
    if value is None:
        return None
    kept = json.loads(value)
    moment = datetime.fromisoformat
    return Course(
        moment(kept["asked"]),
        moment(kept["since"]),
        (moment(kept["after"][0]), kept["after"][1]) if kept["after"] else None,
        kept["read"],
        kept["changed"],
        kept["opened"],
        kept["failed"],
        moment(kept["ended"]) if kept["ended"] else None,
    )


def keep(tx: Connection, course: Course) -> None:
    """Remember how far it has come."""
    meta.put(tx, meta.REREAD, json.dumps(asdict(course), default=datetime.isoformat))
