"""Records to JSON and back, without loss, driven by their own annotations.

A record becomes an object of its fields; times are ISO 8601 in UTC, days ISO, durations whole microseconds, bytes
base64, tuples arrays, frozensets sorted arrays. A field that the JSON lacks takes its default, one that the record
lacks is passed over, so that a record may gain a field without a migration.
"""

import base64
import dataclasses
import datetime as dt
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from monitor.store.errors import StoreError

T = TypeVar("T")
_MICROSECOND = dt.timedelta(microseconds=1)


def encode(value: Any) -> Any:
    """`value` (a record of this project, or what its fields hold) as plain JSON data. StoreError for a naive time."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise StoreError(f"a time without a zone was to be stored: {value.isoformat()}; give aware UTC datetimes")
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value // _MICROSECOND
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(encode(item) for item in value)
    if isinstance(value, Sequence):
        return [encode(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {name: encode(getattr(value, name)) for name in _fields(cast(Any, type(value)))}
    raise TypeError(f"no JSON form for {type(value).__name__}")


def decode(cls: type[T], data: Any) -> T:
    """The `cls` that `encode` made `data` of. StoreError when the data do not fit."""
    try:
        return cast(T, _decoder(cast(Any, cls))(data))
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise StoreError(
            f"a stored {cls.__name__} cannot be read ({type(fault).__name__}: {fault}); "
            "the store is damaged or was written by another version: restore the last backup"
        ) from fault


@cache
def _fields(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


def _as_is(data: Any) -> Any:
    return data


def _time(data: Any) -> dt.datetime:
    # fromisoformat gives an equal but other zone object for +00:00; the rest of the house compares with UTC itself
    return dt.datetime.fromisoformat(data).astimezone(dt.UTC)


_PLAIN: dict[Any, Callable[[Any], Any]] = {
    str: _as_is,
    int: _as_is,
    float: _as_is,
    bool: _as_is,
    Any: _as_is,
    dt.datetime: _time,
    dt.date: dt.date.fromisoformat,
    dt.timedelta: lambda data: data * _MICROSECOND,
    bytes: base64.b64decode,
}


@cache
def _decoder(hint: Any) -> Callable[[Any], Any]:
    if hint in _PLAIN:
        return _PLAIN[hint]
    if dataclasses.is_dataclass(hint):
        return _record(cast(type[Any], hint))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _as_is
    if origin in (Union, types.UnionType):
        return _optional(arguments)
    if origin is tuple:
        return _tuple(arguments)
    if origin is frozenset:
        item = _decoder(arguments[0])
        return lambda data: frozenset(map(item, data))
    if origin is Mapping:
        value = _decoder(arguments[1])
        return lambda data: {key: value(each) for key, each in data.items()}
    raise TypeError(f"no way to read {hint} from JSON")


def _optional(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    (inner,) = (argument for argument in arguments if argument is not type(None))
    read = _decoder(inner)
    return lambda data: None if data is None else read(data)


def _tuple(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        item = _decoder(arguments[0])
        return tuple if item is _as_is else lambda data: tuple(map(item, data))
    items = tuple(map(_decoder, arguments))
    return lambda data: tuple(read(each) for read, each in zip(items, data, strict=True))


def _record(cls: type[Any]) -> Callable[[Any], Any]:
    hints = get_type_hints(cls)
    fields = tuple((name, _decoder(hints[name])) for name in _fields(cast(Any, cls)))

    def read(data: Any) -> Any:
        return cls(**{name: value(data[name]) for name, value in fields if name in data})

    return read
