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
# Those of the web (WHATWG Encoding): Python also knows idna, punycode, unicode_escape and the like, which raise, warn,
# take quadratic time or make halves of characters.
_NAMES = (
    "ascii latin-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 "
    "iso8859-13 iso8859-14 iso8859-15 iso8859-16 cp866 cp874 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 "
    "cp1258 koi8-r koi8-u mac-roman mac-cyrillic gbk gb18030 gb2312 big5 euc-jp iso2022_jp shift_jis "
    "euc-kr "
    "utf-16 utf-16-le utf-16-be"
)
_CHARSETS = frozenset(codecs.lookup(name).name for name in _NAMES.split())
# A whole character of two to four bytes: text in the wrong hands rarely holds more of these than of broken ones.
_WHOLE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def decode(body: bytes, charset: str | None = None) -> str:
    """The text of `body`: by byte order mark, as (mostly) valid UTF-8, by the server's `charset`, by its own.

    Bytes that fit nothing become U+FFFD; it never raises.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body.decode(name, errors="replace")
    # UTF-16 without a mark is valid UTF-8 full of zeros (XML 1.0, F.1).
    for start, name in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if body.startswith(start):
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
    # UTF-8 has been tried, and Latin-1 means Windows-1252 on the web (WHATWG).
    if info is None or info.name not in _CHARSETS:
        return None
    return "cp1252" if info.name in ("iso8859-1", "ascii") else info.name
