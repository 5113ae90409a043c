"""The forms in which a name meets us: cases, suffixes, spellings, generated from its base by tables of endings.

Generated forms reach 94–99 % of inflected names in Russian and Ukrainian news, lemmatisers 43–96 %, and a stemmer
turns Умеров into "died". So forms are only ever made by changing an ending for another; nothing is cut off and nothing
is matched by likeness.

A Turkish or English tail after an apostrophe (İstanbul'daki, Umerov’s) is no form: the lexicon takes any name with
an apostrophe and letters behind it. Case, ё and typographic signs are left as given: the lexicon folds.
"""

import functools
import re
from collections.abc import Iterable, Sequence
from itertools import product

from extractors.records import NameKind

Cases = tuple[tuple[str, ...], ...]
"""The forms of a word, one tuple a case, aligned so that the words of a name agree."""

_CASES = 6  # nominative, genitive, dative, accusative, instrumental, locative


@functools.cache
def forms(base: str, language: str, kind: NameKind) -> frozenset[str]:
    """Surface forms of a base name, the base among them.

    `language` is the code whose spelling the base has; one without tables gives the base alone. A `person` of several
    words is also known by the last one; in a `body` or `other` of several words the words up to the first noun change,
    because what follows it stands in a fixed case; in other kinds every word changes, in agreement.
    """
    words = base.split()
    if not words:
        return frozenset()
    if language in ("ru", "uk"):
        found = _cyrillic(words, language, kind)
    elif language == "tr":
        found = _turkish(words, kind)
    elif language == "en":
        found = _english(words, kind)
    else:
        found = {base}
    return frozenset(found | {base})


def _cyrillic(words: Sequence[str], language: str, kind: NameKind) -> set[str]:
    decline = _russian if language == "ru" else _ukrainian
    cases: list[Cases] = []
    fixed = False
    for word in words:
        cases.append(((word,),) * _CASES if fixed else decline(word, kind))
        # "штаб по вопросам обращения": after the first noun of an institution nothing changes
        fixed = fixed or (kind in ("body", "other") and not _ADJECTIVE.search(word))
    found = {" ".join(parts) for case in range(_CASES) for parts in product(*(word[case] for word in cases))}
    if kind == "person" and len(words) > 1:
        found.update(form for case in cases[-1] for form in case)
    return found


_ADJECTIVE = re.compile(r"(?:ый|ий|ой|ая|яя|ое|ее|ые|ие|ськ[аеі]|цьк[аеі]|[нвт]а|н[еі])\Z")


def _cased(stem: str, endings: str) -> Cases:
    """Six cases divided by blanks; alternatives by `/`; `0` is no ending."""
    return tuple(
        tuple(stem + ("" if ending == "0" else ending) for ending in case.split("/")) for case in endings.split()
    )


def _fixed(word: str) -> Cases:
    return ((word,),) * _CASES


