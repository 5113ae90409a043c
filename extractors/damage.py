"""Whether a text was damaged before it was sent: letters lost, or UTF-8 taken for another charset and written again."""

import re
from collections.abc import Iterable

from extractors.records import Entry


def _high(codec: str) -> str:
    """The characters that stand for the second bytes of UTF-8 in `codec`, for a class of an expression."""
    return "".join(re.escape(bytes([byte]).decode(codec, "ignore")) for byte in range(0x80, 0xC0))


# Cyrillic in UTF-8 is D0 or D1 and a second byte: "Р" or "С" in windows-1251, "Ð" or "Ñ" in 1252. Good words in
# capitals hold one such pair, or two ("РІК", "СІРІ"); three in a row are none of Russian or Ukrainian.
_CYRILLIC = re.compile(f"(?:[РС][{_high('cp1251')}]){{3,}}|(?:[ÐÑ][{_high('cp1252')}\x80-\x9f]?){{3,}}")
# Turkish letters, and quotation marks and dashes, in windows-1252; each stands alone between good letters.
# Its first class alone makes the search fast.
_LATIN = re.compile("[ÃÄÅâ](?:(?<=Ã)[¼¶§‡œ–¢®»]|(?<=Ä)[±°Ÿž]|(?<=Å)[Ÿž]|(?<=â)€[™œ“”¦˜\x9d])")
_SAMPLE = 500
_FEW = 5


def garbled(text: str, entries: Iterable[Entry]) -> bool:
    """Whether the document `text`, of which `entries` were made, is damaged.

    Evidence is more than five replacement characters, one in 10,000 or more; or in a tenth of the entries three pairs
    of letters in a row that are one letter of Cyrillic twice encoded, or two such pairs of Turkish or of quotation.
    """
    # References of XML and escapes of JSON may stand for any letter.
    if text and text.isascii() and "&" not in text and "\\" not in text:
        return False
    lost = text.count("�")
    if lost > _FEW and lost * 10_000 >= len(text):
        return True
    samples = [f"{entry.title} {entry.summary[:_SAMPLE]}" for entry in entries]
    damaged = sum(bool(_CYRILLIC.search(sample)) or len(_LATIN.findall(sample)) > 1 for sample in samples)
    return damaged * 10 >= len(samples) > 0
