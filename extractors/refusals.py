"""Why a trigger was refused: every rule of `Rejection.rule`, with what it says to a reader of `parley explain`.

Beside these, each topic names reasons of its own, as ``not-why`` groups of its words: there ``phone-call`` refuses a
talk by telephone, ``in-exchange-for`` an idiom, ``statement-expected`` a statement that is only awaited. They are read
as they are written.
"""

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    # words that are no event of the kind
    "idiom-of-something-else": "the words are part of a phrase that means something else",
    "bare-word-in-other-company": "a word of many meanings stands beside words of another matter",
    "goes-on-about-it": "the sentence before spoke of something else of that name, and this one goes on about it",
    "bare-word-alone": "a word of many meanings, and neither parties, a place nor a full name of the kind near it",
    "verb-without-its-object": "a verb of the kind, and nobody named near it whom it could be about",
    "verb-without-a-side": "a verb of the kind, and no side named in the sentence",
    "return-of-others": "somebody or something came back, but neither prisoners, bodies nor children of the parties",
    "meeting-of-other-parties": "people met who are not the delegations of both sides",
    # another party's business
    "partner-of-another-process": "the partner that is named is none of the watch's parties",
    "parties-of-another-process": "the sentence names one party beside somebody else, or others alone",
    "goes-on-about-others": "the sentence before told of others, and this one names no party of the watch",
    "people-of-others": "whose people come home is said, and they are of none of the watch's parties",
    "parties-not-named": "the article does not name the watch's parties",
    "article-of-another-process": "the article names others more often than the watch's parties",
    "of-sport": "the article is about sport, where players are exchanged and clubs hold rounds of talks",
    # nothing is stated
    "question": "a question states nothing",
    "spoken-about": "it is a subject of talk, and nothing is said to have been decided",
    "no-predicate": "the event is named and nothing is said of it",
    "negated": "the sentence says that it is not so",
    "negated-reversal": "the sentence says that it was not called off, which is no news of it",
    "infinitive-alone": "a verb without tense, and nothing governs it",
    "unanchored": "talk of it in general: no place, date, number, count or both sides tell which one",
    # not the article's own words
    "noise-run-on": "a run of words without a full stop: a menu, a table or script",
    "noise-see-also": "a line that points to another article",
    "noise-caption": "the caption of a picture, which may be an old one",
    "noise-headline-list": "a list of headlines",
    "noise-heading": "a heading or a scrap of the page",
}
"""Rule → what was refused and why."""

SOMETHING_ELSE = frozenset({"round-of-something-else", "talks-on-other-business", "goes-on-about-it"})
"""After these the next sentence's "third round" is of the same other matter."""

FOREIGN = frozenset(
    {
        "partner-of-another-process", "parties-of-another-process", "goes-on-about-others", "people-of-others",
        "article-of-another-process",
    }
)  # fmt: skip
"""These say that an event is of others than the watch's parties."""

NAMED_AS = "named-as-"
SAID_OF = "said-of-"


def because(rule: str) -> str:
    """What a rule says, in words; a topic's own reason is its own words."""
    if rule in RULES:
        return RULES[rule]
    if rule.startswith(NAMED_AS):
        return f"the same words name another kind in full: {rule.removeprefix(NAMED_AS)}"
    if rule.startswith(SAID_OF):
        return f"what the verb is about belongs to another kind: {rule.removeprefix(SAID_OF)}"
    return f"the topic's words tell it apart: {rule.replace('-', ' ')}"
