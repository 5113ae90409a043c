"""What reading knows of a language: one file of data per language, one record for all.

Words in the files are spelt as people write them; the record folds them, because texts are folded before matching.
"""

import functools
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from extractors.fold import fold

CODES = ("en", "uk", "ru", "tr")
"""The languages that are read, ISO 639-1."""


NOTHING = "(?!)"
"""A regular expression that never matches."""


@dataclass(frozen=True, slots=True)
class Language:
    """Data of one language; every word and pattern is folded.

    `letters`: letters that none of the other three has; `foreign`: letters that rule the language out; `common`:
    its most frequent words (identification). `abbreviations`: words whose full stop ends no sentence; `units`:
    abbreviations that end one before a capital ("at 3 p.m. They"). `months` and `weekdays`: every
    form → 1–12 and 0–6 (Monday is 0). `relative`: phrase → meaning, see `extractors.dates`. `cardinals`, `ordinals`,
    `multipliers`, `distributives`: word → value. `patterns`: named fragments of regular expressions that differ
    between languages, see `extractors.dates` and `extractors.numbers`. `capital_months`: months that are also
    words ("may"), taken only with a capital. `capital_weekdays`: forms for which a capital is support enough.
    `joining_ten`: "ten two" is twelve.
    """

    code: str
    letters: frozenset[str]
    foreign: frozenset[str]
    common: frozenset[str]
    abbreviations: frozenset[str]
    units: frozenset[str]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    relative: Mapping[str, str]
    cardinals: Mapping[str, int]
    ordinals: Mapping[str, int]
    multipliers: Mapping[str, int]
    distributives: Mapping[str, int]
    patterns: Mapping[str, str]
    capital_months: frozenset[str] = field(default_factory=frozenset)
    capital_weekdays: frozenset[str] = field(default_factory=frozenset)
    joining_ten: bool = False

    def pattern(self, name: str) -> str:
        """The fragment of a name, folded: the same letters as the folded text that it is matched with.

        What a language has no words for, its file leaves out, and that fragment matches nothing.
        """
        return _fold_pattern(self.patterns.get(name, NOTHING))


def words(text: str) -> frozenset[str]:
    """The folded words of a block of text."""
    return frozenset(fold(text).split())


def table(rows: Mapping[int, str]) -> dict[str, int]:
    """Value → its forms, turned round: folded form → value. A form with a blank in it is written with `_`."""
    return {form.replace("_", " "): value for value, forms in rows.items() for form in fold(forms).split()}


# Articles and prepositions are on every line of a text: a phrase that began with one would be tried there.
_LEADS = frozenset(["the", "a", "at", "on", "over", "in", "на", "в", "у", "с", "з", "від", "от"])


def phrases(rows: Mapping[str, str]) -> dict[str, str]:
    """Meaning → its phrases (`;` between), turned round: folded phrase without a leading "the" or "в" → meaning."""
    turned: dict[str, str] = {}
    for meaning, spelt in rows.items():
        for phrase in spelt.split(";"):
            parts = fold(phrase).split()
            while parts[0] in _LEADS:
                del parts[0]
            turned[" ".join(parts)] = meaning
    return turned


def _fold_pattern(pattern: str) -> str:
    # escapes keep their case (\\W is not \\w)
    return "".join(
        part if part.startswith(("\\", "(?P<")) else fold(part) for part in re.split(r"(\\.|\(\?P<\w+>)", pattern)
    )


@functools.cache
def get(code: str) -> Language:
    """The language of an ISO 639-1 code; KeyError for one that is not read."""
    if code not in CODES:
        raise KeyError(f"no data for language {code!r}; there is data for {', '.join(CODES)}")
    language = importlib.import_module(f"extractors.languages.{code}").LANGUAGE
    assert isinstance(language, Language)
    return language
