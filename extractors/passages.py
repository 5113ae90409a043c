"""A text cut into sentences that know their zone: what is the article's own news, and what is the page's noise."""

import re
from bisect import bisect_right
from collections.abc import Iterable, KeysView, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, NamedTuple

from extractors.fold import fold
from extractors.languages import Language
from extractors.lexicon import Hit, Lexicon
from extractors.records import Field
from extractors.sentences import split

Zone = Literal["title", "lead", "body", "tail", "noise"]

_PLAIN = re.compile(r"[\W_]+")
_LETTERS = re.compile(r"[^\W\d_]+")
# A comma between digits groups thousands, a dash makes a range; elsewhere they may part two statements.
# One class in front lets the expression leap from mark to mark.
_CUTS = re.compile(
    r"[;:()—–,.\-](?:(?<=[;:()])|(?<=[—–])(?:(?<!\d.)|(?!\d))|(?<=,)(?!\d|(?<=\d,)\s\d)|(?<=\s-)\s|(?<=\.)\s)"
)
_LEAD_SENTENCES = 2
_TAIL_FROM = 0.6
_FURNITURE_WORDS = 3
_CLOCK = re.compile(r"\W{0,3}(?:[01]?\d|2[0-3])[:.][0-5]\d(?!\d|[.,]\d)(?:\s|\Z)")
_LISTED = re.compile(r"(?:[•▪◾◼■●⚫♦◆‣∙·*]\s?|\d{1,2}[.)]\s)")
_ITEMS = 3  # times of day that open a paragraph; two may be a dateline and an update
_LEAD_MARKS = 8
# The longest sentences of real news have some 700 characters. A longer run without a full stop is a menu, a table or
# script, and what it costs to relate all its words to each other grows with the cube of their number.
_RUN_ON = 1200
_FINAL = frozenset(".!?…»”\"'’):")


@dataclass(frozen=True, slots=True)
class Passage:
    """One sentence. Offsets of hits and cuts are code points of the whole field; `folded` is the folded field.

    `item` counts the items of a live blog or digest from 1; 0 is the text before them, and any other text.
    """

    field: Field
    text: str
    folded: str
    start: int
    end: int
    paragraph: int
    index: int
    zone: Zone
    hits: tuple[Hit, ...]
    cuts: tuple[int, ...]
    table: "Table"
    language: Language
    noise: str | None = None
    item: int = 0

    def clause(self, at: int) -> int:
        """The number of the clause in which a place of the field lies."""
        return bisect_right(self.cuts, at)

    def bounds(self, at: int) -> tuple[int, int]:
        """The clause around a place, as offsets of the field."""
        number = self.clause(at)
        return (
            self.cuts[number - 1] if number else self.start,
            self.cuts[number] if number < len(self.cuts) else self.end,
        )

    def cues(self, *groups: str) -> Sequence[Hit]:
        """The hits of these cue groups, in order."""
        return _picked(self.table.cues, groups)

    def words(self, topic: str, *groups: str) -> Sequence[Hit]:
        """The hits of these word groups of one topic, in order."""
        held = self.table.words.get(topic)
        return _picked(held, groups) if held else ()

    def names(self, *kinds: str) -> Sequence[Hit]:
        """The hits of names, of these kinds or of all."""
        return _picked(self.table.names, kinds) if kinds else self.table.named

    def topics(self) -> KeysView[str]:
        """The topics of which the passage holds any word."""
        return self.table.words.keys()


class Table(NamedTuple):
    """The hits of a passage by what rules ask for: far more often than texts hold it, so that the answer "none" must
    cost nothing. `named` are all names."""

    cues: Mapping[str, Sequence[Hit]]
    words: Mapping[str, Mapping[str, Sequence[Hit]]]
    names: Mapping[str, Sequence[Hit]]
    named: Sequence[Hit]


