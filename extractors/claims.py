"""What one article says: its mentions of events, merged to claims, and the triggers that were refused."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from extractors import languages
from extractors.belonging import Company, company_of, names_a_side, why_foreign
from extractors.counts import follow_on
from extractors.dates import FoundDate, find_dates
from extractors.drafting import mention_of
from extractors.focus import Draft, settle
from extractors.genre import Genre, is_a_digest, is_an_address, is_an_interview, is_of_a_conversation, is_of_sport
from extractors.language import identify
from extractors.lexicon import Lexicon
from extractors.mentions import FINITE, Head, Refusal, find_heads, is_set
from extractors.merging import merge
from extractors.moved import new_day
from extractors.numbers import FoundNumber, find_numbers
from extractors.passages import Passage, indexed, read_passages
from extractors.records import Article, Claim, Evidence, Mention, Names, Reading, Rejection
from extractors.refusals import FOREIGN, RULES, SAID_OF, SOMETHING_ELSE
from extractors.slots import bind, old_plan
from extractors.status import Standing, read_status

_WRITTEN = frozenset({"day", "range", "yearless", "month"})
_SAID_ON = 4
_NAMED_DAYS = frozenset({"day", "range", "yearless", "relative"})
_OPEN = frozenset({"spoken-about", "no-predicate", "predicate-wanted", "predicate-wanted-after", "predicate-possible"})
_HAPPENED = frozenset({"underway", "concluded"})


def read_claims(article: Article, lexicon: Lexicon) -> Reading:
    """The claims of an article for every watch of the lexicon; the article is judged alone.

    Pure: the same article and lexicon data give the same reading in any process. An article in a language that is not
    read, or too short to tell its language, gives an empty reading with `unread` set.
    """
    sample = f"{article.title or ''}\n{article.text}"
    code = article.language if article.language in languages.CODES else identify(sample, article.language)
    if code not in languages.CODES:
        return Reading((), (), unread=f"language not read: {code or article.language or 'unknown'}")
    language = languages.get(code)
    passages = read_passages(article.title, article.text, language, lexicon)
    address = is_an_address(passages)
    if address:
        # news is told from the top, and recalls stand at its end; a speech keeps what is to come for the end
        passages = [replace(each, zone="body") if each.zone == "tail" else each for each in passages]
    claims: list[Claim] = []
    rejections: list[Rejection] = []
    for names in lexicon.watches:
        own = passages if len(lexicon.watches) == 1 else [_of_watch(passage, names.watch) for passage in passages]
        mentions, refused = _read_watch(article.published, own, names, language, address=address)
        claims += merge(mentions, article.published)
        rejections += refused
    return Reading(tuple(claims), _once(rejections))


def _of_watch(passage: Passage, watch: str) -> Passage:
    """The passage as one watch reads it: words and names that only other watches have are none of its business."""
    hits = tuple(hit for hit in passage.hits if not hit.term.watches or watch in hit.term.watches)
    return passage if len(hits) == len(passage.hits) else replace(passage, hits=hits, table=indexed(hits))


def _once(rejections: Sequence[Rejection]) -> tuple[Rejection, ...]:
    """Each refusal of one kind by one rule in one sentence once, in reading order; a title is often printed twice."""
    seen: dict[tuple[str, str, str, str], Rejection] = {}
    for each in rejections:
        seen.setdefault((each.watch, each.kind, each.rule, each.evidence.said), each)
    return tuple(seen.values())


def _read_watch(
    published: datetime | None,
    passages: Sequence[Passage],
    names: Names,
    language: languages.Language,
    *,
    address: bool,
) -> tuple[list[Mention], list[Rejection]]:
    companies = _companies(passages, names)
    sport = is_of_sport(passages)
    countable = frozenset(topic.topic for topic in names.topics if "units" in topic.words.get(language.code, {}))
    topics = tuple(topic.topic for topic in names.topics)
    known = set(topics)
    today = published.date() if published else None
    named: set[str] = set()
    found: dict[str, tuple[tuple[FoundNumber, ...], tuple[FoundDate, ...]]] = {}
    drafts: list[Draft] = []
    rejections: list[Rejection] = []
    spoken = ""
    elsewhere: set[str] = set()
    strange: set[str] = set()
    told = [p for p in passages if p.cues("each") or not known.isdisjoint(p.topics())]
    speaking = {id(p) for p in told}
    for place, passage in enumerate(passages):
        if id(passage) not in speaking:
            continue
        if passage.noise:
            rejections += [
                _reject(names, passage, Refusal(topic, passage.noise, hit.start, hit.end))
                for topic in topics
                for hit in passage.words(topic, "names")[:1]
            ]
            continue
        # whole fields are asked, since a dateline is known by its place in the text
        if passage.field not in found:
            found[passage.field] = (
                find_numbers(passage.text, language, [(p.start, p.end) for p in told if p.field == passage.field]),
                find_dates(passage.text, language, published, None, names.holidays),
            )
        numbers = [n for n in found[passage.field][0] if passage.start <= n.start < passage.end]
        dates = [d for d in found[passage.field][1] if passage.start <= d.start < passage.end and d.dating]
        passage = _without_dates(passage, dates)
        around = _around(passages, place)
        heads, refusals = find_heads(passage, topics, frozenset(named), numbers, around, countable)
        if elsewhere:
            beside = [head for head in heads if head.topic in elsewhere and not head.verb]
            refusals += [Refusal(head.topic, "goes-on-about-it", head.start, head.end) for head in beside]
            heads = [head for head in heads if head not in beside]
        elsewhere = {r.topic for r in refusals if r.rule in SOMETHING_ELSE} - named - {head.topic for head in heads}
        rejections += [_reject(names, passage, refusal) for refusal in refusals]
        named.update(head.topic for head in heads)
        if spoken in countable and not any(head.topic == spoken for head in heads):
            _count_on(drafts, spoken, follow_on(passage, numbers))
        spoken = max(((head.end, head.topic) for head in heads), default=(0, spoken))[1]
        for head in heads:
            foreign = "of-sport" if sport else why_foreign(passage, head, names, companies[passage.item], countable)
            if head.topic in strange and not foreign and not names_a_side(passage, names):
                foreign = "goes-on-about-others"
            (strange.add if foreign else strange.discard)(head.topic)
            if foreign:
                rejections.append(_reject(names, passage, Refusal(head.topic, foreign, head.start, head.end)))
                continue
            standing = _with_known_day(read_status(passage, head), passages, place)
            if standing.rules[-1:] == ("no-predicate",):
                standing = _announced(passage, head, standing, dates, today)
            if standing.status is None:
                rejections.append(
                    _reject(names, passage, Refusal(head.topic, standing.rules[-1], head.start, head.end))
                )
                continue
            slots = bind(passage, head, heads, numbers, dates, names, standing, countable, today)
            moved = new_day(passage, standing, dates)
            if moved is not None:
                slots = replace(slots, date=moved)
            elif (
                standing.status == "planned"
                and slots.date
                and slots.date not in (old := old_plan(passage, dates))
                and old
            ):
                # it was to be on one day and will be on another
                moved = slots.date
                standing = standing._replace(status="postponed", rules=(*standing.rules, "planned-anew"))
            mention = mention_of(
                passage, head, standing, slots, published, names, after_nth=_after_nth(passage, numbers)
            )
            if moved is not None:
                mention = replace(mention, marks=mention.marks | {"moved"})
            full = head.group == "names"
            both = 2 if full and is_set(around, head.topic, countable) else 0
            drafts.append(Draft(mention, passage, head.verb, max(len(slots.parties), both), full))
    drafts, untold = _titled_alone(drafts, rejections, names)
    rejections += [
        _reject(names, d.passage, Refusal(d.mention.kind, "goes-on-about-others", *d.mention.trigger)) for d in untold
    ]
    drafts, others = _of_the_kind(drafts, rejections)
    rejections += [
        _reject(names, d.passage, Refusal(d.mention.kind, "goes-on-about-it", *d.mention.trigger)) for d in others
    ]
    genre = Genre(
        digest=is_a_digest(passages, "digest"),
        press=is_a_digest(passages, "press"),
        anniversary=is_a_digest(passages, "anniversary"),
        interview=is_an_interview(passages),
        address=address,
        conversation=not any(d.passage.field == "title" and d.mention.status in _HAPPENED | {"agreed"} for d in drafts)
        and is_of_a_conversation(passages),
        beside=_beside(rejections, drafts, passages),
        upheld=_upheld(rejections, passages),
    )
    mentions, dropped = settle(drafts, today, genre)
    rejections += [
        _reject(names, draft.passage, Refusal(draft.mention.kind, rule, *draft.mention.trigger))
        for draft, rule in dropped
    ]
    return mentions, rejections


def _companies(passages: Sequence[Passage], names: Names) -> Mapping[int, Company]:
    """Who each item of a digest is about, or the whole text where it has none and where an item names nobody."""
    whole = company_of(passages)
    items = {passage.item for passage in passages}
    out = {0: whole}
    for item in items - {0}:
        own = company_of([passage for passage in passages if passage.item == item])
        out[item] = own if own.others and not any(own.sides.get(party) for party in names.parties) else whole
    return out


def _around(passages: Sequence[Passage], place: int) -> list[Passage]:
    """The title, and the sentences of the same paragraph right before and behind."""
    here = passages[place]
    return [
        each
        for at, each in enumerate(passages)
        if each.zone == "title"
        or (abs(at - place) <= 1 and (each.field, each.paragraph) == (here.field, here.paragraph))
    ]


def _announced(
    passage: Passage, head: Head, standing: Standing, dates: Sequence[FoundDate], today: date | None
) -> Standing:
    """ "Third round on November 18, again in Ankara": a nominal sentence with a day to come announces it."""
    idle = passage.cues("after", "before", "about", "about-post", "previous", "undated", "recap", "said", "since")
    if (
        today is None
        or head.verb
        or idle
        or any(hit.term.sort == "word" and hit.term.group in FINITE for hit in passage.hits)
    ):
        return standing
    clause = passage.clause(head.start)
    for found in dates:
        if found.dating is None or found.dating.precision not in ("day", "days") or found.shape not in _NAMED_DAYS:
            continue
        ahead = found.dating.start > today or (found.dating.start == today and passage.zone in ("title", "lead"))
        if ahead and (passage.clause(found.start) == clause or _as_copula(passage, found, head)):
            return Standing("planned", ("nominal-with-a-day",), False, (head.start, head.end))
    return standing


def _as_copula(passage: Passage, found: FoundDate, head: Head) -> bool:
    """ "Today in Geneva – talks": where a language leaves the copula out, a dash stands for it."""
    between = passage.folded[found.end : head.start]
    return found.end <= head.start and between.count("-") == 1 and not any(mark in between for mark in ",;:.()")


def _upheld(rejections: Sequence[Rejection], passages: Sequence[Passage]) -> frozenset[str]:
    """The kinds of which title or lead says that they were not called off: what follows is about them."""
    front = {(passage.field, passage.start) for passage in passages if passage.zone in ("title", "lead")}
    return frozenset(
        r.kind for r in rejections if r.rule == "negated-reversal" and (r.evidence.field, r.evidence.start) in front
    )


def _titled_alone(
    drafts: Sequence[Draft], rejections: Sequence[Rejection], names: Names
) -> tuple[list[Draft], list[Draft]]:
    """The mentions, without a title's that names no side where the text tells the kind of others."""
    strange = {r.kind for r in rejections if r.rule in FOREIGN}
    told = {d.mention.kind for d in drafts if d.passage.zone != "title"}
    out = [d for d in drafts if d.mention.kind in strange - told and not names_a_side(d.passage, names)]
    return [d for d in drafts if d not in out], out


