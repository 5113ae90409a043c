"""The configuration read again while the service runs: all of it put in force, or none.

Everything is read, judged and built off to the side first (`monitor.app.given`); the service works meanwhile by what it
has. Whatever is wrong is told, fault by fault, in the log and in the store, and what was in force stays so.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError

from monitor.app.assembly import Service
from monitor.app.feedbook import stamp_of
from monitor.app.given import prepare
from monitor.checks import check
from monitor.differences import differences
from monitor.documents import read
from monitor.environment import overlay
from monitor.faults import Fault, Faults, fault, relative
from monitor.records import MonitorError
from monitor.settings import FILE, Settings
from monitor.settingsfile import SettingsModel
from monitor.store import reloads, rereads
from monitor.store.errors import StoreError
from monitor.store.reloads import Reloaded

__all__ = ["Reloaded", "Reloads"]


class Reloads:
    """Reloads, when `bell` has rung; rings during a reload are one further reload (`monitor.loops.forever`).

    `follow` is called with the settings that were put in force, for what hangs on them elsewhere. `reloading` is called
    before and `ready` after each reload, whatever came of it (RELOADING=1 and READY=1 of sd_notify(3)), unless the
    service ends meanwhile.
    """

    def __init__(
        self,
        service: Service,
        follow: Callable[[Settings], None],
        *,
        bell: asyncio.Event,
        env: Mapping[str, str] = os.environ,
        reloading: Callable[[], None] = lambda: None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._service, self._follow, self._env = service, follow, env
        self._reloading, self._ready = reloading, ready
        self.bell = bell

    async def start(self) -> None:
        """Tell that what was read at the start is in force.

        That was before anybody could ask: it answers no reload, which comes right after the start.
        """
        await self._tell(self._service.reloaded)

    async def turn(self) -> None:
        """One reload. Raises nothing for what the configuration, the network or the store does."""
        self._reloading()
        # Cancelled, it is the service that ends: it has said so, and is not ready any more.
        outcome = self._service.reloaded = replace(await self._reloaded(), pid=os.getpid())
        self._ready()
        # Behind it: a store that takes nothing for a while holds up no reload.
        await self._tell(outcome)

    async def _reloaded(self) -> Reloaded:
        service, begun = self._service, self._service.clocks.steady()
        service.log.info("reloading")
        try:
            came_to = await self._taken_up()
        except MonitorError as error:
            came_to = Faults((Fault("", 0, "", str(error)),))
        except Exception as error:
            service.log.exception("reload failed", error=type(error).__name__)
            # Only the type is told: the message of what nobody foresaw may hold anything, also a secret.
            came_to = Faults((Fault("", 0, "", f"{type(error).__name__}: this is a bug, and its trace is in the log"),))
        now = service.clocks.now()
        if not isinstance(came_to, Faults):
            service.log.info("reloaded", changed=list(came_to) or "nothing")
            return Reloaded(now, True, changed=came_to, begun=begun)
        for each in came_to:
            place = f"{each.file}:{each.line}" if each.line else each.file
            service.log.error("not reloaded", file=place or None, fault=_said(replace(each, file="", line=0)))
        service.log.error("reload refused", faults=len(came_to), because="what was in force before stays in force")
        return Reloaded(now, False, faults=tuple(map(_said, came_to)), begun=begun)

    async def _taken_up(self) -> tuple[str, ...] | Faults:
        """What changed, now in force; or the faults."""
        service, before = self._service, self._service.given
        home = before.settings.home
        stamp, wish = stamp_of(home), await service.store.query(rereads.course)
        found = await asyncio.to_thread(check, home, self._env)
        if isinstance(found, Faults):
            return found
        if fixed := await asyncio.to_thread(_fixed, before.settings, found.settings, self._env):
            return fixed
        given = await prepare(
            found.settings,
            found.watches,
            found.feeds,
            service.lasting,
            before,
            stamp,
            None if wish is None else wish.asked,
        )
        books = before.book.first, given.book.first
        changed = differences(before.settings, given.settings, (before.watches, given.watches), books)
        renewed = sorted(
            str(path.relative_to(home) if path.is_relative_to(home) else path)
            for path in given.files.keys() & before.files.keys()
            if given.files[path] != before.files[path]
        )
        # From here to the end nothing waits: no loop sees one half of it without the other.
        service.use(given)
        self._follow(given.settings)
        return (*changed, *(f"what is in {path}" for path in renewed))

    async def _tell(self, outcome: Reloaded) -> None:
        service = self._service
        service.reloaded = replace(outcome, pid=os.getpid())
        try:
            await service.store.run(lambda tx: reloads.put(tx, service.reloaded))
        except (StoreError, SQLAlchemyError) as error:
            # The loops find out for themselves whether the store is lost; a reload that is in force stays so.
            service.log.error("reload not written down", error=str(error))


def _said(each: Fault) -> str:
    return str(each).removeprefix(": ")


def _fixed(before: Settings, after: Settings, env: Mapping[str, str]) -> Faults | None:
    """What cannot be changed while the service runs, and was."""
    document, _ = overlay(read(after.home / FILE), env, SettingsModel)
    faults = []
    for moved, where in (
        (before.store_url != after.store_url, ("store", "url")),
        (before.listen != after.listen, ("http", "listen")),
    ):
        if moved:
            advice = "restart the service, or put back what was there"
            faults.append(fault(document, where, "to change this takes a restart", advice))
    return relative(Faults(tuple(faults)), after.home) if faults else None
