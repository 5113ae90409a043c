"""Every article judged alone: the news claims read in it, against the news that its labels hold.

A news claim in phase ahead or happened is right if the labels hold an event of its kind, told as news in that phase,
that no better claim has taken; a right claim then owes each slot (date, ordinal, counts) that the label has. It is not
judged where the labels hold a neighbouring process's event of the kind, and wrong otherwise. What no claim takes is
missed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from alerts.records import PHASES
from extractors.records import Claim
from monitor.scoring.fitting import Scope, points, same_counts, same_days
from monitor.scoring.records import Case, Gold, Ruling

Slot = Literal["date", "ordinal", "counts"]
SLOTS: tuple[Slot, ...] = ("date", "ordinal", "counts")

# Claims whose article does not say in what language it is.
NO_LANGUAGE = "-"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many claims were right, wrong and missed, with what follows from it (shares of 1)."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class ClaimScore:
    """What reading is worth: in all, by language (ISO 639-1), and by slot as (right, owed).

    `slips` are the slots that a right claim has not as its gold.
    """

    articles: int
    total: Tally
    languages: Mapping[str, Tally]
    slots: Mapping[Slot, tuple[int, int]]
    rulings: tuple[Ruling, ...] = ()
    slips: tuple[tuple[Slot, Ruling], ...] = field(default=())


def score_claims(cases: Sequence[Case], scope: Scope) -> ClaimScore:
    """Judge the claims of each labelled article alone."""
    rulings: list[Ruling] = []
    for case in cases:
        if case.gold is not None:
            rulings += _rulings(case, case.gold, scope)
    owed: Counter[Slot] = Counter()
    slips: list[tuple[Slot, Ruling]] = []
    for ruling in rulings:
        if ruling.finding == "right" and ruling.gold and isinstance(ruling.said, Claim):
            for slot in SLOTS:
                if getattr(ruling.gold, slot):
                    owed[slot] += 1
                    if not _has(ruling.said, slot, ruling.gold):
                        slips.append((slot, ruling))
    slipped = Counter(slot for slot, _ in slips)
    by_language = {
        language: _tally([r for r in rulings if language_of(r.case) == language])
        for language in sorted({language_of(case) for case in cases if case.gold is not None})
    }
    return ClaimScore(
        articles=sum(case.gold is not None for case in cases),
        total=_tally(rulings),
        languages=by_language,
        slots={slot: (owed[slot] - slipped[slot], owed[slot]) for slot in SLOTS},
        rulings=tuple(rulings),
        slips=tuple(slips),
    )


def language_of(case: Case) -> str:
    """The language that the article is saved under."""
    return case.article.language or NO_LANGUAGE


def _rulings(case: Case, labels: Sequence[Gold], scope: Scope) -> list[Ruling]:
    owed = [
        gold
        for gold in labels
        if gold.kind in scope.kinds
        and gold.role == "news"
        and gold.phase in ("ahead", "happened")
        and scope.standing(gold) == "owed"
    ]
    tolerated = {gold.kind for gold in labels if scope.standing(gold) == "neighbour"}
    claims = [
        read.claim
        for read in case.read
        if read.claim.kind in scope.kinds
        and read.claim.role == "news"
        and PHASES.get(read.claim.status) in ("ahead", "happened")
    ]
    rulings: list[Ruling] = []
    # the claim that fits something best chooses first
    for claim in sorted(claims, key=lambda claim: -max((points(claim, gold) for gold in owed), default=-9)):
        phase = PHASES[claim.status]
        fitting = [at for at, gold in enumerate(owed) if (gold.kind, gold.phase) == (claim.kind, phase)]
        if fitting:
            gold = owed.pop(max(fitting, key=lambda at: points(claim, owed[at])))
            rulings.append(Ruling("claim", "right", case, claim.kind, phase, gold, claim))
        elif claim.kind not in tolerated:
            rulings.append(Ruling("claim", "wrong", case, claim.kind, phase, None, claim))
    return rulings + [Ruling("claim", "missed", case, gold.kind, gold.phase, gold, None) for gold in owed]


def _tally(rulings: Sequence[Ruling]) -> Tally:
    found = Counter(ruling.finding for ruling in rulings)
    return Tally(found["right"], found["wrong"], found["missed"])


def _has(claim: Claim, slot: Slot, gold: Gold) -> bool:
    """Whether the claim has the slot as the gold has it: a shared day, a shared figure, the same ordinal."""
    if slot == "date":
        return same_days(claim, gold)
    return same_counts(claim, gold) if slot == "counts" else claim.ordinal == gold.ordinal