def _picked(held: Mapping[str, Sequence[Hit]], groups: Sequence[str]) -> Sequence[Hit]:
    if len(groups) == 1:
        return held.get(groups[0], ())
    if not held:
        return ()
    found = [held[group] for group in groups if group in held]
    if len(found) <= 1:
        return found[0] if found else ()
    return sorted(chain.from_iterable(found), key=_place)


def indexed(hits: Sequence[Hit]) -> Table:
    """The table of some hits, which are in order."""
    cues: dict[str, list[Hit]] = {}
    words: dict[str, dict[str, list[Hit]]] = {}
    names: dict[str, list[Hit]] = {}
    named: list[Hit] = []
    for hit in hits:
        term = hit.term
        if term.sort == "cue":
            cues.setdefault(term.group, []).append(hit)
        elif term.sort == "word":
            words.setdefault(term.topic or "", {}).setdefault(term.group, []).append(hit)
        else:
            names.setdefault(term.group, []).append(hit)
            named.append(hit)
    return Table(cues, words, names, named)


def _place(hit: Hit) -> tuple[int, int]:
    return hit.start, -hit.end


def read_passages(title: str | None, text: str, language: Language, lexicon: Lexicon) -> list[Passage]:
    """Title and text as passages in reading order, each with its zone. Noise is kept, and marked, to be refused."""
    out: list[Passage] = []
    if title:
        out += _field("title", title, language, lexicon, "title", "")
    out += _field("text", text, language, lexicon, "body", _plain(title or ""))
    return out


def _field(field: Field, text: str, language: Language, lexicon: Lexicon, zone: Zone, title: str) -> list[Passage]:
    folded = fold(text)
    sentences = split(text, language)
    hits = lexicon.find(text, folded, language.code)
    starts = [hit.start for hit in hits]
    own: list[tuple[int, int, int, str | None, tuple[Hit, ...]]] = []
    opening = title.split(" ", 1)[0]
    ends = [
        i + 1 == len(sentences) or sentences[i + 1].paragraph != sentence.paragraph
        for i, sentence in enumerate(sentences)
    ]
    # a text copied without full stops has no headings to tell from statements
    closed = sum(text[s.start : s.end].rstrip()[-1:] in _FINAL for s, last in zip(sentences, ends, strict=True) if last)
    punctuated = closed * 3 >= sum(ends)
    for sentence, last in zip(sentences, ends, strict=True):
        left = bisect_right(starts, sentence.start - 1)
        right = bisect_right(starts, sentence.end - 1)
        inside = _spoken(hit for hit in hits[left:right] if hit.end <= sentence.end)
        noise = None
        if field == "text":
            line = text[sentence.start : sentence.end]
            # few lines begin as the title does: the others need no look at their letters
            begins = bool(opening) and opening in folded[sentence.start : sentence.start + len(opening) + _LEAD_MARKS]
            plain = _PLAIN.sub(" ", folded[sentence.start : sentence.end]).strip() if begins else ""
            noise = _noise(line, plain, inside, sentence.start, title, last and punctuated)
            if noise == "noise-heading" and not title and not own and len(sentences) > 1 and last:
                # an article that came without its title begins with it
                noise = "title-repeated"
        elif sentence.end - sentence.start > _RUN_ON:
            noise = "noise-run-on"
        own.append((sentence.start, sentence.end, sentence.paragraph, noise, inside))
    real = [i for i, row in enumerate(own) if row[3] is None]
    rank = {index: order for order, index in enumerate(real)}
    items = _items(text, own) if field == "text" else ()
    out: list[Passage] = []
    for index, (start, end, paragraph, noise, inside) in enumerate(own):
        place: Zone = zone
        number = bisect_right(items, (start, len(text)))
        if number and start >= items[number - 1][1]:
            number = 0
        if noise == "title-repeated":
            place = "title"
        elif noise:
            place = "noise"
        elif number:
            # each item of a live blog is an article of its own, and what it recalls is told elsewhere
            item = items[number - 1][0]
            place = "lead" if sum(item <= own[i][0] < start for i in real) < _LEAD_SENTENCES else "body"
        elif field == "text":
            place = _zone(rank[index], len(real))
        table = indexed(inside)
        out.append(
            Passage(
                field, text, folded, start, end, paragraph, index, place, inside,
                _cuts(text, start, end, table), table, language, noise if place == "noise" else None,
                number,
            )
        )  # fmt: skip
    return out


