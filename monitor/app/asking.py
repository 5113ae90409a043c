"""The running service of a home asked to reload, and what came of it."""

import os
import signal
import socket
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy.engine import make_url

from monitor.app.clock import steady, utcnow
from monitor.documents import read
from monitor.faults import Faults
from monitor.holder import Holder, holder, lock_of
from monitor.records import MonitorError
from monitor.settings import FILE, store_of
from monitor.store import Store, open_store, reloads, rereads
from monitor.store.engine import named_as
from monitor.store.lock import running
from monitor.store.reloads import Reloaded

PATIENCE = timedelta(seconds=30)
_LOOK = 0.1


def ask_to_reload(home: Path, env: Mapping[str, str], reread: timedelta | None = None) -> Reloaded:
    """Send SIGHUP to the process that holds the home's store and wait for the outcome.

    With `reread`, articles taken in within so long are read again once the reload has been taken up.

    Where the store is, is read from settings that may have faults otherwise: it is the service that judges them. Raises
    MonitorError with what to do when no service runs, it runs elsewhere, may not be signalled or does not answer.
    """
    looked: list[str] = []
    for url in _stores(home, env):
        if not _held(url):
            looked.append(named_as(make_url(url.get_secret_value())))
            continue
        store = open_store(url.get_secret_value())
        try:
            if (who := running(store)) is not None:
                return _asked(store, who, reread)
            looked.append(store.where)
        finally:
            store.close()
    hint = ""
    if read(home / FILE).unread:
        hint = f"; {home / FILE} cannot be read, and names another store perhaps: `parley check` says why"
    raise MonitorError(f"no service is running on {' or '.join(looked)}: start it with `parley run`{hint}")


def _stores(home: Path, env: Mapping[str, str]) -> tuple[SecretStr, ...]:
    """The store of the settings; else the usual one: its address may be what was changed."""
    usual = SecretStr(f"sqlite:///{home.absolute() / 'state' / 'parley.db'}")
    named = store_of(home, env, usual=True)
    return (usual,) if isinstance(named, Faults) or named == usual else (named, usual)


def _held(url: SecretStr) -> bool:
    """False where nobody runs on it, as far as that is known without opening it: that makes files, of this user."""
    address = make_url(url.get_secret_value())
    if address.get_backend_name() != "sqlite":
        return True
    if address.database in (None, "", ":memory:"):
        return False
    lock = lock_of(Path(str(address.database)))
    try:
        lock.open().close()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise MonitorError(f"{lock} cannot be read: {error.strerror}; ask as the service's user or as root") from error
    return holder(lock) is not None


def _same(one: Holder | None, other: Holder) -> bool:
    return one is not None and (one.pid, one.host, one.began) == (other.pid, other.host, other.began)


def _asked(store: Store, who: Holder, reread: timedelta | None) -> Reloaded:
    here = socket.gethostname()
    if who.host != here:
        raise MonitorError(f"the service runs on {who.host}, as process {who.pid}, and this is {here}: reload it there")
    if not who.reloads:
        raise MonitorError(
            f"process {who.pid} holds {store.where} and takes no reload: it is `parley run --once`, which ends by "
            "itself, or an earlier version, which has to be restarted"
        )
    asked = steady()
    if reread is None:
        return _answered(store, who, asked)
    with store.write() as tx:
        before = rereads.course(tx)
        wish = rereads.ask(tx, reread, utcnow())
    taken = False
    try:
        outcome = _answered(store, who, asked)
        taken = outcome.ok
    finally:
        if not taken:
            with store.write() as tx:
                rereads.withdraw(tx, wish, before)
    return outcome


def _answered(store: Store, who: Holder, asked: timedelta) -> Reloaded:
    _signal(store, who)
    while steady() - asked < PATIENCE:
        time.sleep(_LOOK)
        with store.read() as tx:
            outcome = reloads.last(tx)
        # One that was under way had read its files before; the one that begins after it is the answer.
        if outcome is not None and outcome.pid == who.pid and outcome.begun is not None and outcome.begun >= asked:
            return outcome
        if not _same(running(store), who):
            raise MonitorError(f"the service, process {who.pid}, ended before it had reloaded: its log says why")
    raise MonitorError(
        f"the service, process {who.pid}, has not answered within {PATIENCE.total_seconds():.0f} s: "
        "its log and `parley status` say what became of it"
    )


def _signal(store: Store, who: Holder) -> None:
    """Through a handle on the process, so that no other one with its number can be meant (pidfd_open(2))."""
    try:
        handle = os.pidfd_open(who.pid)
        try:
            if _same(running(store), who):
                signal.pidfd_send_signal(handle, signal.SIGHUP)
                return
        finally:
            os.close(handle)
    except ProcessLookupError:
        pass
    except PermissionError as error:
        raise MonitorError(
            f"process {who.pid} runs as another user and may not be signalled: ask as that user or as root"
        ) from error
    raise MonitorError(f"the service, process {who.pid}, has just ended: start it with `parley run`")
