"""Column types that keep a promise SQL does not: aware UTC times, text that every database takes, packed sketches."""

import struct
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from monitor.store.errors import StoreError


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept and given back in UTC. A naive one is refused with StoreError."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise StoreError(f"a time without a zone was to be stored: {value.isoformat()}; give aware UTC datetimes")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        # SQLite has no zones: what comes back naive was written as UTC by process_bind_param.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SafeText(sa.types.TypeDecorator[str]):
    """Text from the outside. NUL (refused by PostgreSQL) and lone surrogates (no UTF-8) become U+FFFD.

    One code point for one, so that offsets into the text still hold.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else safe(value)


class Sketch(sa.types.TypeDecorator[tuple[int, ...]]):
    """Whole numbers of up to 64 bits, signed or unsigned, as little-endian bytes behind one letter that tells which.

    JSON would be three times the size and ten times slower to read, and each saying of a live event carries one.
    """

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: tuple[int, ...] | None, _dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        letter = "q" if any(n < 0 for n in value) else "Q"
        return letter.encode() + struct.pack(f"<{len(value)}{letter}", *value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[int, ...] | None:
        if value is None:
            return None
        packed = bytes(value)
        return struct.unpack(f"<{(len(packed) - 1) // 8}{packed[:1].decode()}", packed[1:])


def safe(text: str) -> str:
    """`text` with NUL and lone surrogates replaced by U+FFFD, of the same length."""
    clean = text.replace("\0", "\ufffd")
    try:
        clean.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in clean)
    return clean