# An ending, how many letters of it fall away, and the endings of the six cases; the first line that fits is taken.
_Row = tuple[str, int, str]
_RU_ADJECTIVE_HARD = "ый/ая/ое/ые ого/ой/ых ому/ой/ым ый/ую/ое/ого/ые/ых ым/ой/ыми ом/ой/ых"
_RU_ADJECTIVE_SOFT = "ий/ая/ое/ие ого/ой/их ому/ой/им ий/ую/ое/ого/ие/их им/ой/ими ом/ой/их"
_RU_PERSON: tuple[_Row, ...] = (
    ("[оеё]в|[иы]н", 0, "0 а у а ым/ом е"),
    ("(?:ов|ев|ёв|ин|ын)а", 1, "а ой ой у ой ой"),
    ("[сц]кий", 2, "ий ого ому ого им ом"),
    ("[сц]кая", 2, "ая ой ой ую ой ой"),
    ("ый", 2, "ый ого ому ого ым ом"),
    ("ой", 2, "ой ого ому ого ым ом"),
)
_RU_PEOPLE: tuple[_Row, ...] = (
    ("[нё]нин|янин|анин", 2, "ин/е ина/0 ину/ам ина/0 ином/ами ине/ах"),
    ("[яа]не", 1, "е 0 ам 0 ами ах"),
    ("ец", 2, "ец/цы ца/цев цу/цам ца/цев цем/цами це/цах"),
    ("цы", 1, "ы ев ам ев ами ах"),
    ("ка", 2, "ка/ки ки/ок ке/кам ку/ок кой/ками ке/ках"),
    ("[сц]кий", 2, _RU_ADJECTIVE_SOFT),
    ("ий", 2, _RU_ADJECTIVE_SOFT),
    ("[ыо]й", 2, _RU_ADJECTIVE_HARD),
    ("ие", 2, "ие их им их ими их"),
    ("ые", 2, "ые ых ым ых ыми ых"),
)
_RU_OTHER: tuple[_Row, ...] = (
    ("[сц]кий|[гкхжчшщ]ий", 2, "ий ого ому ий/ого им ом"),
    ("ый", 2, "ый ого ому ый/ого ым ом"),
    ("ая", 2, "ая ой ой ую ой ой"),
    ("яя", 2, "яя ей ей юю ей ей"),
    ("ое", 2, "ое ого ому ое ым/им ом"),
    ("ые", 2, "ые ых ым ые/ых ыми ых"),
    ("[сц]кие", 2, "ие их им ие/их ими их"),
    ("ие", 2, "ие/ия их/ия им/ию ие/их ими/ием их/ии"),
    ("ий", 2, "ий ия ию ий/ия ием ии"),
    ("[аеёоуэюя]й", 1, "й я ю й/я ем е"),
    ("ия", 1, "я и и ю ей и"),
    ("я", 1, "я и е ю ей е"),
    ("[гкхжчшщ]а", 1, "а и е у ой/ей е"),
    ("а", 1, "а ы е у ой е"),
    ("ы", 1, "ы ов/0 ам ы/ов ами ах"),
    ("ец", 2, "ец ца цу ец/ца цем/цом це"),
    ("[жчшщц]", 0, "0 а у 0/а ем/ом е"),
    ("[бвгдзклмнпрстфх]", 0, "0 а у 0/а ом е"),
)
_RU_SOFT_HE = "ь я ю ь/я ем/ём е"
_RU_SOFT_SHE = "ь и и ь ью и"

_UK_ADJECTIVE = "ий/а/е/і ого/ої/их ому/ій/им ий/у/е/ого/і/их им/ою/ими ому/ім/ій/их"
_UK_PERSON: tuple[_Row, ...] = (
    ("[оеє]в|[иії]н", 0, "0 а у/ові а им і/ові/у"),
    ("(?:ов|ев|єв|ін|їн|ин)а", 1, "а ої ій у ою ій"),
    ("[сц]ький", 2, "ий ого ому ого им ому/ім"),
    ("[сц]ька", 1, "а ої ій у ою ій"),
    ("ий", 2, "ий ого ому ого им ому/ім"),
)
_UK_PEOPLE: tuple[_Row, ...] = (
    ("янин|анин", 2, "ин/и ина/0 инові/ину/ам ина/0 ином/ами ині/инові/ах"),
    ("[яае]ни", 1, "и 0 ам 0 ами ах"),
    ("єць", 3, "єць/йці йця/йців йцю/йцеві/йцям йця/йців йцем/йцями йці/йцеві/йцях"),
    ("ець", 3, "ець/ці ця/ців цю/цеві/цям ця/ців цем/цями ці/цеві/цях"),
    ("ці", 1, "і ів ям ів ями ях"),
    ("ка", 2, "ка/ки ки/ок ці/кам ку/ок кою/ками ці/ках"),
    ("ий", 2, _UK_ADJECTIVE),
    ("ькі", 1, "і их им их ими их"),
)
_UK_OTHER: tuple[_Row, ...] = (
    ("ий", 2, "ий ого ому ий/ого им ому/ім"),
    ("[сц]ька", 1, "а ої ій у ою ій"),
    ("[сц]ьке", 1, "е ого ому е им ому"),
    ("[нв]ні|[сц]ькі", 1, "і их им і/их ими их"),
    ("[гґ]а", 2, "га ги зі гу гою зі"),
    ("ка", 2, "ка ки ці ку кою ці"),
    ("ха", 2, "ха хи сі ху хою сі"),
    ("[жчшщ]а", 1, "а і і у ею і"),
    ("ія|їя", 1, "я ї ї ю єю ї"),
    ("я", 1, "я і і ю ею і"),
    ("а", 1, "а и і у ою і"),
    ("[ії]й", 1, "й я ю/єві й/я єм ю/єві/ї"),
    ("й", 1, "й я ю/єві й/я єм ю/єві/ї"),
    ("о", 1, "о а у/ові о/а ом у/ові/і"),
    ("їв", 2, "їв єва єву їв/єва євом єві"),
    ("ів", 2, "ів ова/ева ову/еву ів/ова/ева овом/евом ові/еві"),
    ("ці", 1, "і ів/ь ям і ями ях"),
    ("и", 1, "и ів/0 ам и/ів ами ах"),
    ("ець", 3, "ець ця цю ець/ця цем ці/цю"),
    ("[жчшщ]", 0, "0 а/у у/еві 0/а ем і/у/еві"),
    ("[бвгґдзклмнпрстфхц]", 0, "0 а/у у/ові 0/а ом і/у/ові"),
)
_UK_SOFT_HE = "ь я ю/еві ь/я ем і/ю/еві"
_UK_SOFT_SHE = "ь і і ь ю і"
_VOWELLESS_STEMS = {"Павел": "Павл", "Лев": "Льв"}  # the vowel of the last syllable falls away


