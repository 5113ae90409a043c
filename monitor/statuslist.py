"""What `parley status` and `parley journal` show: what is kept and how large it is; what may be missing."""

import contextlib
import json
import os
import platform
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from monitor.archive.recording import ArchiveFile, files
from monitor.holder import Holder
from monitor.settings import Settings, archive_of, store_file
from monitor.settingsfile import Keep
from monitor.store import Store, articles, feeds, journal, meta, reloads, rereads, trouble
from monitor.store.engine import named_as
from monitor.store.errors import StoreError
from monitor.store.journal import Line
from monitor.store.lock import running
from monitor.store.reloads import Reloaded
from monitor.store.rereads import Course
from monitor.store.totals import Totals, by_status, totals
from monitor.store.trouble import Tally
from monitor.trouble import OCCURRENCES, Row

# The journal of this long is counted in the status.
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a store knows. `health` counts the configured feeds by state; `alive` is the service's last sign of life,
    `cycle` the moment after which polling, reading and sending had each come round. `events` counts them by status.

    `troubles` are those that last; `queues` what is not settled, by channel; `reloaded` what the last reload came to;
    `reread` the last reading again, and how many articles it has still to go through.
    """

    totals: Totals
    health: Mapping[str, int]
    next_due: datetime | None
    journal: Mapping[str, int]
    alive: datetime | None
    cycle: datetime | None
    events: Mapping[str, int]
    troubles: tuple[Row, ...]
    queues: tuple[Tally, ...]
    reloaded: Reloaded | None = None
    reread: tuple[Course, int] | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """All that is kept, and for how long; `memory` is None where there is no store yet. `free` is bytes of the disk.

    `runs` is the run that holds the store now, if any; `listen` is what the settings say of its endpoint. `keep` is
    None where the settings have faults: they say nothing then.
    """

    version: str
    where: str
    runs: Holder | None
    listen: str | None
    memory: Remembered | None
    archive: tuple[ArchiveFile, ...]
    keep: Keep | None
    free: int | None


def is_there(home: Path, url: SecretStr) -> bool:
    """Whether the home has a store already; of one on a server that is found out by opening it."""
    if make_url(url.get_secret_value()).get_backend_name() != "sqlite":
        return True
    file = store_file(home, url.get_secret_value())
    return file is not None and file.is_file()


def status(
    home: Path, url: SecretStr, own: Settings | None, store: Store | None, version: str, now: datetime
) -> Status:
    """Read it all in one transaction; the service may be at work. `own` None: the settings have faults. Raises
    StoreError."""
    memory = runs = None
    if store is not None:
        runs = running(store)
        with store.read() as tx:
            memory = _remembered(tx, now)
    where = store.where if store is not None else named_as(make_url(url.get_secret_value()))
    folder = archive_of(home, url.get_secret_value())
    try:
        archive = files(folder)
    except OSError as error:
        raise StoreError(f"the archive {folder} cannot be read: {error.strerror}") from error
    listen, keep = (own.listen, own.keep) if own is not None else (None, None)
    return Status(version, where, runs, listen, memory, archive, keep, room(folder))


def status_lines(status: Status) -> Iterator[str]:
    """The status for a person, a line each."""
    memory, keep = status.memory, status.keep
    yield f"parley      {status.version} on Python {platform.python_version()} with SQLite {sqlite3.sqlite_version}"
    if memory is None:
        yield f"store       {status.where}: not there yet, parley run makes it"
    else:
        known = memory.totals
        yield f"store       {status.where}, {_size(known.bytes)}, schema {known.schema}"
        yield f"service     {_service(status)}; last sign of life {_minute(memory.alive)}"
        yield f"endpoint    {_endpoint(status)}"
        if (reload := memory.reloaded) is not None:
            yield f"settings    {'taken up' if reload.ok else 'refused, so the old ones hold,'} {_minute(reload.at)}"
            for fault in reload.faults:
                yield f"fault       {fault}"
        if memory.reread is not None:
            yield f"read again  {_reread(*memory.reread)}"
        yield f"last cycle  {_minute(memory.cycle)}"
        due = f"; next due {_minute(memory.next_due)}" if memory.next_due else ""
        yield f"feeds       {_tally(memory.health)}{due}"
        yield f"entries     {_tally(known.entries)}"
        oldest = f", the oldest taken in {_minute(known.oldest)}" if known.oldest else ""
        yield f"articles    {known.articles:,}{oldest}"
        yield f"events      {_tally(memory.events)}"
        yield f"alerts      {known.alerts:,}"
        yield f"deliveries  {_tally(known.deliveries)}"
        for queue in memory.queues:
            yield f"queue       {_queue(queue)}"
        for row in memory.troubles:
            yield f"trouble     {row.key} since {_minute(row.since)}{f': {row.detail}' if row.detail else ''}"
    first_last = f", {status.archive[0].day} to {status.archive[-1].day}" if status.archive else ""
    size = _size(sum(file.size for file in status.archive))
    yield f"archive     {len(status.archive):,} files, {size}{first_last}"
    if keep is not None:
        yield (
            f"kept for    articles {_span(keep.articles)}, entries {_span(keep.entries)}, "
            f"journal {_span(keep.journal)}, archive {_span(keep.archive)} or {_size(keep.archive_size)}; "
            "events, alerts and deliveries for good"
        )
    yield f"free disk   {_size(status.free) if status.free is not None else 'unknown'}"
    if memory is not None:
        yield f"journal     {_tally(memory.journal)} in the last {_span(LATELY)}"


def status_line(status: Status) -> str:
    """The same as one line of JSON; sizes are bytes, spans seconds, times UTC."""
    memory, archive, keep = status.memory, status.archive, status.keep
    versions = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    value: dict[str, object] = {"version": status.version, "versions": versions}
    value["store"] = {"where": status.where, "bytes": None}
    # `began` and `reloads` are for those who signal it.
    keys = ("pid", "host", "started", "version", "listen")
    value["service"] = {key: getattr(status.runs, key) for key in keys} if status.runs else None
    if memory is not None:
        known = memory.totals
        value |= {
            "store": {"where": status.where, "bytes": known.bytes, "schema": known.schema},
            "alive": _iso(memory.alive),
            "cycle": _iso(memory.cycle),
            "events_by_status": dict(memory.events),
            "reloaded": {
                "at": _iso(memory.reloaded.at),
                "ok": memory.reloaded.ok,
                "faults": list(memory.reloaded.faults),
                "changed": list(memory.reloaded.changed),
            }
            if memory.reloaded
            else None,
            "reread": _reread_value(*memory.reread) if memory.reread else None,
            "feeds": {"health": dict(memory.health), "next_due": _iso(memory.next_due)},
            "entries": dict(known.entries),
            "articles": {"count": known.articles, "oldest": _iso(known.oldest)},
            "events": known.events,
            "alerts": known.alerts,
            "deliveries": dict(known.deliveries),
            "queues": {
                each.channel: {
                    "waiting": each.waiting,
                    "oldest": _iso(each.oldest),
                    "held": dict(each.held),
                    "dead": each.dead,
                }
                for each in memory.queues
            },
            "troubles": [
                {"key": row.key, "since": _iso(row.since), "told": _iso(row.told), "detail": row.detail}
                for row in memory.troubles
            ],
            "journal": dict(memory.journal),
        }
    value["archive"] = {
        "files": len(archive),
        "bytes": sum(file.size for file in archive),
        "first": str(archive[0].day) if archive else None,
        "last": str(archive[-1].day) if archive else None,
    }
    spans = ("articles", "entries", "journal", "archive")
    value["keep"] = {
        **{name: int(getattr(keep, name).total_seconds()) for name in spans}, "archive_bytes": keep.archive_size,
    } if keep is not None else None  # fmt: skip
    value["free"] = status.free
    return json.dumps(value, ensure_ascii=False)


def journal_line(line: Line) -> str:
    """One line of the journal as `parley journal --json` prints it."""
    span = {"since": _iso(line.since), "until": _iso(line.until)}
    return json.dumps(
        {"at": _iso(line.at), "kind": line.kind, "feed": line.feed_url, **span, "detail": line.detail},
        ensure_ascii=False,
    )


def in_words(line: Line) -> str:
    """One line of the journal for a person."""
    said = {
        "gap": "a possible gap",
        "filled": "a gap filled from the sitemap",
        "downtime": "the service was down",
        "missed": "articles that the feed never showed",
    }[line.kind]
    between = f", {_minute(line.since)} to {_minute(line.until)}" if line.since and line.until else ""
    feed = f"  {line.feed_url}" if line.feed_url else ""
    return f"{_minute(line.at)}{feed}\n    {said}{between}: {line.detail}"


def _remembered(tx: Connection, now: datetime) -> Remembered:
    health = Counter(state.habits.health for state in feeds.all_states(tx))
    lately = Counter(line.kind for line in journal.lines(tx, since=now - LATELY))
    alive, cycle = meta.get(tx, meta.ALIVE), meta.get(tx, meta.CYCLE)
    return Remembered(
        totals(tx),
        dict(sorted(health.items())),
        feeds.next_due(tx),
        dict(sorted(lately.items())),
        datetime.fromisoformat(alive) if alive else None,
        datetime.fromisoformat(cycle) if cycle else None,
        by_status(tx),
        tuple(row for row in trouble.rows(tx).values() if row.over is None and row.kind not in OCCURRENCES),
        trouble.tallies(tx),
        reloads.last(tx),
        _how_far(tx),
    )


def _how_far(tx: Connection) -> tuple[Course, int] | None:
    now = rereads.course(tx)
    if now is None:
        return None
    until = now.until or now.asked
    return now, 0 if now.ended else articles.number_taken_in(tx, now.since, until, now.after)


def _reread(course: Course, left: int) -> str:
    stands = f"ended {_minute(course.ended)}" if course.ended else f"{left:,} articles to go"
    failed = f", {course.failed:,} could not be read" if course.failed else ""
    found = f"{course.opened:,} events came to light, {course.changed:,} changed"
    return f"what came in since {_minute(course.since)}: {stands}; {course.read:,} articles read{failed}, {found}"


def _reread_value(course: Course, left: int) -> dict[str, object]:
    moments = {name: _iso(getattr(course, name)) for name in ("asked", "since", "ended")}
    numbers = {"read": course.read, "failed": course.failed, "left": left}
    return {**moments, **numbers, "events_opened": course.opened, "events_changed": course.changed}


def _service(status: Status) -> str:
    runs = status.runs
    if runs is None:
        return "does not run"
    other = f", still version {runs.version}: start it anew" if runs.version not in ("", status.version) else ""
    return f"runs since {_minute(datetime.fromisoformat(runs.started))}, pid {runs.pid} on {runs.host}{other}"


def _endpoint(status: Status) -> str:
    if status.runs is not None and status.runs.listen is not None:
        return f"http://{status.runs.listen}: /healthz, /readyz, /metrics"
    if status.keep is None:
        return "unknown: the settings have faults"
    if status.listen is None:
        return "off (http.listen)"
    if status.runs is None:
        return f"{status.listen} when it runs"
    return f"none, though http.listen is {status.listen}: the log of the service says why"


def _queue(queue: Tally) -> str:
    oldest = f" since {_minute(queue.oldest)}" if queue.oldest else ""
    parts = [f"{queue.waiting:,} wait{oldest}"] if queue.waiting else []
    if queue.held:
        parts.append(
            f"{sum(queue.held.values()):,} held ({', '.join(f'{n:,} {rule}' for rule, n in queue.held.items())})"
        )
    if queue.dead:
        parts.append(f"{queue.dead:,} given up")
    return f"{queue.channel}: {', '.join(parts)}"


def _tally(counts: Mapping[str, int]) -> str:
    each = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    return f"{sum(counts.values()):,}: {each}" if len(counts) > 1 else each or "none"


def _size(number: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} B"


def _span(span: timedelta) -> str:
    return f"{span / timedelta(days=1):g} d"


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%MZ") if moment else "never"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def room(folder: Path) -> int | None:
    """Bytes that are free on the disk of `folder`, or of the nearest folder above it that there is."""
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            stat = os.statvfs(place)
            return stat.f_bavail * stat.f_frsize
    return None
