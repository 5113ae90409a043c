"""How fast an article is read, as ratios within one run: a machine's own speed says nothing about the code.

The bars are DESIGN's: 2 ms for 3,000 characters, ten times faster than what one would write first, and no slower with
1,000 names than 1.2 times as with 10.
"""

import json
import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dateparser.search import search_dates

from extractors.claims import read_claims
from extractors.lexicon import Lexicon, compile_lexicon
from extractors.records import Article, Name, Names
from monitor.faults import Faults
from monitor.homes import shipped
from monitor.watches import load_watch

CORPUS = Path(__file__).parents[1] / "corpus" / "dev-retold.jsonl"
LANGUAGES = ("en", "ru", "tr", "uk")
LENGTH = 3_000
PUBLISHED = datetime(2025, 6, 2, 12, tzinfo=UTC)

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def names() -> Names:
    seeds = shipped("seeds")
    watch = load_watch(seeds / "watches" / "ru-ua.yaml", seeds / "topics")
    assert not isinstance(watch, Faults)
    return watch.names


@pytest.fixture(scope="module")
def articles() -> dict[str, list[Article]]:
    """Six articles of 3,000 characters a language, each made of short ones of the corpus one after another."""
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    made: dict[str, list[Article]] = {}
    for code in LANGUAGES:
        rest = "\n".join(row["text"] for row in rows if row["lang"] == code)
        while len(rest) < 6 * LENGTH:
            rest = f"{rest}\n{rest}"
        texts = [rest[at : at + LENGTH] for at in range(0, 6 * LENGTH, LENGTH)]
        made[code] = [Article(f"{code}:{n}", "Courier", None, text, code, PUBLISHED) for n, text in enumerate(texts)]
    return made


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


def _side_by_side(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The best of some rounds of each, in turns: what else the machine does only ever adds, and hits all alike."""
    for work in works:
        work()
    taken = [[_milliseconds(work) for work in works] for _ in range(rounds)]
    return [min(each) for each in zip(*taken, strict=True)]


def _keyword_matcher(names: Names) -> re.Pattern[str]:
    """What one would write first: one alternation of all names and of the plain words of all topics."""
    plain = {form for name in names.names for bases in name.forms.values() for form in bases}
    for topic in names.topics:
        for groups in topic.words.values():
            plain |= {pattern.strip("=*~# ") for patterns in groups.values() for pattern in patterns}
    return re.compile(
        "|".join(map(re.escape, sorted(plain - {""}, key=lambda form: (-len(form), form)))), re.IGNORECASE
    )


def test_reading_is_ten_times_faster_than_keywords_and_a_date_search(
    names: Names, articles: dict[str, list[Article]]
) -> None:
    lexicon, keywords = compile_lexicon([names]), _keyword_matcher(names)
    ratios, shown = [], []
    for code in LANGUAGES:

        def reading(code: str = code) -> int:
            return sum(len(read_claims(each, lexicon).claims) for each in articles[code])

        def baseline(code: str = code) -> int:
            return sum(
                len(keywords.findall(each.text)) + len(search_dates(each.text, languages=[code]) or ())
                for each in articles[code]
            )

        assert reading(), "an article without claims is no measure"
        ours, theirs = (each / len(articles[code]) for each in _side_by_side((reading, baseline), 5))
        ratios.append(theirs / ours)
        shown.append(f"{code:<10}{ours:>12.2f}{theirs:>26.2f}{theirs / ours:>9.1f}")
    print(f"\n\n{'language':<10}{'read, ms':>12}{'keywords + dates, ms':>26}{'ratio':>9}")
    print("\n".join(shown))
    print(f"{'mean':<48}{statistics.mean(ratios):>9.1f}")
    assert statistics.mean(ratios) >= 10


def _with_names(names: Names, count: int) -> Lexicon:
    """The watch with so many names: its own first, then invented people whom no text mentions."""
    parties = [name for name in names.names if name.kind in ("party", "people")]
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    invented = []
    for number in range(count):
        first, second = divmod(number, len(consonants) * len(vowels))
        stem = "".join(
            consonants[at % len(consonants)] + vowels[at // len(consonants) % len(vowels)] for at in (second, first, 37)
        )
        invented.append(Name(f"{stem}ov {number}".title(), "person", {"en": (f"Xan {stem}ov".title(),)}, None))
    return compile_lexicon([replace(names, names=tuple([*parties, *invented][:count]))])


def test_a_thousand_names_cost_a_fifth_more_than_ten_at_the_most(
    names: Names, articles: dict[str, list[Article]]
) -> None:
    few, many = _with_names(names, 10), _with_names(names, 1_000)
    flat = [article for code in LANGUAGES for article in articles[code]]
    ten, thousand = _side_by_side(
        [lambda lexicon=each: [read_claims(article, lexicon) for article in flat] for each in (few, many)], 15
    )
    print(f"\n\n{'names':<10}{'read, ms':>12}{'ratio':>9}")
    print(f"{10:<10}{ten / len(flat):>12.2f}")
    print(f"{1_000:<10}{thousand / len(flat):>12.2f}{thousand / ten:>9.2f}")
    assert thousand / ten <= 1.2
