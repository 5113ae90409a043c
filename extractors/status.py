"""Where an event stands, read from the predicate that governs its head: ordered rules, each with a name."""

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

from extractors.cues import AFTER_HEAD, BEFORE_HEAD, PREDICATES, STATUS_OF
from extractors.languages import get
from extractors.lexicon import Hit
from extractors.mentions import Head
from extractors.passages import Passage
from extractors.records import Status

# "after the second round of direct talks": what stands between a frame and its head are the head's own attributes.
_FRAME_REACH = 45
# A modal or a negation stands right beside its verb: "may soon take place", "did not take place".
_BESIDE = 22
# "Agreed to a ceasefire on May 9, 10 and 11 and to exchange prisoners".
_INFINITIVE = 70
_NEGATION_REACH = 14
_OVER_CLAUSE = 2
_OPENING = 3
_OPENS = 1
_OPENS_CLAUSE = 8
_RELATIVE = 60
_COPULA = 12
_ATTRIBUTED = 30  # "according to Kyiv, this is the third swap"
_MAIN_VERB = 90
_HOPE = 30
_DENIAL_REACH = 80
_AUXILIARY: frozenset[str] = frozenset(
    {"future", "goes-on", "possible", "wanted", "wanted-after", "denied", "postponed", "cancelled"}
)
_REVERSALS: frozenset[str] = frozenset({"postponed", "cancelled"})
_RANK = {group: rank for rank, group in enumerate(PREDICATES)}
_VERB_GROUPS = ("acts", "deeds", "scenes", "doing", "coming", "returns", "returning", "met", "meet")


class Standing(NamedTuple):
    """A status with the rules that gave it; None when nothing is said of it. `framed`: presupposed, not asserted."""

    status: Status | None
    rules: tuple[str, ...]
    framed: bool = False
    cue: tuple[int, int] | None = None
    loose: bool = False


def read_status(passage: Passage, head: Head) -> Standing:
    """The status of one head.

    Rules in order: what frames the head ("after the talks"), the verb that is the head itself with what stands beside
    it, the nearest predicate in its clause, the nearest in its sentence. Presupposition is not assertion: "at the
    second round X was agreed" says that the round was held, whatever happened at it.
    """
    asks = any(hit.start - passage.start <= _OPENING for hit in passage.cues("question"))
    if asks or passage.text[passage.start : passage.end].rstrip("\"'”»’ .").endswith("?"):
        return Standing(None, ("question",))
    frame = _frame(passage, head)
    if frame is not None:
        return frame
    if head.verb:
        standing = _on_condition(passage, _carried_out(passage, head, _of_verb(passage, head)))
        return standing._replace(framed=True) if _attribute(passage, head) else standing
    if _subject_of_talk(passage, head):
        return Standing(None, ("spoken-about",))
    low, high = passage.bounds(head.start)
    predicates = [hit for hit in passage.hits if _predicate(hit, head)]
    spoken_now = _beside_the_old_plan(passage, predicates)
    if spoken_now:
        predicates, low, high = spoken_now, passage.start, passage.end
    inside = [hit for hit in predicates if low <= hit.start < high]
    chosen = _nearest(inside or _past_the_aside(passage, head, predicates), head)
    loose = False
    if chosen is None:
        # across a comma a participle ("the swaps, agreed in Istanbul, ...") is an attribute, no predicate
        wider = [
            hit for hit in predicates
            if _distance(hit, head) <= 90 and hit.term.group not in AFTER_HEAD and not _of_another(passage, hit, head)
        ]  # fmt: skip
        # what stands alone between commas is said in apposition to what comes before it
        chosen = _nearest([hit for hit in wider if hit.end <= head.start], head) or _nearest(
            _main(passage, head, wider) or wider, head
        )
        loose = chosen is not None
    counted = passage.cues("whole") and passage.words(head.topic, "counted")
    this = passage.words(head.topic, "counted") and any(
        hit.start - passage.start <= _ATTRIBUTED for hit in passage.cues("this")
    )
    ended = chosen is not None and chosen.start in {hit.start for hit in passage.cues("ends")}
    if chosen is not None and ended and _subject_before(passage, chosen, head):
        # "the third round ended with a new swap": the verb is the round's, and the swap is what it agreed on
        return Standing("agreed", ("outcome-of-another",), False, (chosen.start, chosen.end))
    copula = this and chosen is not None and chosen.term.group == "held" and chosen.end <= head.start
    if copula and chosen is not None and chosen.start - passage.start <= _COPULA:
        # "it was the fifth round since May" calls by its number what has just been told
        return Standing("concluded", ("verdict",), True, (head.start, head.end))
    if chosen is None and (passage.cues("superlative") or counted or this):
        # "Це найбільший обмін", "the third exchange since": a verdict on what has taken place
        return Standing("concluded", ("verdict",), True, (head.start, head.end))
    if chosen is None:
        return Standing(None, ("no-predicate",))
    reach = high if spoken_now else passage.bounds(head.start)[1]
    standing = _with_company(passage, head, chosen, predicates, loose, reach)
    return _on_condition(passage, _carried_out(passage, head, standing))


