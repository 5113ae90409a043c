"""Is the service of this home ready? Asked of itself, or where it has no endpoint, told by its signs of life.

Called by a container every half minute: it imports the standard library, reads the lock file of the store for who holds
it and where that one answers, and never the settings, which may be under someone's hands while the service runs on.
"""

import http.client
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from monitor.holder import Holder, holder, lock_of

# Whatever asks has a timeout of its own: Docker's is 30 s unless it is told otherwise.
PATIENCE = timedelta(seconds=5)
# A sign of life is written twice a minute.
SIGNS = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name, whether all is well there, and what was seen."""

    name: str
    fine: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the service of a home is ready, by which findings; `pid` is that of the process that holds its store."""

    ready: bool
    findings: tuple[Finding, ...]
    pid: int | None = None

    def lines(self) -> Iterator[str]:
        """One line a check, and the verdict first."""
        yield "ready" if self.ready else "not ready"
        for each in self.findings:
            yield f"{'ok ' if each.fine else 'NOT'} {each.name}: {each.detail}"

    def as_json(self) -> str:
        checks = [{"name": each.name, "ok": each.fine, "detail": each.detail} for each in self.findings]
        return json.dumps({"ready": self.ready, "pid": self.pid, "checks": checks}, ensure_ascii=False)


def look(store: Path, now: Callable[[], datetime]) -> Verdict:
    """The verdict on the service whose store is the SQLite file `store`; `now` (aware UTC) is asked for only where it
    has no endpoint. Raises nothing."""
    found = holder(lock_of(store))
    if found is None:
        return nobody(str(store))
    return judged(found, _alive(store, now())) if found.listen is None else ask(found)


def nobody(where: str) -> Verdict:
    """The verdict where no service holds the store."""
    return Verdict(False, (Finding("service", False, f"none holds the store {where}: start it with parley run"),))


def ask(found: Holder) -> Verdict:
    """The verdict of the endpoint of `found`, if it is the one that answers there. Raises nothing."""
    assert found.listen is not None
    host, _, port = found.listen.rpartition(":")
    # Bound to every address, it answers on loopback.
    here = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104 - compared, not bound
    try:
        with closing(http.client.HTTPConnection(here, int(port), timeout=PATIENCE.total_seconds())) as connection:
            connection.request("GET", "/readyz", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            told = json.loads(answer.read(1_000_000))
        findings = tuple(
            Finding(
                str(each["name"]),
                bool(each["ok"]),
                str(each["detail"]) + (f", since {each['since']}" if each.get("since") else ""),
            )
            for each in told["checks"]
        )
        pid, ready = int(told["pid"]), bool(told["ready"]) and answer.status == 200
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        why = f"{found.listen} gives no answer that can be read: {type(error).__name__}: {error}"
        return judged(found, Finding("endpoint", False, why))
    if pid != found.pid:
        why = f"another Parley (pid {pid}) answers at {found.listen}, not the one that holds this home's store"
        return judged(found, Finding("endpoint", False, why))
    return Verdict(ready, (_runs(found), *findings), found.pid)


def judged(found: Holder, finding: Finding) -> Verdict:
    """The verdict by one finding on a service that runs."""
    return Verdict(finding.fine, (_runs(found), finding), found.pid)


def by_sign(alive: datetime | None, now: datetime) -> Finding:
    """What the last sign of life in the store says of a service that has no endpoint."""
    off = "its endpoint is off (http.listen), so the last sign of life in the store has to do"
    if alive is None:
        return Finding("sign of life", False, f"none yet; {off}")
    ago = max(round((now - alive).total_seconds()), 0)
    return Finding("sign of life", ago <= SIGNS.total_seconds(), f"{ago} s ago; {off}")


def _runs(found: Holder) -> Finding:
    return Finding("service", True, f"pid {found.pid} on {found.host}, since {found.started[:19]}Z")


def _alive(store: Path, now: datetime) -> Finding:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(store))}?mode=ro", uri=True, timeout=2)) as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = 'alive'").fetchone()
        return by_sign(datetime.fromisoformat(row[0]) if row else None, now)
    except (sqlite3.Error, ValueError) as error:
        return Finding("store", False, f"{store} cannot be read: {error}")
