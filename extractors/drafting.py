"""One mention: its day, where it stands and its role, from what its sentence says and the day of publication."""

from datetime import datetime, timedelta

from extractors.dates import FoundDate, resolve_weekday
from extractors.mentions import Head
from extractors.passages import Passage
from extractors.records import Dating, Evidence, Mention, Names
from extractors.role import read_role
from extractors.slots import Slots, old_plan, with_a_participle
from extractors.status import Standing

_SAID_ON = 4
_WISHES = frozenset({"predicate-wanted", "predicate-wanted-after", "verb-wished"})
_RECENT = timedelta(days=200)
_NEXT = timedelta(days=2)
_ANNOUNCED = timedelta(days=14)
_LASTING = timedelta(days=31)
_BEFORE_HOLIDAY = timedelta(days=4)
_AHEAD = frozenset({"planned", "agreed", "proposed", "postponed"})
_HAPPENED = frozenset({"underway", "concluded"})
_OFF = frozenset({"postponed", "cancelled", "denied"})


def _dating(
    found: FoundDate | None,
    head: Head,
    standing: Standing,
    published: datetime | None,
    *,
    planned: bool,
    participled: bool = False,
) -> Dating | None:
    """The days that a date names, given where the event stands.

    `planned`: the text says that it was to be then; `participled`: the day stands with a participle ("held on May 16").
    """
    if found is None:
        return None
    default = found.dating
    if found.shape == "yearless" and ("verdict" in standing.rules or (participled and standing.status in _HAPPENED)):
        return resolve_weekday(found, published, "past")  # a verdict is on what has been, as is "held on 23-25 May"
    if found.shape == "yearless" and default and published and (
        published.date() - _RECENT < default.end
        and (standing.status in _AHEAD or default.start <= published.date() + _ANNOUNCED)
    ):  # fmt: skip
        # "On June 2 he said they would": a plan of last week is not for next year; and a headline tells in the present
        # tense what comes next week, but nobody tells so of next month
        return default
    # "On Wednesday they agreed on an exchange": what stands before the head dates the agreement
    bound = standing.cue is not None and standing.cue[1] <= found.start  # "agreed to swap them by the end of November"
    ahead = standing.status in _AHEAD and not (standing.status == "agreed" and found.end <= head.start and not bound)
    return resolve_weekday(found, published, "future" if ahead or (planned and standing.status in _OFF) else "past")


def _dates_the_saying(passage: Passage, found: FoundDate) -> bool:
    """ "He said on Friday that they would meet": what is said of the past, mostly on its day; of a plan, never."""
    return any(
        # a colon opens what was said: "He confirmed: on June 2 they will meet"
        (0 <= found.start - cue.end <= _SAID_ON and ":" not in passage.text[cue.end : found.start])
        or 0 <= cue.start - found.end <= 1
        for cue in passage.cues("said")
    )


def mention_of(
    passage: Passage,
    head: Head,
    standing: Standing,
    slots: Slots,
    published: datetime | None,
    names: Names,
    *,
    after_nth: bool,
) -> Mention:
    """The mention of a head whose standing and slots are known; `published` is aware, its day taken in UTC.

    `after_nth`: the sentence opens with what came before it, by its number.
    """
    found = slots.date
    if found is not None and standing.status in _AHEAD and _dates_the_saying(passage, found):
        found = None
    was_planned = found is not None and found in old_plan(passage, [found])
    participled = found is not None and with_a_participle(passage, found) is not None
    dating = _dating(found, head, standing, published, planned=was_planned, participled=participled)
    today = published.date() if published else None
    if found is None and slots.began and today and standing.status == "concluded" and not standing.framed:
        first = _dating(slots.began, head, standing, published, planned=False)
        if first is not None and today - _LASTING <= first.start <= today:
            # "the round, which began on May 17, ended without a result": from then until now
            dating = Dating(first.start, today, "explicit", "days")
    status = standing.status
    assert status is not None
    rules = standing.rules
    if dating and today and dating.start > today and "predicate-goes-on" in rules and dating.start - today <= _NEXT:
        dating = None  # "the swap will go on tomorrow" says that it is in course today
    if dating and today and found and found.shape == "holiday" and status in _HAPPENED and (
        today < dating.start <= today + _BEFORE_HOLIDAY
    ):  # fmt: skip
        dating = None  # "home for Easter" tells what has happened before it
    own = found is not None and passage.clause(found.start) in {
        passage.clause(head.start), passage.clause(standing.cue[0]) if standing.cue else -1
    }  # fmt: skip
    if dating and today and dating.start > today and status in _HAPPENED and not own:
        dating = None  # "they talked for five hours, the first buses on December 22": the day is that of another clause
    if dating and today and dating.start > today and status in _HAPPENED:
        # the headline's present tense, or a participle, beside a day to come: the day decides
        status, rules = "planned", (*rules, "date-ahead")
        standing = standing._replace(status=status, rules=rules)
    named_day = (
        dating is not None and today is not None and dating.start >= today and dating.precision in ("day", "days")
    )
    if named_day and own and status == "proposed" and passage.zone != "tail" and not _WISHES & set(rules):
        # "may be exchanged on June 7-8": a day named by those who decide is a plan
        status, rules = "planned", (*rules, "possible-with-a-day")
        standing = standing._replace(status=status, rules=rules)
    if dating and today and dating.precision == "month" and status == "planned" and dating.start - today > _RECENT:
        dating = None  # "in February", said in July, is the one that was
    vague = dating is not None and dating.precision in ("month", "year")
    read = read_role(passage, head, standing, slots, dating, today, after_nth=after_nth)
    if dating and today and status == "agreed" and dating.end <= today:
        dating = None  # the day of the agreement, not of what was agreed
    rules = (*rules, read.rule)
    if vague and read.role == "news" and status in _HAPPENED:
        dating = None  # "this year" is no day of an event that is news today
    marks = set(read.marks)
    if read.role == "news":
        marks.discard("previous")  # what is told as news is not told as the earlier one
    if standing.framed:
        marks.add("framed")
    if passage.zone == "title":
        marks.add("headline")
    if dating and today and dating.start > today:
        marks.add("dated-ahead")
    if slots.further:
        marks.add("another")
    evidence = Evidence(passage.field, passage.text[passage.start : passage.end], passage.start, passage.end, rules)
    return Mention(
        names.watch, head.topic, status, read.role, evidence, (head.start, head.end), passage.index, dating,
        slots.place, slots.ordinal, slots.counts, names.parties, frozenset(marks), rules, slots.sources,
    )  # fmt: skip
