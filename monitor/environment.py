"""PURE: environment variables laid over the data of config/parley.yaml.

A variable without a value counts as not given. Variables that Kubernetes makes up for a service called parley
(`PARLEY_SERVICE_HOST`, `PARLEY_PORT_8080_TCP`) are no settings.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, get_origin

from pydantic import BaseModel

from monitor.documents import Document, Where, parse
from monitor.faults import Fault, note_at

PREFIX = "PARLEY_"
_NOT_OURS = re.compile(r"PARLEY_(HOME|(SERVICE|PORT)(_.*)?)")


def overlay(document: Document, env: Mapping[str, str], model: type[BaseModel]) -> tuple[Document, list[Fault]]:
    """The document with what the environment sets, and the faults of variables that cannot be read.

    `[…]` and `{…}` are read as YAML, a list may also be given with commas; everything else is taken as it stands, so
    that a password needs no quotes.
    """
    if not isinstance(document.data, dict):
        return document, []
    data = deepcopy(document.data)
    given: dict[Where, str] = {}
    faults: list[Fault] = []
    for name in sorted(env):
        if not name.startswith(PREFIX) or _NOT_OURS.fullmatch(name) or not env[name]:
            continue
        steps = _steps(name.removeprefix(PREFIX).lower().split("__"), data)
        value, fault = _value(name, env[name], note_at(model, steps))
        if fault is None and not _put(data, steps, value):
            fault = Fault(name, 0, "", f"{'.'.join(steps[:-1])} holds no further settings")
        if fault is not None:
            faults.append(fault)
            continue
        for length in range(1, len(steps) + 1):
            if length == len(steps) or steps[:length] not in document.lines:
                given.setdefault(steps[:length], name)
    lines = {path: line for path, line in document.lines.items() if not _overlaid(path, given)}
    return replace(document, data=data, given=given, lines=lines), faults


def _overlaid(path: Where, given: Mapping[Where, str]) -> bool:
    return any(path[:length] in given for length in range(1, len(path) + 1))


def _steps(parts: list[str], data: Any) -> tuple[str, ...]:
    """The path meant: capitals are lost in a variable's name, and it cannot hold the hyphen of `my-channel`."""
    steps: list[str] = []
    for part in parts:
        keys = data if isinstance(data, dict) else {}
        key = next((key for key in keys if str(key).lower().replace("-", "_") == part), part)
        data = keys.get(key)
        steps.append(str(key))
    return tuple(steps)


def _value(name: str, text: str, note: Any) -> tuple[Any, Fault | None]:
    if get_origin(note) is tuple and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",")], None
    if get_origin(note) in (tuple, dict):
        document = parse(text, name)
        if document.flaws:
            return None, Fault(name, 0, "", document.flaws[0].message, document.flaws[0].advice)
        return document.data, None
    return text, None


def _put(data: dict[Any, Any], steps: tuple[str, ...], value: Any) -> bool:
    """Set the value; a secret's other form in the file gives way. False when a step leads into a plain value."""
    for step in steps[:-1]:
        inner = data.setdefault(step, {})
        if not isinstance(inner, dict):
            return False
        data = inner
    last = steps[-1]
    data.pop(last.removesuffix("_file") if last.endswith("_file") else f"{last}_file", None)
    data[last] = value
    return True
