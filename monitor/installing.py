"""Parley installed as a systemd service: a home looked over for whether its service could run, and its unit.

The layout is that of the system: what the operator writes stays root's, what the service writes is in /var/lib. The
store's address stands in config/parley.yaml and not in the unit: `parley status` in a shell has to find the same one.
"""

import os
import pwd
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from monitor import checks, documents, settings
from monitor.faults import Fault, Faults
from monitor.records import MonitorError
from monitor.settings import Settings
from monitor.unitfile import STATE, Install, unit

USUAL = Path(STATE) / "parley"
_PASSING = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - named, not used
_OWN = re.compile(r"(?m)^(\s*url:\s*)([\"']?)sqlite:///state/parley\.db\2(?=\s*(#.*)?$)")


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the service runs as. `name` None: a user of systemd's own making, whom only modes for others let in."""

    name: str | None
    uid: int = -1
    groups: frozenset[int] = frozenset()

    def may(self, path: Path, bit: int) -> bool:
        """Whether the modes of one place let it read (4), write (2) or enter (1)."""
        try:
            about = path.stat()
        except OSError:
            return False  # what we cannot see, or what is not there
        shift = 6 if about.st_uid == self.uid else 3 if about.st_gid in self.groups else 0
        return bool(about.st_mode >> shift & bit)


@dataclass(frozen=True, slots=True)
class Plan:
    """The `unit` to be written. `settings` is the text of config/parley.yaml with the store in /var/lib, None when it
    lies where it should already; `notes` are for a person."""

    unit: str
    settings: str | None
    notes: tuple[str, ...]


def account(name: str | None) -> Account:
    """The account of that name. Raises MonitorError when there is none."""
    if name is None:
        return Account(None)
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise MonitorError(f"there is no user {name}: `useradd --system {name}` makes one") from None
    return Account(name, found.pw_uid, frozenset(os.getgrouplist(name, found.pw_gid)))


def plan(home: Path, program: tuple[str, ...], who: Account, env: Mapping[str, str], manager: int) -> Plan | Faults:
    """What is to be written for a home, or everything that would keep its service from running.

    The configuration is looked at as the service will see it: without the variables of this shell.
    """
    home = home.resolve()
    found = checks.check(home, {})
    if isinstance(found, Faults):
        return found
    own = found.settings
    faults: list[Fault] = []
    state, text = _state(own, who, faults)
    parts = [Path(program[0]), Path(sys.executable), Path(__file__)]
    needed = [*parts, *_files(home), *_authorities(own)]
    faults += _unreadable(who, needed)
    faults += _passing([home, *([state] if state else []), *parts])
    if faults:
        return Faults(tuple(faults))
    ours = Install(
        program=program,
        home=home,
        state=state,
        user=who.name,
        credentials={name: path.resolve() for name, path in own.secret_files.items()},
        reads=tuple({path.resolve() for path in needed} | {path.absolute() for path in needed}),
        workers=own.workers.count * own.workers.memory,
        grace=own.grace,
        manager=manager,
    )
    try:
        written = unit(ours)
    except ValueError as error:
        return Faults((Fault(str(home), 0, "", str(error), "move it to a plainer path"),))
    here = sorted(name for name in env if name.startswith("PARLEY_") and name != "PARLEY_HOME")
    notes = [f"{name} is set in this shell and not in the service: put it into config/parley.yaml" for name in here]
    return Plan(written, text, tuple(notes))


