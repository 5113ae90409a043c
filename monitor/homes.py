"""Where config/, seeds/ and state/ are: an operator's home, and the data that come with the program."""

import shutil
from importlib.resources import files
from pathlib import Path, PurePosixPath

from monitor.records import MonitorError

FOLDERS = ("config", "seeds")
# These are for whoever sets the service up or watches it, and the demo's newsroom is for the demo: not for the home
# that it runs in.
_SET_UP = ("parley.service", "Containerfile", "compose.yaml", "grafana.json", "alerts.rules.yaml")
_NOT_COPIED = frozenset({*(f"config/{name}" for name in _SET_UP), "seeds/demo"})


def shipped(folder: str) -> Path:
    """config/ or seeds/ as it comes with the program. Raises MonitorError when it is missing."""
    package = Path(str(files("monitor")))
    inside = package / "home" / folder
    if inside.is_dir():
        return inside
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / folder).is_dir():
        return checkout / folder
    raise MonitorError(f"the data of parley are missing: neither {inside} nor {checkout / folder}; install it again")


def initialise(home: Path) -> tuple[Path, ...]:
    """Write config/, seeds/ and state/ into a folder, made when missing; the files written, by path.

    Raises MonitorError when anything of a home is there already, before it writes, or when it cannot write.
    """
    sources = {name: shipped(name) for name in FOLDERS}
    if home.exists() and not home.is_dir():
        raise MonitorError(f"{home} is no folder; nothing was written")
    taken = [name for name in (*FOLDERS, "state") if (home / name).exists()]
    if taken:
        names = " and ".join(f"{name}/" for name in taken)
        raise MonitorError(f"{home} holds {names} already; nothing was written. Choose another folder, or edit these")
    written: list[Path] = []
    try:
        for name, source in sources.items():
            for file in sorted(source.rglob("*")):
                place = PurePosixPath(name) / file.relative_to(source)
                kept_back = {str(place), *map(str, place.parents)} & _NOT_COPIED
                if file.is_file() and not kept_back and not file.name.startswith("."):
                    copy = home / place
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, copy)
                    written.append(copy)
        (home / "state").mkdir(mode=0o700)
    except OSError as error:
        raise MonitorError(f"{error.filename or home} could not be written: {error.strerror}") from error
    return tuple(written)