def _of_the_kind(drafts: Sequence[Draft], rejections: Sequence[Rejection]) -> tuple[list[Draft], list[Draft]]:
    """The mentions, without the bare "rounds" of an article whose rounds are said to be of something else."""
    other = {r.kind for r in rejections if r.rule in SOMETHING_ELSE} - {
        d.mention.kind for d in drafts if d.full or d.verb
    }
    out = [d for d in drafts if d.mention.kind in other and _counted(d)]
    return [d for d in drafts if d not in out], out


def _counted(draft: Draft) -> bool:
    start, _ = draft.mention.trigger
    return any(hit.start <= start < hit.end for hit in draft.passage.words(draft.mention.kind, "counted"))


def _beside(rejections: Sequence[Rejection], drafts: Sequence[Draft], passages: Sequence[Passage]) -> frozenset[str]:
    """The kinds of which the title says something that is no event: that they drag on, that they go on by telephone."""
    titles = {(passage.field, passage.start) for passage in passages if passage.zone == "title"}
    told = {draft.mention.kind for draft in drafts if draft.passage.zone == "title"}
    named = {
        r.kind
        for r in rejections
        if (r.evidence.field, r.evidence.start) in titles
        and r.rule not in RULES
        and not r.rule.startswith((SAID_OF, "no-"))
    }
    return frozenset(named - told)