def _state(own: Settings, who: Account, faults: list[Fault]) -> tuple[Path | None, str | None]:
    """The folder of store and archive, and the text of the settings when that is to be put into /var/lib."""
    address = make_url(own.store_url.get_secret_value())
    if address.get_backend_name() != "sqlite":
        place = own.archive if own.keep.archive else None
        if place is not None and not _writable(place, who):
            advice = f"set keep.archive to 0s, or give --user with a user who may write {place.parent}"
            faults.append(_fault(f"the archive {place} cannot be written by the service", advice))
        return place, None
    if address.database in (None, "", ":memory:"):
        faults.append(_fault("the store is in memory alone", "give store.url a file, such as in /var/lib/parley"))
        return None, None
    store = Path(str(address.database))
    folder = store.parent
    if folder.is_relative_to(Path(STATE)) and folder != Path(STATE):
        return folder, None
    if who.name is not None:
        if not _writable(folder, who):
            advice = f"`install -d -m 700 -o {who.name} {folder}` gives it to them"
            faults.append(_fault(f"{folder}, where the store is, cannot be written by {who.name}", advice))
        return folder, None
    aim = f"store.url: sqlite:///{USUAL / store.name}"
    if store.exists():
        advice = (
            f"stop what runs, `mkdir -m 700 {USUAL}`, `mv {folder}/* {USUAL}/`, and put `{aim}` into {settings.FILE}; "
            "or give --user with the user it belongs to"
        )
        faults.append(_fault(f"the store {store} is outside of /var/lib, where the service may not write", advice))
        return folder, None
    text = _moved(own.home)
    if text is None:
        advice = f"put `{aim}` into {settings.FILE}, or give --user with a user who may write there"
        faults.append(_fault(f"the store {store} is outside of /var/lib, where the service may not write", advice))
    return USUAL, text


def _moved(home: Path) -> str | None:
    """The settings with the store in /var/lib, the other lines as they are; None where it stands in another way."""
    file = home / settings.FILE
    text = file.read_text(encoding="utf-8")
    data = documents.read(file).data
    aim = f"sqlite:///{USUAL / 'parley.db'}"
    if "store" not in data:
        return f"{text.rstrip()}\n\nstore:\n  url: {aim}\n"
    if len(_OWN.findall(text)) != 1:
        return None
    return _OWN.sub(rf"\g<1>{aim}", text)


def _files(home: Path) -> Iterator[Path]:
    """What the service reads of a home. Files of secrets are none of it: systemd reads them."""
    for folder, pattern in (("config", "*.yaml"), ("seeds", "*")):
        yield home / folder
        yield from sorted((home / folder).rglob(pattern))


def _authorities(own: Settings) -> Iterator[Path]:
    if own.ca_file is not None:
        yield own.ca_file
    for channel in own.channels.values():
        if (file := getattr(channel, "ca_file", None)) is not None:
            yield file


def _unreadable(who: Account, paths: Iterable[Path]) -> Iterator[Fault]:
    """A fault for each place on the way to what the service reads that would stop it; each place once."""
    shown = who.name or "the user that systemd makes for the service"
    well: set[Path] = set()
    bad: set[Path] = set()
    for path in paths:
        real = path.resolve()
        for place in (*reversed(real.parents), real):
            bits = (1,) if place != real else (4, 1) if real.is_dir() else (4,)
            if place in bad:
                break
            if place in well or all(who.may(place, bit) for bit in bits):
                well |= {place} - {real}
                continue
            bad.add(place)
            how = f"chmod o+{'rX' if place == real else 'x'}" if who.name is None else f"chown {who.name}"
            advice = f"`{how} {place}`; a secret belongs into a file of its own, which systemd hands over"
            yield Fault(str(place), 0, "", f"cannot be read by {shown}", advice)
            break


def _passing(paths: Iterable[Path]) -> Iterator[Fault]:
    """A fault for what lies in /tmp: the service is given one of its own."""
    for path in dict.fromkeys(each.resolve() for each in paths):
        for top in _PASSING:
            if path.is_relative_to(top):
                yield Fault(
                    str(path), 0, "", f"cannot be seen by the service, whose {top} is its own", "move it elsewhere"
                )


def _writable(folder: Path, who: Account) -> bool:
    """Whether it is there and may be written to."""
    return who.name is not None and folder.is_dir() and who.may(folder, 2) and who.may(folder, 1)


def _fault(message: str, advice: str) -> Fault:
    return Fault(str(settings.FILE), 0, "store.url", message, advice)