def _attribute(passage: Passage, head: Head) -> bool:
    """ "Ankara'da bir araya gelecek heyetler" (the delegations that will meet) presupposes that they will."""
    expression = _participle_of(passage.language.code)
    word = expression.match(passage.folded, passage.folded.rfind(" ", 0, head.end) + 1, passage.end)
    return word is not None and not any(
        cue.start == word.end() + 1 for cue in passage.cues("said", "possible", "agreed-after", "held", "future")
    )


@functools.cache
def _participle_of(language: str) -> re.Pattern[str]:
    # the clause ends with its verb: one word behind the participle is that verb, and no noun
    return re.compile(rf"(?:{get(language).pattern('participle')})(?=\s[^\W\d][\w']*\s[^\W\d])")


def _carried_out(passage: Passage, head: Head, standing: Standing) -> Standing:
    """ "The deal on a swap, which was carried out in May": what the relative clause says is the later word."""
    if standing.status not in ("agreed", "planned"):
        return standing
    cue = relative_clause(passage, head)
    if cue is None:
        return standing
    low, high = passage.bounds(cue.start)
    done = [hit for hit in passage.cues("held") if low <= hit.start < high]
    if done and not any(low <= hit.start < high for hit in passage.cues("future", "possible", "negated")):
        return Standing("concluded", (*standing.rules, "carried-out-since"), True, (done[0].start, done[0].end))
    return standing


def relative_clause(passage: Passage, head: Head) -> Hit | None:
    """The pronoun that opens a clause about the head, behind it and its complement ("the swap with Russia, which")."""
    for cue in passage.cues("relative"):
        if 0 <= cue.start - head.end <= _RELATIVE and passage.clause(cue.start) - passage.clause(head.start) <= 2:
            between = [hit for hit in passage.hits if head.end <= hit.start < cue.start]
            spoken = any(hit.term.sort == "cue" and hit.term.group in _RANK for hit in between)
            return None if spoken else cue
    return None


def _on_condition(passage: Passage, standing: Standing) -> Standing:
    """What opens with its condition is only proposed: "if both accept it, Hamas will free all hostages"."""
    opening = any(hit.start - passage.start <= _OPENING for hit in passage.cues("if"))
    if standing.status == "planned" and opening and not standing.framed:
        return standing._replace(status="proposed", rules=(*standing.rules, "on-condition"))
    return standing


def _of_another(passage: Passage, predicate: Hit, head: Head) -> bool:
    """ "Fifth round in Istanbul: a swap will take place": behind a colon the predicate is that of what stands there."""
    if predicate.start < head.end or ":" not in passage.text[head.end : predicate.start]:
        return False
    low, _ = passage.bounds(predicate.start)
    return any(
        hit.term.sort == "word" and hit.term.topic != head.topic and hit.term.group in ("names", "bare", "deals")
        and low <= hit.start < predicate.start
        for hit in passage.hits
    )  # fmt: skip


def _main(passage: Passage, head: Head, predicates: Sequence[Hit]) -> list[Hit]:
    """The predicates behind a relative clause: "the round, which began on Monday, ended without a result"."""
    cue = relative_clause(passage, head)
    if cue is None:
        return []
    number = passage.clause(cue.start)
    return [hit for hit in predicates if hit.start > cue.start and passage.clause(hit.start) > number]


def _past_the_aside(passage: Passage, head: Head, predicates: Sequence[Hit]) -> list[Hit]:
    """ "A sixth round, due on Wednesday, was called off": what opens the clause after the aside is said of it."""
    number = passage.clause(head.start)
    behind = [hit for hit in predicates if hit.start >= head.end and passage.clause(hit.start) == number + 2]
    first = [hit for hit in behind if hit.start - passage.bounds(hit.start)[0] <= _OPENS_CLAUSE]
    aside = number < len(passage.cuts) and passage.text[passage.cuts[number] - 1] == ","
    return first if aside and first and passage.text[passage.bounds(first[0].start)[0] - 1] == "," else []


