"""Where the secrets of a home lie, by what config/parley.yaml says of them: none is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from alerts.channels import settings_of
from alerts.kinds import KINDS
from monitor.documents import Document, Where, dotted

_OF_THE_SERVICE: tuple[tuple[Where, str], ...] = ((("store",), "url"), (("polling",), "proxy"), (("heartbeat",), "url"))


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Keys of the settings. `inside`: what they hold lies in the folders that were asked about; `elsewhere`: in a file
    (absolute) that does not; `unnamed`: needed, and in no file, so from the environment or a credential."""

    inside: tuple[str, ...]
    elsewhere: Mapping[str, Path]
    unnamed: tuple[str, ...]


def whereabouts(document: Document, home: Path, folders: tuple[str, ...]) -> Whereabouts:
    """Where secrets and the certificates that settings name lie, as seen from `folders` of the home."""
    inside: list[str] = []
    elsewhere: dict[str, Path] = {}
    unnamed: list[str] = []
    kept = [(home / folder).resolve() for folder in folders]
    for where, key, needed in _keys(document.data):
        part = _at(document.data, where)
        name, file = dotted((*where, key)), part.get(f"{key}_file")
        if key.endswith("_file"):
            name, file = dotted((*where, key)), part.get(key)
        elif part.get(key) is not None:
            if where != ("store",) or _has_password(part[key]):
                inside.append(name)
            continue
        if isinstance(file, str):
            path = (home / file).resolve()
            if any(path.is_relative_to(folder) for folder in kept):
                inside.append(name)
            else:
                elsewhere[name] = path
        elif needed:
            unnamed.append(name)
    return Whereabouts(tuple(inside), elsewhere, tuple(unnamed))


def _has_password(address: object) -> bool:
    """Whether an address of a store has one; where it cannot be told, it may."""
    try:
        url = make_url(str(address))
    except (ArgumentError, ValueError):
        return True
    return bool(url.password or url.query.get("password"))


def _keys(data: Any) -> Iterator[tuple[Where, str, bool]]:
    for where, key in _OF_THE_SERVICE:
        yield where, key, False
    yield ("polling",), "ca_file", False
    channels = _at(data, ("channels",))
    for name, channel in channels.items():
        kind = channel.get("kind") if isinstance(channel, dict) else None
        if kind in KINDS:
            shape = settings_of(str(kind))
            for key in shape.secrets():
                yield ("channels", str(name)), key, key in shape.needed
            yield ("channels", str(name)), "ca_file", False


def _at(data: Any, where: Where) -> Mapping[Any, Any]:
    for step in where:
        data = data.get(step) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}
