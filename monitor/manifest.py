"""PURE: what a backup says of itself, in its first file: by whom and when it was made, and each file's size and sum."""

import re
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from monitor.records import MonitorError

FORMAT = 1
NAME = "manifest.json"
STORE = "store/parley.db"
CASES = "state/cases.jsonl"
FOLDERS = ("config", "seeds")
_ARCHIVED = re.compile(r"archive/parley-\d{8}-\d{4,}\.warc\.gz")


class ManifestError(MonitorError):
    """A manifest is none, is of a later version, or names what no backup holds."""


def _place(name: str) -> str:
    if not is_place(name):
        raise ValueError("is no place in a home")
    return name


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Mode = Annotated[int, Field(ge=0, le=0o777)]


class Packed(BaseModel):
    """One file: its place in the backup, bytes, SHA-256 (hexadecimal), and who may read it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_place)]
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    mode: Mode = 0o644


class Manifest(BaseModel):
    """A whole backup. `parley` is the version that made it `made` (UTC); `store` is where its store was.

    `revision`, the schema of the store, is None where there is no store in it. `outside`: the store was no file within
    the home. `folders` are the folders of config/ and seeds/ and who may enter them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    parley: str
    revision: str | None
    made: Annotated[AwareDatetime, AfterValidator(_utc)]
    store: str
    outside: bool
    folders: dict[Annotated[str, AfterValidator(_place)], Mode]
    files: tuple[Packed, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def names(self, root: str) -> tuple[str, ...]:
        """The files under a folder."""
        return tuple(file.name for file in self.files if file.name.startswith(f"{root}/"))


def is_place(name: str) -> bool:
    """Whether a backup may hold something of this name: in config/ or seeds/, or one of the few files beside them.

    Nothing that leads elsewhere: no absolute name, no `..`, nothing that another system would read as such.
    """
    if not name.isprintable() or "\\" in name or str(PurePosixPath(name)) != name:
        return False
    parts = PurePosixPath(name).parts
    if ".." in parts or name.startswith("/"):
        return False
    return parts[:1] in (("config",), ("seeds",)) or name in (STORE, CASES) or bool(_ARCHIVED.fullmatch(name))


def dumped(manifest: Manifest) -> bytes:
    """The manifest as JSON for people to read."""
    return manifest.model_dump_json(indent=1).encode() + b"\n"


def loaded(raw: bytes) -> Manifest:
    """The manifest that `dumped` wrote. ManifestError says what is wrong with any other."""
    try:
        head = _Format.model_validate_json(raw)
        if head.format != FORMAT:
            raise ManifestError(
                f"it was made by Parley {head.parley} in format {head.format}, and this Parley knows {FORMAT}: "
                "install that version"
            )
        manifest = Manifest.model_validate_json(raw)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ManifestError(f"its {NAME} is damaged: {where}: {first['msg']}") from fault
    names = [file.name for file in manifest.files]
    if len(set(names)) != len(names):
        raise ManifestError(f"its {NAME} names a file twice")
    if (manifest.revision is None) != (STORE not in names):
        raise ManifestError(f"its {NAME} gives a schema without a store, or a store without a schema")
    return manifest


class _Format(BaseModel):
    """What every format has."""

    format: int
    parley: str
