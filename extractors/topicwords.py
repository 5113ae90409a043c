"""The notation in which a rule-writer spells the words of a topic, and the groups that they fall into.

A pattern is a word or a phrase as it stands in print; case, accents of typesetting (curly quotes, long dashes) and
runs of blanks do not matter. It matches whole words only. Five marks extend it:

* ``обмен*``: the word with any ending: обмен, обмена, обменом;
* ``{swap|exchange} of prisoners``: one spelling per alternative; an empty alternative drops the word:
  ``round of {peace|direct|} talks``;
* ``exchange ~ prisoners``: up to three other words may stand between, but no punctuation mark (``~ ~``: six);
* ``exchange # prisoners``: a number in figures;
* ``=March``: the first letter must be a capital where the pattern's is.

Groups (a topic may leave out what it does not need):

``names``    name the event by themselves: "prisoner swap", "обмін полоненими".
``bare``     may name it, and need a name, a unit, a side or an earlier full name near by: "swap", "talks".
``acts``     verbs which say that it happened: "swapped", "обменялись"; need a unit near, or an earlier full name.
``deeds``    such verbs that tell enough with a side alone: "sat face-to-face".
``scenes``   what is seen while it is in course, told with who is seen: "delegations entered the hall".
``doing``    verbs of its being in course: "are being exchanged"; need what ``acts`` need.
``coming``   the same, in the future: "обменяют", "takas edilecek".
``bound``    verb forms without a tense of their own (infinitives), read by what governs them: "to exchange".
``returns``  verbs of being back or given back: "are home", "повернулися"; need a unit or a demonym as well.
``returning`` the same in the future: "передаст", "will return".
``deals``    phrases that name the agreement itself: "prisoner swap deal", "deal to swap prisoners".
``wished``   phrases that ask for it: "list of deported children".
``met``      verbs of meeting, which say that it happened: "met", "sat down"; need the delegations near.
``meet``     the same in the future: "will meet".
``units``    nouns that counts attach to: "prisoners", "тіла".
``strong``   those units which by themselves tell the kind ("bodies", "prisoners"), so that `returns` need no more.
``counted``  nouns that an ordinal counts: "round", "stage of negotiations".
``not-why``  what looks like the event and is not, with the reason as its name: ``not-phone-call``. It cancels what it
             covers; the reason is the rule under which it is refused, also where it covers no other word.
``not``      the same without a reason of its own.
``general``  those of ``bare`` that mean most anything ("meeting"): only their own sentence can support them.
``spoilers`` words which, in the same clause, tell that a bare word is about something else: "phone", "tariff".
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from extractors.records import ExtractorError

GROUPS: frozenset[str] = frozenset(
    {
        "names", "bare", "acts", "deeds", "scenes", "doing", "coming", "bound", "returns", "returning",
        "met", "meet", "wished", "deals", "units", "strong", "counted", "not", "general", "spoilers",
    }
)  # fmt: skip

NOT = "not-"
_REASON = re.compile(r"not-[a-z]+(?:-[a-z]+)*")
_BRACE = re.compile(r"\{([^{}]*)\}")
_OPENING = re.compile(r"(?:[^\s{}]|\{[^{}]*\})*")
_BLANKS = re.compile(r"\s+")
# A gap stays inside a run of words: a comma or a full stop would join two statements.
_GAP = r"(?:[^\S\n]+[\w'’-]+){{0,{}}}?"
_GAP_WORDS = 3
_NUMBER = r"\d(?:[\d.,' ]*\d)?"
ENDING = r"[\w’']*"
"""What ``*`` stands for."""
_BLANK = r"[^\S\n]+"

REACH = 160
"""Characters behind a head in which the next word of a pattern is looked for: six long words stand between at most."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One spelling: the automaton finds `head`; `rest`, a regular expression if any, must match right behind it.

    Both are in the alphabet of `fold`. `cased`: the first letter of the find must be a capital in the text. `needs` is
    the first word of `rest`, or part of it: where it is not within `REACH` characters, `rest` cannot match.
    `stem`: `rest` is any ending and no more.
    """

    head: str
    rest: str | None
    cased: bool = False
    needs: str = ""
    stem: bool = False


def is_group(name: str) -> bool:
    """Whether a topic's words may stand under this name: a group of GROUPS, or a reason (``not-phone-call``)."""
    return name in GROUPS or _REASON.fullmatch(name) is not None


