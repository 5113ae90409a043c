"""What is wrong with a file of config/ or seeds/: every fault at once, with file and line, and what to do.

Faults are values: a loader gives back either what it loaded or `Faults`. pydantic finds them; this module says them in
the words of the file. A fault never prints a value, since the value may be a secret.
"""

import re
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from monitor.documents import Document, Where, dotted

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right. `line` counts from 1; 0 when the file as a whole, or no file, is meant."""

    file: str
    line: int
    where: str
    message: str
    advice: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{self.where}: {self.message}" if self.where else self.message
        return f"{place}: {what}; {self.advice}" if self.advice else f"{place}: {what}"


@dataclass(frozen=True, slots=True)
class Faults:
    """All faults of what was loaded, in the order of the files and lines."""

    items: tuple[Fault, ...]

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __str__(self) -> str:
        return "\n".join(map(str, self.items))


def relative(faults: Faults, home: Path) -> Faults:
    """The same faults with the files named from `home`, as an operator knows them."""
    prefix = f"{home}/"
    return Faults(
        tuple(
            Fault(f.file.removeprefix(prefix), f.line, f.where, f.message.replace(prefix, ""), f.advice) for f in faults
        )
    )


def duration(value: object) -> timedelta:
    """`90s`, `1h 30m` as a span; ValueError says what is expected."""
    if not isinstance(value, str):
        raise ValueError("should be a time with its unit, such as 90s, 60m, 48h or 3d")
    parts = re.findall(r"(\d+)\s*(s|m|h|d)", value)
    if not parts or re.sub(r"(\d+)\s*(s|m|h|d)", "", value).strip():
        raise ValueError("should be a time with its unit, such as 90s, 60m, 48h or 3d")
    names = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    try:
        return sum((timedelta(**{names[unit]: int(number)}) for number, unit in parts), timedelta())
    except OverflowError as error:
        raise ValueError("is longer than can be counted") from error


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole or re.search(r"\s", value):
        raise ValueError("should be a whole address that begins with https:// or http://")
    return value


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("should hold no line breaks or control characters")
    return value


Duration = Annotated[timedelta, BeforeValidator(duration)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True), AfterValidator(_printable)]
WebAddress = Annotated[Text, AfterValidator(_web_address)]
Language = Literal["en", "uk", "ru", "tr"]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class Strict(BaseModel):
    """A mapping of a file: unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def fault(document: Document, where: Where, message: str, advice: str = "") -> Fault:
    """A fault at a place of a document, or at the nearest place around it that the document has."""
    file, line = document.place(where)
    return Fault(file, line, dotted(where), message, advice)


def validate(model: type[M], document: Document) -> tuple[M | None, list[Fault]]:
    """The document as a model, or None; with all faults of the file, those of its YAML included."""
    faults = [Fault(document.file, fault.line, fault.where, fault.message, fault.advice) for fault in document.flaws]
    if document.unread:
        return None, faults
    if not isinstance(document.data, dict):
        faults.append(Fault(document.file, 1, "", "should be a mapping of keys to values", _known(model)))
        return None, faults
    found, told = validate_part(model, document, (), document.data)
    return found, faults + told


def validate_part(model: type[M], document: Document, where: Where, data: object) -> tuple[M | None, list[Fault]]:
    """What stands at `where` in the document as a model, or None; with its own faults."""
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        # what the YAML has no value for is told already
        flawed = [flaw.where for flaw in document.flaws]
        told = (_said(model, document, where, each) for each in details)
        return None, [f for f in told if not any(f.where and flaw.startswith(f.where) for flaw in flawed)]


def _said(model: type[BaseModel], document: Document, before: Where, error: ErrorDetails) -> Fault:
    inner, owner, _ = _walk(model, error["loc"])
    where = (*before, *inner)
    at_least = re.search(r"at least (\d+)", error["msg"])
    match error["type"]:
        case "extra_forbidden":
            return fault(document, where, "unknown key", _known(owner) if owner else "")
        case "missing":
            advice = "it says which others there are" if where[-1] == "kind" else ""
            return fault(document, where, "this key is missing", advice)
        case "literal_error" if error["loc"][-1] == "[key]":
            return fault(document, where, "unknown language", f"known: {', '.join(get_args(Language))}")
        case "string_type":
            return fault(document, where, "should be text", "put a number or a date that is meant as text in quotes")
        case "string_too_short":
            return fault(document, where, "is empty")
        case "too_short" if at_least:
            return fault(document, where, f"should hold at least {at_least[1]}")
        case "int_parsing" | "int_type":
            return fault(document, where, "should be a whole number")
        case "tuple_type":
            return fault(document, where, "should be a list", "write [one, two], or a line with a dash for each")
        case "dict_type" | "model_type" | "model_attributes_type":
            asked = note_at(model, error["loc"])
            keys = _known(asked) if isinstance(asked, type) and issubclass(asked, BaseModel) else ""
            return fault(document, where, "should be a mapping of keys to values", keys)
    message = error["msg"].removeprefix("Value error, ")
    message = re.sub(r"^Input should", "should", message)
    message = message.replace("greater than or equal to", "at least").replace("less than or equal to", "at most")
    return fault(document, where, message[:1].lower() + message[1:])


def note_at(model: type[BaseModel], where: Sequence[int | str]) -> Any:
    """The annotation at a path, None where the model has none."""
    return _bare(_walk(model, where)[2])


def _walk(model: type[BaseModel], loc: Sequence[int | str]) -> tuple[Where, type[BaseModel] | None, Any]:
    """pydantic's location as a path of the file; whose key the last step is; its type."""
    note: Any = model
    owner: type[BaseModel] | None = None
    path: list[int | str] = []
    for step in loc:
        note = _bare(note)
        if step == "[key]":
            continue
        path.append(step)
        owner = note if isinstance(note, type) and issubclass(note, BaseModel) else None
        if owner is not None:
            found = owner.model_fields.get(str(step))
            note = found.annotation if found else None
        else:
            inner = get_args(note)
            note = inner[-1 if get_origin(note) is dict else 0] if inner else None
    return tuple(path), owner, note


def _bare(note: Any) -> Any:
    while get_origin(note) is Annotated:
        note = get_args(note)[0]
    if get_origin(note) in (Union, types.UnionType):
        rest = [each for each in get_args(note) if each is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else note
    return note


def _known(model: type[BaseModel]) -> str:
    return "known here: " + ", ".join(each.alias or name for name, each in model.model_fields.items())