def _count_on(drafts: list[Draft], kind: str, each: int | None) -> None:
    """Give the latest mention of a kind the number that a following sentence says of each side."""
    if each is None:
        return
    for place in range(len(drafts) - 1, -1, -1):
        mention = drafts[place].mention
        if mention.kind == kind:
            if not mention.counts and mention.role == "news":
                drafts[place] = replace(drafts[place], mention=replace(mention, counts={"each": each}))
            return


def _with_known_day(standing: Standing, passages: Sequence[Passage], place: int) -> Standing:
    """What was only spoken of is planned when the same breath says that its day is known ("the date is set")."""
    if standing.status not in (None, "proposed") or not _OPEN & set(standing.rules):
        return standing
    for passage in passages[max(0, place - 1) : place + 2]:
        if passage.paragraph == passages[place].paragraph and passage.cues("dated") and not passage.cues("undated"):
            cue = passage.cues("dated")[0]
            return Standing("planned", (*standing.rules, "date-is-known"), False, (cue.start, cue.end))
    return standing


def _without_dates(passage: Passage, dates: Sequence[FoundDate]) -> Passage:
    """The passage without the cues that are part of a date: "May 16" is no "may"."""
    spans = [(date.start, date.end) for date in dates if date.shape in _WRITTEN]
    if not spans:
        return passage
    hits = tuple(
        hit
        for hit in passage.hits
        if hit.term.sort != "cue" or not any(start <= hit.start and hit.end <= end for start, end in spans)
    )
    return replace(passage, hits=hits, table=indexed(hits)) if len(hits) < len(passage.hits) else passage


def _after_nth(passage: Passage, numbers: Sequence[FoundNumber]) -> bool:
    """ "After the second the sides exchanged a thousand": an ordinal without its noun, at the head of the sentence."""
    openers = [hit for hit in passage.cues("after") if hit.start - passage.start <= _SAID_ON]
    nouns = [hit.start for hit in passage.hits if hit.term.sort == "word"]
    return any(
        number.kind == "ordinal" and 0 <= number.start - opener.end <= _SAID_ON
        and not any(0 <= start - number.end <= 1 for start in nouns)
        for opener in openers for number in numbers
    )  # fmt: skip


def _reject(names: Names, passage: Passage, refusal: Refusal) -> Rejection:
    evidence = Evidence(
        passage.field, passage.text[passage.start : passage.end], passage.start, passage.end, (refusal.rule,)
    )
    return Rejection(names.watch, refusal.topic, refusal.rule, evidence)