def _subject_before(passage: Passage, verb: Hit, head: Head) -> bool:
    """Whether the verb before a head has its subject, an event of another kind, before it, and "with" behind it."""
    if verb.end > head.start or passage.clause(verb.start) != passage.clause(head.start):
        return False
    low, _ = passage.bounds(verb.start)
    nouns = [hit for hit in passage.hits if hit.term.group in ("names", "bare") and low <= hit.start < verb.start]
    others = [hit for hit in nouns if hit.term.topic != head.topic]
    own = [hit for hit in nouns if hit.term.topic == head.topic]
    joined = any(verb.end <= hit.start and hit.end <= head.start for hit in passage.cues("with"))
    return bool(others) and not own and (joined or passage.text[verb.end : head.start].strip().count(" ") <= 1)


def _beside_the_old_plan(passage: Passage, predicates: Sequence[Hit]) -> list[Hit]:
    """ "The meeting that was to be held on Wednesday will not take place": the predicates beside the old plan."""
    plans = passage.cues("was-to-be")
    return [hit for hit in predicates if not any(p.start <= hit.start < p.end for p in plans)] if plans else []


def _frame(passage: Passage, head: Head) -> Standing | None:
    best: Hit | None = None
    for hit in passage.cues("after", "during", "before"):
        covers = hit.start < head.start < hit.end
        reaches = covers or (
            0 <= head.start - hit.end <= _FRAME_REACH
            and _open(passage, hit.end, head.start)
            and not _past_another(passage, hit, head)
        )
        if reaches and (best is None or hit.end >= best.end):
            best = hit  # "arrived in Istanbul for talks": what stands right before the head frames it
    end = _whole(passage, head)
    for hit in passage.cues("after-post", "during-post", "before-post"):
        inflected = head.start < hit.end == end  # "ikinci turda": the case of the noun itself
        if (inflected or (hit.start >= head.end and hit.start - end <= 12)) and best is None:
            best = hit
    if best is None or head.group in _VERB_GROUPS:
        return None
    if any(0 <= hit.start - end <= 2 for hit in passage.cues("about-post")):
        return None  # "kararlaştırılan takasa ilişkin": it is a subject of talk, whatever was decided before
    group = best.term.group.removesuffix("-post")
    wishes = [h for h in passage.cues("wanted", "possible") if h.end <= head.start and h.start <= best.start]
    if group == "before" and any(passage.clause(h.start) == passage.clause(head.start) for h in wishes[-1:]):
        # "he offered a venue for the talks": what is only offered has no talks ahead yet
        return Standing(
            "proposed", ("frame-before", f"predicate-{wishes[-1].term.group}"), False, (best.start, best.end)
        )
    if group == "during" and any(h.start <= best.start and best.end <= h.end for h in wishes):
        # "a place to engage in talks": the preposition belongs to an infinitive
        return Standing("proposed", ("predicate-possible",), False, (best.start, best.end))
    if group == "before":
        if any(hit.end <= best.start for hit in passage.cues("wanted", "talk")):
            # "they discussed the preparation of an exchange": a subject of talk
            return Standing(None, ("spoken-about",))
        return Standing("planned", ("frame-before",), True, (best.start, best.end))
    low, high = passage.bounds(head.start)
    nearest = _nearest([h for h in passage.hits if low <= h.start < high and _predicate(h, head)], head)
    if group == "during" and nearest is not None and nearest.term.group == "future":
        # "at the second round they will discuss"
        return Standing("planned", ("frame-during", "predicate-future"), False, (best.start, best.end))
    beginning = [hit for hit in passage.cues("begun") if passage.clause(hit.start) == passage.clause(head.start)]
    if group == "during" and beginning:
        return Standing("underway", ("frame-during", "predicate-begun"), True, (best.start, best.end))
    return Standing("concluded", (f"frame-{group}",), True, (best.start, best.end))


def _past_another(passage: Passage, frame: Hit, head: Head) -> bool:
    """ "Came out of Thursday's talks with a deal to swap 700": the frame is that of the talks before "with"."""
    nouns = [
        hit for hit in passage.hits
        if hit.term.sort == "word" and hit.term.topic != head.topic and hit.term.group in ("names", "bare")
        and frame.end <= hit.start and hit.end <= head.start
    ]  # fmt: skip
    return any(nouns[-1].end <= hit.start < head.start for hit in passage.cues("with")) if nouns else False