def _spoken(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """The hits without cues inside a phrase where they say nothing: captives "held in Gaza" are no round that was."""
    found = tuple(hits)
    idle = [hit for hit in found if hit.term.group == "idle"]
    if not idle:
        return found
    silent = [
        hit for hit in found
        if hit.term.sort == "cue" and hit.term.group != "idle"
        and any(each.start <= hit.start and hit.end <= each.end for each in idle)
    ]  # fmt: skip
    return tuple(hit for hit in found if hit not in silent)


def _items(text: str, rows: Sequence[tuple[int, int, int, str | None, tuple[Hit, ...]]]) -> tuple[tuple[int, int], ...]:
    """Where the items of a live blog or a digest begin and end. Empty for any other text.

    An item of a live blog opens with the time of day and goes on to the next; one of a list, with a number or a bullet,
    is a paragraph, or what stands under it where that is only a heading.
    """
    heads = [(start, end) for start, end, *_ in rows if start == 0 or text[start - 1] == "\n"]
    times = [start for start, end in heads if _CLOCK.match(text, start, end)]
    if len(times) >= _ITEMS:
        return tuple(zip(times, [*times[1:], len(text)], strict=True))
    listed = [start for start, end in heads if _LISTED.match(text, start, end)]
    if len(listed) < _ITEMS:
        return ()
    ends = [end if (end := text.find("\n", start)) >= 0 else len(text) for start in listed]
    headings = sum(text[start:end].rstrip()[-1:] not in _FINAL for start, end in zip(listed, ends, strict=True))
    if headings * 2 > len(listed):
        ends = [*listed[1:], len(text)]
    return tuple(zip(listed, ends, strict=True))


def _zone(order: int, count: int) -> Zone:
    if order < _LEAD_SENTENCES:
        return "lead"
    return "tail" if count > 5 and order >= count * _TAIL_FROM else "body"


def _cuts(text: str, start: int, end: int, table: Table) -> tuple[int, ...]:
    if not table.words and "each" not in table.cues:
        return ()  # nobody asks for the clauses of a sentence that speaks of no event; most are such
    marks = {match.end() for match in _CUTS.finditer(text, start, end)}
    marks.update(hit.start for hit in table.cues.get("clause", ()))
    return tuple(sorted(mark for mark in marks if start < mark < end))


def _noise(sentence: str, plain: str, hits: Sequence[Hit], start: int, title: str, alone: bool) -> str | None:
    """Why a line does not speak as the article: the rule's name, or None for the article's own text.

    `alone`: the sentence ends its paragraph, in a text that does punctuate its paragraphs.
    """
    if len(sentence) > _RUN_ON:
        return "noise-run-on"
    if title and (plain == title or (alone and plain.startswith(title + " ") and sentence.rstrip()[-1:] not in _FINAL)):
        return "title-repeated"
    final = sentence.rstrip()[-1:] in _FINAL
    for hit in hits:
        if hit.term.sort != "cue":
            continue
        offset = hit.start - start
        # the first words of a line tell what kind of line it is
        if hit.term.group == "seealso" and offset <= 3:
            return "noise-see-also"
        if hit.term.group == "caption":
            before = sentence[:offset].rstrip()[-1:]
            behind = sentence[offset + hit.end - hit.start :].lstrip()[:1]
            if before in ("(", "/") or (not before and (behind == ":" or not final)):
                return "noise-caption"
    if sentence.count("·") >= 2 or sentence.count(" | ") >= 2:
        return "noise-headline-list"
    if not final and (alone or len(_LETTERS.findall(sentence)) <= _FURNITURE_WORDS):
        return "noise-heading"
    return None


def _plain(text: str) -> str:
    return _PLAIN.sub(" ", fold(text)).strip()
