"""PURE: text and links from strangers, made fit to print: one line, normal form, bounded, http and https only."""

import unicodedata
from urllib.parse import quote, urlsplit

# Bidirectional overrides and isolates can make a headline read as another one; joiners stay, emoji need them.
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_URL_SAFE = "%/:=&?~#+!$,;'@()*[]-._"
LONGEST_URL = 2000


def line(text: str, limit: int) -> str:
    """One line of at most `limit` code points: NFC, control characters and runs of white space as one space."""
    # Far more than the limit is never shown: bound the work on a hostile headline before looking at each character.
    head = text[: limit * 4 + 64]
    # Printable are no controls, directions or surrogates: nearly every text of nearly every source.
    kept = head if head.isprintable() else "".join(_fit(character) for character in head)
    whole = unicodedata.normalize("NFC", " ".join(kept.split()))
    if len(whole) <= limit and len(head) == len(text):
        return whole
    return whole[: limit - 1].rstrip() + "…"


def _fit(character: str) -> str:
    if character in _BIDI:
        return ""
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "\ufffd" if category == "Cs" else character  # a lone surrogate cannot be encoded


def link(url: str) -> str | None:
    """The address with everything but URL characters percent-encoded, or None unless it is http(s) with a host."""
    bare = (url if url.isprintable() else "".join(filter(str.isprintable, url))).strip()
    try:
        parts = urlsplit(bare)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host:
        return None
    safe = quote(bare, safe=_URL_SAFE, errors="replace")
    return safe if len(safe) <= LONGEST_URL else None
