"""Bytes → text when declarations cannot be trusted: valid UTF-8 wins over any of them (reference: polling 4.1)."""

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)|<meta[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE
)
# A whole character of two to four bytes: text in the wrong hands rarely holds more of these than of broken ones.
_WHOLE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def decode(body: bytes, charset: str | None = None) -> str:
    """The text of `body`: by byte order mark, as (mostly) valid UTF-8, by the server's `charset`, by its own.

    Bytes that fit nothing become U+FFFD; it never raises.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body.decode(name, errors="replace")
    try:
        return body.decode()
    except UnicodeDecodeError:
        pass
    # A few broken bytes must not turn a whole UTF-8 text into another charset's mojibake (feedparser PR #421).
    repaired = body.decode(errors="replace")
    broken, whole = repaired.count("�"), len(_WHOLE.findall(body))
    if whole > 10 * broken:
        return repaired
    for declared in (charset, _declared(body)):
        codec = _codec(declared)
        if codec is not None:
            return body.decode(codec, errors="replace")
    return repaired


def _declared(body: bytes) -> str | None:
    found = _DECLARED.search(body[:4_000])
    return (found[1] or found[2]).decode("ascii") if found else None


def _codec(name: str | None) -> str | None:
    try:
        info = codecs.lookup(name) if name else None
    except LookupError:
        return None
    # Only codecs that make text of bytes; UTF-8 has been tried, and Latin-1 means Windows-1252 on the web (WHATWG).
    if info is None or not getattr(info, "_is_text_encoding", False) or info.name == "utf-8":
        return None
    return "cp1252" if info.name in ("iso8859-1", "ascii") else info.name
