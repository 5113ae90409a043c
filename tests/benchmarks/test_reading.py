"""How fast an article is read, as ratios within one run: a machine's own speed says nothing about the code.

The bars are DESIGN's: 2 ms for 3,000 characters, and no slower with 1,000 names than 1.2 times as with 10. How it
compares with what one would write first is in test_baselines.py.
"""

from dataclasses import replace

import pytest

from extractors.claims import read_claims
from extractors.lexicon import Lexicon, compile_lexicon
from extractors.records import Article, Name, Names
from monitor.records import Watch

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def test_an_article_of_3000_characters_is_read_in_milliseconds(watch: Watch, articles, side_by_side, compiled) -> None:
    lexicon = compile_lexicon([watch.names])
    print(f"\n\n{'language':<10}{'read, ms':>12}{'compiled, ms':>14}{'claims':>9}")
    for code, texts in articles.items():

        def reading(texts: list[Article] = texts) -> int:
            return sum(len(read_claims(each, lexicon).claims) for each in texts)

        assert reading(), "an article without claims is no measure"
        (taken,) = side_by_side([reading], 5)
        print(f"{code:<10}{taken / len(texts):>12.2f}{compiled[code]:>14.2f}{reading() / len(texts):>9.1f}")


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


def test_a_thousand_names_cost_a_fifth_more_than_ten_at_the_most(watch: Watch, articles, side_by_side) -> None:
    few, many = _with_names(watch.names, 10), _with_names(watch.names, 1_000)
    flat = [article for texts in articles.values() for article in texts]
    ten, thousand = side_by_side(
        [lambda lexicon=each: [read_claims(article, lexicon) for article in flat] for each in (few, many)], 15
    )
    print(f"\n\n{'names':<10}{'read, ms':>12}{'ratio':>9}")
    print(f"{10:<10}{ten / len(flat):>12.2f}")
    print(f"{1_000:<10}{thousand / len(flat):>12.2f}{thousand / ten:>9.2f}")
    assert thousand / ten <= 1.2
