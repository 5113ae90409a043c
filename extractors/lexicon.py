"""Names, topic words and language cues of all watches, in one automaton a language, and what it finds in a text."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal, NamedTuple

import ahocorasick_rs

from extractors.fold import fold
from extractors.forms import forms
from extractors.languages.en_cues import CUES as EN
from extractors.languages.ru_cues import CUES as RU
from extractors.languages.tr_cues import CUES as TR
from extractors.languages.uk_cues import CUES as UK
from extractors.records import Name, Names
from extractors.topicwords import ENDING, REACH, Pattern, compile_pattern, compiled, expand

CUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {"en": EN, "ru": RU, "tr": TR, "uk": UK}
_BETWEEN = "\x00"
_SHORT = 3
_ENDING = re.compile(ENDING)
_START, _END = itemgetter(0), itemgetter(1)


@dataclass(frozen=True, slots=True)
class Term:
    """What a spelling stands for. `group` is a group of topic words or cues, or the kind of a name.

    Names hold for every language, since texts print foreign spellings; words and cues only for their own.
    `watches` are those in which it counts; empty for cues, which count in all.
    """

    sort: Literal["name", "word", "cue"]
    group: str
    topic: str | None
    language: str | None
    name: Name | None
    watches: tuple[str, ...]


class Hit(NamedTuple):
    """A term at a place: code points of the text searched. A text has hundreds, and a tuple costs a third to make."""

    start: int
    end: int
    term: Term


class Lexicon:
    """The compiled automata. `hash` names the data it was made from, alike in every process."""

    def __init__(self, names: Sequence[Names], digest: str) -> None:
        self.watches: tuple[Names, ...] = tuple(names)
        self.hash: str = digest
        # what two patterns spell alike is one find
        table: dict[str, dict[tuple[object, ...], tuple[Pattern, Term]]] = {}
        for pattern, term in _terms(names):
            name = term.name.english if term.name else None
            kind = (pattern.rest, pattern.cased, term.sort, term.group, term.topic, term.language, term.watches, name)
            table.setdefault(pattern.head, {}).setdefault(kind, (pattern, term))
        self._table = {head: tuple(pairs.values()) for head, pairs in table.items()}
        self._spoken: dict[str, tuple[ahocorasick_rs.AhoCorasick, list[_Held]]] = {}

    def find(self, text: str, folded: str, language: str) -> list[Hit]:
        """All terms of `language` in `text`, by start, longer ones first. `folded` is `fold(text)`."""
        found: list[Hit] = []
        automaton, payloads = self._spoken.get(language) or self._of(language)
        size = len(folded)
        for index, start, end in automaton.find_matches_as_indexes(folded, overlapping=True):
            if start and folded[start - 1].isalnum():
                continue
            held = payloads[index]
            if held.words and (end == size or not folded[end].isalnum()):
                found += [Hit(start, end, term) for term in held.words]
            if held.stems:
                word = _ENDING.match(folded, end)
                found += [Hit(start, word.end() if word else end, term) for term in held.stems]
            if not held.marked:
                continue
            behind = folded[end : end + REACH]
            for pairs in held.following(behind):
                for pattern, term in pairs:
                    if pattern.cased and not text[start].isupper():
                        continue
                    if pattern.rest is None:
                        if end == size or not folded[end].isalnum():
                            found.append(Hit(start, end, term))
                    elif match := compiled(pattern.rest).match(folded, end):
                        found.append(Hit(start, match.end(), term))
        # by start, longer ones first: two plain keys cost a third of one that is made for each hit
        found.sort(key=_END, reverse=True)
        found.sort(key=_START)
        return found

    def _of(self, language: str) -> tuple[ahocorasick_rs.AhoCorasick, list["_Held"]]:
        """The automaton of one language, and what each of its spellings stands for; made when a text needs it.

        Most spellings of an alphabet are of another language, and would be found for nothing.
        """
        heads: list[str] = []
        own: list[_Held] = []
        for head, pairs in self._table.items():
            spoken = [pair for pair in pairs if pair[1].language in (None, language)]
            if not spoken:
                continue
            words: list[Term] = []
            stems: list[Term] = []
            marked: dict[str, list[tuple[Pattern, Term]]] = {}
            for pattern, term in spoken:
                if pattern.cased or not (pattern.rest is None or pattern.stem):
                    marked.setdefault(pattern.needs, []).append((pattern, term))
                else:
                    (stems if pattern.stem else words).append(term)
            heads.append(head)
            own.append(_Held(words, stems, marked))
        automaton = ahocorasick_rs.AhoCorasick(heads, implementation=ahocorasick_rs.Implementation.ContiguousNFA)
        self._spoken[language] = automaton, own
        return automaton, own


_Pairs = tuple[tuple[Pattern, Term], ...]
_MANY = 12


class _Held:
    """What one spelling stands for: as a whole word, with any ending, and with what must follow it, or a capital that
    is to be looked at.

    `marked` is by the next word that a pattern needs: "exchange" begins hundreds of patterns, and a look for the word
    costs a fifth of a regular expression; where the words are many, one look finds all that are there.
    """

    __slots__ = ("_finder", "_pairs", "_plain", "marked", "stems", "words")

    def __init__(
        self, words: Sequence[Term], stems: Sequence[Term], marked: Mapping[str, Sequence[tuple[Pattern, Term]]]
    ):
        self.words, self.stems, self.marked = tuple(words), tuple(stems), bool(marked)
        self._plain = [(needs, tuple(pairs)) for needs, pairs in marked.items()]
        self._finder: ahocorasick_rs.AhoCorasick | None = None
        self._pairs: list[_Pairs] = []
        if len(marked) > _MANY:
            sought = [(needs, pairs) for needs, pairs in self._plain if needs]
            self._plain = [(needs, pairs) for needs, pairs in self._plain if not needs]
            self._pairs = [pairs for _, pairs in sought]
            self._finder = ahocorasick_rs.AhoCorasick([needs for needs, _ in sought])

    def following(self, behind: str) -> Iterator[_Pairs]:
        """The patterns whose next word is among the characters behind."""
        for needs, pairs in self._plain:
            if needs in behind:
                yield pairs
        if self._finder is not None:
            found = self._finder.find_matches_as_indexes(behind, overlapping=True)
            for index in sorted({index for index, _, _ in found}) if found else ():
                yield self._pairs[index]


def compile_lexicon(names: Sequence[Names]) -> Lexicon:
    """The automata for all watches and languages. Raises ExtractorError when a pattern cannot be read.

    The same data give the same lexicon, which is kept: a command may ask for it more than once.
    """
    digest = _digest(names)
    if digest not in _COMPILED:
        while len(_COMPILED) >= _KEPT:
            del _COMPILED[next(iter(_COMPILED))]
        _COMPILED[digest] = Lexicon(names, digest)
    return _COMPILED[digest]


_KEPT = 2
_COMPILED: dict[str, Lexicon] = {}


def _terms(names: Sequence[Names]) -> list[tuple[Pattern, Term]]:
    spelt: list[tuple[str, Term]] = []
    known: dict[tuple[str, str, str, str], list[str]] = {}
    for watch in names:
        for topic in watch.topics:
            for language, groups in topic.words.items():
                for group, patterns in groups.items():
                    for pattern in patterns:
                        known.setdefault((pattern, topic.topic, language, group), []).append(watch.watch)
    for (pattern, topic_id, language, group), watches in known.items():
        term = Term("word", group, topic_id, language, None, tuple(sorted(set(watches))))
        spelt += [(spelling, term) for spelling in expand(pattern)]
    for language, cues in CUES.items():
        for group, patterns in cues.items():
            term = Term("cue", group, None, language, None, ())
            spelt += [(spelling, term) for pattern in patterns for spelling in expand(pattern)]
    named = [pair for watch in names for pair in _names_of(watch)]
    folded = _fold_all([spelling for spelling, _ in spelt + named])
    out = [(compile_pattern(form), term) for form, (_, term) in zip(folded, spelt, strict=False)]
    # A short name in capitals (US, РФ) is a common word when in small letters.
    out += [
        (Pattern(form, None, len(form) <= _SHORT), term)
        for form, (_, term) in zip(folded[len(spelt) :], named, strict=True)
    ]
    return out


def _names_of(watch: Names) -> list[tuple[str, Term]]:
    out: list[tuple[str, Term]] = []
    for name in watch.names:
        # who belongs to a side that is no party of the watch tells, like that side, of other business
        foreign = name.of is not None and name.kind in ("people", "person", "body") and name.of not in watch.parties
        term = Term("name", "other" if foreign else name.kind, None, None, name, (watch.watch,))
        spellings: set[str] = set()
        for language, bases in name.forms.items():
            for base in bases:
                spellings |= forms(base, language, name.kind)
        out += [(spelling, term) for spelling in sorted(spellings)]
    return out


def _fold_all(spellings: Sequence[str]) -> list[str]:
    """Folding keeps length, so thousands of spellings can be folded as one text: ten times faster than one by one."""
    whole = fold(_BETWEEN.join(spellings))
    return whole.split(_BETWEEN)


def _digest(names: Sequence[Names]) -> str:
    digest = hashlib.sha256()
    for watch in names:
        digest.update(repr((watch.watch, watch.parties)).encode())
        for name in watch.names:
            digest.update(repr((name.english, name.kind, name.of, sorted(name.forms.items()))).encode())
        for topic in watch.topics:
            for language in sorted(topic.words):
                digest.update(repr((topic.topic, language, sorted(topic.words[language].items()))).encode())
        for holiday in watch.holidays:
            digest.update(repr((holiday.english, holiday.days, sorted(holiday.forms.items()))).encode())
    for language in sorted(CUES):
        digest.update(repr(sorted(CUES[language].items())).encode())
    return digest.hexdigest()[:16]