def expand(pattern: str) -> Iterator[str]:
    """All spellings of the brace alternations, in the order written. Raises ExtractorError on a stray brace."""
    found = _BRACE.search(pattern)
    if found is None:
        if "{" in pattern or "}" in pattern:
            raise ExtractorError(f"word pattern {pattern!r}: a brace without its partner; write {{one|other}}")
        yield _BLANKS.sub(" ", pattern).strip()
        return
    for choice in found.group(1).split("|"):
        yield from expand(pattern[: found.start()] + choice + pattern[found.end() :])


def check(pattern: str) -> None:
    """Raises ExtractorError when a spelling of the pattern cannot be compiled.

    Only with what it begins can a spelling fail: of the alternations behind its first word, one choice stands for all,
    since a pattern may have a thousand spellings.
    """
    opening = _OPENING.match(pattern)
    first = opening.end() if opening else 0
    behind = pattern[first:]
    while (found := _BRACE.search(behind)) is not None:
        behind = behind[: found.start()] + found.group(1).split("|")[0] + behind[found.end() :]
    for spelling in expand(pattern[:first] + behind):
        compile_pattern(spelling)


def compile_pattern(spelling: str) -> Pattern:
    """One expanded, already folded spelling. Raises ExtractorError when nothing literal is left to search for."""
    cased = spelling.startswith("=")
    spelling = spelling.removeprefix("=")
    cut = min((spelling.find(mark) for mark in "*~#" if mark in spelling), default=-1)
    if cut < 0:
        return Pattern(_required(spelling, spelling), None, cased)
    head, rest = spelling[:cut], spelling[cut:]
    regex = needs = ""
    if rest.startswith("~"):
        head = head.rstrip()
    for piece in re.findall(r"\*|#|(?: ?~)+ ?|\s|[^*~#\s]+", rest):
        if piece == "*":
            regex += ENDING
        elif piece == "#":
            regex += _NUMBER
        elif "~" in piece:
            regex += _GAP.format(_GAP_WORDS * piece.count("~")) + _BLANK
        elif piece.isspace():
            regex += _BLANK
        else:
            regex += re.escape(piece)
            needs = needs or piece
    return Pattern(_required(head, spelling), sys.intern(regex + r"(?!\w)"), cased, needs, rest == "*")


@cache
def compiled(rest: str) -> re.Pattern[str]:
    """The expression of a pattern's rest, compiled when a text first holds the words around it.

    Of the tens of thousands that a watch may have, a year of news needs some hundreds.
    """
    return re.compile(rest)


def _required(head: str, spelling: str) -> str:
    if not head.strip():
        raise ExtractorError(f"word pattern {spelling!r}: begin with a word, not with a mark")
    return head


def faults(topic: str, words: Mapping[str, Mapping[str, tuple[str, ...]]]) -> list[str]:
    """What is wrong with a topic's words, one sentence each: unknown groups, patterns that cannot be compiled."""
    found: list[str] = []
    for language, groups in words.items():
        for group, patterns in groups.items():
            if not is_group(group):
                known = ", ".join(sorted(GROUPS))
                found.append(
                    f"topic {topic}, words.{language}: unknown group {group!r}; groups are {known}, and not-why with a "
                    "reason in small letters"
                )
            for pattern in patterns:
                try:
                    check(pattern)
                except ExtractorError as error:
                    found.append(f"topic {topic}, words.{language}.{group}: {error}")
    return found