def _russian(word: str, kind: NameKind) -> Cases:
    if _indeclinable(word):
        return _fixed(word)
    if kind == "person" and word in _VOWELLESS_STEMS:
        return ((word,), *_cased(_VOWELLESS_STEMS[word], "0 а у а ом е")[1:])
    own = {"person": _RU_PERSON, "people": _RU_PEOPLE}.get(kind, ())
    return _declined(word, (*own, *_RU_OTHER), kind, _RU_SOFT_HE, _RU_SOFT_SHE)


def _ukrainian(word: str, kind: NameKind) -> Cases:
    if _indeclinable(word):
        return _fixed(word)
    own = {"person": _UK_PERSON, "people": _UK_PEOPLE}.get(kind, ())
    return _declined(word, (*own, *_UK_OTHER), kind, _UK_SOFT_HE, _UK_SOFT_SHE)


def _indeclinable(word: str) -> bool:
    """Letter words (США, РФ) and words of one or two letters do not change."""
    return len(word) < 3 or (word.isupper() and len(word) <= 6) or not word[-1].isalpha()


def _declined(word: str, rows: Iterable[_Row], kind: NameKind, soft_he: str, soft_she: str) -> Cases:
    for ending, cut, endings in rows:
        if re.search(rf"(?:{ending})\Z", word):
            # a stem of one letter would make forms that are words of their own
            return _cased(word[: len(word) - cut], endings) if len(word) - cut >= 2 else _fixed(word)
    if word.endswith("ь"):
        he, she = _cased(word[:-1], soft_he), _cased(word[:-1], soft_she)
        if kind == "person":
            return he
        # Кремль is he and Беларусь she; the base does not tell, and the forms of the other gender are no words
        return tuple(tuple(dict.fromkeys((*one, *other))) for one, other in zip(he, she, strict=True))
    return _fixed(word)


_TR_BACK, _TR_VOWELS = "aıou", "aeıioöuü"
_TR_HIGH = {"a": "ı", "ı": "ı", "o": "u", "u": "u", "e": "i", "i": "i", "ö": "ü", "ü": "ü"}


def _turkish(words: Sequence[str], kind: NameKind) -> set[str]:
    found = {" ".join(words)}
    if kind == "person":
        return found | (_spellings(words) if len(words) > 1 else _latin(words[0]))
    head = [*words[:-1]]
    for form in _turkish_word(words[-1], plural=kind in ("people", "other")):
        found.add(" ".join((*head, form)))
    return found