def _whole(passage: Passage, head: Head) -> int:
    """Where the noun phrase of a head ends: "dördüncü tur görüşmelerde" are two words of the kind in a row."""
    end = head.end
    for hit in passage.words(head.topic, "names", "bare", "counted"):
        if hit.start <= end + 1 and hit.end > end:
            end = hit.end
    return end


def _subject_of_talk(passage: Passage, head: Head) -> bool:
    """ "Spoke about an exchange" tells of a subject, "agreed about an exchange" of an event."""
    decided = passage.cues("agreed", "agreed-after", "denied", "postponed", "cancelled")
    for hit in passage.cues("about"):
        if 0 <= head.start - hit.end <= 30 and _open(passage, hit.end, head.start):
            reported = any(0 <= hit.start - cue.end <= 2 for cue in passage.cues("said"))
            return not reported and not any(0 <= hit.start - cue.end <= 30 for cue in decided)
    end = _whole(passage, head)
    for hit in passage.cues("about-post"):
        if 0 <= hit.start - end <= 2:
            return not any(0 <= cue.start - hit.end <= 30 for cue in decided)
    return False


def _open(passage: Passage, start: int, end: int) -> bool:
    """Whether only attributes of the head stand between: no mark, no predicate, no name of a person."""
    between = passage.folded[start:end]
    if any(mark in between for mark in ',;:()"') or between.count(" ") > 5:
        return False
    for hit in passage.hits:
        if (
            start <= hit.start < end
            and hit.term.sort == "cue"
            and hit.term.group in _RANK
            and hit.term.group != "agreed"
        ):
            return False
    return True


def _of_verb(passage: Passage, head: Head) -> Standing:
    """A verb of the kind itself: its tense is its group's; an infinitive takes that of what governs it."""
    status = STATUS_OF.get(head.group)
    beside = [
        hit
        for hit in passage.cues(*_AUXILIARY, "agreed", "agreed-after", "negated")
        if (_governs(hit, head, _BESIDE if status else _INFINITIVE) or _opens(passage, hit, head))
        and passage.clause(hit.start) == passage.clause(head.start)
    ]
    if any(0 <= head.start - hit.end <= _DENIAL_REACH for hit in passage.cues("denied")):
        return Standing(None, ("negated",))
    negation = [hit for hit in beside if hit.term.group == "negated"]
    modal = [hit for hit in beside if hit.term.group != "negated"]
    if modal:
        top = min(modal, key=lambda hit: (_RANK[hit.term.group], hit.start))
        if negation:
            return Standing(None, ("negated",))
        return Standing(
            STATUS_OF[top.term.group],
            (f"verb-{head.group}", f"predicate-{top.term.group}"),
            False,
            (top.start, top.end),
        )
    if negation:
        return Standing(None, ("negated",))
    shifted = any(hit.start == head.start and hit.end < head.end for hit in passage.cues("possible"))
    if status == "planned" and shifted and not any(hit.end <= head.start for hit in passage.cues("said", "agreed")):
        # "would be returned" is the future of a report, or else that of an offer
        return Standing("proposed", (f"verb-{head.group}", "would-of-an-offer"), False, (head.start, head.end))
    if status is None and _headline(passage, head):
        return Standing("planned", (f"verb-{head.group}", "headline-infinitive"), False, (head.start, head.end))
    if status is None:
        return Standing(None, ("infinitive-alone",))
    return Standing(status, (f"verb-{head.group}",), False, (head.start, head.end))


def _headline(passage: Passage, head: Head) -> bool:
    """ "Russia and Ukraine to exchange 500 prisoners": right behind a side, a headline's infinitive is its future."""
    return (
        passage.zone == "title"
        and _infinitive(passage.language.code).match(passage.folded, head.start) is not None
        and any(0 <= head.start - hit.end <= 1 for hit in passage.names("party", "people", "body"))
    )


@functools.cache
def _infinitive(language: str) -> re.Pattern[str]:
    return re.compile(get(language).pattern("headline_infinitive"))


def _opens(passage: Passage, hit: Hit, head: Head) -> bool:
    """A conjunction of purpose or doubt holds for the whole clause it opens ("щоб українці зустріли свята вдома")."""
    return hit.term.group == "possible" and 0 <= hit.start - passage.bounds(head.start)[0] <= _OPENS


