"""The groups of language cues, and how each stands to the noun or verb that names an event (its head).

A cue file gives, per group, patterns in the notation of `extractors.topicwords`.

Predicates, which give a status:
``held`` it took place, ``ends`` those of them whose subject may end with something; ``begun`` it is in course;
``goes-on`` it goes on, also on a day to come; ``future`` it will be; ``possible`` it may be, or its being is a
condition or a wish; ``postponed``, ``cancelled``, ``denied``: it will not, or was not. They may stand on either side.
``agreed``, ``wanted`` govern a head behind them ("agreed on a swap"), ``agreed-after``, ``wanted-after`` one before
them ("takas konusunda anlaştı", "the swap was agreed"): which of the two a language uses is a fact of its word order.
``would`` is the future as a report shifts it. ``if`` opens a condition, under which nothing is planned yet.
``negated`` turns the predicate next to it.

``question`` words open a question, which states nothing; ``with`` joins a partner to the head. ``sides`` names both
parties at once ("the two sides"). ``idle`` phrases hold words that are cues elsewhere, and say nothing here
("captives held in Gaza"). ``about`` right before a head, or ``about-post`` right behind it, makes it a subject of
talk ("spoke about an exchange"), unless it was agreed on.

Frames, which presuppose the event: ``after`` and ``during`` an event that was, ``before`` one that will be; right
before the head, or with the ``-post`` groups right behind it (Turkish).

``this`` opens a sentence about the event just told ("it was the third swap of the year"). ``dated`` says that the
day of what is spoken of is known, whoever keeps it to himself.

Attributes: ``previous``, ``another`` (``another-post`` where it stands behind its noun), ``superlative``, ``part``,
``final``, ``deal``, ``undated``, ``pluperfect``. Sentence openers and adverbs of recall: ``recap``. Counting:
``each``, ``whole``. Who gives and who gets: ``gives``, ``gets`` (a verb in both is told by whom it names behind it),
``from`` before the giver, ``toward`` before the one who gets. Comparing: ``since``, which presupposes what follows it
("the first since the delegations met"), and ``since-post`` right behind that. ``portion`` nouns take an ordinal away
from the noun behind them ("the second day of the exchange"). ``was-to-be`` is the future seen from the past. ``talk``
verbs tell of a conversation; ``we`` are the words of who speaks for himself. Reporting: ``said``, ``refuser``.
``clause`` words open a clause, ``relative`` ones a clause about the noun before it. Lines that are not the article's
own text begin with ``caption`` or ``seealso``; a title with a ``digest`` word stands above what other articles told,
one with a ``press`` word above what other newspapers did, one with an ``anniversary`` above what was long ago, one
with an ``interview`` above what somebody lived through. Where ``sport`` words are many, players are exchanged.
"""

from collections.abc import Mapping

from extractors.records import Status

GROUPS: tuple[str, ...] = (
    "held",
    "ends",
    "begun",
    "goes-on",
    "agreed",
    "agreed-after",
    "future",
    "possible",
    "would",
    "if",
    "wanted",
    "wanted-after",
    "negated",
    "postponed",
    "cancelled",
    "denied",
    "after",
    "during",
    "before",
    "after-post",
    "during-post",
    "before-post",
    "about",
    "about-post",
    "question",
    "with",
    "recap",
    "previous",
    "another",
    "another-post",
    "superlative",
    "pluperfect",
    "part",
    "final",
    "deal",
    "undated",
    "dated",
    "this",
    "each",
    "whole",
    "gives",
    "gets",
    "from",
    "toward",
    "since",
    "since-post",
    "talk",
    "we",
    "was-to-be",
    "portion",
    "said",
    "refuser",
    "clause",
    "relative",
    "caption",
    "press",
    "anniversary",
    "interview",
    "sport",
    "digest",
    "seealso",
    "idle",
    "sides",
)
"""Every language has all of them, some empty."""

PREDICATES: tuple[str, ...] = (
    "denied",
    "postponed",
    "cancelled",
    "wanted",
    "wanted-after",
    "possible",
    "agreed",
    "agreed-after",
    "goes-on",
    "future",
    "begun",
    "held",
)
"""Groups that give a status, in the order in which they win when they stand together ("may be postponed")."""

STATUS_OF: Mapping[str, Status] = {
    "denied": "denied",
    "postponed": "postponed",
    "cancelled": "cancelled",
    "wanted": "proposed",
    "wanted-after": "proposed",
    "possible": "proposed",
    "agreed": "agreed",
    "agreed-after": "agreed",
    "future": "planned",
    "begun": "underway",
    "goes-on": "underway",
    "held": "concluded",
    "acts": "concluded",
    "deeds": "concluded",
    "scenes": "underway",
    "doing": "underway",
    "coming": "planned",
    "returns": "concluded",
    "returning": "planned",
    "met": "concluded",
    "meet": "planned",
    "wished": "proposed",
    "deals": "agreed",
}
"""The status that a predicate or a topic's verb stands for, before what governs it is asked."""

BEFORE_HEAD: frozenset[str] = frozenset({"agreed", "wanted"})
AFTER_HEAD: frozenset[str] = frozenset({"agreed-after", "wanted-after"})
HAPPENED: frozenset[str] = frozenset({"underway", "concluded"})
AHEAD: frozenset[str] = frozenset({"planned", "agreed", "proposed"})