def _turkish_word(word: str, *, plural: bool) -> set[str]:
    """A word with its cases and no apostrophe: Rusların, Bakanlığından; "istanbulda" as the web writes it."""
    lowered = word.replace("İ", "i").replace("I", "ı").lower()
    vowels = [char for char in lowered if char in _TR_VOWELS]
    if not vowels or len(word) < 3 or word.isupper():
        return {word}
    found = {word}
    stems = [word]
    if plural:
        stems.append(word + ("lar" if vowels[-1] in _TR_BACK else "ler"))
    found.update(stems)
    for stem in stems:
        last = [char for char in stem.replace("İ", "i").replace("I", "ı").lower() if char in _TR_VOWELS][-1]
        low, high = ("a" if last in _TR_BACK else "e"), _TR_HIGH[last]
        open_ = stem[-1].lower() in _TR_VOWELS
        hard = stem[-1].lower() in "fstkçşhp"
        place = ("t" if hard else "d") + low
        # a compound with a possessive ending takes n before its cases (Bakanlığı → Bakanlığında), others y or nothing
        ways = [("y", "n", "")] if open_ else [("", "", "")]
        if open_ and last in "ıiuü" and not plural:
            ways.append(("n", "n", "n"))
        for give, own, at in ways:
            tails = (give + low, give + high, own + high + "n", at + place, at + place + "n", at + place + "ki")
            found.update(stem + tail for tail in tails)
        found.add(stem + ("yl" if open_ else "l") + low)
    return found


def _english(words: Sequence[str], kind: NameKind) -> set[str]:
    base = " ".join(words)
    if kind == "person":
        return {base} | (_spellings(words) if len(words) > 1 else _latin(words[0]))
    if kind == "people" and words[-1][-1:].isalpha() and not words[-1].endswith(("s", "sh", "ch", "x")):
        return {base, base + "s"}
    return {base}


def _spellings(words: Sequence[str]) -> set[str]:
    """A Latin person's name: the surname alone, and the whole, in the ways that Cyrillic is transcribed."""
    surnames = _latin(words[-1])
    return surnames | {" ".join((*words[:-1], surname)) for surname in surnames}


_LATIN_SKY = re.compile(r"(?<=[sc]k)(?:iy|yi|yy|ij|ii|y|i)\Z")
_LATIN_Y = re.compile(r"(?:iy|yi|yy|ij|ii)\Z")
_LATIN_YE = re.compile(r"(?<=[bcdfghjklmnpqrstvwxz])(?:ie|ye|e)(?=[bcdfghjklmnpqrstvwxz])")
_LATIN_INITIAL = re.compile(r"\A(?:Ye|Ie|E)(?=[bcdfghjklmnpqrstvwxz])")
_LATIN_KH = re.compile(r"kh|(?<=[aeiouy])h(?=[aeiouy])")
_SHORTEST_VARIED = 5  # letters: of a shorter name a variant may be a word, or another name


def _latin(word: str) -> set[str]:
    found = {word}
    if len(word) < _SHORTEST_VARIED:
        return found
    found.update(_swap(found, _LATIN_SKY, ("y", "iy", "yi", "yy", "ij", "ii", "i")))
    found.update(_swap({word}, _LATIN_Y, ("y", "iy", "yi", "yy", "ij", "ii", "i")))
    found.update(_swap(found, _LATIN_INITIAL, ("Ye", "E", "Ie")))
    # only the first syllable: that is where Є and Е differ between transcriptions (Umerov, Umierov)
    found.update(_swap(found, _LATIN_YE, ("ie", "ye", "e")))
    found.update(_swap(found, _LATIN_KH, ("kh", "h")))
    return found


def _swap(words: Iterable[str], pattern: re.Pattern[str], spellings: Iterable[str]) -> set[str]:
    return {pattern.sub(spelling, word, count=1) for word in words for spelling in spellings if pattern.search(word)}