def _governs(hit: Hit, head: Head, reach: int) -> bool:
    if hit.end <= head.start:
        return head.start - hit.end <= reach and hit.term.group not in AFTER_HEAD
    # "увидятся ли делегации": the particle of an indirect question stands right behind the verb
    asked = hit.term.group == "possible" and 0 <= hit.start - head.end <= 1
    behind = hit.start >= head.end and hit.start - head.end <= reach
    return asked or (behind and hit.term.group in AFTER_HEAD | {"negated"})


def _predicate(hit: Hit, head: Head) -> bool:
    term = hit.term
    if hit.start < head.end and head.start < hit.end:
        return False
    if term.sort == "cue" and term.group in _RANK:
        if term.group in BEFORE_HEAD:
            return hit.end <= head.start
        if term.group in AFTER_HEAD:
            return hit.start >= head.end
        return True
    return term.sort == "word" and term.topic == head.topic and term.group in _VERB_GROUPS


def _distance(hit: Hit, head: Head) -> int:
    return head.start - hit.end if hit.end <= head.start else hit.start - head.end


def _nearest(hits: Sequence[Hit], head: Head) -> Hit | None:
    return min(
        hits, key=lambda hit: (_distance(hit, head), hit.start, -hit.end, _RANK.get(hit.term.group, 99)), default=None
    )


def _with_company(
    passage: Passage, head: Head, chosen: Hit, predicates: Sequence[Hit], loose: bool, high: int
) -> Standing:
    """The chosen predicate with the auxiliaries, modals and negations beside it, up to `high`."""
    company = [
        hit for hit in predicates
        if hit is not chosen and hit.term.sort == "cue" and abs(_gap(hit, chosen)) <= _BESIDE
        and not (chosen.end <= head.start and _participle(passage, hit, head))
        and hit.term.group in _AUXILIARY
    ]  # fmt: skip
    low = passage.bounds(head.start)[0]
    # "planned talks have been postponed", "he hopes that they will": an attribute or the verb of hoping is far off
    company += [
        hit
        for hit in passage.cues("postponed", "cancelled", "possible")
        if (head.end <= hit.start < high and hit.term.group != "possible" and hit.start - head.end <= _MAIN_VERB)
        or (low <= hit.start < chosen.start and hit.term.group == "possible" and chosen.start - hit.end <= _HOPE)
    ]
    # "it is likely that they will meet": what is said of the whole clause holds for its predicate
    company += [hit for hit in passage.cues("denied") if 0 <= head.start - hit.end <= _DENIAL_REACH]
    company += [hit for hit in passage.cues("possible") if 0 <= low - hit.end <= _OVER_CLAUSE]
    top = min([chosen, *company], key=lambda hit: (_RANK.get(hit.term.group, 99), hit.start))
    governed = (top.start, chosen.start, head.start)
    negated = [
        hit for hit in passage.cues("negated") if any(0 <= place - hit.end <= _NEGATION_REACH for place in governed)
    ]
    rules = tuple(dict.fromkeys((f"predicate-{chosen.term.group}", f"predicate-{top.term.group}")))
    if negated and top.term.group not in ("denied", "postponed", "cancelled"):
        return Standing(None, (*rules, "negated"), False, (top.start, top.end))
    if negated:
        rule = "negated" if top.term.group == "denied" else "negated-reversal"
        return Standing(None, (*rules, rule), False, (top.start, top.end))
    near = _distance(top, head) <= _HOPE
    shifted = near and top.term.group == "possible" and top.start in {hit.start for hit in passage.cues("would")}
    if shifted and any(hit.end <= top.start for hit in passage.cues("said")):
        return Standing("planned", (*rules, "future-of-a-report"), False, (top.start, top.end), loose)
    return Standing(STATUS_OF[top.term.group], rules, False, (top.start, top.end), loose)


def _participle(passage: Passage, hit: Hit, head: Head) -> bool:
    """ "The talks began, twice put off": behind a comma, with the predicate said before, a reversal is an attribute."""
    return (
        hit.term.group in _REVERSALS and hit.start >= head.end
        and passage.clause(hit.start) != passage.clause(head.start)
    )  # fmt: skip


def _gap(one: Hit, other: Hit) -> int:
    return max(one.start, other.start) - min(one.end, other.end)
