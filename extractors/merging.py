"""Mentions of one event in one article become one claim."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from extractors.records import Claim, Dating, Evidence, Mention, Role, Status

_PHASE = {
    "proposed": "open", "planned": "ahead", "agreed": "ahead", "underway": "happened", "concluded": "happened",
    "postponed": "off", "cancelled": "off", "denied": "off",
}  # fmt: skip
# Within one event the later stage tells more; what is off overrides what was to be.
_STRENGTH: dict[str, int] = {
    "concluded": 8,
    "underway": 7,
    "denied": 6,
    "cancelled": 6,
    "postponed": 6,
    "agreed": 5,
    "planned": 3,
    "proposed": 1,
}
_EVIDENCE = 4
# marks that only merging needs
_INNER = frozenset({"framed", "dated-ahead", "headline"})
_DAY = timedelta(days=1)
_NONE = timedelta(0)
_OPENING = 2  # sentences
_CLOSE = 0.85
"""Numbers this near may be one, told by two sides."""


@dataclass(slots=True)
class _Group:
    mentions: list[Mention] = field(default_factory=list)

    @property
    def status(self) -> Status:
        ahead = [m for m in self.mentions if m.status == "planned" and m.date is not None and "dated-ahead" in m.marks]
        happened = [m for m in self.mentions if _PHASE[m.status] == "happened"]
        if ahead and happened and all("headline" in m.marks for m in happened):
            # headlines tell in the present tense what the text dates to a day to come
            return "planned"
        own = [m for m in self.mentions if "framed" not in m.marks]
        # a wish beside what is presupposed to have happened on a day speaks of what comes of it
        asserted = (
            [m for m in own if m.status != "proposed"]
            or [m for m in self.mentions if m.date is not None and m.status != "proposed"]
            or own
            or self.mentions
        )
        return max(asserted, key=lambda m: _STRENGTH[m.status]).status

    @property
    def ordinal(self) -> int | None:
        return next((m.ordinal for m in self.mentions if m.ordinal is not None), None)

    @property
    def dates(self) -> list[Dating]:
        return [m.date for m in self.mentions if m.date is not None]


def merge(mentions: Sequence[Mention], published: datetime | None) -> list[Claim]:
    """The claims of one watch, in order of their first mention, news before background of the same kind.

    Mentions of one kind and role join when no slot forbids it: ordinals equal or missing, dates overlapping or
    missing, and not a further event ("another") that is still ahead beside one that happened. A background mention
    without any slot of its own adds nothing and is dropped where the kind has another claim.
    """
    claims: list[Claim] = []
    for kind in dict.fromkeys(m.kind for m in mentions):
        own = [m for m in mentions if m.kind == kind]
        news = _cluster([m for m in own if m.role == "news"])
        past = _cluster([m for m in own if m.role == "background"])
        claims += [_claim(group, "news", published) for group in news]
        for group in past:
            bare = not group.dates and group.ordinal is None and not any(m.counts for m in group.mentions)
            if bare and (news or len(past) > 1):
                continue
            if not group.dates and group.ordinal is not None and any(group.ordinal == g.ordinal for g in news):
                continue  # the same round again, without a day of its own
            claims.append(_claim(group, "background", published))
    return _numbered_by_the_next(claims)


def _numbered_by_the_next(claims: Sequence[Claim]) -> list[Claim]:
    """The claims; what has happened without a number stands before the one to come that is told with its own.

    "The talks ended; the sides will meet for a second round" tells that these were the first.
    """
    next_one = {
        c.kind: c.ordinal for c in claims if c.role == "news" and c.ordinal and _PHASE[c.status] in ("ahead", "open")
    }
    return [
        replace(claim, ordinal=number - 1, rules=(*claim.rules, "numbered-by-the-next"))
        if claim.role == "news"
        and claim.ordinal is None
        and _PHASE[claim.status] == "happened"
        and (number := next_one.get(claim.kind) or 0) > 1
        else claim
        for claim in claims
    ]


def _cluster(mentions: Sequence[Mention]) -> list[_Group]:
    groups: list[_Group] = []
    # "at the talks" without a day, place or number speaks of whichever round the article is about
    vague = [m for m in mentions if "framed" in m.marks and not (m.date or m.place or m.ordinal)]
    for mention in [*(m for m in mentions if m not in vague), *vague]:
        home = next((group for group in groups if mention in vague or _compatible(group, mention)), None)
        if home is None:
            groups.append(_Group([mention]))
        else:
            home.mentions.append(mention)
    return groups


def _compatible(group: _Group, mention: Mention) -> bool:
    if group.ordinal is not None and mention.ordinal is not None and group.ordinal != mention.ordinal:
        return False
    if mention.date is not None and group.dates:
        # days of one event follow each other: Saturday's leg and Sunday's are told together
        # and what is planned for the 23rd may take the 24th too, as others have heard
        near = _DAY if _PHASE[mention.status] == "happened" or "another" not in mention.marks else _NONE
        mine = _PHASE[mention.status]
        # what was put off on a day that is written is not what took place on another
        own = [
            m.date
            for m in group.mentions
            if m.date is not None
            and (
                _PHASE[m.status] == mine
                or ("off" in (_PHASE[m.status], mine) and m.date.basis == mention.date.basis == "explicit")
            )
        ]
        if own and not any(mention.date.start <= d.end + near and d.start <= mention.date.end + near for d in own):
            return False
    phases = {_PHASE[m.status] for m in group.mentions}
    mine = _PHASE[mention.status]
    if {mine} != phases and "happened" in phases | {mine} and (phases | {mine}) & {"ahead", "open"}:
        happened = [m for m in [*group.mentions, mention] if _PHASE[m.status] == "happened"]
        if all("headline" in m.marks and m.date is None for m in happened):
            return True
        ahead = [m for m in [*group.mentions, mention] if _PHASE[m.status] in ("ahead", "open")]
        if _other_numbers(ahead, happened):
            return False
        return not any(_further(m, group.ordinal) for m in ahead)
    return True


def _other_numbers(ahead: Sequence[Mention], happened: Sequence[Mention]) -> bool:
    """Whether the article opens with what was agreed and tells of an exchange of other numbers that has taken place."""
    opening = [m for m in ahead if m.status == "agreed" and "framed" not in m.marks and m.sentence < _OPENING]
    agreed = {n for m in opening for n in m.counts.values()}
    done = {n for m in happened if "part" not in m.marks or "another" in m.marks for n in m.counts.values()}
    return bool(agreed and done) and not any(min(a, b) >= _CLOSE * max(a, b) for a in agreed for b in done)


def _finest(dating: Dating) -> tuple[bool, int]:
    return dating.precision in ("day", "days"), dating.end.toordinal()


def _further(mention: Mention, ordinal: int | None) -> bool:
    """Whether what is ahead is another event than the one that happened: it says so, or has its own number or day."""
    if "another" in mention.marks or "dated-ahead" in mention.marks:
        return True
    return mention.ordinal is not None and mention.ordinal != ordinal and "framed" not in mention.marks


def _claim(group: _Group, role: Role, published: datetime | None) -> Claim:
    status = group.status
    lead = sorted(
        group.mentions, key=lambda m: (m.status != status, "framed" in m.marks, m.evidence.field != "title", m.sentence)
    )
    first = lead[0]
    same = [m for m in lead if _PHASE[m.status] == _PHASE[status]]
    date = max((m.date for m in same if m.date is not None), key=_finest, default=None)
    if date is None and role == "news" and published is not None and _PHASE[status] == "happened":
        # What is over may have ended the day before; what goes on goes on as it is written.
        earliest = published.date() - _DAY if status == "concluded" else published.date()
        date = Dating(earliest, published.date(), "publication", "day" if status != "concluded" else "days")
    counts: dict[str, int] = {}
    for mention in lead:
        for key, value in mention.counts.items():
            counts.setdefault(key, value)
    if any(counts.get("total") == value for key, value in counts.items() if key != "total"):
        del counts["total"]  # "420 each", and then "420 came home": one side's number told without its side
    seen: dict[str, Evidence] = {}
    for mention in lead:
        # a title is often printed again as the first line
        seen.setdefault(mention.evidence.said, mention.evidence)
    rules = tuple(dict.fromkeys(rule for m in lead for rule in m.rules if m.status == status or m is first))
    sources = tuple(dict.fromkeys(source for m in lead for source in m.sources))
    marks = frozenset(mark for m in group.mentions for mark in m.marks) - _INNER
    return Claim(
        first.watch, first.kind, status, role, date,
        next((m.place for m in lead if m.place is not None), None),
        group.ordinal, counts, first.parties, tuple(list(seen.values())[:_EVIDENCE]), rules, marks, sources,
    )  # fmt: skip
